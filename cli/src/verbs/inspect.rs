//! `etudiant inspect`: what is in a model file.

use clap::Args;

use crate::error::Error;

/// The options of `etudiant inspect`.
#[derive(Args)]
pub struct InspectArgs {}

pub(super) fn run(_args: &InspectArgs) -> Result<(), Error> {
    Ok(())
}
