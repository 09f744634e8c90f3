//! Many sentences, searched in batches of like length.

use std::cmp::Reverse;

use nn::Params;

use super::beam::{BeamOptions, beam_search};
use super::hypothesis::Hypothesis;
use super::sample::{SampleOptions, sample_numbered};
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
    done: impl FnMut(usize),
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let search = |_: &[usize], batch: &[Vec<u32>]| beam_search(model, params, batch, options);
    let found = by_length(sources, ROWS / options.beam_size.max(1), search, done)?;
    Ok(found.into_iter().map(Option::unwrap_or_default).collect())
}

/// As [`sample`](super::sample::sample), of however many sources, in batches as [`search_in_batches`] has them. Source
/// i draws what sentence `first` + i of them draws, so that a text in pieces is drawn as in one.
///
/// # Errors
/// As [`sample`](super::sample::sample).
pub fn sample_in_batches(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    first: u64,
    options: &SampleOptions,
    done: impl FnMut(usize),
) -> Result<Vec<Option<Hypothesis>>, Error> {
    let number = |index: usize| first.wrapping_add(index as u64);
    let draw = |indices: &[usize], batch: &[Vec<u32>]| {
        sample_numbered(model, params, batch, options, |sentence| number(indices[sentence]))
    };
    by_length(sources, ROWS, draw, done)
}

/// What `search` finds for each source that has a token, asked of `at_once` of them at a time; it hears their indices
/// too.
fn by_length<T>(
    sources: &[Vec<u32>],
    at_once: usize,
    mut search: impl FnMut(&[usize], &[Vec<u32>]) -> Result<Vec<T>, Error>,
    mut done: impl FnMut(usize),
) -> Result<Vec<Option<T>>, Error> {
    let mut all: Vec<Option<T>> = sources.iter().map(|_| None).collect();
    let mut order: Vec<usize> = (0..sources.len()).filter(|&index| !sources[index].is_empty()).collect();
    order.sort_by_key(|&index| Reverse(sources[index].len()));
    for indices in order.chunks(at_once.max(1)) {
        let batch: Vec<Vec<u32>> = indices.iter().map(|&index| sources[index].clone()).collect();
        for (&index, found) in indices.iter().zip(search(indices, &batch)?) {
            all[index] = Some(found);
        }
        done(indices.len());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use crate::search::hypothesis::MaxLen;
    use crate::search::sample::sample;
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

    #[test]
    fn a_sentence_is_drawn_by_its_number_whatever_stands_beside_it() {
        let config = Config::toy(VocabSizes::Shared(9))
            .with(|model| (model.d_model, model.d_ff, model.n_heads) = (8, 8, 2));
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64).unwrap();
        let max_len = MaxLen { beyond_source: 4 };
        let options =
            SampleOptions { temperature: 1.0, top_k: None, max_len, never: vec![], seed: Seed::new(7) };
        let draw = |sources: &[Vec<u32>], first| {
            let mut finished = 0;
            let found =
                sample_in_batches(&model, &params, sources, first, &options, |n| finished += n).unwrap();
            (found, finished)
        };
        let mut sources: Vec<Vec<u32>> = (0..2 * ROWS).map(|i| vec![3; 1 + i % 5]).collect();
        sources[4].clear();
        let (together, finished) = draw(&sources, 0);
        assert_eq!((finished, &together[4]), (2 * ROWS - 1, &None));
        let ids = |found: &Option<Hypothesis>| found.as_ref().map(|found| found.ids.clone());
        let (pieces, _) = draw(&sources[ROWS - 3..], ROWS as u64 - 3);
        assert!(pieces.iter().map(ids).eq(together[ROWS - 3..].iter().map(ids)));
        let alone = sample(&model, &params, &sources[..4], &options).unwrap();
        assert!(alone.into_iter().map(|found| Some(found.ids)).eq(together[..4].iter().map(ids)));
        assert_ne!(ids(&together[0]), ids(&together[5]), "the same source, another number");
    }
}
