//! State dicts made from our own models by reading [`NAMES`] backwards. That PyTorch's real ones mean what we
//! take them to mean is held to its own numbers in the project's parity tests.

use std::collections::BTreeMap;

use tensor::{DType, Seed};

use super::*;
use crate::config::Positions;
use crate::config::{Config, NormPlacement, TieEmbeddings, VocabSizes};
use crate::model::Transformer;

fn config() -> Config {
    Config::toy(VocabSizes::Separate { src: 9, tgt: 7 }).with(|model| {
        model.d_model = 4;
        model.d_ff = 6;
        model.n_heads = 2;
        model.max_len = 5;
        model.norm = NormPlacement::PostFinal;
        model.attention_bias = true;
        model.projection_bias = true;
    })
}

/// Parameters that are all different: no bias is zero, no gain 1.
fn random_params(config: &Config, dtype: DType) -> Params {
    let (_, mut params) = Transformer::new(config, Seed::new(1), dtype).unwrap();
    for id in params.iter().map(|(id, ..)| id).collect::<Vec<_>>() {
        let seed = Seed::new(2).derive(params.name(id));
        *params.get_mut(id) = Tensor::normal(params.get(id).shape(), 0.0, 1.0, seed, dtype);
    }
    params
}

/// The tensors as PyTorch would save them.
fn state_dict(params: &Params, names: &StateDictNames) -> NamedTensors {
    let mut parts: BTreeMap<String, Vec<&Tensor>> = BTreeMap::new();
    for (_, name, tensor) in params.iter() {
        let (candidates, part) = names.pytorch(name, params);
        let of_one = parts.entry(candidates[0].clone()).or_default();
        assert!(part == Part::Whole || part == Part::Third(of_one.len()), "{name}");
        of_one.push(tensor);
    }
    let mut state_dict = NamedTensors::new("translator.safetensors");
    for (name, parts) in parts {
        state_dict.insert(name, Tensor::concatenate(&parts, 0));
    }
    state_dict
}

/// The same with one tensor taken out, put in or changed.
fn with(state_dict: &NamedTensors, name: &str, tensor: Option<Tensor>) -> NamedTensors {
    let mut changed = NamedTensors::new(state_dict.origin());
    for (other, tensor) in state_dict.iter().filter(|(other, _)| *other != name) {
        changed.insert(other, tensor.clone());
    }
    if let Some(tensor) = tensor {
        changed.insert(name, tensor);
    }
    changed
}

#[track_caller]
fn assert_same(found: &NamedTensors, params: &Params) {
    assert_eq!(found.len(), params.len());
    for (_, name, tensor) in params.iter() {
        assert_eq!(found.get(name), Some(tensor), "{name}");
    }
}

#[track_caller]
fn assert_problem(state_dict: &NamedTensors, config: &Config, tensor: &str, expected: &str) {
    let params = random_params(config, DType::F64);
    let error = translate_state_dict(state_dict, &StateDictNames::default(), &params).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with(&format!("translator.safetensors: tensor `{tensor}` ")), "{message}");
    assert!(message.contains(expected), "{message}");
}

mod messages;

#[test]
fn every_kind_of_model_finds_its_tensors() {
    let nested = StateDictNames {
        transformer: String::new(),
        src_embedding: "src_tok_emb.embedding".into(),
        ..StateDictNames::default()
    };
    for config in [
        config(),
        config().with(|model| {
            model.norm = NormPlacement::Pre;
            model.attention_bias = false;
        }),
        config().with(|model| {
            model.norm = NormPlacement::Post;
            model.projection_bias = false;
        }),
        config().with(|model| {
            model.tie_embeddings = TieEmbeddings::TargetWithOutput;
            model.positions = Positions::Learned;
        }),
        Config { src_vocab_size: 7, ..config().with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay) },
    ] {
        for names in [StateDictNames::default(), nested.clone(), nested.clone().under("module")] {
            let params = random_params(&config, DType::F64);
            let found = translate_state_dict(&state_dict(&params, &names), &names, &params).unwrap();
            assert_same(&found, &params);
        }
    }
}

#[test]
fn the_table_names_each_parameter_of_a_layer_once_and_no_other() {
    let mut ours: Vec<&str> = NAMES.iter().map(|(ours, ..)| *ours).collect();
    ours.sort();
    ours.dedup();
    assert_eq!(ours.len(), NAMES.len());
    let params = random_params(&config(), DType::F32);
    for name in ours {
        assert!(params.iter().any(|(_, full, _)| full.ends_with(&format!(".{name}"))), "{name}");
    }
}

#[test]
fn names_are_those_of_the_python_model_s_attributes() {
    let params = random_params(&config(), DType::F32);
    let names = StateDictNames { transformer: String::new(), ..StateDictNames::default() };
    let of = |names: &StateDictNames, name: &str| names.pytorch(name, &params).0.concat();
    let (norm, table) = ("encoder.layers.1.norm2.bias", "decoder.embedding.weight");
    assert_eq!(of(&StateDictNames::default(), norm), "transformer.encoder.layers.1.norm2.bias");
    assert_eq!((of(&names, norm), of(&names, table)), (norm.into(), "tgt_embedding.weight".into()));
    let names = names.under("module");
    assert_eq!(of(&names, norm), "module.encoder.layers.1.norm2.bias");
    assert_eq!(of(&names, table), "module.tgt_embedding.weight");
}

#[test]
fn whatever_is_wrong_the_parameters_stay_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("translator.safetensors");
    let names = StateDictNames::default();
    let config = config().with(|model| model.tie_embeddings = TieEmbeddings::TargetWithOutput);
    let whole = state_dict(&random_params(&config, DType::F64), &names);
    let last = "transformer.decoder.norm.bias"; // all that comes before it fits
    let table = whole.get("tgt_embedding.weight").unwrap();
    let (_, mut params) = Transformer::new(&config, Seed::new(3), DType::F32).unwrap();
    let all_bits =
        |params: &Params| params.iter().flat_map(|(.., tensor)| bits(tensor)).collect::<Vec<u64>>();
    let before = all_bits(&params);
    for (name, tensor, expected) in [
        (last, None, "is missing"),
        (last, Some(Tensor::zeros([5], DType::F64)), "has shape"),
        (last, Some(Tensor::full([4], f64::NAN, DType::F64)), "has NaN"),
        (last, Some(Tensor::full([4], -1e300, DType::F64)), "has -1e300"),
        ("buffer", Some(Tensor::zeros([4], DType::F64)), "no place in the model"),
        ("projection.weight", Some(table.neg()), "differs from"),
    ] {
        checkpoint::save(&path, &with(&whole, name, tensor), &BTreeMap::new()).unwrap();
        let error = load_state_dict(&path, &names, &mut params).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}` ")) && error.contains(expected), "{error}");
        assert!(all_bits(&params) == before, "{error}");
    }
    checkpoint::save(&path, &whole, &BTreeMap::new()).unwrap();
    load_state_dict(&path, &names, &mut params).unwrap();
    assert!(all_bits(&params) != before);
}

#[test]
fn tied_tensors_may_be_saved_once_or_several_times_but_must_agree() {
    let names = StateDictNames::default();
    let config =
        Config { src_vocab_size: 7, ..config().with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay) };
    let params = random_params(&config, DType::F64);
    let first = state_dict(&params, &names);
    let table = first.get("src_embedding.weight").unwrap();
    let only = with(&with(&first, "src_embedding.weight", None), "projection.weight", Some(table.clone()));
    let twice = with(&only, "tgt_embedding.weight", Some(table.clone()));
    for state_dict in [&only, &twice] {
        assert_same(&translate_state_dict(state_dict, &names, &params).unwrap(), &params);
    }
    let other = with(&only, "tgt_embedding.weight", Some(table.neg()));
    let expected = "differs from `tgt_embedding.weight`, but the configuration ties them";
    assert_problem(&other, &config, "projection.weight", expected);
}

#[test]
fn one_table_of_positions_in_python_becomes_two_parameters() {
    let names =
        StateDictNames { src_positions: "pos".into(), tgt_positions: "pos".into(), ..Default::default() };
    let (own, config) = (config(), config().with(|model| model.positions = Positions::Learned));
    let table = Tensor::normal([5, 4], 0.0, 1.0, Seed::new(4), DType::F64);
    let saved = state_dict(&random_params(&own, DType::F64), &names);
    let saved = with(&saved, "pos.weight", Some(table.clone()));
    let found = translate_state_dict(&saved, &names, &random_params(&config, DType::F64)).unwrap();
    for name in ["encoder.positions.weight", "decoder.positions.weight"] {
        assert_eq!(found.get(name), Some(&table), "{name}");
    }
}

#[test]
fn a_file_is_loaded_in_the_dtype_of_the_parameters_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("translator.safetensors");
    let (names, saved) = (StateDictNames::default(), random_params(&config(), DType::F64));
    let whole = state_dict(&saved, &names);
    checkpoint::save(&path, &whole, &BTreeMap::new()).unwrap();
    let (_, mut params) = Transformer::new(&config(), Seed::new(3), DType::F32).unwrap();
    load_state_dict(&path, &names, &mut params).unwrap();
    assert_same(params.as_ref(), &saved.to_dtype(DType::F32));

    // All that comes before the last parameter fits; it must not have been taken.
    let last = with(&whole, "transformer.decoder.norm.bias", None);
    checkpoint::save(&path, &last, &BTreeMap::new()).unwrap();
    let (_, mut params) = Transformer::new(&config(), Seed::new(3), DType::F32).unwrap();
    let before = params.clone();
    let error = load_state_dict(&path, &names, &mut params).unwrap_err();
    assert!(
        matches!(&error, Error::Import { tensor, .. } if tensor.ends_with("decoder.norm.bias")),
        "{error}"
    );
    assert_same(before.as_ref(), &params);
    assert!(matches!(load_state_dict(folder.path().join("none"), &names, &mut params), Err(Error::Nn(_))));
}
