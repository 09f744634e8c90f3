//! What the page's other half does, without a browser.

mod ablations;
mod bad_input;
mod expected;
mod held_out;
mod runs;
mod subwords;
