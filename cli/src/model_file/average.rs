//! The mean of checkpoints.

use std::path::{Path, PathBuf};

use nn::Average;

use super::Model;
use crate::error::Error;
use crate::train::state::differences;

/// The parameters of several checkpoints of one run, element by element their mean (Vaswani et al. 2017, §6.1). Sums
/// are taken in f64, in the order given. The files are read one after the other: however many there are, no more
/// than two models and the sums stand in memory.
///
/// # Errors
/// [`Error::Input`] if there are fewer than two, one cannot be read, two are not of one run or of the same step,
/// or one is an average already.
pub fn average(paths: &[PathBuf]) -> Result<Model, Error> {
    let [first_path, others @ ..] = paths else { return Err(too_few(0)) };
    if others.is_empty() {
        return Err(too_few(1));
    }
    let mut last = load_checkpoint(first_path)?;
    let mut steps = vec![last.about.step];
    let mut average = Average::new(&last.params);
    for path in others {
        let model = load_checkpoint(path)?;
        check_of_one_run((first_path, &last), (path, &model))?;
        let step = model.about.step;
        if let Some(place) = steps.iter().position(|&other| other == step) {
            let problem = format!("it is of step {step}, as {} is", paths[place].display());
            return Err(Error::at(path, format!("{problem}; name each checkpoint once")));
        }
        average.add(&model.params)?;
        if step > last.about.step {
            last = model;
        }
        steps.push(step);
    }
    last.params = average.mean();
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

/// Models of two runs have their neurons in other places, and their mean says nothing.
fn check_of_one_run(
    (first_path, first): (&Path, &Model),
    (path, model): (&Path, &Model),
) -> Result<(), Error> {
    let differences = differences(&first.about.recipe, &model.about.recipe).join(", ");
    let first_path = first_path.display();
    let problem = if !differences.is_empty() {
        format!("another recipe than {first_path} ({differences} there)")
    } else if model.transformer.config() != first.transformer.config() {
        format!("another configuration than {first_path}")
    } else if model.text.to_json() != first.text.to_json() {
        format!("another vocabulary than {first_path}")
    } else {
        return Ok(());
    };
    Err(Error::at(path, format!("{problem}; only checkpoints of one run can be averaged")))
}
