//! What can go wrong with data: configurations, token ids, batches, files.
//!
//! What only a change of the code can mend (shapes, dtypes) panics where it happens; what the user of a
//! program can mend arrives here. Every message says what was wrong, where, and what would be right.

/// An error of this crate; its text is one line, fit to be shown as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration that describes no model, or options that contradict each other.
    #[error("configuration: {0}")]
    Config(String),

    /// A token id that no row of the embedding belongs to.
    #[error(
        "token id {id} at position {position} of sentence {sentence} in its batch must be below the vocabulary size, {vocab_size}"
    )]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// The sentence's place in the batch, from 0.
        sentence: usize,
        /// Its place in the sentence, from 0.
        position: usize,
        /// Number of words in the vocabulary.
        vocab_size: usize,
    },

    /// A sequence longer than there are learned positions.
    #[error("a sequence of {len} tokens exceeds max_len {max_len}, where learned positions end")]
    TooLong {
        /// Length of the sequence.
        len: usize,
        /// `Architecture::max_len`.
        max_len: usize,
    },

    /// A batch from which there is nothing to learn: no pair, or a target without a token.
    #[error("batch: {0}")]
    EmptyBatch(String),

    /// A batch whose numbers do not agree with each other.
    #[error("batch: {0}; `Batch::new` makes one that is whole")]
    Inconsistent(String),

    /// A target that holds [`IGNORE`](crate::data::batch::IGNORE), which marks labels that do not count.
    #[error(
        "token id {id} at position {position} of sentence {sentence} is reserved for labels that do not count"
    )]
    Reserved {
        /// The id.
        id: u32,
        /// The sentence's place in the batch, from 0.
        sentence: usize,
        /// Its place in the sentence, from 0.
        position: usize,
    },

    /// Every label of a batch is padding, so there is nothing to compute a loss from.
    #[error("no label of the batch counts; at least one target needs a token")]
    NoLabels,

    /// A loss, gradient or probability that is NaN or infinite: training has diverged.
    #[error("not a finite number in {0}; a lower learning rate or clipping may help")]
    NotFinite(String),

    /// A tensor of a PyTorch state dict that the model needs and does not find, or the other way round.
    #[error("{origin}: tensor `{tensor}` {problem}")]
    Import {
        /// The file.
        origin: String,
        /// The tensor's name in PyTorch.
        tensor: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },

    /// An error of the layers, the optimizer or a checkpoint.
    #[error(transparent)]
    Nn(Box<nn::Error>),
}

/// Boxed, for it is several times the size of the other errors, and every `Result` would be as large.
impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Self {
        Self::Nn(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_place_in_one_line() {
        let token = Error::TokenOutOfRange { id: 9, sentence: 0, position: 3, vocab_size: 6 };
        assert_eq!(
            token.to_string(),
            "token id 9 at position 3 of sentence 0 in its batch must be below the vocabulary size, 6"
        );
    }
}
