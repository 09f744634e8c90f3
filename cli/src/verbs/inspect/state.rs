//! The state of a run in words.

use std::path::Path;

use nn::checkpoint::Checkpoint;
use translate::metadata::Metadata;

use super::tables::{self, grouped, rows};
use super::verified::Verified;
use crate::error::Error;
use crate::recipe::Recipe;
use crate::train::shell::quoted;
use crate::train::state::{Progress, recipe_in};

/// What a state file says beside its tensors.
pub(super) struct State {
    pub progress: Progress,
    pub recipe: Recipe,
}

impl State {
    /// The state in the content of the file at `path`.
    pub fn of(path: &Path, content: &Checkpoint) -> Result<State, Error> {
        let metadata = Metadata { path, strings: &content.metadata };
        metadata.check_format("state")?;
        Ok(State { progress: metadata.json("etudiant.progress")?, recipe: recipe_in(&metadata)? })
    }
}

pub(super) fn text(verified: &Verified, state: &State, all_tensors: bool) -> String {
    let State { progress, recipe } = state;
    let tensors = &verified.content.tensors;
    let count = |prefix: &str| {
        let of_it = tensors.iter().filter(|(name, _)| name.starts_with(prefix));
        grouped(of_it.map(|(_, tensor)| tensor.numel()).sum())
    };
    let best = match progress.best {
        Some(best) => format!("{}; {} validations since", tables::validated(&best), progress.stale),
        None => "no validation yet".to_string(),
    };
    let position = progress.position;
    let kept: Vec<String> = progress.checkpoints.iter().map(u64::to_string).collect();
    let mut text = verified.title("the state of a run, which `etudiant train --resume` goes on from");
    text += &rows(&[
        ("step", format!("{} of {}, seed {}", progress.step, recipe.training.max_steps, recipe.seed)),
        ("position", format!("epoch {} (from 0), {} batches of it taken", position.epoch, position.batch)),
        ("best", best),
        ("checkpoints", if kept.is_empty() { "none".into() } else { kept.join(", ") }),
        ("tensors", format!("{} parameters, {} of the optimizer", count("params."), count("optimizer."))),
    ]);
    if all_tensors {
        text += "\n";
        text += &tables::tensors(&verified.tensors);
    }
    if !progress.history.is_empty() {
        text += "\n";
        text += &tables::history(&progress.history, recipe.validation.metric);
    }
    text + "\n" + &how_to_go_on(verified.path, state)
}

fn how_to_go_on(path: &Path, State { progress, recipe }: &State) -> String {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let words = [folder.join("recipe.toml"), folder.into()].map(|path| quoted(&path.display().to_string()));
    let command = format!("etudiant train {} --resume --out {}", words[0], words[1]);
    match progress.step < recipe.training.max_steps {
        true => format!("to go on: {command}\n"),
        // Such a schedule has come to its end, and more steps would change little.
        false if recipe.training.schedule.clone().fall().is_some() => "all steps are taken\n".to_string(),
        false => {
            let more = recipe.training.max_steps.saturating_mul(2);
            format!("all steps are taken; for more: {command} --set training.max_steps={more}\n")
        }
    }
}
