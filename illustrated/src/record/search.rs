//! What a search looks at, and what it finds.

use nn::Params;
use transformer::Transformer;
use transformer::search::beam::{self, BeamOptions, beam_search_observed};
use transformer::search::length_penalty::LengthPenalty as Penalty;

use super::words::{self, Words};
use crate::error::Error;
use crate::recording::event::{Candidate, Event, Fate, LengthPenalty, PenaltyKind, Token, Translation};

/// The search for the best translations of a source: its candidates, then its translations.
/// [`Search::all`](crate::recording::Search::all) reads them.
///
/// # Errors
/// [`Error::Model`] if the model does not take the source, or an option is out of range.
pub fn events(
    model: &Transformer,
    params: &Params,
    words: &Words,
    src: &[u32],
    options: &BeamOptions,
) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    let tokens = |ids: &[u32]| ids.iter().map(|&id| words::token(id, &words.tgt)).collect::<Vec<Token>>();
    let observe = |beam::Candidate { ids, log_prob, fate, .. }: &beam::Candidate| {
        events.push(Event::Candidate(Candidate {
            step: ids.len(),
            tokens: tokens(ids),
            log_prob: *log_prob,
            score: log_prob / options.length_penalty.divisor(ids.len()),
            fate: match fate {
                beam::Fate::Kept => Fate::Kept,
                beam::Fate::Finished => Fate::Finished,
                beam::Fate::Pruned => Fate::Pruned,
            },
        }));
    };
    let found = beam_search_observed(model, params, &[src.to_vec()], options, observe)?;
    let search = if options.beam_size == 1 { "greedy".into() } else { format!("beam {}", options.beam_size) };
    let length_penalty = length_penalty(options.length_penalty);
    let translations = found.into_iter().flatten().map(|hypothesis| Translation {
        text: words.decode(&hypothesis.ids),
        tokens: tokens(&hypothesis.ids),
        log_prob: hypothesis.log_prob,
        score: hypothesis.score,
        search: search.clone(),
        length_penalty: Some(length_penalty),
    });
    events.extend(translations.map(Event::Translation));
    Ok(events)
}

fn length_penalty(of: Penalty) -> LengthPenalty {
    let (kind, alpha) = match of {
        Penalty::None => (PenaltyKind::None, 0.0),
        Penalty::Gnmt { alpha } => (PenaltyKind::Gnmt, alpha),
        Penalty::Power { alpha } => (PenaltyKind::Power, alpha),
    };
    LengthPenalty { kind, alpha }
}
