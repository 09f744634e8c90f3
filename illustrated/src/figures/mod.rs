//! The figures, each a function from a recording to a drawing: no state, no input or output.
//!
//! `draw(recording)` returns nothing where the recording has not what it is drawn from.

pub mod attention_matrices;
pub mod beam;
#[cfg(test)]
mod caption_tests;
#[cfg(test)]
mod changed_tests;
mod common;
pub mod decoder;
pub mod decoding;
pub mod distributions;
#[cfg(test)]
mod drawn_tests;
pub mod embedding;
pub mod explorer;
pub mod followed_weight;
pub mod gradients;
pub mod heads;
pub mod loss;
pub mod masks;
pub mod norms;
pub mod output;
pub mod position_pictures;
pub mod positions;
pub mod residual_norm;
pub mod self_attention;
pub mod stacks;
pub mod vocabulary;

use crate::look::Figure;
use crate::recording::Recording;

/// Draws a figure, if the recording has what it is drawn from.
type Draw = fn(&Recording) -> Option<Figure>;

/// A figure: the chapter that it belongs to, its name, and how it is drawn.
struct Entry(&'static str, &'static str, Draw);

/// Every figure, in the order of the article.
const FIGURES: &[Entry] = &[
    Entry("black-box", "stacks", stacks::draw),
    Entry("words", "embedding", embedding::draw),
    Entry("self-attention", "self-attention", self_attention::draw),
    Entry("matrices", "attention-matrices", attention_matrices::draw),
    Entry("heads", "heads", heads::draw),
    Entry("positions", "positions", positions::draw),
    Entry("positions", "position-pictures", position_pictures::draw),
    Entry("residuals", "residual-norm", residual_norm::draw),
    Entry("feed-forwards", "feed-forward", embedding::feed_forward),
    Entry("decoder", "decoder-layer", decoder::draw),
    Entry("decoder", "masks", masks::draw),
    Entry("decoder", "decoding", decoding::draw),
    Entry("output", "output", output::draw),
    Entry("output", "vocabulary", vocabulary::draw),
    Entry("training", "distributions", distributions::draw),
    Entry("training", "loss", loss::draw),
    Entry("way-back", "logit-gradients", gradients::draw),
    Entry("way-back", "gradient-norms", norms::layers),
    Entry("way-back", "followed-weight", followed_weight::draw),
    Entry("way-back", "step-of-adam", norms::update),
    Entry("search", "greedy-search", beam::greedy),
    Entry("search", "beam-search", beam::draw),
    Entry("explorer", "attention-explorer", explorer::draw),
];

/// Every figure that can be drawn from the recording, in the order of the article.
pub fn all(recording: &Recording) -> Vec<Figure> {
    FIGURES.iter().filter_map(|Entry(.., draw)| draw(recording)).collect()
}

/// The figures of a chapter that can be drawn from the recording.
pub fn of_chapter(chapter: &str, recording: &Recording) -> Vec<Figure> {
    let draws = FIGURES.iter().filter(|Entry(of, ..)| *of == chapter);
    draws.filter_map(|Entry(.., draw)| draw(recording)).collect()
}

/// The figure of that name, if there is one and the recording has what it is drawn from.
pub fn named(id: &str, recording: &Recording) -> Option<Figure> {
    FIGURES.iter().find(|Entry(_, of, _)| *of == id).and_then(|Entry(.., draw)| draw(recording))
}
