//! What a trace sees inside attention: the scores on their way to weights, and their gradients.
//!
//! The fused operation never holds them. They are computed for the trace apart, by the equations one after the other on a
//! tape of their own, so that what the model computes keeps its bits; when backward has found the gradient of the context,
//! that tape takes it further in.

use autograd::{Tape, Var};
use nn::Context;
use tensor::ops::attention::{AttentionSpec, attention_weights};

/// What is traced: `Q K^T`, that times the scale, that with minus infinity where a query may not attend, and its softmax,
/// before dropout; `[batch, n_heads, q_len, k_len]` each.
const NAMES: [&str; 4] = ["scores", "scaled_scores", "masked_scores", "weights"];

/// Shows a trace what it wants of `context`, the attention of `query` to `key` and `value`.
pub(super) fn scores(cx: &Context, query: &Var, key: &Var, value: &Var, spec: &AttentionSpec, context: &Var) {
    if !NAMES.into_iter().any(|name| cx.is_traced(name)) {
        return;
    }
    let as_computed = attention_weights(query.value(), key.value(), spec);
    let heads = |x: &Var| {
        let d_head = query.dim(-1) / spec.n_heads;
        x.reshape([x.dim(0), x.dim(1), x.dim(2) / d_head, d_head]).transpose(1, 2) // [batch, n_heads, len, d_head]
    };
    let tape = Tape::new();
    let [query, key, value] = [query, key, value].map(|var| heads(&tape.var(var.value().clone())));
    let scores = query.matmul(&key.transpose(-2, -1)); // [batch, n_heads, q_len, k_len]
    let scaled = scores.mul_scalar(spec.scale);
    let masked = match spec.mask {
        Some(mask) => scaled.value().masked_fill(&mask.not(), f64::NEG_INFINITY),
        None => scaled.value().clone(),
    };
    let weights = scaled.masked_softmax(1.0, spec.mask);
    let kept = match spec.dropout {
        Some((p, seed)) => weights.dropout(p, seed),
        None => weights.clone(),
    };
    let apart = kept.matmul(&value).transpose(1, 2).reshape(context.shape()); // [batch, q_len, d_model]
    [&scores, &scaled, &weights].into_iter().for_each(Var::retain_grad);
    let values = [scores.value().clone(), scaled.value().clone(), masked, as_computed];
    // Where a query may not attend, the weight is 0 whatever the score, and so is the score's gradient.
    cx.trace_apart(NAMES, values, context, move |gradient| {
        let gradients = apart.backward_with(gradient.clone());
        [&scores, &scaled, &scaled, &weights]
            .map(|var| gradients.get(var).expect("all of them were used").clone())
    });
}
