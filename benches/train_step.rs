//! How long a training step takes: forward, label-smoothed cross-entropy, backward, Adam, dropout on.
//!
//!     cargo bench --bench train_step -- base             # toy, tiny, small, base; all four without a name
//!     cargo bench --bench train_step -- base --bf16      # with what layers multiply rounded to bf16
//!     cargo bench --bench train_step -- base --profile   # and then the time by operation, in five steps more
//!
//! Full batches, the same work at each step, embeddings tied three ways, biases everywhere. `RAYON_NUM_THREADS`
//! sets the threads. Each size runs in a process of its own, so that its peak memory is its own.

mod common;

use std::env;
use std::process::{Command, ExitCode};

use clap::Parser;
use common::{Clock, Size, peak_memory_mb};
use etudiant::autograd::Profile;
use etudiant::tensor::Precision;
use etudiant::tensor::peak::fma_flops;

const SIZES: [(&str, Size); 4] = [
    (
        "toy",
        Size {
            vocab_size: 8,
            d_model: 64,
            n_heads: 4,
            d_ff: 256,
            n_layers: 2,
            batch: 1,
            src_len: 4,
            tgt_len: 5,
            dropout: 0.0,
        },
    ),
    (
        "tiny",
        Size {
            vocab_size: 10_000,
            d_model: 128,
            n_heads: 4,
            d_ff: 256,
            n_layers: 4,
            batch: 128,
            src_len: 16,
            tgt_len: 16,
            dropout: 0.3,
        },
    ),
    (
        "small",
        Size {
            vocab_size: 10_000,
            d_model: 256,
            n_heads: 4,
            d_ff: 1024,
            n_layers: 3,
            batch: 64,
            src_len: 32,
            tgt_len: 32,
            dropout: 0.1,
        },
    ),
    (
        "base",
        Size {
            vocab_size: 16_000,
            d_model: 512,
            n_heads: 8,
            d_ff: 2048,
            n_layers: 6,
            batch: 32,
            src_len: 32,
            tgt_len: 32,
            dropout: 0.1,
        },
    ),
];

/// Steps that a profile is the average of.
const PROFILED: u32 = 5;

/// How long a training step takes. RAYON_NUM_THREADS sets the threads.
#[derive(Parser)]
#[command(name = "cargo bench --bench train_step --")]
struct Options {
    /// Which sizes; all of them without
    #[arg(value_parser = SIZES.map(|(name, _)| name))]
    sizes: Vec<String>,
    /// Seconds to measure each size for; at least 5 and at most 300 steps are measured
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Round to bf16 what layers multiply
    #[arg(long)]
    bf16: bool,
    /// Print the time by operation as well
    #[arg(long)]
    profile: bool,
    /// What `cargo bench` adds to every call
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let [name] = &options.sizes[..] {
        let (name, size) = SIZES.iter().find(|(known, _)| known == name).expect("clap knows the names");
        measure(name, size, &options);
        return ExitCode::SUCCESS;
    }
    let names = match options.sizes.is_empty() {
        true => SIZES.map(|(name, _)| name.to_string()).into(),
        false => options.sizes,
    };
    let this = env::current_exe().expect("this program has a path");
    let succeeds = |name: &String| {
        let mut command = Command::new(&this);
        command.args([name, "--seconds", &options.seconds.to_string()]);
        command.args(options.profile.then_some("--profile"));
        command.args(options.bf16.then_some("--bf16"));
        command.status().is_ok_and(|status| status.success())
    };
    match names.iter().all(succeeds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn measure(name: &str, size: &Size, options: &Options) {
    let (precision, rounded) =
        if options.bf16 { (Precision::Bf16, " in bf16") } else { (Precision::F32, "") };
    let (mut trainer, batches) = (size.trainer(precision), [size.batch()]);
    let clock = Clock { warm_up: 3, seconds: options.seconds, steps: 5..=300 };
    let seconds = clock.time(|| {
        trainer.train_step(&batches).expect("the loss is finite");
    });
    let (median, peak_memory) = (seconds[seconds.len() / 2], peak_memory_mb());
    if options.profile {
        trainer.profile_steps(true);
        let mut profile = Profile::default();
        for _ in 0..PROFILED {
            let report = trainer.train_step(&batches).expect("the loss is finite");
            profile.merge(&report.profile.expect("it was asked for"));
        }
        println!(
            "{name}: the mean of {PROFILED} steps, one shard after the other\n{}",
            profile.per(PROFILED)
        );
    }
    println!(
        "train_step {name}{rounded}: median {:.2} ms, min {:.2} ms, {:.0} target tokens/s, peak {peak_memory:.0} MB, {:.0} % of FMA peak",
        1e3 * median,
        1e3 * seconds[0],
        size.target_tokens() / median,
        100.0 * size.flops() / median / fma_flops(),
    );
}
