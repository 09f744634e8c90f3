//! The training loop: batches in, better parameters out.
//!
//! One step is: forward on every batch of the step, cross-entropy against the labels, backward, clip,
//! optimizer. With several batches a step (gradient accumulation) each counts by its number of labels, so
//! that k batches give the gradient of one batch that holds them all.
//!
//! Everything random derives from one seed: the order of an epoch's batches from (seed, epoch), dropout
//! from (seed, step, batch). The same seed gives the same parameters, bit for bit.

use std::ops::ControlFlow;
use std::time::Instant;

use autograd::Tape;
use autograd::ops::cross_entropy::LossStats;
use nn::{Context, Optimizer, ParamGradients, Params, Schedule};
use tensor::Seed;

use crate::batch::{Batch, Pair};
use crate::batch_plan::{BatchOrder, BatchPlan};
use crate::error::Error;
use crate::evaluate::evaluate;
use crate::model::{Transformer, check_smoothing};

/// How to train; the defaults are the paper's, but for the size of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainOptions {
    /// Share of each label spread evenly over the vocabulary, in 0..1 (§5.4).
    pub smoothing: f64,
    /// The largest global norm of the gradients; larger ones are scaled down to it. The paper has none.
    pub clip_norm: Option<f64>,
    /// Padded tokens in a batch, at most, on either side.
    pub max_tokens: usize,
    /// How many batches make one step.
    pub accumulate: usize,
    /// Where all randomness comes from.
    pub seed: Seed,
}

impl Default for TrainOptions {
    fn default() -> Self {
        TrainOptions { smoothing: 0.1, clip_norm: None, max_tokens: 4096, accumulate: 1, seed: Seed::new(1) }
    }
}

/// What an observer is told about a step.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The step, counted from 1.
    pub step: u64,
    /// The loss over the step's labels, before the parameters changed.
    pub stats: LossStats,
    /// The learning rate that was used.
    pub learning_rate: f64,
    /// The global norm of the gradients, before clipping.
    pub grad_norm: f64,
    /// How long the step took.
    pub seconds: f64,
}

impl StepReport {
    /// Labels learned from per second.
    pub fn tokens_per_second(&self) -> f64 {
        self.stats.count as f64 / self.seconds
    }
}

/// A model in training.
pub struct Trainer<O, S> {
    /// The model.
    pub model: Transformer,
    /// Its parameters as they are now.
    pub params: Params,
    /// The rule of the steps.
    pub optimizer: O,
    /// The learning rate of each step.
    pub schedule: S,
    options: TrainOptions,
    step: u64,
}

impl<O: Optimizer, S: Schedule> Trainer<O, S> {
    /// A trainer before its first step.
    ///
    /// # Errors
    /// [`Error::Config`] if an option is out of range.
    pub fn new(
        (model, params): (Transformer, Params),
        optimizer: O,
        schedule: S,
        options: TrainOptions,
    ) -> Result<Self, Error> {
        let TrainOptions { smoothing, clip_norm, max_tokens, accumulate, .. } = options;
        check_smoothing(smoothing)?;
        if clip_norm.is_some_and(|norm| norm.is_nan() || norm <= 0.0) {
            return Err(Error::Config(format!("clip_norm is {clip_norm:?}; it must be positive")));
        }
        if max_tokens == 0 {
            return Err(Error::Config("max_tokens is 0; a batch must hold at least one token".into()));
        }
        if accumulate == 0 {
            return Err(Error::Config("accumulate is 0; a step needs at least one batch".into()));
        }
        Ok(Trainer { model, params, optimizer, schedule, options, step: 0 })
    }

    /// The same trainer as if it had taken `step` steps: with restored parameters and optimizer it goes on as
    /// the run that saved them would have, bit for bit, if the schedule depends on the step alone (one
    /// that does not must be restored too). Resume between epochs, at the number of the next one.
    #[must_use]
    pub fn resumed_after(self, step: u64) -> Self {
        Trainer { step, ..self }
    }

    /// How many steps were taken.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// One step over these batches: they count by their labels, as one large batch would.
    ///
    /// # Errors
    /// If there is no batch or no label, an id is not in its vocabulary, a sequence is longer than learned
    /// positions reach, a parameter gets no gradient, or the loss, a gradient or the learning rate is not
    /// finite. The parameters have not changed then.
    pub fn train_step(&mut self, batches: &[Batch]) -> Result<StepReport, Error> {
        let started = Instant::now();
        let step = self.step + 1;
        let labels: usize = batches.iter().map(Batch::n_labels).sum();
        let mut stats = LossStats::default();
        let mut gradients: Option<ParamGradients> = None;
        for (index, batch) in batches.iter().enumerate() {
            let share = batch.n_labels() as f64 / labels as f64;
            let seed = self.options.seed.derive("dropout").derive_index(step).derive_index(index as u64);
            let (batch_stats, batch_gradients) = self.gradients(batch, share, seed)?;
            stats.merge(&batch_stats);
            match &mut gradients {
                Some(sum) => sum.add_assign(batch_gradients),
                None => gradients = Some(batch_gradients),
            }
        }
        let mut gradients = gradients.ok_or_else(|| Error::EmptyBatch("no batch in this step".into()))?;
        let grad_norm = gradients.clip_global_norm(self.options.clip_norm.unwrap_or(f64::INFINITY));
        if !(stats.loss_sum.is_finite() && grad_norm.is_finite()) {
            return Err(self.not_finite(step, &stats, &gradients));
        }
        let learning_rate = self.schedule.learning_rate(step);
        if !learning_rate.is_finite() {
            return Err(Error::NotFinite(format!("step {step}: the learning rate is {learning_rate}")));
        }
        self.optimizer.step(&mut self.params, &gradients, learning_rate)?;
        self.step = step;
        Ok(StepReport { step, stats, learning_rate, grad_norm, seconds: started.elapsed().as_secs_f64() })
    }

    /// The gradients of `share` times the loss over one batch.
    fn gradients(&self, batch: &Batch, share: f64, seed: Seed) -> Result<(LossStats, ParamGradients), Error> {
        let tape = Tape::new();
        let cx = Context::training(&self.params, &tape, seed);
        let out = self.model.loss(&cx, batch, self.options.smoothing)?;
        let loss = if share == 1.0 { out.loss } else { out.loss * share };
        Ok((out.stats, cx.gradients(loss.backward())))
    }

    /// The error that says where a number first stopped being finite.
    fn not_finite(&self, step: u64, stats: &LossStats, gradients: &ParamGradients) -> Error {
        let broken = |id| gradients.get(id).is_some_and(|gradient| !gradient.all_finite());
        let name = self.params.iter().find(|&(id, _, _)| broken(id)).map(|(_, name, _)| name);
        let at = name.map_or(String::new(), |name| format!(", first in the gradient of {name}"));
        Error::NotFinite(format!("step {step}: the loss is {}{at}", stats.loss()))
    }

    /// Every pair once, in batches grouped by length, in an order that depends on the seed and `epoch`.
    /// `observe` sees each step and may end the epoch early. Returns the loss over the epoch's labels.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn train_epoch(
        &mut self,
        pairs: &[Pair],
        epoch: u64,
        mut observe: impl FnMut(&StepReport) -> ControlFlow<()>,
    ) -> Result<LossStats, Error> {
        let order = BatchOrder::Shuffled { seed: self.options.seed.derive("batches"), epoch };
        let plan = BatchPlan::new(pairs, self.options.max_tokens, order)?;
        let start = self.model.config().decoder_start;
        let mut total = LossStats::default();
        let indices: Vec<usize> = (0..plan.len()).collect();
        for indices in indices.chunks(self.options.accumulate) {
            let batches: Result<Vec<Batch>, Error> =
                indices.iter().map(|&index| plan.batch(index, pairs, start, 0)).collect();
            let report = self.train_step(&batches?)?;
            total.merge(&report.stats);
            if observe(&report).is_break() {
                break;
            }
        }
        Ok(total)
    }

    /// The loss over pairs that are not trained on; the schedule is shown it.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn validate(&mut self, pairs: &[Pair]) -> Result<LossStats, Error> {
        let TrainOptions { max_tokens, smoothing, .. } = self.options;
        let stats = evaluate(&self.model, &self.params, pairs, max_tokens, smoothing)?;
        self.schedule.observe(stats.loss());
        Ok(stats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use nn::{Adam, Constant};
    use tensor::DType;

    fn trainer(learning_rate: f64, options: TrainOptions) -> Result<Trainer<Adam, Constant>, Error> {
        let config = Config { d_model: 8, d_ff: 8, n_heads: 2, ..Config::toy(VocabSizes::Shared(6)) };
        let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
        Trainer::new(model, Adam::default(), Constant { learning_rate }, options)
    }

    fn pairs() -> Vec<Pair> {
        (1..6).map(|len| Pair { src: vec![3; len], tgt: [vec![4; len], vec![2]].concat() }).collect()
    }

    #[test]
    fn an_epoch_sees_every_label_once_and_counts_its_steps() {
        let mut trainer =
            trainer(1e-3, TrainOptions { max_tokens: 8, accumulate: 2, ..TrainOptions::default() }).unwrap();
        let mut steps = Vec::new();
        let stats = trainer
            .train_epoch(&pairs(), 0, |report| {
                steps.push(report.step);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(stats.count, 2 + 3 + 4 + 5 + 6);
        assert_eq!(steps, (1..=trainer.step()).collect::<Vec<_>>());
    }

    #[test]
    fn an_observer_can_end_the_epoch() {
        let mut trainer = trainer(1e-3, TrainOptions { max_tokens: 6, ..TrainOptions::default() }).unwrap();
        trainer.train_epoch(&pairs(), 0, |_| ControlFlow::Break(())).unwrap();
        assert_eq!(trainer.step(), 1);
    }

    #[test]
    fn a_broken_number_is_named_and_changes_nothing() {
        let mut trainer = trainer(1e-3, TrainOptions::default()).unwrap();
        let id = trainer.params.id("decoder.layers.0.norm1.weight").unwrap();
        trainer.params.get_mut(id).data_mut::<f32>()[0] = f32::NAN;
        let before = trainer.params.get(trainer.params.id("embedding.weight").unwrap()).clone();
        let problem =
            trainer.train_epoch(&pairs(), 0, |_| ControlFlow::Continue(())).unwrap_err().to_string();
        assert!(
            problem.starts_with("not a finite number in step 1: the loss is NaN, first in the gradient of")
        );
        assert_eq!(trainer.params.get(trainer.params.id("embedding.weight").unwrap()), &before);
        assert_eq!(trainer.step(), 0);
    }

    #[test]
    fn a_learning_rate_that_is_no_number_changes_nothing() {
        let mut trainer = trainer(f64::NAN, TrainOptions::default()).unwrap();
        let before = trainer.params.clone();
        let problem =
            trainer.train_epoch(&pairs(), 0, |_| ControlFlow::Continue(())).unwrap_err().to_string();
        assert!(problem.contains("step 1: the learning rate is NaN"), "{problem}");
        assert!(before.iter().all(|(id, _, value)| trainer.params.get(id) == value));
    }

    #[test]
    fn options_out_of_range_say_what_would_be_right() {
        let problem = |options| trainer(1e-3, options).map(|_| ()).unwrap_err().to_string();
        let default = TrainOptions::default();
        assert!(
            problem(TrainOptions { smoothing: 1.0, ..default })
                .contains("smoothing is 1; it must be in 0..1")
        );
        assert!(problem(TrainOptions { clip_norm: Some(0.0), ..default }).contains("it must be positive"));
        assert!(problem(TrainOptions { accumulate: 0, ..default }).contains("at least one batch"));
        assert!(problem(TrainOptions { max_tokens: 0, ..default }).contains("at least one token"));
    }

    #[test]
    fn validating_does_not_depend_on_the_batches() {
        let mut few = trainer(1e-3, TrainOptions { max_tokens: 6, ..TrainOptions::default() }).unwrap();
        let mut many = trainer(1e-3, TrainOptions::default()).unwrap();
        let (few, many) = (few.validate(&pairs()).unwrap(), many.validate(&pairs()).unwrap());
        assert_eq!(few.count, many.count);
        assert!((few.loss() - many.loss()).abs() < 1e-5, "{} {}", few.loss(), many.loss());
    }
}
