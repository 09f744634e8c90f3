//! What can go wrong outside the program.

/// What data, files or settings can cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no recording, or one of another version.
    #[error("{0}")]
    Recording(String),
    /// There is nothing in the sentence to record.
    #[error("{0}")]
    Sentence(String),
    /// The model did not take the sentences.
    #[error(transparent)]
    Model(#[from] transformer::Error),
    /// The translator did not take the sentences.
    #[error(transparent)]
    Translate(#[from] translate::Error),
}
