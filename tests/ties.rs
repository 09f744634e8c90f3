//! A matrix that is used in several places gets the sum of the gradients that it would get in each: tied
//! embeddings are the untied model with equal weights, whose parts move together.

use nn::Params;
use proptest::collection::vec;
use proptest::prelude::*;
use tensor::{DType, Tensor};
use transformer::strategies::pairs;
use transformer::{Config, NormPlacement, TieEmbeddings, Transformer};

use crate::common::{
    EOS, FIRST_WORD, VOCAB_SIZE, assert_all_close, assert_close, batch, cases, loss_and_gradients,
    random_model, small, starts,
};

/// The parameters of the untied model that are one in the tied model.
fn parts(ties: TieEmbeddings, name: &str) -> Vec<&str> {
    match (ties, name) {
        (TieEmbeddings::ThreeWay, "embedding.weight") => {
            vec!["encoder.embedding.weight", "decoder.embedding.weight", "projection.weight"]
        }
        (TieEmbeddings::TargetWithOutput, "decoder.embedding.weight") => {
            vec!["decoder.embedding.weight", "projection.weight"]
        }
        _ => vec![name],
    }
}

/// The model without ties, with the numbers of the tied one.
fn untied(config: &Config, tied: &Params) -> (Transformer, Params) {
    let config = config.clone().with(|model| model.tie_embeddings = TieEmbeddings::Separate);
    let (model, mut params) = random_model(&config, 0, DType::F64);
    let mut n_copied = 0;
    for (_, name, tensor) in tied.iter() {
        for part in parts(tied_as(tied), name) {
            let id = params.id(part).unwrap_or_else(|| panic!("the untied model has no {part}"));
            *params.get_mut(id) = tensor.clone();
            n_copied += 1;
        }
    }
    assert_eq!(n_copied, params.len(), "every parameter of the untied model is a part of one");
    (model, params)
}

/// How the embeddings of these parameters are tied.
fn tied_as(params: &Params) -> TieEmbeddings {
    match (params.id("embedding.weight"), params.id("projection.weight")) {
        (Some(_), _) => TieEmbeddings::ThreeWay,
        (None, None) => TieEmbeddings::TargetWithOutput,
        (None, Some(_)) => TieEmbeddings::Separate,
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_tied_matrix_gets_the_sum_of_its_parts_gradients(
        pairs in vec(pairs(FIRST_WORD..VOCAB_SIZE as u32, EOS), 1..=4),
        start in starts(),
        pre: bool,
        seed: u64,
    ) {
        for ties in [TieEmbeddings::ThreeWay, TieEmbeddings::TargetWithOutput] {
            let norm = if pre { NormPlacement::Pre } else { NormPlacement::Post };
            let config =
                Config { decoder_start: start, ..small().with(|model| { model.tie_embeddings = ties; model.norm = norm; model.dropout = 0.1; }) };
            let (model, params) = random_model(&config, seed, DType::F64);
            prop_assert_eq!(tied_as(&params), ties);
            let batch = batch(&config, &pairs);
            let (apart, params_apart) = untied(&config, &params);
            let (stats, gradients) = loss_and_gradients(&model, &params, &batch, 0.1);
            let (stats_apart, gradients_apart) = loss_and_gradients(&apart, &params_apart, &batch, 0.1);
            assert_all_close("loss", &[stats.loss()], &[stats_apart.loss()]);
            for (id, name, tensor) in params.iter() {
                let of_part = |part| gradients_apart.get(params_apart.id(part).unwrap()).unwrap();
                let zeros = Tensor::zeros(tensor.shape(), DType::F64);
                let sum = parts(ties, name).into_iter().map(of_part).fold(zeros, |sum, part| sum.add(part));
                assert_close(name, gradients.get(id).unwrap(), &sum);
            }
        }
    }
}
