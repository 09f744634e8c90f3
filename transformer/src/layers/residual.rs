//! What surrounds every sublayer (Vaswani et al. 2017, §3.1 and §5.4): dropout, the residual connection and
//! layer normalisation.
//!
//! ```text
//! post-norm (the paper)       LayerNorm(x + Dropout(Sublayer(x)))
//! pre-norm (Xiong et al. 2020)  x + Dropout(Sublayer(LayerNorm(x)))
//! ```
//!
//! In post-norm every sublayer's output is normalised and the gradient passes through all the norms; in
//! pre-norm a straight path of additions leads from the top to the embeddings, which trains deeper stacks
//! without warm-up but needs one more norm at the top of the stack, where the sums have grown.
//!
//! A trace sees both, of the first sublayer as `residual1.out`, the sum, and `norm1.out`, the normalised.

use std::fmt::Display;

use autograd::Var;
use nn::{Context, Dropout, LayerNorm, ParamBuilder};

use crate::config::{Architecture, NormPlacement};

/// The residual connection around one sublayer.
#[derive(Clone, Debug)]
pub struct Residual {
    number: usize,
    norm: LayerNorm,
    placement: NormPlacement,
    dropout: Dropout,
}

impl Residual {
    /// The connection around the `number`-th sublayer of a layer, counted from 1 as in PyTorch: its
    /// parameters are called `norm{number}`.
    pub(crate) fn new(builder: &mut ParamBuilder, number: usize, architecture: &Architecture) -> Self {
        let norm = LayerNorm::new(
            &mut builder.scope(format!("norm{number}")),
            architecture.d_model,
            architecture.norm_eps,
        );
        let dropout = Dropout::new(&mut builder.scope(format!("dropout{number}")), architecture.dropout);
        Residual { number, norm, placement: architecture.norm, dropout }
    }

    /// `x` through `sublayer` and around it. `[batch, len, d_model] -> [batch, len, d_model]`
    ///
    /// # Panics
    /// If the last axis of `x` is not d_model, or `sublayer` changes the shape.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var, sublayer: impl FnOnce(&Var) -> Var) -> Var {
        match self.placement {
            NormPlacement::Post | NormPlacement::PostFinal => {
                let sum = self.add(cx, x, &sublayer(x));
                normalise(&self.norm, cx, format_args!("norm{}", self.number), &sum)
            }
            NormPlacement::Pre => {
                let normed = normalise(&self.norm, cx, format_args!("norm{}", self.number), x);
                self.add(cx, x, &sublayer(&normed))
            }
        }
    }

    fn add(&self, cx: &Context, x: &Var, of_sublayer: &Var) -> Var {
        let sum = x + self.dropout.forward(cx, of_sublayer);
        let _scope = cx.enter(format_args!("residual{}", self.number));
        cx.trace("out", &sum);
        sum
    }
}

/// `x` normalised, which a trace sees as `out` of that scope.
fn normalise(norm: &LayerNorm, cx: &Context, scope: impl Display, x: &Var) -> Var {
    let _scope = cx.enter(scope);
    let normed = norm.forward(cx, x);
    cx.trace("out", &normed);
    normed
}

/// The norm at the top of a stack, which pre-norm needs, PyTorch has always, and the paper never.
#[derive(Clone, Debug)]
pub(crate) struct FinalNorm(Option<LayerNorm>);

impl FinalNorm {
    /// The norm, called `norm` under the builder's scope, where the architecture has one.
    pub fn new(builder: &mut ParamBuilder, architecture: &Architecture) -> FinalNorm {
        let norm = || LayerNorm::new(&mut builder.scope("norm"), architecture.d_model, architecture.norm_eps);
        FinalNorm(architecture.norm.has_final_norm().then(norm))
    }

    /// The top layer's output, normalised if there is a norm. `[batch, len, d_model] -> [batch, len, d_model]`
    pub fn forward(&self, cx: &Context, x: Var) -> Var {
        let Some(norm) = &self.0 else { return x };
        normalise(norm, cx, "norm", &x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use nn::Params;
    use tensor::{DType, Seed, Tensor};

    fn through(placement: NormPlacement, sublayer: impl FnOnce(&Var) -> Var) -> (Tensor, Tensor) {
        let config = Config::toy(VocabSizes::Shared(5)).with(|model| {
            model.d_model = 8;
            model.norm = placement;
        });
        let mut params = Params::new(DType::F64);
        let residual =
            Residual::new(&mut ParamBuilder::new(&mut params, Seed::new(1)), 1, &config.architecture);
        let x = Tensor::normal([1, 3, 8], 2.0, 5.0, Seed::new(2), DType::F64);
        let out = residual.forward(&Context::inference(&params), &Var::constant(x.clone()), sublayer);
        (x, out.into_value())
    }

    #[track_caller]
    fn assert_normed(x: &Tensor) {
        let (mean, variance) = (x.mean(-1, false), x.variance(-1, false));
        assert!(mean.powi(2).max(.., false).item() < 1e-20);
        assert!(variance.add_scalar(-1.0).powi(2).max(.., false).item() < 1e-8);
    }

    #[test]
    fn post_norm_normalises_the_sum() {
        let (_, out) = through(NormPlacement::Post, |x| x.mul_scalar(2.0));
        assert_normed(&out);
    }

    #[test]
    fn pre_norm_normalises_what_the_sublayer_sees_and_leaves_a_straight_path() {
        let (x, out) = through(NormPlacement::Pre, |normed| {
            assert_normed(normed.value());
            normed.mul_scalar(0.0)
        });
        assert_eq!(out, x);
    }
}
