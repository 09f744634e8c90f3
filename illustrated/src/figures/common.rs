//! What several figures ask of a recording.

use transformer::NormPlacement;

use crate::look::equation::choices;
use crate::look::matrix::{Drawn, cut};
use crate::look::{Control, Labels, Matrix, Place, Role, Style};
use crate::recording::{Pass, Recording, Token};

/// The widest that a figure is drawn, where it can be helped.
pub(super) const MAX_WIDTH: f64 = 1072.0;

/// The last pass of a recording, and the sizes of its model.
pub(super) struct Run<'a> {
    pub recording: &'a Recording,
    pub pass: Pass<'a>,
    pub src: Vec<String>,
    pub d_model: usize,
    pub n_heads: usize,
    pub d_head: usize,
    pub n_layers: usize,
}

impl<'a> Run<'a> {
    /// Returns nothing where nothing was recorded, or the model has no head or no encoder.
    pub fn of(recording: &'a Recording) -> Option<Run<'a>> {
        let pass = recording.last_pass()?;
        let architecture = &recording.about().architecture;
        let src = spelled(&pass.head().src);
        let (d_model, n_heads, n_layers) =
            (architecture.d_model, architecture.n_heads, architecture.n_encoder_layers);
        let d_head = d_model.checked_div(n_heads)?;
        (n_layers > 0 && !src.is_empty()).then_some(Run {
            recording,
            pass,
            src,
            d_model,
            n_heads,
            d_head,
            n_layers,
        })
    }

    /// The rows of all words of a path `[src_len, width]`.
    pub fn rows(&self, name: &str, role: Role, path: &str, width: usize) -> Matrix {
        Matrix {
            name: name.into(),
            role,
            place: Place::of(path).strides(width, 1),
            n_rows: self.src.len(),
            n_cols: width,
            labels: Labels::rows(&self.src),
        }
    }

    /// The columns of one head in the encoder's self-attention: query, key, value or context.
    pub fn head(&self, name: &str, role: Role, of: &str) -> Matrix {
        let path = format!("encoder.layers.{{layer}}.self_attn.{of}");
        let place = Place::of(path).strides(self.d_model, 1).control("head", self.d_head);
        Matrix { place, n_cols: self.d_head, ..self.rows(name, role, "", self.d_model) }
    }

    /// What the encoder's self-attention reads, as the control `layer` stands; `change` makes the matrix of a path.
    pub fn input(&self, style: &Style, change: impl Fn(Matrix) -> Matrix) -> Option<Drawn> {
        let draw = |path: &str| {
            let matrix = change(self.rows("X", Role::Words, path, self.d_model));
            matrix.draw_as(&self.pass, &[("layer", 0), ("head", 0), ("word", 0)], style)
        };
        if self.recording.about().architecture.norm == NormPlacement::Pre {
            return draw("encoder.layers.{layer}.norm1.out");
        }
        let below = (1..self.n_layers).map(|layer| format!("encoder.layers.{}.out", layer - 1));
        let paths = ["encoder.embedded".to_owned()].into_iter().chain(below);
        choices("layer", paths.map(|path| draw(&path)).collect::<Option<_>>()?)
    }

    /// The control that chooses a layer of the encoder.
    pub fn layers(&self) -> Control {
        numbered("layer", self.n_layers)
    }

    /// The control that chooses a head.
    pub fn heads(&self) -> Control {
        numbered("head", self.n_heads)
    }
}

/// A control whose choices are numbers from 0.
pub(super) fn numbered(name: &'static str, count: usize) -> Control {
    Control { name, label: name, choices: (0..count).map(|at| at.to_string()).collect(), chosen: 0 }
}

/// The words of tokens, cut where they are too long for a label.
pub(super) fn spelled(tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(|token| cut(&token.text, 110.0)).collect()
}

/// The place of the largest number.
pub(super) fn largest(numbers: &[f32]) -> usize {
    (0..numbers.len()).max_by(|&a, &b| numbers[a].total_cmp(&numbers[b])).unwrap_or(0)
}
