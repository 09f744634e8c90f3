//! Wrong input is an error of one line that says what was wrong and what would be right; it never panics.
//! Configurations, token ids, lengths, options and empty batches are checked where they come in.

use std::fmt::Display;

use nn::{Adam, Constant, Context};
use tensor::{DType, Seed};
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::search::greedy::greedy;
use transformer::search::length_penalty::LengthPenalty;
use transformer::search::sample::{SampleOptions, sample};
use transformer::search::{Hypothesis, MaxLen};
use transformer::{
    Batch, Config, DecoderStart, Error, Pair, Positions, TieEmbeddings, TokenBatch, TrainOptions, Trainer,
    Transformer, evaluate,
};

use crate::common::{BOS, VOCAB_SIZE, batch, pairs, random_model, small};

#[track_caller]
fn assert_says<T>(result: Result<T, impl Display>, expected: &str) {
    let Err(error) = result else { panic!("no error, expected: {expected}") };
    let message = error.to_string();
    assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    assert_eq!(message.lines().count(), 1, "{message:?} has more than one line");
}

/// A batch is plain data, so anyone can make one that contradicts itself.
#[test]
fn a_batch_that_contradicts_itself_is_an_error_wherever_it_goes() {
    for decoder_start in [DecoderStart::Token(BOS), DecoderStart::ZeroVector] {
        let (model, params) = random_model(&Config { decoder_start, ..small() }, 1, DType::F32);
        let pairs = [(3, 4), (5, 2)].map(|(src, tgt)| Pair { src: vec![3; src], tgt: vec![4; tgt] });
        let whole = Batch::new(&pairs, decoder_start, 0).unwrap();
        let spoilt: [fn(&mut Batch); 11] = [
            |batch| batch.src.ids.truncate(3),
            |batch| batch.src.len = 99,
            |batch| batch.src.lens[0] = 77,
            |batch| batch.src.lens.clear(),
            |batch| batch.tgt_in.lens.push(1),
            |batch| batch.tgt_in.len = usize::MAX,
            |batch| batch.tgt_in.ids.clear(),
            |batch| batch.tgt_out.truncate(5),
            |batch| batch.tgt_out.push(3),
            |batch| batch.src = TokenBatch { ids: vec![], lens: vec![], len: usize::MAX },
            |batch| *batch.tgt_out.last_mut().unwrap() = 3, // padding of the shorter target
        ];
        for (case, spoil) in spoilt.into_iter().enumerate() {
            let mut batch = whole.clone();
            spoil(&mut batch);
            let cx = || Context::inference(&params);
            let mut trainer = Trainer::new(
                (model.clone(), params.clone()),
                Adam::default(),
                Constant { learning_rate: 0.1 },
                TrainOptions { shard_tokens: 2, ..TrainOptions::default() },
            )
            .unwrap();
            let problems = [
                model.check(&batch).err(),
                model.forward(&cx(), &batch).err(),
                model.loss(&cx(), &batch, 0.1).err(),
                model.score(&cx(), &batch).err(),
                trainer.train_step(&[whole.clone(), batch]).err(),
            ];
            for problem in problems {
                let problem = problem.unwrap_or_else(|| panic!("case {case} passed")).to_string();
                assert!(problem.starts_with("batch: "), "case {case}: {problem}");
            }
        }
    }
}

#[test]
fn a_configuration_that_is_no_model_is_refused_before_anything_is_made() {
    let cases = [
        (small().with(|model| model.n_heads = 3), "n_heads 3 does not divide d_model 8"),
        (small().with(|model| model.n_heads = 0), "n_heads is 0; it must be at least 1"),
        (small().with(|model| model.d_model = 0), "d_model is 0; it must be at least 1"),
        (
            small().with(|model| {
                model.d_model = 7;
                model.n_heads = 7;
            }),
            "d_model 7 is odd; sinusoids need an even one",
        ),
        (
            small().with(|model| {
                model.d_model = usize::MAX - 1;
                model.n_heads = 1;
            }),
            "d_model is ",
        ),
        (small().with(|model| model.d_ff = 0), "d_ff is 0"),
        (small().with(|model| model.n_encoder_layers = 0), "n_encoder_layers is 0"),
        (small().with(|model| model.n_decoder_layers = 0), "n_decoder_layers is 0"),
        (small().with(|model| model.max_len = 0), "max_len is 0"),
        (Config { src_vocab_size: 0, ..small() }, "src_vocab_size is 0"),
        (small().with(|model| model.dropout = 1.0), "dropout is 1; it must be at least 0 and below 1"),
        (small().with(|model| model.dropout = -0.1), "dropout is -0.1"),
        (small().with(|model| model.attention_dropout = f64::NAN), "attention_dropout is NaN"),
        (small().with(|model| model.norm_eps = -1.0), "norm_eps is -1; it must be positive"),
        (Config { eos_id: 9, ..small() }, "eos_id 9 is not below tgt_vocab_size 9"),
        (Config { decoder_start: DecoderStart::Token(9), ..small() }, "start token 9 is not below"),
        (
            Config {
                src_vocab_size: 8,
                ..small().with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay)
            },
            "the source has 8 words, the target 9",
        ),
    ];
    for (config, expected) in cases {
        assert_says(Transformer::new(&config, Seed::new(1), DType::F32), expected);
    }
}

#[test]
fn training_options_are_checked() {
    let cases = [
        (TrainOptions { smoothing: 1.0, ..TrainOptions::default() }, "smoothing is 1; it must be in 0..1"),
        (TrainOptions { smoothing: f64::NAN, ..TrainOptions::default() }, "smoothing is NaN"),
        (TrainOptions { clip_norm: Some(0.0), ..TrainOptions::default() }, "clip_norm is Some(0.0)"),
        (TrainOptions { accumulate: 0, ..TrainOptions::default() }, "accumulate is 0"),
    ];
    let schedule = Constant { learning_rate: 1e-3 };
    for (options, expected) in cases {
        let made = random_model(&small(), 1, DType::F32);
        assert_says(Trainer::new(made, Adam::default(), schedule, options), expected);
    }
    let (model, params) = random_model(&small(), 1, DType::F32);
    assert_says(evaluate(&model, &params, &pairs(&[(2, 2)], VOCAB_SIZE, 1), 0, 0.0), "max_tokens is 0");
}

/// Every way to translate.
fn searches(
    model: &(Transformer, nn::Params),
    sources: &[Vec<u32>],
    max_len: MaxLen,
) -> [Result<Vec<Hypothesis>, Error>; 3] {
    let (model, params) = model;
    let beam = BeamOptions { max_len, ..BeamOptions::default() };
    let draw = SampleOptions { max_len, seed: Seed::new(1), ..SampleOptions::default() };
    [
        greedy(model, params, sources, max_len),
        beam_search(model, params, sources, &beam).map(|found| found.concat()),
        sample(model, params, sources, &draw),
    ]
}

#[test]
fn token_ids_outside_the_vocabulary_are_named() {
    let made = random_model(&small(), 1, DType::F32);
    for result in searches(&made, &[vec![3], vec![3, 4, 9]], MaxLen::default()) {
        assert_says(
            result,
            "token id 9 at position 2 of sentence 1 in its batch must be below the vocabulary size, 9",
        );
    }
    let (model, params) = &made;
    let cx = Context::inference(params);
    let outside = TokenBatch::new(&[vec![u32::MAX]], 0);
    assert_says(model.encode(&cx, &outside), "token id 4294967295 at position 0");
    let memory = model.encode(&cx, &TokenBatch::new(&[vec![3]], 0)).unwrap();
    assert_says(model.extend(&cx, &mut model.begin(&cx, &memory), &outside), "token id 4294967295");
    let pair = |src: u32, tgt: u32| Pair { src: vec![src], tgt: vec![tgt, 2] };
    assert_says(
        model.loss(&cx, &batch(&small(), [&pair(9, 3)]), 0.0).map(|_| ()),
        "token id 9 at position 0",
    );
    assert_says(
        model.loss(&cx, &batch(&small(), [&pair(3, 9)]), 0.0).map(|_| ()),
        "token id 9 at position 0",
    );
    assert_says(model.score(&cx, &batch(&small(), [&pair(3, 9)])), "token id 9 at position 0");
    assert_says(evaluate(model, params, &[pair(3, 9)], 100, 0.0), "token id 9 at position 0");
    let ignored = Batch::new(&[pair(3, u32::MAX)], small().decoder_start, 0); // the mark of labels that do not count
    assert_says(ignored, "token id 4294967295 at position 0 of sentence 0");
    let filled = Batch::new(&pairs(&[(1, 2), (3, 2)], VOCAB_SIZE, 1), small().decoder_start, 99).unwrap();
    assert_says(model.forward(&cx, &filled), "token id 99 at position 1"); // the filler counts, too
}

#[test]
fn a_failed_reading_leaves_the_state_as_it_was() {
    let config = small().with(|model| model.positions = Positions::Learned);
    let (model, params) = random_model(&config, 1, DType::F32);
    let cx = Context::inference(&params);
    let memory = model.encode(&cx, &TokenBatch::new(&[vec![3]], 0)).unwrap();
    let mut state = model.begin(&cx, &memory);
    let read = |state: &mut _, ids: Vec<u32>| model.extend(&cx, state, &TokenBatch::new(&[ids], 0));
    read(&mut state, vec![1]).unwrap();
    let mut untouched = state.clone();
    assert_says(read(&mut state, vec![3, 40]), "token id 40 at position 1");
    assert_says(read(&mut state, vec![3; 12]), "a sequence of 13 tokens exceeds max_len 12");
    assert_eq!(state.len(), 1);
    let (found, expected) = (read(&mut state, vec![3]).unwrap(), read(&mut untouched, vec![3]).unwrap());
    assert_eq!(found.value(), expected.value());
}

#[test]
fn a_sentence_beyond_learned_positions_is_an_error_and_sinusoids_reach_on() {
    let source = vec![vec![3; 13]];
    let learned = small().with(|model| model.positions = Positions::Learned);
    for result in searches(&random_model(&learned, 1, DType::F32), &source, MaxLen::default()) {
        assert_says(result, "a sequence of 13 tokens exceeds max_len 12, where learned positions end");
    }
    for result in searches(&random_model(&learned, 1, DType::F32), &[vec![3; 12]], MaxLen::default()) {
        assert!(result.unwrap().iter().all(|one| (1..=12).contains(&one.ids.len())));
    }
    for result in searches(&random_model(&small(), 1, DType::F32), &source, MaxLen::default()) {
        result.unwrap();
    }
}

#[test]
fn empty_batches_are_errors_and_empty_lists_are_not() {
    let start = small().decoder_start;
    assert_says(Batch::new(&[], start, 0), "batch: no pair in it");
    let endless = [Pair { src: vec![3], tgt: vec![2] }, Pair { src: vec![3], tgt: vec![] }];
    assert_says(Batch::new(&endless, start, 0), "batch: target 1 is empty; it should end with <eos>");
    let made = random_model(&small(), 1, DType::F32);
    assert_says(evaluate(&made.0, &made.1, &[], 100, 0.0), "no pair to make batches of");
    for result in searches(&made, &[], MaxLen::default()) {
        assert_eq!(result.unwrap(), []);
    }
    for result in searches(&made, &[vec![], vec![3]], MaxLen { beyond_source: 0 }) {
        let found = result.unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|one| one.ids.len() == 1 && one.log_prob.is_finite()), "{found:?}");
    }
}

#[test]
fn search_options_are_checked() {
    let (model, params) = random_model(&small(), 1, DType::F32);
    let beam = |options: BeamOptions| beam_search(&model, &params, &[vec![3]], &options);
    let default = BeamOptions::default();
    assert_says(beam(BeamOptions { beam_size: 0, ..default.clone() }), "beam_size is 0; it must be ");
    assert_says(beam(BeamOptions { top_beams: 0, ..default.clone() }), "top_beams is 0; it must be in 1..=4");
    assert_says(beam(BeamOptions { top_beams: 5, ..default.clone() }), "top_beams is 5; it must be in 1..=4");
    for length_penalty in
        [LengthPenalty::Gnmt { alpha: f64::NAN }, LengthPenalty::Power { alpha: f64::INFINITY }]
    {
        assert_says(
            beam(BeamOptions { length_penalty, ..default.clone() }),
            "the length penalty's alpha is ",
        );
    }
    let max_len = MaxLen { beyond_source: 2 };
    let draw = |options: SampleOptions| sample(&model, &params, &[vec![3]], &options);
    let fair = SampleOptions { max_len, seed: Seed::new(1), ..SampleOptions::default() };
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_says(draw(SampleOptions { temperature, ..fair.clone() }), "temperature is ");
    }
    assert_says(draw(SampleOptions { top_k: Some(0), ..fair.clone() }), "top_k is 0");
}
