//! The sizes that have names.

use super::{Architecture, Config, TieEmbeddings, VocabSizes};

/// Presets tie all embeddings where the vocabulary is shared, and none where it is not.
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
        let tie_embeddings = match vocab_sizes {
            VocabSizes::Shared(_) => TieEmbeddings::ThreeWay,
            VocabSizes::Separate { .. } => TieEmbeddings::Separate,
        };
        let (n_encoder_layers, n_decoder_layers) = (n_layers, n_layers);
        let sizes = Architecture {
            d_model,
            n_heads,
            d_ff,
            n_encoder_layers,
            n_decoder_layers,
            ..Architecture::default()
        };
        Config::new(Architecture { dropout, tie_embeddings, ..sizes }, vocab_sizes)
    }
}
