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

/// What else a figure shows than numbers of a pass, which a script can put in place: it is drawn anew when there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Nothing else.
    Pass,
    /// The steps of the training, or passes of several of them.
    Steps,
    /// The search.
    Search,
}

/// A figure: the chapter that it belongs to, its name, what it follows, and how it is drawn.
struct Entry(&'static str, &'static str, Follows, Draw);

/// Every figure, in the order of the article.
const FIGURES: &[Entry] = &[
    Entry("black-box", "stacks", Follows::Search, stacks::draw),
    Entry("words", "embedding", Follows::Pass, embedding::draw),
    Entry("self-attention", "self-attention", Follows::Pass, self_attention::draw),
    Entry("matrices", "attention-matrices", Follows::Pass, attention_matrices::draw),
    Entry("heads", "heads", Follows::Pass, heads::draw),
    Entry("positions", "positions", Follows::Pass, positions::draw),
    Entry("positions", "position-pictures", Follows::Pass, position_pictures::draw),
    Entry("residuals", "residual-norm", Follows::Pass, residual_norm::draw),
    Entry("feed-forwards", "feed-forward", Follows::Pass, embedding::feed_forward),
    Entry("decoder", "decoder-layer", Follows::Pass, decoder::draw),
    Entry("decoder", "masks", Follows::Pass, masks::draw),
    Entry("decoder", "decoding", Follows::Pass, decoding::draw),
    Entry("output", "output", Follows::Pass, output::draw),
    Entry("output", "vocabulary", Follows::Pass, vocabulary::draw),
    Entry("training", "distributions", Follows::Steps, distributions::draw),
    Entry("training", "loss", Follows::Steps, loss::draw),
    Entry("way-back", "logit-gradients", Follows::Pass, gradients::draw),
    Entry("way-back", "gradient-norms", Follows::Steps, norms::layers),
    Entry("way-back", "followed-weight", Follows::Steps, followed_weight::draw),
    Entry("way-back", "step-of-adam", Follows::Steps, norms::update),
    Entry("search", "greedy-search", Follows::Search, beam::greedy),
    Entry("search", "beam-search", Follows::Search, beam::draw),
    Entry("explorer", "attention-explorer", Follows::Pass, explorer::draw),
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
    FIGURES.iter().find(|Entry(_, of, ..)| *of == id).and_then(|Entry(.., draw)| draw(recording))
}

/// The names of the figures that follow this.
pub fn following(follows: Follows) -> Vec<&'static str> {
    FIGURES.iter().filter(|Entry(_, _, of, _)| *of == follows).map(|Entry(_, id, ..)| *id).collect()
}
