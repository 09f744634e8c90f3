//! Self-attention as matrices: `Q = X W^Q`, `K = X W^K`, `V = X W^V`, then `softmax(Q K^T / √d_head) V` (Vaswani et al.
//! 2017, §3.2.1).

use super::common::{MAX_WIDTH, Run, by_layer, largest, row_of, spelled};
use crate::look::equation::{Part, equation, stack};
use crate::look::matrix::Drawn;
use crate::look::{Axis, Caption, Figure, Labels, Matrix, Place, Role, Style};
use crate::recording::Recording;

const FIRST: [(&str, usize); 2] = [("layer", 0), ("head", 0)];
const FOLDED: Style = Style { max_rows: 12, max_cols: 4, tiny: None, causal: false };

/// One head of the encoder's self-attention: two lines of products, with every matrix in them.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let run = Run::of(recording)?;
    let mut lines = Vec::new();
    for (letter, role, of) in
        [("Q", Role::Query, "query"), ("K", Role::Key, "key"), ("V", Role::Value, "value")]
    {
        lines.push(projection(&run, letter, role, of)?);
    }
    lines.push(attention(&run)?);
    let sheet = stack(&lines, 6.0);
    Some(Figure::new(
        "attention-matrices",
        "One head of self-attention, as matrices",
        caption(&run)?,
        sheet,
        vec![run.layers(), run.heads()],
    ))
}

/// `X W = Q`; without W, if the parameters were not recorded.
fn projection(run: &Run, letter: &str, role: Role, of: &str) -> Option<Drawn> {
    let x = run.input(&FOLDED, |matrix| matrix)?;
    let path = format!("encoder.layers.{{layer}}.self_attn.{}_proj.weight", &of[..1]);
    let weight = Matrix {
        name: format!("W^{letter}"),
        role: Role::Parameter,
        // kept [d_out, d_in]: its rows are this matrix' columns
        place: Place::of(path).strides(1, run.d_model).control("head", run.d_head * run.d_model),
        n_rows: run.d_model,
        n_cols: run.d_head,
        labels: Labels::default(),
    };
    let weight = weight.draw_as(&run.pass, &FIRST, &Style::folded(4, 4));
    let has_bias = run.recording.about().architecture.attention_bias;
    let (plus_b, equals) = if has_bias { (" + b", "+ b =") } else { ("", "=") };
    let out = run
        .head(&format!("{letter} = X W^{letter}{plus_b}"), role, of)
        .draw_as(&run.pass, &FIRST, &FOLDED)?;
    let mut parts = vec![Part::Matrix(x)];
    match weight {
        Some(weight) => parts.extend([Part::Sign("×"), Part::Matrix(weight), Part::Sign(equals)]),
        None => parts.push(Part::Sign("→")),
    }
    parts.push(Part::Matrix(out));
    Some(equation(parts, MAX_WIDTH))
}

/// `softmax(Q K^T / √d_head) V = Z`
fn attention(run: &Run) -> Option<Drawn> {
    let n = run.src.len();
    let square = |name: &str, role, of: &str| Matrix {
        name: name.into(),
        role,
        place: Place::of(format!("encoder.layers.{{layer}}.self_attn.{of}"))
            .strides(n, 1)
            .control("head", n * n),
        n_rows: n,
        n_cols: n,
        labels: Labels::both(&run.src, &run.src),
    };
    let scaled = if run.recording.about().architecture.scale_scores {
        format!("Q Kᵀ / √{}", run.d_head)
    } else {
        "Q Kᵀ".into()
    };
    let style = Style::folded(12, 6);
    let scores = square(&scaled, Role::Query, "scaled_scores").draw_as(&run.pass, &FIRST, &style);
    // words beside the rows stand at the ends of the line, or it would be too long
    let rows = if scores.is_some() { Vec::new() } else { run.src.clone() };
    let weights = square("softmax by row", Role::Weights, "weights");
    let weights = Matrix { labels: Labels { rows, cols: run.src.clone() }, ..weights };
    let weights = weights.draw_as(&run.pass, &FIRST, &style)?;
    let value = Matrix { labels: Labels::default(), ..run.head("V", Role::Value, "value") };
    let value = value.draw_as(&run.pass, &FIRST, &FOLDED)?;
    let z = run.head("Z", Role::Output, "context").draw_as(&run.pass, &FIRST, &FOLDED)?;
    let before = scores.into_iter().flat_map(|scores| [Part::Matrix(scores), Part::Sign("→")]);
    let rest = [weights, value].map(Part::Matrix).into_iter().zip([Part::Sign("×"), Part::Sign("=")]);
    let parts = before.chain(rest.flat_map(|(matrix, sign)| [matrix, sign])).chain([Part::Matrix(z)]);
    Some(equation(parts.collect(), MAX_WIDTH))
}

/// Of the last word, from which it takes most.
fn caption(run: &Run) -> Option<Caption> {
    let passes = run.recording.passes();
    let weights = by_layer(&passes, "encoder.layers.{layer}.self_attn.weights", run.n_layers);
    let words: Vec<Vec<String>> = passes.iter().map(|pass| spelled(&pass.head().src)).collect();
    let axes = [Axis::passes(passes.len()), Axis::of(&run.layers()), Axis::of(&run.heads())];
    Caption::over(axes, |[pass, layer, head]| {
        let last = words[pass].len().checked_sub(1)?;
        let row = row_of(weights[pass][layer]?, head, last)?;
        let most = largest(row);
        Some(format!(
            "Each row is a {}: its {} numbers become a query, a key and a value of {}, and a row of weights that sums to 1. In \
             layer {layer}, head {head}, the row of “{}” takes {:.0}% of its Z from “{}”.",
            run.unit.one,
            run.d_model,
            run.d_head,
            words[pass][last],
            100.0 * row[most],
            words[pass].get(most)?,
        ))
    })
}
