//! The Transformer that trains in a browser: the very engine and figures of this workspace, compiled to WebAssembly.
//!
//! A [`Session`] is a run in progress; a page asks it by [`Request`]s, which are JSON, and gets [`Answer`]s: JSON, and
//! numbers as bytes. Between the two stands [`seam`], the only place that knows of WebAssembly. What the page looks like,
//! `web/` has: `worker.js` holds the module, `live.js` and the scripts of the report draw. The program `live` makes one
//! file of it all: `cargo run --release -p etudiant-live`.

pub mod answer;
pub mod error;
pub mod opened;
pub mod request;
pub mod seam;
pub mod session;
pub mod settings;
mod shown;
pub mod state;
pub mod thinning;
mod view;

pub use answer::Answer;
pub use error::Error;
pub use request::{Live, Request};
pub use session::Session;
pub use settings::Settings;
