//! The sum of the shards' losses and gradients, in the order of the shards.

use nn::Params;
use tensor::threads::map_indices;

use crate::error::Error;
use crate::model::Transformer;
use crate::train::profile::timed;
use crate::train::shard::{How, Shard, ShardResult};

/// How many shards are worked on at a time. Each holds gradients as large as the parameters, as does the sum.
const AT_A_TIME: usize = 4;

/// The loss and the gradients of all shards together. `None` if there is no shard.
///
/// With a profile or a trace they are worked on one after the other, so that the times of operations do not overlap, and
/// what is seen comes in the order of the shards.
///
/// # Errors
/// As [`Transformer::loss`].
pub(crate) fn run_shards(
    shards: &[Shard],
    model: &Transformer,
    params: &Params,
    how: How,
) -> Result<Option<ShardResult>, Error> {
    let mut total: Option<ShardResult> = None;
    for group in shards.chunks(if how.profiling || how.trace.is_some() { 1 } else { AT_A_TIME }) {
        for result in map_indices(group.len(), |index| group[index].run(model, params, how)) {
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
