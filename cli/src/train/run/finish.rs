//! The end of a run: the last save, the model to use, and what there is to say of it.

use tensor::Seed;
use translate::{Translator, Validated};

use super::{Run, diverged};
use crate::error::Error;
use crate::model;
use crate::train::shell::quoted;

impl Run {
    /// The final save, and the model to use. Where no checkpoint was due, the last step has one all the same.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.save(false)?;
        let step = self.progress.step;
        let mut checkpoints = self.progress.checkpoints.clone();
        if self.recipe.training.keep_checkpoints > 0 && checkpoints.last() != Some(&step) {
            self.write_model(&self.folder.checkpoint(step))?;
            checkpoints.push(step);
        }
        let why = self.end().expect("the run has come to its end");
        self.reporter.note(&format!("step {step}: {why}"))?;
        self.write_final(&checkpoints)?;
        let [model, out] =
            [&*self.folder.model(), self.folder.path()].map(|path| quoted(&path.display().to_string()));
        self.reporter
            .note(&format!("{model} is ready. Try: echo ... | etudiant translate --model {model}"))?;
        self.reporter.note(&format!("curves: tensorboard --logdir {out}"))
    }

    /// The model to use where a run is stopped before a validation has chosen one: that of this step. It takes the
    /// place of one that an earlier stop has left, and not of a mean.
    pub(super) fn write_unvalidated(&mut self) -> Result<(), Error> {
        let path = self.folder.model();
        let is_of_a_stop = || Translator::open(&path).is_ok_and(|model| model.about().averaged.is_empty());
        if !path.exists() || self.progress.best.is_none() && is_of_a_stop() {
            self.write_model(&path)?;
            let step = self.progress.step;
            self.reporter
                .note(&format!("model.safetensors is that of step {step}; no validation has judged it"))?;
        }
        Ok(())
    }

    /// The model to use: the mean of the last checkpoints, or the best where the recipe asks for no mean. The mean of
    /// one is itself: that of the last step. So is the model of a run that has no best one on disk. It is judged before
    /// it takes the place of the best so far.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the model is of no use, beside those of writing.
    fn write_final(&mut self, checkpoints: &[u64]) -> Result<(), Error> {
        let average = self.recipe.training.average;
        let last = &checkpoints[checkpoints.len().saturating_sub(average)..];
        let best = self.progress.best.filter(|_| self.folder.best().exists());
        let (what, judged, new) = if last.len() > 1 {
            let paths: Vec<_> = last.iter().map(|&step| self.folder.checkpoint(step)).collect();
            let mean = model::mean(&paths)?;
            (format!("the mean of the last {} checkpoints", last.len()), self.judge(&mean)?, Some(mean))
        } else if let (0, Some(best)) = (average, best) {
            (format!("the best, of step {}", best.step), Some(best), None)
        } else {
            let model = self.translator()?;
            let judged = match self.progress.history.last() {
                Some(validated) if validated.step == self.progress.step => Some(*validated),
                _ => self.judge(&model)?,
            };
            (format!("that of the last step, {}", self.progress.step), judged, Some(model))
        };
        if let Some(perplexity) = judged.map(|judged| judged.perplexity()).filter(|of| !of.is_finite()) {
            let problem = format!(
                "the finished model, {what}, has a perplexity of {perplexity} on the validation pairs"
            );
            return Err(diverged(&problem));
        }
        match new {
            Some(model) => model.save(self.folder.model())?,
            None => self.folder.use_best()?,
        }
        let judgement = judged.as_ref().map_or(String::new(), figures);
        self.reporter.note(&format!("model.safetensors is {what}{judgement}"))?;
        if let Some(best) = best.filter(|_| average > 0) {
            self.reporter.note(&format!("best.safetensors is of step {}{}", best.step, figures(&best)))?;
        }
        let tokens = self.trainer.model.config().tgt_vocab_size;
        let warning = judged.and_then(|judged| no_better_than_guessing(judged.nll, tokens));
        warning.map_or(Ok(()), |warning| self.reporter.note(&warning))
    }

    /// A validation that the run does not remember, as it is not one of those that are due. None without pairs.
    fn judge(&self, translator: &Translator) -> Result<Option<Validated>, Error> {
        if self.data.valid.is_empty() {
            return Ok(None);
        }
        let options = self.recipe.training.options(Seed::new(self.recipe.seed));
        let (model, params) = (translator.model(), translator.params());
        let stats =
            transformer::evaluate(model, params, &self.data.valid, options.max_tokens, options.smoothing)?;
        let validation = &self.recipe.validation;
        let with_bleu = validation.every > 0 && validation.bleu_every > 0;
        let bleu = with_bleu.then(|| self.bleu_by(translator)).transpose()?;
        Ok(Some(Validated { step: self.progress.step, nll: stats.nll(), bleu }))
    }
}

/// What a validation found, for people: `: valid perplexity 5.266, BLEU 39.70`.
fn figures(judged: &Validated) -> String {
    let bleu = judged.bleu.map_or(String::new(), |bleu| format!(", BLEU {bleu:.2}"));
    format!(": valid perplexity {:.3}{bleu}", judged.perplexity())
}

/// What to say of a model to which all tokens might as well be alike: a loss that is large but finite ends no run.
fn no_better_than_guessing(nll: f64, tokens: usize) -> Option<String> {
    let is_better = nll < (tokens as f64).ln(); // what is not a number is not
    (!is_better).then(|| {
        format!(
            "warning: on the validation pairs this model is no better than guessing among the {tokens} tokens. More \
             steps may help or, if the loss did not fall, a lower learning rate, a longer warm-up or \
             training.clip_norm = 1"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_might_as_well_guess_is_told_of() {
        assert_eq!(no_better_than_guessing(6.9, 1000), None);
        for nll in [6.91, 1e30, f64::INFINITY, f64::NAN] {
            assert!(no_better_than_guessing(nll, 1000).unwrap().contains("among the 1000 tokens"), "{nll}");
        }
    }
}
