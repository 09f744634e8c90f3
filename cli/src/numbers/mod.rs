//! A built-in corpus: French numerals and their English.
//!
//! Something to translate for everybody who has no data at hand: `quatre-vingt-dix-sept` becomes
//! `ninety-seven`. The language is small enough to be learnt in minutes, and it is translation all the same:
//! words do not go one to one (`soixante-dix` is one English word, `cent` is two), and `soixante` or `quatre`
//! means what the words after it make of it. Whether a model has learnt the language or just the lines can be
//! told, for no number stands in two of the splits.
//!
//! [`french`] and [`english`] spell any number. [`draw`] chooses which numbers the splits hold:
//!
//! - **All lengths alike.** Of the numbers up to [`MAX`], nine in ten have twelve digits. So the lengths, 1
//!   to 12 digits, are drawn equally often, and a model sees short numbers as often as long ones. Where there
//!   are not enough numbers of a length, all of them are taken and the longer ones fill up.
//! - **Round numbers.** Numbers drawn evenly hardly ever look like 80,000,071, where whole groups have no
//!   word, or like 200,000, where French drops an s. So every second number has a share of zeros of its own,
//!   anywhere between none and all, put on its digits (the first apart) by chance.
//! - **Small numbers are for training.** At most one in [`HELD_OUT_SHARE`] of the numbers of a length is held
//!   out for validation, and as many for the test. So every number of one digit is trained on (`zéro` could
//!   not be learnt from any other), and all but a few of two: they are what the longer ones are built from.
//!   The default test holds unseen numbers of every length from two digits on, of two digits only four.
//! - **Splits alike.** The numbers of a length are drawn together, without repetition, then shuffled and cut
//!   into the splits, so that round numbers are as frequent in each. The order of each split is shuffled too.
//!
//! [`builtin`](crate::builtin) writes them as text, a numeral a line.

mod draw;
mod spell;

pub use draw::{CorpusOptions, HELD_OUT_SHARE, MAX, MAX_PAIRS, Splits, draw};
pub use spell::{english, french};

/// What the corpus is called in recipes and on the command line.
pub const NAME: &str = "numbers-fr-en";
