//! What the width of a beam and the penalty for length do to how long translations are.
//!
//! A sum of log-probabilities only falls with every word, so the wider a beam, the surer it finds a short sentence with a
//! larger sum, if there is one (Murray and Chiang 2018; Stahlberg and Byrne 2019).

use nn::Params;
use transformer::Transformer;
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::search::length_penalty::LengthPenalty;

use super::Recorder;
use crate::error::Error;
use crate::recording::{Event, Fact, Variant};

/// A search whose sums are compared as they are.
pub const PLAIN: &str = "search, sums as they are";
/// A search whose sums are divided by the model's own penalty for length, or the paper's.
pub const DIVIDED: &str = "search, sums divided";
/// A search whose sums are divided by the number of tokens: it compares the mean of a word.
pub const MEAN: &str = "search, mean of the words";

/// After how many steps of training.
pub const STEP: &str = "step";
/// How many hypotheses are kept.
pub const BEAM: &str = "beam";
/// How many tokens the best translation has, the end among them.
pub const TOKENS: &str = "tokens";
/// The sum of their log-probabilities.
pub const SUM: &str = "sum";

/// The widths that are compared.
const BEAMS: [usize; 4] = [1, 2, 4, 16];

impl Recorder<'_> {
    /// What searches of several widths find for a source, the model being as it is after `step` steps: without a penalty
    /// for length, with that of `options`, or the paper's if they have none, and by the mean of the words.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not take the source.
    pub fn lengths(
        &mut self,
        model: &Transformer,
        params: &Params,
        src: &[u32],
        step: u64,
        options: &BeamOptions,
    ) -> Result<(), Error> {
        let penalty = match options.length_penalty {
            LengthPenalty::None => BeamOptions::default().length_penalty,
            own => own,
        };
        let mean = LengthPenalty::Power { alpha: 1.0 };
        for (name, length_penalty) in [(PLAIN, LengthPenalty::None), (DIVIDED, penalty), (MEAN, mean)] {
            for beam_size in BEAMS {
                let options = BeamOptions { beam_size, top_beams: 1, length_penalty, ..options.clone() };
                let found = beam_search(model, params, &[src.to_vec()], &options)?;
                let Some(best) = found.into_iter().flatten().next() else { continue };
                let facts = [
                    (STEP, step as f64),
                    (BEAM, beam_size as f64),
                    (TOKENS, best.ids.len() as f64),
                    (SUM, self.rounded(best.log_prob)),
                ];
                self.recording.push(Event::Variant(Variant {
                    name: name.into(),
                    change: formula(length_penalty),
                    nll: Vec::new(),
                    said: self.words.decode(&best.ids),
                    facts: facts.map(|(name, value)| Fact { name: name.into(), value }).to_vec(),
                }));
            }
        }
        Ok(())
    }
}

/// What sums are divided by.
fn formula(penalty: LengthPenalty) -> String {
    match penalty {
        LengthPenalty::None => "1".into(),
        LengthPenalty::Gnmt { alpha } => format!("((5 + len) / 6)^{alpha}"),
        LengthPenalty::Power { alpha: 1.0 } => "len".into(),
        LengthPenalty::Power { alpha } => format!("len^{alpha}"),
    }
}
