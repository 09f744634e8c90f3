//! Which pairs go together.
//!
//! A batch costs what its padded rectangle holds, so pairs of like length go together, and a batch is
//! limited by its padded tokens rather than by its pairs (Vaswani et al. 2017, §5.1: "sentence pairs were
//! batched together by approximate sequence length"; their batches held about 25,000 source and 25,000
//! target tokens).
//!
//! A [`BatchPlan`] says only which pairs form which batch. It depends on the lengths, the limit and (seed,
//! epoch) alone, so that a run that was stopped can make the plan again and go on from any batch of it.
//! Each epoch, pairs of equal length meet in another order and the batches come in another order; every
//! pair comes exactly once.

use std::cmp::Reverse;

use rand::seq::SliceRandom;
use tensor::Seed;

use crate::config::DecoderStart;
use crate::data::batch::{Batch, Pair};
use crate::error::Error;

/// In which order the batches come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchOrder {
    /// The longest pairs first, for evaluation: the order is immaterial, and what does not fit in memory
    /// fails at once.
    LongestFirst,
    /// Shuffled, differently in each epoch: for training.
    Shuffled {
        /// The run's stream for the order of the data.
        seed: Seed,
        /// The epoch.
        epoch: u64,
    },
}

/// Batches of one epoch, as indices of pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPlan {
    batches: Vec<Vec<usize>>,
    n_tokens: usize,
    n_padded_tokens: usize,
    n_oversized: usize,
}

impl BatchPlan {
    /// Groups the pairs by length into batches of at most `max_tokens` padded tokens on the source side,
    /// and as many on the target side. A longer pair is not dropped: it forms a batch of its own, and is
    /// counted.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] if there is no pair; [`Error::Config`] if `max_tokens` is 0.
    pub fn new(pairs: &[Pair], max_tokens: usize, order: BatchOrder) -> Result<Self, Error> {
        if pairs.is_empty() {
            return Err(Error::EmptyBatch("no pair to make batches of".into()));
        }
        if max_tokens == 0 {
            return Err(Error::Config("max_tokens is 0; a batch must hold at least one token".into()));
        }
        let mut indices: Vec<usize> = (0..pairs.len()).collect();
        let mut rng = match order {
            BatchOrder::LongestFirst => None,
            BatchOrder::Shuffled { seed, epoch } => Some(seed.derive_index(epoch).rng()),
        };
        if let Some(rng) = &mut rng {
            indices.shuffle(rng);
        }
        // A stable sort: pairs of equal lengths stay in the order they were shuffled into.
        indices.sort_by_key(|&index| {
            let pair = &pairs[index];
            Reverse((width(pair), pair.tgt.len(), pair.src.len()))
        });
        let mut batches = fill(&indices, pairs, max_tokens);
        if let Some(rng) = &mut rng {
            batches.shuffle(rng);
        }
        Ok(Self::measured(batches, pairs, max_tokens))
    }

    /// The batches, each as the indices of its pairs.
    pub fn batches(&self) -> &[Vec<usize>] {
        &self.batches
    }

    /// Batch `index`, put together from `pairs`, the ones the plan was made for.
    ///
    /// # Errors
    /// As [`Batch::new`].
    ///
    /// # Panics
    /// If the plan has no such batch, or was made for more pairs.
    #[track_caller]
    pub fn batch(
        &self,
        index: usize,
        pairs: &[Pair],
        decoder_start: DecoderStart,
        filler: u32,
    ) -> Result<Batch, Error> {
        Batch::new(self.batches[index].iter().map(|&pair| &pairs[pair]), decoder_start, filler)
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Always false: there is a batch for every pair.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Tokens of both sides, padding not counted.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// Share of the padded rectangles of both sides that is tokens, in 0..=1; 1 if there are none.
    pub fn padding_efficiency(&self) -> f64 {
        if self.n_padded_tokens == 0 { 1.0 } else { self.n_tokens as f64 / self.n_padded_tokens as f64 }
    }

    /// Pairs longer than `max_tokens`, each in a batch of its own.
    pub fn n_oversized(&self) -> usize {
        self.n_oversized
    }

    fn measured(batches: Vec<Vec<usize>>, pairs: &[Pair], max_tokens: usize) -> Self {
        let longest = |batch: &[usize], len: fn(&Pair) -> usize| {
            batch.iter().map(|&index| len(&pairs[index])).max().unwrap_or(0)
        };
        let padded = |batch: &Vec<usize>| {
            batch.len() * (longest(batch, |pair| pair.src.len()) + longest(batch, |pair| pair.tgt.len()))
        };
        Self {
            n_tokens: pairs.iter().map(|pair| pair.src.len() + pair.tgt.len()).sum(),
            n_padded_tokens: batches.iter().map(padded).sum(),
            n_oversized: pairs.iter().filter(|pair| width(pair) > max_tokens).count(),
            batches,
        }
    }
}

/// Tokens of the longer side.
fn width(pair: &Pair) -> usize {
    pair.src.len().max(pair.tgt.len())
}

/// Cuts `indices`, sorted by falling width, where one more pair would exceed `max_tokens`.
fn fill(indices: &[usize], pairs: &[Pair], max_tokens: usize) -> Vec<Vec<usize>> {
    let mut batches = Vec::new();
    let mut rest = indices;
    while let Some(&widest) = rest.first() {
        let rows = (max_tokens / width(&pairs[widest]).max(1)).clamp(1, rest.len());
        let (batch, after) = rest.split_at(rows);
        batches.push(batch.to_vec());
        rest = after;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed(7);

    /// Pairs of many lengths; the first source id says which pair it is.
    fn corpus(n_pairs: usize) -> Vec<Pair> {
        let pair = |index: usize| {
            let src_len = 1 + (index * 7919) % 23;
            let tgt_len = 1 + (src_len + (index * 104_729) % 5) % 27;
            Pair { src: vec![index as u32; src_len], tgt: vec![1; tgt_len] }
        };
        (0..n_pairs).map(pair).collect()
    }

    fn shuffled(epoch: u64) -> BatchOrder {
        BatchOrder::Shuffled { seed: SEED, epoch }
    }

    #[test]
    fn every_pair_comes_exactly_once_and_limits_hold() {
        for n_pairs in [1, 2, 57, 400] {
            let pairs = corpus(n_pairs);
            for max_tokens in [1, 10, 64, 1000, usize::MAX] {
                for order in [BatchOrder::LongestFirst, shuffled(0), shuffled(1)] {
                    let plan = BatchPlan::new(&pairs, max_tokens, order).unwrap();
                    let mut seen = plan.batches().concat();
                    seen.sort_unstable();
                    assert!(seen.iter().copied().eq(0..n_pairs));
                    for (index, members) in plan.batches().iter().enumerate() {
                        let batch = plan.batch(index, &pairs, DecoderStart::Token(0), 0).unwrap();
                        let widest = batch.src.len.max(batch.tgt_len());
                        assert!(members.len() == 1 || members.len() * widest <= max_tokens);
                    }
                }
            }
        }
    }

    #[test]
    fn the_plan_is_a_function_of_seed_and_epoch() {
        let pairs = corpus(300);
        let plan = |order| BatchPlan::new(&pairs, 200, order).unwrap();
        assert_eq!(plan(shuffled(3)), plan(shuffled(3)));
        assert_ne!(plan(shuffled(3)), plan(shuffled(4)));
        assert_ne!(plan(shuffled(3)), plan(BatchOrder::Shuffled { seed: Seed(8), epoch: 3 }));
        assert_eq!(plan(BatchOrder::LongestFirst), plan(BatchOrder::LongestFirst));
    }

    #[test]
    fn epochs_differ_in_the_company_pairs_keep_and_not_only_in_their_order() {
        let pairs = vec![Pair { src: vec![1, 2], tgt: vec![3, 4] }; 100];
        let companies = |epoch| {
            let plan = BatchPlan::new(&pairs, 20, shuffled(epoch)).unwrap();
            let mut batches = plan.batches().to_vec();
            batches.iter_mut().for_each(|batch| batch.sort_unstable());
            batches.sort();
            batches
        };
        assert_ne!(companies(0), companies(1));
    }

    #[test]
    fn the_unshuffled_order_falls_in_length() {
        let pairs = corpus(200);
        let plan = BatchPlan::new(&pairs, 100, BatchOrder::LongestFirst).unwrap();
        let widths: Vec<usize> = plan.batches().concat().iter().map(|&index| width(&pairs[index])).collect();
        assert!(widths.is_sorted_by(|lhs, rhs| lhs >= rhs));
    }

    #[test]
    fn grouping_by_length_saves_padding() {
        let pairs = corpus(2000);
        let plan = BatchPlan::new(&pairs, 500, shuffled(0)).unwrap();
        let rectangle: usize = pairs.len() * (23 + 27);
        assert!(plan.padding_efficiency() > 0.9, "{}", plan.padding_efficiency());
        assert!((plan.n_tokens() as f64 / rectangle as f64) < 0.6);
    }

    #[test]
    fn padding_efficiency_is_counted_by_hand() {
        let pair = |src_len, tgt_len| Pair { src: vec![0; src_len], tgt: vec![0; tgt_len] };
        let pairs = [pair(4, 2), pair(3, 3), pair(1, 1)]; // rectangles 2 x (4 + 3) and 1 x (1 + 1)
        let plan = BatchPlan::new(&pairs, 8, BatchOrder::LongestFirst).unwrap();
        assert_eq!(plan.batches(), [vec![0, 1], vec![2]]);
        assert_eq!((plan.n_tokens(), plan.padding_efficiency()), (14, 14.0 / 16.0));
    }

    #[test]
    fn a_pair_longer_than_the_limit_is_kept_alone() {
        let mut pairs = corpus(50);
        pairs[20].tgt = vec![1; 500];
        let plan = BatchPlan::new(&pairs, 100, shuffled(0)).unwrap();
        assert_eq!(plan.n_oversized(), 1);
        assert!(plan.batches().contains(&vec![20]));
    }

    #[test]
    fn nothing_to_plan_is_an_error() {
        assert!(matches!(BatchPlan::new(&[], 10, shuffled(0)), Err(Error::EmptyBatch(_))));
        assert!(matches!(BatchPlan::new(&corpus(1), 0, shuffled(0)), Err(Error::Config(_))));
    }
}
