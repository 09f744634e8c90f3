//! The position-wise feed-forward network (Vaswani et al. 2017, §3.3): `max(0, x W1 + b1) W2 + b2`.
//!
//! "Position-wise": each position goes through alone, and all through the same matrices. Whatever passes
//! between positions passes through attention.

use autograd::Var;
use nn::{Context, Linear, ParamBuilder};

use crate::config::{Activation, Config};

/// Two linear layers with a nonlinearity between them.
#[derive(Clone, Debug)]
pub struct FeedForward {
    linear1: Linear,
    linear2: Linear,
    activation: Activation,
}

impl FeedForward {
    /// The layers `linear1` and `linear2` under the builder's scope.
    pub(crate) fn new(builder: &mut ParamBuilder, config: &Config) -> Self {
        FeedForward {
            linear1: Linear::new(&mut builder.scope("linear1"), config.d_model, config.d_ff, true),
            linear2: Linear::new(&mut builder.scope("linear2"), config.d_ff, config.d_model, true),
            activation: config.activation,
        }
    }

    /// `[.., d_model] -> [.., d_model]`
    pub fn forward(&self, cx: &Context, x: &Var) -> Var {
        let hidden = self.linear1.forward(cx, x); // [.., d_ff]
        let hidden = match self.activation {
            Activation::Relu => hidden.relu(),
            Activation::Gelu => hidden.gelu(),
        };
        cx.trace("hidden", &hidden);
        self.linear2.forward(cx, &hidden) // [.., d_model]
    }
}
