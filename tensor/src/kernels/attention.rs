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
//! A task of the forward pass is a tile of queries, whose context is contiguous; one of the vjp is a head of the keys of a
//! sentence, to whose gradients all tiles of its queries add. Where these are small a task is several.

use std::ops::Range;

use crate::kernels::dropout::Dropout;
use crate::kernels::elementwise::Strided;
use crate::kernels::gemm::matrix::{MatMut, MatRef, Out};

mod forward;
mod tile;
mod vjp;

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
        }
    }

    /// All sentences, one below the other, in contiguous memory that several threads are going to write.
    fn all_of(&self, batch: usize, memory: &mut [T]) -> Out<T> {
        let (rows, cols) = (batch * self.len, self.width());
        assert_eq!(memory.len(), rows * cols, "attention: memory for all heads");
        Out { data: memory.as_mut_ptr(), rows, cols, row_stride: cols }
    }

    /// Some rows of a head in [such memory](Heads::all_of).
    fn head_at(&self, all: Out<T>, sentence: usize, head: usize, rows: Range<usize>) -> Out<T> {
        all.row_panel(sentence * self.len + rows.start, rows.len()).col_panel(head * self.d_head, self.d_head)
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

#[cfg(test)]
mod tests;
