//! The training loop: batches in, better parameters out.
//!
//! One step is: forward on every batch of the step, cross-entropy against the labels, backward, clip,
//! optimizer. With several batches a step (gradient accumulation) each counts by its number of labels, so
//! that k batches give the gradient of one batch that holds them all.
//!
//! Everything random derives from one seed: the order of an epoch's batches from (seed, epoch), dropout
//! from (seed, step, shard). The same seed gives the same parameters, bit for bit.

use std::ops::ControlFlow;

use autograd::ops::cross_entropy::LossStats;
use autograd::profile::{Profile, Row};
use nn::{Optimizer, ParamGradients, Params, Schedule, Trace};
use tensor::clock;
use tensor::threads::on_worker;

use crate::data::batch::{Batch, Pair};
use crate::error::Error;
use crate::model::Transformer;
use crate::train::evaluate::evaluate;
use crate::train::options::TrainOptions;
use crate::train::profile::timed;
use crate::train::reduce::run_shards;
use crate::train::shard::{How, Shard, ShardResult};

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
    /// How long the step took; none where there is no [clock].
    pub seconds: Option<f64>,
    /// What it took the time for, if [`Trainer::profile_steps`] asked.
    pub profile: Option<Profile>,
}

impl StepReport {
    /// Labels learned from per second; none where there is no [clock].
    pub fn tokens_per_second(&self) -> Option<f64> {
        Some(self.stats.count as f64 / self.seconds?)
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
    profiling: bool,
}

impl<O: Optimizer, S: Schedule> Trainer<O, S> {
    /// A trainer before its first step.
    ///
    /// # Errors
    /// [`Error::Config`] if an option is out of range; [`nn::Error::OtherModel`] if the parameters are not the model's.
    pub fn new(
        (model, params): (Transformer, Params),
        optimizer: O,
        schedule: S,
        options: TrainOptions,
    ) -> Result<Self, Error> {
        options.check()?;
        model.check_params(&params)?;
        Ok(Trainer { model, params, optimizer, schedule, options, step: 0, profiling: false })
    }

    /// The same trainer as if it had taken `step` steps: with restored parameters and optimizer it goes on as
    /// the run that saved them would have, bit for bit, if the schedule depends on the step alone (one
    /// that does not must be restored too). [`Trainer::train_epoch`] resumes between epochs, at the number of the
    /// next one; a [`BatchStream`](crate::data::stream::BatchStream) anywhere.
    #[must_use]
    pub fn resumed_after(self, step: u64) -> Self {
        Trainer { step, ..self }
    }

    /// Whether steps to come report where their time goes: by operation, and outside these in the rows
    /// `accumulate`, `clip`, `optimizer`, `free` (the gradients and what is left of the tape) and `other`,
    /// which together take as long as the step. In an epoch there is also `batch`, making the batches, which
    /// [`StepReport::seconds`] does not count.
    ///
    /// The report is [`StepReport::profile`]. [`Profile::merge`] adds steps up, and [`Profile::per`] divides by
    /// their number; leave out the first few, which find no memory to use again.
    ///
    /// Off at first. On, shards are worked on one after the other, and it costs two looks at the clock for each
    /// operation.
    pub fn profile_steps(&mut self, on: bool) {
        self.profiling = on;
    }

    /// How many steps were taken.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// One step over these batches: they count by their labels, as one large batch would.
    ///
    /// # Errors
    /// If there is no batch or no label, an id is not in its vocabulary, a sequence is longer than learned
    /// positions reach, a parameter gets no gradient, or the loss, a gradient, the learning rate or what the optimizer
    /// makes of a gradient is not finite. The parameters have not changed then.
    pub fn train_step(&mut self, batches: &[Batch]) -> Result<StepReport, Error> {
        on_worker(|| self.step_over(batches, None)).map(|(report, _)| report)
    }

    /// As [`Trainer::train_step`], the same step to the bit, with `trace` looking on; returns the gradients too that were
    /// followed, after clipping.
    ///
    /// A large batch is cut into shards, of which each goes through the model by itself: the trace sees one after the other,
    /// in their order, under the same paths, and the gradients of each shard's share of the loss.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    #[allow(clippy::missing_panics_doc)] // a step that is traced keeps its gradients
    pub fn train_step_traced(
        &mut self,
        batches: &[Batch],
        trace: &(dyn Trace + Sync),
    ) -> Result<(StepReport, ParamGradients), Error> {
        let (report, gradients) = on_worker(|| self.step_over(batches, Some(trace)))?;
        Ok((report, gradients.expect("a step that is traced keeps them")))
    }

    /// One step; its gradients, if somebody looks on.
    fn step_over(
        &mut self,
        batches: &[Batch],
        trace: Option<&(dyn Trace + Sync)>,
    ) -> Result<(StepReport, Option<ParamGradients>), Error> {
        let started = clock::now();
        let step = self.step + 1;
        let TrainOptions { smoothing, precision, shard_tokens, seed, .. } = self.options;
        let seed = seed.derive("dropout").derive_index(step);
        let shards = Shard::of(&self.model, batches, shard_tokens, seed)?;
        let how = How { smoothing, precision, profiling: self.profiling, trace };
        let result = run_shards(&shards, &self.model, &self.params, how)?;
        let ShardResult { stats, mut gradients, mut profile } =
            result.ok_or_else(|| Error::EmptyBatch("no batch in this step".into()))?;
        let max_norm = self.options.clip_norm.unwrap_or(f64::INFINITY);
        let grad_norm = timed(&mut profile, "clip", || gradients.clip_global_norm(max_norm));
        if !(stats.loss_sum.is_finite() && grad_norm.is_finite()) {
            return Err(self.not_finite(step, &stats, &gradients));
        }
        let learning_rate = self.schedule.learning_rate(step);
        if !learning_rate.is_finite() {
            return Err(Error::NotFinite(format!("step {step}: the learning rate is {learning_rate}")));
        }
        timed(&mut profile, "optimizer", || self.optimizer.step(&mut self.params, &gradients, learning_rate))
            .map_err(|error| match error {
                error @ nn::Error::NotFinite { .. } => Error::NotFinite(format!("step {step}: {error}")),
                error => error.into(),
            })?;
        let gradients = timed(&mut profile, "free", || trace.is_some().then_some(gradients));
        self.step = step;
        let took = started.map(|started| started.elapsed());
        if let (Some(profile), Some(took)) = (&mut profile, took) {
            let outside = took.saturating_sub(profile.total());
            profile.add(Row { name: "other", calls: 1, outside, ..Row::default() });
        }
        let seconds = took.map(|took| took.as_secs_f64());
        Ok((StepReport { step, stats, learning_rate, grad_norm, seconds, profile }, gradients))
    }

    /// An empty profile, if one is asked for.
    fn new_profile(&self) -> Option<Profile> {
        self.profiling.then(Profile::default)
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
        let plan = self.options.batches().plan_epoch(pairs, epoch)?;
        let start = self.model.config().decoder_start;
        let mut total = LossStats::default();
        let indices: Vec<usize> = (0..plan.len()).collect();
        for indices in indices.chunks(self.options.accumulate) {
            let mut profile = self.new_profile();
            let batches: Result<Vec<Batch>, Error> = timed(&mut profile, "batch", || {
                indices.iter().map(|&index| plan.batch(index, pairs, start, 0)).collect()
            });
            let mut report = self.train_step(&batches?)?;
            if let (Some(all), Some(batching)) = (&mut report.profile, &profile) {
                all.merge(batching);
            }
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
mod tests;
