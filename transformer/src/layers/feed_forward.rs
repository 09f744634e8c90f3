//! The position-wise feed-forward network (Vaswani et al. 2017, §3.3): `max(0, x W1 + b1) W2 + b2`.
//!
//! "Position-wise": each position goes through alone, and all through the same matrices. Whatever passes
//! between positions passes through attention.

use autograd::Var;
use nn::{Context, Linear, ParamBuilder};

use crate::config::{Activation, Architecture};

/// Two linear layers with a nonlinearity between them.
#[derive(Clone, Debug)]
pub struct FeedForward {
    linear1: Linear,
    linear2: Linear,
    activation: Activation,
}

impl FeedForward {
    /// The layers `linear1` and `linear2` under the builder's scope.
    pub(crate) fn new(builder: &mut ParamBuilder, architecture: &Architecture) -> Self {
        FeedForward {
            linear1: Linear::new(
                &mut builder.scope("linear1"),
                architecture.d_model,
                architecture.d_ff,
                true,
            ),
            linear2: Linear::new(
                &mut builder.scope("linear2"),
                architecture.d_ff,
                architecture.d_model,
                true,
            ),
            activation: architecture.activation,
        }
    }

    /// `[.., d_model] -> [.., d_model]`
    ///
    /// # Panics
    /// If the last axis of `x` is not d_model.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var) -> Var {
        let pre_activation = self.linear1.forward(cx, x); // [.., d_ff]
        cx.trace("pre_activation", &pre_activation);
        let hidden = match self.activation {
            Activation::Relu => pre_activation.relu(),
            Activation::Gelu => pre_activation.gelu(),
        };
        cx.trace("hidden", &hidden);
        self.linear2.forward(cx, &hidden) // [.., d_model]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use nn::Params;
    use tensor::{DType, Seed, Tensor};

    #[test]
    fn each_position_goes_through_alone() {
        for activation in [Activation::Relu, Activation::Gelu] {
            let config = Config::toy(VocabSizes::Shared(5)).with(|model| {
                model.d_model = 4;
                model.d_ff = 6;
                model.activation = activation;
            });
            let mut params = Params::new(DType::F64);
            let layer =
                FeedForward::new(&mut ParamBuilder::new(&mut params, Seed::new(1)), &config.architecture);
            let cx = Context::inference(&params);
            let x = Tensor::normal([2, 3, 4], 0.0, 1.0, Seed::new(2), DType::F64);
            let whole = layer.forward(&cx, &Var::constant(x.clone()));
            for (batch, position) in [(0, 0), (1, 2)] {
                let part = |x: &Tensor| x.slice(0, batch..batch + 1).slice(1, position..position + 1);
                let alone = layer.forward(&cx, &Var::constant(part(&x)));
                let difference = alone.value().sub(&part(whole.value())).powi(2).max(.., false).item();
                assert!(difference < 1e-28, "{activation:?}: {difference}");
            }
        }
    }
}
