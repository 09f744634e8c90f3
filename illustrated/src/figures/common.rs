//! What several figures have in common.

use transformer::NormPlacement;

use crate::look::equation::choices;
use crate::look::matrix::Drawn;
use crate::look::text::cut;
use crate::look::{Axis, Caption, Control, Heads, Labels, Matrix, Place, Role, Sheet, Style};
use crate::recording::{Array, Output, Pass, Recording, Token, Unit};

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
    pub unit: Unit,
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
            unit: recording.about().unit(),
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
        let layers = 0..self.n_layers;
        choices("layer", layers.map(|layer| draw(&layer_input("encoder", layer))).collect::<Option<_>>()?)
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

/// The control that chooses a position of the target, named by the labels.
pub(super) fn positions(pass: &Pass) -> Control {
    let name = |(at, label): (usize, &Token)| format!("{at}: {}", label.text);
    let choices = pass.head().tgt_out.iter().enumerate().map(name).collect();
    Control { name: "position", label: "position", choices, chosen: 0 }
}

/// Of each pass and of each layer, the array of a path with `{layer}`, if it was recorded.
pub(super) fn by_layer<'a>(passes: &[Pass<'a>], path: &str, n_layers: usize) -> Vec<Vec<Option<&'a Array>>> {
    let of_layer = |pass: &Pass<'a>, layer: usize| pass.value(&path.replace("{layer}", &layer.to_string()));
    passes.iter().map(|pass| (0..n_layers).map(|layer| of_layer(pass, layer)).collect()).collect()
}

/// Draws what there is of each pass, seen while that pass is chosen and the last at first, and tells of it. If there is
/// only one, it is always seen. None if there is nothing of the last.
pub(super) fn by_pass<T>(
    sheet: &mut Sheet,
    all: &[Option<T>],
    draw: impl Fn(&T) -> Sheet,
    told: impl Fn(&T) -> String,
) -> Option<Caption> {
    let mut there = all.iter().flatten();
    if let (Some(one), None) = (there.next(), there.next()) {
        sheet.lay(draw(one));
        return Some(told(one).into());
    }
    for (pass, one) in all.iter().enumerate() {
        one.iter().for_each(|one| sheet.when(&format!("pass={pass}"), pass + 1 == all.len(), draw(one)));
    }
    Caption::over([Axis::passes(all.len())], |[pass]| all[pass].as_ref().map(&told))
}

/// Of weights `[n_heads, q_len, k_len]`, those that a head gives at a row, if there are so many.
pub(super) fn row_of(weights: &Array, head: usize, row: usize) -> Option<&[f32]> {
    let &[n_heads, q_len, k_len] = &weights.shape[..] else { return None };
    let start = (head * q_len + row) * k_len;
    weights.data.get(start..start + k_len).filter(|_| head < n_heads && row < q_len && k_len > 0)
}

/// The path of what a layer of a stack reads.
pub(super) fn layer_input(stack: &str, layer: usize) -> String {
    match layer {
        0 => format!("{stack}.embedded"),
        _ => format!("{stack}.layers.{}.out", layer - 1),
    }
}

/// Whether the same words are listed at every position, in the same order: all of a small vocabulary.
pub(super) fn is_shared(outputs: &[&Output]) -> bool {
    let ids = |output: &Output| output.words.iter().map(|said| said.token.id).collect::<Vec<_>>();
    outputs.windows(2).all(|pair| ids(pair[0]) == ids(pair[1]))
}

/// The place among the words listed of the likeliest.
pub(super) fn likeliest(output: &Output) -> Option<usize> {
    let words = output.words.iter().enumerate();
    words.max_by(|(_, a), (_, b)| a.log_prob.total_cmp(&b.log_prob)).map(|(at, _)| at)
}

/// A row of an array of outputs: at the chosen position if every position lists the same words, else at this one.
pub(super) fn output_row(
    pass: &Pass,
    path: &str,
    name: &str,
    role: Role,
    at: Option<usize>,
) -> Option<Matrix> {
    let outputs = pass.outputs();
    let words = &outputs.get(at.unwrap_or(0))?.words;
    let place = Place::of(format!("outputs.{path}")).listed_at(at.unwrap_or(0), Heads::Words);
    Some(Matrix {
        name: name.into(),
        role,
        place: match at {
            Some(position) => place.start(position * words.len()),
            None => place.control("position", words.len()),
        },
        n_rows: 1,
        n_cols: words.len(),
        labels: Labels { rows: Vec::new(), cols: words.iter().map(|said| said.token.text.clone()).collect() },
    })
}
