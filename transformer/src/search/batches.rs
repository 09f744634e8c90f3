//! Many sentences, searched as many at a time as keep the machine busy.

use std::cmp::Reverse;

use nn::Params;
use tensor::threads::on_worker;

use super::beam::{self, Beam, BeamOptions};
use super::decoding::Member;
use super::decoding::Speakers;
use super::hypothesis::Hypothesis;
use super::listed::{Hooks, search_all};
use super::sample::{self, SampleOptions};
use super::stream::{ROWS, Search, capacity};
use super::walk::Walk;
use crate::error::Error;
use crate::model::Transformer;

/// As [`beam_search`](super::beam::beam_search), of however many sources, in their order. The longest are begun first; when
/// a part of them is finished, others take their places. `done` hears how many more are finished. A source without a token
/// has no translation.
///
/// # Errors
/// As [`beam_search`](super::beam::beam_search).
pub fn search_in_batches(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    done: impl FnMut(usize) + Send,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    search_together(&[(model, params)], sources, options, done)
}

/// As [`search_in_batches`], by models of one vocabulary that speak together: an ensemble, whose probabilities are the
/// mean of its members' (Sutskever et al. 2014, §3.6). Checkpoints of one run are such models too.
///
/// # Errors
/// As [`search_in_batches`], and if the members do not speak the same tokens.
pub fn search_together(
    members: &[Member],
    sources: &[Vec<u32>],
    options: &BeamOptions,
    done: impl FnMut(usize) + Send,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    on_worker(|| {
        beam::with_speakers(members, options, |speakers| {
            let capacity = capacity(options.beam_size);
            let beam = |sentence: usize| Beam::new(sources[sentence].len(), options, speakers.config());
            longest_first(speakers, sources, capacity, beam, done)
        })
    })
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
    done: impl FnMut(usize) + Send,
) -> Result<Vec<Option<Hypothesis>>, Error> {
    sample_together(&[(model, params)], sources, first, options, done)
}

/// As [`sample_in_batches`], by models of one vocabulary that speak together, as in [`search_together`].
///
/// # Errors
/// As [`sample_in_batches`], and if the members do not speak the same tokens.
pub fn sample_together(
    members: &[Member],
    sources: &[Vec<u32>],
    first: u64,
    options: &SampleOptions,
    done: impl FnMut(usize) + Send,
) -> Result<Vec<Option<Hypothesis>>, Error> {
    on_worker(|| {
        sample::with_speakers(members, options, |speakers| {
            let walk = |sentence: usize| {
                let number = first.wrapping_add(sentence as u64);
                Walk::drawn(options, number, sources[sentence].len(), speakers.config())
            };
            let found = longest_first(speakers, sources, ROWS, walk, done)?;
            Ok(found.into_iter().map(|found| found.into_iter().next()).collect())
        })
    })
}

/// What `search` finds for each source that has a token.
fn longest_first<S: Search>(
    speakers: &Speakers,
    sources: &[Vec<u32>],
    capacity: usize,
    search: impl Fn(usize) -> S,
    mut done: impl FnMut(usize),
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let mut order: Vec<usize> = (0..sources.len()).filter(|&index| !sources[index].is_empty()).collect();
    order.sort_by_key(|&index| Reverse(sources[index].len()));
    let hooks = Hooks { watch: |_, _: &mut S| (), done: || done(1) };
    search_all(speakers, sources, order.into_iter(), capacity, search, hooks)
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
        let search = |sources: &[Vec<u32>], done: &mut (dyn FnMut(usize) + Send)| {
            search_in_batches(&model, &params, sources, &options, done).unwrap()
        };
        let sources = vec![vec![3, 4, 5], vec![], vec![6], vec![7, 8], vec![4, 4, 4, 4, 4]];
        let mut batches = vec![];
        let together = search(&sources, &mut |n| batches.push(n));
        assert_eq!(batches, [1; 4]);
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
        let options = SampleOptions { max_len, seed: Seed::new(7), ..SampleOptions::default() };
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
