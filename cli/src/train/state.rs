//! What a stopped run goes on from: one file, replaced in one piece.
//!
//! It holds everything that the next step depends on: parameters, the optimizer's moments, the vocabulary, the place
//! in the shuffled data, the step that dropout is drawn from. So a run that was killed at any moment, in the middle
//! of an epoch or of an accumulated step, takes up at its last save and walks the same way, bit for bit; other files
//! of the run that were written since are written again with the same content.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nn::{NamedTensors, OptimizerState, Params, checkpoint};
use serde::{Deserialize, Serialize};
use toml::Value;
use transformer::batch_stream::Position;

use crate::error::Error;
use crate::model_file::{FORMAT, Metadata, Validated, json};
use crate::recipe::{Plateau, Recipe};
use crate::text::TextModel;

/// What a run remembers beside its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// The place of the next batch.
    pub position: Position,
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
        recipe: metadata.recipe()?,
        params,
        optimizer: OptimizerState { steps: metadata.json("etudiant.optimizer_steps")?, tensors: moments },
    }))
}

/// Keys and sections that may change from one part of a run to the next: they do not touch the steps already taken.
/// Files may be called otherwise; that they hold the same pairs, a checksum knows.
const FREE: [&str; 12] = [
    "data.dir",
    "data.lenient",
    "data.train",
    "data.valid",
    "training.max_steps",
    "training.log_every",
    "training.save_every",
    "training.keep_checkpoints",
    "training.average",
    "training.max_not_finite",
    "validation",
    "search",
];

fn is_free(key: &str) -> bool {
    let is_in = |section: &&str| {
        key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    FREE.iter().any(is_in)
}

/// Whether a run of `saved` can go on as one of `recipe`.
///
/// # Errors
/// A sentence that names the keys that differ.
pub fn check_same_run(saved: &Recipe, recipe: &Recipe) -> Result<(), String> {
    let differences = differences(saved, recipe);
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the run that is saved here has another recipe ({}), so going on would not be the same run; restore these, or \
         begin another run with another --out",
        differences.join(", ")
    ))
}

/// The keys that make `recipe` another run than `saved`, each with its value there: `seed was 1`.
pub fn differences(saved: &Recipe, recipe: &Recipe) -> Vec<String> {
    let flat = |recipe: &Recipe| {
        let mut keys = BTreeMap::new();
        flatten("", &Value::Table(recipe.table()), &mut keys);
        keys
    };
    let (saved, recipe) = (flat(saved), flat(recipe));
    let keys: BTreeSet<&String> = saved.keys().chain(recipe.keys()).collect();
    let differing = keys.into_iter().filter(|key| saved.get(*key) != recipe.get(*key) && !is_free(key));
    differing
        .map(|key| saved.get(key).map_or(format!("{key} was not set"), |value| format!("{key} was {value}")))
        .collect()
}

/// The values of a table by their full keys; a list is one value.
fn flatten(prefix: &str, value: &Value, keys: &mut BTreeMap<String, Value>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, keys);
            }
        }
        value => {
            keys.insert(prefix.to_string(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_only_with_its_own_recipe() {
        let saved = Recipe::default();
        let mut recipe = saved.clone();
        recipe.training.max_steps = 99;
        recipe.validation.patience = 3;
        recipe.search.beam = 1;
        check_same_run(&saved, &recipe).unwrap();
        recipe.training.smoothing = 0.2;
        recipe.seed = 5;
        let problem = check_same_run(&saved, &recipe).unwrap_err();
        assert!(problem.contains("(seed was 1, training.smoothing was 0.1)"), "{problem}");
    }

    #[test]
    fn what_may_change_is_a_key_or_a_section_and_nothing_that_begins_like_it() {
        for free in ["data.train", "data.train.source", "search.beam", "validation.every", "training.average"]
        {
            assert!(is_free(free), "{free}");
        }
        for key in ["data.builtin", "data.training", "searching", "training.average_over", "training", "seed"]
        {
            assert!(!is_free(key), "{key}");
        }
        let saved = Recipe::default();
        let mut recipe = saved.clone();
        recipe.data.valid.pairs.push("renamed.tsv".into());
        check_same_run(&saved, &recipe).unwrap();
    }
}
