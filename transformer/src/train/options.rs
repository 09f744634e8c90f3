//! How to train.

use tensor::{Precision, Seed};

use crate::data::options::BatchOptions;
use crate::error::Error;
use crate::model::check_smoothing;

/// How to train; the defaults are the paper's, but for the size of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainOptions {
    /// Share of each label spread evenly over the vocabulary, in 0..1 (§5.4).
    pub smoothing: f64,
    /// The largest global norm of the gradients; larger ones are scaled down to it. The paper has none.
    pub clip_norm: Option<f64>,
    /// Padded tokens in a batch, at most, on either side.
    pub max_tokens: usize,
    /// How many batches make one step. Each is a shard at least.
    pub accumulate: usize,
    /// About how many padded tokens a shard has, counted on the side (source or target) that has more. A batch of
    /// twice as many or more is cut into
    /// shards, and four are worked on side by side, with more threads as many as they are while the gradients take 1 GB at
    /// most: faster on several threads, at the price of memory for their activations and for a gradient of all parameters each. Results depend on it, but not
    /// on the threads. `usize::MAX` cuts nothing.
    pub shard_tokens: usize,
    /// How finely the products of layers take their operands, forward and backward; see
    /// [`Tape::with_precision`](autograd::Tape::with_precision). Parameters, their moments and all else are as fine as the model.
    /// Results depend on it, but not on the processor.
    pub precision: Precision,
    /// Where all randomness comes from.
    pub seed: Seed,
}

impl Default for TrainOptions {
    fn default() -> Self {
        TrainOptions {
            smoothing: 0.1,
            clip_norm: None,
            max_tokens: 4096,
            accumulate: 1,
            shard_tokens: 1024,
            precision: Precision::F32,
            seed: Seed::new(1),
        }
    }
}

impl TrainOptions {
    /// Whether every option is in its range.
    ///
    /// # Errors
    /// [`Error::Config`] with the first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let &TrainOptions { smoothing, clip_norm, shard_tokens, .. } = self;
        check_smoothing(smoothing)?;
        if clip_norm.is_some_and(|norm| norm.is_nan() || norm <= 0.0) {
            return Err(Error::Config(format!("clip_norm is {clip_norm:?}; it must be positive")));
        }
        if shard_tokens == 0 {
            return Err(Error::Config("shard_tokens is 0; a shard must hold at least one token".into()));
        }
        self.batches().check()
    }

    /// What of them decides which batches a step is made of.
    pub fn batches(&self) -> BatchOptions {
        let &TrainOptions { max_tokens, accumulate, seed, .. } = self;
        BatchOptions { max_tokens, accumulate, seed }
    }
}
