//! How a beam is searched, and what an observer is told of it.

use std::sync::Arc;

use crate::error::Error;
use crate::search::hypothesis::MaxLen;
use crate::search::length_penalty::LengthPenalty;
use crate::search::rules::Rules;
use crate::search::shortlist::Shortlist;

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
    /// Alternatives at a position: each group goes on behind the prefix by a word of its own, the first by the likeliest, the
    /// next by the second, and searches from there as if that word were of the prefix too; but rules ask of it what they ask
    /// of any word behind the prefix, and lengths are counted from the prefix without it. What is found is the best of each
    /// group, in their order. So CTranslate2 has it (`return_alternatives`), after the lists of interactive
    /// translation (Knowles and Koehn 2016, *Neural Interactive Translation Prediction*).
    pub alternatives: bool,
    /// Which words come into question for a source, if not all.
    pub shortlist: Option<Arc<Shortlist>>,
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
            alternatives: false,
            shortlist: None,
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

/// The widest beam. More is a mistake: every hypothesis takes a row of the batch and of all it remembers.
pub const MAX_BEAM_SIZE: usize = 10_000;

/// Whether a search by these options comes to an end.
///
/// # Errors
/// [`Error::Config`] that says what would be right.
pub(super) fn check(options: &BeamOptions) -> Result<(), Error> {
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
    if options.alternatives && diversity != 0.0 {
        return Err(Error::Config("alternatives differ already; they take no diversity".into()));
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
