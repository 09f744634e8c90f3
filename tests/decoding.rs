//! Searches find what the model says is best. Reading a target token by token gives what reading it at once
//! gives; a beam of one is greedy; a beam as wide as the search space is brute force; stopping early loses
//! nothing; and every score that is returned is the one that the model gives the sentence from scratch.

use nn::{Context, Params};
use proptest::prelude::*;
use tensor::{DType, Tensor};
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::search::greedy::greedy;
use transformer::search::length_penalty::LengthPenalty;
use transformer::search::{Hypothesis, MaxLen};
use transformer::{Batch, Config, DecoderStart, Pair, TokenBatch, Transformer};

use crate::common::{
    BOS, VOCAB_SIZE, assert_all_close, assert_close, batch, cases, lens, logits, pairs, random_model, small,
    sources, starts,
};
use crate::options::any_causal;

const PENALTIES: [LengthPenalty; 5] = [
    LengthPenalty::None,
    LengthPenalty::Gnmt { alpha: 0.6 },
    LengthPenalty::Gnmt { alpha: 3.0 },
    LengthPenalty::Power { alpha: 1.0 },
    LengthPenalty::Power { alpha: -0.5 }, // a penalty on length, for those who ask
];

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

/// A model that speaks three words, of which 2 is `<eos>`.
fn of_three_words(decoder_start: DecoderStart) -> Config {
    Config { tgt_vocab_size: 3, decoder_start, ..small() }
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
    fn a_beam_of_one_is_greedy(lens in lens(), seed: u64, start in starts()) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F32);
        let (sources, max_len) = (sources(&lens, seed), MaxLen { beyond_source: 5 });
        let expected = greedy(&model, &params, &sources, max_len).unwrap();
        for length_penalty in PENALTIES {
            let options = BeamOptions { beam_size: 1, top_beams: 1, length_penalty, max_len, ..BeamOptions::default() };
            let found = beam_search(&model, &params, &sources, &options).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                let score = expected.log_prob / length_penalty.divisor(expected.ids.len());
                prop_assert_eq!(&found[..], &[Hypothesis { score, ..expected.clone() }][..]);
            }
        }
    }

    #[test]
    fn returned_scores_are_those_from_scratch_and_in_order(lens in lens(), seed: u64, start in starts()) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F64);
        let (sources, max_len) = (sources(&lens, seed), MaxLen { beyond_source: 3 });
        for length_penalty in PENALTIES {
            let options = BeamOptions { beam_size: 4, top_beams: 4, length_penalty, max_len, ..BeamOptions::default() };
            let found = beam_search(&model, &params, &sources, &options).unwrap();
            for (source, found) in sources.iter().zip(&found) {
                prop_assert_eq!(found.len(), 4);
                prop_assert!(found.iter().all(|one| one.ids.len() <= source.len() + 3));
                assert_scores(&model, &params, source, found, length_penalty);
            }
        }
        for (source, found) in sources.iter().zip(greedy(&model, &params, &sources, max_len).unwrap()) {
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
        for (source, together) in sources.iter().zip(&together) {
            let alone = beam_search(&model, &params, std::slice::from_ref(source), &options).unwrap();
            assert_same(together, &alone[0]);
        }
        let together = greedy(&model, &params, &sources, max_len).unwrap();
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

/// The words of the target's vocabulary that are said: all but what stands before the first.
fn said(model: &Transformer) -> impl Iterator<Item = u32> + Clone {
    let config = model.config();
    (0..config.tgt_vocab_size as u32).filter(|&id| DecoderStart::Token(id) != config.decoder_start)
}

/// Every sequence of words 0 and 1, if they are [`said`], that ends with 2 at `max_len` or before, and every one of
/// `max_len` words that does not end, with its score, best first.
fn brute_force(
    model: &Transformer,
    params: &Params,
    source: &[u32],
    max_len: usize,
    penalty: LengthPenalty,
) -> Vec<Hypothesis> {
    let mut unfinished: Vec<Vec<u32>> = vec![Vec::new()];
    let mut sequences = Vec::new();
    for _ in 0..max_len {
        let continued = |id: u32| unfinished.iter().map(move |ids| [&ids[..], &[id]].concat());
        sequences.extend(continued(2));
        unfinished = said(model).filter(|&id| id != 2).flat_map(continued).collect();
    }
    sequences.extend(unfinished);
    let log_probs = scores(model, params, source, &sequences);
    let probability: f64 = log_probs.iter().map(|log_prob| log_prob.exp()).sum();
    if said(model).count() == 3 {
        assert_all_close("the probability that anything is said", &[probability], &[1.0]);
    }
    let hypothesis = |(ids, log_prob): (Vec<u32>, f64)| {
        let (score, finished) = (log_prob / penalty.divisor(ids.len()), ids.last() == Some(&2));
        Hypothesis { ids, log_prob, score, finished }
    };
    let mut found: Vec<Hypothesis> = sequences.into_iter().zip(log_probs).map(hypothesis).collect();
    let rank = |hypothesis: &Hypothesis| (!hypothesis.finished, -hypothesis.score);
    found.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap());
    found
}

#[test]
fn a_beam_as_wide_as_the_search_space_is_brute_force() {
    for start in [DecoderStart::Token(0), DecoderStart::ZeroVector] {
        let config = of_three_words(start);
        for seed in 0..6 {
            let (model, params) = random_model(&config, seed, DType::F64);
            let sources = sources(&[(2, 1), (1, 1), (3, 1)], seed);
            for length_penalty in PENALTIES {
                // At most 1 + 2 + 4 + 8 + 16 + 32 sequences end, and 32 do not.
                let (beam_size, top_beams) = (95, 95);
                let max_len = MaxLen { beyond_source: 2 };
                let options =
                    BeamOptions { beam_size, top_beams, length_penalty, max_len, ..BeamOptions::default() };
                let found = beam_search(&model, &params, &sources, &options).unwrap();
                for (source, found) in sources.iter().zip(&found) {
                    let max_len = source.len() + 2;
                    assert_same(found, &brute_force(&model, &params, source, max_len, length_penalty));
                }
            }
        }
    }
}

/// Beam search by its definition, one sentence at a time: no stopping early, nothing cached, every hypothesis
/// scored from scratch at every step.
fn naive_beam_search(
    model: &Transformer,
    params: &Params,
    source: &[u32],
    options: &BeamOptions,
) -> Vec<Hypothesis> {
    let &BeamOptions { beam_size, top_beams, length_penalty, max_len, .. } = options;
    let eos_id = model.config().eos_id;
    let (mut live, mut finished) = (vec![Vec::new()], Vec::new());
    for _ in 0..source.len() + max_len.beyond_source {
        let continued = |ids: &Vec<u32>| {
            let ids = ids.clone();
            said(model).map(move |id| [&ids[..], &[id]].concat())
        };
        let candidates: Vec<Vec<u32>> = live.iter().flat_map(continued).collect();
        let log_probs = scores(model, params, source, &candidates);
        let mut candidates: Vec<(Vec<u32>, f64)> = candidates.into_iter().zip(log_probs).collect();
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
        let ended = |ids: &[u32]| ids.last() == Some(&eos_id);
        for (ids, log_prob) in candidates.iter().take(beam_size).filter(|(ids, _)| ended(ids)) {
            let score = log_prob / length_penalty.divisor(ids.len());
            finished.push(Hypothesis { ids: ids.clone(), log_prob: *log_prob, score, finished: true });
        }
        live = candidates.into_iter().map(|(ids, _)| ids).filter(|ids| !ended(ids)).take(beam_size).collect();
    }
    finished.sort_by(|a, b| b.score.total_cmp(&a.score));
    finished.truncate(top_beams);
    finished
}

#[test]
fn stopping_when_nothing_better_can_come_loses_nothing() {
    let config = Config { tgt_vocab_size: 4, ..small() }; // few words, so that many hypotheses end early
    for seed in 0..20 {
        let (model, params) = random_model(&config, seed, DType::F64);
        let sources = sources(&[(2, 1), (4, 1), (1, 1)], seed);
        for (length_penalty, beam_size) in
            PENALTIES.into_iter().flat_map(|penalty| [(penalty, 2), (penalty, 3)])
        {
            let max_len = MaxLen { beyond_source: 6 };
            let options = BeamOptions {
                beam_size,
                top_beams: beam_size,
                length_penalty,
                max_len,
                ..BeamOptions::default()
            };
            let found = beam_search(&model, &params, &sources, &options).unwrap();
            for (source, found) in sources.iter().zip(&found) {
                let expected = naive_beam_search(&model, &params, source, &options);
                let finished = found.iter().filter(|one| one.finished).count();
                assert_same(&found[..finished], &expected);
            }
        }
    }
}

#[test]
fn a_beam_wider_than_the_vocabulary_finds_all_there_is() {
    let (model, params) = random_model(&of_three_words(DecoderStart::Token(BOS)), 1, DType::F64);
    let max_len = MaxLen { beyond_source: 0 };
    let options = BeamOptions { beam_size: 10, top_beams: 10, max_len, ..BeamOptions::default() };
    let found = beam_search(&model, &params, &[vec![3]], &options).unwrap();
    assert_same(&found[0], &brute_force(&model, &params, &[3], 1, options.length_penalty));
    assert_eq!(found[0].len(), 2); // <eos> and 0, in one step; 1 is <bos>
}
