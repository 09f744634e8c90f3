//! How good translations are: BLEU, chrF and TER, to the digit as sacrebleu has them.
//!
//! # BLEU
//!
//! BLEU (Papineni et al. 2002) asks how many of a translation's n-grams stand in the reference, for n = 1 to 4, and
//! takes the geometric mean. An n-gram of the translation finds a match as often as the reference has it, no more, so
//! that *the the the* earns nothing by repetition; and since precision alone would reward saying little, a corpus that
//! is shorter than its reference pays for it:
//!
//! ```text
//! BLEU = BP * exp(1/4 * sum over n of log(p_n))
//!  p_n = n-grams of the translations that are matched / all n-grams of the translations
//!   BP = 1 if hyp_len >= ref_len, or else exp(1 - ref_len / hyp_len)
//! ```
//!
//! All counts are sums over the corpus. It is no score of a sentence, where four words in a row are rarely right and a
//! zero in the mean makes all zero.
//!
//! **Smoothing** is for that zero. `exp` puts 1/2, 1/4, 1/8 of a match, in turn, where an order has none (Chen and
//! Cherry 2014, method 3). Where each order has a match, as on any usual test set, it changes nothing; on a small one it
//! may be most of the figure. An order without n-grams is not smoothed: where no sentence has four words, BLEU is 0,
//! however right they are.
//!
//! # What counts as a word
//!
//! The figure depends on it by several points, so [`Bleu::signature`] says which it was, and figures are compared under
//! one signature only (Post 2018, *A Call for Clarity in Reporting BLEU Scores*). Two customs are alive:
//!
//! - **Detokenised, `13a`**: the translation is put together to text as people write it, and the reference is the text
//!   as it was published. Both are tokenised here, by fixed rules ([`Tokenizer::V13a`]). No preprocessing can move it.
//! - **Tokenised, often lowercased**: words are what the training's own tokeniser made them, in the reference too
//!   ([`Tokenizer::None`], `lowercase`). Smaller pieces are easier to hit, and without case there is less to get wrong:
//!   it is mostly the higher figure, and the choice of tokeniser moves it. Multi30k's published figures are such.
//!
//! ```
//! use translate::metrics::{BleuOptions, Tokenizer, bleu};
//!
//! let (said, reference) = (["a man isn't sleeping on a bench."], ["A man isn't asleep on a bench."]);
//! let detokenised = bleu(&said, &reference, BleuOptions::default());
//! assert_eq!(
//!     detokenised.to_string(),
//!     "BLEU = 41.11 75.0/57.1/33.3/20.0 (BP = 1.000 ratio = 1.000 hyp_len = 8 ref_len = 8)"
//! );
//! let options = BleuOptions { tokenizer: Tokenizer::None, lowercase: true, ..BleuOptions::default() };
//! let tokenised = bleu(&["a man is n't sleeping on a bench ."], &["A man is n't asleep on a bench ."], options);
//! assert!(tokenised.score > detokenised.score + 18.0); // of the same translation
//! ```
//!
//! # chrF
//!
//! chrF (Popović 2015) compares n-grams of characters, for n = 1 to 6, and weighs recall over precision: see [`chrf()`].
//! It needs no tokeniser, and gives credit for a right stem with a wrong ending. chrF++ (Popović 2017) counts words and
//! pairs of words too.
//!
//! # TER, and whether a difference is one
//!
//! TER (Snover et al. 2006) counts the edits, moves of phrases among them, that make a translation its reference: lower is
//! better ([`TerOptions`]). [`significance`] has confidence intervals and paired tests.
//!
//! # As sacrebleu has them
//!
//! Our code, sacrebleu's numbers: scores, printed lines and signatures are held to those of sacrebleu
//! [`SACREBLEU_VERSION`] in the tests (`tests/fixtures/make_sacrebleu.py`, `make_sacrebleu_systems.py`). Its odd cases are
//! kept, and described where they occur. Departures: unequal numbers of sentences are refused instead of cut to the fewer,
//! a corpus without sentences scores 0 where sacrebleu fails, and what `docs/adr/0010-samples-are-those-of-numpy.md` lists.
//! Lowercasing follows the Unicode of the Rust that compiles it, which knows some rare letters that an older Python
//! does not.

mod bleu;
mod chrf;
mod customary;
mod metric;
mod ngrams;
pub mod significance;
mod ter;
#[cfg(test)]
mod tests;
mod tokenize;

pub use bleu::{Bleu, BleuOptions, Smoothing, bleu};
pub use chrf::{Chrf, ChrfOptions, chrf};
pub use customary::{bleu_of, bleu_options, joined};
pub use metric::{Metric, Rounding, Sampling, Score, counts, signature, sums};
pub use ngrams::SACREBLEU_VERSION;
pub use ter::TerOptions;
pub use tokenize::Tokenizer;
