//! `cross_entropy`: how surprised a distribution is by the labels; the loss of training (Vaswani et al.
//! 2017, §5.4, with label smoothing after Szegedy et al. 2016).
//!
//! For a row of logits x with label l, `p = softmax(x)`, and a target distribution q over V classes that
//! gives `1 - smoothing` to the label and `smoothing / V` to every class (the label among them: PyTorch's
//! definition; tensor2tensor spreads `smoothing / (V - 1)` over the others),
//!
//! ```text
//! loss = - sum over c of q_c log p_c          d loss / d x = p - q
//! ```
//!
//! A smoothed loss never reaches zero, so the plain negative log-likelihood is reported beside it.

use tensor::Tensor;
use tensor::ops::cross_entropy::{CrossEntropyOutput, cross_entropy, cross_entropy_vjp};

use crate::var::Var;

/// What [`Var::cross_entropy`] and [`Var::linear_cross_entropy`] give.
pub struct CrossEntropy {
    /// The mean over the labels that count, smoothed. A scalar.
    pub loss: Var,
    /// The sums it was made from, to be reported and added up over batches.
    pub stats: LossStats,
}

/// Sums over the labels that counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossStats {
    /// The sum of the smoothed losses.
    pub loss_sum: f64,
    /// The sum of the negative log-likelihoods: the losses without smoothing.
    pub nll_sum: f64,
    /// How many labels counted.
    pub count: usize,
    /// For how many of them the label had the largest logit.
    pub correct: usize,
}

impl LossStats {
    /// The sums that the tensor operation found.
    pub(crate) fn of(found: &CrossEntropyOutput) -> LossStats {
        let CrossEntropyOutput { loss_sum, nll_sum, count, correct, .. } = *found;
        LossStats { loss_sum, nll_sum, count, correct }
    }

    /// The mean smoothed loss, in nats per label. NaN if no label counted, as all of these means.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.count as f64
    }

    /// The mean negative log-likelihood, in nats per label.
    pub fn nll(&self) -> f64 {
        self.nll_sum / self.count as f64
    }

    /// `exp(nll)`: among how many equally likely classes the model might as well be guessing.
    pub fn perplexity(&self) -> f64 {
        self.nll().exp()
    }

    /// The part of the labels that had the largest logit, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.count as f64
    }

    /// Adds the sums of `other`.
    pub fn merge(&mut self, other: &LossStats) {
        self.loss_sum += other.loss_sum;
        self.nll_sum += other.nll_sum;
        self.count += other.count;
        self.correct += other.correct;
    }
}

impl Var {
    /// The mean cross-entropy of logits `[rows, vocab_size]` against one label per row. Rows whose label
    /// is [`IGNORE`](tensor::ops::cross_entropy::IGNORE) do not count. `smoothing` is the part of the
    /// target that is spread over all classes, 0 to 1.
    ///
    /// vjp: `grad_self = grad_out / count * (softmax(self) - q)`, zero in ignored rows. The
    /// [module](self) says what q is.
    ///
    /// # Panics
    /// If no label counts, or `self` is not of rank 2 with one row per label, or a label is not below the
    /// vocabulary's size.
    #[must_use]
    #[track_caller]
    pub fn cross_entropy(&self, labels: &[u32], smoothing: f64) -> CrossEntropy {
        let found = cross_entropy(self.value(), labels, smoothing);
        let stats = LossStats::of(&found);
        assert!(stats.count > 0, "cross_entropy: none of the labels of logits {} counts", self.shape());
        let out = Tensor::full([], stats.loss(), self.dtype());
        let (logits, labels) = (self.value().clone(), labels.to_vec());
        let loss = Var::record("cross_entropy", &[self], out, move |grad_out, grads| {
            let scale = grad_out.item() / stats.count as f64;
            grads.add(0, || cross_entropy_vjp(&logits, &labels, smoothing, scale));
        });
        CrossEntropy { loss, stats }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, assert_close, check, normal};
    use tensor::DType;
    use tensor::ops::cross_entropy::IGNORE;

    const LABELS: [u32; 4] = [2, IGNORE, 0, 2];

    /// The definition: `- sum of q log p`, averaged over the rows that count.
    fn composed(logits: &Var, labels: &[u32], smoothing: f64) -> Var {
        let vocab_size = logits.dim(1);
        let mut target = vec![0.0; logits.numel()];
        for (row, &label) in labels.iter().enumerate().filter(|(_, label)| **label != IGNORE) {
            let q = &mut target[row * vocab_size..(row + 1) * vocab_size];
            q.fill(smoothing / vocab_size as f64);
            q[label as usize] += 1.0 - smoothing;
        }
        let target = Var::constant(Tensor::from_vec(target, logits.shape()));
        let count = labels.iter().filter(|&&label| label != IGNORE).count();
        -(target * logits.log_softmax(-1)).sum(.., false) / count as f64
    }

    #[test]
    fn gradients() {
        for smoothing in [0.0, 0.1, 1.0] {
            let logits = normal("logits", [4, 3]);
            check("cross_entropy", &[logits], |v| v[0].cross_entropy(&LABELS, smoothing).loss);
        }
        check("cross_entropy", &[normal("x", [3, 3])], |v| {
            (v[0].cross_entropy(&[1, 1, 0], 0.1).loss * &v[0]) * 2.0
        });
    }

    #[test]
    fn equals_its_definition() {
        for smoothing in [0.0, 0.1, 1.0] {
            let logits = [normal("logits", [4, 3])];
            assert_agree(
                &logits,
                |v| v[0].cross_entropy(&LABELS, smoothing).loss,
                |v| composed(&v[0], &LABELS, smoothing),
            );
        }
    }

    #[test]
    fn without_smoothing_the_loss_is_the_negative_log_likelihood() {
        let logits = Var::constant(normal("logits", [4, 3]));
        let (plain, smoothed) = (logits.cross_entropy(&LABELS, 0.0), logits.cross_entropy(&LABELS, 0.1));
        assert_eq!(plain.stats.loss_sum, plain.stats.nll_sum);
        assert_eq!(plain.stats.nll_sum, smoothed.stats.nll_sum);
        assert_ne!(smoothed.stats.loss_sum, smoothed.stats.nll_sum);
        assert_eq!(smoothed.loss.item(), smoothed.stats.loss());
    }

    #[test]
    fn ignored_rows_change_nothing_and_get_exactly_zero() {
        let tape = Tape::new();
        let logits = tape.var(normal("logits", [4, 3]));
        let counted = logits.gather_rows(&[0, 2, 3]);
        let without = counted.cross_entropy(&[2, 0, 2], 0.1);
        let with = logits.cross_entropy(&LABELS, 0.1);
        assert_eq!(with.stats, without.stats);
        let grad = with.loss.backward().take(&logits).unwrap();
        assert_close("gradient", &grad, without.loss.backward().get(&logits).unwrap());
        assert_eq!(grad.slice(0, 1..2), Tensor::zeros([1, 3], DType::F64));
    }

    #[test]
    fn the_gradient_is_the_distribution_minus_the_target() {
        let logits = Tape::new().var(Tensor::from([[0.0, 0.0]]));
        let CrossEntropy { loss, stats } = logits.cross_entropy(&[1], 0.0);
        assert_eq!(loss.item(), 2f64.ln());
        assert_eq!((stats.count, stats.correct), (1, 0)); // among equals the first is the answer
        assert_eq!(loss.backward().get(&logits), Some(&Tensor::from([[0.5, -0.5]])));
    }

    #[test]
    fn means_are_per_label() {
        let stats = LossStats { loss_sum: 7.0, nll_sum: 5.0, count: 2, correct: 1 };
        assert_eq!((stats.loss(), stats.nll(), stats.accuracy()), (3.5, 2.5, 0.5));
        assert_eq!(stats.perplexity(), 2.5f64.exp());
        let undecided = Var::constant(Tensor::zeros([3, 8], DType::F64)).cross_entropy(&[0, 5, 7], 0.0).stats;
        assert!((undecided.perplexity() - 8.0).abs() < 1e-12, "as good as guessing among all eight");
    }

    #[test]
    fn stats_add_up_over_batches() {
        let logits = Var::constant(normal("logits", [4, 3]));
        let all = logits.cross_entropy(&LABELS, 0.1).stats;
        let mut sum = logits.slice(0, 0..3).cross_entropy(&LABELS[..3], 0.1).stats;
        sum.merge(&logits.slice(0, 3..4).cross_entropy(&LABELS[3..], 0.1).stats);
        assert_eq!((sum.count, sum.correct), (all.count, all.correct));
        assert!((sum.loss() - all.loss()).abs() < 1e-12 && (sum.nll() - all.nll()).abs() < 1e-12);
        assert_eq!(sum.perplexity(), sum.nll().exp());
        assert_eq!(sum.accuracy(), sum.correct as f64 / 3.0);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: none of the labels of logits [2, 3] counts")]
    fn no_label_that_counts_panics() {
        let _ = Var::constant(normal("logits", [2, 3])).cross_entropy(&[IGNORE, IGNORE], 0.1);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: 3 labels for logits [2, 3]")]
    fn panics_name_the_operation_and_both_shapes() {
        let _ = Tape::new().var(normal("logits", [2, 3])).cross_entropy(&[0, 1, 2], 0.1);
    }
}
