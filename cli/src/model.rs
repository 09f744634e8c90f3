//! A model file as the command sees it: a translator, and the recipe that it was trained by.

use std::path::{Path, PathBuf};

use nn::checkpoint::Checkpoint;
use translate::average::average;
use translate::{About, Translator};

use crate::error::Error;
use crate::recipe::Recipe;

/// A translator and its recipe.
#[derive(Clone, Debug)]
pub struct Model {
    /// What translates.
    pub translator: Translator,
    /// How it was trained.
    pub recipe: Recipe,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read, is damaged, is no model of ours, or has numbers that are not finite.
    pub fn open(path: &Path) -> Result<Model, Error> {
        Model::with_recipe(path, Translator::open(path)?)
    }

    /// The model in the content of the file at `path`, whose numbers may be anything.
    ///
    /// # Errors
    /// [`Error::Input`] if it is no model of ours.
    pub fn of(path: &Path, content: &Checkpoint) -> Result<Model, Error> {
        Model::with_recipe(path, Translator::of(path, content)?)
    }

    fn with_recipe(path: &Path, translator: Translator) -> Result<Model, Error> {
        let recipe =
            Recipe::of_metadata(&translator.about().recipe).map_err(|problem| Error::at(path, problem))?;
        // Files of before the search had a place of its own have it in their recipe.
        let search = Some(translator.about().search.clone().unwrap_or_else(|| recipe.search.clone()));
        let about = About { search, ..translator.about().clone() };
        Ok(Model { translator: translator.with_about(about), recipe })
    }
}

/// The mean of checkpoints of one run.
///
/// # Errors
/// As [`average`].
pub fn mean(paths: &[PathBuf]) -> Result<Translator, Error> {
    let differences = |first: &str, other: &str| {
        Ok(Recipe::of_metadata(first)?.differences(&Recipe::of_metadata(other)?).join(", "))
    };
    Ok(average(paths, differences)?)
}
