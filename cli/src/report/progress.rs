//! How far a run is, on standard error: a bar in a terminal, else a line now and then.
//!
//! ```text
//! step 100 of 4000  loss 5.388  nll 5.123  perplexity 167.8  lr 2.50e-4  7431 tokens/s  1.2 min, 47 min left
//! step 500  valid loss 3.302  nll 2.911  perplexity 18.37  accuracy 47.1 %  BLEU 21.3  best so far
//! ```
//!
//! The loss is smoothed as in training; `nll` is not, and perplexity is its exponential. They and tokens per second are
//! those of all labels since the last line, the learning rate is the last step's, and both times are this process's
//! own: a resumed run does not count what an earlier one took. Beside and under the bar stand the same figures, begun
//! anew at the same steps, and lines stay above it.

use std::time::{Duration, Instant};

use autograd::ops::cross_entropy::LossStats;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::record::{TrainRecord, ValidRecord};
use crate::console::say;

/// The progress of a run, shown. Nothing here can fail: a run goes on if nobody can read it.
#[derive(Debug)]
pub struct ProgressDisplay {
    max_steps: u64,
    start_step: u64,
    log_every: u64,
    started: Instant,
    /// The last step told of.
    step: u64,
    /// The steps since the last line.
    window: Window,
    /// Hidden where there is no terminal.
    bar: ProgressBar,
}

impl ProgressDisplay {
    /// The progress towards `max_steps` of a run that goes on after the step `start_step`, 0 if it is a new
    /// one. Figures are averages over `log_every` steps; with 0 there is one line, at the end.
    pub fn new(max_steps: u64, start_step: u64, log_every: u64) -> ProgressDisplay {
        ProgressDisplay::drawn_to(ProgressDrawTarget::stderr(), max_steps, start_step, log_every)
    }

    fn drawn_to(
        target: ProgressDrawTarget,
        max_steps: u64,
        start_step: u64,
        log_every: u64,
    ) -> ProgressDisplay {
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}  {prefix}\n{wide_msg}");
        let bar = ProgressBar::with_draw_target(Some(max_steps), target)
            .with_style(style.expect("the template is valid"))
            .with_position(start_step)
            .with_finish(ProgressFinish::Abandon);
        let (started, window) = (Instant::now(), Window::default());
        ProgressDisplay { max_steps, start_step, log_every, started, step: start_step, window, bar }
    }

    /// Tells of a step.
    pub fn step(&mut self, record: &TrainRecord) {
        if let Some(line) = self.advance(record) {
            say(&line);
        }
    }

    /// Counts a step in, and gives the line that is due, if one is.
    fn advance(&mut self, record: &TrainRecord) -> Option<String> {
        self.step = record.step;
        self.window.add(record);
        if !self.bar.is_hidden() {
            self.bar.set_prefix(self.times());
            self.bar.set_message(self.window.figures());
            self.bar.set_position(self.step);
        }
        let due = self.step.is_multiple_of(self.log_every) || self.step == self.max_steps;
        if due { self.end_window() } else { None }
    }

    /// Begins a new window, and gives the line of the one that ends, unless it is empty or there is a bar.
    fn end_window(&mut self) -> Option<String> {
        let told = !self.bar.is_hidden() || self.window.steps == 0;
        let line = (!told).then(|| {
            format!("step {} of {}  {}  {}", self.step, self.max_steps, self.window.figures(), self.times())
        });
        self.window = Window::default();
        line
    }

    fn times(&self) -> String {
        let (done, left) =
            (self.step.saturating_sub(self.start_step), self.max_steps.saturating_sub(self.step));
        pace(self.started.elapsed(), done, left)
    }

    /// Tells of a validation, in a line that stays.
    pub fn valid(&self, record: &ValidRecord) {
        self.note(&valid_line(record));
    }

    /// Says something in a line that stays.
    pub fn note(&self, text: &str) {
        let is_drawn = !self.bar.is_hidden() && !self.bar.is_finished();
        if is_drawn { self.bar.println(text) } else { say(text) }
    }

    /// Tells of the steps since the last line, and leaves the bar as it stands.
    pub fn finish(&mut self) {
        if let Some(line) = self.end_window() {
            say(&line);
        }
        self.bar.abandon();
    }
}

/// Sums over the steps since the last line.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    steps: u64,
    stats: LossStats,
    seconds: f64,
    /// Of the last step.
    learning_rate: f64,
}

impl Window {
    fn add(&mut self, record: &TrainRecord) {
        self.steps += 1;
        self.stats.merge(&record.stats);
        self.seconds += record.seconds;
        self.learning_rate = record.learning_rate;
    }

    fn figures(&self) -> String {
        let losses = losses(&self.stats);
        let speed = self.stats.count as f64 / self.seconds;
        let learning_rate = self.learning_rate;
        format!("{losses}  lr {learning_rate:.2e}  {speed:.0} tokens/s")
    }
}

fn valid_line(record: &ValidRecord) -> String {
    let ValidRecord { step, stats, bleu, best, .. } = record;
    let (losses, accuracy) = (losses(stats), 100.0 * stats.accuracy());
    let bleu = bleu.map_or(String::new(), |bleu| format!("  BLEU {bleu:.1}"));
    let best = if *best { "  best so far" } else { "" };
    format!("step {step}  valid {losses}  accuracy {accuracy:.1} %{bleu}{best}")
}

/// The loss that is optimised, smoothed; the negative log-likelihood, which is not; and its exponential.
fn losses(stats: &LossStats) -> String {
    format!(
        "loss {:.3}  nll {:.3}  perplexity {}",
        stats.loss(),
        stats.nll(),
        four_digits(stats.perplexity())
    )
}

/// How long the run has taken, and how long it still will if the `left` steps go as the `done` ones did:
/// `1.2 min, 47 min left`.
fn pace(elapsed: Duration, done: u64, left: u64) -> String {
    let elapsed = elapsed.as_secs_f64();
    let so_far = time(elapsed);
    if done == 0 || left == 0 {
        return so_far;
    }
    format!("{so_far}, {} left", time(elapsed / done as f64 * left as f64))
}

/// A length of time in the unit that suits it.
fn time(seconds: f64) -> String {
    let (minutes, hours) = (seconds / 60.0, seconds / 3600.0);
    match seconds {
        ..60.0 => format!("{seconds:.0} s"),
        ..600.0 => format!("{minutes:.1} min"),
        ..6000.0 => format!("{minutes:.0} min"),
        _ => format!("{hours:.1} h"),
    }
}

/// A perplexity, which may be 1.05 or a vocabulary's size, or worse.
fn four_digits(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.3}"),
        ..100.0 => format!("{number:.2}"),
        ..1000.0 => format!("{number:.1}"),
        ..1e6 => format!("{number:.0}"),
        _ => format!("{number:.3e}"),
    }
}

#[cfg(test)]
mod tests;
