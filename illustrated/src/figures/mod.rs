//! The figures, each a function from a recording to a drawing: no state, no input or output.
//!
//! `draw(recording)` returns nothing where the recording has not what it is drawn from.

pub mod attention_matrices;
mod common;
#[cfg(test)]
mod drawn_tests;
pub mod embedding;
pub mod explorer;
pub mod heads;
pub mod self_attention;
pub mod stacks;

use crate::look::Figure;
use crate::recording::Recording;

/// Every figure that can be drawn from the recording, in the order of the article.
pub fn all(recording: &Recording) -> Vec<Figure> {
    [
        stacks::draw,
        embedding::draw,
        embedding::feed_forward,
        self_attention::draw,
        attention_matrices::draw,
        heads::draw,
        explorer::draw,
    ]
    .into_iter()
    .filter_map(|draw| draw(recording))
    .collect()
}
