//! Cross-entropy of softmax(logits) against labels, with label smoothing (Vaswani et al. 2017, §5.4).
//!
//! The smoothed target puts `1 - ε + ε / V` on the label and `ε / V` on each of the other V - 1 classes,
//! which is PyTorch's definition. The unsmoothed negative log-likelihood is computed beside it: perplexity
//! is made from that one, and only that one can reach zero.

use crate::dispatch;
use crate::kernels::cross_entropy as kernel;
use crate::kernels::fold::sum_row;
use crate::tensor::Tensor;

pub use crate::kernels::cross_entropy::IGNORE;

/// What [`cross_entropy`] computes. Sums are over the labels that count.
#[derive(Clone)]
pub struct CrossEntropyOutput {
    /// The sum of the smoothed cross-entropy.
    pub loss_sum: f64,
    /// The sum of `-log p(label)`.
    pub nll_sum: f64,
    /// The number of labels that count.
    pub count: usize,
    /// The number of labels that have the largest logit of their row, the first among equals.
    pub correct: usize,
}

/// The cross-entropy of softmax(logits) `[rows, vocab_size]` against one label per row, with a share
/// `smoothing` of the target spread over all classes. Rows labelled [`IGNORE`] do not count.
///
/// ```
/// use tensor::Tensor;
/// use tensor::ops::cross_entropy::{IGNORE, cross_entropy};
/// let logits = Tensor::from([[0.0, 0.0], [9.0, 9.0]]);
/// let out = cross_entropy(&logits, &[1, IGNORE], 0.0);
/// assert_eq!((out.loss_sum, out.count), (2f64.ln(), 1)); // two classes alike: log 2
/// ```
///
/// # Panics
/// If the logits are not a matrix with one row per label, a label is neither [`IGNORE`] nor below
/// vocab_size, or `smoothing` is not in [0, 1].
#[must_use]
#[track_caller]
pub fn cross_entropy(logits: &Tensor, labels: &[u32], smoothing: f64) -> CrossEntropyOutput {
    check("cross_entropy", logits, labels, smoothing);
    let (logits, vocab_size) = (logits.contiguous(), logits.dim(1));
    dispatch!(logits.dtype(), T => {
        output(&kernel::cross_entropy::<T>(logits.data(), vocab_size, labels, smoothing), labels)
    })
}

/// [`cross_entropy`], and its vjp in place of the logits, for losses whose scale is known beforehand.
///
/// # Panics
/// As [`cross_entropy`].
#[must_use]
#[track_caller]
pub fn cross_entropy_with_vjp(
    logits: &mut Tensor,
    labels: &[u32],
    smoothing: f64,
    scale: f64,
) -> CrossEntropyOutput {
    check("cross_entropy_with_vjp", logits, labels, smoothing);
    let vocab_size = logits.dim(1);
    dispatch!(logits.dtype(), T => {
        let logits = logits.data_mut::<T>();
        output(&kernel::cross_entropy_with_vjp(logits, vocab_size, labels, smoothing, scale), labels)
    })
}

fn output(rows: &[kernel::RowLoss], labels: &[u32]) -> CrossEntropyOutput {
    // Ignored rows are left out first, so that they do not change where the blocks of the sums begin, and so the bits.
    let counted = || rows.iter().zip(labels).filter(|&(_, &label)| label != IGNORE).map(|(row, _)| row);
    let sum = |share: fn(&kernel::RowLoss) -> f64| sum_row(&counted().map(share).collect::<Vec<f64>>());
    CrossEntropyOutput {
        loss_sum: sum(|row| row.loss),
        nll_sum: sum(|row| row.nll),
        count: counted().count(),
        correct: rows.iter().filter(|row| row.correct).count(),
    }
}

/// The vjp of [`cross_entropy`]: the gradient of `scale * loss_sum` with respect to the logits,
/// `scale * (softmax(logits) - target)`, with zeros in ignored rows. `[rows, vocab_size]`
///
/// A loss that is the mean over the labels that count has `scale = grad_out / count`.
///
/// # Panics
/// As [`cross_entropy`].
#[must_use]
#[track_caller]
pub fn cross_entropy_vjp(logits: &Tensor, labels: &[u32], smoothing: f64, scale: f64) -> Tensor {
    check("cross_entropy_vjp", logits, labels, smoothing);
    let logits = logits.contiguous();
    dispatch!(logits.dtype(), T => {
        Tensor::from_vec(kernel::cross_entropy_vjp::<T>(logits.data(), labels, smoothing, scale), logits.shape())
    })
}

#[track_caller]
fn check(operation: &str, logits: &Tensor, labels: &[u32], smoothing: f64) {
    let shape = logits.shape();
    let fits = shape.rank() == 2 && shape[0] == labels.len();
    assert!(fits, "{operation}: {} labels for logits {shape}", labels.len());
    let known = |label: u32| label == IGNORE || (label as usize) < shape[1];
    if let Some((row, label)) = labels.iter().enumerate().find(|&(_, &label)| !known(label)) {
        panic!("{operation}: label {label} of row {row} is not a class of logits {shape}");
    }
    assert!((0.0..=1.0).contains(&smoothing), "{operation}: smoothing {smoothing} is not in [0, 1]");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use crate::random::Seed;
    use approx::assert_relative_eq;

    #[test]
    fn the_sums_over_a_million_labels_keep_their_digits() {
        let (count, class) = (1 << 20, Tensor::from([[0.0, 0.7]]));
        let out = cross_entropy(&class.broadcast_to([count, 2]), &vec![0; count], 0.1);
        let one = cross_entropy(&class, &[0], 0.1);
        assert_relative_eq!(out.loss_sum, one.loss_sum * count as f64, max_relative = 1e-15);
        assert_relative_eq!(out.nll_sum, one.nll_sum * count as f64, max_relative = 1e-15);
    }

    #[test]
    fn any_layout_agrees_with_the_composed_form() {
        let normal = |shape: [usize; 2]| Tensor::normal(shape, 0.0, 2.0, Seed::new(1), DType::F64);
        let views = [normal([6, 7]), normal([7, 6]).transpose(0, 1), normal([1, 7]).broadcast_to([6, 7])];
        let labels = [3, IGNORE, 0, 6, 6, IGNORE];
        for logits in &views {
            for smoothing in [0.0, 0.1, 1.0] {
                let counts =
                    Tensor::from_vec(labels.map(|label| f64::from(label != IGNORE)).to_vec(), [6, 1]);
                let one_hot =
                    Tensor::eye(7, DType::F64).gather_rows(&labels.map(|l| if l == IGNORE { 0 } else { l }));
                let target = one_hot.mul_scalar(1.0 - smoothing).add_scalar(smoothing / 7.0).mul(&counts);
                let log_probs = logits.log_softmax(-1);
                let nll = |target: &Tensor| -target.mul(&log_probs).sum(.., false).item();
                let out = cross_entropy(logits, &labels, smoothing);
                assert_relative_eq!(out.loss_sum, nll(&target), epsilon = 1e-12);
                assert_relative_eq!(out.nll_sum, nll(&one_hot.mul(&counts)), epsilon = 1e-12);
                let found = logits.argmax(-1);
                let correct = found.iter().zip(labels).filter(|&(&found, label)| found == label).count();
                assert_eq!((out.count, out.correct), (4, correct));

                let grad = cross_entropy_vjp(logits, &labels, smoothing, 0.25);
                let expected = logits.softmax(-1).mul(&counts).sub(&target).mul_scalar(0.25);
                assert_relative_eq!(grad.to_f64_vec()[..], expected.to_f64_vec()[..], epsilon = 1e-12);
                let mut in_place = logits.clone();
                let together = cross_entropy_with_vjp(&mut in_place, &labels, smoothing, 0.25);
                assert_eq!((together.loss_sum, together.correct), (out.loss_sum, out.correct));
                assert_relative_eq!(in_place.to_f64_vec()[..], grad.to_f64_vec()[..], epsilon = 1e-12);
                assert_eq!(
                    grad.slice(0, 1..2),
                    Tensor::zeros([1, 7], DType::F64),
                    "ignored rows are exactly zero"
                );
            }
        }
    }

    #[test]
    fn no_rows_and_no_counted_rows_are_zero() {
        for (logits, labels) in
            [(Tensor::zeros([0, 3], DType::F32), &[][..]), (Tensor::ones([1, 3], DType::F32), &[IGNORE])]
        {
            let out = cross_entropy(&logits, labels, 0.1);
            assert_eq!((out.loss_sum, out.nll_sum, out.count, out.correct), (0.0, 0.0, 0, 0));
            let grad = cross_entropy_vjp(&logits, labels, 0.1, 1.0);
            assert_eq!(grad, Tensor::zeros(logits.shape(), DType::F32));
        }
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label 3 of row 1 is not a class of logits [2, 3]")]
    fn an_unknown_label_panics() {
        let _ = cross_entropy(&Tensor::zeros([2, 3], DType::F32), &[0, 3], 0.0);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: 1 labels for logits [2, 3]")]
    fn another_number_of_labels_panics() {
        let _ = cross_entropy(&Tensor::zeros([2, 3], DType::F32), &[0], 0.0);
    }
}
