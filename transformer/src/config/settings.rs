//! What tells one [`Config`]'s model from another's.

use super::Config;

impl Config {
    /// All that decides what the model computes with its parameters, so that those of another model are found out:
    /// every option but shares of dropout, which are of training alone, and `max_len`, which is the shape of learned
    /// positions and does not change what sinusoids do.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let Config {
            src_vocab_size,
            tgt_vocab_size,
            d_model,
            n_heads,
            d_ff,
            n_encoder_layers,
            n_decoder_layers,
            max_len: _,
            dropout: _,
            attention_dropout: _,
            norm,
            norm_eps,
            positions,
            activation,
            attention_bias,
            projection_bias,
            tie_embeddings,
            decoder_start,
            eos_id,
        } = self;
        vec![
            ("src_vocab_size", src_vocab_size.to_string()),
            ("tgt_vocab_size", tgt_vocab_size.to_string()),
            ("d_model", d_model.to_string()),
            ("n_heads", n_heads.to_string()),
            ("d_ff", d_ff.to_string()),
            ("n_encoder_layers", n_encoder_layers.to_string()),
            ("n_decoder_layers", n_decoder_layers.to_string()),
            ("norm", format!("{norm:?}")),
            ("norm_eps", norm_eps.to_string()),
            ("positions", format!("{positions:?}")),
            ("activation", format!("{activation:?}")),
            ("attention_bias", attention_bias.to_string()),
            ("projection_bias", projection_bias.to_string()),
            ("tie_embeddings", format!("{tie_embeddings:?}")),
            ("decoder_start", format!("{decoder_start:?}")),
            ("eos_id", eos_id.to_string()),
        ]
    }
}
