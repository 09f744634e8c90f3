//! The forward pass, a task a tile of queries; and the weights, for who wants to look at them.

use std::ops::Range;

use super::Attention;
use super::tile::{Scratch, TILE, chunks};
use crate::kernels::gemm::element::Gemm;
use crate::kernels::gemm::gemm;
use crate::kernels::gemm::matrix::{AddTo, MatRef};
use crate::pool::{take, take_zeroed};
use crate::threads::{for_each_chunk, rows_per_chunk};

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
            gemm(used, value, AddTo::Zero, self.query.head_mut(context, head, 0..rows.len()));
        }
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
}
