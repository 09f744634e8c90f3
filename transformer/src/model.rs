//! The Transformer: encoder, decoder, and the projection from vectors back to words.

use autograd::Var;
use autograd::ops::cross_entropy::CrossEntropy;
use nn::{Context, Embedding, Init, Linear, ParamBuilder, Params};
use tensor::{DType, Seed};

use crate::batch::{Batch, TokenBatch};
use crate::config::{Config, TieEmbeddings};
use crate::decoder::{Decoder, DecoderState};
use crate::embed::embedding_init;
use crate::encoder::{Encoder, Memory};
use crate::error::Error;

/// The model of Vaswani et al. 2017, Figure 1. It holds no numbers: those are in the [`Params`] made with it.
///
/// ```
/// use nn::Context;
/// use tensor::{DType, Seed};
/// use transformer::{Batch, Config, Pair, Transformer, VocabSizes};
///
/// let config = Config::toy(VocabSizes::Separate { src: 4, tgt: 6 });
/// let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
/// let pair = Pair { src: vec![1, 2, 3], tgt: vec![0, 4, 5, 2] };
/// let batch = Batch::new([&pair], config.decoder_start, 0)?;
/// let logits = model.forward(&Context::inference(&params), &batch)?;
/// assert_eq!(logits.shape(), [1, 4, 6].into()); // [batch, tgt_len, vocab_size]
/// # Ok::<(), transformer::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Transformer {
    config: Config,
    encoder: Encoder,
    decoder: Decoder,
    projection: Linear,
}

impl Transformer {
    /// A model and its parameters, started from `seed`: Xavier-uniform matrices, embeddings from
    /// N(0, 1/d_model) (the variance), norms at 1 and 0, biases at 0.
    ///
    /// # Errors
    /// [`Error::Config`] if the configuration does not describe a model.
    pub fn new(config: &Config, seed: Seed, dtype: DType) -> Result<(Transformer, Params), Error> {
        config.validate()?;
        let mut params = Params::new(dtype);
        let mut builder = ParamBuilder::new(&mut params, seed);
        let scale = (config.d_model as f64).sqrt();
        let init = embedding_init(config);
        let mut embedding = |scope: &str, rows: usize| {
            Embedding::new(&mut builder.scope(scope), rows, config.d_model, init).with_scale(scale)
        };
        let (src, tgt) = match config.tie_embeddings {
            TieEmbeddings::ThreeWay => {
                let shared = embedding("embedding", config.tgt_vocab_size);
                (shared.clone(), shared)
            }
            TieEmbeddings::TargetWithOutput | TieEmbeddings::Separate => (
                embedding("encoder.embedding", config.src_vocab_size),
                embedding("decoder.embedding", config.tgt_vocab_size),
            ),
        };
        let projection = projection(&mut builder.scope("projection"), &tgt, config);
        let encoder = Encoder::new(&mut builder.scope("encoder"), src, config);
        let decoder = Decoder::new(&mut builder.scope("decoder"), tgt, config);
        Ok((Transformer { config: config.clone(), encoder, decoder, projection }, params))
    }

    /// The configuration the model was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Encodes sentences. `[batch, src_len] -> [batch, src_len, d_model]`
    ///
    /// # Errors
    /// If an id is not in the source vocabulary, or a sentence is longer than learned positions reach.
    pub fn encode(&self, cx: &Context, src: &TokenBatch) -> Result<Memory, Error> {
        src.check(self.config.src_vocab_size)?;
        self.encoder.forward(cx, src)
    }

    /// Opens a target for each encoded sentence; [`Transformer::extend`] reads it.
    ///
    /// # Panics
    /// If the memory is of a model of another width.
    #[track_caller]
    pub fn begin(&self, cx: &Context, memory: &Memory) -> DecoderState {
        self.decoder.begin(cx, memory)
    }

    /// Reads further target tokens, one sequence for each row of the state, and returns a vector for what
    /// comes after each: `[rows, len] -> [rows, len, d_model]`. Where the decoder starts from a zero
    /// vector, the first call returns one more, in front.
    ///
    /// # Errors
    /// If an id is not in the target vocabulary, or the target is longer than learned positions reach.
    ///
    /// # Panics
    /// If there is not one sequence for each row of the state.
    #[track_caller]
    pub fn extend(&self, cx: &Context, state: &mut DecoderState, tgt_in: &TokenBatch) -> Result<Var, Error> {
        let (sequences, rows) = (tgt_in.batch_size(), state.n_rows());
        assert!(sequences == rows, "extend: {sequences} sequences for a state of {rows} rows");
        tgt_in.check(self.config.tgt_vocab_size)?;
        self.decoder.extend(cx, state, &tgt_in.ids, [tgt_in.batch_size(), tgt_in.len])
    }

    /// From vectors to a score for each word. `[.., d_model] -> [.., vocab_size]`
    ///
    /// # Panics
    /// If the last axis of `hidden` is not d_model.
    #[track_caller]
    pub fn logits(&self, cx: &Context, hidden: &Var) -> Var {
        self.projection.forward(cx, hidden)
    }

    /// Whether every id of a batch is in its vocabulary, and there is a label that counts.
    ///
    /// # Errors
    /// [`Error::TokenOutOfRange`] with the first id that is not; [`Error::NoLabels`].
    pub fn check(&self, batch: &Batch) -> Result<(), Error> {
        batch.check_labels(self.config.tgt_vocab_size)?;
        batch.src.check(self.config.src_vocab_size)?;
        batch.tgt_in.check(self.config.tgt_vocab_size)
    }

    /// Reads sentences and their targets: `-> [batch, tgt_len, d_model]`, at each position a vector for the
    /// token that comes next.
    fn hidden(&self, cx: &Context, batch: &Batch) -> Result<Var, Error> {
        let memory = self.encode(cx, &batch.src)?;
        let mut state = self.begin(cx, &memory);
        let hidden = self.extend(cx, &mut state, &batch.tgt_in)?; // [batch, tgt_len, d_model]
        cx.trace("hidden", &hidden);
        Ok(hidden)
    }

    /// The logits at every target position, `[batch, tgt_len, vocab_size]`.
    ///
    /// # Errors
    /// If an id is not in its vocabulary, or a sequence is longer than learned positions reach.
    pub fn forward(&self, cx: &Context, batch: &Batch) -> Result<Var, Error> {
        let hidden = self.hidden(cx, batch)?;
        let logits = self.logits(cx, &hidden);
        cx.trace("logits", &logits);
        Ok(logits)
    }

    /// The cross-entropy against the labels, per label that counts, with `smoothing` in 0..1 spread evenly
    /// over the vocabulary (Vaswani et al. 2017, §5.4). The logits never stand in memory whole.
    ///
    /// # Errors
    /// As [`Transformer::forward`]; also if a label is not in the vocabulary, no label counts, or
    /// `smoothing` is out of range.
    pub fn loss(&self, cx: &Context, batch: &Batch, smoothing: f64) -> Result<CrossEntropy, Error> {
        check_smoothing(smoothing)?;
        batch.check_labels(self.config.tgt_vocab_size)?;
        let hidden = self.hidden(cx, batch)?;
        let rows = hidden.reshape([batch.tgt_out.len(), self.config.d_model]); // [batch * tgt_len, d_model]
        let weight = cx.param(self.projection.weight);
        let bias = self.projection.bias.map(|bias| cx.param(bias));
        Ok(rows.linear_cross_entropy(&weight, bias.as_ref(), &batch.tgt_out, smoothing))
    }

    /// The natural logarithm of the probability of each pair's target given its source, summed over its
    /// tokens. `-> [batch]`
    ///
    /// # Errors
    /// As [`Transformer::loss`].
    pub fn score(&self, cx: &Context, batch: &Batch) -> Result<Vec<f64>, Error> {
        batch.check_labels(self.config.tgt_vocab_size)?;
        let log_probs = self.forward(cx, batch)?.value().log_softmax(-1); // [batch, tgt_len, vocab_size]
        let tgt_len = batch.tgt_len();
        let score = |(row, labels): (usize, &[u32])| {
            let counted = labels.iter().enumerate().filter(|&(_, &label)| label != crate::batch::IGNORE);
            counted.map(|(position, &label)| log_probs.at(&[row, position, label as usize])).sum()
        };
        Ok(batch.tgt_out.chunks_exact(tgt_len).enumerate().map(score).collect())
    }
}

/// From vectors to words: a matrix of its own, or the target embedding's.
fn projection(builder: &mut ParamBuilder, tgt: &Embedding, config: &Config) -> Linear {
    let (d_model, vocab_size, bias) = (config.d_model, config.tgt_vocab_size, config.projection_bias);
    match config.tie_embeddings {
        TieEmbeddings::Separate => Linear::new(builder, d_model, vocab_size, bias),
        TieEmbeddings::ThreeWay | TieEmbeddings::TargetWithOutput => Linear {
            weight: tgt.weight,
            bias: bias.then(|| builder.param("bias", [vocab_size], Init::Zeros)),
        },
    }
}

pub(crate) fn check_smoothing(smoothing: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&smoothing) {
        return Ok(());
    }
    Err(Error::Config(format!("smoothing is {smoothing}; it must be in 0..1")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Pair;
    use crate::config::{NormPlacement, VocabSizes};
    use crate::positions::Positions;

    fn small() -> Config {
        Config { d_model: 8, d_ff: 12, n_heads: 2, max_len: 9, ..Config::toy(VocabSizes::Shared(11)) }
    }

    #[test]
    fn a_model_has_as_many_parameters_as_its_configuration_says() {
        let separate = Config { tgt_vocab_size: 7, tie_embeddings: TieEmbeddings::Separate, ..small() };
        let configs = [
            small(),
            separate.clone(),
            Config { tie_embeddings: TieEmbeddings::TargetWithOutput, ..separate },
            Config { norm: NormPlacement::Pre, ..small() },
            Config { norm: NormPlacement::PostFinal, projection_bias: true, ..small() },
            Config { tie_embeddings: TieEmbeddings::Separate, projection_bias: true, ..small() },
            Config { positions: Positions::Learned, ..small() },
            Config { attention_bias: true, n_encoder_layers: 1, n_decoder_layers: 3, ..small() },
        ];
        for config in configs {
            let (_, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
            assert_eq!(params.numel(), config.n_parameters(), "{config:?}");
        }
    }

    #[test]
    fn parameters_have_pytorch_s_names() {
        let config = Config { norm: NormPlacement::Pre, ..small() };
        let (_, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        for name in [
            "embedding.weight",
            "encoder.layers.0.self_attn.q_proj.weight",
            "encoder.layers.1.norm2.bias",
            "decoder.layers.1.cross_attn.out_proj.weight",
            "decoder.layers.0.linear1.bias",
            "decoder.norm.weight",
        ] {
            assert!(params.id(name).is_some(), "no {name}");
        }
    }

    #[test]
    fn embeddings_and_matrices_start_as_the_paper_s_code_starts_them() {
        let (_, params) =
            Transformer::new(&Config::small(VocabSizes::Shared(500)), Seed::new(1), DType::F64).unwrap();
        let std = |name: &str| params.get(params.id(name).unwrap()).variance(.., false).item().sqrt();
        // 128,000 draws: the standard deviation is known to one part in five hundred.
        assert!((std("embedding.weight") * 256f64.sqrt() - 1.0).abs() < 0.01);
        // Uniform in ±sqrt(6 / (fan_in + fan_out)) has variance 2 / (fan_in + fan_out).
        let xavier = (2.0 / (256.0 + 1024.0f64)).sqrt();
        assert!((std("encoder.layers.0.linear1.weight") / xavier - 1.0).abs() < 0.01);
    }

    #[test]
    fn ids_outside_the_vocabulary_and_labels_that_do_not_count_are_errors() {
        let config = small();
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        let cx = Context::inference(&params);
        let batch = |src: u32, tgt: u32| {
            Batch::new([&Pair { src: vec![3, src], tgt: vec![tgt, 2] }], config.decoder_start, 0).unwrap()
        };
        let problem = model.forward(&cx, &batch(11, 4)).unwrap_err().to_string();
        assert_eq!(
            problem,
            "token id 11 at position 1 of sentence 0 in its batch must be below the vocabulary size, 11"
        );
        assert!(matches!(model.loss(&cx, &batch(4, 99), 0.0), Err(Error::TokenOutOfRange { id: 99, .. })));
        let mut ignored = batch(4, 4);
        ignored.tgt_out.fill(crate::batch::IGNORE);
        assert!(matches!(model.loss(&cx, &ignored, 0.0), Err(Error::NoLabels)));
        assert!(matches!(model.loss(&cx, &batch(4, 4), 1.5), Err(Error::Config(_))));
    }

    #[test]
    fn learned_positions_end_and_sinusoids_do_not() {
        let long = Pair { src: vec![3; 10], tgt: vec![4, 2] };
        for positions in [Positions::Learned, Positions::Sinusoidal, Positions::SinusoidalConcatenated] {
            let config = Config { positions, ..small() };
            let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
            let batch = Batch::new([&long], config.decoder_start, 0).unwrap();
            let out = model.forward(&Context::inference(&params), &batch);
            match positions {
                Positions::Learned => assert!(matches!(out, Err(Error::TooLong { len: 10, max_len: 9 }))),
                _ => assert_eq!(out.unwrap().shape()[..], [1, 2, 11]),
            }
        }
    }
}
