//! Dropout (Srivastava et al. 2014; Vaswani et al. 2017, §5.4): each element becomes zero with probability
//! p, and the others are divided by 1 - p, so that the expectation stays what it was.
//!
//! Whether element i is kept is a hash of (seed, i) and nothing else. So no mask is stored: the vjp is
//! the same function on the gradient, with the same seed. A generator that is drawn from in order would
//! need a mask, or one generator per thread and results that change with their number.
//!
//! The hash is SplitMix64 (Steele, Lea and Flood 2014) addressed by its counter. Its 64 bits decide two
//! elements, with 32 bits each, so the probability is p to within 2^-32.

use crate::element::Element;
use crate::kernels::parallel::{GRAIN, for_each_chunk};
use crate::random::{Seed, mix};

/// How many elements are decided at a time; even.
const BLOCK: usize = 16;

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
    pub fn apply<T: Element>(&self, values: &mut [T], first: usize) {
        // Elements 2c and 2c + 1 share hash c; the slice may start between the two.
        let (head, values) = values.split_at_mut((first % 2).min(values.len()));
        head.iter_mut().for_each(|x| *x *= self.factors(first / 2)[1]);
        let counter = first.div_ceil(2);
        let (blocks, tail) = values.as_chunks_mut::<BLOCK>();
        for (i, block) in blocks.iter_mut().enumerate() {
            let factors = self.factors(counter + i * BLOCK / 2);
            block.iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
        }
        let factors = self.factors(counter + blocks.len() * BLOCK / 2);
        tail.iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
    }

    /// What [`BLOCK`] elements are multiplied by, two for each hash from place `counter` of the stream on. A
    /// block at a time and by multiplication, so that the choice is a vector select: a branch would be
    /// mispredicted at random.
    #[inline]
    fn factors<T: Element>(&self, counter: usize) -> [T; BLOCK] {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = [0; BLOCK];
        for (c, pair) in (counter as u64..).zip(bits.as_chunks_mut::<2>().0) {
            let hash = mix(self.key.wrapping_add(c.wrapping_mul(GAMMA)));
            *pair = [hash as u32, (hash >> 32) as u32];
        }
        let scale = T::of(self.scale);
        bits.map(|bits| if bits >= self.threshold { scale } else { T::zero() })
    }
}

/// A copy of `x`, a sequence from its start, after `dropout`.
pub fn dropout<T: Element>(x: &[T], dropout: Dropout) -> Vec<T> {
    let mut out = vec![T::zero(); x.len()];
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
        let start = mix(seed.0);
        let hash = mix(start.wrapping_add((i as u64 / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let bits = [hash & 0xffff_ffff, hash >> 32][i % 2];
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
            for range in [0..0, 0..1, 1..1, 1..2, 1..8, 2..7, 3..4, 5..40, 6..38, 0..53] {
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
        for lag in 1..5 {
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
