//! The keys of a recipe, their defaults and their ranges.

use std::path::PathBuf;

use nn::{Adam, AdamW, Optimizer};
use serde::{Deserialize, Serialize};
use tensor::{Precision, Seed};
use text::{CorpusFiles, TextSettings};
use transformer::{Architecture, TrainOptions};
use translate::{SearchSettings, Validated};

use super::schedule::{Fall, ScheduleSettings};

/// Everything about a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Where all randomness comes from: the same seed gives the same model, bit for bit.
    pub seed: u64,
    /// The parallel text.
    pub data: DataSettings,
    /// How text becomes tokens.
    pub text: TextSettings,
    /// The Transformer.
    pub model: Architecture,
    /// Its training.
    pub training: TrainingSettings,
    /// How it is judged on the way.
    pub validation: ValidationSettings,
    /// How it translates unless told otherwise.
    pub search: SearchSettings,
}

/// The parallel text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// The folder that paths below start from; empty for the one the command runs in.
    pub dir: PathBuf,
    /// A built-in corpus to write into the run's `data` folder if it is not there; then `dir` is that folder.
    pub builtin: String,
    /// What to learn from.
    pub train: CorpusFiles,
    /// What to judge by; never trained on.
    pub valid: CorpusFiles,
    /// Whether faulty lines are dropped and counted; else they are an error.
    pub lenient: bool,
}

/// The training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // the template has a comment for each
pub struct TrainingSettings {
    pub max_steps: u64,
    pub max_epochs: u64,
    pub start_from: PathBuf,
    pub freeze: Vec<String>,
    pub batch_tokens: usize,
    pub accumulate: usize,
    pub smoothing: f64,
    pub clip_norm: f64,
    pub optimizer: OptimizerSettings,
    pub schedule: ScheduleSettings,
    pub save_every: u64,
    pub keep_checkpoints: usize,
    pub average: usize,
    pub max_not_finite: u32,
    pub log_every: u64,
    pub shard_tokens: usize,
    pub precision: PrecisionSettings,
}

/// How finely products take their operands; the names are those of [`Precision`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionSettings {
    /// As they are
    F32,
    /// Rounded to 8 binary digits
    Bf16,
}

impl From<PrecisionSettings> for Precision {
    fn from(settings: PrecisionSettings) -> Precision {
        match settings {
            PrecisionSettings::F32 => Precision::F32,
            PrecisionSettings::Bf16 => Precision::Bf16,
        }
    }
}

/// The rule of the steps; the names are those of [`nn::optim`]. What is left out has the paper's value (§5.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum OptimizerSettings {
    Adam {
        #[serde(default = "beta1")]
        beta1: f64,
        #[serde(default = "beta2")]
        beta2: f64,
        #[serde(default = "eps")]
        eps: f64,
    },
    Adamw {
        #[serde(default = "beta1")]
        beta1: f64,
        #[serde(default = "beta2")]
        beta2: f64,
        #[serde(default = "eps")]
        eps: f64,
        weight_decay: f64,
    },
}

fn beta1() -> f64 {
    0.9
}

fn beta2() -> f64 {
    0.98
}

fn eps() -> f64 {
    1e-9
}

/// How a model is judged while it trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // the template has a comment for each
pub struct ValidationSettings {
    pub every: u64,
    pub bleu_every: u64,
    pub samples: usize,
    pub metric: ValidationMetric,
    pub patience: u32,
}

/// What makes one model better than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationMetric {
    /// The unsmoothed negative log-likelihood per token of the references; lower is better.
    Loss,
    /// BLEU of greedy translations; higher is better.
    Bleu,
}

impl ValidationMetric {
    /// Whether a model is better than the best so far, if there is one. Of equal BLEU it is the one of the lower loss:
    /// where nothing matches yet, all have 0.
    pub fn prefers(self, new: &Validated, best: Option<&Validated>) -> bool {
        let lower_loss =
            new.nll.is_finite() && best.is_none_or(|best| new.nll < best.nll || best.nll.is_nan());
        match self {
            ValidationMetric::Loss => lower_loss,
            ValidationMetric::Bleu => {
                let [new_bleu, best] = [Some(new), best].map(|of| of?.bleu.filter(|bleu| !bleu.is_nan()));
                new_bleu > best || new_bleu.is_some() && new_bleu == best && lower_loss
            }
        }
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            seed: 1,
            data: DataSettings::default(),
            text: TextSettings::default(),
            model: Architecture::default(),
            training: TrainingSettings::default(),
            validation: ValidationSettings::default(),
            search: SearchSettings::default(),
        }
    }
}

impl Default for TrainingSettings {
    fn default() -> Self {
        TrainingSettings {
            max_steps: 4000,
            max_epochs: 0,
            start_from: PathBuf::new(),
            freeze: vec![],
            batch_tokens: 4096,
            accumulate: 1,
            smoothing: 0.1,
            clip_norm: 0.0,
            optimizer: OptimizerSettings::Adam { beta1: beta1(), beta2: beta2(), eps: eps() },
            schedule: ScheduleSettings::InverseSqrt { peak: 1e-3, warmup_steps: 1000, initial: 0.0 },
            save_every: 200,
            keep_checkpoints: 5,
            average: 0,
            max_not_finite: 3,
            log_every: 50,
            shard_tokens: TrainOptions::default().shard_tokens,
            precision: PrecisionSettings::F32,
        }
    }
}

impl TrainingSettings {
    /// The last step of a run whose pass over the data is `epoch_batches` long, if none is skipped.
    pub fn last_step(&self, epoch_batches: u64) -> u64 {
        let epoch_steps = epoch_batches.div_ceil(self.accumulate as u64);
        match self.max_epochs {
            0 => self.max_steps,
            epochs => self.max_steps.min(epochs.saturating_mul(epoch_steps)),
        }
    }

    /// Ends a schedule that falls with the run at `last_step`, unless it says when.
    pub fn end_schedule(&mut self, last_step: u64) {
        if let Some(Fall { total_steps: total_steps @ 0, .. }) = self.schedule.fall() {
            *total_steps = last_step;
        }
    }

    /// Where a run goes on, its schedule stays as it was, however many steps are asked for now: those already taken went
    /// by it.
    pub fn end_schedule_as(&mut self, saved: &TrainingSettings) {
        if let Some(fall) = saved.schedule.clone().fall() {
            self.end_schedule(*fall.total_steps);
        }
    }

    /// The options of the training loop.
    pub fn options(&self, seed: Seed) -> TrainOptions {
        TrainOptions {
            smoothing: self.smoothing,
            clip_norm: (self.clip_norm > 0.0).then_some(self.clip_norm),
            max_tokens: self.batch_tokens,
            accumulate: self.accumulate,
            shard_tokens: self.shard_tokens,
            precision: self.precision.into(),
            seed,
        }
    }
}

impl OptimizerSettings {
    /// The optimizer before its first step.
    pub fn build(&self) -> Box<dyn Optimizer> {
        match *self {
            OptimizerSettings::Adam { beta1, beta2, eps } => Box::new(Adam::new(beta1, beta2, eps)),
            OptimizerSettings::Adamw { beta1, beta2, eps, weight_decay } => {
                Box::new(AdamW::new(Adam::new(beta1, beta2, eps), weight_decay))
            }
        }
    }
}

impl Default for ValidationSettings {
    fn default() -> Self {
        ValidationSettings {
            every: 200,
            bleu_every: 1,
            samples: 3,
            metric: ValidationMetric::Loss,
            patience: 0,
        }
    }
}
