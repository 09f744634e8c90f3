//! Whether a run may begin in its folder, or go on there: no command, typed once too often, loses a trained model.

use std::fs;
use std::io::ErrorKind;

use super::state::Saved;
use crate::error::Error;
use crate::model::Model;
use crate::recipe::Recipe;
use crate::run_folder::RunFolder;
use crate::train::shell::quoted;

/// Whether a run of this recipe may begin in the folder or, with `resume`, go on from what is saved in it.
pub fn check_may_go_on(
    folder: &RunFolder,
    saved: Option<&Saved>,
    recipe: &Recipe,
    resume: bool,
) -> Result<(), Error> {
    let Some(saved) = saved else { return check_may_begin(folder, recipe, resume) };
    let (path, step) = (folder.state(), saved.progress.step);
    if !resume {
        let problem = format!("a run is saved here, at step {step}");
        return Err(Error::at(&path, format!("{problem}; go on with --resume, or choose another --out")));
    }
    let (max_steps, max_epochs) = (recipe.training.max_steps, recipe.training.max_epochs);
    if max_steps < step {
        let problem = format!("training.max_steps is {max_steps}, but the run stands at step {step}");
        return Err(Error::at(&path, format!("{problem}; raise it to train on")));
    }
    let position = saved.progress.position;
    let begun = position.epoch.saturating_add(u64::from(position.batch > 0));
    if (1..begun).contains(&max_epochs) {
        let problem = format!("training.max_epochs is {max_epochs}, but the run has begun epoch {begun}");
        return Err(Error::at(&path, format!("{problem}; raise it to train on")));
    }
    saved.recipe.check_same_run(recipe).map_err(|problem| {
        let models = folder.models().unwrap_or_default(); // without any there is nothing to advise
        let its_model = match (models.first(), models.last()) {
            (Some(model), _) if *model == folder.model() => Some(model),
            (_, newest) => newest, // of a run that diverged before it had a model to use
        };
        let how = its_model.map(|model| {
            let model = quoted(&model.display().to_string());
            format!(". To train its model on by another recipe, begin a run with --set training.start_from={model}")
        });
        Error::at(&path, problem + &how.unwrap_or_default())
    })
}

/// Without a state a run begins at step 0, and the models that are there are lost. Only those that a run left which
/// was stopped before its first save may be: the same recipe soon makes the same ones again.
fn check_may_begin(folder: &RunFolder, recipe: &Recipe, resume: bool) -> Result<(), Error> {
    let models = folder.models()?;
    if models.is_empty() {
        return check_recipe_is_ours(folder, recipe);
    }
    for path in &models {
        if !resume {
            let problem = "a model is here, and no state.safetensors to go on from";
            let remedy =
                "choose another --out, or, if the run was stopped before its first save, add --resume";
            return Err(Error::at(path, format!("{problem}; {remedy}")));
        }
        let Model { translator, recipe: its_recipe } = Model::open(path)?;
        let mut recipe = recipe.clone();
        recipe.training.end_schedule_as(&its_recipe.training);
        its_recipe.check_same_run(&recipe).map_err(|problem| Error::at(path, problem))?;
        let about = translator.about();
        if about.step > its_recipe.training.save_every || !about.averaged.is_empty() {
            let problem =
                "no state.safetensors to go on from, and beginning anew would lose this model, of step";
            let step = about.step;
            return Err(Error::at(
                path,
                format!("{problem} {step}; choose another --out, or restore the state"),
            ));
        }
    }
    Ok(())
}

/// A recipe.toml that no run wrote is somebody's own, and a run's must not take its place. Every run that wrote one
/// has begun its train.log next; those of version 0.1 their metrics.jsonl.
fn check_recipe_is_ours(folder: &RunFolder, recipe: &Recipe) -> Result<(), Error> {
    let path = folder.recipe();
    let there = match fs::read(&path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::at(&path, format!("cannot read the file: {error}"))),
    };
    if there == recipe.to_toml().as_bytes() || folder.log().exists() || folder.metrics().exists() {
        return Ok(());
    }
    let problem = "no run wrote this, and a run in this folder would write its own recipe.toml over it";
    Err(Error::at(&path, format!("{problem}; choose another --out, or give this file another name")))
}

/// Removes the model to use and the best one where a killed run had made them after `step`, from which it goes on.
/// The same recipe makes them again. With other validations they would be of steps that this run may never take.
pub fn remove_models_after(folder: &RunFolder, step: u64) -> Result<(), Error> {
    for path in [folder.model(), folder.best()] {
        if path.exists() && Model::open(&path)?.translator.about().step > step {
            fs::remove_file(&path)
                .map_err(|error| Error::at(&path, format!("cannot remove the file: {error}")))?;
        }
    }
    Ok(())
}
