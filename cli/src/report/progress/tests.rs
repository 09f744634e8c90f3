use std::io;
use std::sync::{Arc, Mutex};

use indicatif::TermLike;

use super::*;
use crate::report::record::testing::{STATS, train, valid};

fn record(step: u64, loss_sum: f64, learning_rate: f64) -> TrainRecord {
    let stats = LossStats { loss_sum, ..STATS };
    TrainRecord { stats, learning_rate, ..train(step) }
}

fn options(max_steps: u64, after_step: u64, log_every: u64) -> ReportOptions {
    ReportOptions { max_steps, max_epochs: 0, epoch_batches: 9, after_step, log_every }
}

fn without_terminal(max_steps: u64, after_step: u64, log_every: u64) -> ProgressDisplay {
    ProgressDisplay::drawn_to(ProgressDrawTarget::hidden(), options(max_steps, after_step, log_every))
}

/// The lines that a run says, with their steps.
fn lines(mut progress: ProgressDisplay, steps: std::ops::RangeInclusive<u64>) -> Vec<String> {
    let mut lines: Vec<_> = steps.filter_map(|step| progress.advance(&record(step, 3.0, 0.5))).collect();
    lines.extend(progress.end_window());
    lines.iter().map(|line| line.split("  ").next().unwrap().to_owned()).collect()
}

#[test]
fn a_line_comes_every_so_many_steps_and_at_the_end() {
    assert_eq!(lines(without_terminal(7, 0, 3), 1..=7), ["step 3 of 7", "step 6 of 7", "step 7 of 7"]);
    assert_eq!(lines(without_terminal(6, 0, 3), 1..=6), ["step 3 of 6", "step 6 of 6"]);
    assert_eq!(lines(without_terminal(9, 0, 3), 1..=4), ["step 3 of 9", "step 4 of 9"], "interrupted");
    assert_eq!(lines(without_terminal(9, 4, 3), 5..=9), ["step 6 of 9", "step 9 of 9"], "resumed");
    assert_eq!(lines(without_terminal(4, 0, 0), 1..=4), ["step 4 of 4"]);
    assert!(without_terminal(4, 0, 1).end_window().is_none(), "a run without steps says nothing");
}

#[test]
fn figures_are_those_of_all_labels_since_the_last_line() {
    let mut progress = without_terminal(4, 0, 2);
    assert_eq!(progress.advance(&record(1, 3.0, 1e-3)), None);
    let first = progress.advance(&record(2, 5.0, 2.5e-4)).unwrap();
    let expected = "step 2 of 4  epoch 2 (5 of 9 batches)  loss 1.000  nll 0.500  perplexity 1.649  lr 2.50e-4  8 tokens/s  0 s, 0 s left";
    assert_eq!(first, expected);
    progress.advance(&record(3, 8.0, 1e-4));
    let mut long = record(4, 8.0, 1e-4);
    long.stats.count = 12;
    let second = progress.advance(&long).unwrap();
    let expected = "step 4 of 4  epoch 2 (5 of 9 batches)  loss 1.000  nll 0.250  perplexity 1.284  lr 1.00e-4  16 tokens/s  0 s";
    assert_eq!(second, expected, "per label, not per step");
}

#[test]
fn numbers_that_are_not_finite_are_shown_as_such() {
    let mut progress = without_terminal(1, 0, 1);
    let stats = LossStats { loss_sum: f64::NAN, nll_sum: f64::INFINITY, count: 4, correct: 0 };
    let line = progress.advance(&TrainRecord {
        stats,
        learning_rate: f64::NAN,
        seconds: 0.0,
        ..record(1, 0.0, 0.0)
    });
    let expected =
        "step 1 of 1  epoch 2 (5 of 9 batches)  loss NaN  nll inf  perplexity inf  lr NaN  inf tokens/s  0 s";
    assert_eq!(line.unwrap(), expected);
    let nothing =
        ValidRecord { step: 1, stats: LossStats::default(), best: false, bleu: Some(f64::NAN), ..valid(1) };
    assert_eq!(
        valid_line(&nothing),
        "step 1  valid loss NaN  nll NaN  perplexity NaN  accuracy NaN %  BLEU NaN"
    );
}

#[test]
fn the_line_of_a_validation() {
    let stats = LossStats { loss_sum: 3302.0, nll_sum: 2910.7, count: 1000, correct: 471 };
    let record = ValidRecord { step: 500, stats, bleu: Some(21.34), ..valid(1) };
    assert_eq!(
        valid_line(&record),
        "step 500  valid loss 3.302  nll 2.911  perplexity 18.37  accuracy 47.1 %  BLEU 21.3  best so far"
    );
    let line = valid_line(&ValidRecord { bleu: None, best: false, ..record });
    assert_eq!(line, "step 500  valid loss 3.302  nll 2.911  perplexity 18.37  accuracy 47.1 %");
}

#[test]
fn the_time_left_goes_by_the_steps_of_this_process() {
    let minute = Duration::from_secs(72);
    assert_eq!(pace(minute, 100, 3900), "1.2 min, 47 min left");
    assert_eq!(pace(minute, 72, 5), "1.2 min, 5 s left");
    assert_eq!(pace(minute, 0, 5), "1.2 min");
    assert_eq!(pace(minute, 5, 0), "1.2 min");
    let mut progress = without_terminal(1030, 1000, 10);
    progress.step = 1010;
    progress.started = Instant::now().checked_sub(Duration::from_secs(3600)).unwrap();
    assert_eq!(progress.times(), "60 min, 2.0 h left");
    progress.options.max_steps = 5;
    assert_eq!(progress.times(), "60 min", "past its end");
}

#[test]
fn lengths_of_time_have_the_unit_that_suits_them() {
    let told = [0.4, 59.0, 60.0, 90.0, 2820.0, 7200.0, 1e6, f64::NAN, f64::INFINITY].map(time);
    assert_eq!(told, ["0 s", "59 s", "1.0 min", "1.5 min", "47 min", "2.0 h", "277.8 h", "NaN h", "inf h"]);
}

#[test]
fn perplexities_have_four_digits() {
    let told = [1.05, 18.368, 167.84, 8000.4, 123456.0, 1.2345e7, f64::INFINITY].map(four_digits);
    assert_eq!(told, ["1.050", "18.37", "167.8", "8000", "123456", "1.234e7", "inf"]);
}

/// A terminal that keeps what is written to it.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<String>>);

impl Recorder {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl TermLike for Recorder {
    fn width(&self) -> u16 {
        80
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(&format!("{text}\n"))
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_terminal_has_a_bar_with_the_figures_and_lines_above_it() {
    let terminal = Recorder::default();
    let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
    let mut progress =
        ProgressDisplay::drawn_to(target, ReportOptions { max_epochs: 3, ..options(40, 10, 10) });
    assert_eq!(progress.bar.position(), 10);
    for step in 11..=20 {
        let line = progress.step(&record(step, step as f64, 2.5e-4));
        assert_eq!(line.is_some(), step == 20, "the log has it");
    }
    assert_eq!((progress.bar.position(), progress.bar.length()), (20, Some(40)));
    let figures = "loss 3.875  nll 0.500  perplexity 1.649  lr 2.50e-4  8 tokens/s";
    assert_eq!(progress.bar.message(), figures);
    let prefix = progress.bar.prefix();
    assert!(
        prefix.starts_with("epoch 2 of 3 (5 of 9 batches)  ") && prefix.ends_with("  0 s, 0 s left"),
        "{prefix}"
    );
    progress.note(&valid_line(&valid(20)));
    (progress.voice())("something else", Asked::Sent);
    let text = terminal.text();
    let at = |part: &str| text.rfind(part).unwrap_or_else(|| panic!("{part:?} is not in {text:?}"));
    assert!(
        at("step 20  valid loss 0.750  nll 0.500  perplexity 1.649  accuracy 25.0 %  best so far")
            < at("something else")
    );
    assert!(at("something else") < at(" 20 of 40  ") && at(" 20 of 40") < at(figures), "the bar is below");
    assert!(progress.finish().is_none());
    assert!(progress.bar.is_finished());
    assert_eq!(progress.bar.position(), 20, "where it was interrupted");
    progress.note("said beside it");
    assert!(!terminal.text().contains("said beside it"), "it is not drawn again");
    assert!(!terminal.text().contains("step 20 of 40"), "lines are not beside a bar");
}
