//! Lines in, translations out, and everything that can be asked about the way between. How they are answered stands in
//! `request/answer.rs`; lines that come one by one are answered in [`serve`](crate::serve).

use std::sync::Arc;

use transformer::search::shortlist::Shortlist;

use crate::choice::Choice;
use crate::constraints::Constraints;
use crate::error::Error;
use crate::settings::{Penalty, Sampling, SearchSettings};
use crate::translated::Translated;
use crate::translator::Translator;

mod answer;

/// What is asked of a [`Translator`], and how it is to search. Made by [`Translator::request`]; what is not said is as
/// the model has it.
#[derive(Clone, Debug)]
#[must_use = "ask by `translate`"]
pub struct Request<'t> {
    pub(crate) translator: &'t Translator,
    /// Others of the same vocabulary, that speak with it.
    ensemble: Vec<&'t Translator>,
    pub(crate) search: SearchSettings,
    pub(crate) constraints: Constraints,
    pub(crate) sampling: Option<Sampling>,
    pub(crate) choice: Choice<'t>,
    /// How many translations are chosen among; as many as the beam is wide unless it is said.
    candidates: Option<usize>,
    pub(crate) n_best: usize,
    /// How many alternatives behind the prefix, instead of the best.
    alternatives: Option<usize>,
    /// Which tokens come into question for a source, if not all.
    pub(crate) shortlist: Option<Arc<Shortlist>>,
    align: bool,
    attention: bool,
    replace_unknown: bool,
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
            ensemble: Vec::new(),
            search: self.search(),
            constraints: Constraints::default(),
            sampling: None,
            choice: Choice::Score,
            candidates: None,
            n_best: 1,
            alternatives: None,
            shortlist: None,
            align: false,
            attention: false,
            replace_unknown: false,
        }
    }
}

impl<'t> Request<'t> {
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

    /// Lets translations say only what these allow.
    pub fn constraints(self, constraints: Constraints) -> Self {
        Request { constraints, ..self }
    }

    /// Lets others speak with the translator: words have the mean of their probabilities (an ensemble, Sutskever et al.
    /// 2014, §3.6). They have its vocabulary, as checkpoints of one run do; what attention says is its own.
    pub fn ensemble(self, others: &[&'t Translator]) -> Self {
        Request { ensemble: others.to_vec(), ..self }
    }

    /// Chooses the best translations so, among [`candidates`](Request::candidates).
    pub fn choose_by(self, choice: Choice<'t>) -> Self {
        Request { choice, ..self }
    }

    /// Chooses among so many translations of each line: at most as many as the beam is wide, or if they are drawn at most
    /// as many as a beam can be. Unless it is said, as many as the beam is wide, or 32.
    pub fn candidates(self, candidates: usize) -> Self {
        Request { candidates: Some(candidates), ..self }
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

    /// Returns so many translations of each line that differ in the token behind the
    /// [`prefix`](Constraints::prefix): the likeliest tokens there, in this order, each gone on with by a beam of its own, as
    /// if it had been asked for. Fewer, where fewer can be said. With more than one of the best, a choice, groups of a beam, or
    /// draws it does not go. From CTranslate2, whose `return_alternatives` it is.
    pub fn alternatives(self, count: usize) -> Self {
        Request { alternatives: Some(count), ..self }
    }

    /// Says of each line only what a shortlist has for its tokens, what the prefix says, and `<eos>`; probabilities are among
    /// these alone. With a large vocabulary it is faster, and loses translations by other words. It is
    /// [learned](Shortlist::learn) from the pairs that a model is trained on, encoded by its text.
    pub fn shortlist(self, shortlist: Arc<Shortlist>) -> Self {
        Request { shortlist: Some(shortlist), ..self }
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
    /// [`Error::Request`] if a setting or a constraint is out of range, a model of the ensemble has another vocabulary, or
    /// more translations are asked for than there are, or none;
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
}

#[cfg(test)]
mod tests;
