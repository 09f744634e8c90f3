//! The strings in a file's metadata, read with errors that name it. Models have them, and the states of runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use text::TextModel;

use crate::error::Error;

/// The layout of the metadata that this version writes and reads.
pub const FORMAT: &str = "1";

/// What may be the matter with a value that is not understood.
const NEWER: &str = "a newer version may have written it, and reads it";

/// The JSON of a value that always has one.
#[allow(clippy::missing_panics_doc)] // what is written has string keys
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it has a JSON form")
}

/// The strings of a file, read with errors that name it.
pub struct Metadata<'a> {
    /// The file.
    pub path: &'a Path,
    /// What stands in it.
    pub strings: &'a BTreeMap<String, String>,
}

impl Metadata<'_> {
    /// Whether the file is of this kind, "model" or "state", in a version that is read here.
    ///
    /// # Errors
    /// [`Error::File`] that says what it is.
    pub fn check_format(&self, kind: &str) -> Result<(), Error> {
        let Some(found) = self.strings.get("etudiant.kind") else {
            let problem = "no configuration and vocabulary in it, so it is no model of `etudiant train`";
            let remedy = "import weights of other programs with `transformer::import`";
            return Err(Error::at(self.path, format!("{problem}; {remedy}")));
        };
        match found.split_once(' ') {
            Some((found_kind, _)) if found_kind != kind => Err(Error::at(
                self.path,
                format!("this is a {found_kind} file, but a {kind} file is needed here"),
            )),
            Some((_, FORMAT)) => Ok(()),
            _ => Err(Error::at(self.path, format!("format `{found}`; this version reads `{kind} {FORMAT}`"))),
        }
    }

    /// A value kept as JSON.
    ///
    /// # Errors
    /// [`Error::File`] if it is not there, or is no such value.
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T, Error> {
        let read = serde_json::from_str(self.string(key)?);
        read.map_err(|error| self.bad(key, format!("{error}; {NEWER}")))
    }

    /// The text model.
    ///
    /// # Errors
    /// As [`Metadata::json`].
    pub fn text(&self) -> Result<TextModel, Error> {
        let key = "etudiant.text";
        TextModel::from_json(self.string(key)?)
            .map_err(|problem| self.bad(key, format!("{problem}; {NEWER}")))
    }

    /// A value.
    ///
    /// # Errors
    /// [`Error::File`] if it is not there.
    pub fn string(&self, key: &str) -> Result<&str, Error> {
        let missing = || Error::at(self.path, format!("it has no metadata `{key}`, so it is not complete"));
        self.strings.get(key).map(String::as_str).ok_or_else(missing)
    }

    /// What is to be said of a value that cannot be used.
    pub fn bad(&self, key: &str, problem: impl fmt::Display) -> Error {
        Error::at(self.path, format!("in its metadata `{key}`: {problem}"))
    }
}
