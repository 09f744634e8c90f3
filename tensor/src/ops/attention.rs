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

/// Attention of `query` `[batch, q_len, d_model]` to `key` and `value` `[batch, k_len, d_model]`. A query
/// that may attend to nothing gets a context of zeros.
///
/// Keys and values of batch 1 serve every sentence. Keys and values with fewer columns have fewer heads
/// of the same width, each serving a group of consecutive query heads (grouped-query attention, Ainslie et
/// al. 2023; with one head, multi-query attention, Shazeer 2019).
///
/// # Panics
/// If the shapes do not fit, the dtypes differ or the dropout probability is not in [0, 1).
#[must_use]
#[track_caller]
pub fn attention(query: &Tensor, key: &Tensor, value: &Tensor, spec: &AttentionSpec) -> Tensor {
    let operands = Operands::new("attention", query, key, value, spec);
    dispatch!(query.dtype(), T => Tensor::from_vec(operands.kernel::<T>().forward(), query.shape()))
}

/// How much each query attends to each key, before dropout: what [`attention`] computes on the way, up to
/// rounding, and never holds whole. `[batch, n_heads, q_len, k_len]`
///
/// # Panics
/// As [`attention`].
#[must_use]
#[track_caller]
pub fn attention_weights(query: &Tensor, key: &Tensor, spec: &AttentionSpec) -> Tensor {
    let operands = Operands::new("attention_weights", query, key, key, spec);
    let shape = [query.dim(0), spec.n_heads, query.dim(1), key.dim(1)];
    dispatch!(query.dtype(), T => Tensor::from_vec(operands.kernel::<T>().weights(), shape))
}

/// The vjp of [`attention`]: the gradients of query, key and value, from these and the gradient of the context.
/// The equations are at the kernel, `kernels/attention.rs`.
///
/// # Panics
/// As [`attention`], or if `grad_out` does not have the shape and dtype of the query.
#[must_use]
#[track_caller]
pub fn attention_vjp(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    grad_out: &Tensor,
    spec: &AttentionSpec,
) -> (Tensor, Tensor, Tensor) {
    let operands = Operands::new("attention_vjp", query, key, value, spec);
    check_dtypes("attention_vjp", query, grad_out);
    let fits = grad_out.shape() == query.shape();
    assert!(fits, "attention_vjp: grad_out {} for query {}", grad_out.shape(), query.shape());
    let grad_out = grad_out.contiguous();
    dispatch!(query.dtype(), T => {
        let (grad_query, grad_key, grad_value) = operands.kernel::<T>().vjp(grad_out.data());
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
mod tests;
