//! Beam search: several unfinished translations side by side (Vaswani et al. 2017, §6.1; Wu et al. 2016, §7).
//!
//! At every step each live hypothesis is continued by every word. Of these candidates the `beam_size`
//! likeliest are looked at: those that end with `<eos>` are finished and leave; the beam is then filled
//! with the likeliest that do not end, so that finished hypotheses occupy no live slot. The search of a
//! sentence ends when no live hypothesis can still beat the worst of the `beam_size` finished ones that are
//! kept, not at the first `<eos>`.
//!
//! A beam of one is greedy decoding: there is no second hypothesis to wait for, so the first end is the end.
//! Sums of log-probabilities fall with every word, which a [`LengthPenalty`] sets right.
//!
//! A diverse beam (Vijayakumar et al. 2018, *Diverse Beam Search*) is several narrow ones, each of which pays for the
//! words that those before it have just said, so that they say different things.

use nn::Params;
use tensor::threads::on_worker;

pub(super) use self::sentence::Beam;
use super::decoding::{Attention, Member, Speakers};
use super::hypothesis::{Hypothesis, MaxLen};
use super::length_penalty::LengthPenalty;
use super::listed::{Hooks, search_all};
use super::rules::Rules;
use crate::error::Error;
use crate::model::Transformer;

mod group;
mod sentence;

/// How wide and how long to search.
#[derive(Clone, Debug, PartialEq)]
pub struct BeamOptions {
    /// How many unfinished hypotheses are kept at every step.
    pub beam_size: usize,
    /// How many translations are returned for each sentence, best first; at most `beam_size`.
    pub top_beams: usize,
    /// How lengths are made comparable.
    pub length_penalty: LengthPenalty,
    /// How long a translation may be.
    pub max_len: MaxLen,
    /// Tokens that are not said: `<pad>`, say. `<bos>` never is.
    pub never: Vec<u32>,
    /// What a translation may say.
    pub rules: Rules,
    /// How much it costs to leave parts of the source unattended (Wu et al. 2016, equation 14, beta); 0 for nothing. The
    /// attention is that of [`default_layer`](crate::align::default_layer), of an ensemble that of its first model. What
    /// is penalised are finished hypotheses.
    pub coverage: f64,
    /// Into how many groups the beam is divided, which say different things; 1 for an ordinary beam.
    pub groups: usize,
    /// What a word costs a group for each time that groups before it have said it in the same step (Hamming diversity).
    pub diversity: f64,
}

/// The paper's settings: a beam of 4, alpha 0.6, source length + 50; one translation returned.
impl Default for BeamOptions {
    fn default() -> Self {
        BeamOptions {
            beam_size: 4,
            top_beams: 1,
            length_penalty: LengthPenalty::Gnmt { alpha: 0.6 },
            max_len: MaxLen::default(),
            never: Vec::new(),
            rules: Rules::default(),
            coverage: 0.0,
            groups: 1,
            diversity: 0.0,
        }
    }
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on living, or is returned unfinished when the search ends.
    Kept,
    /// It ended with `<eos>` and is finished.
    Finished,
    /// Others were likelier, or the search ended without it.
    Pruned,
}

/// A live hypothesis continued by one word.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The sentence, as an index of the sources.
    pub sentence: usize,
    /// The tokens, the new one last.
    pub ids: Vec<u32>,
    /// The sum of their log-probabilities.
    pub log_prob: f64,
    /// What became of it.
    pub fate: Fate,
}

/// Translates each source, returning its `top_beams` best translations, best first.
///
/// # Errors
/// If an option is out of range, the parameters are of another model, an id is not in the source vocabulary, a
/// sequence is longer than learned positions reach, or the model's output is not finite.
pub fn beam_search(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    beam_search_observed(model, params, sources, options, |_| ())
}

/// As [`beam_search`], showing `observe` the candidates of each step that came into question (twice the
/// beam), sentence by sentence and likeliest first, with what became of them. `Send`, because the search runs on
/// a thread of the pool.
///
/// # Errors
/// As [`beam_search`].
pub fn beam_search_observed(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    mut observe: impl FnMut(&Candidate) + Send,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let members = [(model, params)];
    let watch = |sentence: usize, beam: &mut Beam| beam.take_shown(sentence).for_each(|one| observe(&one));
    on_worker(|| {
        with_speakers(&members, options, |speakers| {
            let beam =
                |sentence: usize| Beam::new(sources[sentence].len(), options, speakers.config()).shown();
            let (all, hooks) = (0..sources.len(), Hooks { watch, done: || () });
            search_all(speakers, sources, all, sources.len(), beam, hooks)
        })
    })
}

/// Calls `search` with the members that are to speak, and what else these options ask for.
///
/// # Errors
/// If an option is out of range; as [`Speakers::new`].
pub(super) fn with_speakers<R>(
    members: &[Member],
    options: &BeamOptions,
    search: impl FnOnce(&Speakers) -> Result<R, Error>,
) -> Result<R, Error> {
    check(options)?;
    let attention = members.first().filter(|_| options.coverage > 0.0).map(|(model, _)| Attention::of(model));
    let speakers = Speakers::new(members, &options.never, attention.as_ref())?;
    options.rules.check(speakers.config())?;
    search(&speakers)
}

/// The widest beam. More is a mistake: every hypothesis takes a row of the batch and of all it remembers.
pub const MAX_BEAM_SIZE: usize = 10_000;

fn check(options: &BeamOptions) -> Result<(), Error> {
    let &BeamOptions { beam_size, top_beams, length_penalty, .. } = options;
    if !(1..=MAX_BEAM_SIZE).contains(&beam_size) {
        return Err(Error::Config(format!("beam_size is {beam_size}; it must be in 1..={MAX_BEAM_SIZE}")));
    }
    if !(1..=beam_size).contains(&top_beams) {
        return Err(Error::Config(format!(
            "top_beams is {top_beams}; it must be in 1..={beam_size}, the beam_size"
        )));
    }
    let &BeamOptions { groups, coverage, diversity, .. } = options;
    if groups == 0 || !beam_size.is_multiple_of(groups) {
        return Err(Error::Config(format!("groups is {groups}; it must divide {beam_size}, the beam_size")));
    }
    for (name, cost) in [("coverage", coverage), ("diversity", diversity)] {
        if !(cost.is_finite() && cost >= 0.0) {
            return Err(Error::Config(format!("{name} is {cost}; it must be 0 or more")));
        }
    }
    if !length_penalty.alpha().is_finite() {
        return Err(Error::Config(format!("the length penalty's alpha is {}", length_penalty.alpha())));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
