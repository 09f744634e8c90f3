//! Beam search: several unfinished translations side by side (Vaswani et al. 2017, §6.1; Wu et al. 2016, §7).
//!
//! At every step each live hypothesis is continued by every word. Of these candidates the `beam_size`
//! likeliest are looked at: those that end with `<eos>` are finished and leave; the beam is then filled
//! with the likeliest that do not end, so that finished hypotheses occupy no live slot. The search of a
//! sentence ends when no live hypothesis can still beat the worst of the `beam_size` finished ones that are
//! kept, not at the first `<eos>`.
//!
//! A beam of one is greedy decoding: there is no second hypothesis to wait for, so the first end is the end.
//! Sums of log-probabilities fall with every word, which a [`LengthPenalty`](super::length_penalty::LengthPenalty) sets right.
//!
//! A diverse beam (Vijayakumar et al. 2018, *Diverse Beam Search*) is several narrow ones, each of which pays for the
//! words that those before it have just said, so that they say different things. And alternatives at a position are several
//! beams whose first words differ.

use nn::Params;
use tensor::threads::on_worker;

use self::options::check;
pub use self::options::{BeamOptions, Candidate, Fate, MAX_BEAM_SIZE};
pub(super) use self::sentence::Beam;
use super::decoding::{Attention, Member, Speakers};
use super::hypothesis::Hypothesis;
use super::listed::{Hooks, search_all};
use crate::error::Error;
use crate::model::Transformer;

mod group;
mod options;
mod sentence;

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
    let speakers = Speakers::new(members, &options.never, attention.as_ref())?
        .narrowed(options.shortlist.as_deref(), &options.rules.prefix)?;
    options.rules.check(speakers.config(), speakers.never()).map_err(Error::Config)?;
    search(&speakers)
}

#[cfg(test)]
mod tests;
