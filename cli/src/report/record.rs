//! What is told of a run, of a step of its training and of a validation.

use autograd::ops::cross_entropy::LossStats;

use translate::metrics::BleuOptions;

/// What whoever tells of a run has to know of it.
#[derive(Clone, Copy, Debug)]
pub struct ReportOptions {
    /// The step at which the run ends, at the latest.
    pub max_steps: u64,
    /// The passes over the data after which it ends, at the latest; 0 if it ends by steps alone.
    pub max_epochs: u64,
    /// The batches of a pass.
    pub epoch_batches: u64,
    /// The step of the checkpoint that the run goes on from; 0 if it is a new one.
    pub after_step: u64,
    /// Progress is told as averages over so many steps; 0: only at the end. The figures' files have every step.
    pub log_every: u64,
}

/// A step of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainRecord {
    /// The step, counted from 1.
    pub step: u64,
    /// The pass over the data that it belongs to, from 0.
    pub epoch: u64,
    /// How many batches of that pass were taken with it.
    pub batches: u64,
    /// The losses of its labels, before the parameters changed.
    pub stats: LossStats,
    /// The learning rate that was used.
    pub learning_rate: f64,
    /// The global norm of the gradients, before clipping.
    pub grad_norm: f64,
    /// How long the step took, in seconds.
    pub seconds: f64,
}

impl TrainRecord {
    /// Labels learned from per second.
    pub fn tokens_per_second(&self) -> f64 {
        self.stats.count as f64 / self.seconds
    }
}

/// A validation: how the model does on sentences that it is not trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValidRecord {
    /// The step after which it was made.
    pub step: u64,
    /// The losses of the validation labels.
    pub stats: LossStats,
    /// The BLEU of the translations, 0 to 100, if they were made.
    pub bleu: Option<f64>,
    /// What kind of BLEU it is.
    pub bleu_options: BleuOptions,
    /// Whether no validation of the run was better.
    pub best: bool,
}

/// What the model makes of a validation sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The sentence.
    pub source: String,
    /// Its translation in the data.
    pub reference: String,
    /// That of the model.
    pub translation: String,
}

/// Records for the tests of whoever tells of them.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) const STATS: LossStats = LossStats { loss_sum: 3.0, nll_sum: 2.0, count: 4, correct: 1 };

    pub(crate) fn train(step: u64) -> TrainRecord {
        let (epoch, batches, learning_rate, grad_norm, seconds) = (1, 5, 0.25, 1.5, 0.5);
        TrainRecord { step, epoch, batches, stats: STATS, learning_rate, grad_norm, seconds }
    }

    pub(crate) fn valid(step: u64) -> ValidRecord {
        ValidRecord { step, stats: STATS, bleu: None, bleu_options: BleuOptions::default(), best: true }
    }
}
