//! Initial values of parameters.
//!
//! For a weight `[d_out, d_in]`, fan_in = d_in and fan_out = d_out. A layer `y = W x` keeps the variance of
//! its input if `Var(W) = 1 / fan_in`, and the variance of the gradient on the way back if
//! `Var(W) = 1 / fan_out`:
//!
//! | scheme | variance | uniform bound | source |
//! |---|---|---|---|
//! | Xavier | 2 / (fan_in + fan_out), the compromise | sqrt(6 / (fan_in + fan_out)) | Glorot & Bengio 2010, eq. 16 |
//! | Kaiming | 2 / fan_in, as ReLU halves the second moment | sqrt(6 / fan_in) | He et al. 2015, eq. 10 |
//!
//! (A uniform distribution on `[-bound, bound]` has the variance `bound² / 3`.) The Transformer's matrices
//! start from [`Init::XavierUniform`], its embeddings from N(0, 1/d_model), which is [`Init::Normal`] with
//! the root of that variance, its biases from zero.

use tensor::{DType, Seed, Shape, Tensor};

/// How a parameter's values start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All 0: biases, the beta of a layer norm.
    Zeros,
    /// All 1: the gamma of a layer norm.
    Ones,
    /// Uniform on ±sqrt(6 / (fan_in + fan_out)).
    XavierUniform,
    /// Normal with variance 2 / (fan_in + fan_out).
    XavierNormal,
    /// Uniform on ±sqrt(6 / fan_in).
    KaimingUniform,
    /// Normal with variance 2 / fan_in.
    KaimingNormal,
    /// Normal around 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform on ±bound.
    Uniform {
        /// The largest absolute value.
        bound: f64,
    },
}

impl Init {
    /// A new tensor with these values, which depend on the seed, the shape and the dtype alone.
    ///
    /// # Panics
    /// If a fan is needed and the shape is not that of a weight `[d_out, d_in]`, if a `bound` is not positive
    /// or a `std` is negative, or if one of them is not finite.
    #[track_caller]
    pub fn tensor(self, shape: impl Into<Shape>, seed: Seed, dtype: DType) -> Tensor {
        let shape = shape.into();
        let uniform = |bound: f64| Tensor::uniform(shape, -bound, bound, seed, dtype);
        let normal = |std: f64| Tensor::normal(shape, 0.0, std, seed, dtype);
        match self {
            Init::Zeros => Tensor::zeros(shape, dtype),
            Init::Ones => Tensor::ones(shape, dtype),
            Init::XavierUniform => uniform((6.0 / fan_sum(shape)).sqrt()),
            Init::XavierNormal => normal((2.0 / fan_sum(shape)).sqrt()),
            Init::KaimingUniform => uniform((6.0 / fan_in(shape)).sqrt()),
            Init::KaimingNormal => normal((2.0 / fan_in(shape)).sqrt()),
            Init::Normal { std } => normal(std),
            Init::Uniform { bound } => uniform(bound),
        }
    }
}

#[track_caller]
fn fan_in(shape: Shape) -> f64 {
    assert!(shape.rank() == 2, "init: a weight [d_out, d_in] is needed to know its fan, not {shape}");
    shape[1] as f64
}

#[track_caller]
fn fan_sum(shape: Shape) -> f64 {
    fan_in(shape) + shape[0] as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 2] = [200, 300];

    /// (mean, standard deviation, largest absolute value) of 60,000 draws.
    fn statistics(init: Init) -> (f64, f64, f64) {
        let values = init.tensor(SHAPE, Seed::new(3), DType::F64).to_f64_vec();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt(), values.iter().fold(0.0, |largest, x| largest.max(x.abs())))
    }

    #[test]
    fn every_scheme_has_its_spread() {
        let uniform = |bound: f64| (bound / 3f64.sqrt(), Some(bound));
        for (init, (std, bound)) in [
            (Init::XavierUniform, uniform((6.0f64 / 500.0).sqrt())),
            (Init::KaimingUniform, uniform((6.0f64 / 300.0).sqrt())),
            (Init::Uniform { bound: 0.3 }, uniform(0.3)),
            (Init::XavierNormal, ((2.0f64 / 500.0).sqrt(), None)),
            (Init::KaimingNormal, ((2.0f64 / 300.0).sqrt(), None)),
            (Init::Normal { std: 0.125 }, (0.125, None)),
        ] {
            let (mean, found, largest) = statistics(init);
            // Five standard errors of the mean; the spread within 2 %.
            assert!(mean.abs() < 5.0 * std / 60_000f64.sqrt(), "{init:?}: mean {mean}");
            assert!((found / std - 1.0).abs() < 0.02, "{init:?}: std {found}, expected {std}");
            match bound {
                Some(bound) => assert!((0.99 * bound..=bound).contains(&largest), "{init:?}: {largest}"),
                None => assert!(largest > 3.0 * std, "{init:?}: {largest}"),
            }
        }
    }

    #[test]
    fn constants_need_no_fan() {
        assert_eq!(Init::Zeros.tensor([3], Seed::new(0), DType::F32), Tensor::zeros([3], DType::F32));
        assert_eq!(Init::Ones.tensor([3], Seed::new(0), DType::F32), Tensor::ones([3], DType::F32));
    }

    #[test]
    fn the_seed_decides_the_values() {
        let draw = |seed| Init::XavierNormal.tensor(SHAPE, Seed::new(seed), DType::F32);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    #[should_panic(expected = "init: a weight [d_out, d_in] is needed to know its fan, not [3]")]
    fn a_vector_has_no_fan() {
        Init::XavierUniform.tensor([3], Seed::new(0), DType::F32);
    }
}
