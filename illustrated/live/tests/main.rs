//! What the page's other half does, without a browser.

mod ablations;
mod bad_input;
mod runs;
mod subwords;
