//! Everything about a run in one file: data, text, model, training, validation, search.
//!
//! A recipe is TOML. What it does not name has its default, and [`Recipe::to_toml`] writes all of it out, each key
//! with a comment that says what it does: that is what `etudiant config` prints, and what a run keeps beside its
//! model. A key that does not exist is an error, with the nearest one that does.

mod check;
mod differences;
mod hint;
mod in_vain;
mod schedule;
pub(crate) mod settings;
mod show;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::Error;
use show::show;

pub use hint::key_of_option;
pub use schedule::{Fall, LearningRate, Plateau, ScheduleSettings};
pub use settings::{
    DataSettings, OptimizerSettings, Recipe, TrainingSettings, ValidationMetric, ValidationSettings,
};

/// The comments of [`Recipe::to_toml`]; the values after the equals signs are replaced by those of a recipe.
const TEMPLATE: &str = include_str!("template.toml");

/// What is said of half a schedule or half an optimizer.
const AS_A_WHOLE: &str = "a schedule or an optimizer is set as a whole, for example training.schedule={ kind = \
                          \"constant\", learning_rate = 0.001 } or training.optimizer={ kind = \"adam\" }";

/// What is said of a whole number that TOML cannot write.
const TOO_LARGE: &str = "a whole number is too large; the largest is 9223372036854775807";

/// How many keys another may be below: more than it is below, in any recipe, and fewer than any stack holds.
const DEEPEST: usize = 8;

impl Recipe {
    /// The recipe at `path` with some keys set otherwise, each given as `section.key=value`. What neither says of model
    /// and text is as in `start`, if there is one to start from. Where the recipe names a model to start from and none is
    /// given, ranges are not checked yet.
    ///
    /// # Errors
    /// [`Error::Input`] with the file and line, or the `--set`, that is not understood or out of range.
    pub fn load(path: &Path, overrides: &[String], start: Option<&Recipe>) -> Result<Recipe, Error> {
        let unreadable = |problem: String| {
            let remedy = "`etudiant config` prints one to start from";
            Error::at(path, format!("cannot read the recipe: {problem}; {remedy}"))
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let text = text::corpus::decode_file(&bytes).map_err(unreadable)?;
        let name = path.display().to_string();
        Recipe::parse(text, &name)?; // its mistakes have lines
        let mut table = recipe_table(text, &name)?;
        start.iter().for_each(|start| fill_in(&mut table, start));
        let of_file =
            Recipe::deserialize(table.clone()).map_err(|error| Error::Input(format!("{name}: {error}")))?;
        let recipe = with_assignments(&of_file, table.clone(), overrides)?;
        if start.is_none() && !recipe.training.start_from.as_os_str().is_empty() {
            return Ok(recipe); // what is not said is that model's, and so is whether it fits
        }
        recipe.check().map_err(|problem| {
            let is_there_with = |assignments: &[String]| {
                let recipe = with_assignments(&of_file, table.clone(), assignments);
                recipe.is_ok_and(|recipe| recipe.check().err().as_ref() == Some(&problem))
            };
            Error::Input(format!("{}: {problem}", blamed(overrides, &name, is_there_with)))
        })?;
        Ok(recipe)
    }

    /// The recipe in `text`, whose ranges are not checked yet; `name` is named in errors.
    ///
    /// # Errors
    /// [`Error::Input`] with the line that is not understood.
    pub fn parse(text: &str, name: &str) -> Result<Recipe, Error> {
        let table = recipe_table(text, name)?; // it refuses numbers that could not be written again
        let recipe = toml::from_str(text).map_err(|error| at_its_line(error, text, name))?;
        check_sections(&table).map_err(|problem| Error::Input(format!("{name}: {problem}")))?;
        Ok(recipe)
    }

    /// The recipe in the metadata of a model or a state.
    ///
    /// # Errors
    /// A sentence that says what of it is not understood.
    pub fn of_metadata(text: &str) -> Result<Recipe, String> {
        let key = "etudiant.recipe";
        Recipe::parse(text, key).map_err(|problem| format!("in its metadata `{key}`: {problem}"))
    }

    /// The sections and keys.
    pub(crate) fn table(&self) -> Table {
        Table::try_from(self).expect("a recipe is a table")
    }

    /// The whole recipe, defaults included, each key with a comment that says what it does.
    pub fn to_toml(&self) -> String {
        let values = self.table();
        let mut section = &values;
        let mut lines = Vec::new();
        for line in TEMPLATE.lines() {
            let heading = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            if let Some(Value::Table(table)) = heading.and_then(|heading| values.get(heading)) {
                section = table;
            }
            let key = line.split_once(" = ").map(|(key, _)| key).filter(|key| !key.starts_with('#'));
            match key.and_then(|key| section.get(key).map(|value| (key, value))) {
                Some((key, value)) => lines.push(format!("{key} = {}", show(value))),
                None => lines.push(line.to_string()),
            }
        }
        lines.join("\n") + "\n"
    }
}

/// Gives the sections that a model brings along what `start` has there, where the table says nothing.
fn fill_in(table: &mut Table, start: &Recipe) {
    let mut theirs = start.table();
    for section in ["model", "text"] {
        let mut filled = theirs.remove(section).expect("a recipe has this section");
        let filled_table = filled.as_table_mut().expect("a section is a table");
        let said = table.remove(section).and_then(|said| said.as_table().cloned());
        filled_table.extend(said.into_iter().flatten());
        table.insert(section.into(), filled);
    }
}

/// The recipe in a table with some keys set otherwise.
fn with_assignments(of_table: &Recipe, mut table: Table, assignments: &[String]) -> Result<Recipe, Error> {
    let mut recipe = of_table.clone();
    for assignment in assignments {
        let at = |problem: String| Error::Input(format!("--set {assignment}: {problem}"));
        assign(&mut table, assignment).map_err(at)?;
        check_sections(&table).map_err(at)?;
        recipe = Recipe::deserialize(table.clone())
            .map_err(|error| at(explain_assignment(assignment, error.message())))?;
    }
    Ok(recipe)
}

/// Whether no section is a value: a list would be read as the values of its keys, in their order.
fn check_sections(table: &Table) -> Result<(), String> {
    let sections = Recipe::default().table();
    let is_section = |key: &str| sections.get(key).is_some_and(Value::is_table);
    match table.iter().find(|(key, value)| is_section(key) && !value.is_table()) {
        Some((key, _)) => Err(format!("`{key}` is a section, with keys of its own")),
        None => Ok(()),
    }
}

/// Who is at fault for a problem: the assignments without which it is not there, each by itself; else all of them if it
/// is not in the file, else the file.
fn blamed(assignments: &[String], file: &str, is_there_with: impl Fn(&[String]) -> bool) -> String {
    let without = |index: usize| [&assignments[..index], &assignments[index + 1..]].concat();
    let indices = (0..assignments.len()).filter(|&index| !is_there_with(&without(index)));
    let guilty: Vec<&str> = indices.map(|index| &*assignments[index]).collect();
    if !guilty.is_empty() {
        format!("--set {}", guilty.join(" --set "))
    } else if !assignments.is_empty() && !is_there_with(&[]) {
        format!("--set {}", assignments.join(" --set "))
    } else {
        file.to_string()
    }
}

/// The sections and keys in `text`, whether or not they are those of a recipe.
fn recipe_table(text: &str, name: &str) -> Result<Table, Error> {
    text.parse().map_err(|error| at_its_line(error, text, name))
}

fn at_its_line(error: toml::de::Error, text: &str, name: &str) -> Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
    Error::at_line(Path::new(name), line, explain(error.message()))
}

/// Sets one key of a table from `section.key=value`. The value is TOML; what is not, is a string.
fn assign(table: &mut Table, assignment: &str) -> Result<(), String> {
    let (path, value) = assignment.split_once('=').ok_or("write section.key=value")?;
    let value = value.trim();
    let value = match value.parse::<Value>() {
        Err(error) if in_plain_words(error.message()) == TOO_LARGE => return Err(TOO_LARGE.into()),
        Err(error) if value.starts_with(['{', '[', '"']) => {
            return Err(format!(
                "{}; text needs quotes, as in {{ kind = \"noam\" }}",
                error.message().trim()
            ));
        }
        parsed => parsed.unwrap_or_else(|_| Value::String(value.into())),
    };
    let mut keys: Vec<&str> = path.trim().split('.').map(str::trim).collect();
    let last = keys.pop().filter(|last| !last.is_empty()).ok_or("write section.key=value")?;
    if keys.len() > DEEPEST {
        return Err(format!("no key is below {} others; write section.key=value", keys.len()));
    }
    let mut table = table;
    for key in keys {
        let entry = table.entry(key).or_insert_with(|| Value::Table(Table::new()));
        table = entry.as_table_mut().ok_or_else(|| format!("`{key}` is a value, not a section"))?;
    }
    table.insert(last.to_string(), value);
    Ok(())
}

/// What the parser says of a key it does not know, in our words: the nearest one that there is.
fn explain(message: &str) -> String {
    let message = message.trim();
    let unknown = [("unknown field `", "key"), ("unknown variant `", "choice")];
    let known = unknown.iter().find_map(|(start, what)| nearest(what, message.strip_prefix(start)?));
    known.unwrap_or_else(|| in_plain_words(message))
}

/// As [`explain`], of an assignment: its key may be one of a section, or ask for another kind of schedule.
fn explain_assignment(assignment: &str, message: &str) -> String {
    let key = assignment.split('=').next().unwrap_or_default().trim();
    let sections = Recipe::default().table();
    let has_key = |section: &Value| section.as_table().is_some_and(|section| section.contains_key(key));
    if let Some((section, _)) = sections.iter().find(|(_, section)| has_key(section)) {
        return format!("there is no key `{key}` here; did you mean `{section}.{key}`?");
    }
    let problem = explain(message);
    let is_half = key.starts_with("training.") && key.ends_with(".kind") && !problem.contains(AS_A_WHOLE);
    if is_half { format!("{problem}; {AS_A_WHOLE}") } else { problem }
}

/// What the parser says of a value, without the names of Rust's types.
fn in_plain_words(message: &str) -> String {
    if ["too large", "as i128", "as u128", "overflowed"].iter().any(|words| message.contains(words)) {
        return TOO_LARGE.into();
    }
    if message.starts_with("missing field") {
        return format!("{message}; {AS_A_WHOLE}");
    }
    if message.contains("internally tagged enum") {
        return AS_A_WHOLE.into();
    }
    if let Some((found, _)) = message.split_once("expected struct ") {
        return format!("{found}expected a section, with keys of its own");
    }
    let words = [
        ("expected f64", "expected a number"),
        ("expected usize", "expected a whole number, 0 or more"),
        ("expected u64", "expected a whole number, 0 or more"),
        ("expected u32", "expected a whole number, 0 or more"),
        ("expected a sequence", "expected a list"),
        ("expected path string", "expected a path, in quotes"),
        ("unit variant, expected string only", "more than a word, expected one in quotes"),
    ];
    words.iter().fold(message.into(), |message: String, (theirs, ours)| message.replace(theirs, ours))
}

/// `found`, expected one of `a`, `b`, ... -> a sentence.
fn nearest(what: &str, rest: &str) -> Option<String> {
    let (found, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let similarity = |name: &&str| strsim::jaro_winkler(found, name);
    let best = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    let hint = match best.filter(|best| similarity(best) > 0.8) {
        Some(best) => format!("; did you mean `{best}`?"),
        None => ".".into(),
    };
    let list = known.join(", ");
    Some(format!("there is no {what} `{found}` here{hint} There are: {list}"))
}
