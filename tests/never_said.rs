//! Some tokens are no words of any text: what stands before the first word, and what a caller names.

use tensor::DType;
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::search::greedy::greedy;
use transformer::search::{Hypothesis, MaxLen};
use transformer::{Config, DecoderStart};

use crate::common::{VOCAB_SIZE, random_model, small, sources};

#[test]
fn what_stands_before_the_first_word_and_what_is_named_is_never_said() {
    let config = Config { tgt_vocab_size: 8, ..small() };
    let max_len = MaxLen { beyond_source: 1 };
    for (start, bos) in [(DecoderStart::Token(5), Some(5)), (DecoderStart::ZeroVector, None)] {
        let config = Config { decoder_start: start, ..config.clone() };
        for seed in 0..5 {
            let (model, params) = random_model(&config, seed, DType::F32);
            let sources = sources(&[(4, 1), (2, 1)], seed);
            let search = |beam_size, never| {
                let options =
                    BeamOptions { beam_size, top_beams: beam_size, max_len, never, ..BeamOptions::default() };
                beam_search(&model, &params, &sources, &options).unwrap()
            };
            let says =
                |found: &[Vec<Hypothesis>], id| found.iter().flatten().any(|one| one.ids.contains(&id));
            let all = search(60, vec![]);
            assert!(all.iter().all(|found| found.len() == 60));
            assert!((0..8).all(|id| says(&all, id) == (Some(id) != bos)), "all others are said");
            for beam_size in [1, 60] {
                let some = search(beam_size, vec![0, 7]);
                assert!(!says(&some, 0) && !says(&some, 7) && bos.is_none_or(|bos| !says(&some, bos)));
            }
            let one = greedy(&model, &params, &sources, max_len).unwrap();
            assert!(one.iter().all(|one| bos.is_none_or(|bos| !one.ids.contains(&bos))));
        }
    }
}

#[test]
fn where_the_end_is_the_beginning_too_it_is_said() {
    let config = Config { decoder_start: DecoderStart::Token(2), ..small() };
    assert_eq!(config.eos_id, 2);
    let (model, params) = random_model(&config, 1, DType::F32);
    let options = BeamOptions { beam_size: 30, top_beams: 30, ..BeamOptions::default() };
    let found = beam_search(&model, &params, &[vec![3, 4]], &options).unwrap();
    assert!(found[0].iter().any(|one| one.finished));
    let refused = |id| {
        let options = BeamOptions { never: vec![id], ..BeamOptions::default() };
        beam_search(&model, &params, &[vec![3]], &options).unwrap_err().to_string()
    };
    assert!(refused(2).contains("never: 2 is <eos>"));
    assert!(refused(VOCAB_SIZE as u32).contains("not in the vocabulary"));
}

#[test]
fn a_vocabulary_of_eos_alone_says_only_that() {
    let config = Config { tgt_vocab_size: 1, eos_id: 0, decoder_start: DecoderStart::ZeroVector, ..small() };
    let (model, params) = random_model(&config, 1, DType::F64);
    for beam_size in [1, 2, 5] {
        let options = BeamOptions { beam_size, top_beams: beam_size, ..BeamOptions::default() };
        let found = beam_search(&model, &params, &[vec![3, 4], vec![]], &options).unwrap();
        let only = Hypothesis { ids: vec![0], log_prob: 0.0, score: 0.0, finished: true };
        assert_eq!(found, [vec![only.clone()], vec![only]]);
    }
}
