//! Sentences that are translated side by side, in whatever order and company they come, and by however many models and
//! threads: each has to the bit the translation that it has alone.

use std::collections::HashMap;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use tensor::{DType, Seed};
use transformer::search::batches::{sample_in_batches, search_in_batches, search_together};
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::search::sample::SampleOptions;
use transformer::search::traffic::{Arrival, Method, Traffic, translate_traffic};
use transformer::search::{Hypothesis, MaxLen, Rules};

use crate::common::{cases, random_model, small, sources, starts};

/// Sentences that arrive as many at a time as they are told, some of which are given up.
struct Coming {
    waiting: Vec<Arrival>,
    at_a_time: usize,
    given_up: fn(u64, usize) -> bool,
    found: HashMap<u64, Vec<Hypothesis>>,
}

impl Traffic for Coming {
    fn arrivals(&mut self, room: usize) -> Vec<Arrival> {
        let count = self.waiting.len().min(room).min(self.at_a_time);
        self.waiting.drain(..count).collect()
    }

    fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool {
        !(self.given_up)(number, so_far.len())
    }

    fn found(&mut self, number: u64, translations: Vec<Hypothesis>) {
        assert!(self.found.insert(number, translations).is_none(), "once");
    }
}

fn coming(sources: &[Vec<u32>], at_a_time: usize, given_up: fn(u64, usize) -> bool) -> Coming {
    let arrival = |(number, source): (u64, &Vec<u32>)| Arrival { number, source: source.clone() };
    Coming { waiting: (0..).zip(sources).map(arrival).collect(), at_a_time, given_up, found: HashMap::new() }
}

/// Options of every kind, which all have to keep the promise.
fn options(beam_size: usize, kind: usize) -> BeamOptions {
    let plain = BeamOptions {
        beam_size,
        top_beams: beam_size,
        max_len: MaxLen { beyond_source: 4 },
        ..BeamOptions::default()
    };
    let rules = Rules { no_repeat_ngram: 2, repetition_penalty: 1.3, min_ratio: 0.5, ..Rules::default() };
    match kind {
        0 => plain,
        1 => BeamOptions { rules, ..plain },
        2 => BeamOptions { coverage: 0.4, ..plain },
        _ => BeamOptions { groups: beam_size, diversity: 0.7, ..plain },
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn whoever_comes_and_goes(seed: u64, beam_size in 1..4usize, kind in 0..4usize, at_a_time in 1..4usize, start in starts()) {
        let config = transformer::Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F32);
        let lens: Vec<(usize, usize)> = (0..9).map(|i| (1 + (i * 5 + seed as usize % 7) % 7, 1)).collect();
        let sources = sources(&lens, seed);
        let options = options(beam_size, kind);
        let alone = |source: &Vec<u32>| beam_search(&model, &params, std::slice::from_ref(source), &options).unwrap().remove(0);
        let expected: Vec<Vec<Hypothesis>> = sources.iter().map(alone).collect();
        let mut done = 0;
        let together = search_in_batches(&model, &params, &sources, &options, |more| done += more).unwrap();
        prop_assert_eq!((&together, done), (&expected, 9));
        let method = Method::Search(options);
        let mut traffic = coming(&sources, at_a_time, |number, len| number % 4 == 1 && len == 2);
        translate_traffic(&[(&model, &params)], &method, &mut traffic).unwrap();
        for (number, expected) in (0..).zip(&expected) {
            match traffic.found.get(&number) {
                Some(found) => prop_assert_eq!(found, expected),
                None => prop_assert_eq!(number % 4, 1, "only what was given up is missing"),
            }
        }
        prop_assert!(traffic.found.len() >= 7);
    }

    #[test]
    fn what_is_drawn_is_drawn_by_its_number(seed: u64, at_a_time in 1..4usize) {
        let (model, params) = random_model(&small(), seed, DType::F32);
        let sources = sources(&(0..9).map(|i| (1 + i % 6, 1)).collect::<Vec<_>>(), seed);
        let options = SampleOptions { top_p: Some(0.9), min_p: Some(0.01), seed: Seed::new(seed), ..SampleOptions::default() };
        let together = sample_in_batches(&model, &params, &sources, 0, &options, |_| ()).unwrap();
        let mut traffic = coming(&sources, at_a_time, |_, _| false);
        translate_traffic(&[(&model, &params)], &Method::Sample(options), &mut traffic).unwrap();
        prop_assert_eq!(together.len(), 9);
        for (number, expected) in (0..).zip(together) {
            prop_assert_eq!(traffic.found.remove(&number), expected.map(|one| vec![one]));
        }
        prop_assert!(traffic.found.is_empty());
    }
}

#[test]
fn by_however_many_threads() {
    let (model, params) = random_model(&small(), 3, DType::F32);
    let sources = sources(&(0..100).map(|i| (1 + i * 7 % 11, 1)).collect::<Vec<_>>(), 3);
    let found = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| search_in_batches(&model, &params, &sources, &options(3, 1), |_| ()).unwrap())
    };
    assert_eq!(found(1), found(3));
}

#[test]
fn ten_thousand_sentences_and_none() {
    let (model, params) = random_model(&small(), 5, DType::F32);
    let sources = sources(&(0..10_000).map(|i| (1 + i % 5, 1)).collect::<Vec<_>>(), 5);
    let options =
        BeamOptions { beam_size: 2, max_len: MaxLen { beyond_source: 0 }, ..BeamOptions::default() };
    let found = search_in_batches(&model, &params, &sources, &options, |_| ()).unwrap();
    assert_eq!(found.len(), 10_000);
    for index in [0, 77, 5_000, 9_999] {
        let alone = beam_search(&model, &params, &sources[index..=index], &options).unwrap();
        assert_eq!(found[index], alone[0]);
    }
    assert!(search_in_batches(&model, &params, &[], &options, |_| ()).unwrap().is_empty());
}

/// The members' mean probability of each word, and so of a translation what those say one word after the other.
#[test]
fn an_ensemble_speaks_with_one_voice() {
    let config = small();
    let models = [1, 2].map(|seed| random_model(&config, seed, DType::F64));
    let [(first, first_params), (second, second_params)] = &models;
    let sources = sources(&[(3, 1), (5, 1)], 1);
    let options = options(3, 0);
    let members = [(first, first_params), (second, second_params)];
    let found = search_together(&members, &sources, &options, |_| ()).unwrap();
    assert!(found.len() == 2 && found.iter().all(|found| found.len() == 3), "three of each");
    for (source, found) in sources.iter().zip(&found) {
        let pairs = found.iter().map(|one| transformer::Pair { src: source.clone(), tgt: one.ids.clone() });
        let batch = crate::common::batch(&config, &pairs.collect::<Vec<_>>());
        let said = members
            .map(|(model, params)| model.token_log_probs(&nn::Context::inference(params), &batch).unwrap());
        for (i, one) in found.iter().enumerate() {
            let mean = |(a, b): (&f64, &f64)| ((a.exp() + b.exp()) / 2.0).ln();
            let expected: f64 = said[0][i].iter().zip(&said[1][i]).map(mean).sum();
            assert!((one.log_prob - expected).abs() < 1e-12, "{} {expected}", one.log_prob);
        }
    }
    let alone = beam_search(first, first_params, &sources, &options).unwrap();
    let twice = search_together(&[members[0], members[0]], &sources, &options, |_| ()).unwrap();
    let ids =
        |found: &[Vec<Hypothesis>]| found.iter().flatten().map(|one| one.ids.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&twice), ids(&alone));
    let (other, other_params) =
        random_model(&transformer::Config { tgt_vocab_size: 7, ..config }, 1, DType::F64);
    let problem =
        search_together(&[members[0], (&other, &other_params)], &sources, &options, |_| ()).unwrap_err();
    assert!(
        problem.to_string().contains("model 1 of the ensemble, from 0, has another vocabulary"),
        "{problem}"
    );
    assert!(search_together(&[], &sources, &options, |_| ()).is_err());
}
