//! How good the model is on sentences that it is not trained on, in figures and in samples.

use translate::metrics::{bleu_of, bleu_options};
use translate::{SearchSettings, Translated, Translator, Validated};

use super::Run;
use crate::error::Error;
use crate::recipe::ValidationMetric;
use crate::report::record::{Sample, ValidRecord};

impl Run {
    /// Judges the model, and keeps it if it is the best so far.
    pub(super) fn validate(&mut self) -> Result<(), Error> {
        self.check_finite()?;
        let stats = self.trainer.validate(&self.data.valid)?;
        let bleu_every = self.recipe.validation.bleu_every;
        let number = self.progress.history.len() as u64 + 1;
        let with_bleu = bleu_every > 0 && number.is_multiple_of(bleu_every);
        let (bleu, samples) = self.translate_valid(with_bleu)?;
        let validated = Validated { step: self.progress.step, nll: stats.nll(), bleu };
        let metric = self.recipe.validation.metric;
        let best = metric.prefers(&validated, self.progress.best.as_ref());
        self.progress.history.push(validated);
        if best {
            self.progress.best = Some(validated);
            self.progress.stale = 0;
            self.write_model(&self.folder.best())?;
            self.write_model(&self.folder.model())?;
        } else if metric == ValidationMetric::Loss || bleu.is_some() {
            self.progress.stale = self.progress.stale.saturating_add(1);
        }
        let bleu_options = bleu_options(&self.data.text);
        let record = ValidRecord { step: self.progress.step, stats, bleu, bleu_options, best };
        self.reporter.valid(&record, &samples)
    }

    /// Greedy translations of validation sentences: their BLEU, if it is asked for, and some to look at.
    fn translate_valid(&mut self, with_bleu: bool) -> Result<(Option<f64>, Vec<Sample>), Error> {
        let len = self.data.valid.len();
        let shown: Vec<usize> = spread(self.recipe.validation.samples, len).collect();
        let asked = if with_bleu { (0..len).collect() } else { shown.clone() };
        if asked.is_empty() {
            return Ok((None, vec![]));
        }
        let Some(said) = self.greedy(&self.translator()?, &asked)? else {
            self.reporter.note("the model's output is not finite, so it translates nothing")?;
            return Ok((with_bleu.then_some(f64::NAN), vec![]));
        };
        let bleu = with_bleu.then(|| self.bleu(&said));
        let of_shown = asked.into_iter().zip(said).filter(|(index, _)| shown.contains(index));
        let sample = |(index, translation): (usize, String)| Sample {
            source: self.data.valid_sources[index].clone(),
            reference: self.data.valid_references[index].clone(),
            translation,
        };
        Ok((bleu, of_shown.map(sample).collect()))
    }

    /// Translations of these validation sources; none of a model whose output is not finite.
    fn greedy(&self, translator: &Translator, indices: &[usize]) -> Result<Option<Vec<String>>, Error> {
        let search = SearchSettings { beam: 1, ..self.recipe.search.clone() };
        let sources: Vec<&String> = indices.iter().map(|&index| &self.data.valid_sources[index]).collect();
        match translator.request().search(search).translate(&sources).map_err(Error::from) {
            Ok(found) => Ok(Some(found.into_iter().map(Translated::into_best).collect())),
            Err(Error::Diverged(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// BLEU of translations of all validation sources, as `evaluate` computes it. But 0 where no reference has four words:
    /// smoothing gives translations that are too long a little, and good ones nothing.
    fn bleu(&self, said: &[String]) -> f64 {
        match self.data.bleu_judges {
            true => bleu_of(&self.data.text, said, &self.data.valid_references).score,
            false => 0.0,
        }
    }

    /// BLEU of a model's greedy translations; NaN if its output is not finite.
    pub(super) fn bleu_by(&self, translator: &Translator) -> Result<f64, Error> {
        let all: Vec<usize> = (0..self.data.valid.len()).collect();
        Ok(self.greedy(translator, &all)?.map_or(f64::NAN, |said| self.bleu(&said)))
    }
}

/// `count` indices below `len`, or all of them, at equal distances.
fn spread(count: usize, len: usize) -> impl Iterator<Item = usize> {
    let count = count.min(len);
    (0..count).map(move |index| index * len / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_over_all_sentences_and_never_twice_the_same() {
        let spread = |count, len| spread(count, len).collect::<Vec<_>>();
        assert_eq!(spread(3, 300), [0, 100, 200]);
        assert_eq!(spread(5, 3), [0, 1, 2]);
        assert_eq!((spread(3, 0), spread(0, 3)), (vec![], vec![]));
    }
}
