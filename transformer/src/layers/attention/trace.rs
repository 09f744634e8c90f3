//! What a trace sees inside attention: the scores on their way to weights, and their gradients.
//!
//! The fused operation never holds them. They are computed for the trace apart, by the equations one after the other on
//! a tape of their own, so that what the model computes keeps its bits; when backward has found the gradient of the
//! context, that tape takes it further in.

use autograd::{Tape, Var};
use nn::Context;
use tensor::ops::attention::{AttentionSpec, attention_weights};

/// What is traced: `Q K^T`, that times the scale, that with minus infinity where a query may not attend, and its softmax,
/// before dropout; `[batch, n_heads, q_len, k_len]` each.
const NAMES: [&str; 4] = ["scores", "scaled_scores", "masked_scores", "weights"];

/// Shows a trace what it wants of `context`, the attention of `query` to `key` and `value`.
pub(super) fn scores(cx: &Context, query: &Var, key: &Var, value: &Var, spec: &AttentionSpec, context: &Var) {
    let [before @ .., weights] = NAMES;
    let wants_weights = cx.is_traced(weights);
    let wants_more =
        before.into_iter().any(|name| cx.is_traced(name)) || wants_weights && cx.traces_gradients();
    if !wants_weights && !wants_more {
        return;
    }
    let as_computed = attention_weights(query.value(), key.value(), spec);
    if !wants_more {
        return cx.trace(weights, &Var::constant(as_computed));
    }
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use nn::{Params, Trace};
    use tensor::{DType, Mask, Seed, Tensor};

    use super::*;

    /// Values, and gradients under `d ` and their path.
    #[derive(Default)]
    struct Seen(RefCell<HashMap<String, Tensor>>);

    impl Trace for Seen {
        fn wants_gradients(&self) -> bool {
            true
        }

        fn record(&self, path: &str, value: &Var) {
            self.0.borrow_mut().insert(path.into(), value.value().clone());
        }

        fn gradient(&self, path: &str, gradient: &Tensor) {
            self.0.borrow_mut().insert(format!("d {path}"), gradient.clone());
        }
    }

    fn normal(shape: &[usize], name: &str) -> Tensor {
        Tensor::normal(shape, 0.0, 1.0, Seed::new(3).derive(name), DType::F64)
    }

    fn assert_near(what: &str, found: &Tensor, expected: &Tensor) {
        assert_eq!(found.shape(), expected.shape(), "{what}");
        let difference = found.sub(expected).powi(2).max(.., false).item().sqrt();
        assert!(difference < 1e-12, "{what}: {difference}"); // NaN is not less
    }

    /// In sentence 0, query 0 may attend to nothing; in sentence 1, key 2 is padding.
    fn mask() -> Mask {
        Mask::from_fn([2, 1, 2, 3], |index| if index[0] == 0 { index[2] != 0 } else { index[3] != 2 })
    }

    /// What a trace is told of attention whose output is weighed by `grad_out`.
    fn traced(mask: &Mask, dropout: Option<(f64, Seed)>, grad_out: &Tensor) -> HashMap<String, Tensor> {
        let (params, tape, seen) = (Params::new(DType::F64), Tape::new(), Seen::default());
        let cx = Context::inference(&params).with_tape(&tape).with_trace(&seen);
        let spec = AttentionSpec { n_heads: 2, scale: 0.7, mask: Some(mask), dropout };
        let [query, key, value] = inputs().map(|x| tape.var(x));
        let context = query.attention(&key, &value, &spec);
        scores(&cx, &query, &key, &value, &spec, &context);
        cx.gradients(context.backward_with(grad_out.clone()));
        seen.0.into_inner()
    }

    fn inputs() -> [Tensor; 3] {
        [normal(&[2, 2, 4], "query"), normal(&[2, 3, 4], "key"), normal(&[2, 3, 4], "value")]
    }

    /// Head by head, without the operations that are used above: columns sliced off, and where nothing may be seen,
    /// large negative scores for minus infinity.
    #[test]
    fn equals_every_head_composed_by_itself() {
        let mask = Mask::from_fn([2, 1, 2, 3], |index| index[3] != 2 || index[0] == 0 && index[2] == 1);
        let grad_out = normal(&[2, 2, 4], "grad_out");
        let seen = traced(&mask, None, &grad_out);
        for head in 0..2 {
            let tape = Tape::new();
            let columns = 2 * head..2 * head + 2;
            let [query, key, value] = inputs().map(|x| tape.var(x).slice(-1, columns.clone()));
            let scores = query.matmul(&key.transpose(1, 2)); // [2, 2, 3]
            let scaled = &scores * 0.7;
            let masked = scaled.masked_fill(&mask.not().reshape([2, 2, 3]), -1e9);
            let weights = masked.softmax(-1);
            let steps = [("scores", &scores), ("scaled_scores", &scaled), ("weights", &weights)];
            steps.iter().for_each(|(_, step)| step.retain_grad());
            masked.retain_grad();
            let gradients = weights.matmul(&value).backward_with(grad_out.slice(-1, columns));
            let of_head = |name: &str| seen[name].slice(1, head..head + 1).squeeze(1);
            for (name, step) in steps {
                assert_near(name, &of_head(name), step.value());
                assert_near(name, &of_head(&format!("d {name}")), gradients.get(step).unwrap());
            }
            assert_near("masked", &of_head("d masked_scores"), gradients.get(&masked).unwrap());
        }
    }

    /// The gradient at the weights, by moving one weight at a time: what dropout lets through is linear in them.
    #[test]
    fn the_gradient_of_a_weight_is_what_moving_it_changes() {
        let (mask, dropout) = (mask(), (0.3, Seed::new(5)));
        let grad_out = normal(&[2, 2, 4], "grad_out");
        let seen = traced(&mask, Some(dropout), &grad_out);
        let [.., value] = inputs();
        let split = |x: &Tensor, len: usize| x.reshape([2, len, 2, 2]).transpose(1, 2);
        let (value, grad_out) = (split(&value, 3), split(&grad_out, 2)); // [2, n_heads, len, 2]
        let loss = |weights: Vec<f64>| {
            let weights = Tensor::from_vec(weights, [2, 2, 2, 3]).dropout(dropout.0, dropout.1);
            weights.matmul(&value).mul(&grad_out).sum(.., false).item()
        };
        let weights = seen["weights"].to_f64_vec();
        let gradient = seen["d weights"].to_f64_vec();
        for (place, &found) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut weights = weights.clone();
                weights[place] += by;
                loss(weights)
            };
            let expected = (moved(0.5) - moved(-0.5)) / 1.0;
            assert!((found - expected).abs() < 1e-12, "{place}: {found} {expected}");
        }
        assert!(gradient.contains(&0.0), "something is dropped");
    }

    #[test]
    fn a_query_that_sees_nothing_has_weights_and_gradients_of_zero() {
        let seen = traced(&mask(), Some((0.3, Seed::new(5))), &normal(&[2, 2, 4], "grad_out"));
        let blind = |name: &str| seen[name].slice(0, 0..1).slice(2, 0..1).to_f64_vec();
        assert_eq!(blind("masked_scores"), [f64::NEG_INFINITY; 6]);
        for name in ["weights", "d masked_scores", "d scaled_scores", "d scores"] {
            assert!(blind(name).iter().all(|&x| x == 0.0), "{name}: {:?}", blind(name));
        }
        let finite = seen.iter().filter(|(name, _)| *name != "masked_scores");
        finite.for_each(|(name, x)| assert!(x.all_finite(), "{name}"));
    }
}
