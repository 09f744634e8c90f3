//! The vjp. A task is a head of the keys of a sentence, with all the queries that it serves: their tiles add to the same
//! gradients. Where that is little, a task is several.

use super::tile::{Scratch, TILE};
use super::{Attention, Heads};
use crate::kernels::gemm::element::Gemm;
use crate::kernels::gemm::matrix::{AddTo, MatMut, MatRef, Out};
use crate::kernels::gemm::{gemm, gemm_at};
use crate::kernels::softmax::softmax_vjp_rows;
use crate::pool::{take, take_zeroed};
use crate::threads::{for_each_index, rows_per_chunk};

/// The gradients of query, key and value, in memory that all tasks write to.
struct Gradients<T> {
    query: Out<T>,
    key: Out<T>,
    value: Out<T>,
}

impl<T: Gemm> Attention<'_, T> {
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
        let gradients = Gradients {
            query: self.query.all_of(self.batch, &mut grad_query),
            key: self.key.all_of(self.batch, &mut grad_key),
            value: self.value.all_of(self.batch, &mut grad_value),
        };
        assert!(
            self.group() * self.key.heads == self.query.heads,
            "attention: heads of the keys divide those of the queries"
        );
        let heads = self.batch * self.key.heads;
        let per_task = rows_per_chunk(self.query.len * self.work_per_query() / self.key.heads);
        for_each_index(heads.div_ceil(per_task), |task| {
            let mut scratch = self.scratch(true);
            for head in task * per_task..heads.min((task + 1) * per_task) {
                let (sentence, kv_head) = (head / self.key.heads, head % self.key.heads);
                // SAFETY: the gradients are borrowed uniquely until the loop has ended, and this head of this sentence is
                // this task's alone, as are the query heads that it serves: each is served by one, and all are.
                unsafe { self.attend_vjp(sentence, kv_head, grad_context, &gradients, &mut scratch) };
            }
        });
        (grad_query, grad_key, grad_value)
    }

    /// [`Attention::vjp`] for one head of the keys of a sentence, the gradients of key and value being zero before.
    ///
    /// # Safety
    /// The gradients of this head of this sentence, and of the queries that it serves, may be written, and nobody else looks
    /// at them.
    unsafe fn attend_vjp(
        &self,
        sentence: usize,
        kv_head: usize,
        grad_context: &[T],
        gradients: &Gradients<T>,
        scratch: &mut Scratch<T>,
    ) {
        let (q_len, k_len) = (self.query.len, self.key.len);
        let grad_context = Heads::contiguous(grad_context, q_len, self.query.heads, self.query.d_head);
        let grad_key = self.key.head_at(gradients.key, sentence, kv_head, 0..k_len);
        let grad_value = self.value.head_at(gradients.value, sentence, kv_head, 0..k_len);
        let tiles = (0..q_len).step_by(TILE).map(|first| first..q_len.min(first + TILE));
        let served = kv_head * self.group()..(kv_head + 1) * self.group();
        for (head, rows) in served.flat_map(|head| tiles.clone().map(move |rows| (head, rows))) {
            let Scratch { weights, dropped, grad_scores } = &mut *scratch;
            let (query, key, value) = self.heads(sentence, head);
            let query = query.row_panel(rows.start, rows.len());
            let grad_context = grad_context.head(sentence, head).row_panel(rows.start, rows.len());
            let grad_query = self.query.head_at(gradients.query, sentence, head, rows.clone());

            let weights = self.weights_of(sentence, head, rows.clone(), weights);
            let used = self.after_dropout(sentence, head, rows.start, weights, dropped);
            let used = MatRef::row_major(used, rows.len(), k_len);
            // SAFETY: the caller promises it.
            unsafe { gemm_at(used.t(), grad_context, AddTo::Out, grad_value) };

            let grad_scores = &mut grad_scores[..rows.len() * k_len];
            let out = MatMut::row_major(grad_scores, rows.len(), k_len);
            gemm(grad_context, value.t(), AddTo::Zero, out);
            if let Some(dropout) = self.dropout {
                dropout.apply(grad_scores, self.first_weight(sentence, head, rows.start));
            }
            softmax_vjp_rows(weights, k_len, self.scale, grad_scores);
            let grad_scores = MatRef::row_major(grad_scores, rows.len(), k_len);
            // SAFETY: the caller promises it.
            unsafe {
                gemm_at(grad_scores, key, AddTo::Zero, grad_query);
                gemm_at(grad_scores.t(), query, AddTo::Out, grad_key);
            }
        }
    }
}
