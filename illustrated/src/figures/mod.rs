//! The figures, each a function from a recording to a drawing: no state, no input or output.
//!
//! `draw(recording)` returns nothing where the recording has not what it is drawn from.

pub mod attention;
pub mod beam;
pub mod distributions;
pub mod gradients;
pub mod loss;
pub mod norms;

use crate::look::Figure;
use crate::recording::Recording;

/// Every figure that can be drawn from the recording, in the order of the article.
pub fn all(recording: &Recording) -> Vec<Figure> {
    [
        attention::draw,
        distributions::draw,
        loss::draw,
        gradients::draw,
        norms::layers,
        norms::update,
        beam::greedy,
        beam::draw,
    ]
    .into_iter()
    .filter_map(|draw| draw(recording))
    .collect()
}
