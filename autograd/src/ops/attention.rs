//! `attention`: multi-head scaled dot-product attention (Vaswani et al. 2017, §3.2).

use tensor::ops::attention::{AttentionSpec, attention, attention_vjp};

use crate::var::Var;

impl Var {
    /// `softmax(scale * Q K^T) V` in every head, with `self` as the query.
    ///
    /// The query is `[batch, q_len, d_model]`, key and value are `[batch, k_len, d_model]`; the heads are
    /// consecutive parts of the last axis and are never copied apart. The result is `[batch, q_len, d_model]`. The
    /// weights are not kept: the vjp computes them again, tile by tile, and who wants to look at them asks
    /// [`attention_weights`](tensor::ops::attention::attention_weights). With W the weights and D the
    /// weights after dropout, per head, vjp: `grad_V = D^T grad_out`; `grad_D = grad_out V^T`, from which
    /// dropout and softmax give the scores' gradient
    /// `grad_S = scale * W * (grad_W - sum of grad_W * W over the keys)`; `grad_Q = grad_S K`,
    /// `grad_K = grad_S^T Q`.
    ///
    /// Note: the three are computed together, even if not all are wanted: they share the walk over the heads
    /// and grad_S, and training wants all of them.
    ///
    /// # Panics
    /// If the shapes do not fit each other, the number of heads or the mask, or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn attention(&self, key: &Var, value: &Var, spec: &AttentionSpec) -> Var {
        let out = attention(self.value(), key.value(), value.value(), spec);
        let [q, k, v] = [self, key, value].map(|var| var.value().clone());
        let (n_heads, scale, mask, dropout) = (spec.n_heads, spec.scale, spec.mask.cloned(), spec.dropout);
        Var::record("attention", &[self, key, value], out, move |grad_out, grads| {
            let spec = AttentionSpec { n_heads, scale, mask: mask.as_ref(), dropout };
            let (grad_query, grad_key, grad_value) = attention_vjp(&q, &k, &v, grad_out, &spec);
            grads.add(0, || grad_query);
            grads.add(1, || grad_key);
            grads.add(2, || grad_value);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, assert_close, check, normal};
    use tensor::ops::attention::attention_weights;
    use tensor::{DType, Mask, Seed, Tensor};

    const DROPOUT: Option<(f64, Seed)> = Some((0.3, Seed::new(5)));

    /// In sentence 0, query 0 may attend to nothing; in sentence 1, key 2 is padding.
    fn mask() -> Mask {
        Mask::from_fn([2, 1, 2, 3], |index| if index[0] == 0 { index[2] != 0 } else { index[3] != 2 })
    }

    fn inputs() -> [Tensor; 3] {
        [normal("query", [2, 2, 4]), normal("key", [2, 3, 4]), normal("value", [2, 3, 4])]
    }

    /// Attention from the small operations, one per equation.
    fn composed(v: &[Var], spec: &AttentionSpec) -> Var {
        let heads = |x: &Var| {
            let (batch, len, d_model) = (x.dim(0), x.dim(1), x.dim(2));
            let split = x.reshape([batch, len, spec.n_heads, d_model / spec.n_heads]);
            split.transpose(1, 2) // [batch, n_heads, len, d_head]
        };
        let [query, key, value] = [0, 1, 2].map(|i| heads(&v[i]));
        let scores = query.matmul(&key.transpose(-2, -1)); // [batch, n_heads, q_len, k_len]
        let weights = scores.masked_softmax(spec.scale, spec.mask);
        let weights = match spec.dropout {
            Some((p, seed)) => weights.dropout(p, seed),
            None => weights,
        };
        weights.matmul(&value).transpose(1, 2).reshape(v[0].shape()) // [batch, q_len, d_model]
    }

    #[test]
    fn gradients() {
        for mask in [None, Some(mask()), Some(Mask::full([3], true))] {
            for dropout in [None, DROPOUT] {
                let spec = AttentionSpec { n_heads: 2, scale: 0.7, mask: mask.as_ref(), dropout };
                check("attention", &inputs(), |v| v[0].attention(&v[1], &v[2], &spec));
            }
        }
    }

    #[test]
    fn gradients_of_self_attention() {
        let causal = Mask::causal(3);
        let spec = AttentionSpec { n_heads: 2, scale: 0.5, mask: Some(&causal), dropout: None };
        check("attention", &[normal("x", [1, 3, 4])], |v| v[0].attention(&v[0], &v[0], &spec));
    }

    #[test]
    fn equals_its_composed_form() {
        for mask in [None, Some(mask())] {
            for dropout in [None, DROPOUT] {
                for n_heads in [1, 2, 4] {
                    let spec = AttentionSpec { n_heads, scale: 0.5, mask: mask.as_ref(), dropout };
                    assert_agree(&inputs(), |v| v[0].attention(&v[1], &v[2], &spec), |v| composed(v, &spec));
                }
            }
        }
    }

    #[test]
    fn weights_are_distributions_and_a_query_that_sees_nothing_gives_zeros() {
        let mask = mask();
        let spec = AttentionSpec { n_heads: 2, scale: 0.5, mask: Some(&mask), dropout: DROPOUT };
        let tape = Tape::new();
        let [query, key, value] = inputs().map(|x| tape.var(x));
        let context = query.attention(&key, &value, &spec);
        let weights = attention_weights(query.value(), key.value(), &spec);
        let sums = Tensor::from([[[0.0, 1.0]; 2], [[1.0, 1.0]; 2]]); // [batch, heads, q_len]
        assert_close("sum of weights", &weights.sum(-1, false), &sums);
        let blind = |x: &Tensor| x.slice(0, 0..1).slice(1, 0..1);
        assert_eq!(blind(context.value()), Tensor::zeros([1, 1, 4], DType::F64));
        let gradients = context.backward_with(normal("grad_out", [2, 2, 4]));
        assert_eq!(blind(gradients.get(&query).unwrap()), Tensor::zeros([1, 1, 4], DType::F64));
        assert!([&query, &key, &value].iter().all(|var| gradients.get(var).unwrap().all_finite()));
    }

    #[test]
    #[should_panic(expected = "attention: key [2, 3, 6] has no heads for query [2, 2, 4] with 2")]
    fn panics_name_the_operation_and_both_shapes() {
        let spec = AttentionSpec { n_heads: 2, scale: 0.5, mask: None, dropout: None };
        let constant = |shape: [usize; 3]| Var::constant(normal("x", shape));
        let _ = constant([2, 2, 4]).attention(&constant([2, 3, 6]), &constant([2, 3, 6]), &spec);
    }
}
