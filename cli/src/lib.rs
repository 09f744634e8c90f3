//! The command `etudiant`: real parallel text in, a model that translates out.
//!
//! Where to read: [`verbs`] is what it can be asked; [`recipe`] everything a run is told in one file; [`corpus`] and
//! [`text`] lead from files to ids; [`train`] is the run, [`run_folder`] and [`model_file`] what it leaves on disk,
//! [`report`] what it says meanwhile; [`translation`] is how a model is used, [`metrics`] how good it is; [`numbers`]
//! is a corpus for those who have none. [`error`] has the exit codes.

pub mod console;
pub mod error;
pub mod model;
pub mod numbers;
pub mod recipe;
pub mod report;
pub mod run_folder;
pub mod train;
pub mod verbs;

pub use error::Error;
