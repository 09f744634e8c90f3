//! Lines in, translations out: batches of like length through the beam search, or drawn word by word.

use tensor::Seed;
use text::special::UNK_ID;
use transformer::Pair;
use transformer::search::Hypothesis;
use transformer::search::batches::{sample_in_batches, search_in_batches};
use transformer::search::beam::MAX_BEAM_SIZE;

use crate::align::{links, links_to_unknown};
use crate::encode::Source;
use crate::error::Error;
use crate::settings::{Penalty, Sampling, SearchSettings, between};
use crate::translator::Translator;
use crate::unknown::replaced;

/// What is asked of a [`Translator`], and how it is to search. Made by [`Translator::request`]; what is not said is as
/// the model has it.
#[derive(Clone, Debug)]
#[must_use = "ask by `translate`"]
pub struct Request<'t> {
    translator: &'t Translator,
    search: SearchSettings,
    sampling: Option<Sampling>,
    n_best: usize,
    align: bool,
    attention: bool,
    replace_unknown: bool,
}

/// A line and its translations.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The line as the model read it: how many of its tokens are unknown, how many were cut off.
    pub source: Source,
    /// The best translations, best first, or those that were drawn; none of a line without a token.
    pub translations: Vec<Translation>,
}

/// One translation of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Translation {
    /// Its text, in one line; `<unk>` stands in it unless it was replaced.
    pub text: String,
    /// The tokens whose log-probabilities were added up, `<eos>` included if it is finished.
    pub ids: Vec<u32>,
    /// The natural logarithm of the probability that the model gives it.
    pub log_prob: f64,
    /// What it was ranked by: `log_prob` divided by the length penalty, or `log_prob` itself if it was drawn.
    pub score: f64,
    /// Whether it ended by itself rather than at the length limit.
    pub finished: bool,
    /// (source, target), numbers of tokens from 0, in the order of the target: which token of the source each of its
    /// tokens comes from, as far as attention says. None if it was not asked for.
    pub alignment: Option<Vec<(usize, usize)>>,
    /// How much each of its tokens attends to each of the source, `<eos>` included on both sides: `[tgt_len][src_len]`,
    /// of which each row sums to 1. None if it was not asked for.
    pub attention: Option<Vec<Vec<f64>>>,
}

impl Translator {
    /// The best translation of each line, in order. An empty line becomes an empty line.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate(&self, lines: &[impl AsRef<str>]) -> Result<Vec<String>, Error> {
        let found = self.request().translate(lines)?;
        Ok(found.into_iter().map(Translated::into_best).collect())
    }

    /// A translation to be asked for with options of its own.
    pub fn request(&self) -> Request<'_> {
        Request {
            translator: self,
            search: self.search(),
            sampling: None,
            n_best: 1,
            align: false,
            attention: false,
            replace_unknown: false,
        }
    }
}

impl Translated {
    /// The text of the best translation; nothing where there is none.
    pub fn into_best(self) -> String {
        self.translations.into_iter().next().map(|best| best.text).unwrap_or_default()
    }
}

impl Request<'_> {
    /// Searches by these settings.
    pub fn search(self, search: SearchSettings) -> Self {
        Request { search, ..self }
    }

    /// Keeps so many hypotheses at each step, 1 to 10,000; 1 is greedy decoding.
    pub fn beam(mut self, beam: usize) -> Self {
        self.search.beam = beam;
        self
    }

    /// Divides log-probabilities by this penalty, with this exponent, -100 to 100, before lengths are compared.
    pub fn length_penalty(mut self, length_penalty: Penalty, alpha: f64) -> Self {
        (self.search.length_penalty, self.search.alpha) = (length_penalty, alpha);
        self
    }

    /// Lets a translation have so many tokens beyond those of its source, at most 10,000.
    pub fn max_len_beyond_source(mut self, tokens: usize) -> Self {
        self.search.max_len_beyond_source = tokens;
        self
    }

    /// Draws translations instead of searching the best. Of the search's settings only the length limit still counts.
    pub fn sample(self, sampling: Sampling) -> Self {
        Request { sampling: Some(sampling), ..self }
    }

    /// Returns so many translations of each line: at most as many as the beam is wide; or draws so many, the first of
    /// which is the one that is drawn alone.
    pub fn n_best(self, n_best: usize) -> Self {
        Request { n_best, ..self }
    }

    /// Says where each token comes from.
    pub fn align(self, align: bool) -> Self {
        Request { align, ..self }
    }

    /// Says how much each token attends to each of the source.
    pub fn attention(self, attention: bool) -> Self {
        Request { attention, ..self }
    }

    /// Puts in the place of `<unk>` what is unknown in the source line too, as it is written there: of several the one that
    /// gets most attention; if nothing is, what `<unk>` is aligned with. With subwords that fall back to bytes there is no
    /// `<unk>`.
    pub fn replace_unknown(self, replace_unknown: bool) -> Self {
        Request { replace_unknown, ..self }
    }

    /// The best translations of each line, in the order of the lines.
    ///
    /// # Errors
    /// [`Error::Request`] if a setting is out of range, or more translations are asked for than the beam is wide, than
    /// [`MAX_BEAM_SIZE`] are to be drawn, or none;
    /// [`Error::Model`] if the model's output is not finite.
    pub fn translate(&self, lines: &[impl AsRef<str>]) -> Result<Vec<Translated>, Error> {
        self.translate_observed(lines, |_| ())
    }

    /// As [`Request::translate`]; `done` hears how many more lines are finished. Lines are searched in batches of like
    /// length, the longest first.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate_observed(
        &self,
        lines: &[impl AsRef<str>],
        done: impl FnMut(usize) + Send,
    ) -> Result<Vec<Translated>, Error> {
        let sources = lines.iter().map(|line| self.translator.encode(line.as_ref())).collect();
        self.translate_encoded(sources, done)
    }

    /// As [`Request::translate_observed`], of lines that were encoded before.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate_encoded(
        &self,
        sources: Vec<Source>,
        done: impl FnMut(usize) + Send,
    ) -> Result<Vec<Translated>, Error> {
        self.search.check().map_err(Error::Request)?;
        let ids: Vec<Vec<u32>> = sources.iter().map(|source| source.ids.clone()).collect();
        let found = match &self.sampling {
            None => self.searched(&ids, done)?,
            Some(sampling) => self.drawn(&ids, sampling, done)?,
        };
        let translated = |(source, found): (Source, Vec<Hypothesis>)| {
            let translations = found.into_iter().map(|hypothesis| self.translation(hypothesis)).collect();
            Translated { source, translations }
        };
        let mut translated: Vec<Translated> = sources.into_iter().zip(found).map(translated).collect();
        self.attend(&mut translated)?;
        Ok(translated)
    }

    fn searched(
        &self,
        ids: &[Vec<u32>],
        done: impl FnMut(usize) + Send,
    ) -> Result<Vec<Vec<Hypothesis>>, Error> {
        let (n_best, beam) = (self.n_best, self.search.beam);
        between("n_best", n_best, 1..=beam)
            .map_err(|problem| Error::Request(format!("{problem}, the width of the beam")))?;
        let (model, params) = (self.translator.model(), self.translator.packed());
        Ok(search_in_batches(model, params, ids, &self.search.options(n_best), done)?)
    }

    /// As many translations of each as are asked for, each from a stream of its own.
    fn drawn(
        &self,
        ids: &[Vec<u32>],
        sampling: &Sampling,
        mut done: impl FnMut(usize) + Send,
    ) -> Result<Vec<Vec<Hypothesis>>, Error> {
        sampling.check().map_err(Error::Request)?;
        between("n_best", self.n_best, 1..=MAX_BEAM_SIZE).map_err(Error::Request)?;
        let (model, params) = (self.translator.model(), self.translator.packed());
        let mut all = vec![Vec::new(); ids.len()];
        for draw in 0..self.n_best {
            let seed = Seed::new(sampling.seed).derive_index(draw as u64);
            let options = sampling.options(seed, self.search.max_len_beyond_source);
            let is_last = draw + 1 == self.n_best;
            let done = |finished| {
                if is_last {
                    done(finished)
                }
            };
            let found = sample_in_batches(model, params, ids, sampling.first, &options, done)?;
            all.iter_mut().zip(found).for_each(|(all, found)| all.extend(found));
        }
        Ok(all)
    }

    fn translation(&self, hypothesis: Hypothesis) -> Translation {
        let Hypothesis { ids, log_prob, score, finished } = hypothesis;
        let text = self.translator.text().decode(&ids);
        Translation { text, ids, log_prob, score, finished, alignment: None, attention: None }
    }

    /// Says of every translation what attention says, as far as it was asked for.
    fn attend(&self, found: &mut [Translated]) -> Result<(), Error> {
        let replaces = |one: &Translation| self.replace_unknown && one.ids.contains(&UNK_ID);
        let wants = |one: &Translation| self.align || self.attention || replaces(one);
        let of_line = |line: &Translated| -> Vec<Pair> {
            let wanted = line.translations.iter().filter(|one| wants(one));
            wanted.map(|one| Pair { src: line.source.ids.clone(), tgt: one.ids.clone() }).collect()
        };
        let pairs: Vec<Pair> = found.iter().flat_map(of_line).collect();
        let mut weights = pairs.iter().zip(self.translator.attention(&pairs)?);
        for Translated { source, translations } in found {
            for one in translations.iter_mut().filter(|one| wants(one)) {
                let Some((pair, rows)) = weights.next() else { break };
                if replaces(one) {
                    let links = links_to_unknown(pair, &rows);
                    one.text = replaced(self.translator.text(), &source.line, &one.ids, &one.text, &links);
                }
                one.alignment = self.align.then(|| links(pair, &rows));
                one.attention = self.attention.then_some(rows);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
