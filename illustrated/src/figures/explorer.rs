//! The attention explorer: the weights of every layer and head of the encoder's self-attention, the decoder's, and the
//! cross-attention between them, as a heatmap and as lines from word to word.

mod kind;
mod lines;

use maud::{Markup, html};

use super::common::{by_layer, largest, numbered, row_of};
use crate::look::equation::at;
use crate::look::matrix::Drawn;
use crate::look::number::counted;
use crate::look::{Axis, Caption, Control, Figure, Labels, Matrix, Note, Place, Role, Sheet, Style};
use crate::recording::{Pass, Recording, Unit};

use kind::{Kind, LABELS, TOGGLES, kinds};

/// Up to so many words above the columns, cells have numbers.
const READABLE: usize = 13;

/// How wide the heatmap of a long sentence should be, and what its cells are at least and at most, in pixels.
const HEATMAP: f64 = 620.0;
const SIDES: (f64, f64) = (11.0, 24.0);

/// The weights, as heatmap and as lines.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let pass = recording.last_pass()?;
    let kinds = kinds(recording, &pass);
    let n_heads = recording.about().architecture.n_heads;
    let n_layers = kinds.iter().map(|kind| kind.n_layers).max()?;
    let mut sheet = Sheet::new();
    sheet.markup(hatch(), 0.0, 0.0);
    for (number, kind) in kinds.iter().enumerate() {
        let mut one = Sheet::new();
        one.put(&panel(recording, kind, number, n_heads)?, 0.0, 0.0);
        sheet.when(&format!("kind={number}"), number == 0, one);
    }
    let names = kinds.iter().map(|kind| kind.name.to_owned()).collect();
    let toggles = TOGGLES.iter().zip(LABELS).take(n_heads).enumerate().map(|(head, (name, label))| Control {
        name,
        label,
        choices: vec!["hidden".into(), "shown".into()],
        chosen: usize::from(head == 0),
    });
    let kind = Control { name: "kind", label: "attention", choices: names, chosen: 0 };
    let layer = numbered("layer", n_layers);
    let head = Control { label: "weights of head", ..numbered("head", n_heads) };
    let chosen = [Axis::of(&kind), Axis::of(&layer), Axis::of(&head)];
    let unit = recording.about().unit();
    let notes = kinds.iter().enumerate().flat_map(|(number, kind)| {
        words_of(kind, unit).map(|text| Note::when(format!("kind={number}"), number == 0, text))
    });
    let caption = caption(recording, &kinds, chosen)?;
    let controls = [kind, layer, head].into_iter().chain(toggles).collect();
    let figure = sheet.into_figure("attention-explorer", "Who looks at whom", caption, controls);
    Some(figure.with_notes(notes.collect()))
}

/// What lies over cells that are masked.
fn hatch() -> Markup {
    html! {
        defs {
            pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                path class="hatch" d="M0 0V6" {}
            }
        }
    }
}

/// Lines on the left, the heatmap on the right.
fn panel(recording: &Recording, kind: &Kind, number: usize, n_heads: usize) -> Option<Drawn> {
    let lines = lines::draw(recording, kind, number, n_heads);
    let heatmap = heatmap(&recording.last_pass()?, kind)?;
    let left = lines.width + 40.0;
    let markup = html! { (lines.markup) (at(left, 0.0, &heatmap.markup)) };
    let (width, height) = (left + heatmap.width, lines.height.max(heatmap.height));
    Some(Drawn::whole(markup, width, height))
}

/// What rows and columns are, and what the mask does.
fn words_of(kind: &Kind, Unit { one, many }: Unit) -> [String; 2] {
    let (rows, columns) = (kind.queries.len(), kind.keys.len());
    let mask = if kind.is_causal {
        format!(
            "Hatched cells are masked: a {one} may not see those after it, their scores are minus infinity, their weights 0."
        )
    } else {
        format!(
            "Nothing is masked here: each of these {many} may look at every one, and no sentence is padded."
        )
    };
    let are = if kind.n_layers == 1 { "is" } else { "are" };
    let layers = format!("There {are} {} of this kind; each row sums to 1.", counted(kind.n_layers, "layer"));
    let rows = counted(rows, one);
    [format!("Rows look ({rows}), columns are looked at ({columns}). {layers}"), mask]
}

fn heatmap(pass: &Pass, kind: &Kind) -> Option<Drawn> {
    let (n_rows, n_cols) = (kind.queries.len(), kind.keys.len());
    let tiny = (n_cols > READABLE || n_rows > 24)
        .then(|| (HEATMAP / n_cols.max(1) as f64).floor().clamp(SIDES.0, SIDES.1));
    let matrix = Matrix {
        name: "weights".into(),
        role: Role::Weights,
        place: Place::of(kind.path).strides(n_cols, 1).control("head", n_rows * n_cols),
        n_rows,
        n_cols,
        labels: Labels::both(&kind.queries, &kind.keys),
    };
    let style = Style { max_rows: usize::MAX, max_cols: usize::MAX, tiny, causal: kind.is_causal };
    matrix.draw_as(pass, &[("layer", 0), ("head", 0)], &style)
}

/// Where the last word looks most, in each kind of attention.
fn caption(recording: &Recording, kinds: &[Kind], [kind, layer, head]: [Axis; 3]) -> Option<Caption> {
    let passes = recording.passes();
    let Unit { one, many } = recording.about().unit();
    let of_kind = |kind: &Kind| by_layer(&passes, kind.path, kind.n_layers);
    let weights: Vec<_> = kinds.iter().map(of_kind).collect();
    Caption::over([Axis::passes(passes.len()), kind, layer, head], |[pass, kind, layer, head]| {
        let Kind { name, queries, keys, n_layers, .. } = &kinds[kind];
        if layer >= *n_layers {
            return Some(format!("There is no layer {layer} of this kind, {name}; there are {n_layers}."));
        }
        let row = row_of(weights[kind][pass][layer]?, head, queries.len().checked_sub(1)?)?;
        let most = largest(row);
        Some(format!(
            "In layer {layer}, head {head} ({name}) lets “{}” look most at “{}”: {:.0}%. What a {one} looks at is no explanation of \
             what the model says: other weights can give the same {many}, and values matter as much.",
            queries.last()?,
            keys.get(most)?,
            100.0 * row[most],
        ))
    })
}
