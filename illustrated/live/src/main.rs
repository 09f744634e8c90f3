//! Makes the page: compiles the module for WebAssembly, and puts it, scripts and styles into one file that opens offline.
//!
//! ```text
//! rustup target add wasm32-unknown-unknown
//! cargo run --release -p etudiant-live -- --out live.html
//! ```

mod page;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::{env, fs};

use clap::Parser;
use live::{Session, Settings};

const TARGET: &str = "wasm32-unknown-unknown";

/// Makes the page in which a Transformer trains in the browser.
#[derive(Parser)]
#[command(name = "live")]
struct Arguments {
    /// Where the page goes.
    #[arg(long, value_name = "FILE", default_value = "live.html")]
    out: PathBuf,

    /// Prints the losses of so many steps of the settings that the page begins with, as this machine computes them.
    #[arg(long, value_name = "STEPS")]
    losses: Option<usize>,

    /// The module, if it is compiled already; otherwise cargo compiles it.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(Arguments { out, losses, module }: Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(n_steps) = losses {
        let reports = Session::begin(Settings::default())?.train(n_steps)?;
        let losses: Vec<f64> = reports.iter().map(|report| report.stats.loss()).collect();
        println!("{}", serde_json::to_string(&losses)?);
        return Ok(());
    }
    let module = module.map_or_else(compiled, Ok)?;
    let wasm = fs::read(&module).map_err(|problem| format!("{}: {problem}", module.display()))?;
    let page = page::page(&wasm);
    nn::atomic::write_atomically(&out, |file| file.write_all(page.as_bytes()))?;
    println!(
        "{}: {:.2} MB, with a module of {:.2} MB packed in it. Open it in a browser; it needs no network.",
        out.display(),
        page.len() as f64 / 1e6,
        wasm.len() as f64 / 1e6
    );
    Ok(())
}

/// Compiles the module, for processors with vectors of 128 bits, which every browser of today has.
fn compiled() -> Result<PathBuf, Box<dyn Error>> {
    let folder = env::var_os("CARGO_MANIFEST_DIR"); // as cargo says when it runs this: a checkout may have moved
    let folder = folder.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let workspace = folder.join("../..");
    // One that is relative is meant from here, and cargo runs elsewhere.
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let target = std::path::absolute(target)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--locked", "--profile", "live", "-p", "etudiant-live", "--lib", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-C target-feature=+simd128")
        .current_dir(&workspace)
        .status()?;
    if !status.success() {
        return Err(format!(
            "the module did not compile; if the target is missing: rustup target add {TARGET}"
        )
        .into());
    }
    Ok(target.join(TARGET).join("live/live.wasm"))
}
