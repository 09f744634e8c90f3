//! A run: steps, validations and saves, in an order that can be taken up at any save.

mod finish;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nn::{Optimizer, Params};
use tensor::Seed;
use transformer::data::stream::BatchStream;
use transformer::{StepReport, Trainer, Transformer};
use translate::metrics::{bleu_of, bleu_options};
use translate::{About, SearchSettings, Translated, Translator, Validated};

use super::data::Data;
use super::prefetch::Prefetch;
use super::state::{self, Progress, Saved};
use super::stop::is_set;
use crate::error::Error;
use crate::recipe::{LearningRate, Recipe, ValidationMetric};
use crate::report::record::{TrainRecord, ValidRecord};
use crate::report::{ReportOptions, Reporter};
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
    ) -> Result<Run, Error> {
        let mut optimizer = recipe.training.optimizer.build();
        let mut schedule = recipe.training.schedule.build(model.config().architecture.d_model);
        let mut progress = Progress { data_checksum: data.checksum, ..Progress::default() };
        if let Some(saved) = saved {
            optimizer.restore(&params, &saved.optimizer)?;
            schedule.restore(saved.progress.plateau);
            progress = saved.progress;
        }
        let options = recipe.training.options(Seed::new(recipe.seed));
        let trainer =
            Trainer::new((model, params), optimizer, schedule, options)?.resumed_after(progress.step);
        let reporter = Reporter::open(
            folder.path(),
            ReportOptions {
                max_steps: recipe.training.max_steps,
                after_step: progress.step,
                log_every: recipe.training.log_every,
            },
        )?;
        Ok(Run { recipe, folder, data, trainer, progress, reporter })
    }

    /// Takes the steps that are left, and makes the final model. `resume` is the command that goes on from here.
    pub fn train(&mut self, stop: &AtomicBool, resume: &str) -> Result<(), Error> {
        let taken = self.take_steps(stop, resume);
        self.reporter.finish();
        taken?;
        self.finish()
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
        while self.progress.step < training.max_steps && !self.is_stale() {
            let step = batches.next_step()?;
            let report = self.trainer.train_step(&step.batches);
            self.progress.position = step.next;
            let taken = match report {
                Ok(report) => self.took_step(&report, step.from.epoch).map(|()| true),
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

    fn took_step(&mut self, report: &StepReport, epoch: u64) -> Result<(), Error> {
        self.progress.step = report.step;
        self.progress.not_finite = 0;
        let &StepReport { step, stats, learning_rate, grad_norm, .. } = report;
        let seconds = report.seconds.expect("the command runs where there is a clock");
        self.reporter.train(&TrainRecord { step, epoch, stats, learning_rate, grad_norm, seconds })
    }

    /// A step whose numbers are not finite changes nothing; too many in a row end the run.
    fn skipped_step(&mut self, problem: &str) -> Result<(), Error> {
        self.progress.not_finite += 1;
        let (streak, most) = (self.progress.not_finite, self.recipe.training.max_not_finite);
        self.reporter.note(&format!("not finite, skipped ({streak} of {most} in a row): {problem}"));
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

    /// Whether there was no better validation for too long.
    fn is_stale(&self) -> bool {
        let patience = self.recipe.validation.patience;
        patience > 0 && self.progress.stale >= patience
    }

    /// Judges the model, and keeps it if it is the best so far.
    fn validate(&mut self) -> Result<(), Error> {
        self.check_finite()?;
        let stats = self.trainer.validate(&self.data.valid)?;
        let bleu_every = self.recipe.validation.bleu_every;
        let number = self.progress.history.len() as u64 + 1;
        let with_bleu = bleu_every > 0 && number.is_multiple_of(bleu_every);
        let bleu = with_bleu.then(|| self.bleu(&self.translator()?)).transpose()?;
        let validated = Validated { step: self.progress.step, nll: stats.nll(), bleu };
        let metric = self.recipe.validation.metric;
        let best = is_better(metric, &validated, self.progress.best.as_ref());
        self.progress.history.push(validated);
        if best {
            self.progress.best = Some(validated);
            self.progress.stale = 0;
            self.write_model(&self.folder.best())?;
            self.write_model(&self.folder.model())?;
        } else if metric == ValidationMetric::Loss || bleu.is_some() {
            self.progress.stale += 1;
        }
        let bleu_options = bleu_options(&self.data.text);
        self.reporter.valid(&ValidRecord { step: self.progress.step, stats, bleu, bleu_options, best })
    }

    /// BLEU of greedy translations of the validation sources, as `evaluate` computes it.
    fn bleu(&self, translator: &Translator) -> Result<f64, Error> {
        let Data { text, valid_sources, valid_references, .. } = &self.data;
        let search = SearchSettings { beam: 1, ..self.recipe.search.clone() };
        let found = translator.request().search(search).translate(valid_sources)?;
        let said: Vec<String> = found.into_iter().map(Translated::into_best).collect();
        Ok(bleu_of(text, &said, valid_references).score)
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

/// Of equal BLEU the model of the lower loss is better: where nothing matches yet, or no reference has four words, all
/// have 0.
fn is_better(metric: ValidationMetric, new: &Validated, best: Option<&Validated>) -> bool {
    let lower_loss = new.nll.is_finite() && best.is_none_or(|best| new.nll < best.nll || best.nll.is_nan());
    match metric {
        ValidationMetric::Loss => lower_loss,
        ValidationMetric::Bleu => {
            let best = best.and_then(|best| best.bleu);
            new.bleu > best || new.bleu.is_some() && new.bleu == best && lower_loss
        }
    }
}

fn diverged(problem: &str) -> Error {
    Error::Diverged(format!(
        "training diverged: {problem}. What was saved before is as it was. Try a lower learning rate, a longer \
         warm-up or a low training.clip_norm, 1 for example"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_bleu_the_lower_loss_is_better_and_without_bleu_nothing_is() {
        let is_better = |new: (f64, Option<f64>), best: (f64, Option<f64>)| {
            let validated = |(nll, bleu)| Validated { step: 1, nll, bleu };
            is_better(ValidationMetric::Bleu, &validated(new), Some(&validated(best)))
        };
        for bleu in [0.0, 31.4] {
            assert!(is_better((2.0, Some(bleu)), (3.0, Some(bleu))));
            assert!(
                !is_better((3.0, Some(bleu)), (2.0, Some(bleu)))
                    && !is_better((2.0, Some(bleu)), (2.0, Some(bleu)))
            );
            assert!(is_better((9.0, Some(bleu + 0.1)), (2.0, Some(bleu))), "BLEU comes first");
            assert!(!is_better((1.0, Some(bleu)), (2.0, Some(bleu + 0.1))));
            assert!(!is_better((1.0, None), (2.0, Some(bleu))), "it was not taken");
            assert!(!is_better((f64::NAN, Some(bleu)), (2.0, Some(bleu))));
            assert!(is_better((2.0, Some(bleu)), (f64::NAN, Some(bleu))));
        }
    }
}
