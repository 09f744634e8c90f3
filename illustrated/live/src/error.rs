//! What can go wrong, in words for who sits before the page.

use thiserror::Error;

/// Why a request was not answered. Nothing has changed then.
#[derive(Debug, Error)]
pub enum Error {
    /// Settings or a sentence that nothing can be made of.
    #[error("{0}")]
    Settings(String),
    /// The model does not take it, or numbers are no longer finite.
    #[error(transparent)]
    Model(#[from] transformer::Error),
    /// A file that is no model.
    #[error(transparent)]
    Translate(#[from] translate::Error),
    /// What cannot be recorded.
    #[error(transparent)]
    Record(#[from] illustrated::Error),
}

impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Error {
        Error::Model(error.into())
    }
}
