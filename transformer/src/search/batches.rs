//! Many sentences, searched in batches of like length.

use std::cmp::Reverse;

use nn::Params;

use super::beam::{BeamOptions, beam_search};
use super::hypothesis::Hypothesis;
use crate::error::Error;
use crate::model::Transformer;

/// Rows of a batch, hypotheses counted: enough to keep two cores busy, few enough for caches.
const ROWS: usize = 256;

/// As [`beam_search`], of however many sources, in their order. They are searched in batches of like length, the longest
/// first; `done` hears how many more are finished. A source without a token has no translation.
///
/// # Errors
/// As [`beam_search`].
pub fn search_in_batches(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    mut done: impl FnMut(usize),
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let mut found = vec![Vec::new(); sources.len()];
    let mut order: Vec<usize> = (0..sources.len()).filter(|&index| !sources[index].is_empty()).collect();
    order.sort_by_key(|&index| Reverse(sources[index].len()));
    for indices in order.chunks((ROWS / options.beam_size.max(1)).max(1)) {
        let batch: Vec<Vec<u32>> = indices.iter().map(|&index| sources[index].clone()).collect();
        for (&index, hypotheses) in indices.iter().zip(beam_search(model, params, &batch, options)?) {
            found[index] = hypotheses;
        }
        done(indices.len());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use tensor::{DType, Seed};

    #[test]
    fn as_many_come_out_as_went_in_each_as_if_alone() {
        let config = Config::toy(VocabSizes::Shared(9))
            .with(|model| (model.d_model, model.d_ff, model.n_heads) = (8, 8, 2));
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64).unwrap();
        let options = BeamOptions { beam_size: 100, ..BeamOptions::default() }; // two sentences a batch
        let search = |sources: &[Vec<u32>], done: &mut dyn FnMut(usize)| {
            search_in_batches(&model, &params, sources, &options, done).unwrap()
        };
        let sources = vec![vec![3, 4, 5], vec![], vec![6], vec![7, 8], vec![4, 4, 4, 4, 4]];
        let mut batches = vec![];
        let together = search(&sources, &mut |n| batches.push(n));
        assert_eq!(batches, [2, 2]);
        assert!(together.len() == 5 && together[1].is_empty());
        for (source, found) in sources.iter().zip(&together) {
            let alone = search(std::slice::from_ref(source), &mut |_| ());
            let ids = |found: &[Hypothesis]| found.iter().map(|found| found.ids.clone()).collect::<Vec<_>>();
            assert_eq!(ids(&alone[0]), ids(found));
        }
        assert!(search(&[], &mut |_| ()).is_empty());
    }
}
