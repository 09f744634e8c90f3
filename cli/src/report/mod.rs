//! What a run tells: progress, metrics.jsonl, TensorBoard.
//!
//! | module | tells | to whom |
//! |---|---|---|
//! | [`progress`] | a bar or lines on standard error | who sits before it |
//! | [`jsonl`] | `metrics.jsonl` | programs |
//! | [`tensorboard`] | event files | TensorBoard |
//!
//! All three are told of every step and every validation by one [`Reporter`]. Both files are of the run's
//! folder, and a resumed run goes on with them as if it had never been interrupted.

pub mod jsonl;
pub mod progress;
pub mod record;
pub mod tensorboard;

use std::path::Path;

use crate::error::Error;
use jsonl::Metrics;
use progress::ProgressDisplay;
use record::{TrainRecord, ValidRecord};
use tensorboard::TensorBoard;

/// What a [`Reporter`] has to know of a run.
#[derive(Clone, Copy, Debug)]
pub struct ReportOptions {
    /// The step at which the run ends.
    pub max_steps: u64,
    /// The step of the checkpoint that the run goes on from; 0 if it is a new one.
    pub after_step: u64,
    /// Progress is told as averages over so many steps; 0: only at the end. The files have every step.
    pub log_every: u64,
}

/// Tells of a run in all the ways there are.
#[derive(Debug)]
pub struct Reporter {
    progress: ProgressDisplay,
    metrics: Metrics,
    tensorboard: TensorBoard,
}

impl Reporter {
    /// Tells of the run in `folder`, which must be there.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file that cannot be read or written, or the line of an older
    /// `metrics.jsonl` that is not one.
    pub fn open(folder: &Path, options: ReportOptions) -> Result<Reporter, Error> {
        let ReportOptions { max_steps, after_step, log_every } = options;
        let metrics = Metrics::open(&folder.join("metrics.jsonl"), after_step)?;
        let tensorboard = TensorBoard::open(folder, after_step)?;
        let progress = ProgressDisplay::new(max_steps, after_step, log_every);
        Ok(Reporter { progress, metrics, tensorboard })
    }

    /// Tells of a step.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file that cannot be written, because the disk is full for example.
    pub fn train(&mut self, record: &TrainRecord) -> Result<(), Error> {
        self.progress.step(record);
        self.metrics.train(record)?;
        self.tensorboard.train(record)
    }

    /// Tells of a validation.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file that cannot be written, because the disk is full for example.
    pub fn valid(&mut self, record: &ValidRecord) -> Result<(), Error> {
        self.progress.valid(record);
        self.metrics.valid(record)?;
        self.tensorboard.valid(record)
    }

    /// Says something on standard error, in a line that stays.
    pub fn note(&self, text: &str) {
        self.progress.note(text);
    }

    /// Tells of the steps that progress has not told of yet. Call it when training ends, for whatever reason.
    pub fn finish(&mut self) {
        self.progress.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::ops::cross_entropy::LossStats;
    use std::fs;

    #[test]
    fn both_files_are_in_the_folder_and_a_resumed_run_adds_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let stats = LossStats { loss_sum: 3.0, nll_sum: 2.0, count: 4, correct: 1 };
        for (after_step, files) in [(0, 2), (2, 3)] {
            let options = ReportOptions { max_steps: 4, after_step, log_every: 100 };
            let mut reporter = Reporter::open(folder.path(), options).unwrap();
            for step in after_step + 1..=3 {
                let (epoch, learning_rate, grad_norm, seconds) = (1, 1e-3, 1.0, 0.5);
                reporter
                    .train(&TrainRecord { step, epoch, stats, learning_rate, grad_norm, seconds })
                    .unwrap();
            }
            reporter
                .valid(&ValidRecord {
                    step: 3,
                    stats,
                    bleu: None,
                    bleu_options: Default::default(),
                    best: true,
                })
                .unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), files);
        }
        let text = fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        let starts: Vec<String> = text.lines().map(|line| line.split(',').take(2).collect()).collect();
        let expected = [(1, "train"), (2, "train"), (3, "train"), (3, "valid")];
        assert_eq!(starts, expected.map(|(step, kind)| format!("{{\"step\":{step}\"kind\":\"{kind}\"")));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_input_error() {
        let folder = tempfile::tempdir().unwrap();
        let options = ReportOptions { max_steps: 4, after_step: 0, log_every: 100 };
        let error = Reporter::open(&folder.path().join("no"), options).unwrap_err();
        assert!(matches!(error, Error::Input(_)));
        assert!(error.to_string().contains("metrics.jsonl"), "{error}");
    }
}
