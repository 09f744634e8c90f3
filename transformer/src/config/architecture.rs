//! What a model is, whatever it speaks: widths, depths, and the choices that the paper made or others made since.
//!
//! One struct says it everywhere: in a [`Config`](super::Config), in a recipe's section `[model]` and in a model file.
//! A field that is not named has its default: sizes for a small corpus, and options as the paper has them. So a new
//! option is one field here and the code that obeys it, and what was written before there was such an option still
//! reads, if the default is what models had before.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The widths, depths and options of a model. The default has the sizes of [`Config::tiny`](super::Config::tiny), and
/// ties what can be tied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Architecture {
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
    /// Share dropped of each sublayer's output and of the sums of embeddings and positions (§5.4), in 0..1.
    pub dropout: f64,
    /// Share dropped of the attention weights, after softmax, in 0..1. The paper has none.
    pub attention_dropout: f64,
    /// Where layer normalisation stands.
    pub norm: NormPlacement,
    /// What layer normalisation adds to the variance, inside the root. Note: 1e-5 as in PyTorch;
    /// tensor2tensor has 1e-6, and the paper names none.
    pub norm_eps: f64,
    /// Whether scores are divided by √d_head, as in the paper (§3.2.1). Without it they grow with the width, and softmax
    /// with them to a choice of one: to see why.
    pub scale_scores: bool,
    /// Whether no target position sees a later one, as in the paper (§3.2.3). Without it a model sees in training what it
    /// should say, and has not learned to do without: to see why.
    pub causal_mask: bool,
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
    /// The longest sentence that the model is made for, in tokens, `<eos>` included. Learned positions are so
    /// many and end there; sinusoids go on, but nothing longer was trained on.
    pub max_len: usize,
}

impl Default for Architecture {
    fn default() -> Self {
        Architecture {
            d_model: 128,
            n_heads: 4,
            d_ff: 256,
            n_encoder_layers: 4,
            n_decoder_layers: 4,
            dropout: 0.3,
            attention_dropout: 0.0,
            norm: NormPlacement::Post,
            norm_eps: 1e-5,
            scale_scores: true,
            causal_mask: true,
            positions: Positions::Sinusoidal,
            activation: Activation::Relu,
            attention_bias: false,
            projection_bias: false,
            tie_embeddings: TieEmbeddings::Auto,
            max_len: 512,
        }
    }
}

impl Architecture {
    /// How many tokens of a sequence the model has positions for: `max_len` if they are learned, else no end.
    pub fn reach(&self) -> usize {
        if self.positions == Positions::Learned { self.max_len } else { usize::MAX }
    }
}

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

/// What is added to the embeddings to tell positions apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// Sines and cosines interleaved, as the paper writes them. See [`interleaved`](crate::layers::positions::interleaved).
    #[default]
    Sinusoidal,
    /// Sines, then cosines, as tensor2tensor computes them. See [`concatenated`](crate::layers::positions::concatenated).
    SinusoidalConcatenated,
    /// A trained vector per position up to `max_len`, of which the paper reports "nearly identical results".
    Learned,
    /// Nothing: a sentence is a bag of words, but for what the causal mask tells the decoder. To see why there are
    /// positions.
    None,
}

/// Which of the source embedding, the target embedding and the output projection are one matrix (§3.4).
///
/// Written as its name in lower case. [`Auto`](TieEmbeddings::Auto) is written `true`, and `false` read as
/// [`Separate`](TieEmbeddings::Separate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieEmbeddings {
    /// As many as the vocabularies allow: all three where they are one, else the target embedding and the output
    /// projection. [`Config::new`](super::Config::new) replaces it by which.
    Auto,
    /// All three, as in the paper. Source and target must share their vocabulary.
    ThreeWay,
    /// The target embedding and the output projection (Press and Wolf 2017).
    TargetWithOutput,
    /// None.
    Separate,
}

impl Serialize for TieEmbeddings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TieEmbeddings::Auto => serializer.serialize_bool(true),
            TieEmbeddings::ThreeWay => serializer.serialize_str("three_way"),
            TieEmbeddings::TargetWithOutput => serializer.serialize_str("target_with_output"),
            TieEmbeddings::Separate => serializer.serialize_str("separate"),
        }
    }
}

impl<'de> Deserialize<'de> for TieEmbeddings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrName;

        impl Visitor<'_> for BoolOrName {
            type Value = TieEmbeddings;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true, false, \"three_way\", \"target_with_output\" or \"separate\"")
            }

            fn visit_bool<E>(self, tied: bool) -> Result<TieEmbeddings, E> {
                Ok(if tied { TieEmbeddings::Auto } else { TieEmbeddings::Separate })
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<TieEmbeddings, E> {
                match name {
                    "three_way" => Ok(TieEmbeddings::ThreeWay),
                    "target_with_output" => Ok(TieEmbeddings::TargetWithOutput),
                    "separate" => Ok(TieEmbeddings::Separate),
                    _ => Err(E::unknown_variant(name, &["three_way", "target_with_output", "separate"])),
                }
            }
        }

        deserializer.deserialize_any(BoolOrName)
    }
}
