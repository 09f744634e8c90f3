//! `metrics.jsonl`: the whole course of a run, one JSON object a line, for programs that plot or compare.
//!
//! ```json
//! {"step":500,"kind":"train","loss":3.402,"nll":2.918,"perplexity":18.5,"learning_rate":0.0005, ...}
//! {"step":500,"kind":"valid","loss":3.311,"nll":2.864,"perplexity":17.5,"accuracy":0.47,"bleu":21.3, ...
//! ```
//!
//! The keys are the fields of [`TrainLine`] and [`ValidLine`]. JSON has no NaN and no infinity: such a number
//! is null, and `not_finite` says which it was. Every line is written in one piece as soon as it is known. A
//! run that was killed has told of steps after its last checkpoint; resumed, it takes them again, so
//! [`Metrics::open`] removes their lines first and the file has each step once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nn::atomic::write_atomically;
use serde::Serialize;

use super::record::{TrainRecord, ValidRecord};
use crate::error::Error;

/// The line of a step of training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainLine {
    /// The step, counted from 1.
    pub step: u64,
    /// Always `train`.
    pub kind: &'static str,
    /// The mean loss that is optimised, with label smoothing, in nats per label. It has a floor above 0.
    pub loss: f64,
    /// The mean negative log-likelihood, without smoothing, in nats per label.
    pub nll: f64,
    /// `exp(nll)`: among how many equally likely tokens the model might as well be guessing.
    pub perplexity: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// How many labels the step learned from.
    pub tokens: usize,
    /// Labels learned from per second.
    pub tokens_per_second: f64,
    /// The global norm of the gradients, before clipping.
    pub grad_norm: f64,
    /// The pass over the data that the step belongs to, from 0; people are told of it from 1.
    pub epoch: u64,
    /// How long the step took, in seconds.
    pub seconds: f64,
    /// Which of these numbers are NaN or infinite, and so null in the file. No key if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_finite: Option<String>,
}

impl From<&TrainRecord> for TrainLine {
    fn from(record: &TrainRecord) -> TrainLine {
        let TrainRecord { step, epoch, stats, learning_rate, grad_norm, seconds, .. } = *record;
        let (loss, nll, perplexity) = (stats.loss(), stats.nll(), stats.perplexity());
        let tokens_per_second = record.tokens_per_second();
        let line = TrainLine {
            step,
            kind: "train",
            loss,
            nll,
            perplexity,
            learning_rate,
            tokens: stats.count,
            tokens_per_second,
            grad_norm,
            epoch,
            seconds,
            not_finite: None,
        };
        TrainLine { not_finite: not_finite(&line.figures()), ..line }
    }
}

impl TrainLine {
    /// All that was measured in the step, by the names of the keys.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("loss", self.loss),
            ("nll", self.nll),
            ("perplexity", self.perplexity),
            ("learning_rate", self.learning_rate),
            ("tokens", self.tokens as f64),
            ("tokens_per_second", self.tokens_per_second),
            ("grad_norm", self.grad_norm),
            ("epoch", self.epoch as f64),
            ("seconds", self.seconds),
        ]
    }
}

/// The line of a validation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValidLine {
    /// The step after which it was made.
    pub step: u64,
    /// Always `valid`.
    pub kind: &'static str,
    /// The mean loss, smoothed as in training, in nats per label.
    pub loss: f64,
    /// The mean negative log-likelihood, without smoothing, in nats per label.
    pub nll: f64,
    /// `exp(nll)`.
    pub perplexity: f64,
    /// The part of the labels that had the largest logit, 0 to 1.
    pub accuracy: f64,
    /// The BLEU of the translations, 0 to 100; null if they were not made.
    pub bleu: Option<f64>,
    /// What kind of BLEU it is, in sacrebleu's words. No key if it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bleu_signature: Option<String>,
    /// Whether no validation before it was better.
    pub best: bool,
    /// Which of these numbers are NaN or infinite, and so null in the file. No key if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_finite: Option<String>,
}

impl From<&ValidRecord> for ValidLine {
    fn from(record: &ValidRecord) -> ValidLine {
        let ValidRecord { step, stats, bleu, bleu_options, best } = *record;
        let bleu_signature = bleu.map(|_| bleu_options.signature());
        let (loss, nll, perplexity, accuracy) =
            (stats.loss(), stats.nll(), stats.perplexity(), stats.accuracy());
        let line = ValidLine {
            step,
            kind: "valid",
            loss,
            nll,
            perplexity,
            accuracy,
            bleu,
            bleu_signature,
            best,
            not_finite: None,
        };
        ValidLine { not_finite: not_finite(&line.figures()), ..line }
    }
}

impl ValidLine {
    /// All that was measured, by the names of the keys; `best` is 1 or 0.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        let mut figures = vec![
            ("loss", self.loss),
            ("nll", self.nll),
            ("perplexity", self.perplexity),
            ("accuracy", self.accuracy),
        ];
        figures.extend(self.bleu.map(|bleu| ("bleu", bleu)));
        figures.push(("best", f64::from(u8::from(self.best))));
        figures
    }
}

/// Says which numbers are not finite: `loss is NaN, grad_norm is inf`.
fn not_finite(numbers: &[(&str, f64)]) -> Option<String> {
    let odd = numbers.iter().filter(|(_, value)| !value.is_finite());
    let said: Vec<String> = odd.map(|(key, value)| format!("{key} is {value}")).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// A `metrics.jsonl` that is being written.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// The file at `path`, to tell of the steps after `after_step`: the lines up to that step stay, those of
    /// later steps and a half-written last one go. With `after_step` 0, a new run, the file starts empty.
    ///
    /// # Errors
    /// If the file cannot be read or written, or a line before the last is none that a run writes.
    pub fn open(path: &Path, after_step: u64) -> Result<Metrics, Error> {
        let kept = if after_step == 0 { Vec::new() } else { lines_up_to(after_step, path)? };
        write_atomically(path, |file| file.write_all(&kept))?;
        let file = OpenOptions::new().append(true).open(path);
        let file =
            file.map_err(|error| Error::at(path, format!("cannot open the file to append: {error}")))?;
        Ok(Metrics { path: path.into(), file })
    }

    /// Appends the line of a step.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn train(&mut self, record: &TrainRecord) -> Result<(), Error> {
        self.append(&TrainLine::from(record))
    }

    /// Appends the line of a validation.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn valid(&mut self, record: &ValidRecord) -> Result<(), Error> {
        self.append(&ValidLine::from(record))
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let written = serde_json::to_string(line)
            .map_err(io::Error::from)
            .and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|error| Error::at(&self.path, format!("cannot append a line: {error}")))
    }
}

/// The step that a line is of: all that has to be understood of it to know whether it stays.
fn step_of(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(line).ok()?.get("step")?.as_u64()
}

/// What stays of the file at `path` when a run is resumed after `step`. Nothing of a file that is not there.
fn lines_up_to(step: u64, path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::at(path, format!("cannot read the file: {error}"))),
    };
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let mut kept = Vec::with_capacity(bytes.len());
    for (index, line) in lines.iter().enumerate() {
        match step_of(line) {
            Some(of) if of <= step => kept.extend([line, &b"\n"[..]].concat()),
            Some(_) => {}
            None if index + 1 == lines.len() => {} // nothing, or what a killed process wrote half of
            None => {
                let problem =
                    "not a line of a training run, an object with a \"step\"; mend it, or remove the line";
                return Err(Error::at_line(path, index + 1, problem));
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
