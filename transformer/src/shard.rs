//! Shards: the parts of a step that are differentiated apart and meet in a sum of gradients.
//!
//! A large batch is cut by sentences. Each shard has a tape of its own, so that threads work on different shards and
//! wait for each other once in a step; sharing every operation, they wait hundreds of times. How many shards there
//! are depends on the batch alone and their gradients are added in order, so results are the same bits for any number
//! of threads.
//!
//! A shard needs the model, the parameters and itself, and gives back a loss and gradients: it could as well be sent
//! to another machine.

use std::ops::Range;

use autograd::Tape;
use autograd::ops::cross_entropy::{CrossEntropy, LossStats};
use autograd::profile::Profile;
use nn::{Context, ParamGradients, Params};
use tensor::Seed;
use tensor::threads::map_indices;

use crate::batch::{Batch, TokenBatch};
use crate::error::Error;
use crate::model::Transformer;

/// How many shards are worked on at a time. Each holds gradients as large as the parameters, as does the sum.
const AT_A_TIME: usize = 4;

/// A part of a step.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub batch: Batch,
    /// Its share of the labels of the step.
    pub share: f64,
    /// Where its dropout comes from.
    pub seed: Seed,
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
    fn run(
        &self,
        model: &Transformer,
        params: &Params,
        smoothing: f64,
        profiling: bool,
    ) -> Result<ShardResult, Error> {
        let tape = Tape::new();
        if profiling {
            tape.start_profile();
        }
        let cx = Context::training(params, &tape, self.seed);
        let CrossEntropy { loss, stats } = model.loss(&cx, &self.batch, smoothing)?;
        let loss = if self.share == 1.0 { loss } else { loss * self.share };
        let gradients = cx.gradients(loss.backward());
        let mut profile = profiling.then(|| tape.take_profile());
        timed(&mut profile, "free", || drop((loss, tape)));
        Ok(ShardResult { stats, gradients, profile })
    }
}

/// The loss and the gradients of all shards together. `None` if there is no shard.
///
/// With `profiling` they are worked on one after the other, so that the times of operations do not overlap.
///
/// # Errors
/// As [`Transformer::loss`].
pub(crate) fn run_shards(
    shards: &[Shard],
    model: &Transformer,
    params: &Params,
    smoothing: f64,
    profiling: bool,
) -> Result<Option<ShardResult>, Error> {
    let mut total: Option<ShardResult> = None;
    for group in shards.chunks(if profiling { 1 } else { AT_A_TIME }) {
        for result in map_indices(group.len(), |index| group[index].run(model, params, smoothing, profiling))
        {
            let result = result?;
            match &mut total {
                Some(total) => total.merge(result),
                None => total = Some(result),
            }
        }
    }
    Ok(total)
}

impl ShardResult {
    fn merge(&mut self, other: ShardResult) {
        self.stats.merge(&other.stats);
        if let (Some(profile), Some(other)) = (&mut self.profile, &other.profile) {
            profile.merge(other);
        }
        timed(&mut self.profile, "accumulate", || self.gradients.add_assign(other.gradients));
    }
}

/// Runs `work`, and gives its time to a row of the profile if there is one.
pub(crate) fn timed<T>(profile: &mut Option<Profile>, name: &'static str, work: impl FnOnce() -> T) -> T {
    match profile {
        Some(profile) => profile.time(name, work),
        None => work(),
    }
}

impl Batch {
    /// This batch in parts of about `tokens` padded tokens on the longer side, as alike in size as can be and
    /// each padded to its own longest sentences.
    fn cut(&self, tokens: usize) -> Vec<Batch> {
        let padded = self.batch_size() * self.src.len.max(self.tgt_len());
        let parts = (padded / tokens.max(1)).clamp(1, self.batch_size().max(1));
        let rows = |part: usize| part * self.batch_size() / parts..(part + 1) * self.batch_size() / parts;
        (0..parts).map(|part| self.rows(rows(part))).collect()
    }

    /// Some of the pairs.
    fn rows(&self, rows: Range<usize>) -> Batch {
        let (tgt_len, tgt_in) = (self.tgt_len(), self.tgt_in.rows(rows.clone()));
        let kept = tgt_len - (self.tgt_in.len - tgt_in.len); // labels are as many, or one more
        let labels = self.tgt_out[rows.start * tgt_len..rows.end * tgt_len].chunks_exact(tgt_len.max(1));
        Batch {
            src: self.src.rows(rows),
            tgt_in,
            tgt_out: labels.flat_map(|labels| &labels[..kept]).copied().collect(),
        }
    }
}

impl TokenBatch {
    /// Some of the sequences.
    fn rows(&self, rows: Range<usize>) -> TokenBatch {
        let lens = self.lens[rows.clone()].to_vec();
        let len = lens.iter().copied().max().unwrap_or(0);
        let ids = rows.flat_map(|row| &self.ids[row * self.len..][..len]).copied().collect();
        TokenBatch { ids, lens, len }
    }
}

#[cfg(test)]
mod tests;
