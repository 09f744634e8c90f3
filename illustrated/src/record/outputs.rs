//! What a model says at each position of the target.

use tensor::{DType, Tensor};

use super::words::{self, MAX_WORDS};
use crate::recording::{Output, Said};

/// Of a large vocabulary, so many of the likeliest words.
const LIKELIEST: usize = 16;

/// The outputs of logits `[tgt_len, vocab_size]`, at which backward found these gradients, for these labels.
pub(super) fn outputs(
    logits: &Tensor,
    gradients: &Tensor,
    labels: &[u32],
    smoothing: f64,
    words: &[String],
) -> Vec<Output> {
    let vocab_size = logits.dim(1);
    let [logits, gradients] = [logits, gradients].map(|tensor| tensor.to_dtype(DType::F64).to_vec::<f64>());
    let rows = logits.chunks_exact(vocab_size).zip(gradients.chunks_exact(vocab_size));
    let rows = rows.zip(labels).enumerate();
    rows.map(|(position, (rows, &label))| output(position, rows, label, smoothing, words)).collect()
}

/// One position, of which `row` are the logits and `gradients` those of the loss there.
fn output(
    position: usize,
    (row, gradients): (&[f64], &[f64]),
    label: u32,
    smoothing: f64,
    words: &[String],
) -> Output {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum_exp = max + row.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln();
    let mut ids: Vec<usize> = (0..row.len()).collect();
    if row.len() > MAX_WORDS {
        ids.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        ids.truncate(LIKELIEST);
        if !ids.contains(&(label as usize)) {
            ids[LIKELIEST - 1] = label as usize; // so that every position lists as many
        }
    }
    let said = |id: usize| {
        let log_prob = row[id] - log_sum_exp;
        let target = smoothing / row.len() as f64 + if id == label as usize { 1.0 - smoothing } else { 0.0 };
        let (token, gradient) = (words::token(id as u32, words), gradients[id]);
        Said { token, logit: row[id], log_prob, target, gradient }
    };
    Output { position, words: ids.into_iter().map(said).collect(), log_sum_exp }
}
