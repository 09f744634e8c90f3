//! Whether a recipe's numbers are in range, checked before anything is read.

use std::ops::RangeInclusive;

use transformer::VocabSizes;

use super::{OptimizerSettings, Recipe, ScheduleSettings, ValidationMetric};
use crate::text::TextKind;

/// The built-in corpora.
pub const BUILTIN: [&str; 1] = [crate::numbers::NAME];

impl Recipe {
    /// Whether these settings describe a run.
    ///
    /// # Errors
    /// A sentence that names the first key that is out of range, and what would fit.
    pub fn check(&self) -> Result<(), String> {
        self.check_data()?;
        self.model
            .config(VocabSizes::Shared(8))
            .validate()
            .map_err(|error| format!("[model] {}", error.to_string().replace("configuration: ", "")))?;
        self.check_training()?;
        self.check_optimizer()?;
        self.check_validation()
    }

    fn check_data(&self) -> Result<(), String> {
        let data = &self.data;
        require(data.builtin.is_empty() || BUILTIN.contains(&data.builtin.as_str()), || {
            format!("data.builtin is {:?}; there is: {}", data.builtin, BUILTIN.join(", "))
        })?;
        require(!data.builtin.is_empty() || !data.train.is_empty(), || {
            "data.train names no file; give source and target files, or tab-separated pairs, for example \
             train = { source = [\"train.fr\"], target = [\"train.en\"] }"
                .into()
        })?;
        require(self.text.kind != TextKind::Bpe || self.text.vocab_size >= 8, || {
            format!("text.vocab_size is {}; a subword vocabulary needs at least 8", self.text.vocab_size)
        })
    }

    fn check_training(&self) -> Result<(), String> {
        let training = &self.training;
        for (key, value) in [
            ("training.max_steps", training.max_steps),
            ("training.batch_tokens", training.batch_tokens as u64),
            ("training.accumulate", training.accumulate as u64),
            ("training.shard_tokens", training.shard_tokens as u64),
            ("training.save_every", training.save_every),
            ("training.log_every", training.log_every),
            ("training.max_not_finite", training.max_not_finite.into()),
            ("search.beam", self.search.beam as u64),
        ] {
            require(value > 0, || format!("{key} is 0; it must be at least 1"))?;
        }
        within("training.smoothing", training.smoothing, 0.0..=0.999)?;
        within("training.clip_norm", training.clip_norm, 0.0..=f64::MAX)?;
        within("search.alpha", self.search.alpha, -100.0..=100.0)?;
        let (average, keep) = (training.average, training.keep_checkpoints);
        require(average <= keep.max(1), || {
            format!("training.average is {average}, but training.keep_checkpoints keeps only {keep}")
        })
    }

    fn check_optimizer(&self) -> Result<(), String> {
        let (OptimizerSettings::Adam { beta1, beta2, eps }
        | OptimizerSettings::Adamw { beta1, beta2, eps, .. }) = self.training.optimizer;
        within("training.optimizer.beta1", beta1, 0.0..=0.999_999_999)?;
        within("training.optimizer.beta2", beta2, 0.0..=0.999_999_999)?;
        within("training.optimizer.eps", eps, 0.0..=1.0)?;
        if let OptimizerSettings::Adamw { weight_decay, .. } = self.training.optimizer {
            within("training.optimizer.weight_decay", weight_decay, 0.0..=1000.0)?;
        }
        let rates: &[(&str, f64)] = match self.training.schedule {
            ScheduleSettings::Constant { learning_rate } => &[("learning_rate", learning_rate)],
            ScheduleSettings::Noam { factor, .. } => &[("factor", factor)],
            ScheduleSettings::InverseSqrt { peak, initial, .. } => &[("peak", peak), ("initial", initial)],
            ScheduleSettings::Cosine { peak, min, .. } => &[("peak", peak), ("min", min)],
            ScheduleSettings::ReduceOnPlateau { learning_rate, factor, threshold, min, .. } => &[
                ("learning_rate", learning_rate),
                ("factor", factor),
                ("threshold", threshold),
                ("min", min),
            ],
        };
        let within_rates =
            |&(key, rate): &(&str, f64)| within(&format!("training.schedule.{key}"), rate, 0.0..=1000.0);
        rates.iter().try_for_each(within_rates)
    }

    fn check_validation(&self) -> Result<(), String> {
        let validation = &self.validation;
        let has_pairs = !self.data.builtin.is_empty() || !self.data.valid.is_empty();
        require(has_pairs || validation.every == 0, || {
            "data.valid names no file; give files to validate on, or set validation.every = 0".into()
        })?;
        let judges = validation.every > 0 && validation.bleu_every > 0;
        require(validation.metric != ValidationMetric::Bleu || judges, || {
            "validation.metric is \"bleu\", but validation.bleu_every or validation.every is 0".into()
        })
    }
}

fn require(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

fn within(key: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), String> {
    require(range.contains(&value), || {
        let (low, high) = (range.start(), range.end());
        if *high > 1e6 {
            format!("{key} is {value}; it must be at least {low}")
        } else {
            format!("{key} is {value}; it must be between {low} and {high}")
        }
    })
}
