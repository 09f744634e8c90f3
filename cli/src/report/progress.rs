//! How far a run is, on standard error: a bar in a terminal, else a line now and then.
//!
//! ```text
//! 09:27:41  step 100 of 4000  epoch 1 (100 of 118 batches)  loss 5.388  nll 5.123  perplexity 167.8  lr 2.50e-4 ...
//! 09:31:02  step 500  valid loss 3.302  nll 2.911  perplexity 18.37  accuracy 47.1 %  BLEU 21.3  best so far
//! ```
//!
//! The loss is smoothed as in training; `nll` is not, and perplexity is its exponential. They and tokens per second are
//! those of all labels since the last line, the learning rate is the last step's, and both times are this process's
//! own: a resumed run does not count what an earlier one took. Beside and under the bar stand the same figures, begun
//! anew at the same steps, and lines stay above it.

use std::io::{Write, stderr};
use std::time::{Duration, Instant};

use autograd::ops::cross_entropy::LossStats;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::log::Line;
use super::record::{ReportOptions, Sample, TrainRecord, ValidRecord};
use crate::console::shown;

/// The progress of a run, shown. Nothing here can fail: a run goes on if nobody can read it.
#[derive(Debug)]
pub struct ProgressDisplay {
    options: ReportOptions,
    started: Instant,
    /// The last step told of, and where in the data it was.
    step: u64,
    place: String,
    /// The steps since the last line.
    window: Window,
    /// Hidden where there is no terminal.
    bar: ProgressBar,
}

impl ProgressDisplay {
    /// The progress of a run. Figures are averages over [`ReportOptions::log_every`] steps; with 0 there is one line,
    /// at the end.
    pub fn new(options: ReportOptions) -> ProgressDisplay {
        ProgressDisplay::drawn_to(ProgressDrawTarget::stderr(), options)
    }

    fn drawn_to(target: ProgressDrawTarget, options: ReportOptions) -> ProgressDisplay {
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}  {prefix}\n{wide_msg}");
        let bar = ProgressBar::with_draw_target(Some(options.max_steps), target)
            .with_style(style.expect("the template is valid"))
            .with_position(options.after_step)
            .with_finish(ProgressFinish::Abandon);
        let (started, window) = (Instant::now(), Window::default());
        ProgressDisplay { step: options.after_step, options, started, place: String::new(), window, bar }
    }

    /// Tells of a step, and gives the line of the log that is due, if one is.
    pub fn step(&mut self, record: &TrainRecord) -> Option<Line> {
        self.advance(record).map(|text| self.tell(&text))
    }

    /// Counts a step in, and gives the line that is due, if one is.
    fn advance(&mut self, record: &TrainRecord) -> Option<String> {
        self.step = record.step;
        self.place = place(record, &self.options);
        self.window.add(record);
        if !self.bar.is_hidden() {
            self.bar.set_prefix(format!("{}  {}", self.place, Line::now(&self.times()).text));
            self.bar.set_message(self.window.figures());
            self.bar.set_position(self.step);
        }
        let ReportOptions { max_steps, log_every, .. } = self.options;
        let due = self.step.is_multiple_of(log_every) || self.step == max_steps;
        if due { self.end_window() } else { None }
    }

    /// Begins a new window, and gives the line of the one that ends, unless it is empty.
    fn end_window(&mut self) -> Option<String> {
        let max_steps = self.options.max_steps;
        let line = (self.window.steps > 0).then(|| {
            let (figures, times) = (self.window.figures(), self.times());
            format!("step {} of {max_steps}  {}  {figures}  {times}", self.step, self.place)
        });
        self.window = Window::default();
        line
    }

    fn times(&self) -> String {
        let ReportOptions { max_steps, after_step, .. } = self.options;
        let (done, left) = (self.step.saturating_sub(after_step), max_steps.saturating_sub(self.step));
        pace(self.started.elapsed(), done, left)
    }

    /// Says a line on standard error, unless there is a bar, which has shown its figures.
    fn tell(&self, text: &str) -> Line {
        if self.bar.is_hidden() { Line::say(text) } else { Line::now(text) }
    }

    /// Says something in a line that stays.
    pub fn note(&self, text: &str) -> Line {
        say_above(&self.bar, text)
    }

    /// As [`ProgressDisplay::note`], from another thread, in answer to a signal. One that was typed has left ^C on a line
    /// of its own, for the bar fills the last one: that line is taken back, or the bar would stand there twice.
    pub fn voice(&self) -> impl Fn(&str, Asked) + Send + 'static {
        let bar = self.bar.clone();
        move |text, asked| {
            if asked == Asked::Typed && !bar.is_hidden() {
                let _ = write!(stderr(), "\r\x1b[K\x1b[A");
            }
            say_above(&bar, text);
        }
    }

    /// Tells of the steps since the last line, of which it gives that of the log, and leaves the bar as it stands.
    pub fn finish(&mut self) -> Option<Line> {
        let text = self.end_window();
        self.bar.abandon();
        text.map(|text| self.tell(&text))
    }
}

/// Says something above the bar, or where it was.
fn say_above(bar: &ProgressBar, text: &str) -> Line {
    if bar.is_hidden() || bar.is_finished() {
        return Line::say(text);
    }
    let line = Line::now(text);
    bar.println(&line.text);
    line
}

/// Where in the data a step was: `epoch 3 of 10 (34 of 118 batches)`.
fn place(record: &TrainRecord, options: &ReportOptions) -> String {
    let of = match options.max_epochs {
        0 => String::new(),
        max_epochs => format!(" of {max_epochs}"),
    };
    let (epoch, batches) = (record.epoch.saturating_add(1), record.batches);
    format!("epoch {epoch}{of} ({batches} of {} batches)", options.epoch_batches)
}

/// How somebody asked a run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By Ctrl-C.
    Typed,
    /// By another signal.
    Sent,
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

/// The line of a validation.
pub fn valid_line(record: &ValidRecord) -> String {
    let ValidRecord { step, stats, bleu, best, .. } = record;
    let (losses, accuracy) = (losses(stats), 100.0 * stats.accuracy());
    let bleu = bleu.map_or(String::new(), |bleu| format!("  BLEU {bleu:.1}"));
    let best = if *best { "  best so far" } else { "" };
    format!("step {step}  valid {losses}  accuracy {accuracy:.1} %{bleu}{best}")
}

/// A sample translation, under its source and its reference.
pub fn sample_lines(sample: &Sample) -> String {
    let [source, reference, translation] =
        [&sample.source, &sample.reference, &sample.translation].map(|text| shown(text));
    format!("source       {source}\nreference    {reference}\ntranslation  {translation}")
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
