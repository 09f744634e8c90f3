//! The numbers that make a Transformer (Vaswani et al. 2017, Table 3) and the choices around them.
//!
//! The defaults are the paper's; what departs from it is a named option of the [`Architecture`]. A [`Config`] is that
//! and what the vocabularies decide. It is plain data: start from a preset and change fields, then
//! [`Config::validate`] says in words what does not fit.
//!
//! ```
//! use transformer::config::{Config, NormPlacement, VocabSizes};
//! let config = Config::base(VocabSizes::Shared(37_000)).with(|model| model.norm = NormPlacement::Pre);
//! config.validate()?;
//! assert_eq!(config.n_parameters() / 1_000_000, 63);
//! # Ok::<(), transformer::error::Error>(())
//! ```
//!
//! All of it can be written down and read again with serde, as one flat table in which options have their names in
//! lower case (`norm = "pre"`, `decoder_start = { token = 1 }`). What is not there has its default; what is not known
//! is an error rather than a wish unheard. Reading does not validate.

mod architecture;
mod count;
mod presets;
mod settings;
mod validate;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

pub use architecture::{Activation, Architecture, NormPlacement, Positions, TieEmbeddings};

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
/// Equal sizes are not a shared vocabulary, so that must be said; it decides which embeddings may be
/// tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VocabSizes {
    /// One vocabulary serves both sides.
    Shared(usize),
    /// Each side has its own.
    Separate {
        /// Words of the source.
        src: usize,
        /// Words of the target.
        tgt: usize,
    },
}

/// A model for given vocabularies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Config {
    /// Rows of the source embedding.
    pub src_vocab_size: usize,
    /// Rows of the target embedding; width of the logits.
    pub tgt_vocab_size: usize,
    /// What the decoder reads before the first word. Presets: `Token(1)`.
    pub decoder_start: DecoderStart,
    /// The target's `<eos>`, at which decoding ends. Presets: 2.
    pub eos_id: u32,
    /// What does not depend on the vocabularies.
    #[serde(flatten)]
    pub architecture: Architecture,
}

/// A [`Config`] as it is read, with what this version does not know.
#[derive(Deserialize)]
struct Stored {
    src_vocab_size: usize,
    tgt_vocab_size: usize,
    decoder_start: DecoderStart,
    eos_id: u32,
    #[serde(flatten)]
    architecture: Architecture,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

impl TryFrom<Stored> for Config {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Config, String> {
        let Stored { src_vocab_size, tgt_vocab_size, decoder_start, eos_id, architecture, unknown } = stored;
        match unknown.keys().next() {
            Some(key) => Err(format!("there is no option `{key}` in this version")),
            None => Ok(Config { src_vocab_size, tgt_vocab_size, decoder_start, eos_id, architecture }),
        }
    }
}

impl Config {
    /// A model of this architecture for vocabularies of these sizes, with `<bos>` 1 and `<eos>` 2.
    pub fn new(architecture: Architecture, vocab_sizes: VocabSizes) -> Self {
        let (src_vocab_size, tgt_vocab_size) = match vocab_sizes {
            VocabSizes::Shared(size) => (size, size),
            VocabSizes::Separate { src, tgt } => (src, tgt),
        };
        let tie_embeddings = match (architecture.tie_embeddings, vocab_sizes) {
            (TieEmbeddings::Auto, VocabSizes::Shared(_)) => TieEmbeddings::ThreeWay,
            (TieEmbeddings::Auto, VocabSizes::Separate { .. }) => TieEmbeddings::TargetWithOutput,
            (named, _) => named,
        };
        Config {
            src_vocab_size,
            tgt_vocab_size,
            decoder_start: DecoderStart::Token(1),
            eos_id: 2,
            architecture: Architecture { tie_embeddings, ..architecture },
        }
    }

    /// The same with another architecture: `Config::toy(sizes).with(|model| model.n_heads = 8)`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Architecture)) -> Self {
        change(&mut self.architecture);
        self
    }

    /// The same with these ids of the target vocabulary: its `<eos>`, and its `<bos>` or
    /// [`DecoderStart::ZeroVector`] if it has none.
    #[must_use]
    pub fn with_symbols(self, eos_id: u32, bos_id: Option<u32>) -> Self {
        let decoder_start = bos_id.map_or(DecoderStart::ZeroVector, DecoderStart::Token);
        Self { eos_id, decoder_start, ..self }
    }
}

#[cfg(test)]
mod tests;
