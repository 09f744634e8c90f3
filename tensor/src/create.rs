//! Making tensors: constants, ranges, nested arrays, and random numbers from a named stream.

use rand_distr::{Distribution, Normal, Uniform};

use crate::dispatch;
use crate::element::{DType, Element};
use crate::pool::take_zeroed;
use crate::random::Seed;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl Tensor {
    /// All zeros.
    pub fn zeros(shape: impl Into<Shape>, dtype: DType) -> Tensor {
        Tensor::full(shape, 0.0, dtype)
    }

    /// All ones.
    pub fn ones(shape: impl Into<Shape>, dtype: DType) -> Tensor {
        Tensor::full(shape, 1.0, dtype)
    }

    /// Every element `value`.
    pub fn full(shape: impl Into<Shape>, value: f64, dtype: DType) -> Tensor {
        let shape = shape.into();
        dispatch!(dtype, T => {
            let mut data = take_zeroed::<T>(shape.numel());
            if value != 0.0 || value.is_sign_negative() {
                data.fill(T::of(value));
            }
            Tensor::from_vec(data, shape)
        })
    }

    /// A tensor of rank 0.
    pub fn scalar<T: Element>(value: T) -> Tensor {
        Tensor::from_vec(vec![value], [])
    }

    /// A tensor of `shape` with a copy of `data`, row-major.
    ///
    /// # Panics
    /// If `data` does not have as many elements as `shape`.
    #[track_caller]
    pub fn from_slice<T: Element>(data: &[T], shape: impl Into<Shape>) -> Tensor {
        Tensor::from_vec(data.to_vec(), shape)
    }

    /// The numbers `start, start + step, ..` below `end` (above it if `step` is negative). `[count]`
    ///
    /// There are `(end - start) / step` of them, rounded up, except that a whole number of steps counts as one although
    /// rounding has made it a little more: `end` itself is left out even where the steps meet it only nearly.
    ///
    /// ```
    /// # use tensor::{DType, Tensor};
    /// let x = Tensor::arange(0.5, 1.1, 0.1, DType::F64); // (1.1 - 0.5) / 0.1 is 6.000000000000001
    /// assert_eq!(x.numel(), 6); // 0.5, 0.6, 0.7, 0.8, 0.9, 1.0
    /// ```
    ///
    /// # Panics
    /// If `step` is 0 or a bound is not finite.
    #[track_caller]
    pub fn arange(start: f64, end: f64, step: f64, dtype: DType) -> Tensor {
        let valid = step != 0.0 && start.is_finite() && end.is_finite() && step.is_finite();
        assert!(valid, "arange: cannot go from {start} to {end} by {step}");
        let steps = (end - start) / step;
        // What rounding of start, end and step (each by half an epsilon) and of the two operations makes of it.
        let rounding = f64::EPSILON * ((start.abs() + end.abs()) / step.abs() + steps.abs());
        let is_whole = (steps - steps.round()).abs() <= rounding.min(0.25);
        let count = if is_whole { steps.round() } else { steps.ceil() }.max(0.0) as usize;
        dispatch!(dtype, T => {
            Tensor::from_vec((0..count).map(|i| T::of(start + i as f64 * step)).collect(), [count])
        })
    }

    /// The identity matrix. `[n, n]`
    pub fn eye(n: usize, dtype: DType) -> Tensor {
        let mut out = Tensor::zeros([n, n], dtype);
        dispatch!(dtype, T => out.data_mut::<T>().iter_mut().step_by(n + 1).for_each(|x| *x = 1.0));
        out
    }

    /// Numbers drawn uniformly from `low..high`. Drawn in `f64` and rounded, so that every dtype sees the
    /// same numbers; but for those that would be rounded to `high`, which is never drawn: they become the number before
    /// it.
    ///
    /// # Panics
    /// If `low` is not below `high` or a bound is not finite.
    #[track_caller]
    pub fn uniform(shape: impl Into<Shape>, low: f64, high: f64, seed: Seed, dtype: DType) -> Tensor {
        match Uniform::new(low, high) {
            Ok(distribution) => dispatch!(dtype, T => {
                let (low, end) = (T::of(low), T::of(high));
                let last = end.before().max(low);
                Tensor::sample(shape.into(), distribution, seed, |x| T::of(x).min(last))
            }),
            Err(error) => panic!("uniform: cannot draw from {low}..{high}: {error}"),
        }
    }

    /// Numbers drawn from the normal distribution. Drawn in `f64` and rounded, so that every dtype sees
    /// the same numbers.
    ///
    /// # Panics
    /// If `std` is negative or a parameter is not finite.
    #[track_caller]
    pub fn normal(shape: impl Into<Shape>, mean: f64, std: f64, seed: Seed, dtype: DType) -> Tensor {
        assert!(
            mean.is_finite() && std.is_finite() && std >= 0.0,
            "normal: cannot draw from N({mean}, {std}^2)"
        );
        let distribution = Normal::new(mean, std).expect("the parameters were checked");
        dispatch!(dtype, T => Tensor::sample(shape.into(), distribution, seed, T::of))
    }

    fn sample<T: Element>(
        shape: Shape,
        distribution: impl Distribution<f64>,
        seed: Seed,
        round: impl Fn(f64) -> T,
    ) -> Tensor {
        let mut rng = seed.rng();
        let draw = |_| round(distribution.sample(&mut rng));
        Tensor::from_vec((0..shape.numel()).map(draw).collect(), shape)
    }
}

impl<T: Element> From<T> for Tensor {
    fn from(value: T) -> Tensor {
        Tensor::scalar(value)
    }
}

impl<T: Element, const N: usize> From<[T; N]> for Tensor {
    fn from(data: [T; N]) -> Tensor {
        Tensor::from_slice(&data, [N])
    }
}

impl<T: Element, const M: usize, const N: usize> From<[[T; N]; M]> for Tensor {
    fn from(data: [[T; N]; M]) -> Tensor {
        Tensor::from_slice(data.as_flattened(), [M, N])
    }
}

impl<T: Element, const L: usize, const M: usize, const N: usize> From<[[[T; N]; M]; L]> for Tensor {
    fn from(data: [[[T; N]; M]; L]) -> Tensor {
        Tensor::from_slice(data.as_flattened().as_flattened(), [L, M, N])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_message;

    #[test]
    fn constants_and_nested_arrays() {
        assert_eq!(Tensor::eye(2, DType::F64), Tensor::from([[1.0f64, 0.0], [0.0, 1.0]]));
        assert_eq!(Tensor::eye(0, DType::F64).numel(), 0);
        assert_eq!(Tensor::from([[[1.0f32], [2.0]]]).shape(), Shape::from([1, 2, 1]));
        assert_eq!(Tensor::from(3.0f32).rank(), 0);
        assert_eq!(Tensor::full([2], 1.5, DType::F32), Tensor::from([1.5f32, 1.5]));
    }

    #[test]
    fn arange_goes_both_ways_and_may_be_empty() {
        assert_eq!(Tensor::arange(0.0, 1.0, 0.4, DType::F64).numel(), 3);
        assert_eq!(Tensor::arange(3.0, 0.0, -1.0, DType::F32), Tensor::from([3.0f32, 2.0, 1.0]));
        assert_eq!(Tensor::arange(1.0, 0.0, 1.0, DType::F32).numel(), 0);
    }

    #[test]
    fn the_end_of_an_arange_is_left_out_however_it_is_rounded() {
        for (start, end, step, count) in [
            (0.5, 1.1, 0.1, 6),
            (1.0, 1.3, 0.1, 3),
            (1.1, 0.5, -0.1, 6),
            (0.0, 0.3, 0.1, 3),
            (-0.3, 0.0, 0.1, 3),
            (100.1, 100.4, 0.1, 3),
            (0.0, 1e6 + 0.1, 0.1, 10_000_001),
            (0.0, 1.0 + 1e-9, 1.0, 2),
            (0.0, 5.0, 1.0, 5),
            (0.0, 0.1, 1e9, 1),
        ] {
            let found = Tensor::arange(start, end, step, DType::F64).numel();
            assert_eq!(found, count, "from {start} to {end} by {step}");
        }
    }

    #[test]
    fn arange_refuses_to_stand_still_and_to_go_on_for_ever() {
        for [start, end, step] in [
            [0.0, 1.0, 0.0],
            [f64::NEG_INFINITY, 0.0, 1.0],
            [0.0, f64::INFINITY, 1.0],
            [0.0, f64::NAN, 1.0],
            [0.0, 1.0, f64::INFINITY],
        ] {
            let said = panic_message(|| Tensor::arange(start, end, step, DType::F32));
            assert_eq!(said, format!("arange: cannot go from {start} to {end} by {step}"));
        }
    }

    #[test]
    fn random_numbers_follow_their_distribution_and_their_seed() {
        let seed = Seed::new(1).derive("weights");
        let x = Tensor::normal([10_000], 2.0, 3.0, seed, DType::F64);
        assert_eq!(x, Tensor::normal([10_000], 2.0, 3.0, seed, DType::F64));
        assert_ne!(x, Tensor::normal([10_000], 2.0, 3.0, Seed::new(2).derive("weights"), DType::F64));
        assert_eq!(x.to_dtype(DType::F32), Tensor::normal([10_000], 2.0, 3.0, seed, DType::F32));
        // The mean of 10,000 draws is within 4 standard errors, 4 * 3 / 100, of the true one.
        assert!((x.mean(.., false).item() - 2.0).abs() < 0.12);
        assert!((x.variance(.., false).item() - 9.0).abs() < 0.6);
        let u = Tensor::uniform([10_000], -1.0, 1.0, seed, DType::F64).to_vec::<f64>();
        assert!(u.iter().all(|x| (-1.0..1.0).contains(x)));
        assert!(u.iter().any(|&x| x < -0.99) && u.iter().any(|&x| x > 0.99));
    }

    /// One draw in 2^25 is nearer to 1 than to the f32 before it.
    #[test]
    fn the_excluded_end_is_never_drawn() {
        for (low, high) in [(0.0, 1.0), (-1.0, 0.1), (16_777_215.0, 16_777_216.0), (-2.0, -1.0)] {
            let draws: Vec<f32> = Tensor::uniform([100_000], low, high, Seed::new(3), DType::F32).to_vec();
            assert!(draws.iter().all(|&x| f64::from(x) < high && x != high as f32 && x >= low as f32));
        }
        // A range with as many f32 as a hundred: many draws are nearest to its end.
        let (low, high) = (1.0, 1.0 + 100.0 * f64::from(f32::EPSILON));
        let draws: Vec<f32> = Tensor::uniform([10_000], low, high, Seed::new(3), DType::F32).to_vec();
        let last = (high as f32).next_down();
        assert!(draws.iter().all(|&x| (1.0..=last).contains(&x)) && draws.contains(&last));
        let draws = Tensor::uniform([100], 1.0, 1.0 + 1e-12, Seed::new(3), DType::F32);
        assert_eq!(draws, Tensor::ones([100], DType::F32), "there is no other f32 in it");
    }

    #[test]
    fn normal_refuses_what_is_no_distribution_and_takes_a_width_of_zero() {
        for (mean, std) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (0.0, f64::INFINITY), (0.0, -1.0)] {
            let said = panic_message(|| Tensor::normal([2], mean, std, Seed::new(0), DType::F32));
            assert_eq!(said, format!("normal: cannot draw from N({mean}, {std}^2)"));
        }
        assert_eq!(Tensor::normal([2], 1.5, 0.0, Seed::new(0), DType::F32), Tensor::from([1.5f32, 1.5]));
    }

    #[test]
    #[should_panic(expected = "uniform: cannot draw from 1..1")]
    fn empty_range_panics() {
        Tensor::uniform([2], 1.0, 1.0, Seed::new(0), DType::F32);
    }
}
