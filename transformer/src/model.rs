//! The Transformer: encoder, decoder, and the projection from vectors back to words.

use std::sync::Arc;

use autograd::ops::cross_entropy::CrossEntropy;
use autograd::{Tape, Var};
use nn::{Context, Embedding, Init, Layout, Linear, NamedTensors, ParamBuilder, Params};
use tensor::{DType, Seed};

use crate::config::{Config, TieEmbeddings};
use crate::data::batch::{Batch, IGNORE, TokenBatch};
use crate::error::Error;
use crate::layers::cache::DecoderState;
use crate::layers::decoder::Decoder;
use crate::layers::embed::embedding_init;
use crate::layers::encoder::{Encoder, Memory};

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
    layout: Arc<Layout>,
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
        let mut params = Params::with_settings(config.settings(), dtype);
        let (encoder, decoder, projection) = parts(&mut ParamBuilder::new(&mut params, seed), config);
        let layout = Arc::clone(params.layout());
        Ok((Transformer { config: config.clone(), layout, encoder, decoder, projection }, params))
    }

    /// A model without parameters. Nothing is drawn: [`Params::from_named`] makes them of what was read from a file, by
    /// the model's [`layout`](Transformer::layout).
    ///
    /// # Errors
    /// As [`Transformer::new`].
    pub fn without_params(config: &Config) -> Result<Transformer, Error> {
        config.validate()?;
        let mut layout = Layout::new(config.settings());
        let (encoder, decoder, projection) = parts(&mut ParamBuilder::declaring(&mut layout), config);
        Ok(Transformer { config: config.clone(), layout: Arc::new(layout), encoder, decoder, projection })
    }

    /// A model and its parameters with the values of `tensors`, such as [`nn::checkpoint::load`] reads.
    ///
    /// # Errors
    /// As [`Transformer::new`]; as [`Params::from_named`] if the tensors are not those of the configuration, in that
    /// dtype.
    pub fn from_named(
        config: &Config,
        tensors: &NamedTensors,
        dtype: DType,
    ) -> Result<(Transformer, Params), Error> {
        let model = Transformer::without_params(config)?;
        let params = Params::from_named(&model.layout, tensors, dtype)?;
        Ok((model, params))
    }

    /// Which parameters the model has.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Whether these are parameters of this model, or of another that computes the same with them: one of another
    /// seed, dtype or dropout.
    ///
    /// # Errors
    /// [`nn::Error::OtherModel`] that names what differs.
    pub fn check_params(&self, params: &Params) -> Result<(), Error> {
        Ok(self.layout.check(params.layout())?)
    }

    /// The configuration the model was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Encodes sentences. `[batch, src_len] -> [batch, src_len, d_model]`
    ///
    /// # Errors
    /// If the parameters are of another model, an id is not in the source vocabulary, or a sentence is longer than
    /// learned positions reach.
    pub fn encode(&self, cx: &Context, src: &TokenBatch) -> Result<Memory, Error> {
        self.check_params(cx.params())?;
        src.check(self.config.src_vocab_size)?;
        self.encoder.forward(cx, src)
    }

    /// Reads whole targets at once, one for each encoded sentence: `[batch, len] -> [batch, len, d_model]`, a vector for
    /// what comes after each token. Where the decoder starts from a zero vector, there is one more, in front.
    ///
    /// # Errors
    /// If the parameters are of another model, an id is not in the target vocabulary, or a target is longer than
    /// learned positions reach.
    ///
    /// # Panics
    /// If there is not one target for each sentence of the memory.
    #[track_caller]
    pub fn read(&self, cx: &Context, memory: &Memory, tgt_in: &TokenBatch) -> Result<Var, Error> {
        let (targets, sentences) = (tgt_in.batch_size(), memory.mask.shape()[0]);
        assert!(targets == sentences, "read: {targets} targets for {sentences} sentences");
        self.check_params(cx.params())?;
        tgt_in.check(self.config.tgt_vocab_size)?;
        self.decoder.forward(cx, memory, tgt_in)
    }

    /// Opens a target for each encoded sentence; [`Transformer::extend`] reads it.
    ///
    /// # Panics
    /// If the parameters are of another model, the memory is of one of another width, or the context records.
    #[track_caller]
    pub fn begin(&self, cx: &Context, memory: &Memory) -> DecoderState {
        self.decoder.begin(cx, memory)
    }

    /// Reads further target tokens, one sequence for each row of the state, and returns a vector for what
    /// comes after each: `[rows, len] -> [rows, len, d_model]`. Where the decoder starts from a zero
    /// vector, the first call returns one more, in front.
    ///
    /// # Errors
    /// If the parameters are of another model, an id is not in the target vocabulary, or the target is longer than
    /// learned positions reach.
    ///
    /// # Panics
    /// If there is not one sequence for each row of the state, or the context records: what was read is remembered
    /// without gradients. To train, [`read`](Transformer::read) whole targets.
    #[track_caller]
    pub fn extend(&self, cx: &Context, state: &mut DecoderState, tgt_in: &TokenBatch) -> Result<Var, Error> {
        let (sequences, rows) = (tgt_in.batch_size(), state.n_rows());
        assert!(sequences == rows, "extend: {sequences} sequences for a state of {rows} rows");
        self.check_params(cx.params())?;
        tgt_in.check(self.config.tgt_vocab_size)?;
        self.decoder.extend(cx, state, tgt_in)
    }

    /// From vectors to a score for each word. `[.., d_model] -> [.., vocab_size]`
    ///
    /// # Panics
    /// If the parameters are of another model, or the last axis of `hidden` is not d_model.
    #[track_caller]
    pub fn logits(&self, cx: &Context, hidden: &Var) -> Var {
        self.projection.forward(cx, hidden)
    }

    /// The rows of the output matrix for these words, `[words, d_model]`, packed for products of few rows, and their offsets
    /// `[words]`, if there are any. Weights that were rounded stay as they were rounded; they are multiplied in f32.
    pub(crate) fn output_rows(&self, cx: &Context, words: &[u32]) -> (Var, Option<Var>) {
        let rows = cx.params().get(self.projection.weight).gather_rows(words).prepacked_for_now();
        let bias =
            self.projection.bias.map(|bias| cx.params().get(bias).unsqueeze(1).gather_rows(words).squeeze(1));
        (Var::constant(rows), bias.map(Var::constant))
    }

    /// Whether a batch is whole, every id of it is in its vocabulary, and there is a label that counts.
    ///
    /// # Errors
    /// [`Error::Inconsistent`]; [`Error::TokenOutOfRange`] with the first id that is not; [`Error::NoLabels`].
    pub fn check(&self, batch: &Batch) -> Result<(), Error> {
        batch.check_shape(self.config.decoder_start)?;
        batch.check_labels(self.config.tgt_vocab_size)?;
        batch.src.check(self.config.src_vocab_size)?;
        batch.tgt_in.check(self.config.tgt_vocab_size)
    }

    /// Reads sentences and their targets: `-> [batch, tgt_len, d_model]`, at each position a vector for the
    /// token that comes next.
    fn hidden(&self, cx: &Context, batch: &Batch) -> Result<Var, Error> {
        batch.check_shape(self.config.decoder_start)?;
        let memory = self.encode(cx, &batch.src)?;
        let hidden = self.read(cx, &memory, &batch.tgt_in)?; // [batch, tgt_len, d_model]
        cx.trace("hidden", &hidden);
        Ok(hidden)
    }

    /// The logits at every target position, `[batch, tgt_len, vocab_size]`.
    ///
    /// # Errors
    /// If the parameters are of another model, the batch is not whole, an id is not in its vocabulary, or a sequence is
    /// longer than learned positions reach.
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
        batch.check_shape(self.config.decoder_start)?;
        batch.check_labels(self.config.tgt_vocab_size)?;
        let hidden = self.hidden(cx, batch)?;
        let rows = hidden.reshape([batch.tgt_out.len(), self.config.architecture.d_model]); // [batch * tgt_len, d_model]
        let weight = cx.param(self.projection.weight);
        let bias = self.projection.bias.map(|bias| cx.param(bias));
        let out = rows.linear_cross_entropy(&weight, bias.as_ref(), &batch.tgt_out, smoothing);
        if cx.is_traced("logits") {
            let logits = hidden.detach().linear(&weight.detach(), bias.map(|bias| bias.detach()).as_ref());
            trace_logits(cx, logits, batch, smoothing, &out.loss);
        }
        Ok(out)
    }

    /// The natural logarithm of the probability of each label that counts, given the source and the labels
    /// before it: for each pair, one number for each token of its target.
    ///
    /// Logits become probabilities in the dtype of the parameters, as in [`search`](crate::search), so that a
    /// translation's score is found again up to the order of sums.
    ///
    /// # Errors
    /// As [`Transformer::loss`].
    pub fn token_log_probs(&self, cx: &Context, batch: &Batch) -> Result<Vec<Vec<f64>>, Error> {
        batch.check_shape(self.config.decoder_start)?;
        batch.check_labels(self.config.tgt_vocab_size)?;
        let log_probs = self.forward(cx, batch)?.value().log_softmax(-1); // [batch, tgt_len, vocab_size]
        let of_row = |(row, labels): (usize, &[u32])| {
            let counted = labels.iter().enumerate().filter(|&(_, &label)| label != IGNORE);
            counted.map(|(position, &label)| log_probs.at(&[row, position, label as usize])).collect()
        };
        Ok(batch.tgt_out.chunks_exact(batch.tgt_len()).enumerate().map(of_row).collect())
    }

    /// The natural logarithm of the probability of each pair's target given its source: the sums of
    /// [`Transformer::token_log_probs`]. `-> [batch]`
    ///
    /// # Errors
    /// As [`Transformer::loss`].
    pub fn score(&self, cx: &Context, batch: &Batch) -> Result<Vec<f64>, Error> {
        let token_log_probs = self.token_log_probs(cx, batch)?;
        Ok(token_log_probs.iter().map(|log_probs| log_probs.iter().sum()).collect())
    }
}

/// Shows a trace the logits `[batch, tgt_len, vocab_size]`, computed for it apart, that the loss never holds whole, and
/// their gradient.
fn trace_logits(cx: &Context, logits: Var, batch: &Batch, smoothing: f64, loss: &Var) {
    let logits = Tape::new().var(logits.into_value());
    let labels = batch.tgt_out.clone();
    cx.trace_apart(["logits"], [logits.value().clone()], loss, move |gradient| {
        let rows = logits.reshape([labels.len(), logits.dim(-1)]);
        let gradients = rows.cross_entropy(&labels, smoothing).loss.backward_with(gradient.clone());
        [gradients.get(&logits).expect("the loss is made of them").clone()]
    });
}

/// The model's parts, with their parameters.
fn parts(builder: &mut ParamBuilder, config: &Config) -> (Encoder, Decoder, Linear) {
    let architecture = &config.architecture;
    let (d_model, init) = (architecture.d_model, embedding_init(architecture));
    let mut embedding = |scope: &str, rows: usize| {
        Embedding::new(&mut builder.scope(scope), rows, d_model, init).with_scale((d_model as f64).sqrt())
    };
    let (src, tgt) = if architecture.tie_embeddings == TieEmbeddings::ThreeWay {
        let shared = embedding("embedding", config.tgt_vocab_size);
        (shared.clone(), shared)
    } else {
        let src = embedding("encoder.embedding", config.src_vocab_size);
        (src, embedding("decoder.embedding", config.tgt_vocab_size))
    };
    let projection = projection(&mut builder.scope("projection"), &tgt, config);
    let encoder = Encoder::new(&mut builder.scope("encoder"), src, architecture);
    let decoder = Decoder::new(&mut builder.scope("decoder"), tgt, config.decoder_start, architecture);
    (encoder, decoder, projection)
}

/// From vectors to words: a matrix of its own, or the target embedding's.
fn projection(builder: &mut ParamBuilder, tgt: &Embedding, config: &Config) -> Linear {
    let (architecture, vocab_size) = (&config.architecture, config.tgt_vocab_size);
    let bias = architecture.projection_bias;
    if architecture.tie_embeddings == TieEmbeddings::Separate {
        return Linear::new(builder, architecture.d_model, vocab_size, bias);
    }
    Linear { weight: tgt.weight, bias: bias.then(|| builder.param("bias", [vocab_size], Init::Zeros)) }
}

pub(crate) fn check_smoothing(smoothing: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&smoothing) {
        return Ok(());
    }
    Err(Error::Config(format!("smoothing is {smoothing}; it must be in 0..1")))
}

#[cfg(test)]
mod tests;
