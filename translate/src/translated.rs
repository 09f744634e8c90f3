//! What is found for a line.

use crate::encode::Source;

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
    /// What it was ranked by: `log_prob` divided by the length penalty, or `log_prob` itself if it was drawn; or what a
    /// [`Choice`](crate::Choice) says.
    pub score: f64,
    /// Whether it ended by itself rather than at the length limit.
    pub finished: bool,
    /// The number, from 0, of the token by which it is another than the other
    /// [alternatives](crate::Request::alternatives), if it is one of them.
    pub alternative: Option<usize>,
    /// (source, target), numbers of tokens from 0, in the order of the target: which token of the source each of its
    /// tokens comes from, as far as attention says. None if it was not asked for.
    pub alignment: Option<Vec<(usize, usize)>>,
    /// How much each of its tokens attends to each of the source, `<eos>` included on both sides: `[tgt_len][src_len]`,
    /// of which each row sums to 1. None if it was not asked for.
    pub attention: Option<Vec<Vec<f64>>>,
}

impl Translated {
    /// The text of the best translation; nothing where there is none.
    pub fn into_best(self) -> String {
        self.translations.into_iter().next().map(|best| best.text).unwrap_or_default()
    }
}
