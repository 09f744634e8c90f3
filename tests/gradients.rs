//! What backward returns for a whole encoder-decoder is the derivative of its loss with respect to every
//! parameter, by central differences in f64; and no parameter is left out: each gets a gradient that is not
//! zero, unless the model cannot depend on it.

use autograd::Gradcheck;
use nn::{Context, gradcheck_params};
use tensor::{DType, Seed};
use transformer::{
    Activation, Batch, Config, DecoderStart, NormPlacement, Positions, TieEmbeddings, VocabSizes,
};

use crate::common::{batch, loss_and_gradients, pairs, random_model};
use crate::options::each_alone;

/// Words of each side; few, so that a batch can use all of them.
const VOCAB_SIZE: usize = 6;
const TIES: [TieEmbeddings; 3] =
    [TieEmbeddings::ThreeWay, TieEmbeddings::TargetWithOutput, TieEmbeddings::Separate];

/// One layer each of encoder and decoder, 4 wide.
fn tiny(norm: NormPlacement) -> Config {
    let vocab_sizes = VocabSizes::Separate { src: VOCAB_SIZE, tgt: VOCAB_SIZE };
    let sizes = Config::toy(vocab_sizes).with(|model| {
        model.d_model = 4;
        model.d_ff = 6;
        model.n_encoder_layers = 1;
        model.n_decoder_layers = 1;
    });
    sizes.with(|model| {
        model.n_heads = 2;
        model.max_len = 5;
        model.norm = norm;
    })
}

/// Every option away from its default.
fn departed(norm: NormPlacement) -> Config {
    Config {
        decoder_start: DecoderStart::ZeroVector,
        ..tiny(norm).with(|model| {
            model.positions = Positions::Learned;
            model.activation = Activation::Gelu;
            model.attention_bias = true;
        })
    }
}

/// Two pairs of different lengths on both sides.
fn two_pairs(config: &Config) -> Batch {
    batch(config, &pairs(&[(3, 2), (2, 4)], VOCAB_SIZE, 8))
}

/// Every element of every parameter, with dropout from a fixed seed where the configuration has some.
#[track_caller]
fn check(config: &Config) {
    let (model, params) = random_model(config, 4, DType::F64);
    let batch = two_pairs(config);
    let loss = |cx: &Context| model.loss(cx, &batch, 0.1).unwrap().loss;
    let gradcheck = Gradcheck::new().full().f32_tolerance(1e-5).may_vanish(["k_proj.bias"]); // see `exempt`
    match gradcheck_params(&gradcheck, "transformer", &params, Some(Seed::new(3)), loss) {
        Ok(report) => assert_eq!(report.compared(), params.numel()),
        Err(failure) => panic!("{failure} in {config:?}"),
    }
}

#[test]
fn the_paper_s_model_has_the_gradients_of_central_differences() {
    check(&tiny(NormPlacement::Post));
    check(&tiny(NormPlacement::Post).with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay));
}

#[test]
fn each_tie_and_every_option_has_them() {
    for tie_embeddings in TIES {
        for norm in [NormPlacement::Post, NormPlacement::Pre] {
            check(&departed(norm).with(|model| model.tie_embeddings = tie_embeddings));
        }
    }
}

#[test]
fn each_option_alone_has_them() {
    let pre = tiny(NormPlacement::Pre);
    for (_, config) in each_alone(&pre) {
        check(&config);
    }
    check(&pre.clone().with(|model| {
        model.n_heads = 1;
        model.n_encoder_layers = 2;
    }));
    check(&pre.with(|model| {
        model.n_heads = 4;
        model.n_decoder_layers = 2;
    }));
}

#[test]
fn dropout_of_a_fixed_seed_has_them() {
    for norm in [NormPlacement::Post, NormPlacement::Pre] {
        check(&departed(norm).with(|model| {
            model.dropout = 0.3;
            model.attention_dropout = 0.2;
        }));
    }
}

/// Why the elements `index` of this parameter may have no gradient, if there is a reason.
fn exempt(config: &Config, batch: &Batch, name: &str, index: &[usize]) -> Option<&'static str> {
    let separate = config.architecture.tie_embeddings == TieEmbeddings::Separate;
    let ids_of = |tokens: &transformer::TokenBatch| -> Vec<u32> {
        (0..tokens.batch_size()).flat_map(|row| tokens.row(row).to_vec()).collect()
    };
    let unused = |tokens| !ids_of(tokens).contains(&(index[0] as u32));
    match name {
        _ if name.ends_with("k_proj.bias") => {
            Some("it adds the same to all scores of a query, and the softmax does not see what all share")
        }
        "encoder.embedding.weight" if unused(&batch.src) => Some("no source has the word"),
        "decoder.embedding.weight" if separate && unused(&batch.tgt_in) => Some("no target has the word"),
        "encoder.positions.weight" if index[0] >= batch.src.len => Some("no source is so long"),
        "decoder.positions.weight" if index[0] >= batch.tgt_len() => Some("no target is so long"),
        _ => None,
    }
}

#[test]
fn every_number_that_the_model_depends_on_gets_a_gradient() {
    for tie_embeddings in TIES {
        for norm in [NormPlacement::Post, NormPlacement::Pre] {
            let config = departed(norm).with(|model| model.tie_embeddings = tie_embeddings);
            let (model, params) = random_model(&config, 6, DType::F64);
            let batch = two_pairs(&config);
            let (_, gradients) = loss_and_gradients(&model, &params, &batch, 0.1);
            for (id, name, tensor) in params.iter() {
                let gradient = gradients.get(id).unwrap_or_else(|| panic!("{name} has no gradient"));
                let columns = tensor.dim(-1);
                for (i, element) in gradient.to_f64_vec().into_iter().enumerate() {
                    let index = [i / columns, i % columns];
                    match exempt(&config, &batch, name, &index) {
                        Some(reason) => {
                            assert!(element.abs() < 1e-15, "{name}{index:?}: {element}, {reason}")
                        }
                        None => assert!(element.abs() > 1e-9, "{name}{index:?}: {element}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_frozen_parameter_gets_none_and_the_others_the_same() {
    let config = departed(NormPlacement::Post);
    let (model, mut params) = random_model(&config, 7, DType::F64);
    let batch = two_pairs(&config);
    let (_, all) = loss_and_gradients(&model, &params, &batch, 0.1);
    let frozen = params.id("encoder.embedding.weight").unwrap();
    params.set_trainable(frozen, false);
    let (_, others) = loss_and_gradients(&model, &params, &batch, 0.1);
    for (id, name, _) in params.iter() {
        let expected = all.get(id).filter(|_| id != frozen);
        assert_eq!(others.get(id), expected, "{name}");
    }
}
