//! Solutions of chapter 10.

pub fn cross_entropy(logits: &[f64], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest - logits[label]
}

pub fn floor(vocab_size: usize, smoothing: f64) -> f64 {
    let other = smoothing / vocab_size as f64;
    let label = 1.0 - smoothing + other;
    -label * label.ln() - (vocab_size - 1) as f64 * other * other.ln()
}

pub fn shift_right(target: &[u32], bos_id: u32) -> Vec<u32> {
    let mut read = vec![bos_id];
    read.extend(&target[..target.len() - 1]);
    read
}
