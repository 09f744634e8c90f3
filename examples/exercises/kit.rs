//! What exercises and their checks have in common.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use etudiant::tensor::Tensor;

/// Stands where your code goes; ends the check, which then says "not solved yet". Takes the arguments of the function, so
/// that the compiler does not complain of these. Who has solved all needs it no more.
#[allow(unused_macros)]
macro_rules! your_turn {
    ($($argument:ident),*) => {{
        $(let _ = &$argument;)*
        std::panic::resume_unwind(Box::new($crate::kit::NotYet))
    }};
}

/// What `your_turn!` ends a check with.
pub struct NotYet;

/// What a check says: nothing, or what is wrong.
pub type Verdict = Result<(), String>;

/// How it stands with an exercise.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// The check found nothing wrong.
    Solved,
    /// It says `your_turn!`.
    NotYet,
    /// What was expected, and what was found.
    Wrong(String),
}

thread_local! {
    /// Whether a check runs on this thread.
    static CHECKING: Cell<bool> = const { Cell::new(false) };
    /// The last panic in it: what, and where.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a check. If the code that it calls panics, that is wrong too.
pub fn outcome(check: fn() -> Verdict) -> Outcome {
    note_panics();
    CHECKING.set(true);
    let verdict = panic::catch_unwind(AssertUnwindSafe(check));
    CHECKING.set(false);
    match verdict {
        Ok(Ok(())) => Outcome::Solved,
        Ok(Err(what)) => Outcome::Wrong(what),
        Err(payload) if payload.is::<NotYet>() => Outcome::NotYet,
        Err(_) => Outcome::Wrong(format!("it stopped: {}", PANIC.take())),
    }
}

/// From now on, panics in checks are noted, not printed.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CHECKING.get() {
                return before(info);
            }
            let place = info.location().map(|place| format!("\nat {}:{}", place.file(), place.line()));
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let what = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
            PANIC.set(format!("{what}{}", place.unwrap_or_default()));
        }));
    });
}

/// The two are the same.
pub fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}

/// The two numbers differ by no more than `tolerance`, relative to the expected one if it is larger than 1.
pub fn close(what: &str, found: f64, expected: f64, tolerance: f64) -> Verdict {
    let is_close = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
    if is_close { Ok(()) } else { Err(format!("{what}: expected {expected}, found {found}")) }
}

/// As many numbers, each close to the other.
pub fn all_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) -> Verdict {
    same(&format!("{what}, how many numbers"), found.len(), expected.len())?;
    let mut both = found.iter().zip(expected).enumerate();
    both.try_for_each(|(i, (&x, &y))| close(&format!("{what}, at [{i}]"), x, y, tolerance))
}

/// The same shape, and each number close to the other, to 1e-12.
pub fn tensors(what: &str, found: &Tensor, expected: &Tensor) -> Verdict {
    same(&format!("{what}, the shape"), found.shape(), expected.shape())?;
    let mut both = found.to_f64_vec().into_iter().zip(expected.to_f64_vec()).enumerate();
    both.try_for_each(|(i, (x, y))| {
        close(&format!("{what}, at {:?}", found.shape().index_of(i)), x, y, 1e-12)
    })
}
