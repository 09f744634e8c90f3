//! Solutions of chapter 9.

use etudiant::tensor::Tensor;

pub fn layer_norm(row: &[f64], eps: f64) -> Vec<f64> {
    let n = row.len() as f64;
    let mean = row.iter().sum::<f64>() / n;
    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    row.iter().map(|x| (x - mean) / (variance + eps).sqrt()).collect()
}

pub fn residual(
    x: &Tensor,
    sublayer: fn(&Tensor) -> Tensor,
    norm: fn(&Tensor) -> Tensor,
    norm_first: bool,
) -> Tensor {
    if norm_first { x + &sublayer(&norm(x)) } else { norm(&(x + &sublayer(x))) }
}

pub fn n_parameters(d_model: usize, d_ff: usize) -> usize {
    let attention = 4 * d_model * d_model;
    let feed_forward = d_model * d_ff + d_ff + d_ff * d_model + d_model;
    let norms = 2 * (d_model + d_model);
    attention + feed_forward + norms
}
