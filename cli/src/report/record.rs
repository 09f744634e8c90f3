//! What is told of a step of training and of a validation.

use autograd::ops::cross_entropy::LossStats;

use translate::metrics::BleuOptions;

/// A step of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainRecord {
    /// The step, counted from 1.
    pub step: u64,
    /// The pass over the data that it belongs to.
    pub epoch: u64,
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
