//! `etudiant evaluate`: how good a model is.

use clap::Args;

use crate::error::Error;

/// The options of `etudiant evaluate`.
#[derive(Args)]
pub struct EvaluateArgs {}

pub(super) fn run(_args: &EvaluateArgs) -> Result<(), Error> {
    Ok(())
}
