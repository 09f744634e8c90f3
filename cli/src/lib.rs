//! The command `etudiant`: real parallel text in, a model that translates out.
//!
//! Where to read: [`verbs`] is what it can be asked; [`recipe`] everything a run is told in one file; [`train`] is the
//! run, [`run_folder`] what it leaves on disk, [`report`] what it says meanwhile; [`model`] is a model file as the command
//! sees it, a translator and the recipe that it was trained by; [`builtin`] has corpora for those who have none, of
//! [`numbers`] and of [`sentences`]; [`console`] is where lines go, [`threads`] how many work. [`error`] has the exit
//! codes. Text is the crate `text`'s, and what a model file is good for the crate `translate`'s.

pub mod builtin;
pub mod console;
pub mod error;
pub mod model;
pub mod numbers;
pub mod recipe;
pub mod report;
pub mod run_folder;
pub mod sentences;
pub mod threads;
pub mod train;
pub mod verbs;

pub use error::Error;
