//! `etudiant translate`: lines in, translations out.

use clap::Args;

use crate::error::Error;

/// The options of `etudiant translate`.
#[derive(Args)]
pub struct TranslateArgs {}

pub(super) fn run(_args: &TranslateArgs) -> Result<(), Error> {
    Ok(())
}
