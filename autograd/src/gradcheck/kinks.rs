//! Keeping away from points that have no derivative.

use std::fmt;
use std::rc::Rc;

use tensor::{DType, Seed, Tensor};

/// How often inputs are moved before giving up.
const ATTEMPTS: u64 = 100;

/// How far inputs are from a kink.
type Distance = dyn Fn(&[Tensor]) -> f64;

/// A place without a derivative.
#[derive(Clone)]
pub(super) struct Kink {
    pub(super) name: String,
    pub(super) distance: Rc<Distance>,
}

impl fmt::Debug for Kink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kink").field(&self.name).finish()
    }
}

/// A kink that could not be left.
pub(super) struct TooClose {
    pub(super) kink: String,
    pub(super) distance: f64,
}

/// `inputs`, or if those are nearer than `margin` to a kink, others close by that are not; and how often they
/// had to be moved. Inputs that were moved are contiguous; those that are `held` stay.
pub(super) fn away_from(
    kinks: &[Kink],
    margin: f64,
    inputs: &[Tensor],
    held: &[bool],
    seed: Seed,
) -> Result<(Vec<Tensor>, usize), TooClose> {
    let mut moved = inputs.to_vec();
    for attempt in 0..ATTEMPTS {
        if nearest(kinks, margin, &moved).is_none() {
            return Ok((moved, attempt as usize));
        }
        let stream = seed.derive("away").derive_index(attempt);
        let elsewhere = |(i, x): (usize, &Tensor)| match held[i] {
            true => x.clone(),
            false => nudged(x, stream.derive_index(i as u64)),
        };
        moved = inputs.iter().enumerate().map(elsewhere).collect();
    }
    match nearest(kinks, margin, inputs) {
        Some(found) => Err(found),
        None => unreachable!("inputs away from every kink are returned at the first attempt"),
    }
}

/// The first kink that is nearer than `margin`. A NaN is no distance.
fn nearest(kinks: &[Kink], margin: f64, inputs: &[Tensor]) -> Option<TooClose> {
    let too_close = |kink: &Kink| {
        let distance = (kink.distance)(inputs);
        (distance.is_nan() || distance < margin).then(|| TooClose { kink: kink.name.clone(), distance })
    };
    kinks.iter().find_map(too_close)
}

/// Every element moved by about a tenth of its size, at least by about 0.1.
fn nudged(x: &Tensor, seed: Seed) -> Tensor {
    let noise = Tensor::normal(x.shape(), 0.0, 0.1, seed, DType::F64).to_f64_vec();
    let moved = x.to_f64_vec().into_iter().zip(noise).map(|(x, noise)| x + noise * x.abs().max(1.0));
    Tensor::from_vec(moved.collect(), x.shape())
}

/// How far the elements of `x` are from `value`: for functions with a corner there, as `relu` has at 0.
/// Infinite if there are none.
pub fn distance_to(x: &Tensor, value: f64) -> f64 {
    x.to_f64_vec().into_iter().map(|x| (x - value).abs()).fold(f64::INFINITY, f64::min)
}

/// How far the largest element along `axis` is above the next, where they are closest: for functions with a
/// corner where two change places, as `max` has. Infinite if no two are compared.
///
/// # Panics
/// If the axis does not exist.
#[track_caller]
pub fn distance_to_tie(x: &Tensor, axis: isize) -> f64 {
    let len = x.dim(axis);
    let last = x.transpose(axis, -1).to_f64_vec(); // [.., len]
    let gap = |lane: &[f64]| {
        let mut sorted = lane.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted[0] - sorted[1]
    };
    if len < 2 { f64::INFINITY } else { last.chunks_exact(len).map(gap).fold(f64::INFINITY, f64::min) }
}
