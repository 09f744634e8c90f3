//! One file that is enough to translate.
//!
//! `model.safetensors` holds the parameters, and in its metadata, as JSON, what else it takes: the configuration of
//! the Transformer, the tokenizer with its vocabulary, the recipe, and where in its training the model stands. Any
//! safetensors reader can read it; [`nn::checkpoint`] says how it is laid out and guarded.

mod average;

use std::collections::BTreeMap;
use std::path::Path;

use nn::{Params, checkpoint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use tensor::DType;
use transformer::{Config, Transformer, VocabSizes};

use crate::error::Error;
use crate::recipe::Recipe;
use crate::text::TextModel;

pub use average::average;

/// The layout of the metadata, of models and states, that this version writes and reads.
pub(crate) const FORMAT: &str = "1";
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
    /// [`Error::Input`] if it cannot be read, is damaged, is no model of ours, or has numbers that are not finite.
    pub fn load(path: &Path) -> Result<Model, Error> {
        if path.is_dir() {
            return Err(Error::at(
                path,
                "it is a directory; a model is a file in it, such as model.safetensors",
            ));
        }
        let model = Model::of(path, &checkpoint::load(path)?)?;
        if let Some((_, name, _)) = model.params.iter().find(|(_, _, value)| !value.all_finite()) {
            let problem = format!("the tensor `{name}` has NaN or infinity in it");
            return Err(Error::at(path, format!("{problem}; take another checkpoint of the run")));
        }
        Ok(model)
    }

    /// The model in the content of the file at `path`, whose numbers may be anything.
    pub(crate) fn of(path: &Path, content: &checkpoint::Checkpoint) -> Result<Model, Error> {
        let tensors = &content.tensors;
        let metadata = Metadata { path, strings: &content.metadata };
        metadata.check_format("model")?;
        let config: Config = metadata.json("etudiant.config")?;
        let text = metadata.text()?;
        if metadata.string("etudiant.vocabulary_hash")? != text.vocabulary_hash() {
            return Err(Error::at(
                path,
                format!("its vocabulary does not have the hash that it names{TWO_MODELS}"),
            ));
        }
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
        let (transformer, params) = Transformer::from_named(&config, tensors, DType::F32)?;
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
        let missing = || Error::at(self.path, format!("it has no metadata `{key}`, so it is not complete"));
        self.strings.get(key).map(String::as_str).ok_or_else(missing)
    }

    fn bad(&self, key: &str, problem: impl std::fmt::Display) -> Error {
        Error::at(self.path, format!("in its metadata `{key}`: {problem}"))
    }
}

#[cfg(test)]
mod tests;
