//! The vjp, a task a sentence: its tiles all add to the gradients of the same keys and values.

use super::tile::{Scratch, TILE, chunks};
use super::{Attention, Heads};
use crate::kernels::gemm::element::Gemm;
use crate::kernels::gemm::gemm;
use crate::kernels::gemm::matrix::{AddTo, MatMut, MatRef};
use crate::kernels::softmax::softmax_vjp_rows;
use crate::pool::{take, take_zeroed};
use crate::threads::{for_each_chunk, rows_per_chunk};

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
            gemm(used.t(), grad_context, AddTo::Out, self.value.head_mut(grad_value, kv_head, 0..k_len));

            let grad_scores = &mut grad_scores[..rows.len() * k_len];
            let out = MatMut::row_major(grad_scores, rows.len(), k_len);
            gemm(grad_context, value.t(), AddTo::Zero, out);
            if let Some(dropout) = self.dropout {
                dropout.apply(grad_scores, self.first_weight(sentence, head, rows.start));
            }
            softmax_vjp_rows(weights, k_len, self.scale, grad_scores);
            let grad_scores = MatRef::row_major(grad_scores, rows.len(), k_len);
            gemm(grad_scores, key, AddTo::Zero, self.query.head_mut(grad_query, head, rows));
            gemm(grad_scores.t(), query, AddTo::Out, self.key.head_mut(grad_key, kv_head, 0..k_len));
        }
    }
}
