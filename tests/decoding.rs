//! Searches find what the model says is best. Reading a target token by token gives what reading it at once
//! gives; a beam of one is greedy; and every score that is returned is the one that the model gives the sentence from
//! scratch. That a beam as wide as the search space is brute force, and that stopping early loses nothing, under every
//! option, is held by the tests of `transformer::search`.

use nn::{Context, Params};
use proptest::prelude::*;
use tensor::{DType, Tensor};
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::search::greedy::greedy;
use transformer::search::length_penalty::LengthPenalty;
use transformer::search::{Hypothesis, MaxLen};
use transformer::{Batch, Config, DecoderStart, Pair, TokenBatch, Transformer};

use crate::common::{
    VOCAB_SIZE, assert_all_close, assert_close, batch, cases, lens, logits, pairs, random_model, small,
    sources, starts,
};
use crate::options::any_causal;

/// Every form of it, a penalty on length among them, for those who ask.
fn length_penalties() -> impl Strategy<Value = LengthPenalty> {
    prop_oneof![
        Just(LengthPenalty::None),
        (-0.5..3.0).prop_map(|alpha| LengthPenalty::Gnmt { alpha }),
        (-0.5..3.0).prop_map(|alpha| LengthPenalty::Power { alpha }),
    ]
}

/// Columns `from..to`, as a batch of their own.
fn columns(tokens: &TokenBatch, from: usize, to: usize) -> TokenBatch {
    let rows: Vec<&[u32]> =
        (0..tokens.batch_size()).map(|row| &tokens.ids[row * tokens.len..][from..to]).collect();
    TokenBatch::new(&rows, 0)
}

/// The logits, the target being read up to each of `ends` in turn.
fn logits_by_parts(model: &Transformer, params: &Params, batch: &Batch, ends: &[usize]) -> Tensor {
    let cx = Context::inference(params);
    let memory = model.encode(&cx, &batch.src).unwrap();
    let mut state = model.begin(&cx, &memory);
    let mut parts = Vec::new();
    let mut read = 0;
    for &end in ends {
        let hidden = model.extend(&cx, &mut state, &columns(&batch.tgt_in, read, end)).unwrap();
        parts.push(model.logits(&cx, &hidden).into_value());
        read = end;
    }
    assert_eq!(state.len(), batch.tgt_len());
    Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 1)
}

/// The log-probabilities of targets, each of this source, from scratch.
fn scores(model: &Transformer, params: &Params, source: &[u32], targets: &[Vec<u32>]) -> Vec<f64> {
    let pair = |tgt: &Vec<u32>| Pair { src: source.to_vec(), tgt: tgt.clone() };
    let pairs: Vec<Pair> = targets.iter().map(pair).collect();
    model.score(&Context::inference(params), &batch(model.config(), &pairs)).unwrap()
}

/// Asserts that the hypotheses are in order, and are scored as the model scores them from scratch.
#[track_caller]
fn assert_scores(
    model: &Transformer,
    params: &Params,
    source: &[u32],
    found: &[Hypothesis],
    penalty: LengthPenalty,
) {
    let targets: Vec<Vec<u32>> = found.iter().map(|hypothesis| hypothesis.ids.clone()).collect();
    let log_probs: Vec<f64> = found.iter().map(|hypothesis| hypothesis.log_prob).collect();
    assert_all_close("log_prob", &log_probs, &scores(model, params, source, &targets));
    for hypothesis in found {
        assert_eq!(hypothesis.score, hypothesis.log_prob / penalty.divisor(hypothesis.ids.len()));
        let ends = |id: &&u32| **id == model.config().eos_id;
        assert_eq!(hypothesis.ids.iter().filter(ends).count(), usize::from(hypothesis.finished));
        assert_eq!(hypothesis.ids.last().filter(ends).is_some(), hypothesis.finished);
    }
    let rank = |hypothesis: &Hypothesis| (!hypothesis.finished, -hypothesis.score);
    assert!(found.is_sorted_by(|a, b| rank(a) <= rank(b)), "{found:?}");
}

proptest! {
    #![proptest_config(cases(32))]

    /// To rounding: products of one row are added up in another order than products of many.
    #[test]
    fn reading_by_parts_is_reading_at_once(
        config in any_causal(), lens in lens(), seed: u64, cuts in prop::collection::vec(any::<bool>(), 6)
    ) {
        let start = config.decoder_start;
        let (model, params) = random_model(&config, seed, DType::F64);
        let batch = batch(&config, &pairs(&lens, VOCAB_SIZE, seed));
        let whole = logits(&model, &params, &batch);
        let last = batch.tgt_in.len;
        let some: Vec<usize> = (1..last).filter(|&end| cuts[end]).chain([last]).collect();
        let each: Vec<usize> = (1..last).chain([last]).collect();
        let zero_vector_alone: Vec<usize> = [0].into_iter().filter(|_| start == DecoderStart::ZeroVector)
            .chain(each.iter().copied().filter(|&end| end > 0)).collect();
        for ends in [each, some, zero_vector_alone] {
            assert_close("logits", &logits_by_parts(&model, &params, &batch, &ends), &whole);
        }
    }

    #[test]
    fn a_beam_of_one_is_greedy(
        lens in lens(), seed: u64, start in starts(), length_penalty in length_penalties()
    ) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F32);
        let (sources, max_len) = (sources(&lens, seed), MaxLen { beyond_source: 5 });
        let expected = greedy(&model, &params, &sources, max_len).unwrap();
        let options = BeamOptions { beam_size: 1, top_beams: 1, length_penalty, max_len, ..BeamOptions::default() };
        let found = beam_search(&model, &params, &sources, &options).unwrap();
        prop_assert_eq!([found.len(), expected.len()], [sources.len(); 2]);
        for (found, expected) in found.iter().zip(&expected) {
            let score = expected.log_prob / length_penalty.divisor(expected.ids.len());
            prop_assert_eq!(&found[..], &[Hypothesis { score, ..expected.clone() }][..]);
        }
    }

    #[test]
    fn returned_scores_are_those_from_scratch_and_in_order(
        lens in lens(), seed: u64, start in starts(), length_penalty in length_penalties()
    ) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F64);
        let (sources, max_len) = (sources(&lens, seed), MaxLen { beyond_source: 3 });
        let options = BeamOptions { beam_size: 4, top_beams: 4, length_penalty, max_len, ..BeamOptions::default() };
        let found = beam_search(&model, &params, &sources, &options).unwrap();
        prop_assert_eq!(found.len(), sources.len());
        for (source, found) in sources.iter().zip(&found) {
            prop_assert_eq!(found.len(), 4);
            prop_assert!(found.iter().all(|one| one.ids.len() <= source.len() + 3));
            assert_scores(&model, &params, source, found, length_penalty);
        }
        let found = greedy(&model, &params, &sources, max_len).unwrap();
        prop_assert_eq!(found.len(), sources.len());
        for (source, found) in sources.iter().zip(found) {
            assert_scores(&model, &params, source, &[found], LengthPenalty::None);
        }
    }

    #[test]
    fn a_batch_is_translated_as_its_sentences_are(lens in lens(), seed: u64, beam_size in 1..5usize) {
        let (model, params) = random_model(&small(), seed, DType::F64);
        let sources = sources(&lens, seed);
        let max_len = MaxLen { beyond_source: 3 };
        let options = BeamOptions { beam_size, top_beams: beam_size, max_len, ..BeamOptions::default() };
        let together = beam_search(&model, &params, &sources, &options).unwrap();
        prop_assert_eq!(together.len(), sources.len());
        for (source, together) in sources.iter().zip(&together) {
            let alone = beam_search(&model, &params, std::slice::from_ref(source), &options).unwrap();
            assert_same(together, &alone[0]);
        }
        let together = greedy(&model, &params, &sources, max_len).unwrap();
        prop_assert_eq!(together.len(), sources.len());
        for (source, together) in sources.iter().zip(&together) {
            let alone = greedy(&model, &params, std::slice::from_ref(source), max_len).unwrap();
            assert_same(std::slice::from_ref(together), &alone);
        }
    }
}

/// The same translations, with the same scores to rounding.
#[track_caller]
fn assert_same(found: &[Hypothesis], expected: &[Hypothesis]) {
    let ids = |list: &[Hypothesis]| list.iter().map(|one| one.ids.clone()).collect::<Vec<_>>();
    let scores = |list: &[Hypothesis]| list.iter().map(|one| one.score).collect::<Vec<_>>();
    assert_eq!(ids(found), ids(expected));
    assert_all_close("scores", &scores(found), &scores(expected));
}
