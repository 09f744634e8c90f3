//! How long a training step takes: forward, label-smoothed cross-entropy, backward, Adam, dropout on.
//!
//!     cargo bench --bench train_step -- base         # toy, tiny, small, base; all four without a name
//!
//! Full batches, the same work at each step, embeddings tied three ways, biases everywhere. `RAYON_NUM_THREADS` sets the threads. Each size runs in
//! a process of its own, so that its peak memory is its own.

use std::env;
use std::process::{Command, ExitCode};
use std::time::Instant;

use etudiant::nn::{Adam, Constant};
use etudiant::tensor::kernels::peak::fma_flops;
use etudiant::tensor::{DType, Seed};
use etudiant::transformer::{
    Batch, Config, DecoderStart, Pair, TrainOptions, Trainer, Transformer, VocabSizes,
};

/// A model and the batch it is trained on.
struct Size {
    name: &'static str,
    vocab_size: usize,
    d_model: usize,
    n_heads: usize,
    d_ff: usize,
    n_layers: usize,
    batch: usize,
    src_len: usize,
    tgt_len: usize,
    dropout: f64,
}

const SIZES: [Size; 4] = [
    Size {
        name: "toy",
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
    Size {
        name: "tiny",
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
    Size {
        name: "small",
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
    Size {
        name: "base",
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
];

/// Steps before the clock starts.
const WARM_UP: usize = 3;
/// Seconds to measure for, and the fewest and most steps.
const SECONDS: f64 = 8.0;
const STEPS: (usize, usize) = (5, 300);

fn main() -> ExitCode {
    let names: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match &names[..] {
        [name] => match SIZES.iter().find(|size| size.name == name) {
            Some(size) => measure(size),
            None => {
                eprintln!("train_step: there is no size `{name}`; there are toy, tiny, small and base");
                return ExitCode::from(2);
            }
        },
        _ => {
            let names: Vec<&str> = match names.is_empty() {
                true => SIZES.iter().map(|size| size.name).collect(),
                false => names.iter().map(String::as_str).collect(),
            };
            let this = env::current_exe().expect("this program has a path");
            let runs = names.iter().map(|name| Command::new(&this).arg(name).status());
            if !runs.flatten().all(|status| status.success()) {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn measure(size: &Size) {
    let config = size.config();
    let model = Transformer::new(&config, Seed::new(1), DType::F32).expect("the sizes fit");
    let schedule = Constant { learning_rate: 1e-4 };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default()).unwrap();
    let batches = [size.batch(&config)];
    let mut step = || {
        let started = Instant::now();
        trainer.train_step(&batches).expect("the loss is finite");
        started.elapsed().as_secs_f64()
    };
    (0..WARM_UP).for_each(|_| {
        step();
    });
    let steps = (SECONDS / step()) as usize;
    let mut seconds: Vec<f64> = (0..steps.clamp(STEPS.0, STEPS.1)).map(|_| step()).collect();
    let peak_memory = peak_memory_mb();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!(
        "train_step {}: median {:.2} ms, min {:.2} ms, {:.0} target tokens/s, peak {peak_memory:.0} MB, {:.0} % of FMA peak",
        size.name,
        1e3 * median,
        1e3 * seconds[0],
        (size.batch * size.tgt_len) as f64 / median,
        100.0 * size.flops() / median / fma_flops(),
    );
}

impl Size {
    fn config(&self) -> Config {
        Config {
            d_model: self.d_model,
            n_heads: self.n_heads,
            d_ff: self.d_ff,
            n_encoder_layers: self.n_layers,
            n_decoder_layers: self.n_layers,
            dropout: self.dropout,
            attention_bias: true,
            decoder_start: DecoderStart::Token(1),
            ..Config::base(VocabSizes::Shared(self.vocab_size))
        }
    }

    /// Random sentences, all of full length.
    fn batch(&self, config: &Config) -> Batch {
        let ids = |len: usize, seed: Seed| {
            let id = |i| (seed.derive_index(i).0 % self.vocab_size as u64) as u32;
            (0..len as u64).map(id).collect::<Vec<u32>>()
        };
        let pair = |row| {
            let seed = Seed::new(2).derive_index(row);
            Pair { src: ids(self.src_len, seed.derive("src")), tgt: ids(self.tgt_len, seed.derive("tgt")) }
        };
        let pairs: Vec<Pair> = (0..self.batch as u64).map(pair).collect();
        Batch::new(&pairs, config.decoder_start, 0).expect("there are pairs, and none is empty")
    }

    /// Floating-point operations of the matrix products of a step: those of the forward pass, and twice as many
    /// backward.
    fn flops(&self) -> f64 {
        let [d, d_ff, s, t] = [self.d_model, self.d_ff, self.src_len, self.tgt_len].map(|n| n as f64);
        let feed_forward = 2.0 * d * d_ff;
        let encoder = s * (4.0 * d * d + 2.0 * s * d + feed_forward);
        let self_attention = t * (4.0 * d * d + 2.0 * t * d);
        let cross_attention = 2.0 * t * d * d + 2.0 * s * d * d + 2.0 * t * s * d;
        let decoder = self_attention + cross_attention + t * feed_forward;
        let projection = t * d * self.vocab_size as f64;
        let multiply_adds = self.n_layers as f64 * (encoder + decoder) + projection;
        3.0 * 2.0 * self.batch as f64 * multiply_adds
    }
}

/// The most memory this process has had, in MB of 2^20 bytes; NaN where the system does not tell.
fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok());
    kilobytes.map_or(f64::NAN, |kilobytes: f64| kilobytes / 1024.0)
}
