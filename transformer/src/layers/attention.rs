//! Multi-head attention (Vaswani et al. 2017, §3.2.2):
//!
//! ```text
//! MultiHead(X, M) = Concat(head_1, .., head_h) W^O
//! head_i          = softmax(Q_i K_iᵀ / sqrt(d_head)) V_i
//! Q = X W^Q,  K = M W^K,  V = M W^V
//! ```
//!
//! `X` asks, `M` is asked: the same sequence in self-attention, the encoder's output in cross-attention.
//! Every head reads all of `X`: the columns of one wide `W^Q` are the heads' matrices side by side, and the
//! first head's queries are the first `d_head` columns of `Q`. Nothing is sliced off the input, and
//! nothing is copied to bring the heads apart.
//!
//! Keys and values are made by [`MultiHeadAttention::key_value`] and attended to by
//! [`MultiHeadAttention::forward`]. They are two calls because decoding makes them once and attends to
//! them at every step; training makes both calls in a row.

use autograd::Var;
use nn::{Context, Dropout, Linear, ParamBuilder};
use tensor::Mask;
use tensor::ops::attention::AttentionSpec;

use crate::config::Architecture;

mod trace;

/// What queries attend to: a key and a value for each position.
#[derive(Clone, Debug)]
pub struct KeyValue {
    /// `[batch, k_len, d_model]`
    pub key: Var,
    /// `[batch, k_len, d_model]`
    pub value: Var,
}

/// The four projections of multi-head attention.
#[derive(Clone, Debug)]
pub struct MultiHeadAttention {
    n_heads: usize,
    scale_scores: bool,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    dropout: Dropout,
}

impl MultiHeadAttention {
    /// Attention of `architecture.n_heads` heads under the builder's scope.
    pub(crate) fn new(builder: &mut ParamBuilder, architecture: &Architecture) -> Self {
        let mut project = |name| {
            let (d_model, bias) = (architecture.d_model, architecture.attention_bias);
            Linear::new(&mut builder.scope(name), d_model, d_model, bias)
        };
        MultiHeadAttention {
            n_heads: architecture.n_heads,
            scale_scores: architecture.scale_scores,
            q_proj: project("q_proj"),
            k_proj: project("k_proj"),
            v_proj: project("v_proj"),
            out_proj: project("out_proj"),
            dropout: Dropout::new(&mut builder.scope("dropout"), architecture.attention_dropout),
        }
    }

    /// The keys and values of positions `x` `[batch, k_len, d_model]`: `[batch, k_len, d_model]` each.
    ///
    /// # Panics
    /// If the last axis of `x` is not d_model.
    #[track_caller]
    pub fn key_value(&self, cx: &Context, x: &Var) -> KeyValue {
        KeyValue { key: self.k_proj.forward(cx, x), value: self.v_proj.forward(cx, x) }
    }

    /// Attends from `x` `[batch, q_len, d_model]` to `key_value`, where `mask`, broadcast to `[batch,
    /// n_heads, q_len, k_len]`, is true. `-> [batch, q_len, d_model]`
    ///
    /// # Panics
    /// If the shapes do not fit each other or the mask.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var, key_value: &KeyValue, mask: Option<&Mask>) -> Var {
        let query = self.q_proj.forward(cx, x); // [batch, q_len, d_model]
        let d_head = query.dim(-1) / self.n_heads;
        let spec = AttentionSpec {
            n_heads: self.n_heads,
            scale: if self.scale_scores { 1.0 / (d_head as f64).sqrt() } else { 1.0 },
            mask,
            dropout: self.dropout.active(cx),
        };
        let context = query.attention(&key_value.key, &key_value.value, &spec);
        cx.trace("query", &query);
        cx.trace("key", &key_value.key);
        cx.trace("value", &key_value.value);
        trace::scores(cx, &query, &key_value.key, &key_value.value, &spec, &context);
        cx.trace("context", &context); // [batch, q_len, d_model]
        let out = self.out_proj.forward(cx, &context);
        cx.trace("out", &out); // [batch, q_len, d_model]
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use nn::Params;
    use tensor::{DType, Seed, Tensor};

    fn layer() -> (MultiHeadAttention, Params) {
        let config = Config::toy(VocabSizes::Shared(5)).with(|model| {
            model.d_model = 6;
            model.n_heads = 2;
            model.attention_bias = true;
        });
        let mut params = Params::new(DType::F64);
        let layer =
            MultiHeadAttention::new(&mut ParamBuilder::new(&mut params, Seed::new(1)), &config.architecture);
        for id in params.iter().map(|(id, ..)| id).collect::<Vec<_>>() {
            let shape = params.get(id).shape();
            *params.get_mut(id) =
                Tensor::normal(shape, 0.0, 1.0, Seed::new(2).derive(params.name(id)), DType::F64);
        }
        (layer, params)
    }

    fn normal(shape: [usize; 3], name: &str) -> Var {
        Var::constant(Tensor::normal(shape, 0.0, 1.0, Seed::new(3).derive(name), DType::F64))
    }

    /// Equation by equation: every head by itself, then side by side through W^O.
    #[test]
    fn heads_are_columns_of_the_projections() {
        let (layer, params) = layer();
        let cx = Context::inference(&params);
        let (x, memory) = (normal([2, 3, 6], "x"), normal([2, 4, 6], "memory"));
        let mask = Mask::from_fn([2, 1, 3, 4], |index| (index[0] + index[2] + index[3]) % 3 > 0);
        let query = layer.q_proj.forward(&cx, &x);
        let KeyValue { key, value } = layer.key_value(&cx, &memory);
        let head = |h: usize| {
            let [q, k, v] = [&query, &key, &value].map(|projected| projected.slice(-1, 3 * h..3 * h + 3));
            let scores = q.matmul(&k.transpose(1, 2)).mul_scalar(1.0 / 3f64.sqrt()); // [2, 3, 4]
            let hidden = mask.reshape([2, 3, 4]).not();
            scores.masked_fill(&hidden, f64::NEG_INFINITY).softmax(-1).matmul(&v)
        };
        let expected = layer.out_proj.forward(&cx, &Var::concatenate(&[&head(0), &head(1)], -1));
        let out = layer.forward(&cx, &x, &KeyValue { key, value }, Some(&mask));
        let difference = out.value().sub(expected.value()).powi(2).max(.., false).item();
        assert!(difference < 1e-24, "{difference}");
    }
}
