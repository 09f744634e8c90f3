//! The figures, each a function from a recording to a drawing: no state, no input or output.
//!
//! `draw(recording)` returns nothing where the recording has not what it is drawn from.

pub mod attention;
pub mod beam;
pub mod decoder;
pub mod decoding;
pub mod distributions;
pub mod output;
mod parts;
pub mod position_pictures;
pub mod positions;
pub mod residual_norm;
pub mod vocabulary;

use crate::look::Figure;
use crate::recording::Recording;

/// Every figure that can be drawn from the recording, in the order of the article.
pub fn all(recording: &Recording) -> Vec<Figure> {
    let figures: [fn(&Recording) -> Option<Figure>; 11] = [
        attention::draw,
        positions::draw,
        position_pictures::draw,
        residual_norm::draw,
        decoder::draw,
        decoding::draw,
        output::draw,
        vocabulary::draw,
        distributions::draw,
        beam::greedy,
        beam::draw,
    ];
    figures.into_iter().filter_map(|draw| draw(recording)).collect()
}
