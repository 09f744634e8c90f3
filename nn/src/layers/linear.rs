//! The affine map `y = x Wᵀ + b` of the last axis.

use autograd::Var;

use crate::builder::ParamBuilder;
use crate::context::Context;
use crate::init::Init;
use crate::layout::ParamId;

/// `y = x Wᵀ + b`, applied to the last axis of `x`.
///
/// The ids are public: a projection that shares an embedding's matrix is
/// `Linear { weight: embedding.weight, bias: None }`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// The matrix `[d_out, d_in]`, named `weight`.
    pub weight: ParamId,
    /// The offset `[d_out]`, named `bias`.
    pub bias: Option<ParamId>,
}

impl Linear {
    /// A layer from `d_in` to `d_out` features with a Xavier-uniform matrix and, if `bias`, an offset of
    /// zeros.
    ///
    /// # Panics
    /// If the scope already has a `weight` or a `bias`.
    #[track_caller]
    pub fn new(builder: &mut ParamBuilder, d_in: usize, d_out: usize, bias: bool) -> Self {
        Linear::with_init(builder, d_in, d_out, bias, Init::XavierUniform)
    }

    /// The same with another start for the matrix.
    ///
    /// # Panics
    /// If the scope already has a `weight` or a `bias`.
    #[track_caller]
    pub fn with_init(builder: &mut ParamBuilder, d_in: usize, d_out: usize, bias: bool, init: Init) -> Self {
        Linear {
            weight: builder.param("weight", [d_out, d_in], init),
            bias: bias.then(|| builder.param("bias", [d_out], Init::Zeros)),
        }
    }

    /// `[.., d_in] -> [.., d_out]`
    ///
    /// # Panics
    /// If the last axis of `x` is not `d_in`.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var) -> Var {
        let bias = self.bias.map(|bias| cx.param(bias));
        x.linear(&cx.param(self.weight), bias.as_ref()) // [.., d_out]
    }
}

#[cfg(test)]
mod tests {
    use tensor::{DType, Seed, Tensor};

    use super::*;
    use crate::params::Params;

    #[test]
    fn maps_the_last_axis() {
        let mut params = Params::new(DType::F64);
        let layer = Linear::new(&mut ParamBuilder::new(&mut params, Seed::new(0)).scope("out"), 2, 3, true);
        assert_eq!(params.name(layer.weight), "out.weight");
        *params.get_mut(layer.weight) = Tensor::from([[1.0f64, 0.0], [0.0, 1.0], [1.0, 1.0]]);
        *params.get_mut(layer.bias.unwrap()) = Tensor::from([10.0f64, 20.0, 30.0]);
        let x = Var::constant(Tensor::from([[[1.0f64, 2.0], [3.0, 4.0]]])); // [1, 2, 2]
        let y = layer.forward(&Context::inference(&params), &x);
        assert_eq!(y.value(), &Tensor::from([[[11.0f64, 22.0, 33.0], [13.0, 24.0, 37.0]]]));
    }

    #[test]
    fn without_bias_there_is_no_parameter_for_it() {
        let mut params = Params::new(DType::F32);
        let layer = Linear::new(&mut ParamBuilder::new(&mut params, Seed::new(0)), 2, 3, false);
        assert!(layer.bias.is_none());
        assert_eq!(params.numel(), 6);
    }
}
