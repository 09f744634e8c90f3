//! Event files, as [TensorBoard](https://www.tensorflow.org/tensorboard) reads them.
//!
//! The scalars are the figures of `metrics.jsonl`, under `train/` and `valid/`; the sample translations of a validation
//! are a table in the tab of texts.
//!
//! The messages are those of TensorFlow's `event.proto` and `summary.proto`, with only the fields used here.
//! Each stands in a frame of the TFRecord format, all numbers little-endian:
//!
//! ```text
//! length: u64 | masked crc32c of the length: u32 | message: [u8; length] | masked crc32c of the message: u32
//! ```
//!
//! The first message names the version of the format. The second says from which step on the run goes on:
//! TensorBoard forgets what older files in the folder tell of that step and later ones, which is what a
//! killed run told after its last checkpoint. Its fast loader, the default, forgets them of each series when
//! the resumed run comes to that series' next value.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message;

use super::jsonl::{TrainLine, ValidLine};
use super::record::{Sample, TrainRecord, ValidRecord};
use crate::error::Error;

/// `tensorflow.Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

/// The field `what` of [`Event`].
#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

/// `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// `tensorflow.Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional, for there it is one of several kinds of values: a zero must be written too.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<TensorProto>,
    #[prost(message, optional, tag = "9")]
    metadata: Option<SummaryMetadata>,
}

/// `tensorflow.SummaryMetadata`: which of TensorBoard's tabs a value is for.
#[derive(Clone, PartialEq, Message)]
struct SummaryMetadata {
    #[prost(message, optional, tag = "1")]
    plugin_data: Option<PluginData>,
}

/// `tensorflow.SummaryMetadata.PluginData`.
#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    plugin_name: String,
}

/// `tensorflow.TensorProto`, of strings.
#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(message, optional, tag = "2")]
    tensor_shape: Option<TensorShape>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    string_val: Vec<Vec<u8>>,
}

/// `tensorflow.DataType.DT_STRING`.
const DT_STRING: i32 = 7;

/// `tensorflow.TensorShapeProto`.
#[derive(Clone, PartialEq, Message)]
struct TensorShape {
    #[prost(message, repeated, tag = "2")]
    dim: Vec<Dim>,
}

/// `tensorflow.TensorShapeProto.Dim`.
#[derive(Clone, PartialEq, Message)]
struct Dim {
    #[prost(int64, tag = "1")]
    size: i64,
}

/// `tensorflow.SessionLog`.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `tensorflow.SessionLog.SessionStatus.START`.
const START: i32 = 1;

/// What TensorBoard knows an event file by.
const PREFIX: &str = "events.out.tfevents.";

/// An event file that is being written.
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
}

impl TensorBoard {
    /// Begins a file in `folder` for a run that goes on after the step `after_step`. With 0, a new run, the
    /// files of earlier ones are removed.
    ///
    /// # Errors
    /// If the folder cannot be read, or a file not be written or removed.
    pub fn open(folder: &Path, after_step: u64) -> Result<TensorBoard, Error> {
        let present = event_files(folder)?;
        let ours = present.iter().filter(|(_, path)| path.extension().is_some_and(|of| of == "etudiant"));
        for (_, path) in ours.filter(|_| after_step == 0) {
            let removed = fs::remove_file(path);
            removed.map_err(|error| Error::at(path, format!("cannot remove the file: {error}")))?;
        }
        let path = next_path(folder, &present);
        let file = File::create_new(&path);
        let file = file.map_err(|error| Error::at(&path, format!("cannot create the file: {error}")))?;
        let mut board = TensorBoard { path, file };
        board.append(0, What::FileVersion("brain.Event:2".into()))?;
        board.append(after_step.saturating_add(1), What::SessionLog(SessionLog { status: START }))?;
        Ok(board)
    }

    /// Adds the scalars of a step.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn train(&mut self, record: &TrainRecord) -> Result<(), Error> {
        self.append(record.step, scalars("train", &TrainLine::from(record).figures()))
    }

    /// Adds the scalars of a validation.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn valid(&mut self, record: &ValidRecord) -> Result<(), Error> {
        self.append(record.step, scalars("valid", &ValidLine::from(record).figures()))
    }

    /// Adds a table of sample translations, for the tab of texts.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn samples(&mut self, step: u64, samples: &[Sample]) -> Result<(), Error> {
        let heading = ["source", "reference", "translation"].map(|name| format!("**{name}**"));
        let rows = samples.iter().flat_map(|sample| {
            [&sample.source, &sample.reference, &sample.translation].map(|text| verbatim(text))
        });
        let cells = heading.into_iter().chain(rows).collect();
        self.append(step, table("valid/samples", [samples.len() + 1, 3], cells))
    }

    /// Writes an event in one piece.
    fn append(&mut self, step: u64, what: What) -> Result<(), Error> {
        let event = Event { wall_time: now(), step: step as i64, what: Some(what) };
        let written = self.file.write_all(&frame(&event.encode_to_vec()));
        written.map_err(|error| Error::at(&self.path, format!("cannot append an event: {error}")))
    }
}

fn scalars(group: &str, figures: &[(&str, f64)]) -> What {
    let value = |&(name, value): &(&str, f64)| Value {
        tag: format!("{group}/{name}"),
        simple_value: Some(value as f32),
        ..Value::default()
    };
    What::Summary(Summary { value: figures.iter().map(value).collect() })
}

/// Cells of Markdown, row by row.
fn table(tag: &str, shape: [usize; 2], cells: Vec<String>) -> What {
    let dim = shape.map(|size| Dim { size: size as i64 }).to_vec();
    let strings = cells.into_iter().map(String::into_bytes).collect();
    let tensor =
        TensorProto { dtype: DT_STRING, tensor_shape: Some(TensorShape { dim }), string_val: strings };
    let plugin_data = Some(PluginData { plugin_name: "text".into() });
    let metadata = Some(SummaryMetadata { plugin_data });
    let value = Value { tag: tag.into(), tensor: Some(tensor), metadata, ..Value::default() };
    What::Summary(Summary { value: vec![value] })
}

/// Text as Markdown that shows it as it is.
fn verbatim(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '>' | '#' | '+' | '-' | '.'
            | '!' => {
                escaped.extend(['\\', character]);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A message in its frame.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let checksum = |bytes| masked_crc(bytes).to_le_bytes();
    [&length[..], &checksum(&length), message, &checksum(message)].concat()
}

/// CRC-32C, rotated and shifted so that a checksum of data that holds checksums stays a good one.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The event files in `folder`, with the seconds in their names.
fn event_files(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| Error::at(folder, format!("cannot read the folder: {error}")))?;
    let seconds = |name: &str| name.strip_prefix(PREFIX)?.split('.').next()?.parse().ok();
    let of = |path: PathBuf| Some((seconds(&path.file_name()?.to_string_lossy())?, path));
    Ok(entries.iter().filter_map(|entry| of(entry.path())).collect())
}

/// `events.out.tfevents.SECONDS.etudiant`. TensorBoard reads the files of a folder in the order of their
/// names, so the seconds are more than those of every file there, even if the clock was set back or one of
/// them is of this second.
fn next_path(folder: &Path, present: &[(u64, PathBuf)]) -> PathBuf {
    let after = present.iter().map(|(seconds, _)| seconds.saturating_add(1)).max();
    let seconds = after.unwrap_or(0).max(now() as u64);
    folder.join(format!("{PREFIX}{seconds:010}.etudiant"))
}

#[cfg(test)]
mod tests;
