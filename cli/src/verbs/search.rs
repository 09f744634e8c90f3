//! How lines are translated: the options that every verb has which translates.

mod constraints;
mod others;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Command};
use serde_json::{Value, json};
use text::TextKind;
use transformer::search::shortlist::Shortlist;
use translate::{Request, SearchSettings, Translator};

use self::constraints::ConstraintArgs;
use self::others::{OtherModelArgs, Others};
use super::common::{SearchArgs, some_of};
use crate::console::say;
use crate::error::Error;

/// What is asked of a model for each line.
#[derive(Args)]
pub struct AskArgs {
    #[command(flatten)]
    pub search: SearchArgs,
    #[command(flatten)]
    pub constraints: ConstraintArgs,
    #[command(flatten)]
    pub others: OtherModelArgs,
    /// Put in the place of <unk> what is unknown in the source too, or else what it is aligned with, as it is written there
    #[arg(long)]
    pub replace_unknown: bool,
    /// Say of each line only what this file, which `etudiant shortlist` writes, has for its words: faster, where the vocabulary is
    /// large
    #[arg(long, value_name = "FILE")]
    pub shortlist: Option<PathBuf>,
}

/// The files that are asked for, read.
pub struct Opened {
    others: Others,
    pub shortlist: Option<Arc<Shortlist>>,
}

impl AskArgs {
    /// Reads the other models, and the shortlist of this one.
    ///
    /// # Errors
    /// [`Error::Input`] if one cannot be read, or something is asked of them that they cannot do.
    pub fn open(&self, translator: &Translator) -> Result<Opened, Error> {
        let others = self.others.open(&self.search)?;
        let shortlist = self.shortlist.as_ref().map(|path| translator.open_shortlist(path)).transpose()?;
        Ok(Opened { others, shortlist: shortlist.map(Arc::new) })
    }

    /// What is asked of the translator, searching by these settings. Whether it can be answered, it says itself.
    pub fn request<'t>(
        &self,
        translator: &'t Translator,
        settings: SearchSettings,
        opened: &'t Opened,
    ) -> Request<'t> {
        let request = translator.request().search(settings).replace_unknown(self.replace_unknown);
        let request = self.others.on(request.constraints(self.constraints.settings()), &opened.others);
        match &opened.shortlist {
            Some(shortlist) => request.shortlist(shortlist.clone()),
            None => request,
        }
    }

    /// For people, what is asked for beside the settings of the search: `; no-repeat-ngram 3; mbr among 4`.
    pub fn in_words(&self, settings: &SearchSettings) -> String {
        let replaced = self.replace_unknown.then(|| "unknown words from the source".to_string());
        let shortlist = self.shortlist.as_ref().map(|path| format!("shortlist {}", path.display()));
        let parts = [self.constraints.in_words(), self.others.in_words(settings), replaced, shortlist];
        parts.into_iter().flatten().map(|part| format!("; {part}")).collect()
    }

    /// For programs, all that is asked for, settings included, by name.
    pub fn to_json(&self, settings: &SearchSettings) -> Vec<(&'static str, Value)> {
        let (ensemble, choice) = self.others.to_json(settings);
        vec![
            ("search", json!(settings)),
            ("constraints", json!(self.constraints.settings())),
            ("ensemble", ensemble),
            ("choice", choice),
            ("replace_unknown", json!(self.replace_unknown)),
            ("shortlist", json!(self.shortlist.as_ref().map(|path| path.display().to_string()))),
        ]
    }

    /// Tells of what is asked for in vain.
    pub fn tell_of_no_use(&self, translator: &Translator) {
        let text = translator.text().settings();
        if self.replace_unknown && text.kind == TextKind::Bpe && text.byte_fallback {
            say(
                "warning: --replace-unknown has nothing to do: this model spells in bytes what it does not know",
            );
        }
    }
}

/// Tells of the lines, of so many, of which the model of `--rerank` could read nothing that was found.
pub fn tell_of_unjudged(unjudged: &[usize], lines: usize) {
    if !unjudged.is_empty() {
        let (n, list) = (unjudged.len(), some_of(unjudged));
        say(&format!(
            "warning: what was found for {n} of {lines} lines is too long for the model of --rerank, and stays in the \
             order of the search: line {list}"
        ));
    }
}

/// An error of a request by a verb with these options: the settings that it names are called as they are there, `n_best is 4`
/// becomes `--n-best is 4`.
pub fn in_options<A: Args>(error: translate::Error) -> Error {
    let translate::Error::Request(problem) = error else { return error.into() };
    let options = A::augment_args(Command::new("options"));
    let option = |word: &str| {
        let id = if word == "banned" { "ban" } else { word };
        let is_option = options.get_arguments().any(|option| option.get_id() == id);
        is_option.then(|| format!("--{}", id.replace('_', "-")))
    };
    let is_of_names = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let (first, rest) =
        problem.split_at(problem.find(|letter| !is_of_names(letter)).unwrap_or(problem.len()));
    // Of one word it is only known at the beginning that it is a name.
    let renamed = |word: &str| {
        let name = word.trim_end_matches(|letter| !is_of_names(letter));
        let option = Some(name).filter(|name| name.contains('_')).and_then(option);
        option.map_or_else(|| word.to_string(), |option| option + &word[name.len()..])
    };
    let rest: Vec<String> = rest.split(' ').map(renamed).collect();
    Error::Input(option(first).unwrap_or_else(|| first.to_string()) + &rest.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_called_as_options_are() {
        let named =
            |problem: &str| in_options::<AskArgs>(translate::Error::Request(problem.into())).to_string();
        assert_eq!(named("min_len is 9, more than max_len, 4"), "--min-len is 9, more than --max-len, 4");
        assert_eq!(named("banned: a word is empty"), "--ban: a word is empty");
        assert_eq!(named("beam is 1: of the beam"), "--beam is 1: of the beam");
        let of_models = "ensemble: model 1 has another vocabulary";
        assert_eq!(named(of_models), format!("--{of_models}"));
        assert_eq!(named("model_1 of the snake_case has"), "model_1 of the snake_case has");
    }
}
