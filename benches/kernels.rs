//! How much of what the machine can do the kernels use: matrix products in GFLOP/s beside the peak of
//! multiply-adds, everything else in GB/s beside the memory's bandwidth, both measured in the same run.
//!
//!     cargo bench --bench kernels                    # all; a word chooses: gemm, softmax, 'adam base'
//!
//! Bytes are those that must move: every input read once and every output written once. What fits a cache
//! can exceed the memory's bandwidth. `RAYON_NUM_THREADS` sets the threads. A plain loop that prints medians
//! serves here: a harness would add its statistics, and could not print shares of a peak.

use std::cell::Cell;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use etudiant::autograd::{Tape, Var};
use etudiant::nn::{Adam, Optimizer, ParamGradients, Params};
use etudiant::tensor::ops::attention::{AttentionSpec, attention, attention_vjp};
use etudiant::tensor::ops::cross_entropy::{cross_entropy, cross_entropy_vjp, cross_entropy_with_vjp};
use etudiant::tensor::ops::layer_norm::layer_norm_vjp;
use etudiant::tensor::ops::softmax::softmax_vjp;
use etudiant::tensor::peak::{fma_flops, read_bandwidth};
use etudiant::tensor::{DType, Seed, Tensor};

/// Seconds to measure each kernel for, and the fewest runs.
const SECONDS: f64 = 0.3;
const LEAST_RUNS: usize = 7;

/// How much of what the machine can do the kernels use. RAYON_NUM_THREADS sets the threads.
#[derive(Parser)]
#[command(name = "cargo bench --bench kernels --")]
struct Options {
    /// Words that choose kernels by their names: gemm, softmax, 'adam base'; all without
    words: Vec<String>,
    /// What `cargo bench` adds to every call
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let Options { words, .. } = Options::parse();
    let found = Cell::new(false);
    let bench = Bench { words, found, fma_flops: fma_flops(), read_bandwidth: read_bandwidth() };
    let (gflops, gigabytes) = (bench.fma_flops / 1e9, bench.read_bandwidth / 1e9);
    println!("peak: {gflops:.0} GFLOP/s of multiply-adds, {gigabytes:.1} GB/s read from memory");
    gemm(&bench);
    attention_block(&bench);
    rows(&bench);
    cross_entropy_rows(&bench);
    elementwise(&bench);
    embedding(&bench);
    adam(&bench);
    if !bench.found.get() {
        eprintln!("kernels: there is none with {} in its name", bench.words.join(" or "));
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// What is measured, and what it is compared to.
struct Bench {
    words: Vec<String>,
    /// Whether a kernel was chosen.
    found: Cell<bool>,
    fma_flops: f64,
    read_bandwidth: f64,
}

impl Bench {
    /// Prints the rate of `operations` floating-point operations per run.
    fn flops<R>(&self, name: &str, operations: usize, run: impl FnMut() -> R) {
        self.measure(name, operations, "GFLOP/s", self.fma_flops, "FMA peak", run);
    }

    /// Prints the rate of `floats` f32 that are read or written per run.
    fn floats<R>(&self, name: &str, floats: usize, run: impl FnMut() -> R) {
        self.measure(name, 4 * floats, "GB/s", self.read_bandwidth, "read bandwidth", run);
    }

    fn measure<R>(
        &self,
        name: &str,
        amount: usize,
        unit: &str,
        peak: f64,
        of: &str,
        mut run: impl FnMut() -> R,
    ) {
        if !self.words.is_empty() && !self.words.iter().any(|word| name.contains(word.as_str())) {
            return;
        }
        self.found.set(true);
        let mut seconds = || {
            let started = Instant::now();
            black_box(run());
            started.elapsed().as_secs_f64()
        };
        seconds(); // warms up
        let mut times = Vec::new();
        let started = Instant::now();
        while times.len() < LEAST_RUNS || started.elapsed().as_secs_f64() < SECONDS {
            times.push(seconds());
        }
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        let rate = amount as f64 / median;
        println!(
            "{name:<42} {:>9.3} ms {:>8.1} {unit:<8} {:>4.0} % of {of}",
            1e3 * median,
            rate / 1e9,
            100.0 * rate / peak
        );
    }
}

fn normal(shape: &[usize], seed: u64) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, Seed::new(seed), DType::F32)
}

/// Ids that jump around in a vocabulary.
fn ids(count: usize, vocab_size: usize) -> Vec<u32> {
    (0..count as u64).map(|i| (Seed::new(3).derive_index(i).0 % vocab_size as u64) as u32).collect()
}

/// Squares, and the three products of a layer (forward, gradient of x, gradient of the weight) at the sizes of
/// `benches/train_step.rs`, whose shards have 1024 rows.
fn gemm(bench: &Bench) {
    for n in [64, 128, 256, 512, 1024, 2048] {
        let (a, b) = (normal(&[n, n], 1), normal(&[n, n], 2));
        bench.flops(&format!("gemm square {n}"), 2 * n * n * n, || a.matmul(&b));
    }
    let layers = [
        ("tiny attention", 1024, 128, 128),
        ("tiny feed-forward", 1024, 128, 256),
        ("tiny vocabulary", 256, 128, 10_000),
        ("small feed-forward", 1024, 256, 1024),
        ("base attention", 1024, 512, 512),
        ("base feed-forward", 1024, 512, 2048),
        ("base vocabulary", 256, 512, 16_000),
    ];
    for (name, rows, d_in, d_out) in layers {
        let (x, weight, grad) =
            (normal(&[rows, d_in], 1), normal(&[d_out, d_in], 2), normal(&[rows, d_out], 3));
        let operations = 2 * rows * d_in * d_out;
        bench.flops(&format!("gemm {name} forward"), operations, || x.linear(&weight, None));
        bench.flops(&format!("gemm {name} grad x"), operations, || grad.matmul(&weight));
        bench.flops(&format!("gemm {name} grad weight"), operations, || grad.transpose(0, 1).matmul(&x));
    }
}

/// All heads of self-attention between their projections.
fn attention_block(bench: &Bench) {
    for (name, batch, len, d_model, n_heads, p) in
        [("tiny", 128, 16, 128, 4, 0.3), ("base", 32, 32, 512, 8, 0.1), ("long", 1, 1024, 512, 8, 0.1)]
    {
        let [query, key, value] = [1, 2, 3].map(|seed| normal(&[batch, len, d_model], seed));
        let scale = (d_model as f64 / n_heads as f64).powf(-0.5);
        let spec = AttentionSpec { n_heads, scale, mask: None, dropout: Some((p, Seed::new(4))) };
        let product = 2 * batch * len * len * d_model;
        bench.flops(&format!("attention {name}"), 2 * product, || attention(&query, &key, &value, &spec));
        bench.flops(&format!("attention {name} vjp"), 5 * product, || {
            attention_vjp(&query, &key, &value, &query, &spec)
        });
    }
}

/// Softmax and layer norm.
fn rows(bench: &Bench) {
    for (rows, len) in [(8192, 16), (8192, 32), (2048, 1024)] {
        let (x, grad) = (normal(&[rows, len], 1), normal(&[rows, len], 2));
        let out = x.softmax(-1);
        bench.floats(&format!("softmax {rows} x {len}"), 2 * rows * len, || x.softmax(-1));
        bench.floats(&format!("softmax {rows} x {len} vjp"), 3 * rows * len, || softmax_vjp(&out, &grad, -1));
    }
    for (rows, d) in [(2048, 128), (1024, 512), (16_384, 512)] {
        let (x, grad) = (normal(&[rows, d], 1), normal(&[rows, d], 2));
        let (gamma, beta) = (normal(&[d], 3), normal(&[d], 4));
        let saved = x.layer_norm(&gamma, &beta, 1e-5);
        bench.floats(&format!("layer_norm {rows} x {d}"), 2 * rows * d, || x.layer_norm(&gamma, &beta, 1e-5));
        bench.floats(&format!("layer_norm {rows} x {d} vjp"), 3 * rows * d, || {
            layer_norm_vjp(&x, &gamma, &saved.mean, &saved.rstd, &grad)
        });
    }
}

/// Chunks of logits as `linear_cross_entropy` cuts them.
fn cross_entropy_rows(bench: &Bench) {
    for (rows, vocab_size) in [(256, 10_000), (256, 16_000)] {
        let (mut logits, labels) = (normal(&[rows, vocab_size], 1), ids(rows, vocab_size));
        let numel = rows * vocab_size;
        let name = format!("cross_entropy {rows} x {vocab_size}");
        bench.floats(&name, numel, || cross_entropy(&logits, &labels, 0.1));
        bench.floats(&format!("{name} vjp"), 2 * numel, || cross_entropy_vjp(&logits, &labels, 0.1, 1.0));
        // In place, so that all but the first call see gradients as logits: the work is the same.
        bench.floats(&format!("{name} with vjp"), 2 * numel, || {
            cross_entropy_with_vjp(&mut logits, &labels, 0.1, 1.0)
        });
    }
}

/// Functions of one element, with their vjps as the tape runs them, in and out of cache.
fn elementwise(bench: &Bench) {
    for (rows, d) in [(2048, 256), (8192, 2048)] {
        let (x, y, numel) = (normal(&[rows, d], 1), normal(&[rows, d], 2), rows * d);
        let bias = normal(&[d], 3);
        let name = |operation: &str| format!("{operation} {rows} x {d}");
        bench.floats(&name("add"), 3 * numel, || x.add(&y));
        bench.floats(&name("add bias"), 2 * numel, || x.add(&bias));
        bench.floats(&name("sum of rows"), numel, || x.sum(0, false));
        bench.floats(&name("dropout"), 2 * numel, || x.dropout(0.1, Seed::new(4)));
        bench.floats(&name("exp"), 2 * numel, || x.exp());
        bench.floats(&name("tanh"), 2 * numel, || x.tanh());
        bench.floats(&name("sigmoid"), 2 * numel, || x.sigmoid());
        for (operation, f) in [("relu", Var::relu as fn(&Var) -> Var), ("gelu", Var::gelu)] {
            bench.floats(&name(operation), 2 * numel, || f(&Var::constant(x.clone())));
            bench.floats(&name(&format!("{operation} and vjp")), 5 * numel, || {
                f(&Tape::new().var(x.clone())).backward_with(y.clone())
            });
        }
    }
}

/// The rows of a batch's words, and their gradients put back.
fn embedding(bench: &Bench) {
    for (count, vocab_size, d) in [(2048, 10_000, 128), (1024, 16_000, 512)] {
        let (table, rows, ids) =
            (normal(&[vocab_size, d], 1), normal(&[count, d], 2), ids(count, vocab_size));
        let name = format!("embedding {count} of {vocab_size} x {d}");
        bench.floats(&name, 2 * count * d, || table.gather_rows(&ids));
        bench.floats(&format!("{name} vjp"), (count + vocab_size) * d, || {
            rows.scatter_add_rows(&ids, vocab_size)
        });
    }
}

/// A step over parameters in matrices of the model's sizes: parameter, gradient and two moments are read, three
/// of them written.
fn adam(bench: &Bench) {
    for (name, matrices, d, d_ff) in [("tiny", 16, 128, 256), ("base", 24, 512, 2048)] {
        let mut params = Params::new(DType::F32);
        for i in 0..matrices {
            params.add(format!("weight.{i}"), normal(&[d_ff, d], i));
        }
        let mut gradients = ParamGradients::empty(&params);
        let all: Vec<_> = params.iter().map(|(id, _, _)| id).collect();
        for id in all {
            gradients.set(id, normal(&[d_ff, d], 99));
        }
        let mut adam = Adam::default();
        let numel = params.numel();
        bench.floats(&format!("adam {name}"), 7 * numel, || adam.step(&mut params, &gradients, 1e-9));
    }
}
