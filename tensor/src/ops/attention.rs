//! Multi-head scaled dot-product attention as one operation (Vaswani et al. 2017, §3.2.2):
//! `context = concat over heads of dropout(softmax(scale * Q_h K_h^T)) V_h`.
//!
//! Its composed form (reshape, transpose, matmul, masked_softmax, dropout, matmul, transpose, reshape) is its
//! oracle in the tests.

use crate::dispatch;
use crate::element::Element;
use crate::kernels::attention::{Attention, Heads};
use crate::kernels::dropout::Dropout;
use crate::mask::Mask;
use crate::ops::masked_softmax::broadcast_rows;
use crate::random::Seed;
use crate::tensor::{Tensor, check_dtypes};

/// How to attend.
#[derive(Clone, Copy, Debug)]
pub struct AttentionSpec<'a> {
    /// The number of heads that the columns of the query are divided into.
    pub n_heads: usize,
    /// What scores are multiplied by; the paper's 1 / sqrt(d_head).
    pub scale: f64,
    /// Where a query may attend; broadcasts to `[batch, n_heads, q_len, k_len]`.
    pub mask: Option<&'a Mask>,
    /// Probability and stream of the dropout on the weights.
    pub dropout: Option<(f64, Seed)>,
}

/// What [`attention`] computes.
#[derive(Clone)]
pub struct AttentionOutput {
    /// The heads' contexts, side by side. `[batch, q_len, d_model]`
    pub context: Tensor,
    /// How much each query attends to each key, before dropout. `[batch, n_heads, q_len, k_len]`
    pub weights: Tensor,
}

/// Attention of `query` `[batch, q_len, d_model]` to `key` and `value` `[batch, k_len, d_model]`. A query that may
/// attend to nothing gets a context of zeros.
///
/// Keys and values of batch 1 serve every sentence. Keys and values with fewer columns have fewer heads
/// of the same width, each serving a group of consecutive query heads (grouped-query attention, Ainslie et al.
/// 2023; with one head, multi-query attention, Shazeer 2019).
///
/// # Panics
/// If the shapes do not fit, the dtypes differ or the dropout probability is not in [0, 1).
#[must_use]
#[track_caller]
pub fn attention(query: &Tensor, key: &Tensor, value: &Tensor, spec: &AttentionSpec) -> AttentionOutput {
    let operands = Operands::new("attention", query, key, value, spec);
    let [batch, q_len, k_len] = [query.dim(0), query.dim(1), key.dim(1)];
    dispatch!(query.dtype(), T => {
        let (context, weights) = operands.kernel::<T>().forward();
        AttentionOutput {
            context: Tensor::from_vec(context, query.shape()),
            weights: Tensor::from_vec(weights, [batch, spec.n_heads, q_len, k_len]),
        }
    })
}

/// The vjp of [`attention`]: the gradients of query, key and value, from these, the weights that the forward returned
/// and the gradient of the context. The equations are at the kernel, `kernels/attention.rs`.
///
/// # Panics
/// If the shapes do not fit or the dtypes differ.
#[must_use]
#[track_caller]
pub fn attention_vjp(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    weights: &Tensor,
    grad_out: &Tensor,
    spec: &AttentionSpec,
) -> (Tensor, Tensor, Tensor) {
    let operands = Operands::new("attention_vjp", query, key, value, spec);
    check_dtypes("attention_vjp", query, weights);
    check_dtypes("attention_vjp", query, grad_out);
    let fits = weights.shape()[..] == [query.dim(0), spec.n_heads, query.dim(1), key.dim(1)];
    assert!(fits, "attention_vjp: weights {} for query {}", weights.shape(), query.shape());
    let fits = grad_out.shape() == query.shape();
    assert!(fits, "attention_vjp: grad_out {} for query {}", grad_out.shape(), query.shape());
    let (weights, grad_out) = (weights.contiguous(), grad_out.contiguous());
    dispatch!(query.dtype(), T => {
        let (grad_query, grad_key, grad_value) = operands.kernel::<T>().vjp(weights.data(), grad_out.data());
        let repeated = operands.key.shape(); // [batch, k_len, d_model], where key may have batch 1
        (
            Tensor::from_vec(grad_query, query.shape()),
            Tensor::from_vec(grad_key, repeated).sum_to(key.shape()),
            Tensor::from_vec(grad_value, repeated).sum_to(value.shape()),
        )
    })
}

/// The operands of attention, checked and in a form that the kernel can read.
struct Operands {
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Option<Mask>,
    dropout: Option<Dropout>,
    scale: f64,
    d_head: usize,
}

impl Operands {
    #[track_caller]
    fn new(operation: &str, query: &Tensor, key: &Tensor, value: &Tensor, spec: &AttentionSpec) -> Operands {
        check_dtypes(operation, query, key);
        check_dtypes(operation, query, value);
        let (q, k, v) = (query.shape(), key.shape(), value.shape());
        let (batch, q_len, d_model, k_len, d_key) = match (&q[..], &k[..]) {
            (&[batch, q_len, d_model], &[key_batch, k_len, d_key])
                if k == v && (key_batch == batch || key_batch == 1) =>
            {
                (batch, q_len, d_model, k_len, d_key)
            }
            _ => panic!("{operation}: query {q}, key {k} and value {v} do not fit"),
        };
        let n_heads = spec.n_heads;
        let divides = n_heads > 0 && d_model > 0 && d_model.is_multiple_of(n_heads);
        assert!(divides, "{operation}: {n_heads} heads do not divide query {q}");
        let d_head = d_model / n_heads;
        let groups = d_key > 0 && d_key.is_multiple_of(d_head) && n_heads.is_multiple_of(d_key / d_head);
        assert!(groups, "{operation}: key {k} has no heads for query {q} with {n_heads}");
        let weights_shape = [batch, n_heads, q_len, k_len].into();
        Operands {
            query: with_contiguous_rows(query),
            key: with_contiguous_rows(key).broadcast_to([batch, k_len, d_key]),
            value: with_contiguous_rows(value).broadcast_to([batch, k_len, d_key]),
            mask: spec.mask.map(|mask| broadcast_rows(operation, mask, weights_shape)),
            dropout: spec.dropout.map(|(p, seed)| Dropout::new(p, seed)),
            scale: spec.scale,
            d_head,
        }
    }

    fn kernel<T: Element>(&self) -> Attention<'_, T> {
        Attention {
            batch: self.query.dim(0),
            query: heads(&self.query, self.d_head),
            key: heads(&self.key, self.d_head),
            value: heads(&self.value, self.d_head),
            scale: T::of(self.scale),
            mask: self.mask.as_ref().map(Mask::strided),
            dropout: self.dropout,
        }
    }
}

/// A projection as the kernel reads it.
fn heads<T: Element>(x: &Tensor, d_head: usize) -> Heads<'_, T> {
    Heads {
        data: x.strided::<T>().data,
        len: x.dim(1),
        heads: x.dim(2) / d_head,
        d_head,
        batch_stride: x.strides()[0],
        row_stride: x.strides()[1],
    }
}

/// `x` itself if its last axis is contiguous (as in a slice of a wider projection), else a copy.
fn with_contiguous_rows(x: &Tensor) -> Tensor {
    if x.dim(-1) == 1 || x.strides()[x.rank() - 1] == 1 { x.clone() } else { x.contiguous() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use approx::assert_relative_eq;

    fn normal(shape: [usize; 3], name: &str) -> Tensor {
        Tensor::normal(shape, 0.0, 1.0, Seed::new(1).derive(name), DType::F64)
    }

    fn assert_close(a: &Tensor, b: &Tensor) {
        assert_eq!(a.shape(), b.shape());
        assert_relative_eq!(a.to_f64_vec()[..], b.to_f64_vec()[..], epsilon = 1e-12);
    }

    /// `[batch, len, d_model]` to `[batch, n_heads, len, d_head]`.
    fn split_heads(x: &Tensor, d_head: usize) -> Tensor {
        x.reshape([x.dim(0), x.dim(1), x.dim(2) / d_head, d_head]).transpose(1, 2)
    }

    /// And back.
    fn join_heads(x: &Tensor) -> Tensor {
        x.transpose(1, 2).reshape([x.dim(0), x.dim(2), x.dim(1) * x.dim(3)])
    }

    /// Context and weights from the operations that attention is made of.
    fn composed(query: &Tensor, key: &Tensor, value: &Tensor, spec: &AttentionSpec) -> (Tensor, Tensor) {
        let d_head = query.dim(2) / spec.n_heads;
        let [query, key, value] = [query, key, value].map(|x| split_heads(x, d_head));
        let weights = query.matmul(&key.transpose(-1, -2)).masked_softmax(spec.scale, spec.mask);
        let used = spec.dropout.map_or(weights.clone(), |(p, seed)| weights.dropout(p, seed));
        (join_heads(&used.matmul(&value)), weights)
    }

    #[test]
    fn any_layout_agrees_with_the_composed_form() {
        let (contiguous, batch) = (normal([2, 5, 6], "key"), 2);
        let projected = normal([batch, 5, 18], "qkv").split(2, &[6, 6, 6]);
        let swapped = normal([6, 5, batch], "key").transpose(0, 2);
        let shared = normal([1, 5, 6], "key").broadcast_to([batch, 5, 6]);
        let padding = Mask::from_fn([batch, 1, 1, 5], |index| index[3] < 4 - index[0]);
        let hidden = padding.and(&Mask::from_fn([3, 1], |index| index[0] != 1)); // query 1 sees nothing
        for (key, value) in [
            (&contiguous, &swapped),
            (&projected[1], &projected[2]),
            (&shared, &contiguous),
            (&swapped, &shared),
        ] {
            for query in [normal([batch, 3, 6], "query"), projected[0].slice(1, 2..5)] {
                for mask in [None, Some(&padding), Some(&hidden)] {
                    for dropout in [None, Some((0.3, Seed::new(5)))] {
                        let spec = AttentionSpec { n_heads: 3, scale: 0.7, mask, dropout };
                        let out = attention(&query, key, value, &spec);
                        let (context, weights) = composed(&query, key, value, &spec);
                        assert_close(&out.context, &context);
                        assert_close(&out.weights, &weights);
                    }
                }
            }
        }
    }

    /// The slope of `<context, grad_out>` along a direction equals `<gradient, direction>`.
    #[test]
    fn the_vjp_agrees_with_differences_of_the_forward() {
        const STEP: f64 = 1e-5;
        let padding = Mask::from_fn([2, 1, 3, 4], |index| index[2] != 1 && index[3] < 4 - index[0]);
        let dot = |a: &Tensor, b: &Tensor| a.mul(b).sum(.., false).item();
        // Keys of their own, shared by the sentences, and shared by two heads each.
        for (key_batch, d_key) in [(2, 8), (1, 8), (2, 4), (1, 2)] {
            for (mask, dropout) in
                [(None, None), (Some(&padding), None), (Some(&padding), Some((0.3, Seed::new(5))))]
            {
                let spec = AttentionSpec { n_heads: 4, scale: 0.7, mask, dropout };
                let grad_out = normal([8, 3, 2], "grad").transpose(0, 2); // [2, 3, 8]
                let inputs = [
                    normal([2, 3, 8], "query"),
                    normal([key_batch, 4, d_key], "key"),
                    normal([key_batch, 4, d_key], "value"),
                ];
                let [query, key, value] = &inputs;
                let weights = attention(query, key, value, &spec).weights;
                let grads = attention_vjp(query, key, value, &weights, &grad_out, &spec);
                for (i, grad) in [grads.0, grads.1, grads.2].iter().enumerate() {
                    let direction = Tensor::normal(inputs[i].shape(), 0.0, 1.0, Seed::new(9), DType::F64);
                    let loss = |step: f64| {
                        let mut moved = inputs.clone();
                        moved[i].add_assign(&direction.mul_scalar(step));
                        dot(&attention(&moved[0], &moved[1], &moved[2], &spec).context, &grad_out)
                    };
                    assert_eq!(grad.shape(), inputs[i].shape());
                    let slope = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
                    assert_relative_eq!(dot(grad, &direction), slope, max_relative = 1e-7, epsilon = 1e-8);
                }
            }
        }
    }

    #[test]
    fn grouped_heads_equal_repeated_ones() {
        let (query, key) = (normal([2, 3, 8], "query"), normal([2, 5, 4], "key")); // 4 heads on 2
        let repeated = key.reshape([2, 5, 2, 1, 2]).broadcast_to([2, 5, 2, 2, 2]).reshape([2, 5, 8]);
        let spec = AttentionSpec { n_heads: 4, scale: 1.0, mask: None, dropout: None };
        let (grouped, full) =
            (attention(&query, &key, &key, &spec), attention(&query, &repeated, &repeated, &spec));
        assert_eq!((grouped.context, grouped.weights), (full.context, full.weights));
    }

    #[test]
    fn f32_agrees_with_f64() {
        let (query, key) = (normal([2, 3, 8], "query"), normal([2, 5, 8], "key"));
        let mask = Mask::causal(5).reshape([1, 1, 5, 5]);
        let spec = AttentionSpec { n_heads: 2, scale: 0.5, mask: Some(&mask), dropout: None };
        let (q, k) = (query.to_dtype(DType::F32), key.to_dtype(DType::F32));
        let (wide, narrow) = (attention(&key, &key, &key, &spec), attention(&k, &k, &k, &spec));
        let close = |a: &Tensor, b: &Tensor| {
            assert_relative_eq!(a.to_f64_vec()[..], b.to_f64_vec()[..], epsilon = 1e-5);
        };
        close(&wide.context, &narrow.context);
        let spec = AttentionSpec { mask: None, ..spec };
        let weights = attention(&query, &key, &key, &spec).weights;
        let wide = attention_vjp(&query, &key, &key, &weights, &query, &spec);
        let narrow = attention_vjp(&q, &k, &k, &weights.to_dtype(DType::F32), &q, &spec);
        close(&wide.0, &narrow.0);
        close(&wide.1, &narrow.1);
        close(&wide.2, &narrow.2);
    }

    #[test]
    fn no_keys_and_no_queries_are_no_trouble() {
        let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
        for (batch, q_len, k_len) in [(0, 3, 2), (2, 0, 3), (2, 3, 0)] {
            let (query, key) = (normal([batch, q_len, 4], "query"), normal([batch, k_len, 4], "key"));
            let out = attention(&query, &key, &key, &spec);
            assert_eq!(out.context, Tensor::zeros(query.shape(), DType::F64));
            let grads = attention_vjp(&query, &key, &key, &out.weights, &query, &spec);
            assert_eq!((grads.0.shape(), grads.1), (query.shape(), Tensor::zeros(key.shape(), DType::F64)));
        }
    }

    #[test]
    #[should_panic(expected = "attention: query [2, 3, 4], key [3, 3, 4] and value [3, 3, 4] do not fit")]
    fn another_batch_panics() {
        let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
        let (query, key) = (normal([2, 3, 4], "query"), normal([3, 3, 4], "key"));
        let _ = attention(&query, &key, &key, &spec);
    }

    #[test]
    #[should_panic(expected = "attention: 3 heads do not divide query [1, 1, 4]")]
    fn heads_that_do_not_divide_panic() {
        let x = normal([1, 1, 4], "x");
        let _ = attention(&x, &x, &x, &AttentionSpec { n_heads: 3, scale: 1.0, mask: None, dropout: None });
    }
}
