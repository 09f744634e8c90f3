//! The kinds of attention, and the controls of what is shown of them.

use crate::figures::common::spelled;
use crate::recording::{Pass, Recording};

/// Controls for the lines of each head: more heads have lines only where they are the chosen one.
pub(super) const TOGGLES: [&str; 8] =
    ["lines0", "lines1", "lines2", "lines3", "lines4", "lines5", "lines6", "lines7"];

/// What readers call them.
pub(super) const LABELS: [&str; 8] =
    ["lines of head 0", "head 1", "head 2", "head 3", "head 4", "head 5", "head 6", "head 7"];

/// One of the three kinds of attention.
pub(super) struct Kind {
    /// What readers call it.
    pub name: &'static str,
    /// Its path, with `{layer}`.
    pub path: &'static str,
    /// The words that look.
    pub queries: Vec<String>,
    /// The words that are looked at.
    pub keys: Vec<String>,
    /// How many layers have it.
    pub n_layers: usize,
    /// Whether words after the one that looks are masked.
    pub is_causal: bool,
}

/// All three.
pub(super) fn kinds(recording: &Recording, pass: &Pass) -> Vec<Kind> {
    let architecture = &recording.about().architecture;
    let (src, tgt) = (spelled(&pass.head().src), spelled(&pass.head().tgt_in));
    vec![
        Kind {
            name: "encoder, self",
            path: "encoder.layers.{layer}.self_attn.weights",
            queries: src.clone(),
            keys: src.clone(),
            n_layers: architecture.n_encoder_layers,
            is_causal: false,
        },
        Kind {
            name: "decoder, self",
            path: "decoder.layers.{layer}.self_attn.weights",
            queries: tgt.clone(),
            keys: tgt.clone(),
            n_layers: architecture.n_decoder_layers,
            is_causal: architecture.causal_mask,
        },
        Kind {
            name: "cross: decoder to encoder",
            path: "decoder.layers.{layer}.cross_attn.weights",
            queries: tgt,
            keys: src,
            n_layers: architecture.n_decoder_layers,
            is_causal: false,
        },
    ]
}
