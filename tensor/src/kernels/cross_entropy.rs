//! Cross-entropy of softmax(logits) against labels (Vaswani et al. 2017, §5.4), per row of the logits:
//!
//! `loss = -sum_j q_j log p_j`, with `p = softmax(x)` and `q_j = (1 - ε) [j = label] + ε / V`.
//!
//! The smoothing spreads ε over all V classes (Szegedy et al. 2016, §7; what PyTorch computes);
//! tensor2tensor spreads it over the V - 1 others. With the largest logit m and `z = log sum_j exp(x_j - m)`,
//! `-log p_j = z + (m - x_j)`, so that neither p nor q is ever written out:
//!
//! `loss = z + (1 - ε) (m - x_label) + (ε / V) sum_j (m - x_j)`, and its gradient is `p - q`.
//!
//! Where logits are far from zero, `m + z` would be rounded as coarsely as they are; so it is never formed. All but the
//! exponentials is computed in f64, in which logits near the largest f32 do not overflow.

use crate::element::Element;
use crate::kernels::fold::{map_sum, max_row, sum_of, sum_wide};
use crate::kernels::softmax::log_sum_exp;
use crate::pool::take;
use crate::simd;
use crate::threads::{for_each_chunk, rows_per_chunk};

/// The label of a row that does not count.
pub const IGNORE: u32 = u32::MAX;

/// One row's share of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowLoss {
    /// The smoothed cross-entropy.
    pub loss: f64,
    /// `-log p_label`, what the loss would be without smoothing.
    pub nll: f64,
    /// Whether the label has the largest logit, the first among equals.
    pub correct: bool,
}

/// The loss of each row of logits `[rows, vocab_size]`, rows counted by `labels`; all zero for ignored rows.
///
/// # Panics
/// If the lengths do not fit or a label is neither [`IGNORE`] nor below `vocab_size`.
pub fn cross_entropy<T: Element>(
    logits: &[T],
    vocab_size: usize,
    labels: &[u32],
    smoothing: f64,
) -> Vec<RowLoss> {
    assert_eq!(logits.len(), labels.len() * vocab_size, "cross_entropy: lengths of logits and labels");
    let mut out = vec![RowLoss::default(); labels.len()];
    let rows = rows_per_chunk(vocab_size);
    for_each_chunk(&mut out, rows, |chunk, out| {
        for (r, out) in (chunk * rows..).zip(out) {
            if labels[r] != IGNORE {
                let row = &logits[r * vocab_size..][..vocab_size];
                *out = simd!(row_loss(row, labels[r] as usize, smoothing));
            }
        }
    });
    out
}

#[inline(always)]
fn row_loss<T: Element>(logits: &[T], label: usize, smoothing: f64) -> RowLoss {
    let (max, log_sum) = log_sum_exp(logits);
    RowFacts::of(logits, label, smoothing, max).loss(smoothing, log_sum)
}

/// What the loss of a row needs beside `log(sum(exp(logits - largest)))`.
struct RowFacts {
    /// How far the label's logit is below the largest.
    below: f64,
    /// How far logits are below the largest, on average.
    mean_below: f64,
    correct: bool,
}

impl RowFacts {
    /// Of a row whose largest logit is `max`.
    #[inline(always)]
    fn of<T: Element>(logits: &[T], label: usize, smoothing: f64, max: T) -> RowFacts {
        let target = logits[label];
        // Without smoothing the mean is not formed: 0 times a logit of negative infinity would be NaN.
        let mean_below = if smoothing == 0.0 { 0.0 } else { mean_below(logits, max) };
        let correct = target == max && logits[..label].iter().all(|&x| x < target);
        RowFacts { below: max.f64() - target.f64(), mean_below, correct }
    }

    fn loss(self, smoothing: f64, log_sum: f64) -> RowLoss {
        let nll = log_sum + self.below;
        let loss = if smoothing == 0.0 {
            nll
        } else {
            log_sum + (1.0 - smoothing) * self.below + smoothing * self.mean_below
        };
        RowLoss { loss, nll, correct: self.correct }
    }
}

/// The mean of `max - x` over a row.
#[inline(always)]
fn mean_below<T: Element>(logits: &[T], max: T) -> f64 {
    let count = logits.len() as f64;
    let sum = sum_of(logits, |x| max - x);
    if sum.is_finite() { sum / count } else { huge_mean_below(logits, max.f64(), count) }
}

/// The same of logits near the largest number, whose differences or sums are beyond it.
#[cold]
fn huge_mean_below<T: Element>(logits: &[T], max: f64, count: f64) -> f64 {
    sum_wide(logits, |x| max / count - x.f64() / count)
}

/// [`cross_entropy`] and [`cross_entropy_vjp`] in one: the loss of each row, and in place of its logits their
/// gradient. The exponentials, which are most of the work of both, are computed once.
///
/// # Panics
/// If the lengths do not fit or a label is neither [`IGNORE`] nor below `vocab_size`.
pub fn cross_entropy_with_vjp<T: Element>(
    logits: &mut [T],
    vocab_size: usize,
    labels: &[u32],
    smoothing: f64,
    scale: f64,
) -> Vec<RowLoss> {
    assert_eq!(logits.len(), labels.len() * vocab_size, "cross_entropy: lengths of logits and labels");
    let (on_label, on_all) = (T::of(scale * (1.0 - smoothing)), T::of(scale * smoothing / vocab_size as f64));
    let mut out = vec![RowLoss::default(); labels.len()];
    let rows = rows_per_chunk(vocab_size);
    let mut tasks: Vec<_> = logits.chunks_exact_mut(vocab_size.max(1)).zip(labels).zip(&mut out).collect();
    for_each_chunk(&mut tasks, rows, |_, tasks| {
        for ((logits, label), out) in tasks {
            if **label == IGNORE {
                logits.fill(T::zero());
                continue;
            }
            let label = **label as usize;
            simd!({
                let max = max_row(logits);
                let facts = RowFacts::of(logits, label, smoothing, max);
                let sum = exponentials(logits, max);
                **out = facts.loss(smoothing, sum.ln());
                to_gradient(logits, scale / sum, on_all);
            });
            logits[label] -= on_label;
        }
    });
    out
}

/// Replaces each logit by `exp(logit - max)`, and returns the sum.
#[inline(always)]
fn exponentials<T: Element>(logits: &mut [T], max: T) -> f64 {
    map_sum(
        logits,
        #[inline(always)]
        |x| (x - max).fast_exp(),
    )
}

/// The gradient from the exponentials, but for the label's share.
#[inline(always)]
fn to_gradient<T: Element>(exponentials: &mut [T], scale: f64, on_all: T) {
    let scale = T::of(scale);
    exponentials.iter_mut().for_each(|p| *p = *p * scale - on_all);
}

/// The vjp of the summed loss, times `scale`: `grad = scale * (softmax(x) - q)`, and exactly zero in ignored
/// rows.
///
/// # Panics
/// If a label is neither [`IGNORE`] nor below the number of columns.
pub fn cross_entropy_vjp<T: Element>(logits: &[T], labels: &[u32], smoothing: f64, scale: f64) -> Vec<T> {
    let vocab_size = logits.len() / labels.len().max(1);
    let (on_label, on_all) = (T::of(scale * (1.0 - smoothing)), T::of(scale * smoothing / vocab_size as f64));
    let mut grad = take(logits.len());
    let rows = rows_per_chunk(vocab_size);
    for_each_chunk(&mut grad, (rows * vocab_size).max(1), |chunk, grad| {
        for (r, grad) in (chunk * rows..).zip(grad.chunks_exact_mut(vocab_size)) {
            if labels[r] == IGNORE {
                grad.fill(T::zero());
                continue;
            }
            grad.copy_from_slice(&logits[r * vocab_size..][..vocab_size]);
            simd!({
                let sum = exponentials(grad, max_row(grad));
                to_gradient(grad, scale / sum, on_all);
            });
            grad[labels[r] as usize] -= on_label;
        }
    });
    grad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::softmax::tests::naive_softmax;
    use approx::assert_relative_eq;

    /// The distribution that the labels stand for.
    fn naive_target(vocab_size: usize, label: u32, smoothing: f64) -> Vec<f64> {
        let on_label = |j: usize| if j == label as usize { 1.0 - smoothing } else { 0.0 };
        (0..vocab_size).map(|j| on_label(j) + smoothing / vocab_size as f64).collect()
    }

    /// What cross-entropy computes for one row, and its gradient.
    fn naive_cross_entropy(logits: &[f64], label: u32, smoothing: f64) -> (f64, Vec<f64>) {
        let (p, q) = (naive_softmax(logits, 1.0, |_| true), naive_target(logits.len(), label, smoothing));
        let loss = p.iter().zip(&q).map(|(p, q)| -q * p.ln()).sum();
        (loss, p.iter().zip(&q).map(|(p, q)| p - q).collect())
    }

    fn wave(len: usize) -> Vec<f64> {
        (0..len).map(|i| 4.0 * (0.3 + i as f64 * 0.7).sin()).collect()
    }

    #[test]
    fn loss_and_gradient_agree_with_the_naive_twin() {
        for (rows, vocab_size) in [(0, 3), (1, 1), (3, 2), (4, 7), (5, 100), (300, 129)] {
            let logits = wave(rows * vocab_size);
            let labels: Vec<u32> =
                (0..rows).map(|r| if r % 4 == 3 { IGNORE } else { (r * 5 % vocab_size) as u32 }).collect();
            for smoothing in [0.0, 0.1] {
                let losses = cross_entropy(&logits, vocab_size, &labels, smoothing);
                let grad = cross_entropy_vjp(&logits, &labels, smoothing, 0.5);
                let mut in_place = logits.clone();
                let together = cross_entropy_with_vjp(&mut in_place, vocab_size, &labels, smoothing, 0.5);
                assert_eq!(together, losses);
                assert_relative_eq!(in_place[..], grad[..], max_relative = 1e-12);
                for (r, &label) in labels.iter().enumerate() {
                    let row = r * vocab_size..(r + 1) * vocab_size;
                    if label == IGNORE {
                        assert_eq!(losses[r], RowLoss::default());
                        assert!(grad[row].iter().all(|&g| g == 0.0));
                        continue;
                    }
                    let (loss, gradient) = naive_cross_entropy(&logits[row.clone()], label, smoothing);
                    let (nll, _) = naive_cross_entropy(&logits[row.clone()], label, 0.0);
                    assert_relative_eq!(losses[r].loss, loss, epsilon = 1e-12);
                    assert_relative_eq!(losses[r].nll, nll, epsilon = 1e-12);
                    let halved: Vec<f64> = gradient.iter().map(|g| 0.5 * g).collect();
                    assert_relative_eq!(grad[row], halved[..], epsilon = 1e-12);
                }
            }
        }
    }

    #[test]
    fn correct_means_the_first_of_the_largest() {
        let correct = |logits: &[f32], label| cross_entropy(logits, logits.len(), &[label], 0.0)[0].correct;
        assert!(correct(&[1.0, 3.0, 2.0], 1) && !correct(&[1.0, 3.0, 2.0], 2));
        assert!(correct(&[3.0, 3.0], 0) && !correct(&[3.0, 3.0], 1), "ties go to the first");
        assert!(!correct(&[f32::NAN, 1.0], 1) && !correct(&[1.0, f32::NAN], 0), "NaN is never right");
    }

    #[test]
    fn an_impossible_class_costs_nothing_without_smoothing() {
        let logits = [0.0, f64::NEG_INFINITY, 0.0];
        assert_relative_eq!(cross_entropy(&logits, 3, &[0], 0.0)[0].loss, 2f64.ln());
        assert_eq!(cross_entropy(&logits, 3, &[0], 0.1)[0].loss, f64::INFINITY);
    }

    #[test]
    fn f32_agrees_with_f64() {
        let logits: Vec<f32> = wave(1000).into_iter().map(|x| x as f32).collect();
        let exact: Vec<f64> = logits.iter().map(|&x| f64::from(x)).collect();
        let (a, b) = (cross_entropy(&logits, 1000, &[5], 0.1)[0], cross_entropy(&exact, 1000, &[5], 0.1)[0]);
        assert_relative_eq!(a.loss, b.loss, max_relative = 1e-6);
        assert_relative_eq!(a.nll, b.nll, max_relative = 1e-6);
    }

    #[test]
    fn rows_far_from_zero_keep_their_digits() {
        let near = [0.0f32, 1.0, 2.0, 3.0];
        let (loss, grad) = naive_cross_entropy(&near.map(f64::from), 1, 0.1);
        for offset in [0.0, 1e4, -1e4, 1e6] {
            let logits = near.map(|x| x + offset);
            let found = cross_entropy(&logits, 4, &[1], 0.1)[0];
            assert_relative_eq!(found.loss, loss, max_relative = 1e-6);
            assert_relative_eq!(found.nll, loss - 0.1 * (1.0 - 1.5), max_relative = 1e-6);
            let mut in_place = logits.to_vec();
            assert_eq!(cross_entropy_with_vjp(&mut in_place, 4, &[1], 0.1, 1.0), [found]);
            for found in [in_place, cross_entropy_vjp(&logits, &[1], 0.1, 1.0)] {
                for (found, expected) in found.iter().zip(&grad) {
                    assert_relative_eq!(f64::from(*found), *expected, max_relative = 1e-6);
                }
            }
        }
    }

    #[test]
    fn logits_near_the_largest_number_do_not_overflow() {
        let of = |logits: &[f32], label| cross_entropy(logits, logits.len(), &[label], 0.1)[0];
        let logits = [3e38f32, 3e38, 3e38, 0.0];
        assert_relative_eq!(of(&logits, 0).loss, 0.1 * f64::from(3e38f32) / 4.0, max_relative = 1e-12);
        assert_relative_eq!(of(&logits, 0).nll, 3f64.ln(), max_relative = 1e-6);
        assert_relative_eq!(of(&logits, 3).nll, f64::from(3e38f32), max_relative = 1e-12);
        let (max, min) = (f64::from(f32::MAX), f64::from(f32::MIN));
        let loss = of(&[f32::MAX, f32::MIN], 1).loss;
        assert_relative_eq!(loss, 0.9 * (max - min) + 0.05 * (max - min), max_relative = 1e-12);
        let grad = cross_entropy_vjp(&logits, &[0], 0.1, 1.0);
        let expected = [1.0 / 3.0 - 0.925, 1.0 / 3.0 - 0.025, 1.0 / 3.0 - 0.025, -0.025].map(|x| x as f32);
        assert_relative_eq!(grad[..], expected[..], max_relative = 1e-6);
        let wide = cross_entropy(&[1.7e308, 0.0, 0.0, 0.0, 1.0], 5, &[0], 0.1)[0];
        assert_relative_eq!(wide.loss, 0.1 * (0.8 * 1.7e308), max_relative = 1e-12);
    }
}
