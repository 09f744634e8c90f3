//! Whether a recipe's numbers are in range, checked before anything is read.

use std::ops::RangeInclusive;

use nn::{Adam, Schedule};
use serde::Serialize;
use tensor::Precision;
use text::{Special, TextKind};
use toml::Table;
use transformer::{Config, TieEmbeddings, VocabSizes};
use translate::encode::MAX_TOKENS;

use super::schedule::Fall;
use super::settings::{Recipe, ValidationMetric};
use crate::builtin::Builtin;

/// Tokens of the largest vocabulary: some times those of any language.
const MAX_WORDS: usize = 10_000_000;
/// Layers of the deepest encoder or decoder.
const MAX_LAYERS: usize = 1000;
/// The widest vector: some times that of any model so far.
const MAX_WIDTH: usize = 65_536;
/// Parameters of the largest model: 8 GB of them, and training takes four times as much.
const MAX_PARAMETERS: usize = 2_000_000_000;
/// Batches of the largest step.
const MAX_BATCHES: usize = 10_000;

impl Recipe {
    /// Whether these settings describe a run.
    ///
    /// # Errors
    /// A sentence that names the first key that is out of range, and what would fit.
    pub fn check(&self) -> Result<(), String> {
        self.check_data()?;
        self.check_model()?;
        self.check_training()?;
        self.check_optimizer()?;
        self.check_validation()?;
        self.search.check().map_err(|problem| format!("search.{problem}"))
    }

    /// What is allowed and probably not meant in a run that ends at `last_step`, a sentence each.
    pub fn warnings(&self, last_step: u64) -> Vec<String> {
        let every = self.validation.every;
        let end = match last_step < self.training.max_steps {
            true => format!(
                "the run's last step, {last_step} (training.max_epochs = {})",
                self.training.max_epochs
            ),
            false => format!("training.max_steps = {last_step}"),
        };
        let mut warnings = self.in_vain(last_step);
        let precision = Precision::from(self.training.precision);
        if !precision.is_fast_here() {
            warnings.push(format!(
                "training.precision = \"{precision}\" is slower than \"f32\" on this processor, which has no faster instructions \
                 for it; the model will be the same as on one that has"
            ));
        }
        if let Some(Fall { warmup_steps, total_steps }) = self.training.schedule.clone().fall() {
            let (total_steps, schedule) = (*total_steps, self.training.schedule.build(self.model.d_model));
            let last = schedule.learning_rate(total_steps);
            if total_steps > last_step {
                warnings.push(format!(
                    "training.schedule falls until its total_steps = {total_steps}, which is beyond {end}"
                ));
            }
            if total_steps < last_step && warmup_steps < total_steps {
                warnings.push(format!(
                    "training.schedule ends at its total_steps = {total_steps}: the steps after it, to {end}, have the \
                     learning rate {last} and change little or nothing; to learn more, begin another run with another \
                     --out"
                ));
            }
            if warmup_steps >= total_steps {
                warnings.push(format!(
                    "training.schedule rises for its warmup_steps = {warmup_steps} and has no time to fall until \
                     its total_steps = {total_steps}"
                ));
            }
        }
        if every > last_step {
            warnings.push(format!(
                "validation.every = {every} is beyond {end}: only the finished model is validated"
            ));
        }
        let first_bleu = every.saturating_mul(self.validation.bleu_every);
        if self.validation.metric == ValidationMetric::Bleu && first_bleu > last_step {
            warnings.push(format!(
                "validation.metric is \"bleu\", whose first would be taken after step {first_bleu}, beyond {end}: no \
                 model is chosen by it"
            ));
        }
        let is_best_to_be = self.training.average == 0 && every > 0 && every <= last_step;
        if is_best_to_be && !last_step.is_multiple_of(every) {
            let after = last_step % every;
            warnings.push(format!(
                "validation.every = {every} does not divide {end}: no validation sees what the last {after} steps make, \
                 so it cannot be chosen"
            ));
        }
        warnings
    }

    fn check_data(&self) -> Result<(), String> {
        let data = &self.data;
        require(data.builtin.is_empty() || Builtin::named(&data.builtin).is_some(), || {
            let names = Builtin::ALL.map(Builtin::name).join(", ");
            format!("data.builtin is {:?}; there is: {names}", data.builtin)
        })?;
        let names_files = !data.train.is_empty() || !data.valid.is_empty();
        require(data.builtin.is_empty() || !names_files, || {
            format!(
                "data.builtin is {:?}, but data.train or data.valid names files; leave out either",
                data.builtin
            )
        })?;
        require(!data.builtin.is_empty() || !data.train.is_empty(), || {
            "data.train names no file; give source and target files, or tab-separated pairs, for example \
             train = { source = [\"train.fr\"], target = [\"train.en\"] }"
                .into()
        })?;
        for (key, files) in [("data.train", &data.train), ("data.valid", &data.valid)] {
            files.check().map_err(|problem| format!("{key}: {problem}"))?;
        }
        let (kind, size) = (self.text.kind, self.text.vocab_size);
        require(kind != TextKind::Bpe || size >= 8, || {
            format!("text.vocab_size is {size}; a subword vocabulary needs at least 8")
        })?;
        let symbols = Special::ALL.len();
        require(size == 0 || size > symbols, || {
            format!(
                "text.vocab_size is {size}; beside {symbols} special symbols there must be a word; 0 is no limit"
            )
        })?;
        between("text.vocab_size", size, 0..=MAX_WORDS)
    }

    /// How many tokens there are is not known yet, but how many there may be.
    fn check_model(&self) -> Result<(), String> {
        let (model, text) = (&self.model, &self.text);
        between("model.n_encoder_layers", model.n_encoder_layers, 1..=MAX_LAYERS)?;
        between("model.n_decoder_layers", model.n_decoder_layers, 1..=MAX_LAYERS)?;
        between("model.d_model", model.d_model, 1..=MAX_WIDTH)?;
        between("model.n_heads", model.n_heads, 1..=model.d_model)?;
        between("model.d_ff", model.d_ff, 1..=MAX_WIDTH)?;
        between("model.max_len", model.max_len, 1..=MAX_TOKENS)?;
        require(model.tie_embeddings != TieEmbeddings::ThreeWay || text.joint, || {
            "model.tie_embeddings is \"three_way\", but text.joint is false: two vocabularies cannot share one matrix; \
             true ties what can be tied"
                .into()
        })?;
        let size = text.vocab_size.max(8);
        let separate = VocabSizes::Separate { src: size, tgt: size };
        let config = Config::new(model.clone(), if text.joint { VocabSizes::Shared(size) } else { separate });
        config
            .validate()
            .map_err(|error| format!("[model] {}", error.to_string().replace("configuration: ", "")))?;
        let parameters = config.n_parameters();
        require(parameters <= MAX_PARAMETERS, || {
            format!(
                "model.d_model {}, model.d_ff {}, {} + {} layers and text.vocab_size {size} make {parameters} \
                 parameters; a model may have {MAX_PARAMETERS}",
                model.d_model, model.d_ff, model.n_encoder_layers, model.n_decoder_layers
            )
        })
    }

    fn check_training(&self) -> Result<(), String> {
        let training = &self.training;
        for (key, value) in [
            ("training.max_steps", training.max_steps),
            ("training.batch_tokens", training.batch_tokens as u64),
            ("training.shard_tokens", training.shard_tokens as u64),
            ("training.save_every", training.save_every),
            ("training.log_every", training.log_every),
            ("training.max_not_finite", training.max_not_finite.into()),
        ] {
            require(value > 0, || format!("{key} is 0; it must be at least 1"))?;
        }
        between("training.accumulate", training.accumulate, 1..=MAX_BATCHES)?;
        within("training.smoothing", training.smoothing, 0.0..=0.999)?;
        within("training.clip_norm", training.clip_norm, 0.0..=f64::MAX)?;
        let (average, keep) = (training.average, training.keep_checkpoints);
        require(average <= keep.max(1), || {
            format!("training.average is {average}, but training.keep_checkpoints keeps only {keep}")
        })
    }

    /// What holds for the numbers of every optimizer and every schedule.
    fn check_optimizer(&self) -> Result<(), String> {
        for (key, number) in numbers(&self.training.optimizer) {
            require(key != "eps" || number >= Adam::MIN_EPS, || {
                format!(
                    "training.optimizer.eps is {number:?}; it must be positive, for example 1e-9, and at least {:?}: \
                     without it a weight whose gradient is 0 becomes 0 / 0",
                    Adam::MIN_EPS
                )
            })?;
            let range = match key.as_str() {
                "weight_decay" => 0.0..=1000.0,
                "eps" => 0.0..=1.0,
                _ => 0.0..=0.999_999_999, // a beta
            };
            within(&format!("training.optimizer.{key}"), number, range)?;
        }
        for (key, rate) in numbers(&self.training.schedule) {
            within(&format!("training.schedule.{key}"), rate, 0.0..=1000.0)?;
        }
        Ok(())
    }

    fn check_validation(&self) -> Result<(), String> {
        let validation = &self.validation;
        between("validation.samples", validation.samples, 0..=100)?;
        let has_pairs = !self.data.builtin.is_empty() || !self.data.valid.is_empty();
        require(has_pairs || validation.every == 0, || {
            "data.valid names no file; give files to validate on, or set validation.every = 0".into()
        })?;
        let (first, max_steps) =
            (validation.every.saturating_mul(validation.bleu_every), self.training.max_steps);
        require(validation.metric != ValidationMetric::Bleu || (1..=max_steps).contains(&first), || {
            format!(
                "validation.metric is \"bleu\", but no BLEU is made in {max_steps} steps with validation.every = {} and \
                 validation.bleu_every = {}; their product must be between 1 and training.max_steps",
                validation.every, validation.bleu_every
            )
        })
    }
}

/// The numbers among settings that may have a fraction, with their keys.
fn numbers(settings: &impl Serialize) -> impl Iterator<Item = (String, f64)> {
    let table = Table::try_from(settings).expect("settings are a table");
    table.into_iter().filter_map(|(key, value)| Some((key, value.as_float()?)))
}

fn require(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

fn between(key: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), String> {
    let (low, high) = (range.start(), range.end());
    require(range.contains(&value), || format!("{key} is {value}; it must be between {low} and {high}"))
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
