//! A run: steps, validations and saves, in an order that can be taken up at any save.

mod finish;
mod validate;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nn::{Optimizer, Params};
use tensor::Seed;
use transformer::data::stream::{BatchStream, Cursor, StepBatches};
use transformer::{StepReport, Trainer, Transformer};
use translate::{About, Translator};

use super::data::Data;
use super::prefetch::Prefetch;
use super::state::{self, Progress, Saved};
use super::stop::is_set;
use crate::error::Error;
use crate::recipe::{LearningRate, Recipe};
use crate::report::Reporter;
use crate::report::log::Log;
use crate::report::progress::Asked;
use crate::report::record::{ReportOptions, TrainRecord};
use crate::run_folder::RunFolder;

/// A run in its folder.
pub struct Run {
    recipe: Recipe,
    folder: RunFolder,
    data: Data,
    trainer: Trainer<Box<dyn Optimizer>, LearningRate>,
    progress: Progress,
    reporter: Reporter,
}

impl Run {
    /// A run before its first step, or where it was saved; the parameters are those of that place.
    pub fn new(
        recipe: Recipe,
        folder: RunFolder,
        data: Data,
        (model, params): (Transformer, Params),
        saved: Option<Saved>,
        log: Log,
    ) -> Result<Run, Error> {
        let mut optimizer = recipe.training.optimizer.build();
        let mut schedule = recipe.training.schedule.build(model.config().architecture.d_model);
        let mut progress = Progress { data_checksum: data.checksum, ..Progress::default() };
        if let Some(saved) = saved {
            optimizer.restore(&params, &saved.optimizer)?;
            schedule.restore(saved.progress.plateau);
            progress = saved.progress;
            if !data.bleu_judges {
                progress.count_no_bleu();
            }
        }
        let options = recipe.training.options(Seed::new(recipe.seed));
        let trainer =
            Trainer::new((model, params), optimizer, schedule, options)?.resumed_after(progress.step);
        let options = ReportOptions {
            max_steps: recipe.training.last_step(data.epoch_batches),
            max_epochs: recipe.training.max_epochs,
            epoch_batches: data.epoch_batches,
            after_step: progress.step,
            log_every: recipe.training.log_every,
        };
        let reporter = Reporter::open(folder.path(), log, options)?;
        Ok(Run { recipe, folder, data, trainer, progress, reporter })
    }

    /// Takes the steps that are left, and makes the final model. `resume` is the command that goes on from here.
    pub fn train(&mut self, stop: &AtomicBool, resume: &str) -> Result<(), Error> {
        let taken = self.take_steps(stop, resume);
        let told = self.reporter.finish();
        let ended = taken.and(told).and_then(|()| self.finish());
        ended.inspect_err(|error| self.reporter.ended_by(error))
    }

    /// A way to answer, from another thread, to whoever asks the run to stop.
    pub fn voice(&self) -> impl Fn(&str, Asked) + Send + 'static {
        self.reporter.voice()
    }

    fn take_steps(&mut self, stop: &AtomicBool, resume: &str) -> Result<(), Error> {
        let training = self.recipe.training.clone();
        let stream = BatchStream::new(
            self.data.train.clone(),
            training.options(Seed::new(self.recipe.seed)).batches(),
            self.trainer.model.config().decoder_start,
            self.progress.position,
        )?;
        let mut batches = Prefetch::new(stream);
        while self.end().is_none() {
            let step = batches.next_step()?;
            let report = self.trainer.train_step(&step.batches);
            self.progress.position = step.next;
            let taken = match report {
                Ok(report) => self.took_step(&report, &step).map(|()| true),
                Err(transformer::Error::NotFinite(problem)) => self.skipped_step(&problem).map(|()| false),
                Err(error) => Err(error.into()),
            }?;
            let is_due = |every: u64| taken && every > 0 && self.progress.step.is_multiple_of(every);
            let (validate, save) = (is_due(self.recipe.validation.every), is_due(training.save_every));
            if validate {
                self.validate()?;
            }
            let stopping = is_set(stop); // looked at once: it may become true at any moment
            if save || stopping {
                self.save(save)?;
            }
            if stopping {
                let step = self.progress.step;
                self.write_unvalidated()?;
                let problem = format!("stopped and saved at step {step}; to go on: {resume}");
                return Err(Error::Interrupted(problem));
            }
        }
        Ok(())
    }

    /// Why the run has come to its end, if it has.
    fn end(&self) -> Option<String> {
        let (training, progress) = (&self.recipe.training, &self.progress);
        let patience = self.recipe.validation.patience;
        if patience > 0 && progress.stale >= patience {
            return Some(format!("no better validation in {} of them", progress.stale));
        }
        if progress.step >= training.max_steps {
            return Some("all steps taken".into());
        }
        let epochs = training.max_epochs;
        (epochs > 0 && progress.position.epoch >= epochs).then(|| format!("all epochs taken, {epochs}"))
    }

    fn took_step(&mut self, report: &StepReport, taken: &StepBatches) -> Result<(), Error> {
        self.progress.step = report.step;
        self.progress.not_finite = 0;
        let &StepReport { step, stats, learning_rate, grad_norm, .. } = report;
        let seconds = report.seconds.expect("the command runs where there is a clock");
        let Cursor { epoch, batch } = taken.from;
        let batches = batch + taken.batches.len() as u64;
        self.reporter.train(&TrainRecord { step, epoch, batches, stats, learning_rate, grad_norm, seconds })
    }

    /// A step whose numbers are not finite changes nothing; too many in a row end the run.
    fn skipped_step(&mut self, problem: &str) -> Result<(), Error> {
        self.progress.not_finite = self.progress.not_finite.saturating_add(1);
        let (streak, most) = (self.progress.not_finite, self.recipe.training.max_not_finite);
        self.reporter.note(&format!("not finite, skipped ({streak} of {most} in a row): {problem}"))?;
        if streak < most {
            return Ok(());
        }
        Err(diverged(&format!("{problem}; {streak} steps in a row were not finite")))
    }

    /// What is not finite is never written. A step whose own loss is finite can make parameters that are not; they
    /// would spoil the last save and, until the next one, whatever is made of it.
    fn check_finite(&self) -> Result<(), Error> {
        let broken = self.trainer.params.iter().find(|(_, _, value)| !value.all_finite());
        broken.map_or(Ok(()), |(_, name, _)| {
            Err(diverged(&format!("after step {} the parameter {name} is not finite", self.progress.step)))
        })
    }

    /// The model as it is now.
    fn translator(&self) -> Result<Translator, Error> {
        let Trainer { model, params, .. } = &self.trainer;
        let about = About {
            recipe: self.recipe.to_toml(),
            search: Some(self.recipe.search.clone()),
            step: self.progress.step,
            averaged: vec![],
            history: self.progress.history.clone(),
        };
        Ok(Translator::new(model.clone(), params.clone(), Arc::clone(&self.data.text), about)?)
    }

    fn write_model(&self, path: &Path) -> Result<(), Error> {
        Ok(self.translator()?.save(path)?)
    }

    /// A checkpoint, if it is time for one, then the state: as long as the state is not there, the run goes on from
    /// the one before and writes the same checkpoint again.
    ///
    /// Only checkpoints of regular saves are listed in the state, so that a run which was stopped in between ends
    /// with the same ones, and the same mean of them, as if it had not been.
    fn save(&mut self, with_checkpoint: bool) -> Result<(), Error> {
        self.check_finite()?;
        let (step, keep) = (self.progress.step, self.recipe.training.keep_checkpoints);
        if with_checkpoint && keep > 0 && self.progress.checkpoints.last() != Some(&step) {
            self.write_model(&self.folder.checkpoint(step))?;
            self.progress.checkpoints.push(step);
        }
        let old = self.progress.checkpoints.len().saturating_sub(keep);
        self.progress.checkpoints.drain(..old);
        self.progress.plateau = self.trainer.schedule.memory();
        let Trainer { params, optimizer, .. } = &self.trainer;
        let (path, text) = (self.folder.state(), &self.data.text);
        state::save(&path, params, &optimizer.state(params), text, &self.recipe, &self.progress)?;
        self.folder.remove_checkpoints_but(&self.progress.checkpoints);
        Ok(())
    }
}

/// The error of a training that came to nothing.
fn diverged(problem: &str) -> Error {
    Error::Diverged(format!(
        "training diverged: {problem}. What was saved before is as it was. Try a lower learning rate, a longer \
         warm-up or a low training.clip_norm, 1 for example"
    ))
}
