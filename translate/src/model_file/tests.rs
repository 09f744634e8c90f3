use std::fs;

use super::*;
use crate::settings::SearchSettings;
use crate::testing::{saved, translator, values};
use crate::translator::Validated;

/// Why the file of `model` is refused once `change` was made to its strings.
fn refusal(change: impl FnOnce(&mut BTreeMap<String, String>)) -> String {
    let (_folder, [path]) = saved([&translator(1.0, 3)]);
    let mut content = checkpoint::load(&path).unwrap();
    change(&mut content.metadata);
    checkpoint::save(&path, &content.tensors, &content.metadata).unwrap();
    let problem = Translator::open(&path).unwrap_err().to_string();
    problem.strip_prefix(&format!("{}: ", path.display())).expect("it names the file").to_string()
}

#[test]
fn a_model_comes_back_as_it_was_saved() {
    let search = SearchSettings { beam: 7, ..SearchSettings::default() };
    let about = About {
        averaged: vec![1, 2, 3],
        recipe: "seed = 9223372036854775807 # \u{1d11e}\n".into(),
        search: Some(search),
        ..translator(0.1, 3).about().clone()
    };
    let model = translator(0.1, 3).with_about(about);
    let (_folder, [path]) = saved([&model]);
    let opened = Translator::open(&path).unwrap();
    assert_eq!(values(&opened), values(&model));
    assert_eq!(opened.model().config(), model.model().config());
    assert_eq!(opened.text().to_json(), model.text().to_json());
    assert_eq!(opened.about(), model.about());
}

#[test]
fn a_file_from_before_searches_were_saved_opens_and_says_that_it_names_none() {
    let (_folder, [path]) = saved([&translator(0.1, 3)]);
    let mut content = checkpoint::load(&path).unwrap();
    content.metadata.remove("etudiant.search").unwrap();
    checkpoint::save(&path, &content.tensors, &content.metadata).unwrap();
    let opened = Translator::open(&path).unwrap();
    assert_eq!((opened.about().search.clone(), opened.search()), (None, SearchSettings::default()));
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (_folder, [first, second]) = saved([&translator(0.1, 3), &translator(0.1, 3)]);
    let bytes = fs::read(first).unwrap();
    assert_eq!(bytes, fs::read(second).unwrap());
    assert_eq!(bytes, translator(0.1, 3).to_bytes().unwrap());
    let again = Translator::from_bytes("dropped.safetensors", &bytes).unwrap();
    assert_eq!(again.to_bytes().unwrap(), bytes);
    let cut = Translator::from_bytes("dropped.safetensors", &bytes[..bytes.len() - 1]).unwrap_err();
    assert!(cut.to_string().starts_with("dropped.safetensors: "), "{cut}");
}

#[test]
fn a_validation_that_was_not_finite_does_not_spoil_the_file() {
    let mut about = translator(1.0, 3).about().clone();
    about.history.push(Validated { step: 4, nll: f64::NAN, bleu: None });
    about.history.push(Validated { step: 5, nll: f64::INFINITY, bleu: None });
    let (_folder, [path]) = saved([&translator(1.0, 3).with_about(about)]);
    let history = Translator::open(&path).unwrap().about().history.clone();
    assert_eq!((history.len(), history[0].nll), (3, 1.25));
    assert!(history[1].nll.is_nan() && history[2].nll.is_nan());
}

#[test]
fn a_tensor_that_is_not_finite_is_named_when_the_model_is_to_be_used() {
    let (_folder, [nan, infinite]) = saved([&translator(f32::NAN, 3), &translator(f32::INFINITY, 3)]);
    for path in [nan, infinite] {
        let problem = Translator::open(&path).unwrap_err();
        let start = format!("{}: the tensor `", path.display());
        assert!(problem.to_string().starts_with(&start), "{problem}");
        Translator::of(&path, &checkpoint::load(&path).unwrap()).unwrap(); // to look into
    }
}

#[test]
fn files_of_another_kind_or_version_are_refused_by_name() {
    let set = |kind: &'static str| {
        refusal(move |strings| {
            strings.insert("etudiant.kind".into(), kind.into());
        })
    };
    assert_eq!(set("state 1"), "this is a state file, but a model file is needed here");
    assert_eq!(set("model 2"), "format `model 2`; this version reads `model 1`");
    let foreign = refusal(BTreeMap::clear);
    assert!(foreign.starts_with("no configuration and vocabulary in it"), "{foreign}");
}

#[test]
fn what_is_missing_or_not_understood_is_named() {
    for key in ["config", "text", "vocabulary_hash", "step", "averaged", "history"] {
        let key = format!("etudiant.{key}");
        let missing = refusal(|strings| {
            strings.remove(&key).unwrap();
        });
        assert_eq!(missing, format!("it has no metadata `{key}`, so it is not complete"));
        let spoilt = refusal(|strings| {
            strings.insert(key.clone(), "{ nonsense".into());
        });
        let expected = match key.ends_with("hash") {
            true => format!("its vocabulary does not have the hash that it names{TWO_MODELS}"),
            false => format!("in its metadata `{key}`: "),
        };
        assert!(spoilt.starts_with(&expected), "{spoilt}");
    }
}

#[test]
fn a_configuration_that_its_tensors_do_not_back_up_allocates_nothing() {
    let model = translator(1.0, 3);
    let config = model.model().config().clone();
    let with = |config: Config| {
        refusal(move |strings| {
            strings.insert("etudiant.config".into(), json(&config));
        })
    };
    let huge = with(config.clone().with(|model| model.d_ff = 1 << 30));
    assert!(huge.starts_with("its configuration asks for"), "{huge}");
    let ending = format!("parameters, but it has {}{TWO_MODELS}", model.params().numel());
    assert!(huge.ends_with(&ending), "{huge}");
    let heads = with(config.clone().with(|model| model.n_heads = 3));
    assert!(heads.contains("n_heads"), "{heads}");
    let words = with(Config { src_vocab_size: 99, tgt_vocab_size: 99, ..config });
    assert!(words.starts_with("its configuration asks for 99 source and 99 target tokens, but"), "{words}");
}

#[test]
fn an_option_of_a_newer_version_is_named() {
    let newer = refusal(|strings| {
        let config = strings.get_mut("etudiant.config").unwrap();
        config.insert_str(1, "\"rope_base\":10000,");
    });
    let expected = "in its metadata `etudiant.config`: there is no option `rope_base` in this version; a newer version may";
    assert!(newer.starts_with(expected), "{newer}");
}

#[test]
fn a_search_without_end_is_not_read() {
    for (settings, problem) in [
        ("{\"beam\":0}", "beam is 0; it must be between 1 and 10000"),
        (
            "{\"max_len_beyond_source\":1000000000000000}",
            "max_len_beyond_source is 1000000000000000; it must be",
        ),
    ] {
        let refused = refusal(|strings| {
            strings.insert("etudiant.search".into(), settings.into());
        });
        assert!(refused.starts_with(&format!("in its metadata `etudiant.search`: {problem}")), "{refused}");
    }
}

#[test]
fn a_recipe_is_kept_whatever_it_says() {
    let missing = refusal(|strings| {
        strings.remove("etudiant.recipe").unwrap();
    });
    assert_eq!(missing, "it has no metadata `etudiant.recipe`, so it is not complete");
}
