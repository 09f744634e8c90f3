//! Random sentences, pairs and batches for property tests, as strategies of
//! [proptest](https://docs.rs/proptest). Needs the feature `proptest`.
//!
//! Sentences have from one word to [`MAX_LEN`], and those of a batch have different lengths, so that there is
//! padding; a failing case shrinks to one sentence of one word, the first.
//!
//! ```
//! use proptest::prelude::*;
//! # use proptest::test_runner::RngSeed;
//! use transformer::DecoderStart;
//! use transformer::strategies::batches;
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn every_token_of_a_target_is_a_label(batch in batches(3..9, 2, DecoderStart::Token(1))) {
//!         prop_assert_eq!(batch.n_labels(), batch.tgt_in.n_tokens());
//!     }
//! }
//! # every_token_of_a_target_is_a_label();
//! ```
//!
//! Random tensors and masks are in [`tensor::strategies`].

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::config::DecoderStart;
use crate::data::batch::{Batch, Pair, TokenBatch};

/// The most words of a sentence, `<eos>` included.
pub const MAX_LEN: usize = 6;

/// The most sentences of a batch.
pub const MAX_BATCH: usize = 4;

/// A sentence of 1 to [`MAX_LEN`] words, whose ids lie in `words`.
pub fn sentences(words: Range<u32>) -> impl Strategy<Value = Vec<u32>> + Clone {
    vec(words, 1..=MAX_LEN)
}

/// Between 1 and [`MAX_BATCH`] sentences side by side, padded with the first of `words`.
pub fn token_batches(words: Range<u32>) -> impl Strategy<Value = TokenBatch> + Clone {
    let filler = words.start;
    vec(sentences(words), 1..=MAX_BATCH).prop_map(move |sentences| TokenBatch::new(&sentences, filler))
}

/// A sentence and its translation, which ends with `eos_id` and may say nothing else.
pub fn pairs(words: Range<u32>, eos_id: u32) -> impl Strategy<Value = Pair> + Clone {
    let tgt = vec(words.clone(), 0..MAX_LEN);
    (sentences(words), tgt).prop_map(move |(src, tgt)| Pair { src, tgt: [tgt, vec![eos_id]].concat() })
}

/// Between 1 and [`MAX_BATCH`] such pairs, ready for training, padded with `eos_id`.
///
/// # Panics
/// When drawn from, if [`IGNORE`](crate::data::batch::IGNORE) is among the words: it cannot be a label.
pub fn batches(
    words: Range<u32>,
    eos_id: u32,
    decoder_start: DecoderStart,
) -> impl Strategy<Value = Batch> + Clone {
    vec(pairs(words, eos_id), 1..=MAX_BATCH).prop_map(move |pairs| {
        Batch::new(&pairs, decoder_start, eos_id)
            .expect("there are pairs, targets end with <eos>, and no word is reserved")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

    fn runner() -> TestRunner {
        let rng_seed = RngSeed::Fixed(1);
        TestRunner::new(Config { cases: 500, rng_seed, failure_persistence: None, ..Config::default() })
    }

    #[test]
    fn batches_have_sentences_of_different_lengths_within_the_vocabulary() {
        let mut runner = runner();
        let strategy = token_batches(3..9);
        let drawn: Vec<TokenBatch> =
            (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
        assert!(drawn.iter().all(|batch| batch.check(9).is_ok() && batch.ids.iter().all(|&id| id >= 3)));
        let lens = |len| drawn.iter().filter(|batch| batch.lens.contains(&len)).count();
        assert!((1..=MAX_LEN).all(|len| lens(len) > 20));
        assert!(drawn.iter().filter(|batch| batch.n_tokens() < batch.ids.len()).count() > 100);
    }

    #[test]
    fn targets_end_and_labels_follow_them() {
        let strategy = batches(3..9, 2, DecoderStart::ZeroVector);
        let run = runner().run(&strategy, |batch| {
            prop_assert_eq!(batch.n_labels(), batch.tgt_in.n_tokens() + batch.batch_size());
            prop_assert!(batch.check_labels(9).is_ok());
            Ok(())
        });
        run.unwrap();
    }

    #[test]
    fn a_failure_shrinks_to_the_fewest_and_shortest_sentences() {
        let test = |batch: Batch| match batch.batch_size() {
            0 | 1 => Ok(()),
            _ => Err(TestCaseError::fail("two")),
        };
        match runner().run(&batches(3..9, 2, DecoderStart::Token(1)), test) {
            Err(TestError::Fail(_, batch)) => {
                assert_eq!((batch.src.ids, batch.tgt_out), (vec![3, 3], vec![2, 2]));
            }
            other => panic!("{other:?}"),
        }
    }
}
