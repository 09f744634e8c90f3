use super::*;
use crate::config::{NormPlacement, VocabSizes};
use crate::data::batch::Pair;
use crate::layers::positions::Positions;
use crate::search::Hypothesis;
use crate::search::beam::{BeamOptions, beam_search};

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
