//! What several figures have in common.

use crate::look::matrix::cut;
use crate::look::{Control, Labels, Matrix, Place, Role};
use crate::recording::{Output, Pass};

/// The choice of a layer, if there are several.
pub(super) fn layer_control(count: usize) -> Option<Control> {
    choice("layer", "layer", (0..count).map(|layer| layer.to_string()).collect())
}

/// The choice of a position of the target, named by the labels, if there are several.
pub(super) fn position_control(pass: &Pass) -> Option<Control> {
    let name = |(at, label): (usize, &crate::recording::Token)| format!("{at}: {}", label.text);
    choice("position", "position", pass.head().tgt_out.iter().enumerate().map(name).collect())
}

pub(super) fn choice(name: &'static str, label: &'static str, choices: Vec<String>) -> Option<Control> {
    (choices.len() > 1).then_some(Control { name, label, choices, chosen: 0 })
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
    let place = Place::of(format!("outputs.{path}"));
    Some(Matrix {
        name: name.into(),
        role,
        place: match at {
            Some(position) => place.start(position * words.len()),
            None => place.control("position", words.len()),
        },
        n_rows: 1,
        n_cols: words.len(),
        labels: Labels {
            rows: Vec::new(),
            cols: words.iter().map(|said| cut(&said.token.text, 46.0)).collect(),
        },
    })
}
