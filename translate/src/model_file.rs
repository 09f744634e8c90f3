//! One file that is enough to translate.
//!
//! `model.safetensors` holds the parameters, and in its metadata, as JSON, what else it takes: the configuration of
//! the Transformer, the tokenizer with its vocabulary, how to search, the recipe, and where in its training the model
//! stands. Any safetensors reader can read it; [`nn::checkpoint`] says how it is laid out and guarded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nn::checkpoint::{self, Checkpoint};
use tensor::{DType, Packing};
use transformer::{Config, Transformer};

use crate::error::Error;
use crate::metadata::{FORMAT, Metadata, json};
use crate::settings::SearchSettings;
use crate::translator::{About, Translator, check_vocabulary};

/// What a run goes on from, which is no model.
const STATE: &str = "state.safetensors";

/// Under which name stands how the weights are kept, where they are not f32.
const WEIGHTS: &str = "etudiant.weights";

const TWO_MODELS: &str = "; it was put together from two models";

/// The settings, if they are in range.
fn checked(settings: SearchSettings) -> Result<SearchSettings, String> {
    settings.check().map(|()| settings)
}

/// Whether there is a file to read a model from.
///
/// # Errors
/// [`Error::File`] that says what is there instead.
pub fn check_is_file(path: &Path) -> Result<(), Error> {
    if path.as_os_str().is_empty() {
        return Err(Error::Unfit("the name of the model file is empty".into()));
    }
    if path.is_dir() {
        let problem = "it is a directory; a model is a file in it, such as model.safetensors";
        return Err(Error::at(path, problem));
    }
    if path.try_exists().map_err(|error| Error::at(path, format!("cannot look for the file: {error}")))? {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let models = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut models: Vec<_> = models
        .filter(|path| path.extension().is_some_and(|of| of == "safetensors") && !path.ends_with(STATE))
        .collect();
    models.sort();
    let known = match (folder.is_dir(), &models[..]) {
        (false, _) => format!("there is no folder {}", folder.display()),
        (true, []) => "a run of `etudiant train` leaves its model in its folder, as model.safetensors".into(),
        (true, [first, ..]) => format!("there is {}", first.display()),
    };
    Err(Error::at(path, format!("there is no such file; {known}")))
}

impl Translator {
    /// Writes the file in one piece, its matrices [packed](Translator::packing) as they are while it translates.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if writing fails; what was at `path` is still there then.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Ok(checkpoint::save_packed(path.as_ref(), self.params(), &self.metadata(), self.packing())?)
    }

    /// The bytes of that file.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for what the format does not take.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(checkpoint::to_bytes_packed(self.params(), &self.metadata(), self.packing())?)
    }

    /// All that is not numbers, as JSON by its names.
    fn metadata(&self) -> BTreeMap<String, String> {
        let (text, about) = (self.text(), self.about());
        let mut metadata = BTreeMap::from([
            ("etudiant.kind".into(), format!("model {FORMAT}")),
            ("etudiant.config".into(), json(self.model().config())),
            ("etudiant.text".into(), text.to_json()),
            ("etudiant.vocabulary_hash".into(), text.vocabulary_hash()),
            ("etudiant.search".into(), json(&self.search())),
            ("etudiant.recipe".into(), about.recipe.clone()),
            ("etudiant.step".into(), json(&about.step)),
            ("etudiant.averaged".into(), json(&about.averaged)),
            ("etudiant.history".into(), json(&about.history)),
        ]);
        if self.packing() != Packing::F32 {
            metadata.insert(WEIGHTS.into(), self.packing().to_string());
        }
        metadata
    }

    /// Reads a file that [`Translator::save`] wrote.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Checkpoint`] if it cannot be read, is damaged, is no model of ours, or has numbers
    /// that are not finite.
    pub fn open(path: impl AsRef<Path>) -> Result<Translator, Error> {
        let path = path.as_ref();
        check_is_file(path)?;
        Translator::finite(path, &checkpoint::load(path)?)
    }

    /// As [`Translator::open`], of the bytes of a file that is called so.
    ///
    /// # Errors
    /// As [`Translator::open`].
    pub fn from_bytes(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Translator, Error> {
        let name = name.as_ref();
        Translator::finite(name, &checkpoint::from_bytes(name, bytes)?)
    }

    /// The translator in the content of a file, whose numbers must be finite.
    fn finite(path: &Path, content: &Checkpoint) -> Result<Translator, Error> {
        let translator = Translator::of(path, content)?;
        if let Some((_, name, _)) = translator.params().iter().find(|(_, _, value)| !value.all_finite()) {
            let problem = format!("the tensor `{name}` has NaN or infinity in it");
            return Err(Error::at(path, format!("{problem}; take another checkpoint of the run")));
        }
        Ok(translator)
    }

    /// The translator in the content of the file at `path`, whose numbers may be anything.
    ///
    /// # Errors
    /// [`Error::File`] if it is no model of ours.
    pub fn of(path: &Path, content: &Checkpoint) -> Result<Translator, Error> {
        let tensors = &content.tensors;
        let metadata = Metadata { path, strings: &content.metadata };
        metadata.check_format("model")?;
        let config: Config = metadata.json("etudiant.config")?;
        let text = metadata.text()?;
        if metadata.string("etudiant.vocabulary_hash")? != text.vocabulary_hash() {
            let problem = "its vocabulary does not have the hash that it names";
            return Err(Error::at(path, format!("{problem}{TWO_MODELS}")));
        }
        check_vocabulary(&config, &text)
            .map_err(|problem| Error::at(path, format!("{problem}{TWO_MODELS}")))?;
        // The sizes come from a file: what its tensors do not back up is never allocated.
        config.validate().map_err(|error| Error::at(path, error))?;
        let (needed, found): (usize, usize) =
            (config.n_parameters(), tensors.iter().map(|(_, tensor)| tensor.numel()).sum());
        if needed != found {
            let problem = format!("its configuration asks for {needed} parameters, but it has {found}");
            return Err(Error::at(path, format!("{problem}{TWO_MODELS}")));
        }
        let (model, params) = Transformer::from_named(&config, tensors, DType::F32)?;
        let search = "etudiant.search"; // which files of before have not
        let about = About {
            recipe: metadata.string("etudiant.recipe")?.to_string(),
            search: match metadata.strings.contains_key(search) {
                true => {
                    Some(checked(metadata.json(search)?).map_err(|problem| metadata.bad(search, problem))?)
                }
                false => None,
            },
            step: metadata.json("etudiant.step")?,
            averaged: metadata.json("etudiant.averaged")?,
            history: metadata.json("etudiant.history")?,
        };
        let packing = match metadata.strings.get(WEIGHTS) {
            None => Packing::F32,
            Some(name) => name.parse().map_err(|problem| metadata.bad(WEIGHTS, problem))?,
        };
        Ok(Translator::new(model, params, text, about)?.with_packing(packing))
    }
}

#[cfg(test)]
mod tests;
