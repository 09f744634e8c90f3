use super::*;
use crate::text::{TextKind, TextSettings};
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use tensor::{Seed, Tensor};

/// A model of two words more than it needs, whose every parameter is `value`.
fn model(value: f32, step: u64) -> Model {
    let pairs = [("je suis étudiant", "i am a student"), ("merci", "thanks")];
    let settings = TextSettings { kind: TextKind::Words, ..TextSettings::default() };
    let text = TextModel::learn(&settings, pairs.into_iter()).unwrap();
    let config = Config { d_model: 8, n_heads: 2, d_ff: 12, ..Config::toy(text.vocab_sizes()) };
    let (transformer, mut params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let shapes: Vec<_> = params.iter().map(|(id, _, param)| (id, param.shape())).collect();
    for (id, shape) in shapes {
        *params.get_mut(id) = Tensor::ones(shape, DType::F32).mul_scalar(value.into());
    }
    let history = vec![Validated { step, nll: 1.25, bleu: Some(12.5) }];
    let about = About { recipe: Recipe::default(), step, averaged: vec![], history };
    Model { transformer, params, text, about }
}

/// A folder with these models, and their paths.
fn saved<const N: usize>(models: [&Model; N]) -> (TempDir, [PathBuf; N]) {
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    let paths = models.map(|model| {
        number += 1;
        let path = folder.path().join(format!("{number}.safetensors"));
        model.save(&path).unwrap();
        path
    });
    (folder, paths)
}

/// Why the file of `model` is refused once `change` was made to its strings.
fn refusal(change: impl FnOnce(&mut BTreeMap<String, String>)) -> String {
    let (_folder, [path]) = saved([&model(1.0, 3)]);
    let mut content = checkpoint::load(&path).unwrap();
    change(&mut content.metadata);
    checkpoint::save(&path, &content.tensors, &content.metadata).unwrap();
    let problem = Model::load(&path).unwrap_err().to_string();
    problem.strip_prefix(&format!("{}: ", path.display())).expect("it names the file").to_string()
}

fn values(model: &Model) -> Vec<f64> {
    model.params.iter().flat_map(|(_, _, param)| param.to_f64_vec()).collect()
}

#[test]
fn a_model_comes_back_as_it_was_saved() {
    let mut model = model(0.1, 3);
    model.about.averaged = vec![1, 2, 3];
    model.about.recipe.seed = u64::MAX >> 1;
    let (_folder, [path]) = saved([&model]);
    let loaded = Model::load(&path).unwrap();
    assert_eq!(values(&loaded), values(&model));
    assert_eq!(loaded.transformer.config(), model.transformer.config());
    assert_eq!(loaded.text.to_json(), model.text.to_json());
    assert_eq!(loaded.about, model.about);
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (_folder, [first, second]) = saved([&model(0.1, 3), &model(0.1, 3)]);
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn a_validation_that_was_not_finite_does_not_spoil_the_file() {
    let mut model = model(1.0, 3);
    model.about.history.push(Validated { step: 4, nll: f64::NAN, bleu: None });
    model.about.history.push(Validated { step: 5, nll: f64::INFINITY, bleu: None });
    let (_folder, [path]) = saved([&model]);
    let history = Model::load(&path).unwrap().about.history;
    assert_eq!((history.len(), history[0].nll), (3, 1.25));
    assert!(history[1].nll.is_nan() && history[2].nll.is_nan());
}

#[test]
fn a_tensor_that_is_not_finite_is_named_when_the_model_is_to_be_used() {
    let (_folder, [nan, infinite]) = saved([&model(f32::NAN, 3), &model(f32::INFINITY, 3)]);
    for path in [nan, infinite] {
        let problem = Model::load(&path).unwrap_err();
        let start = format!("{}: the tensor `", path.display());
        assert!(problem.to_string().starts_with(&start), "{problem}");
        assert_eq!(problem.exit_code(), 2);
        Model::of(&path, &checkpoint::load(&path).unwrap()).unwrap(); // to look into
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
    for key in ["config", "text", "vocabulary_hash", "recipe", "step", "averaged", "history"] {
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
    let model = model(1.0, 3);
    let config = model.transformer.config().clone();
    let with = |config: Config| {
        refusal(move |strings| {
            strings.insert("etudiant.config".into(), json(&config));
        })
    };
    let huge = with(Config { d_ff: 1 << 30, ..config.clone() });
    assert!(huge.starts_with("its configuration asks for"), "{huge}");
    let ending = format!("parameters, but it has {}{TWO_MODELS}", model.params.numel());
    assert!(huge.ends_with(&ending), "{huge}");
    let heads = with(Config { n_heads: 3, ..config.clone() });
    assert!(heads.contains("n_heads"), "{heads}");
    let words = with(Config { src_vocab_size: 99, tgt_vocab_size: 99, ..config });
    assert!(words.starts_with("its configuration asks for 99 source and 99 target tokens, but"), "{words}");
}

#[test]
fn an_average_is_the_mean_of_every_parameter() {
    let (_folder, paths) = saved([&model(1.0, 30), &model(2.0, 40), &model(6.0, 20)]);
    let mean = average(&paths).unwrap();
    assert!(values(&mean).iter().all(|&value| value == 3.0));
    assert_eq!(mean.about.averaged, [30, 40, 20]);
    assert_eq!((mean.about.step, mean.about.history[0].step), (40, 40), "the rest is that of the last");
}

/// In f32 the two small ones would be lost one after the other.
#[test]
fn an_average_is_summed_in_f64() {
    let small = f32::EPSILON / 2.0;
    let (_folder, paths) = saved([&model(1.0, 1), &model(small, 2), &model(small, 3), &model(0.0, 4)]);
    let mean = average(&paths).unwrap();
    let expected = (1.0 + f32::EPSILON) / 4.0;
    assert!(values(&mean).iter().all(|&value| value == f64::from(expected)));
}

#[test]
fn an_average_needs_two_checkpoints() {
    let (_folder, paths) = saved([&model(1.0, 1)]);
    for few in [&[], &paths[..]] {
        let problem = average(few).unwrap_err().to_string();
        assert_eq!(
            problem,
            format!("an average takes two checkpoints of one run or more; {} named", few.len())
        );
    }
}

#[test]
fn what_cannot_be_averaged_is_named_with_the_reason() {
    let refused = |change: fn(&mut Model)| {
        let mut other = model(2.0, 2);
        change(&mut other);
        let (_folder, paths) = saved([&model(1.0, 1), &other]);
        let problem = average(&paths).unwrap_err().to_string();
        let path = paths[1].display().to_string();
        problem
            .strip_prefix(&path)
            .expect("it names the second")
            .replace(&*paths[0].to_string_lossy(), "FIRST")
    };
    let one_run = "; only checkpoints of one run can be averaged";
    assert_eq!(
        refused(|other| other.about.recipe.seed = 7),
        format!(": another recipe than FIRST (seed was 1 there){one_run}")
    );
    let rate = |other: &mut Model| other.about.recipe.training.smoothing = 0.2;
    let smoothing = ": another recipe than FIRST (training.smoothing was 0.1 there)";
    assert_eq!(refused(rate), format!("{smoothing}{one_run}"));
    let words = |other: &mut Model| {
        // As many words, so that only the vocabulary tells them apart.
        let pairs = [("je suis étudiant", "i am a student"), ("merci", "thank")];
        other.text = TextModel::learn(other.text.settings(), pairs.into_iter()).unwrap();
    };
    assert_eq!(refused(words), format!(": another vocabulary than FIRST{one_run}"));
    let sizes = |other: &mut Model| {
        let config = Config { n_heads: 4, ..other.transformer.config().clone() };
        other.transformer = Transformer::new(&config, Seed::new(1), DType::F32).unwrap().0;
    };
    assert_eq!(refused(sizes), format!(": another configuration than FIRST{one_run}"));
    let step = |other: &mut Model| other.about.step = 1;
    assert_eq!(refused(step), ": it is of step 1, as FIRST is; name each checkpoint once");
    let averaged = |other: &mut Model| other.about.averaged = vec![1, 2];
    assert_eq!(refused(averaged), ": this is the mean of 2 checkpoints already; name checkpoints of the run");
}
