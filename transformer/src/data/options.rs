//! What decides the batches of a run.

use tensor::Seed;

use crate::data::batch::Pair;
use crate::data::plan::{BatchOrder, BatchPlan};
use crate::error::Error;

/// What decides which batches the steps of a run are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchOptions {
    /// Padded tokens in a batch, at most, on either side.
    pub max_tokens: usize,
    /// How many batches make one step.
    pub accumulate: usize,
    /// The seed of the run, from which the order of its batches derives.
    pub seed: Seed,
}

impl BatchOptions {
    /// Whether every option is in its range.
    ///
    /// # Errors
    /// [`Error::Config`] with the first that is not.
    pub fn check(&self) -> Result<(), Error> {
        if self.max_tokens == 0 {
            return Err(Error::Config("max_tokens is 0; a batch must hold at least one token".into()));
        }
        if self.accumulate == 0 {
            return Err(Error::Config("accumulate is 0; a step needs at least one batch".into()));
        }
        Ok(())
    }

    /// The batches of an epoch of these pairs, in the order of training.
    ///
    /// # Errors
    /// As [`BatchPlan::new`].
    pub fn plan_epoch(&self, pairs: &[Pair], epoch: u64) -> Result<BatchPlan, Error> {
        let order = BatchOrder::Shuffled { seed: self.seed.derive("batches"), epoch };
        BatchPlan::new(pairs, self.max_tokens, order)
    }
}
