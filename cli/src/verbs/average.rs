//! `etudiant average`: the mean of checkpoints (Vaswani et al. 2017, §6.1).
//!
//! The file it writes must not be there yet. So it never writes over a checkpoint, its own inputs included, nor over
//! a file of somebody else's; what [`train`](crate::train) has written, only training writes again.

use std::path::PathBuf;

use clap::Args;

use crate::console::print;
use crate::error::Error;
use crate::model;

/// The options of `etudiant average`.
#[derive(Args)]
#[command(after_help = "\
Late in training a model moves about the best it could be; the mean of its last few places is often better than any of
them. The checkpoints must be of one run, each of another step. Judge both by sentences that were not trained on:

    etudiant average --out runs/numbers/mean.safetensors runs/numbers/checkpoints/*.safetensors
    etudiant evaluate --model runs/numbers/mean.safetensors --source F --reference F")]
pub struct AverageArgs {
    /// The file to write; it must not be there yet
    #[arg(long, value_name = "M")]
    out: PathBuf,
    /// Two or more checkpoints of one run
    #[arg(required = true, value_name = "CHECKPOINT")]
    checkpoints: Vec<PathBuf>,
}

pub(super) fn run(args: &AverageArgs) -> Result<(), Error> {
    if args.out.symlink_metadata().is_ok() {
        let problem = "this is there already, and nothing is written over";
        return Err(Error::at(&args.out, format!("{problem}; choose another --out, or remove it first")));
    }
    nn::atomic::check_writable(&args.out)?;
    let mean = model::mean(&args.checkpoints)?;
    mean.save(&args.out)?;
    let steps: Vec<String> = mean.about().averaged.iter().map(u64::to_string).collect();
    let (out, n) = (args.out.display(), steps.len());
    print(&format!("{out}: the mean of {n} checkpoints, of the steps {}\n", steps.join(", ")))
}
