//! A model in words.

use std::path::Path;

use nn::checkpoint::Checkpoint;
use tensor::Packing;
use text::TextModel;
use toml::Table;
use transformer::Config;
use translate::{About, Translator};

use super::tables::{self, rows, wrapped};
use super::verified::Verified;
use crate::console::shown;
use crate::error::Error;
use crate::recipe::{DataSettings, Recipe, ValidationMetric};
use crate::verbs::common::in_words;

/// What of the section `[training]` makes a model what it is.
const TRAINING: [&str; 8] = [
    "max_steps",
    "batch_tokens",
    "accumulate",
    "smoothing",
    "clip_norm",
    "optimizer",
    "schedule",
    "precision",
];
/// How many of the first tokens are shown, and of the last.
const TOKENS: usize = 8;

/// A model, and how it was trained; or what of that is not understood, which a newer version may have written.
pub(super) struct ModelFile {
    pub translator: Translator,
    pub recipe: Result<Recipe, String>,
}

impl ModelFile {
    pub fn of(path: &Path, content: &Checkpoint) -> Result<ModelFile, Error> {
        let translator = Translator::of(path, content)?;
        let recipe = Recipe::of_metadata(&translator.about().recipe);
        let settings = recipe.as_ref().ok().map(|recipe| recipe.search.clone()).unwrap_or_default();
        let search = translator.about().search.clone().or(Some(settings)); // files of before have it in the recipe
        let about = About { search, ..translator.about().clone() };
        Ok(ModelFile { translator: translator.with_about(about), recipe })
    }
}

pub(super) fn text(
    verified: &Verified,
    ModelFile { translator, recipe }: &ModelFile,
    all_tensors: bool,
    all_of_vocabulary: bool,
) -> String {
    let about = translator.about();
    let steps: Vec<String> = about.averaged.iter().map(u64::to_string).collect();
    let mut trained = match &steps[..] {
        [] => format!("to step {}", about.step),
        steps => format!("the mean of the steps {}", steps.join(", ")),
    };
    let recipe_rows = match recipe {
        Ok(recipe) => {
            trained += &format!(", seed {}", recipe.seed);
            vec![("data", data(&recipe.data)), ("training", training(recipe))]
        }
        Err(problem) => vec![("recipe", shown(problem))],
    };
    let mut text = verified.title("a model to translate with");
    text += &rows(
        &[
            &[("trained", trained)][..],
            &recipe_rows,
            &[
                ("configuration", configuration(translator.model().config())),
                ("search", in_words(&translator.search())),
                ("vocabulary", vocabulary(translator.text())),
                ("parameters", tables::grouped(translator.params().numel())),
                ("weights", weights(translator.packing()).into()),
            ],
        ]
        .concat(),
    );
    text += "\n";
    text += &match all_tensors {
        true => tables::tensors(&verified.tensors),
        false => tables::parts(translator.params().as_ref()),
    };
    if !about.history.is_empty() {
        text += "\n";
        let metric = recipe.as_ref().map(|recipe| recipe.validation.metric);
        text += &tables::history(&about.history, metric.unwrap_or(ValidationMetric::Loss));
    }
    if all_of_vocabulary {
        text += &all_tokens(translator.text());
    }
    text
}

/// How the file keeps weights.
fn weights(packing: Packing) -> &'static str {
    match packing {
        Packing::F32 => "f32, 4 bytes each",
        Packing::Bf16 => "matrices rounded to bf16, 2 bytes a number; the rest f32",
        Packing::Int8 => {
            "matrices of whole numbers, a byte each, and a scale for each row (NAME.scale); the rest f32"
        }
    }
}

fn data(settings: &DataSettings) -> String {
    if !settings.builtin.is_empty() {
        return format!("{}, built in", shown(&settings.builtin));
    }
    let files = &settings.train;
    let names: Vec<String> = [&files.source, &files.target, &files.pairs]
        .into_iter()
        .flatten()
        .map(|name| shown(&name.display().to_string()))
        .collect();
    if names.is_empty() { "not told".into() } else { wrapped(&names, ", ") }
}

fn training(recipe: &Recipe) -> String {
    let table = recipe.table();
    let value = |key: &&str| Some(format!("{key} = {}", table.get("training")?.get(key)?));
    wrapped(&TRAINING.iter().filter_map(value).collect::<Vec<_>>(), ", ")
}

pub(super) fn configuration(config: &Config) -> String {
    let table = Table::try_from(config).unwrap_or_default(); // in the order of its fields
    wrapped(&table.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>(), ", ")
}

fn vocabulary(text: &TextModel) -> String {
    let mut lines = format!("{}; hash {}", text.summary(), text.vocabulary_hash());
    for (_, tokens) in vocabularies(text) {
        let mut some: Vec<String> = tokens.iter().map(|token| shown(token)).collect();
        if some.len() > 2 * TOKENS {
            some.splice(TOKENS..some.len() - TOKENS, ["...".to_string()]);
        }
        lines += "\n";
        lines += &wrapped(&some, " ");
    }
    lines
}

fn all_tokens(text: &TextModel) -> String {
    let mut lines = String::new();
    for (side, tokens) in vocabularies(text) {
        lines += &format!("\ntokens, {side}\n");
        for (id, token) in tokens.iter().enumerate() {
            lines += &format!("{id:>6}  {}\n", shown(token));
        }
    }
    lines
}

/// The tokens in the order of their ids, once if both sides share them.
pub(super) fn vocabularies(text: &TextModel) -> Vec<(&'static str, Vec<&str>)> {
    let src: Vec<&str> = (0..).map_while(|id| text.src_token(id)).collect();
    if text.settings().joint {
        return vec![("both languages", src)];
    }
    vec![("source", src), ("target", (0..).map_while(|id| text.tgt_token(id)).collect())]
}
