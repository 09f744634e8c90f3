//! What is in a file, for programs.

use nn::checkpoint::Listed;
use serde_json::{Value, json};
use translate::Validated;

use super::model::{ModelFile, vocabularies};
use super::state::State;
use super::verified::Verified;
use crate::recipe::Recipe;

/// What is said of every file, beside what `object` says of this one. Numbers that are not finite are null.
pub(super) fn with_file(mut object: Value, verified: &Verified) -> Value {
    object["file"] = verified.path.display().to_string().into();
    object["bytes"] = verified.bytes.into();
    object["checksum"] = verified.checksum.clone().into();
    object["tensors"] = tensors(&verified.tensors);
    object
}

pub(super) fn of_other(verified: &Verified) -> Value {
    json!({ "kind": "other", "metadata": verified.content.metadata })
}

pub(super) fn of_model(ModelFile { translator, recipe }: &ModelFile, with_tokens: bool) -> Value {
    let (about, text) = (translator.about(), translator.text());
    let sides = vocabularies(text);
    let mut vocabulary = json!({
        "kind": text.settings().kind,
        "joint": text.settings().joint,
        "hash": text.vocabulary_hash(),
        "sizes": sides.iter().map(|(_, tokens)| tokens.len()).collect::<Vec<_>>(),
    });
    if with_tokens {
        vocabulary["tokens"] = sides.into_iter().map(|(_, tokens)| tokens).collect();
    }
    json!({
        "kind": "model",
        "step": about.step,
        "seed": recipe.as_ref().map(|recipe| recipe.seed).ok(),
        "averaged": about.averaged,
        "history": history(&about.history),
        "config": translator.model().config(),
        "recipe": recipe.as_ref().map_or(about.recipe.clone(), Recipe::to_toml),
        "vocabulary": vocabulary,
        "parameters": translator.params().numel(),
        "weights": translator.packing().to_string(),
    })
}

pub(super) fn of_state(State { progress, recipe }: &State) -> Value {
    json!({
        "kind": "state",
        "step": progress.step,
        "seed": recipe.seed,
        "position": progress.position,
        "best": progress.best,
        "stale": progress.stale,
        "checkpoints": progress.checkpoints,
        "history": history(&progress.history),
        "recipe": recipe.to_toml(),
    })
}

fn history(history: &[Validated]) -> Value {
    let one = |validated: &Validated| {
        let &Validated { step, nll, bleu } = validated;
        json!({ "step": step, "nll": nll, "perplexity": validated.perplexity(), "bleu": bleu })
    };
    history.iter().map(one).collect()
}

fn tensors(tensors: &[Listed]) -> Value {
    let one = |Listed { name, dtype, shape, .. }: &Listed| json!({ "name": name, "shape": shape, "dtype": dtype.to_lowercase() });
    tensors.iter().map(one).collect()
}
