//! What can be wrong with a model file, or with what it is asked.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error of this crate; its text is one paragraph, fit to be shown as it is, that says what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is no model, or holds one that cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// Parts that are no translator together, or checkpoints that have no mean.
    #[error("{0}")]
    Unfit(String),

    /// More translations than a search has, or none.
    #[error("{0}")]
    Request(String),

    /// Who listened to a translation wanted no more of it.
    #[error("the translation was given up")]
    Cancelled,

    /// A given translation that the model cannot read.
    #[error("{0}")]
    Target(String),

    /// An error of the model or of a search.
    #[error(transparent)]
    Model(transformer::Error),

    /// An error of a checkpoint, or of parameters.
    #[error(transparent)]
    Checkpoint(Box<nn::Error>),
}

impl From<transformer::Error> for Error {
    fn from(error: transformer::Error) -> Self {
        match error {
            transformer::Error::Nn(error) => Error::Checkpoint(error),
            error => Error::Model(error),
        }
    }
}

/// Boxed, for it is several times the size of the other errors, and every `Result` would be as large.
impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Self {
        Error::Checkpoint(Box::new(error))
    }
}

impl Error {
    /// An error of the file at `path`.
    pub(crate) fn at(path: &Path, problem: impl fmt::Display) -> Error {
        Error::File { path: path.into(), problem: problem.to_string() }
    }
}
