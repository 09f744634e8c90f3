//! What the benchmarks of training steps share: a model and its batch, the clock, and the process's memory.

use std::ops::RangeInclusive;
use std::time::Instant;

use etudiant::nn::{Adam, Constant};
use etudiant::tensor::{DType, Precision, Seed};
use etudiant::transformer::{
    Batch, Config, DecoderStart, Pair, TrainOptions, Trainer, Transformer, VocabSizes,
};

/// A model and the batch it is trained on.
pub struct Size {
    pub vocab_size: usize,
    pub d_model: usize,
    pub n_heads: usize,
    pub d_ff: usize,
    /// Of the encoder, and as many of the decoder.
    pub n_layers: usize,
    /// Sentences in a batch.
    pub batch: usize,
    pub src_len: usize,
    pub tgt_len: usize,
    pub dropout: f64,
}

impl Size {
    /// Embeddings tied three ways, biases everywhere, label smoothing 0.1.
    pub fn trainer(&self, precision: Precision) -> Trainer<Adam, Constant> {
        let model = Transformer::new(&self.config(), Seed::new(1), DType::F32).expect("the sizes fit");
        let schedule = Constant { learning_rate: 1e-4 };
        Trainer::new(model, Adam::default(), schedule, TrainOptions { precision, ..TrainOptions::default() })
            .expect("defaults are in range")
    }

    fn config(&self) -> Config {
        Config {
            decoder_start: DecoderStart::Token(1),
            ..Config::base(VocabSizes::Shared(self.vocab_size)).with(|model| {
                model.d_model = self.d_model;
                model.n_heads = self.n_heads;
                model.d_ff = self.d_ff;
                model.n_encoder_layers = self.n_layers;
                model.n_decoder_layers = self.n_layers;
                model.dropout = self.dropout;
                model.attention_bias = true;
            })
        }
    }

    /// Random sentences, all of full length.
    pub fn batch(&self) -> Batch {
        let ids = |len: usize, seed: Seed| {
            let id = |i| (seed.derive_index(i).0 % self.vocab_size as u64) as u32;
            (0..len as u64).map(id).collect::<Vec<u32>>()
        };
        let pair = |row| {
            let seed = Seed::new(2).derive_index(row);
            Pair { src: ids(self.src_len, seed.derive("src")), tgt: ids(self.tgt_len, seed.derive("tgt")) }
        };
        let pairs: Vec<Pair> = (0..self.batch as u64).map(pair).collect();
        Batch::new(&pairs, self.config().decoder_start, 0).expect("there are pairs, and none is empty")
    }

    /// Labels learned from in a step.
    pub fn target_tokens(&self) -> f64 {
        (self.batch * self.tgt_len) as f64
    }

    /// Floating-point operations of the matrix products of a step: those of the forward pass, and twice as many
    /// backward.
    pub fn flops(&self) -> f64 {
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

/// How long to measure.
pub struct Clock {
    /// Steps before the clock starts.
    pub warm_up: usize,
    /// Seconds to measure for.
    pub seconds: f64,
    /// The fewest and most steps.
    pub steps: RangeInclusive<usize>,
}

impl Clock {
    /// The seconds that each step takes, the shortest first.
    pub fn time(&self, mut step: impl FnMut()) -> Vec<f64> {
        let mut timed = || {
            let started = Instant::now();
            step();
            started.elapsed().as_secs_f64()
        };
        (0..self.warm_up).for_each(|_| {
            timed();
        });
        let steps = (self.seconds / timed()) as usize;
        let mut seconds: Vec<f64> =
            (0..steps.clamp(*self.steps.start(), *self.steps.end())).map(|_| timed()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    }
}

/// The most memory this process has had, in MB of 2^20 bytes; NaN where the system does not tell.
pub fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok());
    kilobytes.map_or(f64::NAN, |kilobytes: f64| kilobytes / 1024.0)
}
