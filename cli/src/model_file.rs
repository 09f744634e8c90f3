//! One file that is enough to translate.
//!
//! `model.safetensors` holds the parameters, and in its metadata, as JSON, what else it takes: the configuration of
//! the Transformer, the tokenizer with its vocabulary, the recipe, and where in its training the model stands. Any
//! safetensors reader can read it; [`nn::checkpoint`] says how it is laid out and guarded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nn::{Params, checkpoint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use tensor::{DType, Seed, Tensor};
use transformer::{Config, Transformer, VocabSizes};

use crate::error::Error;
use crate::recipe::Recipe;
use crate::text::TextModel;

/// The layout of the metadata that this version writes and reads.
const FORMAT: &str = "1";
const TWO_MODELS: &str = "; it was put together from two models";

/// A model with all that it takes to translate.
#[derive(Clone, Debug)]
pub struct Model {
    /// The Transformer.
    pub transformer: Transformer,
    /// Its parameters.
    pub params: Params,
    /// From text to ids and back.
    pub text: TextModel,
    /// Where it comes from.
    pub about: About,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// How it was trained.
    pub recipe: Recipe,
    /// The step after which it was saved; of an average, the last of them.
    pub step: u64,
    /// The steps whose parameters it is the mean of; empty if it is no average.
    pub averaged: Vec<u64>,
    /// Its validations so far, the oldest first.
    pub history: Vec<Validated>,
}

/// What one validation found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// After which step.
    pub step: u64,
    /// The unsmoothed negative log-likelihood per token; NaN if it was not finite.
    #[serde(deserialize_with = "number_or_nan")]
    pub nll: f64,
    /// BLEU of greedy translations, if they were made.
    pub bleu: Option<f64>,
}

impl Validated {
    /// exp(nll).
    pub fn perplexity(&self) -> f64 {
        self.nll.exp()
    }
}

/// JSON has no NaN and no infinity: they are written as null.
fn number_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Model {
    /// Writes the file in one piece.
    ///
    /// # Errors
    /// [`Error::Input`] if writing fails; what was at `path` is still there then.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        save(path, &self.params, self.transformer.config(), &self.text, &self.about)
    }

    /// Reads a file that [`Model::save`] wrote.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read, is damaged, or is no model of ours.
    pub fn load(path: &Path) -> Result<Model, Error> {
        Model::of(path, &checkpoint::load(path)?)
    }

    /// The model in the content of the file at `path`.
    pub(crate) fn of(path: &Path, content: &checkpoint::Checkpoint) -> Result<Model, Error> {
        let tensors = &content.tensors;
        let metadata = Metadata { path, strings: &content.metadata };
        metadata.check_format("model")?;
        let config: Config = metadata.json("etudiant.config")?;
        let text = metadata.text()?;
        let (src, tgt) = match text.vocab_sizes() {
            VocabSizes::Shared(size) => (size, size),
            VocabSizes::Separate { src, tgt } => (src, tgt),
        };
        let asked = (config.src_vocab_size, config.tgt_vocab_size);
        if (src, tgt) != asked {
            let problem =
                format!("its configuration asks for {} source and {} target tokens", asked.0, asked.1);
            return Err(Error::at(
                path,
                format!("{problem}, but its vocabulary has {src} and {tgt}{TWO_MODELS}"),
            ));
        }
        // The sizes come from a file: what its tensors do not back up is never allocated.
        config.validate().map_err(|error| Error::at(path, error))?;
        let (needed, found): (usize, usize) =
            (config.n_parameters(), tensors.iter().map(|(_, tensor)| tensor.numel()).sum());
        if needed != found {
            let problem = format!("its configuration asks for {needed} parameters, but it has {found}");
            return Err(Error::at(path, format!("{problem}{TWO_MODELS}")));
        }
        let (transformer, mut params) =
            Transformer::new(&config, Seed::new(0), DType::F32).map_err(|error| Error::at(path, error))?;
        params.load_from(tensors)?;
        let about = About {
            recipe: metadata.recipe()?,
            step: metadata.json("etudiant.step")?,
            averaged: metadata.json("etudiant.averaged")?,
            history: metadata.json("etudiant.history")?,
        };
        Ok(Model { transformer, params, text, about })
    }
}

/// As [`Model::save`], of parts that live elsewhere.
///
/// # Errors
/// As [`Model::save`].
pub fn save(
    path: &Path,
    params: &Params,
    config: &Config,
    text: &TextModel,
    about: &About,
) -> Result<(), Error> {
    let metadata = BTreeMap::from([
        ("etudiant.kind".into(), format!("model {FORMAT}")),
        ("etudiant.config".into(), json(config)),
        ("etudiant.text".into(), text.to_json()),
        ("etudiant.vocabulary_hash".into(), text.vocabulary_hash()),
        ("etudiant.recipe".into(), about.recipe.to_toml()),
        ("etudiant.seed".into(), about.recipe.seed.to_string()),
        ("etudiant.step".into(), json(&about.step)),
        ("etudiant.averaged".into(), json(&about.averaged)),
        ("etudiant.history".into(), json(&about.history)),
    ]);
    Ok(checkpoint::save(path, params, &metadata)?)
}

pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it has a JSON form")
}

/// The strings of a file, read with errors that name it.
pub(crate) struct Metadata<'a> {
    pub path: &'a Path,
    pub strings: &'a BTreeMap<String, String>,
}

impl Metadata<'_> {
    /// Whether the file is of this kind, "model" or "state", in a version that is read here.
    pub fn check_format(&self, kind: &str) -> Result<(), Error> {
        let Some(found) = self.strings.get("etudiant.kind") else {
            let problem = "no configuration and vocabulary in it, so it is no model of `etudiant train`";
            let remedy = "import weights of other programs with `transformer::import`";
            return Err(Error::at(self.path, format!("{problem}; {remedy}")));
        };
        match found.split_once(' ') {
            Some((found_kind, _)) if found_kind != kind => Err(Error::at(
                self.path,
                format!("this is a {found_kind} file, but a {kind} file is needed here"),
            )),
            Some((_, FORMAT)) => Ok(()),
            _ => Err(Error::at(self.path, format!("format `{found}`; this version reads `{kind} {FORMAT}`"))),
        }
    }

    /// A value kept as JSON.
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T, Error> {
        serde_json::from_str(self.string(key)?).map_err(|error| self.bad(key, error))
    }

    /// The tokenizer.
    pub fn text(&self) -> Result<TextModel, Error> {
        let key = "etudiant.text";
        TextModel::from_json(self.string(key)?).map_err(|problem| self.bad(key, problem))
    }

    /// The recipe.
    pub fn recipe(&self) -> Result<Recipe, Error> {
        let key = "etudiant.recipe";
        Recipe::parse(self.string(key)?, key).map_err(|problem| self.bad(key, problem))
    }

    fn string(&self, key: &str) -> Result<&str, Error> {
        let missing = || Error::at(self.path, format!("its metadata lack `{key}`; it is not complete"));
        self.strings.get(key).map(String::as_str).ok_or_else(missing)
    }

    fn bad(&self, key: &str, problem: impl std::fmt::Display) -> Error {
        Error::at(self.path, format!("its metadata `{key}` are not understood: {problem}"))
    }
}

/// The parameters of several checkpoints of one run, element by element their mean (Vaswani et al. 2017, §6.1). Sums
/// are taken in f64, in the order given. The files are read one after the other: however many there are, no more
/// than two models and the sums stand in memory.
///
/// # Errors
/// [`Error::Input`] if there are fewer than two, one cannot be read, two differ in configuration, vocabulary or seed,
/// two are of the same step, or one is an average already.
pub fn average(paths: &[PathBuf]) -> Result<Model, Error> {
    let [first_path, others @ ..] = paths else { return Err(too_few(0)) };
    if others.is_empty() {
        return Err(too_few(1));
    }
    let mut last = load_checkpoint(first_path)?;
    let mut steps = vec![last.about.step];
    let mut sums: Vec<Tensor> = last.params.iter().map(|(_, _, param)| param.to_dtype(DType::F64)).collect();
    for path in others {
        let model = load_checkpoint(path)?;
        check_same_run((first_path, &last), (path, &model))?;
        let step = model.about.step;
        if let Some(place) = steps.iter().position(|&other| other == step) {
            let problem = format!("it is of step {step}, as {} is", paths[place].display());
            return Err(Error::at(path, format!("{problem}; name each checkpoint once")));
        }
        for (sum, (_, _, param)) in sums.iter_mut().zip(model.params.iter()) {
            sum.add_assign(&param.to_dtype(DType::F64));
        }
        if step > last.about.step {
            last = model;
        }
        steps.push(step);
    }
    let ids: Vec<_> = last.params.iter().map(|(id, _, _)| id).collect();
    for (id, sum) in ids.into_iter().zip(sums) {
        *last.params.get_mut(id) = sum.mul_scalar(1.0 / steps.len() as f64).to_dtype(last.params.dtype());
    }
    last.about.averaged = steps;
    Ok(last)
}

fn too_few(found: usize) -> Error {
    Error::Input(format!("an average takes two checkpoints of one run or more; {found} named"))
}

/// A model that is no average: the mean of means would not be the mean of their checkpoints.
fn load_checkpoint(path: &Path) -> Result<Model, Error> {
    let model = Model::load(path)?;
    if model.about.averaged.is_empty() {
        return Ok(model);
    }
    Err(Error::at(
        path,
        format!(
            "this is the mean of {} checkpoints already; name checkpoints of the run",
            model.about.averaged.len()
        ),
    ))
}

/// Another seed is another run, and its neurons have other places: the mean of two such models says nothing.
fn check_same_run((first_path, first): (&Path, &Model), (path, model): (&Path, &Model)) -> Result<(), Error> {
    let differs = if model.transformer.config() != first.transformer.config() {
        "configuration"
    } else if model.text.to_json() != first.text.to_json() {
        "vocabulary"
    } else if model.about.recipe.seed != first.about.recipe.seed {
        "seed"
    } else {
        return Ok(());
    };
    let problem = format!("another {differs} than {}", first_path.display());
    Err(Error::at(path, format!("{problem}; only checkpoints of one run can be averaged")))
}

#[cfg(test)]
mod tests;
