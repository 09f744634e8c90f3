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

fn layout(config: &Config) -> Arc<Layout> {
    Arc::clone(Transformer::without_params(config).unwrap().layout())
}

/// Parameters that are all different: no bias is zero, no gain 1.
fn random_params(config: &Config, dtype: DType) -> Params {
    let layout = layout(config);
    let mut values = NamedTensors::new("random numbers");
    for (_, name, shape) in layout.iter() {
        values.insert(name, Tensor::normal(shape, 0.0, 1.0, Seed::new(2).derive(name), dtype));
    }
    Params::from_named(&layout, &values, dtype).unwrap()
}

/// The tensors as PyTorch would save them.
fn state_dict(params: &Params, names: &StateDictNames) -> NamedTensors {
    let mut parts: BTreeMap<String, Vec<&Tensor>> = BTreeMap::new();
    for (_, name, tensor) in params.iter() {
        let (candidates, part) = names.pytorch(name, params.layout());
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
    let (names, layout) = (StateDictNames::default(), layout(config));
    let message = translate_state_dict(state_dict, &names, &layout, DType::F64).unwrap_err().to_string();
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
            let state_dict = state_dict(&params, &names);
            let found = translate_state_dict(&state_dict, &names, params.layout(), DType::F64).unwrap();
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
    let layout = layout(&config());
    for name in ours {
        assert!(layout.iter().any(|(_, full, _)| full.ends_with(&format!(".{name}"))), "{name}");
    }
}

#[test]
fn names_are_those_of_the_python_model_s_attributes() {
    let layout = layout(&config());
    let names = StateDictNames { transformer: String::new(), ..StateDictNames::default() };
    let of = |names: &StateDictNames, name: &str| names.pytorch(name, &layout).0.concat();
    let (norm, table) = ("encoder.layers.1.norm2.bias", "decoder.embedding.weight");
    assert_eq!(of(&StateDictNames::default(), norm), "transformer.encoder.layers.1.norm2.bias");
    assert_eq!((of(&names, norm), of(&names, table)), (norm.into(), "tgt_embedding.weight".into()));
    let names = names.under("module");
    assert_eq!(of(&names, norm), "module.encoder.layers.1.norm2.bias");
    assert_eq!(of(&names, table), "module.tgt_embedding.weight");
}

#[test]
fn whatever_is_wrong_the_tensor_is_named_that_is_to_blame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("translator.safetensors");
    let names = StateDictNames::default();
    let config = config().with(|model| model.tie_embeddings = TieEmbeddings::TargetWithOutput);
    let whole = state_dict(&random_params(&config, DType::F64), &names);
    let last = "transformer.decoder.norm.bias"; // all that comes before it fits
    let table = whole.get("tgt_embedding.weight").unwrap();
    for (name, tensor, expected) in [
        (last, None, "is missing"),
        (last, Some(Tensor::zeros([5], DType::F64)), "has shape"),
        (last, Some(Tensor::full([4], f64::NAN, DType::F64)), "has NaN"),
        (last, Some(Tensor::full([4], -1e300, DType::F64)), "has -1e300"),
        ("buffer", Some(Tensor::zeros([4], DType::F64)), "no place in the model"),
        ("projection.weight", Some(table.neg()), "differs from"),
    ] {
        checkpoint::save(&path, &with(&whole, name, tensor), &BTreeMap::new()).unwrap();
        let error = load_state_dict(&path, &names, &layout(&config), DType::F32).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}` ")) && error.contains(expected), "{error}");
    }
    checkpoint::save(&path, &whole, &BTreeMap::new()).unwrap();
    load_state_dict(&path, &names, &layout(&config), DType::F32).unwrap();
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
        let found = translate_state_dict(state_dict, &names, params.layout(), DType::F64).unwrap();
        assert_same(&found, &params);
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
    let found = translate_state_dict(&saved, &names, &layout(&config), DType::F64).unwrap();
    for name in ["encoder.positions.weight", "decoder.positions.weight"] {
        assert_eq!(found.get(name), Some(&table), "{name}");
    }
}

#[test]
fn a_file_is_loaded_in_the_dtype_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("translator.safetensors");
    let (names, saved) = (StateDictNames::default(), random_params(&config(), DType::F64));
    checkpoint::save(&path, &state_dict(&saved, &names), &BTreeMap::new()).unwrap();
    for dtype in [DType::F32, DType::F64] {
        let params = load_state_dict(&path, &names, &layout(&config()), dtype).unwrap();
        assert_same(params.as_ref(), &saved.to_dtype(dtype));
        assert!(params.layout() == &layout(&config()));
    }
    let none = load_state_dict(folder.path().join("none"), &names, &layout(&config()), DType::F32);
    assert!(matches!(none, Err(Error::Nn(_))));
}

#[test]
fn what_is_ignored_may_be_of_any_dtype_and_nothing_else_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("translator.safetensors");
    let names = StateDictNames { ignored: vec!["steps".into()], ..StateDictNames::default() };
    let saved = random_params(&config(), DType::F32);
    checkpoint::save(&path, &state_dict(&saved, &names), &BTreeMap::new()).unwrap();
    let written = std::fs::read(&path).unwrap();
    let (len, rest) = written.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*len) as usize);
    let header = std::str::from_utf8(header).unwrap().trim_end().strip_suffix('}').unwrap();
    let (_, tensors) = header.split_once("},").unwrap(); // without the metadata, and so without a checksum
    for dtype in ["I64", "U64", "C64"] {
        let end = data.len() + 8;
        let steps =
            format!(r#""steps":{{"dtype":"{dtype}","shape":[],"data_offsets":[{},{end}]}}"#, data.len());
        let header = format!("{{{tensors},{steps}}}");
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data, &[0; 8]].concat();
        std::fs::write(&path, bytes).unwrap();
        let params = load_state_dict(&path, &names, &layout(&config()), DType::F32).unwrap();
        assert_same(params.as_ref(), &saved);
        let strict = StateDictNames::default();
        let problem =
            load_state_dict(&path, &strict, &layout(&config()), DType::F32).unwrap_err().to_string();
        let expected = format!(
            "tensor `steps`: it has dtype {dtype}; F64, F32, F16 and BF16 are read; convert it, or name it"
        );
        assert!(problem.contains(&expected) && problem.contains("`StateDictNames::ignored`"), "{problem}");
    }
}
