//! What a run tells: progress, metrics.jsonl, TensorBoard.
//!
//! | module | tells | to whom |
//! |---|---|---|
//! | [`progress`] | a bar or lines on standard error | who sits before it |
//! | [`log`] | `train.log` | who comes later |
//! | [`jsonl`] | `metrics.jsonl` | programs |
//! | [`tensorboard`] | event files | TensorBoard |
//!
//! All are told of every step and every validation by one [`Reporter`]. The files are of the run's folder. A resumed
//! run goes on with the figures as if it had never been interrupted; the log tells of that too.

pub mod jsonl;
pub mod log;
pub mod progress;
pub mod record;
pub mod tensorboard;

use std::path::Path;

use crate::error::Error;
use jsonl::Metrics;
use log::{Line, Log};
use progress::{Asked, ProgressDisplay};
use record::{ReportOptions, Sample, TrainRecord, ValidRecord};
use tensorboard::TensorBoard;

/// Tells of a run in all the ways there are.
#[derive(Debug)]
pub struct Reporter {
    log: Log,
    progress: ProgressDisplay,
    metrics: Metrics,
    tensorboard: TensorBoard,
}

impl Reporter {
    /// Tells of the run in `folder`, which must be there; `log` is what it has said before its first step.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file that cannot be read or written, or the line of an older
    /// `metrics.jsonl` that is not one.
    pub fn open(folder: &Path, log: Log, options: ReportOptions) -> Result<Reporter, Error> {
        let metrics = Metrics::open(&folder.join("metrics.jsonl"), options.after_step)?;
        let tensorboard = TensorBoard::open(folder, options.after_step)?;
        Ok(Reporter { log, progress: ProgressDisplay::new(options), metrics, tensorboard })
    }

    /// Tells of a step.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file that cannot be written, because the disk is full for example.
    pub fn train(&mut self, record: &TrainRecord) -> Result<(), Error> {
        if let Some(line) = self.progress.step(record) {
            self.log.write(&line)?;
        }
        self.metrics.train(record)?;
        self.tensorboard.train(record)
    }

    /// Tells of a validation, and what the model makes of some of its sentences.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file that cannot be written, because the disk is full for example.
    pub fn valid(&mut self, record: &ValidRecord, samples: &[Sample]) -> Result<(), Error> {
        self.note(&progress::valid_line(record))?;
        self.metrics.valid(record)?;
        self.tensorboard.valid(record)?;
        if samples.is_empty() {
            return Ok(());
        }
        samples.iter().try_for_each(|sample| self.note(&progress::sample_lines(sample)))?;
        self.tensorboard.samples(record.step, samples)
    }

    /// Says something on standard error, in a line that stays, and in the log.
    ///
    /// # Errors
    /// [`Error::Input`] if the log cannot be written.
    pub fn note(&mut self, text: &str) -> Result<(), Error> {
        self.log.write(&self.progress.note(text))
    }

    /// A way to answer on standard error, from another thread, to whoever asks the run to stop.
    pub fn voice(&self) -> impl Fn(&str, Asked) + Send + 'static {
        self.progress.voice()
    }

    /// Writes into the log what has ended the run, if it can be written: it may be the disk that is full.
    pub fn ended_by(&mut self, error: &Error) {
        let _ = self.log.write(&Line::now(&error.to_string()));
    }

    /// Tells of the steps that progress has not told of yet. Call it when training ends, for whatever reason.
    ///
    /// # Errors
    /// [`Error::Input`] if the log cannot be written.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.progress.finish().map_or(Ok(()), |line| self.log.write(&line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::ops::cross_entropy::LossStats;
    use std::fs;

    const OPTIONS: ReportOptions =
        ReportOptions { max_steps: 4, max_epochs: 0, epoch_batches: 9, after_step: 0, log_every: 100 };

    #[test]
    fn the_files_are_in_the_folder_and_a_resumed_run_adds_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let stats = LossStats { loss_sum: 3.0, nll_sum: 2.0, count: 4, correct: 1 };
        let open = |after_step| {
            let log = Log::open(&folder.path().join("train.log")).unwrap();
            Reporter::open(folder.path(), log, ReportOptions { after_step, ..OPTIONS }).unwrap()
        };
        for (after_step, files) in [(0, 3), (2, 4)] {
            let mut reporter = open(after_step);
            for step in after_step + 1..=3 {
                let (epoch, batches, learning_rate, grad_norm, seconds) = (1, step, 1e-3, 1.0, 0.5);
                reporter
                    .train(&TrainRecord { step, epoch, batches, stats, learning_rate, grad_norm, seconds })
                    .unwrap();
            }
            let bleu_options = Default::default();
            let record = ValidRecord { step: 3, stats, bleu: None, bleu_options, best: true };
            let sample = ["un", "one", "two"].map(String::from);
            let [source, reference, translation] = sample;
            reporter.valid(&record, &[Sample { source, reference, translation }]).unwrap();
            reporter.finish().unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), files);
        }
        let text = fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        let starts: Vec<String> = text.lines().map(|line| line.split(',').take(2).collect()).collect();
        let expected = [(1, "train"), (2, "train"), (3, "train"), (3, "valid")];
        assert_eq!(starts, expected.map(|(step, kind)| format!("{{\"step\":{step}\"kind\":\"{kind}\"")));
        let log = fs::read_to_string(folder.path().join("train.log")).unwrap();
        for (said, times) in
            [("valid loss", 2), ("source       un\n", 2), ("translation  two\n", 2), ("step 3 of 4", 2)]
        {
            assert_eq!(log.matches(said).count(), times, "{said}: {log}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_input_error() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("train.log")).unwrap();
        let error = Reporter::open(&folder.path().join("no"), log, OPTIONS).unwrap_err();
        assert!(matches!(error, Error::Input(_)));
        assert!(error.to_string().contains("metrics.jsonl"), "{error}");
    }
}
