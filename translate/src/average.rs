//! The mean of checkpoints.

use std::path::{Path, PathBuf};

use nn::Average;

use crate::error::Error;
use crate::translator::{About, Translator};

/// The parameters of several checkpoints of one run, element by element their mean (Vaswani et al. 2017, §6.1). Sums
/// are taken in f64, in the order given. The files are read one after the other: however many there are, no more
/// than two models and the sums stand in memory.
///
/// `differences` says in what a second recipe differs from a first, so that they are of two runs; nothing if they
/// are of one. What a recipe says is not understood here.
///
/// # Errors
/// [`Error::Unfit`] if there are fewer than two; [`Error::File`] or [`Error::Checkpoint`] if one cannot be read, two
/// are not of one run or of the same step, or one is an average already.
pub fn average(
    paths: &[PathBuf],
    differences: impl Fn(&str, &str) -> Result<String, String>,
) -> Result<Translator, Error> {
    let [first_path, others @ ..] = paths else { return Err(too_few(0)) };
    if others.is_empty() {
        return Err(too_few(1));
    }
    let mut last = open_checkpoint(first_path)?;
    let mut steps = vec![last.about().step];
    let mut mean = Average::new(last.params());
    for path in others {
        let other = open_checkpoint(path)?;
        check_of_one_run((first_path, &last), (path, &other), &differences)?;
        let step = other.about().step;
        if let Some(place) = steps.iter().position(|&other| other == step) {
            let problem = format!("it is of step {step}, as {} is", paths[place].display());
            return Err(Error::at(path, format!("{problem}; name each checkpoint once")));
        }
        mean.add(other.params())?;
        if step > last.about().step {
            last = other;
        }
        steps.push(step);
    }
    let (model, _, text, about) = last.into_parts();
    Translator::new(model, mean.mean(), text, About { averaged: steps, ..about })
}

fn too_few(found: usize) -> Error {
    Error::Unfit(format!("an average takes two checkpoints of one run or more; {found} named"))
}

/// A model that is no average: the mean of means would not be the mean of their checkpoints.
fn open_checkpoint(path: &Path) -> Result<Translator, Error> {
    let translator = Translator::open(path)?;
    let steps = translator.about().averaged.len();
    if steps == 0 {
        return Ok(translator);
    }
    Err(Error::at(
        path,
        format!("this is the mean of {steps} checkpoints already; name checkpoints of the run"),
    ))
}

/// Models of two runs have their neurons in other places, and their mean says nothing.
fn check_of_one_run(
    (first_path, first): (&Path, &Translator),
    (path, other): (&Path, &Translator),
    differences: impl Fn(&str, &str) -> Result<String, String>,
) -> Result<(), Error> {
    let differences = differences(&first.about().recipe, &other.about().recipe)
        .map_err(|problem| Error::at(path, problem))?;
    let first_path = first_path.display();
    let problem = if !differences.is_empty() {
        format!("another recipe than {first_path} ({differences} there)")
    } else if other.model().config() != first.model().config() {
        format!("another configuration than {first_path}")
    } else if other.text().to_json() != first.text().to_json() {
        format!("another vocabulary than {first_path}")
    } else {
        return Ok(());
    };
    Err(Error::at(path, format!("{problem}; only checkpoints of one run can be averaged")))
}

#[cfg(test)]
mod tests;
