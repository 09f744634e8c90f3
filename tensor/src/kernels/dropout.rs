//! Dropout (Srivastava et al. 2014; Vaswani et al. 2017, §5.4): each element becomes zero with probability
//! p, and the others are divided by 1 - p, so that the expectation stays what it was.
//!
//! Whether element i is kept is a hash of (seed, i) and nothing else. So no mask is stored: the vjp is
//! the same function on the gradient, with the same seed. A generator that is drawn from in order would
//! need a mask, or one generator per thread and results that change with their number.
//!
//! The hash has two levels. SplitMix64 (Steele, Lea and Flood 2014), addressed by its counter, gives every
//! `SEGMENT` elements two keys of 32 bits; within the segment a 32-bit hash of the element's place and the
//! keys decides. One level of 64 bits would do, but vector instructions multiply 32 bits at a time. The
//! probability is p to within 2^-32.

use crate::element::Element;
use crate::pool::take;
use crate::random::{Seed, mix};
use crate::simd;
use crate::threads::{GRAIN, for_each_chunk};

/// How many elements share a pair of keys.
const SEGMENT: usize = 1 << 10;

/// Which elements of a sequence are kept, and what they are multiplied by.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    key: u64,
    /// An element is kept if its 32 bits reach this.
    threshold: u32,
    scale: f64,
}

impl Dropout {
    /// Dropout with probability `p` from the stream `seed`.
    ///
    /// # Panics
    /// If `p` is not in [0, 1).
    #[track_caller]
    pub fn new(p: f64, seed: Seed) -> Dropout {
        assert!((0.0..1.0).contains(&p), "dropout: probability {p} is not in [0, 1)");
        // The cast saturates, so a p that rounds to 1 still keeps one element in 2^32.
        let threshold = (p * 2f64.powi(32)).round() as u32;
        Dropout { key: mix(seed.0), threshold, scale: 1.0 / (1.0 - p) }
    }

    /// Drops from `values`, which stand at `first`, `first + 1`, .. in the sequence. A kept element is
    /// multiplied by `1 / (1 - p)`, a dropped one by zero; so NaN stays NaN either way.
    pub fn apply<T: Element>(&self, mut values: &mut [T], first: usize) {
        let mut first = first;
        while !values.is_empty() {
            let (segment, place) = (first / SEGMENT, first % SEGMENT);
            let (head, rest) = values.split_at_mut(values.len().min(SEGMENT - place));
            first += head.len();
            values = rest;
            simd!(self.apply_to_segment(head, self.keys(segment), place as u32));
        }
    }

    /// [`Dropout::apply`] from `place` of a segment on. By multiplication, so that the choice is a vector
    /// select: a branch would be mispredicted at random.
    #[inline(always)]
    fn apply_to_segment<T: Element>(&self, values: &mut [T], keys: [u32; 2], place: u32) {
        let (scale, threshold) = (T::of(self.scale), self.threshold);
        for (place, x) in (place..).zip(values) {
            *x *= if hash(place, keys) >= threshold { scale } else { T::zero() };
        }
    }

    /// The keys of a segment: its number's place in the stream.
    fn keys(&self, segment: usize) -> [u32; 2] {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let key = mix(self.key.wrapping_add((segment as u64).wrapping_mul(GAMMA)));
        [key as u32, (key >> 32) as u32]
    }
}

/// 32 bits that depend on every bit of the place and the keys: the multipliers and shifts of lowbias32
/// (Wellons 2018), with a key added in each of its two rounds.
#[inline(always)]
fn hash(place: u32, [first, second]: [u32; 2]) -> u32 {
    let mut x = place.wrapping_add(first);
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d).wrapping_add(second);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// A copy of `x`, a sequence from its start, after `dropout`.
pub fn dropout<T: Element>(x: &[T], dropout: Dropout) -> Vec<T> {
    let mut out = take(x.len());
    for_each_chunk(&mut out, GRAIN, |chunk, out| {
        let first = chunk * GRAIN;
        out.copy_from_slice(&x[first..first + out.len()]);
        dropout.apply(out, first);
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What dropout computes for element i alone.
    fn naive_dropout(x: f64, i: usize, p: f64, seed: Seed) -> f64 {
        let (segment, place) = ((i / SEGMENT) as u64, (i % SEGMENT) as u32);
        let key = mix(mix(seed.0).wrapping_add(segment.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let mut bits = place.wrapping_add(key as u32);
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x7feb_352d).wrapping_add((key >> 32) as u32);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x846c_a68b);
        bits ^= bits >> 16;
        if bits as f64 / 2f64.powi(32) >= p { x / (1.0 - p) } else { 0.0 }
    }

    const SEED: Seed = Seed(7);

    #[test]
    fn agrees_with_the_naive_twin_from_any_place() {
        let x: Vec<f64> = (0..GRAIN + 5).map(|i| i as f64 + 1.0).collect();
        for p in [0.0, 0.1, 0.5, 0.75] {
            let expected: Vec<f64> =
                x.iter().enumerate().map(|(i, &x)| naive_dropout(x, i, p, SEED)).collect();
            let dropped = Dropout::new(p, SEED);
            let out = dropout(&x, dropped);
            let agree = |out: &[f64], expected: &[f64]| {
                out.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs())
            };
            assert!(agree(&out, &expected), "p = {p}");
            for range in [0..0, 0..1, 1..1, 3..4, 5..40, 1000..1024, 1023..1025, 1024..1030, 7..5000] {
                let mut part = x[range.clone()].to_vec();
                dropped.apply(&mut part, range.start);
                assert_eq!(part, out[range.clone()], "p = {p}, elements {range:?}");
            }
        }
    }

    #[test]
    fn keeps_the_share_it_should_and_the_expectation() {
        let count = 1 << 20;
        for p in [0.1, 0.3, 0.9] {
            let mut values = vec![1.0f32; count];
            Dropout::new(p, SEED).apply(&mut values, 0);
            let kept = values.iter().filter(|&&x| x != 0.0).count() as f64;
            let deviation = (count as f64 * p * (1.0 - p)).sqrt();
            assert!((kept - count as f64 * (1.0 - p)).abs() < 4.0 * deviation, "p = {p} kept {kept}");
            let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count as f64;
            assert!(
                (mean - 1.0).abs() < 4.0 * deviation / count as f64 / (1.0 - p),
                "p = {p} gives mean {mean}"
            );
        }
    }

    #[test]
    fn neighbours_and_streams_are_independent() {
        let kept = |seed: Seed| {
            let mut values = vec![1.0f32; 1 << 18];
            Dropout::new(0.5, seed).apply(&mut values, 0);
            values.into_iter().map(|x| x != 0.0).collect::<Vec<_>>()
        };
        let (a, b) = (kept(SEED), kept(Seed(8)));
        let agreement = |x: &[bool], y: &[bool]| {
            x.iter().zip(y).filter(|(x, y)| x == y).count() as f64 / x.len().min(y.len()) as f64
        };
        for lag in [1, 2, 3, 4, 8, 16, 32, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT] {
            assert!((agreement(&a, &a[lag..]) - 0.5).abs() < 0.005, "lag {lag}");
        }
        assert!((agreement(&a, &b) - 0.5).abs() < 0.005, "two seeds");
    }

    #[test]
    fn zero_is_the_identity_and_nan_is_not_hidden() {
        let mut values = [1.5f32, f32::NAN, f32::INFINITY];
        Dropout::new(0.0, SEED).apply(&mut values, 1);
        assert!(values[0] == 1.5 && values[1].is_nan() && values[2] == f32::INFINITY);
        let mut values = [1.0, f32::NAN, 2.0];
        Dropout::new(1.0 - f64::EPSILON, SEED).apply(&mut values, 0);
        assert!(values[0] == 0.0 && values[1].is_nan() && values[2] == 0.0);
    }

    #[test]
    #[should_panic(expected = "dropout: probability 1 is not in [0, 1)")]
    fn dropping_everything_is_refused() {
        Dropout::new(1.0, SEED);
    }
}
