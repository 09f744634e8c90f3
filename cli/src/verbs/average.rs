//! `etudiant average`: the mean of checkpoints.

use clap::Args;

use crate::error::Error;

/// The options of `etudiant average`.
#[derive(Args)]
pub struct AverageArgs {}

pub(super) fn run(_args: &AverageArgs) -> Result<(), Error> {
    Ok(())
}
