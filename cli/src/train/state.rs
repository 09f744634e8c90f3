//! What a stopped run goes on from: one file, replaced in one piece.
//!
//! It holds everything that the next step depends on: parameters, the optimizer's moments, the vocabulary, the place
//! in the shuffled data, the step that dropout is drawn from. So a run that was killed at any moment, in the middle
//! of an epoch or of an accumulated step, takes up at its last save and walks the same way, bit for bit; other files
//! of the run that were written since are written again with the same content.

use std::collections::BTreeMap;
use std::path::Path;

use nn::{NamedTensors, OptimizerState, Params, checkpoint};
use serde::{Deserialize, Serialize};
use text::TextModel;
use transformer::data::stream::Cursor;
use translate::Validated;
use translate::metadata::{FORMAT, Metadata, json};

use crate::error::Error;
use crate::recipe::{Plateau, Recipe};

/// What a run remembers beside its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// The place of the next batch.
    pub position: Cursor,
    /// Steps in a row whose loss or gradient was not finite.
    pub not_finite: u32,
    /// What the schedule remembers.
    pub plateau: Option<Plateau>,
    /// The best validation.
    pub best: Option<Validated>,
    /// Validations since the best.
    pub stale: u32,
    /// All validations.
    pub history: Vec<Validated>,
    /// The steps whose checkpoints are kept.
    pub checkpoints: Vec<u64>,
    /// A checksum of the pairs for training and validation, as ids.
    pub data_checksum: u32,
}

impl Progress {
    /// Counts BLEU as 0 in all validations: earlier versions kept what smoothing made of it, where no reference has four
    /// words.
    pub fn count_no_bleu(&mut self) {
        for validated in self.best.iter_mut().chain(&mut self.history) {
            validated.bleu = validated.bleu.map(|_| 0.0);
        }
    }
}

/// What was read back.
#[derive(Debug)]
pub struct Saved {
    /// Where the run stands.
    pub progress: Progress,
    /// Its vocabularies.
    pub text: TextModel,
    /// What it was asked to do.
    pub recipe: Recipe,
    /// The parameters.
    pub params: NamedTensors,
    /// The optimizer's moments.
    pub optimizer: OptimizerState,
}

/// Saves the state of a run.
///
/// # Errors
/// [`Error::Input`] if writing fails; the state saved before is still there then.
pub fn save(
    path: &Path,
    params: &Params,
    optimizer: &OptimizerState,
    text: &TextModel,
    recipe: &Recipe,
    progress: &Progress,
) -> Result<(), Error> {
    let mut tensors = NamedTensors::new("the run");
    for (name, tensor) in params.as_ref().iter() {
        tensors.insert(format!("params.{name}"), tensor.clone());
    }
    for (name, tensor) in optimizer.tensors.iter() {
        tensors.insert(format!("optimizer.{name}"), tensor.clone());
    }
    let metadata = BTreeMap::from([
        ("etudiant.kind".into(), format!("state {FORMAT}")),
        ("etudiant.text".into(), text.to_json()),
        ("etudiant.recipe".into(), recipe.to_toml()),
        ("etudiant.progress".into(), json(progress)),
        ("etudiant.optimizer_steps".into(), json(&optimizer.steps)),
    ]);
    Ok(checkpoint::save(path, &tensors, &metadata)?)
}

/// The state saved at `path`, or none if there is no file.
///
/// # Errors
/// [`Error::Input`] if the file cannot be read, is damaged, or is something else.
pub fn load(path: &Path) -> Result<Option<Saved>, Error> {
    if !path.try_exists().map_err(|error| Error::at(path, format!("cannot look for the state: {error}")))? {
        return Ok(None);
    }
    let checkpoint::Checkpoint { tensors, metadata } = checkpoint::load(path)?;
    let metadata = Metadata { path, strings: &metadata };
    metadata.check_format("state")?;
    let mut params = NamedTensors::new(path.display().to_string());
    let mut moments = NamedTensors::new(path.display().to_string());
    for (name, tensor) in tensors.iter() {
        if let Some(name) = name.strip_prefix("params.") {
            params.insert(name, tensor.clone());
        } else if let Some(name) = name.strip_prefix("optimizer.") {
            moments.insert(name, tensor.clone());
        }
    }
    Ok(Some(Saved {
        progress: metadata.json("etudiant.progress")?,
        text: metadata.text()?,
        recipe: recipe_in(&metadata)?,
        params,
        optimizer: OptimizerState { steps: metadata.json("etudiant.optimizer_steps")?, tensors: moments },
    }))
}

/// The recipe in the metadata of a state.
///
/// # Errors
/// [`Error::Input`] if it is not there, or not understood.
pub fn recipe_in(metadata: &Metadata) -> Result<Recipe, Error> {
    let recipe = metadata.string("etudiant.recipe")?;
    Recipe::of_metadata(recipe).map_err(|problem| Error::at(metadata.path, problem))
}
