//! Shards: the parts of a step that are differentiated apart and meet in a sum of gradients.
//!
//! A large batch is cut by sentences. Each shard has a tape of its own, so that threads work on different shards and
//! wait for each other once in a step; sharing every operation, they wait hundreds of times. How many shards there
//! are depends on the batch alone and their gradients are added in order, so results are the same bits for any number
//! of threads.
//!
//! A shard needs the model, the parameters and itself, and gives back a loss and gradients: it could as well be sent
//! to another machine.

use autograd::Tape;
use autograd::ops::cross_entropy::{CrossEntropy, LossStats};
use autograd::profile::Profile;
use nn::{Context, ParamGradients, Params, Trace};
use tensor::{Precision, Seed};

use crate::data::batch::Batch;
use crate::error::Error;
use crate::model::Transformer;
use crate::train::profile::timed;

/// A part of a step.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub batch: Batch,
    /// Its share of the labels of the step.
    pub share: f64,
    /// Where its dropout comes from.
    pub seed: Seed,
}

/// How shards are differentiated.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    /// The share of each label that is spread evenly.
    pub smoothing: f64,
    /// How finely products take their operands.
    pub precision: Precision,
    /// Whether operations are timed.
    pub profiling: bool,
    /// Who looks on.
    pub trace: Option<&'a (dyn Trace + Sync)>,
}

/// What came out of one shard, or of several.
pub(crate) struct ShardResult {
    pub stats: LossStats,
    /// Of the loss times the shard's share.
    pub gradients: ParamGradients,
    pub profile: Option<Profile>,
}

impl Shard {
    /// The shards of a step over these batches, of about `tokens` padded tokens each on the longer side. Shard i
    /// takes dropout from place i of the stream `seed`.
    ///
    /// # Errors
    /// If a batch does not fit the model, or has no label that counts.
    pub fn of(
        model: &Transformer,
        batches: &[Batch],
        tokens: usize,
        seed: Seed,
    ) -> Result<Vec<Shard>, Error> {
        batches.iter().try_for_each(|batch| model.check(batch))?;
        let n_labels: usize = batches.iter().map(Batch::n_labels).sum();
        let parts = batches.iter().flat_map(|batch| batch.cut(tokens)).filter(|part| part.n_labels() > 0);
        let shard = |(index, batch): (usize, Batch)| Shard {
            share: batch.n_labels() as f64 / n_labels as f64,
            batch,
            seed: seed.derive_index(index as u64),
        };
        Ok(parts.enumerate().map(shard).collect())
    }

    /// The loss of this shard and the gradients of its share of it.
    pub fn run(&self, model: &Transformer, params: &Params, how: How) -> Result<ShardResult, Error> {
        let How { smoothing, precision, profiling, trace } = how;
        let tape = Tape::new().with_precision(precision);
        if profiling {
            tape.start_profile();
        }
        let cx = Context::training(params, &tape, self.seed);
        let cx = match trace {
            Some(trace) => cx.with_trace(trace),
            None => cx,
        };
        let CrossEntropy { loss, stats } = model.loss(&cx, &self.batch, smoothing)?;
        let loss = if self.share == 1.0 { loss } else { loss * self.share };
        let gradients = cx.gradients(loss.backward());
        let mut profile = profiling.then(|| tape.take_profile());
        timed(&mut profile, "free", || drop((loss, tape)));
        Ok(ShardResult { stats, gradients, profile })
    }
}

#[cfg(test)]
mod tests;
