//! Draws follow the model. A seed always draws the same; of one word to choose from, the likeliest is drawn;
//! and over many draws, whole translations come as often as the model says they are probable.

use nn::{Context, Params};
use proptest::prelude::*;
use tensor::{DType, Seed};
use transformer::search::greedy::greedy;
use transformer::search::sample::{SampleOptions, sample};
use transformer::search::{Hypothesis, MaxLen};
use transformer::{Config, DecoderStart, Pair, Transformer};

use crate::common::{
    VOCAB_SIZE, assert_all_close, batch, cases, lens, random_model, small, sources, starts, words,
};

fn options(seed: u64, beyond_source: usize) -> SampleOptions {
    SampleOptions { max_len: MaxLen { beyond_source }, seed: Seed::new(seed), ..SampleOptions::default() }
}

fn ids(found: &[Hypothesis]) -> Vec<&[u32]> {
    found.iter().map(|one| &one.ids[..]).collect()
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn of_one_word_to_choose_from_the_likeliest_is_drawn(lens in lens(), seed: u64, start in starts()) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F32);
        let sources = sources(&lens, seed);
        let one = SampleOptions { top_k: Some(1), temperature: 2.0, ..options(seed, 4) };
        let expected = greedy(&model, &params, &sources, one.max_len).unwrap();
        prop_assert_eq!(sample(&model, &params, &sources, &one).unwrap(), expected);
    }

    #[test]
    fn a_draw_depends_on_seed_and_place_and_not_on_the_company(lens in lens(), seed: u64) {
        let (model, params) = random_model(&small(), seed, DType::F64);
        let sources = sources(&lens, seed);
        let draw = |sources: &[Vec<u32>]| sample(&model, &params, sources, &options(seed, 4)).unwrap();
        let all = draw(&sources);
        prop_assert_eq!(&all, &draw(&sources));
        for n_first in 1..sources.len() {
            let some = draw(&sources[..n_first]);
            prop_assert_eq!(ids(&some), ids(&all[..n_first]));
        }
    }
}

#[test]
fn another_seed_draws_something_else() {
    let (model, params) = random_model(&small(), 1, DType::F32);
    let sources = vec![words(3, VOCAB_SIZE, Seed::new(1)); 10];
    let draw = |seed| sample(&model, &params, &sources, &options(seed, 4)).unwrap();
    assert_ne!(ids(&draw(1)), ids(&draw(2)));
    let same_source = draw(1);
    assert!(same_source.iter().any(|one| one.ids != same_source[0].ids), "each sentence has its own stream");
}

/// All translations of at most two words, in a vocabulary where 2 is `<eos>`, with their probabilities.
fn distribution(model: &Transformer, params: &Params, source: &[u32]) -> Vec<(Vec<u32>, f64)> {
    let vocab_size = model.config().tgt_vocab_size as u32;
    let mut targets = vec![vec![2]];
    for first in (0..vocab_size).filter(|&id| id != 2) {
        targets.extend((0..vocab_size).map(|second| vec![first, second]));
    }
    let pairs: Vec<Pair> =
        targets.iter().map(|tgt| Pair { src: source.to_vec(), tgt: tgt.clone() }).collect();
    let scores = model.score(&Context::inference(params), &batch(model.config(), &pairs)).unwrap();
    targets.into_iter().zip(scores.iter().map(|log_prob| log_prob.exp())).collect()
}

#[test]
fn translations_come_as_often_as_they_are_probable() {
    const DRAWS: usize = 4000;
    let config = Config { tgt_vocab_size: 4, decoder_start: DecoderStart::ZeroVector, ..small() };
    let (model, mut params) = random_model(&config, 4, DType::F64);
    let projection = params.id("projection.weight").unwrap();
    params.get_mut(projection).mul_scalar_assign(0.3); // flatter, so that every class is often expected
    let source = vec![5];
    let found = sample(&model, &params, &vec![source.clone(); DRAWS], &options(4, 1)).unwrap();
    let expected = distribution(&model, &params, &source);
    assert_all_close("sum", &[expected.iter().map(|(_, probability)| probability).sum()], &[1.0]);

    // Pearson's sum of (observed - expected)² / expected, over 13 classes: 12 degrees of freedom, where
    // only one correct sampler in a thousand exceeds 32.9.
    let mut chi_square = 0.0;
    for (ids, probability) in &expected {
        let expected = probability * DRAWS as f64;
        let observed = found.iter().filter(|one| one.ids == *ids).count() as f64;
        assert!(expected > 5.0, "{ids:?} is expected too seldom, {expected} times");
        chi_square += (observed - expected).powi(2) / expected;
    }
    assert_eq!(expected.len(), 13);
    assert!(chi_square < 32.9, "chi square is {chi_square}");

    for hypothesis in &found {
        let (_, probability) = expected.iter().find(|(ids, _)| *ids == hypothesis.ids).unwrap();
        assert_all_close("log_prob", &[hypothesis.log_prob], &[probability.ln()]);
        assert_eq!(hypothesis.score, hypothesis.log_prob);
        assert_eq!(hypothesis.finished, hypothesis.ids.last() == Some(&2));
    }
}
