//! The built-in corpora: something to translate for everybody who has no data at hand.

mod write;

use clap::ValueEnum;

use crate::error::Error;
use crate::numbers::{self, CorpusOptions};
use crate::sentences;

pub use write::{CorpusReport, is_complete, write_corpus};

/// A built-in corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Builtin {
    /// French numerals and their English
    #[value(name = numbers::NAME)]
    NumbersFrEn,
    /// Simple French sentences and their Hindi, in another script
    #[value(name = sentences::NAME)]
    SentencesFrHi,
}

/// Pairs to train on, to validate with and to test with; each source and target.
type Splits = [Vec<[String; 2]>; 3];

impl Builtin {
    /// All of them.
    pub const ALL: [Builtin; 2] = [Builtin::NumbersFrEn, Builtin::SentencesFrHi];

    /// What it is called in recipes and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Builtin::NumbersFrEn => numbers::NAME,
            Builtin::SentencesFrHi => sentences::NAME,
        }
    }

    /// The corpus of this name, if there is one.
    pub fn named(name: &str) -> Option<Builtin> {
        Builtin::ALL.into_iter().find(|corpus| corpus.name() == name)
    }

    /// The codes of its languages, source and target, which its files end with.
    pub fn languages(self) -> [&'static str; 2] {
        match self {
            Builtin::NumbersFrEn => ["fr", "en"],
            Builtin::SentencesFrHi => ["fr", "hi"],
        }
    }

    /// Its files, in the order in which they are written: `train`, `valid` and `test`, each of both languages.
    pub fn files(self) -> [String; 6] {
        let [src, tgt] = self.languages();
        let both = |split: &str| [format!("{split}.{src}"), format!("{split}.{tgt}")];
        let ([a, b], [c, d], [e, f]) = (both("train"), both("valid"), both("test"));
        [a, b, c, d, e, f]
    }

    /// What its pairs are of.
    fn what(self) -> &'static str {
        match self {
            Builtin::NumbersFrEn => "numbers up to 999,999,999,999",
            Builtin::SentencesFrHi => "simple sentences",
        }
    }

    /// Its pairs; none occurs twice, in one split or in two.
    fn draw(self, options: &CorpusOptions) -> Result<Splits, Error> {
        match self {
            Builtin::NumbersFrEn => {
                let numbers::Splits { train, valid, test } = numbers::draw(options)?;
                let spelled = |number| [numbers::french(number), numbers::english(number)];
                Ok([train, valid, test].map(|numbers| numbers.into_iter().map(spelled).collect()))
            }
            Builtin::SentencesFrHi => {
                let &CorpusOptions { n_train, n_valid, n_test, seed } = options;
                let asked = format!("{} with train {n_train}, valid {n_valid}, test {n_test}", self.name());
                if n_train == 0 || n_valid == 0 || n_test == 0 {
                    return Err(Error::Input(format!("{asked}: each of them needs at least one sentence")));
                }
                let (all, most) =
                    (n_train.saturating_add(n_valid).saturating_add(n_test), sentences::MAX_PAIRS);
                if all > most {
                    return Err(Error::Input(format!(
                        "{asked}: together there can be {most} sentences at most"
                    )));
                }
                let mut drawn = sentences::draw(all, seed).into_iter();
                Ok([n_train, n_valid, n_test].map(|count| drawn.by_ref().take(count).collect()))
            }
        }
    }
}
