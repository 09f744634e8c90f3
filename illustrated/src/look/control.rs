//! What a reader can choose in a figure.

/// What a reader can choose in a figure: a layer, a head, a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// As places in a recording name it: `layer`.
    pub name: &'static str,
    /// As readers see it.
    pub label: &'static str,
    /// The choices; which of them the drawing shows first.
    pub choices: Vec<String>,
    /// The one that is drawn.
    pub chosen: usize,
}
