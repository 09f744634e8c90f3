//! `etudiant bench`: how fast this machine is.

use clap::Args;

use crate::error::Error;

/// The options of `etudiant bench`.
#[derive(Args)]
pub struct BenchArgs {}

pub(super) fn run(_args: &BenchArgs) -> Result<(), Error> {
    Ok(())
}
