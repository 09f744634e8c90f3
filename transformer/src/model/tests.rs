use nn::{Adam, Constant};
use tensor::Tensor;

use super::*;
use crate::align::alignments;
use crate::config::Positions;
use crate::config::{Activation, DecoderStart, NormPlacement, VocabSizes};
use crate::data::batch::Pair;
use crate::search::beam::{BeamOptions, beam_search};
use crate::search::greedy::greedy;
use crate::search::sample::{SampleOptions, sample};
use crate::search::{Hypothesis, MaxLen};
use crate::train::evaluate::evaluate;
use crate::train::options::TrainOptions;
use crate::train::trainer::Trainer;

fn small() -> Config {
    Config::toy(VocabSizes::Shared(11)).with(|model| {
        model.d_model = 8;
        model.d_ff = 12;
        model.n_heads = 2;
        model.max_len = 9;
    })
}

#[test]
fn a_model_has_as_many_parameters_as_its_configuration_says() {
    let separate =
        Config { tgt_vocab_size: 7, ..small().with(|model| model.tie_embeddings = TieEmbeddings::Separate) };
    let configs = [
        small(),
        separate.clone(),
        separate.with(|model| model.tie_embeddings = TieEmbeddings::TargetWithOutput),
        small().with(|model| model.norm = NormPlacement::Pre),
        small().with(|model| {
            model.norm = NormPlacement::PostFinal;
            model.projection_bias = true;
        }),
        small().with(|model| {
            model.tie_embeddings = TieEmbeddings::Separate;
            model.projection_bias = true;
        }),
        small().with(|model| model.positions = Positions::Learned),
        small().with(|model| {
            model.attention_bias = true;
            model.n_encoder_layers = 1;
            model.n_decoder_layers = 3;
        }),
    ];
    for config in configs {
        let (_, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        assert_eq!(params.numel(), config.n_parameters(), "{config:?}");
    }
}

#[test]
fn parameters_have_pytorch_s_names() {
    let config = small().with(|model| model.norm = NormPlacement::Pre);
    let (_, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    for name in [
        "embedding.weight",
        "encoder.layers.0.self_attn.q_proj.weight",
        "encoder.layers.1.norm2.bias",
        "decoder.layers.1.cross_attn.out_proj.weight",
        "decoder.layers.0.linear1.bias",
        "decoder.norm.weight",
    ] {
        assert!(params.id(name).is_some(), "no {name}");
    }
}

#[test]
fn embeddings_and_matrices_start_as_the_paper_s_code_starts_them() {
    let (_, params) =
        Transformer::new(&Config::small(VocabSizes::Shared(500)), Seed::new(1), DType::F64).unwrap();
    let std = |name: &str| params.get(params.id(name).unwrap()).variance(.., false).item().sqrt();
    // 128,000 draws: the standard deviation is known to one part in five hundred.
    assert!((std("embedding.weight") * 256f64.sqrt() - 1.0).abs() < 0.01);
    // Uniform in ±sqrt(6 / (fan_in + fan_out)) has variance 2 / (fan_in + fan_out).
    let xavier = (2.0 / (256.0 + 1024.0f64)).sqrt();
    assert!((std("encoder.layers.0.linear1.weight") / xavier - 1.0).abs() < 0.01);
}

#[test]
fn ids_outside_the_vocabulary_and_labels_that_do_not_count_are_errors() {
    let config = small();
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let cx = Context::inference(&params);
    let batch = |src: u32, tgt: u32| {
        Batch::new([&Pair { src: vec![3, src], tgt: vec![tgt, 2] }], config.decoder_start, 0).unwrap()
    };
    let problem = model.forward(&cx, &batch(11, 4)).unwrap_err().to_string();
    assert_eq!(
        problem,
        "token id 11 at position 1 of sentence 0 in its batch must be below the vocabulary size, 11"
    );
    assert!(matches!(model.loss(&cx, &batch(4, 99), 0.0), Err(Error::TokenOutOfRange { id: 99, .. })));
    let mut ignored = batch(4, 4);
    ignored.tgt_out.fill(crate::data::batch::IGNORE);
    assert!(matches!(model.loss(&cx, &ignored, 0.0), Err(Error::NoLabels)));
    assert!(matches!(model.loss(&cx, &batch(4, 4), 1.5), Err(Error::Config(_))));
}

#[test]
fn learned_positions_end_and_sinusoids_do_not() {
    let long = Pair { src: vec![3; 10], tgt: vec![4, 2] };
    for positions in [Positions::Learned, Positions::Sinusoidal, Positions::SinusoidalConcatenated] {
        let config = small().with(|model| model.positions = positions);
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        let batch = Batch::new([&long], config.decoder_start, 0).unwrap();
        let out = model.forward(&Context::inference(&params), &batch);
        match positions {
            Positions::Learned => assert!(matches!(out, Err(Error::TooLong { len: 10, max_len: 9 }))),
            _ => assert_eq!(out.unwrap().shape()[..], [1, 2, 11]),
        }
    }
}

#[test]
fn a_sentence_s_score_is_the_sum_over_its_tokens() {
    let config = small();
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64).unwrap();
    let cx = Context::inference(&params);
    let pairs = [Pair { src: vec![3], tgt: vec![5, 4, 2] }, Pair { src: vec![6, 7, 8], tgt: vec![2] }];
    let batch = Batch::new(&pairs, config.decoder_start, 0).unwrap();
    let token_log_probs = model.token_log_probs(&cx, &batch).unwrap();
    let probs = model.forward(&cx, &batch).unwrap().value().softmax(-1); // [2, 3, 11]
    for (row, pair) in pairs.iter().enumerate() {
        assert_eq!(token_log_probs[row].len(), pair.tgt.len(), "padding is left out");
        for (position, &id) in pair.tgt.iter().enumerate() {
            let expected = probs.at(&[row, position, id as usize]).ln();
            assert!((token_log_probs[row][position] - expected).abs() < 1e-12);
        }
    }
    let sums: Vec<f64> = token_log_probs.iter().map(|log_probs| log_probs.iter().sum()).collect();
    assert_eq!(model.score(&cx, &batch).unwrap(), sums);
}

#[test]
fn a_translation_found_in_f32_has_the_score_it_is_given_from_scratch() {
    let config = small();
    let (model, params) = Transformer::new(&config, Seed::new(4), DType::F32).unwrap();
    let sources = [vec![3, 4, 5, 6], vec![7]];
    let options = BeamOptions { beam_size: 3, top_beams: 3, ..BeamOptions::default() };
    let found = beam_search(&model, &params, &sources, &options).unwrap();
    for (src, hypotheses) in sources.iter().zip(found) {
        for Hypothesis { ids: tgt, log_prob, .. } in hypotheses {
            let batch = Batch::new([&Pair { src: src.clone(), tgt }], config.decoder_start, 0).unwrap();
            let score = model.score(&Context::inference(&params), &batch).unwrap()[0];
            assert!((score - log_prob).abs() < 1e-5 * log_prob.abs().max(1.0), "{score} {log_prob}");
        }
    }
}

/// What each way into a model says of `params`.
fn entries(model: &Transformer, params: &Params) -> [Result<(), Error>; 8] {
    let pairs = [Pair { src: vec![3, 4], tgt: vec![5, 2] }];
    let batch = Batch::new(&pairs, model.config().decoder_start, 0).unwrap();
    let sources = [vec![3, 4]];
    let cx = Context::inference(params);
    let sampling = SampleOptions { seed: Seed::new(1), ..SampleOptions::default() };
    let trainer = || {
        let schedule = Constant { learning_rate: 1e-3 };
        Trainer::new((model.clone(), params.clone()), Adam::default(), schedule, TrainOptions::default())
    };
    [
        model.forward(&cx, &batch).map(drop),
        model.loss(&cx, &batch, 0.1).map(drop),
        greedy(model, params, &sources, MaxLen::default()).map(drop),
        beam_search(model, params, &sources, &BeamOptions::default()).map(drop),
        sample(model, params, &sources, &sampling).map(drop),
        evaluate(model, params, &pairs, 100, 0.1).map(drop),
        alignments(model, params, &pairs, 0).map(drop),
        trainer().map(drop),
    ]
}

#[test]
fn parameters_of_another_model_are_refused_with_what_differs() {
    let (model, _) = Transformer::new(&small(), Seed::new(1), DType::F32).unwrap();
    for (config, difference) in [
        (small().with(|model| model.n_heads = 4), "n_heads 4 instead of 2"),
        (small().with(|model| model.n_decoder_layers = 3), "n_decoder_layers 3 instead of 2"),
        (small().with(|model| model.n_encoder_layers = 1), "n_encoder_layers 1 instead of 2"),
        (small().with(|model| model.activation = Activation::Gelu), r#"activation "gelu" instead of "relu""#),
        (small().with(|model| model.norm_eps = 1e-6), "norm_eps 1e-6 instead of 0.00001"),
        (
            Config { decoder_start: DecoderStart::ZeroVector, ..small().with(|model| model.d_model = 4) },
            r#"d_model 4 instead of 8, decoder_start "zero_vector" instead of {"token":1}"#,
        ),
    ] {
        let (_, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        for result in entries(&model, &params) {
            let problem = result.unwrap_err().to_string();
            assert_eq!(problem, format!("these parameters are of another model: {difference}"));
        }
    }
}

#[test]
fn a_state_is_not_extended_by_another_model_s_parameters() {
    let (model, params) = Transformer::new(&small(), Seed::new(1), DType::F32).unwrap();
    let cx = Context::inference(&params);
    let mut state = model.begin(&cx, &model.encode(&cx, &TokenBatch::new(&[[3, 4]], 0)).unwrap());
    let (_, other) =
        Transformer::new(&small().with(|model| model.n_heads = 4), Seed::new(1), DType::F32).unwrap();
    let extended = model.extend(&Context::inference(&other), &mut state, &TokenBatch::new(&[[1]], 0));
    assert!(matches!(extended, Err(Error::Nn(error)) if matches!(*error, nn::Error::OtherModel { .. })));
    assert!(state.is_empty());
}

#[test]
fn parameters_of_the_same_architecture_fit_wherever_they_come_from() {
    let (model, params) = Transformer::new(&small(), Seed::new(1), DType::F32).unwrap();
    let trained = small().with(|model| {
        model.dropout = 0.3;
        model.attention_dropout = 0.1;
        model.max_len = 500;
    });
    let (_, of_training) = Transformer::new(&trained, Seed::new(2), DType::F32).unwrap();
    let read = Params::from_named(model.layout(), of_training.as_ref(), DType::F32).unwrap();
    let mut loaded = params.clone();
    loaded.load_from(of_training.as_ref()).unwrap();
    let mut extended = params.clone();
    extended.add("adapter.weight", Tensor::zeros([2, 2], DType::F32));
    for params in [&params, &of_training, &read, &loaded, &params.to_dtype(DType::F64), &extended] {
        for result in entries(&model, params) {
            result.unwrap();
        }
    }
    let learned = |max_len| {
        small().with(|model| {
            model.positions = Positions::Learned;
            model.max_len = max_len;
        })
    };
    let (model, _) = Transformer::new(&learned(9), Seed::new(1), DType::F32).unwrap();
    let (_, longer) = Transformer::new(&learned(10), Seed::new(1), DType::F32).unwrap();
    let problem = model.check_params(&longer).unwrap_err().to_string();
    let difference = "`encoder.positions.weight` [10, 8] instead of `encoder.positions.weight` [9, 8]";
    assert!(problem.ends_with(difference), "{problem}");
}

#[test]
fn a_model_of_tensors_is_that_which_was_drawn() {
    let config = small();
    let (made, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let (model, read) = Transformer::from_named(&config, params.as_ref(), DType::F32).unwrap();
    assert_eq!((model.layout(), model.config()), (params.layout(), &config));
    assert_eq!((read.layout(), read.numel()), (params.layout(), params.numel()));
    assert!(read.iter().all(|(id, _, value)| value == params.get(id)));
    let pair = Pair { src: vec![3, 4], tgt: vec![5, 2] };
    let batch = Batch::new([&pair], config.decoder_start, 0).unwrap();
    let logits = |model: &Transformer| model.forward(&Context::inference(&read), &batch).unwrap();
    assert_eq!(logits(&model).value(), logits(&made).value());
    let narrow = config.clone().with(|model| model.d_ff = 6);
    assert!(Transformer::from_named(&narrow, params.as_ref(), DType::F32).is_err());
    assert!(Transformer::without_params(&config.with(|model| model.n_heads = 3)).is_err());
}

/// One whose weights no memory could hold.
#[test]
fn of_a_model_without_parameters_nothing_is_drawn() {
    let config = Config::base(VocabSizes::Shared(1 << 30)).with(|model| model.d_model = 1 << 20);
    let model = Transformer::without_params(&config).unwrap();
    let numel: usize = model.layout().iter().map(|(_, _, shape)| shape.numel()).sum();
    assert_eq!(numel, config.n_parameters());
    let nothing = NamedTensors::new("an empty file");
    let error = Transformer::from_named(&config, &nothing, DType::F32).unwrap_err().to_string();
    assert!(error.starts_with("an empty file: tensor `embedding.weight` is missing"), "{error}");
}
