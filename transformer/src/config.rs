//! The numbers that make a Transformer (Vaswani et al. 2017, Table 3) and the choices around them.
//!
//! The defaults are the paper's; what departs from it is a named option. A [`Config`] is plain data: start
//! from a preset and change fields, then [`Config::validate`] says in words what does not fit.
//!
//! All of it can be written down and read again with serde: options have their names in lower case
//! (`norm = "pre"`, `decoder_start = { token = 1 }`), every field must be there, and one that is not known is an
//! error rather than a wish unheard. Reading does not validate.
//!
//! ```
//! use transformer::config::{Config, NormPlacement, VocabSizes};
//! let config = Config { norm: NormPlacement::Pre, ..Config::base(VocabSizes::Shared(37_000)) };
//! config.validate()?;
//! assert_eq!(config.n_parameters() / 1_000_000, 63);
//! # Ok::<(), transformer::error::Error>(())
//! ```

mod n_parameters;
mod settings;
mod validate;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::positions::Positions;
use crate::special::Special;
use crate::vocabulary::Vocabulary;

/// Where layer normalisation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormPlacement {
    /// LayerNorm(x + Sublayer(x)), as in the paper.
    #[default]
    Post,
    /// Post, and one more norm at the top of each stack: what PyTorch's `nn.Transformer` computes unless it is
    /// told otherwise. That norm follows the top layer's own, so it changes little but the gains.
    PostFinal,
    /// x + Sublayer(LayerNorm(x)), and one more norm at the top of each stack (Xiong et al. 2020).
    Pre,
}

impl NormPlacement {
    /// Whether each stack ends with a norm of its own.
    pub fn has_final_norm(self) -> bool {
        match self {
            NormPlacement::Post => false,
            NormPlacement::PostFinal | NormPlacement::Pre => true,
        }
    }
}

/// The nonlinearity of the feed-forward layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x), as in the paper (§3.3).
    #[default]
    Relu,
    /// x Φ(x), with the exact normal distribution function (Hendrycks and Gimpel 2016).
    Gelu,
}

/// Which of the source embedding, the target embedding and the output projection are one matrix (§3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieEmbeddings {
    /// All three, as in the paper. Source and target must share their vocabulary.
    ThreeWay,
    /// The target embedding and the output projection (Press and Wolf 2017).
    TargetWithOutput,
    /// None.
    Separate,
}

/// How the decoder's input is shifted right, so that position i predicts token i from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecoderStart {
    /// A token, usually `<bos>`, stands before the first word.
    Token(u32),
    /// A vector of zeros stands in place of the first embedding, as in tensor2tensor; the vocabulary needs
    /// no `<bos>`.
    ZeroVector,
}

/// How many words each side has, and whether the two sides number them alike.
///
/// Equal sizes are not a shared vocabulary, so that must be said; it decides the default of
/// [`TieEmbeddings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VocabSizes {
    /// One vocabulary serves both sides. Default: all embeddings tied.
    Shared(usize),
    /// Each side has its own. Default: nothing tied.
    Separate {
        /// Words of the source.
        src: usize,
        /// Words of the target.
        tgt: usize,
    },
}

/// The hyperparameters of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Rows of the source embedding.
    pub src_vocab_size: usize,
    /// Rows of the target embedding; width of the logits.
    pub tgt_vocab_size: usize,
    /// Width of every vector between the layers.
    pub d_model: usize,
    /// Attention heads, each d_model / n_heads wide.
    pub n_heads: usize,
    /// Width of the hidden layer of the feed-forward network.
    pub d_ff: usize,
    /// Layers of the encoder.
    pub n_encoder_layers: usize,
    /// Layers of the decoder.
    pub n_decoder_layers: usize,
    /// Number of learned positions, per stack. Sinusoids reach any length.
    pub max_len: usize,
    /// Share dropped of each sublayer's output and of the sums of embeddings and positions (§5.4), in 0..1.
    pub dropout: f64,
    /// Share dropped of the attention weights, after softmax, in 0..1. The paper has none.
    pub attention_dropout: f64,
    /// Where layer normalisation stands.
    pub norm: NormPlacement,
    /// What layer normalisation adds to the variance, inside the root. Note: 1e-5 as in PyTorch;
    /// tensor2tensor has 1e-6, and the paper names none.
    pub norm_eps: f64,
    /// How tokens know their place.
    pub positions: Positions,
    /// The nonlinearity of the feed-forward layers.
    pub activation: Activation,
    /// Whether the query, key, value and output projections have biases. The paper has none (§3.2.2),
    /// PyTorch's `nn.Transformer` has them.
    pub attention_bias: bool,
    /// Whether the output projection has a bias. The paper's, being the transposed embedding, has none;
    /// PyTorch models that end in an `nn.Linear` do.
    pub projection_bias: bool,
    /// Which embeddings are one matrix.
    pub tie_embeddings: TieEmbeddings,
    /// What the decoder reads before the first word. Presets: `Token(1)`, the `<bos>` of [`Special::ALL`];
    /// [`Config::with_symbols_of`] takes it from a vocabulary.
    pub decoder_start: DecoderStart,
    /// The target's `<eos>`, at which decoding ends. Presets: 2, its place in [`Special::ALL`].
    pub eos_id: u32,
}

impl Config {
    /// For lessons: d_model 64, d_ff 256, 4 heads, 2 + 2 layers, no dropout.
    pub fn toy(vocab_sizes: VocabSizes) -> Self {
        Self::preset(vocab_sizes, 64, 256, 4, 2, 0.0)
    }

    /// For small corpora such as Multi30k: d_model 128, d_ff 256, 4 heads, 4 + 4 layers, dropout 0.3.
    pub fn tiny(vocab_sizes: VocabSizes) -> Self {
        Self::preset(vocab_sizes, 128, 256, 4, 4, 0.3)
    }

    /// Between tiny and base: d_model 256, d_ff 1024, 4 heads, 3 + 3 layers, dropout 0.1.
    pub fn small(vocab_sizes: VocabSizes) -> Self {
        Self::preset(vocab_sizes, 256, 1024, 4, 3, 0.1)
    }

    /// The paper's base model: d_model 512, d_ff 2048, 8 heads, 6 + 6 layers, dropout 0.1.
    pub fn base(vocab_sizes: VocabSizes) -> Self {
        Self::preset(vocab_sizes, 512, 2048, 8, 6, 0.1)
    }

    /// The paper's big model: d_model 1024, d_ff 4096, 16 heads, 6 + 6 layers, dropout 0.3.
    pub fn big(vocab_sizes: VocabSizes) -> Self {
        Self::preset(vocab_sizes, 1024, 4096, 16, 6, 0.3)
    }

    fn preset(
        vocab_sizes: VocabSizes,
        d_model: usize,
        d_ff: usize,
        n_heads: usize,
        n_layers: usize,
        dropout: f64,
    ) -> Self {
        let (src_vocab_size, tgt_vocab_size, tie_embeddings) = match vocab_sizes {
            VocabSizes::Shared(size) => (size, size, TieEmbeddings::ThreeWay),
            VocabSizes::Separate { src, tgt } => (src, tgt, TieEmbeddings::Separate),
        };
        Self {
            src_vocab_size,
            tgt_vocab_size,
            d_model,
            n_heads,
            d_ff,
            n_encoder_layers: n_layers,
            n_decoder_layers: n_layers,
            max_len: 512,
            dropout,
            attention_dropout: 0.0,
            norm: NormPlacement::Post,
            norm_eps: 1e-5,
            positions: Positions::Sinusoidal,
            activation: Activation::Relu,
            attention_bias: false,
            projection_bias: false,
            tie_embeddings,
            decoder_start: DecoderStart::Token(1),
            eos_id: 2,
        }
    }

    /// Takes `eos_id` and `decoder_start` from the target vocabulary: its `<bos>`, or
    /// [`DecoderStart::ZeroVector`] if it has none.
    ///
    /// # Errors
    /// If the vocabulary has no `<eos>`.
    pub fn with_symbols_of(self, tgt: &Vocabulary) -> Result<Self, Error> {
        let eos_id = tgt
            .special_id(Special::Eos)
            .ok_or_else(|| Error::Config("the target vocabulary needs <eos> to end a sentence".into()))?;
        let decoder_start =
            tgt.special_id(Special::Bos).map_or(DecoderStart::ZeroVector, DecoderStart::Token);
        Ok(Self { eos_id, decoder_start, ..self })
    }

    /// Width of one head, d_model / n_heads.
    pub fn d_head(&self) -> usize {
        self.d_model / self.n_heads
    }
}

#[cfg(test)]
mod tests;
