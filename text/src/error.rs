//! What can be wrong with text, its files and its settings.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error of this crate; its text is one paragraph, fit to be shown as it is, that says what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read, or holds no text.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// A line that does not hold what it should.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },

    /// A file or stream that cannot be read beyond a line.
    #[error("{}:{line}: {problem}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },

    /// Files that are no parallel corpus together.
    #[error("{0}")]
    Corpus(String),

    /// Settings that contradict each other, or that the training text cannot meet.
    #[error("{0}")]
    Settings(String),

    /// A word list that cannot serve as a vocabulary.
    #[error("vocabulary: {0}")]
    Vocabulary(String),

    /// A word that the vocabulary does not hold, when it has no `<unk>` to stand for it.
    #[error("word {position}, {word:?}, is not in the vocabulary of {vocab_size} words, which has no <unk>")]
    UnknownWord {
        /// The word.
        word: String,
        /// Its place in the sentence, from 0.
        position: usize,
        /// Number of words in the vocabulary.
        vocab_size: usize,
    },

    /// An id that belongs to no word of the vocabulary.
    #[error("id {id} at position {position} belongs to no word; the vocabulary has {vocab_size}")]
    NoSuchWord {
        /// The id.
        id: u32,
        /// Its place in the sentence, from 0.
        position: usize,
        /// Number of words in the vocabulary.
        vocab_size: usize,
    },
}

impl Error {
    pub(crate) fn at(path: &Path, problem: impl fmt::Display) -> Error {
        Error::File { path: path.into(), problem: problem.to_string() }
    }

    pub(crate) fn at_line(path: &Path, line: usize, problem: impl fmt::Display) -> Error {
        Error::Line { path: path.into(), line, problem: problem.to_string() }
    }

    pub(crate) fn broken_at(path: &Path, line: usize, problem: impl fmt::Display) -> Error {
        Error::Broken { path: path.into(), line, problem: problem.to_string() }
    }
}
