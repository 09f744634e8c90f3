//! How large a [`Config`]'s model is.

use super::{Architecture, Config, TieEmbeddings};
use crate::config::Positions;

impl Config {
    /// Number of parameters of the model, tied ones counted once; `usize::MAX` if it has more.
    ///
    /// ```text
    /// attention    4 d_model²   (+ 4 d_model with biases)
    /// feed-forward 2 d_model d_ff + d_ff + d_model
    /// norm         2 d_model, one per sublayer, and unless plain post-norm one on top of each stack
    /// encoder      n_encoder_layers (attention + feed-forward + 2 norms)
    /// decoder      n_decoder_layers (2 attentions + feed-forward + 3 norms)
    /// embeddings   vocab_size d_model for each matrix that is not tied
    /// projection   tgt_vocab_size with a bias, else none
    /// positions    none, or max_len d_model per stack
    /// ```
    pub fn n_parameters(&self) -> usize {
        let Self { src_vocab_size: src, tgt_vocab_size: tgt, architecture: ref model, .. } = *self;
        let Architecture { d_model, d_ff, .. } = *model;
        let bias = if model.attention_bias { product(&[4, d_model]) } else { 0 };
        let attention = sum(&[product(&[4, d_model, d_model]), bias]);
        let feed_forward = sum(&[product(&[2, d_model, d_ff]), d_ff, d_model]);
        let norm = product(&[2, d_model]);
        let encoder_layer = sum(&[attention, feed_forward, norm, norm]);
        let decoder_layer = sum(&[attention, attention, feed_forward, norm, norm, norm]);
        let final_norms = if model.norm.has_final_norm() { product(&[2, norm]) } else { 0 };
        let embedding_rows = match model.tie_embeddings {
            TieEmbeddings::ThreeWay => src,
            TieEmbeddings::TargetWithOutput => sum(&[src, tgt]),
            TieEmbeddings::Separate | TieEmbeddings::Auto => sum(&[src, tgt, tgt]), // Auto: at most
        };
        let projection_bias = if model.projection_bias { tgt } else { 0 };
        let learned = model.positions == Positions::Learned;
        let position_rows = if learned { product(&[2, model.max_len]) } else { 0 };
        sum(&[
            product(&[model.n_encoder_layers, encoder_layer]),
            product(&[model.n_decoder_layers, decoder_layer]),
            final_norms,
            product(&[embedding_rows, d_model]),
            projection_bias,
            product(&[position_rows, d_model]),
        ])
    }
}

/// The product, or `usize::MAX` if it is greater.
fn product(factors: &[usize]) -> usize {
    factors.iter().fold(1, |product, &n| product.saturating_mul(n))
}

/// The sum, or `usize::MAX` if it is greater.
fn sum(terms: &[usize]) -> usize {
    terms.iter().fold(0, |sum, &n| sum.saturating_add(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NormPlacement, VocabSizes};

    const SHARED: VocabSizes = VocabSizes::Shared(37_000);
    const SEPARATE: VocabSizes = VocabSizes::Separate { src: 30, tgt: 20 };

    #[test]
    fn the_paper_models_have_about_as_many_parameters_as_the_paper_says() {
        let millions = |config: Config| config.n_parameters() as f64 / 1e6;
        assert!((millions(Config::base(SHARED)) / 65.0 - 1.0).abs() < 0.04); // Table 3: 65
        assert!((millions(Config::big(SHARED)) / 213.0 - 1.0).abs() < 0.01); // Table 3: 213
    }

    #[test]
    fn parameters_are_counted_by_hand() {
        let config = Config::toy(SEPARATE).with(|model| {
            model.d_model = 2;
            model.d_ff = 3;
            model.n_heads = 1;
            model.max_len = 7;
        });
        let (attention, feed_forward, norm) = (4 * 4, (6 + 3) + (6 + 2), 4);
        let encoder = 2 * (attention + feed_forward + 2 * norm);
        let decoder = 2 * (2 * attention + feed_forward + 3 * norm);
        let layers = encoder + decoder;
        assert_eq!(config.n_parameters(), layers + 2 * (30 + 20 + 20));

        let tied = config.clone().with(|model| model.tie_embeddings = TieEmbeddings::TargetWithOutput);
        assert_eq!(tied.n_parameters(), layers + 2 * (30 + 20));
        let shared = Config {
            src_vocab_size: 20,
            ..config.clone().with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay)
        };
        assert_eq!(shared.n_parameters(), layers + 2 * 20);
        let plus = |changed: Config| changed.n_parameters() - config.n_parameters();
        for placement in [NormPlacement::PostFinal, NormPlacement::Pre] {
            assert_eq!(plus(config.clone().with(|model| model.norm = placement)), 2 * norm);
        }
        assert_eq!(plus(config.clone().with(|model| model.projection_bias = true)), 20);
        assert_eq!(plus(config.clone().with(|model| model.positions = Positions::Learned)), 2 * 7 * 2);
        assert_eq!(plus(config.clone().with(|model| model.attention_bias = true)), (2 + 2 * 2) * 4 * 2);
    }
}
