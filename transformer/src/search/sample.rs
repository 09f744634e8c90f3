//! Sampling: each next word drawn by its probability, sharpened or flattened by a temperature.

use nn::Params;
use tensor::threads::on_worker;

use super::decoding::{Member, Speakers};
pub use super::draw::SampleOptions;
use super::hypothesis::Hypothesis;
use super::listed::{Hooks, search_all};
use super::walk::Walk;
use crate::error::Error;
use crate::model::Transformer;

/// Translates each source by drawing each next word. Scores are the model's own log-probabilities, without
/// temperature.
///
/// # Errors
/// If an option is out of range, the parameters are of another model, an id is not in the source vocabulary, a
/// sequence is longer than learned positions reach, or the model's output is not finite.
pub fn sample(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &SampleOptions,
) -> Result<Vec<Hypothesis>, Error> {
    let members = [(model, params)];
    let found = on_worker(|| {
        with_speakers(&members, options, |speakers| {
            let walk = |sentence: usize| {
                Walk::drawn(options, sentence as u64, sources[sentence].len(), speakers.config())
            };
            search_all(speakers, sources, 0..sources.len(), sources.len(), walk, Hooks::none())
        })
    });
    Ok(found?.into_iter().flatten().collect())
}

/// Calls `search` with the members that are to speak.
///
/// # Errors
/// If an option is out of range; as [`Speakers::new`].
pub(super) fn with_speakers<R>(
    members: &[Member],
    options: &SampleOptions,
    search: impl FnOnce(&Speakers) -> Result<R, Error>,
) -> Result<R, Error> {
    options.check()?;
    let speakers = Speakers::new(members, &options.never, None)?
        .narrowed(options.shortlist.as_deref(), &options.rules.prefix)?;
    options.rules.check(speakers.config(), speakers.never()).map_err(Error::Config)?;
    search(&speakers)
}
