//! Where the numbers of a matrix stand in a recording.

use std::borrow::Cow;

use crate::recording::{Array, Pass};

/// Which numbers of a recorded array a matrix shows: the number of row r and column c stands at
/// `start + r * row + c * col`, and further by what the controls of the figure say.
///
/// ```
/// use illustrated::look::Place;
///
/// // Queries [len, d_model] of one head of 16, in a layer that the reader chooses, for the word that the reader chooses.
/// let place = Place::of("encoder.layers.{layer}.self_attn.query").strides(64, 1).control("head", 16).control("word", 64);
/// assert_eq!(place.path_at(&[("layer", 1)]), "encoder.layers.1.self_attn.query");
/// assert_eq!(place.index(&[("head", 2), ("layer", 1)], 0, 3), 2 * 16 + 3);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    path: String,
    start: usize,
    row: usize,
    col: usize,
    controls: Vec<(&'static str, usize)>,
    pass: Option<usize>,
    of_gradient: bool,
    listed: Option<Listed>,
}

/// What stands above columns that are the words listed by an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heads {
    /// The words.
    Words,
    /// Their indices in the vocabulary.
    Indices,
}

/// Which output lists the words of the columns, and what of them stands above.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Listed {
    position: usize,
    heads: Heads,
}

impl Place {
    /// The numbers of that path; `{layer}` and the like in it stand for what the control of that name says.
    pub fn of(path: impl Into<String>) -> Place {
        Place {
            path: path.into(),
            start: 0,
            row: 0,
            col: 1,
            controls: Vec::new(),
            pass: None,
            of_gradient: false,
            listed: None,
        }
    }

    /// How far it is from a row to the next, and from a column to the next.
    pub fn strides(self, row: usize, col: usize) -> Place {
        Place { row, col, ..self }
    }

    /// Where the first number stands.
    pub fn start(self, start: usize) -> Place {
        Place { start, ..self }
    }

    /// How far it is from one choice of a control to the next.
    pub fn control(mut self, name: &'static str, stride: usize) -> Place {
        self.controls.push((name, stride));
        self
    }

    /// The numbers of the pass of this number, from 0, whatever step the reader chose: the attribute `data-pass`, which is
    /// not there where the pass is the chosen one. Who draws it hands that pass to [`Matrix::draw`](super::Matrix::draw).
    pub fn pass(self, pass: usize) -> Place {
        Place { pass: Some(pass), ..self }
    }

    /// The gradients of the loss at the numbers instead of the numbers: the attribute `data-of="gradient"`.
    pub fn gradients(self) -> Place {
        Place { of_gradient: true, ..self }
    }

    /// The columns are the words that the output at that position lists; what stands above them follows the pass: the
    /// attributes `data-listed` and `data-heads`.
    pub fn listed_at(self, position: usize, heads: Heads) -> Place {
        Place { listed: Some(Listed { position, heads }), ..self }
    }

    /// The path, with what the controls say.
    pub fn path_at(&self, chosen: &[(&str, usize)]) -> String {
        chosen
            .iter()
            .fold(self.path.clone(), |path, (name, at)| path.replace(&format!("{{{name}}}"), &at.to_string()))
    }

    /// Where the number of a row and column stands.
    pub fn index(&self, chosen: &[(&str, usize)], row: usize, col: usize) -> usize {
        let choice = |name: &str| chosen.iter().find(|(other, _)| *other == name).map_or(0, |(_, at)| *at);
        let moved: usize = self.controls.iter().map(|(name, stride)| choice(name) * stride).sum();
        self.start + moved + row * self.row + col * self.col
    }

    /// The value and the gradient arrays of a pass; of gradients, only these.
    pub fn arrays<'a>(
        &self,
        pass: &Pass<'a>,
        chosen: &[(&str, usize)],
    ) -> Option<(Cow<'a, Array>, Option<Cow<'a, Array>>)> {
        let path = self.path_at(chosen);
        let gradients = || {
            pass.gradient(&path).map(Cow::Borrowed).or_else(|| pass.output_gradient(&path).map(Cow::Owned))
        };
        if self.of_gradient {
            return Some((gradients()?, None));
        }
        let values = pass.value(&path).map(Cow::Borrowed).or_else(|| pass.output(&path).map(Cow::Owned));
        Some((values?, gradients()))
    }

    /// The attributes by which a script finds the numbers: path, start, row, col and controls.
    pub fn attributes(&self) -> [(&'static str, String); 5] {
        let controls: Vec<String> =
            self.controls.iter().map(|(name, stride)| format!("{name}:{stride}")).collect();
        [
            ("path", self.path.clone()),
            ("start", self.start.to_string()),
            ("row", self.row.to_string()),
            ("col", self.col.to_string()),
            ("controls", controls.join(" ")),
        ]
    }

    /// The pass, if it is always the same one: `data-pass`.
    pub fn fixed_pass(&self) -> Option<usize> {
        self.pass
    }

    /// The position whose output lists the words of the columns, if one does: `data-listed`.
    pub fn listed(&self) -> Option<usize> {
        self.listed.map(|listed| listed.position)
    }

    /// What of listed words stands above the columns, `words` or `indices`: `data-heads`.
    pub fn heads(&self) -> Option<&'static str> {
        self.listed.map(|listed| match listed.heads {
            Heads::Words => "words",
            Heads::Indices => "indices",
        })
    }

    /// `gradient`, if gradients are shown: `data-of`.
    pub fn shows(&self) -> Option<&'static str> {
        self.of_gradient.then_some("gradient")
    }
}
