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
//! heads than the queries, each serving a group of consecutive ones (multi-query: Shazeer 2019;
//! grouped-query: Ainslie et al. 2023).
//!
//! A task is one sentence (several, if they are small): its weights and its context are contiguous.

use crate::element::Element;
use crate::kernels::dropout::Dropout;
use crate::kernels::elementwise::Strided;
use crate::kernels::gemm::{MatMut, MatRef, gemm};
use crate::kernels::parallel::{for_each_chunk, rows_per_chunk};
use crate::kernels::softmax::{softmax_rows, softmax_vjp_rows};
use crate::pool::{take, take_zeroed};

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
    /// The context `[batch, q_len, n_heads * d_head]`, and the weights `[batch, n_heads, q_len, k_len]` as
    /// the softmax leaves them, before dropout.
    pub fn forward(&self) -> (Vec<T>, Vec<T>) {
        let (weights_len, context_len) = (self.weights_len(), self.query.sentence_len());
        let mut weights = take(self.batch * weights_len);
        let mut context = self.room(self.batch * context_len);
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

    /// Room for what every query gets; zeros where it gets nothing, because there are no keys.
    fn room(&self, len: usize) -> Vec<T> {
        if self.key.len == 0 { take_zeroed(len) } else { take(len) }
    }

    /// All heads of one sentence: weights `[n_heads, q_len, k_len]`, context `[q_len, n_heads * d_head]`.
    fn attend(&self, sentence: usize, weights: &mut [T], context: &mut [T]) {
        let (q_len, k_len) = (self.query.len, self.key.len);
        let mut dropped = Vec::new();
        for (head, weights) in weights.chunks_exact_mut(q_len * k_len).enumerate() {
            let (query, key, value) = self.heads(sentence, head);
            gemm(T::one(), query, key.t(), T::zero(), MatMut::row_major(weights, q_len, k_len));
            let first_row = (sentence * self.query.heads + head) * q_len;
            softmax_rows(weights, k_len, self.scale, self.mask, first_row);
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
        let mut grad_query = self.room(self.batch * query_len);
        let mut grad_key = take_zeroed(self.batch * key_len);
        let mut grad_value = take_zeroed(self.batch * key_len);
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
            softmax_vjp_rows(weights, k_len, self.scale, &mut grad_scores);
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
mod tests;
