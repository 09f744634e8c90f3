//! Exercises of chapter 9, `etudiant::book::ch09_encoder_decoder`. Write your code where it says `your_turn!`.

use etudiant::tensor::Tensor;

/// Exercise 1: The row less its mean, divided by `sqrt(variance + eps)`. The variance is the mean of the squared
/// differences from the mean.
///
/// `row.iter().sum::<f64>()` is the sum, `row.iter().map(|x| ...).collect()` a list made of the row.
pub fn layer_norm(row: &[f64], eps: f64) -> Vec<f64> {
    your_turn!(row, eps)
}

/// Exercise 2: The residual connection around a sublayer: the norm of the sum as in the paper, or, if `norm_first`,
/// the sum of x and what the sublayer makes of the normed x. `sublayer(x)` calls it with what is lent
/// already, `sublayer(&y)` with what you made; `x + &y` adds.
pub fn residual(
    x: &Tensor,
    sublayer: fn(&Tensor) -> Tensor,
    norm: fn(&Tensor) -> Tensor,
    norm_first: bool,
) -> Tensor {
    your_turn!(x, sublayer, norm, norm_first)
}

/// Exercise 3: How many numbers one encoder layer has: four square matrices of attention without biases, the two
/// matrices of the feed-forward network with theirs, and two norms with a scale and an offset for each column.
pub fn n_parameters(d_model: usize, d_ff: usize) -> usize {
    your_turn!(d_model, d_ff)
}
