//! Sentences and their translations, and where they stand.

use std::path::PathBuf;

use super::report::Report;

/// What [`read`](super::read) lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Drop and count lines that are no pair, instead of failing on them.
    pub lenient: bool,
    /// The longest line, in characters, all its columns counted; 10,000 by default.
    pub max_chars: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { lenient: false, max_chars: 10_000 }
    }
}

/// A sentence and its translation, neither of them empty, without white space around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPair {
    /// The sentence.
    pub src: String,
    /// Its translation.
    pub tgt: String,
    /// Where it stands; [`Corpus::place`] puts it into words.
    pub place: Place,
}

/// Where a pair stands in its corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which of the files, or pairs of files, in the order of reading, from 0.
    pub file: u32,
    /// The line, from 1.
    pub line: u32,
}

/// Parallel text, in the order of its files and lines.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// The pairs.
    pub pairs: Vec<TextPair>,
    /// What was met on the way.
    pub report: Report,
    pub(super) origins: Vec<Origin>,
}

impl Corpus {
    /// Where the pair at `index` stands: `train.tsv:12`, or `train.en:12 / train.de:12`.
    ///
    /// # Panics
    /// If there are not so many pairs.
    pub fn place(&self, index: usize) -> String {
        let Place { file, line } = self.pairs[index].place;
        match &self.origins[file as usize] {
            Origin { src, tgt: None } => format!("{}:{line}", src.display()),
            Origin { src, tgt: Some(tgt) } => format!("{}:{line} / {}:{line}", src.display(), tgt.display()),
        }
    }
}

/// The two files that pairs stand in, or the one.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub src: PathBuf,
    pub tgt: Option<PathBuf>,
}
