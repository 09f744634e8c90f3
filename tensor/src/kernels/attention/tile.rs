//! What forward pass and vjp have in common: the weights of a tile, some consecutive queries of one head.

use std::ops::Range;

use super::Attention;
use crate::kernels::gemm::element::Gemm;
use crate::kernels::gemm::gemm;
use crate::kernels::gemm::matrix::{AddTo, MatMut, MatRef};
use crate::kernels::softmax::softmax_rows;

/// How many queries are taken at a time. Their weights on a thousand keys fit the second-level cache.
pub(super) const TILE: usize = 64;

/// What a task needs for one tile, used again for the next.
pub(super) struct Scratch<T> {
    pub weights: Vec<T>,
    pub dropped: Vec<T>,
    pub grad_scores: Vec<T>,
}

impl<T: Gemm> Attention<'_, T> {
    /// The weights of some queries of a head, before dropout, in `room`. `[rows, k_len]`
    pub(super) fn weights_of<'b>(
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
        gemm(query, key.t(), AddTo::Zero, MatMut::row_major(weights, rows.len(), k_len));
        let first_row = (sentence * self.query.heads + head) * self.query.len + rows.start;
        softmax_rows(weights, k_len, self.scale, self.mask, first_row);
        weights
    }

    /// The matrices of one head of one sentence: query `[q_len, d_head]`, key and value `[k_len, d_head]`.
    pub(super) fn heads(
        &self,
        sentence: usize,
        head: usize,
    ) -> (MatRef<'_, T>, MatRef<'_, T>, MatRef<'_, T>) {
        let kv_head = head / self.group();
        (
            self.query.head(sentence, head),
            self.key.head(sentence, kv_head),
            self.value.head(sentence, kv_head),
        )
    }

    /// How many query heads share a key head.
    pub(super) fn group(&self) -> usize {
        self.query.heads / self.key.heads
    }

    /// The weights of some queries of a head after dropout: themselves without, else in `room`.
    pub(super) fn after_dropout<'b>(
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
    pub(super) fn first_weight(&self, sentence: usize, head: usize, row: usize) -> usize {
        ((sentence * self.query.heads + head) * self.query.len + row) * self.key.len
    }

    /// Room for the weights of a tile, and `backward` for their gradients.
    pub(super) fn scratch(&self, backward: bool) -> Scratch<T> {
        let room =
            |is_used| vec![T::zero(); if is_used { self.query.len.min(TILE) * self.key.len } else { 0 }];
        let dropped = room(self.dropout.is_some());
        Scratch { weights: room(true), dropped, grad_scores: room(backward) }
    }

    /// About how many numbers are computed for a query.
    pub(super) fn work_per_query(&self) -> usize {
        self.query.heads * self.key.len + 3 * self.query.width()
    }
}

/// `data` in chunks of `len`, one per sentence; none where a sentence has no elements.
pub(super) fn chunks<T>(data: &mut [T], len: usize) -> std::slice::ChunksExactMut<'_, T> {
    data.chunks_exact_mut(len.max(1))
}
