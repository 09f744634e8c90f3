//! No test here says how long anything takes. Times are compared with those of what they contain, or are
//! contained in, by the same clock.

use std::cell::Cell;
use std::rc::Rc;
use std::thread::sleep;

use super::*;
use crate::tape::Tape;
use crate::var::Var;
use tensor::Tensor;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn row(name: &'static str, calls: u64, forward: u64, backward: u64, outside: u64) -> Row {
    Row { name, calls, forward: ms(forward), backward: ms(backward), outside: ms(outside) }
}

fn profile_of(rows: &[Row]) -> Profile {
    let mut profile = Profile::default();
    rows.iter().for_each(|&row| profile.add(row));
    profile
}

/// Name and calls of each row.
fn calls(profile: &Profile) -> Vec<(&'static str, u64)> {
    profile.rows().iter().map(|row| (row.name, row.calls)).collect()
}

fn forward(profile: &Profile) -> Duration {
    profile.rows().iter().map(|row| row.forward).sum()
}

fn backward(profile: &Profile) -> Duration {
    profile.rows().iter().map(|row| row.backward).sum()
}

/// Does nothing for a while, and says for how long.
fn wait() -> Duration {
    let started = Instant::now();
    sleep(ms(1));
    started.elapsed()
}

#[test]
fn all_time_until_an_operation_is_recorded_is_given_to_one() {
    let tape = Tape::new();
    let started = Instant::now();
    tape.start_profile();
    let inner = Instant::now();
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let waited = wait(); // as if exp took so long
    let y = x.exp().exp();
    let inner = inner.elapsed();
    let _ = y.sum(.., false);
    let outer = started.elapsed();
    let profile = tape.clone().take_profile();
    assert_eq!(calls(&profile), [("leaf", 1), ("exp", 2), ("sum", 1)]);
    assert!(profile.row("exp").unwrap().forward >= waited);
    assert!((inner..=outer).contains(&profile.total()));
    assert_eq!(forward(&profile), profile.total());
}

#[test]
fn all_time_of_the_way_back_is_given_to_an_operation() {
    let tape = Tape::new();
    let waited = Rc::new(Cell::new(Duration::ZERO));
    let waited_in_vjp = waited.clone();
    let x = tape.var(Tensor::scalar(1.0));
    let slow = Var::record("custom", &[&x], Tensor::scalar(2.0), move |grad_out, grads| {
        waited_in_vjp.set(wait());
        grads.add(0, || grad_out.clone());
    });
    let loss = slow.exp();
    tape.start_profile();
    let started = Instant::now();
    loss.backward();
    let outer = started.elapsed();
    let profile = tape.take_profile();
    assert_eq!(calls(&profile), [("exp", 0), ("custom", 0), ("leaf", 0)], "nothing was recorded");
    assert!(profile.row("custom").unwrap().backward >= waited.get());
    assert!((waited.get()..=outer).contains(&profile.total()));
    assert_eq!(backward(&profile), profile.total());
}

#[test]
fn the_time_before_backward_is_nobody_s() {
    let tape = Tape::new();
    tape.start_profile();
    let y = tape.var(Tensor::scalar(1.0)).exp();
    let recorded = Instant::now();
    let waited = wait();
    y.backward();
    let both = recorded.elapsed();
    let profile = tape.take_profile();
    assert!(backward(&profile) <= both - waited);
    assert_eq!(forward(&profile) + backward(&profile), profile.total());
}

#[test]
fn a_tape_that_does_not_profile_collects_nothing() {
    let tape = Tape::new();
    tape.var(Tensor::scalar(1.0)).exp().backward();
    assert_eq!(tape.take_profile(), Profile::default());
    tape.start_profile();
    let x = tape.var(Tensor::scalar(1.0)).exp();
    assert_eq!(calls(&tape.take_profile()), [("leaf", 1), ("exp", 1)]);
    x.backward();
    assert_eq!(tape.take_profile(), Profile::default(), "taking it ends it");
}

#[test]
fn profiles_add_up_by_name() {
    let mut sum = profile_of(&[row("exp", 1, 2, 3, 0), row("sum", 1, 1, 1, 0)]);
    sum.merge(&profile_of(&[row("clip", 1, 0, 0, 9), row("exp", 4, 5, 6, 7)]));
    let expected = [row("exp", 5, 7, 9, 7), row("sum", 1, 1, 1, 0), row("clip", 1, 0, 0, 9)];
    assert_eq!(sum.rows(), expected);
    assert_eq!(sum.total(), ms(23 + 2 + 9));
    assert_eq!(sum.row("log"), None);
}

#[test]
fn work_of_the_caller_is_a_row_too() {
    let mut profile = Profile::default();
    let started = Instant::now();
    let waited = profile.time("load", wait) + profile.time("load", wait);
    let outer = started.elapsed();
    let row = profile.row("load").unwrap();
    assert_eq!((row.calls, row.forward, row.backward), (2, Duration::ZERO, Duration::ZERO));
    assert!((waited..=outer).contains(&row.outside));
    assert_eq!(row.outside, profile.total());
}

#[test]
fn the_table_has_the_longest_first_and_ends_in_the_total() {
    let rows = [row("clip", 2, 0, 0, 100), row("layer_norm_of_all", 5, 200, 300, 0), row("leaf", 9, 0, 1, 0)];
    let expected = "\
operation          calls  forward ms  backward ms  total ms    share
layer_norm_of_all    2.5     100.000      150.000   250.000   83.2 %
clip                   1           -            -    50.000   16.6 %
leaf                 4.5           -        0.500     0.500    0.2 %
total                  8     100.000      150.500   300.500  100.0 %";
    assert_eq!(profile_of(&rows).per(2).to_string(), expected);
    let nothing = "\
operation  calls  forward ms  backward ms  total ms    share
total          0           -            -         -    0.0 %";
    assert_eq!(Profile::default().to_string(), nothing);
}

#[test]
#[should_panic(expected = "profile: 0 runs have no average")]
fn the_average_of_no_runs_panics() {
    let _ = Profile::default().per(0);
}
