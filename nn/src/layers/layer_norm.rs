//! Layer normalisation (Ba, Kiros & Hinton 2016).

use autograd::Var;

use crate::builder::ParamBuilder;
use crate::context::Context;
use crate::init::Init;
use crate::layout::ParamId;

/// `y = gamma * (x - mean) / sqrt(variance + eps) + beta`, over the last axis, with the biased variance.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// The scale `[d_model]`, named `weight` as in PyTorch; starts at 1.
    pub gamma: ParamId,
    /// The offset `[d_model]`, named `bias` as in PyTorch; starts at 0.
    pub beta: ParamId,
    /// Added to the variance, inside the root.
    pub eps: f64,
}

impl LayerNorm {
    /// A norm over `d_model` features.
    ///
    /// # Panics
    /// If the scope already has a `weight` or a `bias`.
    #[track_caller]
    pub fn new(builder: &mut ParamBuilder, d_model: usize, eps: f64) -> Self {
        LayerNorm {
            gamma: builder.param("weight", [d_model], Init::Ones),
            beta: builder.param("bias", [d_model], Init::Zeros),
            eps,
        }
    }

    /// `[.., d_model] -> [.., d_model]`
    ///
    /// # Panics
    /// If the last axis of `x` is not `d_model`.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var) -> Var {
        x.layer_norm(&cx.param(self.gamma), &cx.param(self.beta), self.eps)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use tensor::{DType, Seed, Tensor};

    use super::*;
    use crate::params::Params;

    #[test]
    fn normalises_with_the_biased_variance() {
        let mut params = Params::new(DType::F64);
        let norm = LayerNorm::new(&mut ParamBuilder::new(&mut params, Seed::new(0)).scope("norm"), 4, 1e-5);
        assert_eq!((params.name(norm.gamma), params.name(norm.beta)), ("norm.weight", "norm.bias"));
        *params.get_mut(norm.beta) = Tensor::from([0.0f64, 0.0, 0.0, 1.0]);
        // Mean 3, variance (4 + 1 + 0 + 9) / 4 - 0 = 3.5.
        let x = Var::constant(Tensor::from([[1.0f64, 2.0, 3.0, 6.0]]));
        let y = norm.forward(&Context::inference(&params), &x).value().to_f64_vec();
        let rstd = 1.0 / (3.5f64 + 1e-5).sqrt();
        for (found, expected) in y.iter().zip([-2.0 * rstd, -rstd, 0.0, 3.0 * rstd + 1.0]) {
            assert_relative_eq!(*found, expected, epsilon = 1e-12);
        }
    }
}
