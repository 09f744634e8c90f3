//! Parallel text from files.
//!
//! Two layouts, alone or together: two files of which line i of the one belongs to line i of the other, or one
//! file with a pair a line, source, a tab, target. Every file may be gzipped. Sides come without the white space
//! around them; a line that is blank on both sides is skipped and counted.
//!
//! Whatever else is not a pair stops the reading, unless it is lenient: a model trained on half of a misread file
//! looks like a bad model. All files are gone through first, so that one message tells of every kind of problem.

mod encoding;
mod gzip;
mod hold_out;
mod lines;
mod pairs;
mod reader;
mod report;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::Error;
pub use encoding::decode_file;
pub use hold_out::hold_out;
pub use lines::{lines_in, lines_of, read_lines};
pub use pairs::{Corpus, Place, ReadOptions, TextPair};
use reader::Reader;
pub use report::{Report, Tally};

/// The files of a corpus, as a configuration names them: `source` and `target`, or `pairs`, or both kinds.
/// They are read in the order given, those of `pairs` last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "{ source = [\"FILE\"], target = [\"FILE\"] } or { pairs = [\"FILE\"] }"
)]
pub struct CorpusFiles {
    /// Files with a source sentence a line.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub source: Vec<PathBuf>,
    /// For each file of `source` the one with its translations, line for line.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub target: Vec<PathBuf>,
    /// Files with a pair a line: source, a tab, target; further columns are ignored.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub pairs: Vec<PathBuf>,
}

/// A list of files, or the name of one.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a file's name or a list of them")]
    enum Files {
        One(PathBuf),
        Many(Vec<PathBuf>),
    }
    Ok(match Files::deserialize(deserializer)? {
        Files::One(file) => vec![file],
        Files::Many(files) => files,
    })
}

impl CorpusFiles {
    /// Whether no file is named.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty() && self.target.is_empty() && self.pairs.is_empty()
    }

    /// Whether each file of `source` has one of `target` beside it.
    ///
    /// # Errors
    /// A sentence that says how many there are.
    pub fn check(&self) -> Result<(), String> {
        let (source, target) = (self.source.len(), self.target.len());
        if source == target {
            return Ok(());
        }
        Err(format!(
            "`source` and `target` differ in their number of files, {source} and {target}; each file of `source` needs one \
             with its translations under `target`, in the same order"
        ))
    }
}

/// Reads `files`, whose relative paths start from the folder `dir`. The report and the messages name files by
/// their path from the current folder, as an editor would open them.
///
/// # Errors
/// - no files, or not as many of `source` as of `target`;
/// - a file that cannot be read, damaged gzip, UTF-16 or UTF-32;
/// - two files with unequal line counts, a file without a pair;
/// - unless lenient: any line with invalid UTF-8, without a tab, with one side empty, or too long. The message
///   names the first of them, and counts the others.
pub fn read(files: &CorpusFiles, dir: &Path, options: &ReadOptions) -> Result<Corpus, Error> {
    let CorpusFiles { source, target, pairs } = files;
    if files.is_empty() {
        let right = "name files under `source` and `target`, or tab-separated ones under `pairs`";
        return Err(Error::Corpus(format!("no text to read; {right}")));
    }
    files.check().map_err(Error::Corpus)?;
    let mut reader = Reader::new(options);
    for (src, tgt) in source.iter().zip(target) {
        reader.read_two_files(dir, src, tgt)?;
    }
    for path in pairs {
        reader.read_columns(dir, path)?;
    }
    reader.finish()
}
