//! What a model says at each position of the target.

use tensor::{DType, Tensor};

use super::words::{self, MAX_WORDS};
use crate::recording::{Output, Said};

/// Of a large vocabulary, so many of the likeliest words.
const LIKELIEST: usize = 16;

/// The outputs of logits `[tgt_len, vocab_size]` for these labels.
pub(super) fn outputs(logits: &Tensor, labels: &[u32], smoothing: f64, words: &[String]) -> Vec<Output> {
    let all: Vec<f64> = logits.to_dtype(DType::F64).to_vec();
    let vocab_size = logits.dim(1);
    let rows = all.chunks_exact(vocab_size).zip(labels).enumerate();
    rows.map(|(position, (row, &label))| output(position, row, label, smoothing, labels.len(), words))
        .collect()
}

fn output(
    position: usize,
    row: &[f64],
    label: u32,
    smoothing: f64,
    n_labels: usize,
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
        let gradient = (log_prob.exp() - target) / n_labels as f64;
        Said { token: words::token(id as u32, words), logit: row[id], log_prob, target, gradient }
    };
    Output { position, words: ids.into_iter().map(said).collect(), log_sum_exp }
}
