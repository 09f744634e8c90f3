//! What a search returns, and how long it may be.

use crate::config::Architecture;

/// A translation, finished or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// The tokens; the last is `<eos>` if it is finished.
    pub ids: Vec<u32>,
    /// The natural logarithm of the probability that the model gives it: the sum over its tokens.
    pub log_prob: f64,
    /// What it was ranked by: `log_prob` divided by the length penalty, or `log_prob` itself.
    pub score: f64,
    /// Whether it ended with `<eos>` rather than at the length limit.
    pub finished: bool,
}

/// How many tokens a translation may have, `<eos>` included: the paper's "input length + 50", and no more
/// than learned positions reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxLen {
    /// Tokens beyond those of the source.
    pub beyond_source: usize,
}

impl Default for MaxLen {
    fn default() -> Self {
        MaxLen { beyond_source: 50 }
    }
}

impl MaxLen {
    /// The tokens that a translation of a source of `source_len` may have.
    pub(super) fn of(self, source_len: usize, architecture: &Architecture) -> usize {
        source_len.saturating_add(self.beyond_source).clamp(1, architecture.reach().max(1))
    }
}
