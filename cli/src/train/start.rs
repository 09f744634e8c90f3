//! Fine-tuning: a run whose first step is not from drawn weights but from those of a model.
//!
//! The model brings its weights, its vocabulary and its sizes. Everything else is the recipe's: the data, the
//! optimizer, which begins without moments, the schedule, which begins at step 1, and which weights stay as they are.

use std::path::Path;

use nn::Params;

use crate::error::Error;
use crate::model::{Model, part};
use crate::recipe::Recipe;

/// Sections that a model brings along.
const BROUGHT: [&str; 2] = ["model.", "text."];
/// Their keys that touch no weight and no token, so that a recipe may set them otherwise.
const MAY_DIFFER: [&str; 2] = ["model.dropout", "model.attention_dropout"];

/// The model that the recipe starts from, if it names one. Its own recipe says what it really is, whoever wrote that.
///
/// # Errors
/// As [`Model::open`].
pub fn open(recipe: &Recipe) -> Result<Option<Model>, Error> {
    let path = &recipe.training.start_from;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let mut model = Model::open(path)?;
    model.recipe.model = model.translator.model().config().architecture.clone();
    model.recipe.text = model.translator.text().settings().clone();
    Ok(Some(model))
}

/// Whether weights and tokens of a model of the recipe `theirs` fit into a run of this one.
///
/// # Errors
/// [`Error::Input`] that names the keys to leave out.
pub fn check_fits(path: &Path, theirs: &Recipe, recipe: &Recipe) -> Result<(), Error> {
    let is_brought = |difference: &String| {
        let key = difference.split(' ').next().unwrap_or_default();
        BROUGHT.iter().any(|section| key.starts_with(section)) && !MAY_DIFFER.contains(&key)
    };
    let unfit: Vec<String> = theirs.differences(recipe).into_iter().filter(is_brought).collect();
    if unfit.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "training.start_from keeps this model's weights and vocabulary, but the recipe asks for others ({})",
        unfit.join(", ")
    );
    let remedy = "leave out these keys, and they are the model's; or train from drawn weights, without training.start_from";
    Err(Error::at(path, format!("{problem}; {remedy}")))
}

/// Freezes the parameters that these patterns name.
///
/// # Errors
/// [`Error::Input`] for a pattern that names none, or if nothing is left to train.
pub fn freeze(params: &mut Params, patterns: &[String]) -> Result<(), Error> {
    for pattern in patterns {
        let named: Vec<_> =
            params.iter().filter(|(_, name, _)| matches(pattern, name)).map(|(id, ..)| id).collect();
        if named.is_empty() {
            let mut parts: Vec<&str> = params.iter().map(|(_, name, _)| part(name)).collect();
            parts.dedup();
            return Err(Error::Input(format!(
                "training.freeze: no parameter is called {pattern:?}. A name stands for all below it, and * for \
                 anything: \"encoder\", \"encoder.layers.0\", \"*.bias\". There are: {}; `etudiant inspect` lists all",
                parts.join(", ")
            )));
        }
        named.into_iter().for_each(|id| params.set_trainable(id, false));
    }
    if params.iter().any(|(id, ..)| params.is_trainable(id)) {
        return Ok(());
    }
    Err(Error::Input("training.freeze leaves no parameter to train; name fewer".into()))
}

/// Whether the pattern is this name, or stands above it.
fn matches(pattern: &str, name: &str) -> bool {
    let is_above = |end: &str, name: &str| {
        name.strip_prefix(end).is_some_and(|below| below.is_empty() || below.starts_with('.'))
    };
    let Some((start, rest)) = pattern.split_once('*') else { return is_above(pattern, name) };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(name) = name.strip_prefix(start) else { return false };
    // What stands between two stars is best found as early as can be.
    let after = middle.split('*').try_fold(name, |name, part| Some(&name[name.find(part)? + part.len()..]));
    after.is_some_and(|name| {
        let places = name.char_indices().map(|(at, _)| at).chain([name.len()]);
        places.into_iter().any(|at| is_above(end, &name[at..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::{DType, Tensor};

    #[test]
    fn a_pattern_is_a_name_or_one_above_it_and_a_star_is_anything() {
        let name = "encoder.layers.10.self_attn.q_proj.bias";
        for pattern in [
            name,
            "encoder",
            "encoder.layers",
            "encoder.layers.10",
            "*.bias",
            "*",
            "encoder.*.q_proj",
            "*self_attn*",
            "*.layers.*.q_proj.*",
            "********************bias",
        ] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in
            ["", "enc", "encoder.layers.1", "self_attn", "*.weight", "*bia", "*.q_proj.bias.x", "decoder*"]
        {
            assert!(!matches(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn named_parameters_are_frozen_and_a_pattern_in_vain_is_an_error() {
        let mut params = Params::new(DType::F32);
        for name in ["embedding.weight", "encoder.layers.0.norm.weight", "encoder.layers.1.norm.bias"] {
            params.add(name, Tensor::zeros([1], DType::F32));
        }
        let frozen = |params: &Params| -> Vec<bool> {
            params.iter().map(|(id, ..)| !params.is_trainable(id)).collect()
        };
        freeze(&mut params, &["encoder.layers.0".into(), "*.bias".into()]).unwrap();
        assert_eq!(frozen(&params), [false, true, true]);
        let problem = freeze(&mut params, &["encoder.layer".into()]).unwrap_err().to_string();
        assert!(
            problem.contains("\"encoder.layer\"")
                && problem.contains("There are: embedding, encoder.layers.0, encoder.layers.1;"),
            "{problem}"
        );
        let problem = freeze(&mut params, &["*".into()]).unwrap_err().to_string();
        assert!(problem.contains("no parameter to train"), "{problem}");
    }
}
