//! The figures, each a function from a recording to a drawing: no state, no input or output.
//!
//! `draw(recording)` returns nothing where the recording has not what it is drawn from.

pub mod attention_matrices;
pub mod beam;
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

/// Every figure, in the order of the article, and the chapter that it belongs to.
const FIGURES: &[(&str, Draw)] = &[
    ("black-box", stacks::draw),
    ("words", embedding::draw),
    ("words", embedding::feed_forward),
    ("self-attention", self_attention::draw),
    ("matrices", attention_matrices::draw),
    ("heads", heads::draw),
    ("positions", positions::draw),
    ("positions", position_pictures::draw),
    ("residuals", residual_norm::draw),
    ("decoder", decoder::draw),
    ("decoder", masks::draw),
    ("decoder", decoding::draw),
    ("output", output::draw),
    ("output", vocabulary::draw),
    ("training", distributions::draw),
    ("training", loss::draw),
    ("way-back", gradients::draw),
    ("way-back", norms::layers),
    ("way-back", followed_weight::draw),
    ("way-back", norms::update),
    ("search", beam::greedy),
    ("search", beam::draw),
    ("explorer", explorer::draw),
];

/// Every figure that can be drawn from the recording, in the order of the article.
pub fn all(recording: &Recording) -> Vec<Figure> {
    FIGURES.iter().filter_map(|(_, draw)| draw(recording)).collect()
}

/// The figures of a chapter that can be drawn from the recording.
pub fn of_chapter(chapter: &str, recording: &Recording) -> Vec<Figure> {
    let draws = FIGURES.iter().filter(|(of, _)| *of == chapter);
    draws.filter_map(|(_, draw)| draw(recording)).collect()
}
