//! How the time of a training step grows with the work: with the tokens of a batch, the length of sentences, the
//! width of the model, the vocabulary.
//!
//!     cargo bench --bench scaling                          # some five minutes on two cores
//!     cargo bench --bench scaling -- --svg scaling.svg     # and a plot
//!     cargo bench --bench scaling -- length vocabulary     # only these
//!
//! One number varies at a time, around a model of d_model 256, 2 + 2 layers, 8,000 words, on 64 pairs of 32 + 32
//! tokens. `growth` is how many times longer a step takes than in the row above, divided by how many times more
//! arithmetic it does: 1 grows as the arithmetic does, less grows more slowly, much more is a surprise. Each
//! point runs in a process of its own, so that its peak memory is its own.

#[path = "../common/mod.rs"]
mod common;
mod svg;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

use clap::Parser;
use common::{Clock, Size, peak_memory_mb};
use etudiant::tensor::{Precision, peak::fma_flops};

const MIDDLE: Size = Size {
    vocab_size: 8000,
    d_model: 256,
    n_heads: 4,
    d_ff: 1024,
    n_layers: 2,
    batch: 64,
    src_len: 32,
    tgt_len: 32,
    dropout: 0.1,
};

/// How the time of a training step grows with the work.
#[derive(Parser)]
struct Options {
    /// Words that choose among "batch tokens", "sequence length", "d_model" and "vocabulary size"
    words: Vec<String>,
    /// Seconds to measure each point for; at least three steps are measured
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Where to write the plot
    #[arg(long)]
    svg: Option<PathBuf>,
    /// How this program calls itself: the one point to measure, by its sweep and place
    #[arg(long, hide = true, num_args = 2)]
    point: Option<Vec<usize>>,
    /// What `cargo bench` adds to every call
    #[arg(long, hide = true)]
    bench: bool,
}

/// Points that differ in one number.
struct Sweep {
    name: &'static str,
    points: Vec<(usize, Size)>,
}

impl Sweep {
    fn new<const N: usize>(name: &'static str, xs: [usize; N], size: fn(usize) -> Size) -> Sweep {
        Sweep { name, points: xs.map(|x| (x, size(x))).into() }
    }
}

fn sweeps() -> [Sweep; 4] {
    let tokens = MIDDLE.batch * MIDDLE.tgt_len;
    assert_eq!(tokens, 2048, "the second sweep keeps the tokens of a batch");
    [
        Sweep::new("batch tokens", [256, 512, 1024, 2048, 4096, 8192], |tokens| Size {
            batch: tokens / MIDDLE.tgt_len,
            ..MIDDLE
        }),
        Sweep::new("sequence length", [32, 64, 128, 256, 512, 1024], |len| Size {
            batch: 2048 / len,
            src_len: len,
            tgt_len: len,
            ..MIDDLE
        }),
        Sweep::new("d_model", [64, 128, 256, 512, 1024], |d_model| Size {
            d_model,
            d_ff: 4 * d_model,
            n_heads: d_model / 64,
            ..MIDDLE
        }),
        Sweep::new("vocabulary size", [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000], |vocab_size| Size {
            vocab_size,
            ..MIDDLE
        }),
    ]
}

/// What was measured at a point.
struct Row {
    /// The number that varies.
    x: usize,
    /// The median step, in seconds.
    seconds: f64,
    /// The operations of its matrix products.
    flops: f64,
    /// How long those would take at the peak of multiply-adds, in seconds.
    arithmetic: f64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(point) = &options.point {
        measure(&sweeps()[point[0]].points[point[1]].1, options.seconds);
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("scaling: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Measures this one point: prints the median step in seconds and the peak memory in MB.
fn measure(size: &Size, seconds: f64) {
    let (mut trainer, batches) = (size.trainer(Precision::F32), [size.batch()]);
    let clock = Clock { warm_up: 1, seconds, steps: 3..=50 };
    let times = clock.time(|| {
        trainer.train_step(&batches).expect("the loss is finite");
    });
    println!("{} {}", times[times.len() / 2], peak_memory_mb());
}

fn run(options: &Options) -> Result<(), String> {
    if let Some(path) = &options.svg {
        // Before minutes are spent, and without touching a plot that is there.
        let opened = OpenOptions::new().create(true).append(true).open(path);
        opened.map_err(|error| cannot_write(path, &error))?;
    }
    let peak = fma_flops();
    println!("peak: {:.0} GFLOP/s of multiply-adds\n", peak / 1e9);
    let mut panels = Vec::new();
    for (index, sweep) in sweeps().iter().enumerate() {
        let words = &options.words;
        if words.is_empty() || words.iter().any(|word| sweep.name.contains(word.as_str())) {
            panels.push((sweep.name, table(index, sweep, options.seconds, peak)?));
        }
    }
    if panels.is_empty() {
        let names = sweeps().map(|sweep| sweep.name).join(", ");
        return Err(format!("{} chooses nothing among {names}", options.words.join(" ")));
    }
    match &options.svg {
        Some(path) => fs::write(path, svg::figure(&panels)).map_err(|error| cannot_write(path, &error)),
        None => Ok(()),
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

/// Runs and prints a sweep; `peak` is what the machine can do, in floating-point operations per second.
fn table(index: usize, sweep: &Sweep, measure_for: f64, peak: f64) -> Result<Vec<Row>, String> {
    println!(
        "{:>15} {:>9} {:>9} {:>8} {:>10} {:>7}",
        sweep.name, "ms", "tokens/s", "peak MB", "% of peak", "growth"
    );
    let mut rows: Vec<Row> = Vec::new();
    for (place, (x, size)) in sweep.points.iter().enumerate() {
        let measured = in_own_process([index, place], measure_for);
        let [seconds, peak_memory_mb] = measured.map_err(|why| format!("{} {x}: {why}", sweep.name))?;
        let (flops, arithmetic) = (size.flops(), size.flops() / peak);
        let row = Row { x: *x, seconds, flops, arithmetic };
        let growth = rows.last().map(|last| (row.seconds / last.seconds) / (row.flops / last.flops));
        println!(
            "{x:>15} {:>9.1} {:>9.0} {:>8.0} {:>10.0} {:>7}",
            1e3 * seconds,
            size.target_tokens() / seconds,
            peak_memory_mb,
            100.0 * arithmetic / seconds,
            growth.map_or("-".to_string(), |growth| format!("{growth:.2}")),
        );
        rows.push(row);
    }
    println!();
    Ok(rows)
}

/// The median step in seconds and the peak memory in MB of this point.
fn in_own_process(point: [usize; 2], seconds: f64) -> Result<[f64; 2], String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.args(["--seconds", &seconds.to_string(), "--point"]).args(point.map(|number| number.to_string()));
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("its process ended with {}; signal 9 means a lack of memory", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().map_err(|_| format!("expected two numbers from its process, found {text:?}"))
}
