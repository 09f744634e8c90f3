//! Scaled dot-product attention of many heads (Vaswani et al. 2017, §3.2):
//! `context = dropout(softmax(scale * query key^T)) value`, for each sentence and each head.
//!
//! A head is a range of columns: head h of a projection `[batch, len, n_heads * d_head]` is the matrix
//! `[len, d_head]` that starts `h * d_head` columns in and whose rows are `n_heads * d_head` apart. The
//! matrix product takes strides, so heads are read where they stand and their contexts are written side
//! by side, where the output projection wants them. The usual reshape to `[batch, n_heads, len, d_head]`
//! and back copies every operand for nothing.
//!
//! The weights are kept: the vjp needs them, and readers want to see them. Keys and values may have fewer
//! heads than the queries, each serving a group of consecutive ones (multi-query: Shazeer 2019; grouped-query:
//! Ainslie et al. 2023).
//!
//! A task is one sentence (several, if they are small): its weights and its context are contiguous.

use crate::element::Element;
use crate::kernels::dropout::Dropout;
use crate::kernels::elementwise::Strided;
use crate::kernels::gemm::{MatMut, MatRef, gemm};
use crate::kernels::parallel::{for_each_chunk, rows_per_chunk};
use crate::kernels::softmax::{mask_row, softmax_row, softmax_vjp_row};

/// A projection `[batch, len, heads * d_head]` whose rows are contiguous. A batch stride of 0 repeats one
/// sentence.
#[derive(Clone, Copy)]
pub struct Heads<'a, T> {
    /// The memory from the first element on.
    pub data: &'a [T],
    /// The number of positions in a sentence.
    pub len: usize,
    /// The number of heads that stand side by side in a row.
    pub heads: usize,
    /// The number of columns of a head.
    pub d_head: usize,
    /// The distance between neighbouring sentences.
    pub batch_stride: usize,
    /// The distance between neighbouring positions.
    pub row_stride: usize,
}

impl<'a, T: Copy> Heads<'a, T> {
    /// A projection that is contiguous as a whole.
    fn contiguous(data: &'a [T], len: usize, heads: usize, d_head: usize) -> Self {
        let row_stride = heads * d_head;
        Heads { data, len, heads, d_head, batch_stride: len * row_stride, row_stride }
    }

    /// One head of one sentence. `[len, d_head]`
    fn head(&self, sentence: usize, head: usize) -> MatRef<'a, T> {
        let start = sentence * self.batch_stride + head * self.d_head;
        let data = self.data.get(start..).unwrap_or_default(); // nothing, where len is 0
        MatRef { data, rows: self.len, cols: self.d_head, row_stride: self.row_stride, col_stride: 1 }
    }

    /// The number of elements of one sentence.
    fn sentence_len(&self) -> usize {
        self.len * self.heads * self.d_head
    }

    /// The same head in a contiguous sentence `[len, heads * d_head]` that is being written.
    fn head_mut<'b>(&self, sentence: &'b mut [T], head: usize) -> MatMut<'b, T> {
        MatMut {
            data: &mut sentence[head * self.d_head..],
            rows: self.len,
            cols: self.d_head,
            row_stride: self.heads * self.d_head,
            col_stride: 1,
        }
    }
}

/// What attention works on. `query` has the heads of the result; those of `key` and `value` divide them.
#[derive(Clone, Copy)]
pub struct Attention<'a, T> {
    /// The number of sentences.
    pub batch: usize,
    /// `[batch, q_len, n_heads * d_head]`
    pub query: Heads<'a, T>,
    /// `[batch, k_len, n_kv_heads * d_head]`
    pub key: Heads<'a, T>,
    /// `[batch, k_len, n_kv_heads * d_head]`
    pub value: Heads<'a, T>,
    /// What scores are multiplied by; the paper's `1 / sqrt(d_head)`.
    pub scale: T,
    /// Where a query may attend, `[batch, n_heads, q_len, k_len]`, the last axis contiguous.
    pub mask: Option<Strided<'a, bool>>,
    /// Applied to the weights after the softmax.
    pub dropout: Option<Dropout>,
}

impl<T: Element> Attention<'_, T> {
    /// The context `[batch, q_len, n_heads * d_head]`, and the weights `[batch, n_heads, q_len, k_len]` as the
    /// softmax leaves them, before dropout.
    pub fn forward(&self) -> (Vec<T>, Vec<T>) {
        let (weights_len, context_len) = (self.weights_len(), self.query.sentence_len());
        let mut weights = vec![T::zero(); self.batch * weights_len];
        let mut context = vec![T::zero(); self.batch * context_len];
        let mut sentences: Vec<_> =
            chunks(&mut weights, weights_len).zip(chunks(&mut context, context_len)).collect();
        let per_task = self.sentences_per_task();
        for_each_chunk(&mut sentences, per_task, |task, sentences| {
            for (sentence, (weights, context)) in (task * per_task..).zip(sentences) {
                self.attend(sentence, weights, context);
            }
        });
        (context, weights)
    }

    /// All heads of one sentence: weights `[n_heads, q_len, k_len]`, context `[q_len, n_heads * d_head]`.
    fn attend(&self, sentence: usize, weights: &mut [T], context: &mut [T]) {
        let (q_len, k_len) = (self.query.len, self.key.len);
        let mut dropped = Vec::new();
        for (head, weights) in weights.chunks_exact_mut(q_len * k_len).enumerate() {
            let (query, key, value) = self.heads(sentence, head);
            gemm(T::one(), query, key.t(), T::zero(), MatMut::row_major(weights, q_len, k_len));
            let first_row = (sentence * self.query.heads + head) * q_len;
            for (i, row) in weights.chunks_exact_mut(k_len).enumerate() {
                softmax_row(row, self.scale, self.mask.map(|mask| mask_row(mask, first_row + i)));
            }
            let weights = self.after_dropout(sentence, head, weights, &mut dropped);
            let context = self.query.head_mut(context, head);
            gemm(T::one(), MatRef::row_major(weights, q_len, k_len), value, T::zero(), context);
        }
    }

    /// The vjp: from the weights and the gradient of the context, the gradients of query, key and value, in
    /// their layouts but contiguous. With `W` the weights, `D` the weights after dropout and `C` the context,
    /// per head
    ///
    /// `dV = D^T dC`, `dD = dC V^T`, `dW = dropout(dD)`, `dS = scale * W * (dW - rowsum(dW * W))`,
    /// `dQ = dS K`, `dK = dS^T Q`.
    pub fn vjp(&self, weights: &[T], grad_context: &[T]) -> (Vec<T>, Vec<T>, Vec<T>) {
        let (query_len, key_len) = (self.query.sentence_len(), self.key.sentence_len());
        let mut grad_query = vec![T::zero(); self.batch * query_len];
        let mut grad_key = vec![T::zero(); self.batch * key_len];
        let mut grad_value = vec![T::zero(); self.batch * key_len];
        let mut sentences: Vec<_> = chunks(&mut grad_query, query_len)
            .zip(chunks(&mut grad_key, key_len).zip(chunks(&mut grad_value, key_len)))
            .collect();
        let per_task = self.sentences_per_task();
        for_each_chunk(&mut sentences, per_task, |task, sentences| {
            for (sentence, (grad_query, (grad_key, grad_value))) in (task * per_task..).zip(sentences) {
                self.attend_vjp(sentence, weights, grad_context, [grad_query, grad_key, grad_value]);
            }
        });
        (grad_query, grad_key, grad_value)
    }

    /// [`Attention::vjp`] for all heads of one sentence, whose gradients are zero before.
    fn attend_vjp(
        &self,
        sentence: usize,
        weights: &[T],
        grad_context: &[T],
        [grad_query, grad_key, grad_value]: [&mut [T]; 3],
    ) {
        let (q_len, k_len) = (self.query.len, self.key.len);
        let weights = &weights[sentence * self.weights_len()..][..self.weights_len()];
        let grad_context = Heads::contiguous(grad_context, q_len, self.query.heads, self.query.d_head);
        let (mut dropped, mut grad_scores) = (Vec::new(), vec![T::zero(); q_len * k_len]);
        for (head, weights) in weights.chunks_exact(q_len * k_len).enumerate() {
            let (query, key, value) = self.heads(sentence, head);
            let grad_context = grad_context.head(sentence, head);
            let kv_head = head / self.group();

            let used = self.after_dropout(sentence, head, weights, &mut dropped);
            let used = MatRef::row_major(used, q_len, k_len);
            gemm(T::one(), used.t(), grad_context, T::one(), self.value.head_mut(grad_value, kv_head));

            let out = MatMut::row_major(&mut grad_scores, q_len, k_len);
            gemm(T::one(), grad_context, value.t(), T::zero(), out);
            if let Some(dropout) = self.dropout {
                dropout.apply(&mut grad_scores, self.first_weight(sentence, head));
            }
            for (weights, grad) in weights.chunks_exact(k_len).zip(grad_scores.chunks_exact_mut(k_len)) {
                softmax_vjp_row(weights, self.scale, grad);
            }
            let grad_scores = MatRef::row_major(&grad_scores, q_len, k_len);
            gemm(T::one(), grad_scores, key, T::zero(), self.query.head_mut(grad_query, head));
            gemm(T::one(), grad_scores.t(), query, T::one(), self.key.head_mut(grad_key, kv_head));
        }
    }

    /// The matrices of one head of one sentence: query `[q_len, d_head]`, key and value `[k_len, d_head]`.
    fn heads(&self, sentence: usize, head: usize) -> (MatRef<'_, T>, MatRef<'_, T>, MatRef<'_, T>) {
        let kv_head = head / self.group();
        (
            self.query.head(sentence, head),
            self.key.head(sentence, kv_head),
            self.value.head(sentence, kv_head),
        )
    }

    /// How many query heads share a key head.
    fn group(&self) -> usize {
        self.query.heads / self.key.heads
    }

    /// The weights of one head after dropout: themselves without, else in `scratch`.
    fn after_dropout<'b>(
        &self,
        sentence: usize,
        head: usize,
        weights: &'b [T],
        scratch: &'b mut Vec<T>,
    ) -> &'b [T] {
        let Some(dropout) = self.dropout else { return weights };
        scratch.clear();
        scratch.extend_from_slice(weights);
        dropout.apply(scratch, self.first_weight(sentence, head));
        scratch
    }

    /// The place of a head's first weight among all weights, which is what dropout goes by.
    fn first_weight(&self, sentence: usize, head: usize) -> usize {
        sentence * self.weights_len() + head * self.query.len * self.key.len
    }

    /// The number of weights of one sentence.
    fn weights_len(&self) -> usize {
        self.query.heads * self.query.len * self.key.len
    }

    fn sentences_per_task(&self) -> usize {
        rows_per_chunk(self.weights_len() + self.query.sentence_len() + 2 * self.key.sentence_len())
    }
}

/// `data` in chunks of `len`, one per sentence; none where a sentence has no elements.
fn chunks<T>(data: &mut [T], len: usize) -> std::slice::ChunksExactMut<'_, T> {
    data.chunks_exact_mut(len.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::softmax::tests::{naive_softmax, naive_softmax_vjp};
    use crate::random::Seed;
    use crate::shape::Shape;
    use approx::assert_relative_eq;

    /// Element (sentence, position, head, column) of a projection.
    fn at(x: &Heads<f64>, sentence: usize, position: usize, head: usize, column: usize) -> f64 {
        x.data[sentence * x.batch_stride + position * x.row_stride + head * x.d_head + column]
    }

    /// What attention computes, loop by loop: context, weights, and for a gradient `g` of the context, laid out
    /// as the query is, the gradients of query, key and value.
    fn naive_attention(a: &Attention<f64>, g: &Heads<f64>) -> [Vec<f64>; 5] {
        let (q_len, k_len, heads, d_head) = (a.query.len, a.key.len, a.query.heads, a.query.d_head);
        let [mut context, mut grad_query] = [0, 1].map(|_| vec![0.0; a.batch * a.query.sentence_len()]);
        let [mut grad_key, mut grad_value] = [0, 1].map(|_| vec![0.0; a.batch * a.key.sentence_len()]);
        let mut all_weights = Vec::new();
        for (s, h, i) in
            (0..a.batch * heads * q_len).map(|r| (r / q_len / heads, r / q_len % heads, r % q_len))
        {
            let kv = h / (heads / a.key.heads);
            let dot = |x: &Heads<f64>, j: usize, y: &Heads<f64>| -> f64 {
                (0..d_head).map(|c| at(y, s, i, h, c) * at(x, s, j, kv, c)).sum()
            };
            let scores: Vec<f64> = (0..k_len).map(|j| dot(&a.key, j, &a.query)).collect();
            let attend = |j: usize| {
                let places =
                    |mask: Strided<bool>| [0, 1, 2, 3].map(|axis| [s, h, i, j][axis] * mask.strides[axis]);
                a.mask.is_none_or(|mask| mask.data[places(mask).iter().sum::<usize>()])
            };
            let weights = naive_softmax(&scores, a.scale, attend);
            let first = ((s * heads + h) * q_len + i) * k_len;
            let drop = |mut values: Vec<f64>| {
                a.dropout.inspect(|dropout| dropout.apply(&mut values, first));
                values
            };
            let used = drop(weights.clone());
            let grad_weights = drop((0..k_len).map(|j| dot(&a.value, j, g)).collect());
            let grad_scores = naive_softmax_vjp(&weights, &grad_weights, a.scale);
            for (j, c) in (0..k_len * d_head).map(|e| (e / d_head, e % d_head)) {
                let q = ((s * q_len + i) * heads + h) * d_head + c;
                let k = ((s * k_len + j) * a.key.heads + kv) * d_head + c;
                context[q] += used[j] * at(&a.value, s, j, kv, c);
                grad_value[k] += used[j] * at(g, s, i, h, c);
                grad_query[q] += grad_scores[j] * at(&a.key, s, j, kv, c);
                grad_key[k] += grad_scores[j] * at(&a.query, s, i, h, c);
            }
            all_weights.extend(weights);
        }
        [context, all_weights, grad_query, grad_key, grad_value]
    }

    #[test]
    fn agrees_with_the_naive_twin() {
        let data: Vec<f64> = (0..40_000).map(|i| (i as f64 * 0.37).sin()).collect();
        let bits: Vec<bool> = (0..40_000).map(|i| i % 5 != 2 && i % 7 > 1).collect();
        let sizes = [
            [1, 1, 1, 1, 1, 1],
            [0, 2, 3, 2, 2, 4],
            [2, 0, 3, 2, 2, 4],
            [2, 3, 0, 2, 2, 4],
            [2, 3, 5, 2, 2, 3],
            [3, 4, 2, 6, 2, 5],
            [2, 7, 7, 4, 1, 8],
            [40, 5, 6, 2, 2, 16],
        ];
        for [batch, q_len, k_len, heads, kv_heads, d_head] in sizes {
            // Contiguous queries; keys from a wider projection; the values of one sentence for all.
            let query = Heads::contiguous(&data, q_len, heads, d_head);
            let row_stride = 2 * kv_heads * d_head + 1;
            let key = Heads::contiguous(&data[7..], k_len, kv_heads, d_head);
            let key = Heads { batch_stride: k_len * row_stride, row_stride, ..key };
            let value = Heads { data: &data[3..], batch_stride: 0, ..key };
            let grad_context = Heads { data: &data[11..], ..query };
            for (masked, dropout) in [(false, None), (true, None), (true, Some(Dropout::new(0.3, Seed(1))))] {
                let strides = Shape::from([q_len * k_len, 0, k_len, 1]);
                let shape = Shape::from([batch, heads, q_len, k_len]);
                let mask = masked.then_some(Strided { data: &bits[..], shape, strides });
                let attention = Attention { batch, query, key, value, scale: 0.4, mask, dropout };
                let expected = naive_attention(&attention, &grad_context);
                let (context, weights) = attention.forward();
                let (grad_query, grad_key, grad_value) = attention.vjp(&weights, grad_context.data);
                let results = [context, weights, grad_query, grad_key, grad_value];
                for (out, expected) in results.iter().zip(&expected) {
                    assert_relative_eq!(out[..], expected[..], epsilon = 1e-12);
                }
            }
        }
    }
}
