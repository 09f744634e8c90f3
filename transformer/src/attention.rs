//! Multi-head attention (Vaswani et al. 2017, §3.2.2):
//!
//! ```text
//! MultiHead(X, M) = Concat(head_0, .., head_h) W^O
//! head_i          = softmax(Q_i K_iᵀ / sqrt(d_head)) V_i
//! Q = X W^Q,  K = M W^K,  V = M W^V
//! ```
//!
//! `X` asks, `M` is asked: the same sequence in self-attention, the encoder's output in cross-attention.
//! Every head reads all of `X`: the columns of one wide `W^Q` are the heads' matrices side by side, and head
//! i's queries are columns `i * d_head ..` of `Q`. Nothing is sliced off the input, and nothing is copied
//! to bring the heads apart.
//!
//! Keys and values are made by [`MultiHeadAttention::key_value`] and attended to by
//! [`MultiHeadAttention::forward`]. They are two calls because decoding makes them once and attends to
//! them at every step; training makes both calls in a row.

use autograd::Var;
use nn::{Context, Dropout, Linear, ParamBuilder};
use tensor::Mask;
use tensor::ops::attention::AttentionSpec;

use crate::config::Config;

/// What queries attend to: a key and a value for each position.
#[derive(Clone, Debug)]
pub struct KeyValue {
    /// `[batch, k_len, d_model]`
    pub key: Var,
    /// `[batch, k_len, d_model]`
    pub value: Var,
}

impl KeyValue {
    /// These positions, and after them those of `next`.
    pub(crate) fn followed_by(&self, next: &KeyValue) -> KeyValue {
        KeyValue {
            key: Var::concatenate(&[&self.key, &next.key], 1), // [batch, k_len + next, d_model]
            value: Var::concatenate(&[&self.value, &next.value], 1), // [batch, k_len + next, d_model]
        }
    }

    /// The sequences at `rows`, in that order; a sequence may be chosen often, or not at all.
    pub(crate) fn select(&self, rows: &[u32]) -> KeyValue {
        let select = |x: &Var| {
            let (batch, len, d_model) = (x.dim(0), x.dim(1), x.dim(2));
            x.reshape([batch, len * d_model]).gather_rows(rows).reshape([rows.len(), len, d_model])
        };
        KeyValue { key: select(&self.key), value: select(&self.value) } // [rows, k_len, d_model]
    }
}

/// The four projections of multi-head attention.
#[derive(Clone, Debug)]
pub struct MultiHeadAttention {
    n_heads: usize,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    dropout: Dropout,
}

impl MultiHeadAttention {
    /// Attention of `config.n_heads` heads under the builder's scope.
    pub(crate) fn new(builder: &mut ParamBuilder, config: &Config) -> Self {
        let mut project = |name| {
            let (d_model, bias) = (config.d_model, config.attention_bias);
            Linear::new(&mut builder.scope(name), d_model, d_model, bias)
        };
        MultiHeadAttention {
            n_heads: config.n_heads,
            q_proj: project("q_proj"),
            k_proj: project("k_proj"),
            v_proj: project("v_proj"),
            out_proj: project("out_proj"),
            dropout: Dropout::new(&mut builder.scope("dropout"), config.attention_dropout),
        }
    }

    /// The keys and values of `memory`: `[batch, k_len, d_model]` each.
    pub fn key_value(&self, cx: &Context, memory: &Var) -> KeyValue {
        KeyValue { key: self.k_proj.forward(cx, memory), value: self.v_proj.forward(cx, memory) }
    }

    /// Attends from `x` `[batch, q_len, d_model]` to `memory`, where `mask`, broadcast to `[batch, n_heads,
    /// q_len, k_len]`, is true. `-> [batch, q_len, d_model]`
    pub fn forward(&self, cx: &Context, x: &Var, memory: &KeyValue, mask: Option<&Mask>) -> Var {
        let query = self.q_proj.forward(cx, x); // [batch, q_len, d_model]
        let d_head = query.dim(-1) / self.n_heads;
        let spec = AttentionSpec {
            n_heads: self.n_heads,
            scale: 1.0 / (d_head as f64).sqrt(),
            mask,
            dropout: self.dropout.active(cx),
        };
        let attended = query.attention(&memory.key, &memory.value, &spec);
        cx.trace("query", &query);
        cx.trace("key", &memory.key);
        cx.trace("value", &memory.value);
        cx.trace("weights", &Var::constant(attended.weights)); // [batch, n_heads, q_len, k_len]
        cx.trace("context", &attended.context); // [batch, q_len, d_model]
        self.out_proj.forward(cx, &attended.context)
    }
}
