//! What can go wrong, in words for who sits before the page.

use thiserror::Error;

/// Why a request was not answered. What is open is as it was, but for steps that were taken before one failed.
#[derive(Debug, Error)]
#[non_exhaustive]
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

impl Error {
    /// Whether numbers are no longer finite.
    pub fn is_not_finite(&self) -> bool {
        use transformer::Error::NotFinite;
        matches!(self, Error::Model(NotFinite(_)) | Error::Record(illustrated::Error::Model(NotFinite(_))))
    }
}

impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Error {
        Error::Model(error.into())
    }
}
