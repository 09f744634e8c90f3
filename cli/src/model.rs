//! A model file as the command sees it: a translator, and the recipe that it was trained by.

use std::path::{Path, PathBuf};

use translate::average::average;
use translate::{About, SearchSettings, Translator};

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
        let translator = Translator::open(path)?;
        let recipe =
            Recipe::of_metadata(&translator.about().recipe).map_err(|problem| Error::at(path, problem))?;
        Ok(Model { translator: with_search(translator, |_| Ok(recipe.search.clone()))?, recipe })
    }
}

/// The translator in a model file, whatever its recipe says: a key of a newer version does not keep it from
/// translating.
///
/// # Errors
/// As [`Model::open`], but for the recipe's.
pub fn open_translator(path: &Path) -> Result<Translator, Error> {
    with_search(Translator::open(path)?, |recipe| {
        Ok(Recipe::of_metadata(recipe).map_err(|problem| Error::at(path, problem))?.search)
    })
}

/// Files from before the search had a place of its own have it in their recipe.
fn with_search(
    translator: Translator,
    of_recipe: impl FnOnce(&str) -> Result<SearchSettings, Error>,
) -> Result<Translator, Error> {
    if translator.about().search.is_some() {
        return Ok(translator);
    }
    let search = Some(of_recipe(&translator.about().recipe)?);
    let about = About { search, ..translator.about().clone() };
    Ok(translator.with_about(about))
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

/// The layer or module that a parameter belongs to: `encoder.layers.0` of `encoder.layers.0.self_attn.q_proj.weight`,
/// `embedding` of `embedding.weight`.
pub fn part(name: &str) -> &str {
    let mut dots = name.match_indices('.').map(|(at, _)| at);
    let end = match name.split('.').nth(1) {
        Some("layers") => dots.nth(2),
        _ => dots.next_back(),
    };
    &name[..end.unwrap_or(name.len())]
}
