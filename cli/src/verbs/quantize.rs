//! `etudiant quantize`: a model in fewer bytes.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::weights::Weights;
use crate::console::print;
use crate::error::Error;
use crate::model::open_translator;

/// The options of `etudiant quantize`.
#[derive(Args)]
#[command(after_help = "\
The file that it writes is a model like any other, to translate, evaluate and inspect, a half or a quarter as large as in f32. Its
matrices are rounded, for good; biases and norms are kept. Decoding waits for weights to be read, so that smaller ones
are faster. What rounding costs, a test set tells:

    etudiant quantize --to int8 runs/numbers/model.safetensors numbers-int8.safetensors
    etudiant evaluate --model numbers-int8.safetensors --source F --reference F

To round without a file, there is --weights of translate and evaluate.")]
pub struct QuantizeArgs {
    /// How weights are kept
    #[arg(long, value_enum)]
    to: Weights,
    /// The model file
    #[arg(value_name = "IN")]
    model: PathBuf,
    /// The file to write; it must not be there yet
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

pub(super) fn run(args: &QuantizeArgs) -> Result<(), Error> {
    if args.out.symlink_metadata().is_ok() {
        let problem = "this is there already, and nothing is written over";
        return Err(Error::at(&args.out, format!("{problem}; choose another name, or remove it first")));
    }
    nn::atomic::check_writable(&args.out)?;
    let translator = open_translator(&args.model)?.with_packing(args.to.into());
    translator.save(&args.out)?;
    let megabytes = |path: &PathBuf| fs::metadata(path).map_or(f64::NAN, |about| about.len() as f64 / 1e6);
    print(&format!(
        "{}: weights in {}, {:.1} MB; {} has {:.1} MB\n",
        args.out.display(),
        translator.packing(),
        megabytes(&args.out),
        args.model.display(),
        megabytes(&args.model),
    ))
}
