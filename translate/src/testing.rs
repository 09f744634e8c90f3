//! Translators and their files, for tests.

use std::path::PathBuf;

use nn::Params;
use tempfile::TempDir;
use tensor::{DType, Seed, Tensor};
use text::{TextKind, TextModel, TextSettings};
use transformer::{Config, Transformer};

use crate::encode::vocab_sizes;
use crate::translator::{About, Translator, Validated};

/// A small translator whose every parameter is `value`.
pub fn translator(value: f32, step: u64) -> Translator {
    let pairs = [("je suis étudiant", "i am a student"), ("merci", "thanks")];
    let settings = TextSettings { kind: TextKind::Words, ..TextSettings::default() };
    let text = TextModel::learn(&settings, pairs.into_iter()).unwrap();
    let config =
        Config::toy(vocab_sizes(&text)).with(|model| (model.d_model, model.n_heads, model.d_ff) = (8, 2, 12));
    let (model, mut params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    fill(&mut params, value);
    let history = vec![Validated { step, nll: 1.25, bleu: Some(12.5) }];
    let about = About { recipe: "a recipe".into(), step, history, ..About::default() };
    Translator::new(model, params, text, about).unwrap()
}

/// The same with random parameters, as before its first step.
pub fn untrained() -> Translator {
    let (model, _, text, about) = translator(0.0, 0).into_parts();
    let (model, params) = Transformer::new(model.config(), Seed::new(3), DType::F32).unwrap();
    Translator::new(model, params, text, about).unwrap()
}

fn fill(params: &mut Params, value: f32) {
    let shapes: Vec<_> = params.iter().map(|(id, _, param)| (id, param.shape())).collect();
    for (id, shape) in shapes {
        *params.get_mut(id) = Tensor::ones(shape, DType::F32).mul_scalar(value.into());
    }
}

/// A folder with these translators' files, and their paths.
pub fn saved<const N: usize>(translators: [&Translator; N]) -> (TempDir, [PathBuf; N]) {
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    let paths = translators.map(|translator| {
        number += 1;
        let path = folder.path().join(format!("{number}.safetensors"));
        translator.save(&path).unwrap();
        path
    });
    (folder, paths)
}

/// All of its numbers.
pub fn values(translator: &Translator) -> Vec<f64> {
    translator.params().iter().flat_map(|(_, _, param)| param.to_f64_vec()).collect()
}
