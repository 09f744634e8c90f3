//! `etudiant score`: what a model thinks of given translations.

use clap::Args;

use crate::error::Error;

/// The options of `etudiant score`.
#[derive(Args)]
pub struct ScoreArgs {}

pub(super) fn run(_args: &ScoreArgs) -> Result<(), Error> {
    Ok(())
}
