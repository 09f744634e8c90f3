//! The clock, where there is one.
//!
//! The standard library has none in the browser (`wasm32-unknown-unknown`): there, [`Instant::now`] panics. So whoever
//! takes times asks here, and decides what it is without them. There is no stand-in that would pass for a time.

use std::time::Instant;

/// The moment it is; `None` where there is no clock.
///
/// ```
/// let started = tensor::clock::now();
/// let seconds = started.map(|started| started.elapsed().as_secs_f64());
/// assert!(seconds.is_some_and(|seconds| seconds >= 0.0));
/// ```
pub fn now() -> Option<Instant> {
    let has_clock = !cfg!(all(target_family = "wasm", target_os = "unknown"));
    has_clock.then(Instant::now)
}
