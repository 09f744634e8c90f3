//! What the tokens of a model are, in words for readers.

use super::event::About;

/// What one token is called, and several: words, or pieces of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// One of them.
    pub one: &'static str,
    /// More of them.
    pub many: &'static str,
}

impl About {
    /// What a token of this model is called.
    pub fn unit(&self) -> Unit {
        if self.pieces { Unit { one: "piece", many: "pieces" } } else { Unit { one: "word", many: "words" } }
    }
}
