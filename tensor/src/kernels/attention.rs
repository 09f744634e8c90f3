//! Scaled dot-product attention of many heads (Vaswani et al. 2017, §3.2):
//! `context = dropout(softmax(scale * query key^T)) value`, for each sentence and each head.
//!
//! A head is a range of columns: head h of a projection `[batch, len, n_heads * d_head]` is the matrix
//! `[len, d_head]` that starts `h * d_head` columns in and whose rows are `n_heads * d_head` apart. The
//! matrix product takes strides, so heads are read where they stand and their contexts are written side
//! by side, where the output projection wants them. The usual reshape to `[batch, n_heads, len, d_head]`
//! and back copies every operand for nothing.
//!
//! The weights of a head are `[q_len, k_len]`, and those of all heads of a long sentence larger than all else.
//! They never stand in memory together: queries are taken `TILE` at a time, and the vjp computes the weights of
//! a tile again instead of reading them (Rabe and Staats 2021; Dao et al. 2022). So memory grows with the
//! length and not with its square.
//!
//! Keys and values may have fewer heads than the queries, each serving a group of consecutive ones (multi-query:
//! Shazeer 2019; grouped-query: Ainslie et al. 2023).
//!
//! A task of the forward pass is a tile of queries, whose context is contiguous; one of the vjp is a sentence, whose
//! tiles all add to the gradients of its keys. Where these are small a task is several.

use std::ops::Range;

use crate::kernels::dropout::Dropout;
use crate::kernels::elementwise::Strided;
use crate::kernels::gemm::gemm;
use crate::kernels::gemm::library::Gemm;
use crate::kernels::gemm::matrix::{MatMut, MatRef};
use crate::kernels::softmax::{softmax_rows, softmax_vjp_rows};
use crate::pool::{take, take_zeroed};
use crate::threads::{for_each_chunk, rows_per_chunk};

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
        self.len * self.width()
    }

    /// Some rows of the same head in contiguous memory `[.., heads * d_head]` that is being written.
    fn head_mut<'b>(&self, memory: &'b mut [T], head: usize, rows: Range<usize>) -> MatMut<'b, T> {
        MatMut {
            data: &mut memory[rows.start * self.width() + head * self.d_head..],
            rows: rows.len(),
            cols: self.d_head,
            row_stride: self.width(),
            col_stride: 1,
        }
    }

    /// The number of columns of all heads.
    fn width(&self) -> usize {
        self.heads * self.d_head
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

/// How many queries are taken at a time. Their weights on a thousand keys fit the second-level cache.
const TILE: usize = 64;

/// What a task needs for one tile, used again for the next.
struct Scratch<T> {
    weights: Vec<T>,
    dropped: Vec<T>,
    grad_scores: Vec<T>,
}

impl<T: Gemm> Attention<'_, T> {
    /// The context `[batch, q_len, n_heads * d_head]`.
    pub fn forward(&self) -> Vec<T> {
        if self.key.len == 0 {
            return take_zeroed(self.batch * self.query.sentence_len());
        }
        let mut context = take(self.batch * self.query.sentence_len());
        let (sentence_len, tile_len) = (self.query.sentence_len(), TILE * self.query.width());
        let tiles = chunks(&mut context, sentence_len).enumerate().flat_map(|(sentence, context)| {
            let tiles = context.chunks_mut(tile_len.max(1)).enumerate();
            tiles.map(move |(tile, context)| (sentence, tile * TILE, context))
        });
        let mut tiles: Vec<_> = tiles.collect();
        let per_task = rows_per_chunk(self.query.len.min(TILE) * self.work_per_query());
        for_each_chunk(&mut tiles, per_task, |_, tiles| {
            let mut scratch = self.scratch(false);
            for (sentence, first, context) in tiles {
                let rows = *first..*first + context.len() / self.query.width();
                self.attend(*sentence, rows, context, &mut scratch);
            }
        });
        context
    }

    /// All heads of some queries of a sentence: context `[rows, n_heads * d_head]`.
    fn attend(&self, sentence: usize, rows: Range<usize>, context: &mut [T], scratch: &mut Scratch<T>) {
        for head in 0..self.query.heads {
            let Scratch { weights, dropped, .. } = scratch;
            let weights = self.weights_of(sentence, head, rows.clone(), weights);
            let used = self.after_dropout(sentence, head, rows.start, weights, dropped);
            let used = MatRef::row_major(used, rows.len(), self.key.len);
            let (_, _, value) = self.heads(sentence, head);
            gemm(T::one(), used, value, T::zero(), self.query.head_mut(context, head, 0..rows.len()));
        }
    }

    /// The weights of some queries of a head, before dropout, in `room`. `[rows, k_len]`
    fn weights_of<'b>(
        &self,
        sentence: usize,
        head: usize,
        rows: Range<usize>,
        room: &'b mut [T],
    ) -> &'b mut [T] {
        let (query, key, _) = self.heads(sentence, head);
        let k_len = self.key.len;
        let weights = &mut room[..rows.len() * k_len];
        let query = query.row_panel(rows.start, rows.len());
        gemm(T::one(), query, key.t(), T::zero(), MatMut::row_major(weights, rows.len(), k_len));
        let first_row = (sentence * self.query.heads + head) * self.query.len + rows.start;
        softmax_rows(weights, k_len, self.scale, self.mask, first_row);
        weights
    }

    /// All weights, before dropout, to look at. `[batch, n_heads, q_len, k_len]`
    pub fn weights(&self) -> Vec<T> {
        let head_len = self.query.len * self.key.len;
        let mut weights = take(self.batch * self.query.heads * head_len);
        for_each_chunk(&mut weights, head_len.max(1), |index, weights| {
            let (sentence, head) = (index / self.query.heads, index % self.query.heads);
            self.weights_of(sentence, head, 0..self.query.len, weights);
        });
        weights
    }

    /// The vjp: from the gradient of the context, the gradients of query, key and value, in their layouts but
    /// contiguous. With `W` the weights, `D` the weights after dropout and `C` the context, per head
    ///
    /// `dV = D^T dC`, `dD = dC V^T`, `dW = dropout(dD)`, `dS = scale * W * (dW - rowsum(dW * W))`,
    /// `dQ = dS K`, `dK = dS^T Q`.
    pub fn vjp(&self, grad_context: &[T]) -> (Vec<T>, Vec<T>, Vec<T>) {
        let (query_len, key_len) = (self.query.sentence_len(), self.key.sentence_len());
        let mut grad_key = take_zeroed(self.batch * key_len);
        let mut grad_value = take_zeroed(self.batch * key_len);
        if self.key.len == 0 {
            return (take_zeroed(self.batch * query_len), grad_key, grad_value);
        }
        let mut grad_query = take(self.batch * query_len);
        let mut sentences: Vec<_> = chunks(&mut grad_query, query_len)
            .zip(chunks(&mut grad_key, key_len).zip(chunks(&mut grad_value, key_len)))
            .collect();
        let per_task = rows_per_chunk(self.query.len * self.work_per_query());
        for_each_chunk(&mut sentences, per_task, |task, sentences| {
            let mut scratch = self.scratch(true);
            for (sentence, (grad_query, (grad_key, grad_value))) in (task * per_task..).zip(sentences) {
                let gradients = [&mut **grad_query, grad_key, grad_value];
                self.attend_vjp(sentence, grad_context, gradients, &mut scratch);
            }
        });
        (grad_query, grad_key, grad_value)
    }

    /// [`Attention::vjp`] for all heads of one sentence, the gradients of whose key and value are zero before.
    fn attend_vjp(
        &self,
        sentence: usize,
        grad_context: &[T],
        [grad_query, grad_key, grad_value]: [&mut [T]; 3],
        scratch: &mut Scratch<T>,
    ) {
        let (q_len, k_len) = (self.query.len, self.key.len);
        let grad_context = Heads::contiguous(grad_context, q_len, self.query.heads, self.query.d_head);
        let tiles = (0..q_len).step_by(TILE).map(|first| first..q_len.min(first + TILE));
        for (head, rows) in (0..self.query.heads).flat_map(|head| tiles.clone().map(move |rows| (head, rows)))
        {
            let Scratch { weights, dropped, grad_scores } = &mut *scratch;
            let (query, key, value) = self.heads(sentence, head);
            let query = query.row_panel(rows.start, rows.len());
            let grad_context = grad_context.head(sentence, head).row_panel(rows.start, rows.len());
            let kv_head = head / self.group();

            let weights = self.weights_of(sentence, head, rows.clone(), weights);
            let used = self.after_dropout(sentence, head, rows.start, weights, dropped);
            let used = MatRef::row_major(used, rows.len(), k_len);
            gemm(
                T::one(),
                used.t(),
                grad_context,
                T::one(),
                self.value.head_mut(grad_value, kv_head, 0..k_len),
            );

            let grad_scores = &mut grad_scores[..rows.len() * k_len];
            let out = MatMut::row_major(grad_scores, rows.len(), k_len);
            gemm(T::one(), grad_context, value.t(), T::zero(), out);
            if let Some(dropout) = self.dropout {
                dropout.apply(grad_scores, self.first_weight(sentence, head, rows.start));
            }
            softmax_vjp_rows(weights, k_len, self.scale, grad_scores);
            let grad_scores = MatRef::row_major(grad_scores, rows.len(), k_len);
            gemm(T::one(), grad_scores, key, T::zero(), self.query.head_mut(grad_query, head, rows));
            gemm(T::one(), grad_scores.t(), query, T::one(), self.key.head_mut(grad_key, kv_head, 0..k_len));
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

    /// The weights of some queries of a head after dropout: themselves without, else in `room`.
    fn after_dropout<'b>(
        &self,
        sentence: usize,
        head: usize,
        first_row: usize,
        weights: &'b [T],
        room: &'b mut [T],
    ) -> &'b [T] {
        let Some(dropout) = self.dropout else { return weights };
        let dropped = &mut room[..weights.len()];
        dropped.copy_from_slice(weights);
        dropout.apply(dropped, self.first_weight(sentence, head, first_row));
        dropped
    }

    /// The place of a query's first weight among all weights, which is what dropout goes by.
    fn first_weight(&self, sentence: usize, head: usize, row: usize) -> usize {
        ((sentence * self.query.heads + head) * self.query.len + row) * self.key.len
    }

    /// Room for the weights of a tile, and `backward` for their gradients.
    fn scratch(&self, backward: bool) -> Scratch<T> {
        let room =
            |is_used| vec![T::zero(); if is_used { self.query.len.min(TILE) * self.key.len } else { 0 }];
        let dropped = room(self.dropout.is_some());
        Scratch { weights: room(true), dropped, grad_scores: room(backward) }
    }

    /// About how many numbers are computed for a query.
    fn work_per_query(&self) -> usize {
        self.query.heads * self.key.len + 3 * self.query.width()
    }
}

/// `data` in chunks of `len`, one per sentence; none where a sentence has no elements.
fn chunks<T>(data: &mut [T], len: usize) -> std::slice::ChunksExactMut<'_, T> {
    data.chunks_exact_mut(len.max(1))
}

#[cfg(test)]
mod tests;
