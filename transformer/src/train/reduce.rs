//! The sum of the shards' losses and gradients, in the order of the shards.

use nn::Params;
use tensor::threads::{self, map_indices};

use crate::error::Error;
use crate::model::Transformer;
use crate::train::profile::timed;
use crate::train::shard::{How, Shard, ShardResult};

/// How many shards are worked on at a time at least: so many threads are busy even if each operation keeps one.
const AT_A_TIME: usize = 4;
/// On more threads they are more, while the gradients that they hold, each as many as the parameters, are no more numbers than
/// these, 1 GB in f32.
const GRADIENTS: usize = 1 << 28;

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
    let at_a_time = match how.profiling || how.trace.is_some() {
        true => 1,
        false => at_a_time(threads::count(), params.numel()),
    };
    for group in shards.chunks(at_a_time) {
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

/// How many shards so many threads work on at a time, of a model with so many parameters. The sum does not depend on it.
fn at_a_time(threads: usize, parameters: usize) -> usize {
    threads.min(GRADIENTS / parameters.max(1)).max(AT_A_TIME)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_take_more_shards_while_there_is_memory() {
        let million = 1 << 20;
        assert_eq!(at_a_time(2, 3 * million), 4);
        assert_eq!(at_a_time(16, 3 * million), 16);
        assert_eq!(at_a_time(64, 16 * million), 16);
        assert_eq!(at_a_time(64, 150 * million), 4);
        assert_eq!(at_a_time(64, 0), 64);
    }
}
