//! Sentences that come and go are translated as those that are all there.

use std::collections::BTreeMap;

use super::{BeamOptions, DType, Hypothesis, MaxLen, SOURCES, STARTS, beam_search, model};
use crate::search::batches::sample_in_batches;
use crate::search::sample::SampleOptions;
use crate::search::traffic::{Arrival, Method, Traffic, translate_traffic};

/// Two sentences at first, a third at the next step; the one that is not wanted is given up at its second word.
#[derive(Default)]
struct Script {
    /// The room at each step, and how many have come.
    asked: Vec<usize>,
    arrived: usize,
    unwanted: Option<u64>,
    heard: BTreeMap<u64, Vec<Vec<u32>>>,
    found: BTreeMap<u64, Vec<Hypothesis>>,
}

impl Traffic for Script {
    fn arrivals(&mut self, room: usize) -> Vec<Arrival> {
        self.asked.push(room);
        let there = if self.asked.len() == 1 { 2 } else { SOURCES.len() };
        let numbers = self.arrived..there.min(self.arrived + room);
        self.arrived = numbers.end;
        numbers.map(|number| Arrival { number: number as u64, source: SOURCES[number].to_vec() }).collect()
    }

    fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool {
        let heard = self.heard.entry(number).or_default();
        heard.push(so_far.to_vec());
        self.unwanted != Some(number) || heard.len() < 2
    }

    fn found(&mut self, number: u64, translations: Vec<Hypothesis>) {
        assert!(self.found.insert(number, translations).is_none(), "{number} is found once");
    }
}

#[test]
fn what_arrives_is_searched_as_if_alone_and_told_of_step_by_step() {
    let (model, params) = model(STARTS[0], 1, DType::F32);
    for (beam_size, room) in [(1, 256), (3, 85), (300, 1)] {
        let max_len = MaxLen { beyond_source: 3 };
        let options = BeamOptions { beam_size, max_len, ..BeamOptions::default() };
        let mut script = Script::default();
        let method = Method::Search(options.clone());
        translate_traffic(&[(&model, &params)], &method, &mut script).unwrap();
        assert_eq!(script.asked[0], room, "beam {beam_size}");
        for (number, source) in (0..).zip(SOURCES) {
            let alone = beam_search(&model, &params, &[source.to_vec()], &options).unwrap();
            assert_eq!(script.found[&number], alone[0], "beam {beam_size}");
            let last = script.heard[&number].last().unwrap();
            assert!(script.found[&number].iter().any(|one| one.ids == *last), "it was heard whole: {last:?}");
        }
    }
}

#[test]
fn what_is_not_wanted_any_more_is_given_up_and_others_go_on() {
    let (model, params) = model(STARTS[0], 1, DType::F32);
    let options = BeamOptions { max_len: MaxLen { beyond_source: 3 }, ..BeamOptions::default() };
    let mut script = Script { unwanted: Some(0), ..Script::default() };
    translate_traffic(&[(&model, &params)], &Method::Search(options), &mut script).unwrap();
    assert_eq!(script.heard[&0].len(), 2);
    assert_eq!(script.found.keys().copied().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn draws_go_by_the_number_of_the_sentence() {
    let (model, params) = model(STARTS[0], 1, DType::F32);
    let options = SampleOptions { max_len: MaxLen { beyond_source: 3 }, ..SampleOptions::default() };
    let sources = SOURCES.map(<[u32]>::to_vec);
    let expected = sample_in_batches(&model, &params, &sources, 0, &options, |_| ()).unwrap();
    let mut script = Script::default();
    translate_traffic(&[(&model, &params)], &Method::Sample(options), &mut script).unwrap();
    assert_eq!(script.asked[0], 256);
    let found: Vec<Option<Hypothesis>> = script.found.into_values().map(|mut found| found.pop()).collect();
    assert_eq!(found, expected);
}
