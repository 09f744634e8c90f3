//! A real browser that opens a page, and what a page should show.
//!
//! The tests, one file a promise, are in `tests/`; `tests/browser/run` installs what they need and runs them.

#![cfg(feature = "chromium")]

pub mod browser;
pub mod shown;

pub use browser::{Browser, Window};
pub use shown::{Matrix, View};
