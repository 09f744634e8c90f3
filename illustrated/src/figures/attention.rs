//! Self-attention as matrices: `Q = X W^Q`, `K = X W^K`, `V = X W^V`, then `softmax(Q K^T / √d_head) V` (Vaswani et al.
//! 2017, §3.2.1).

use maud::html;

use crate::look::matrix::Drawn;
use crate::look::{Control, Figure, Labels, Matrix, Place, Role};
use crate::recording::Recording;

/// One head of the encoder's self-attention.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let pass = recording.last_pass()?;
    let architecture = &recording.about().architecture;
    let (d_model, n_heads) = (architecture.d_model, architecture.n_heads);
    let d_head = d_model / n_heads;
    let words: Vec<String> = pass.head().src.iter().map(|token| token.text.clone()).collect();
    let chosen = [("layer", 0), ("head", 0)];
    let n_words = words.len();
    let of = |name: &str, role, path: &str| Matrix {
        name: name.into(),
        role,
        place: Place::of(format!("encoder.layers.{{layer}}.self_attn.{path}"))
            .strides(d_model, 1)
            .control("head", d_head),
        n_rows: n_words,
        n_cols: d_head,
        labels: Labels::rows(&words),
    };
    let weights = Matrix {
        place: Place::of("encoder.layers.{layer}.self_attn.weights")
            .strides(n_words, 1)
            .control("head", n_words * n_words),
        n_cols: n_words,
        labels: Labels::both(&words, &words),
        ..of("weights: softmax by row", Role::Weights, "weights")
    };
    let drawn: Vec<Drawn> = [
        of("Q = X W^Q", Role::Query, "query"),
        of("K = X W^K", Role::Key, "key"),
        of("V = X W^V", Role::Value, "value"),
        weights,
        of("Z = weights V", Role::Output, "context"),
    ]
    .iter()
    .map(|matrix| matrix.draw(&pass, &chosen))
    .collect::<Option<_>>()?;
    let mut y = 0.0;
    let tops: Vec<f64> = drawn
        .iter()
        .map(|one| {
            let top = y;
            y += one.height + 8.0;
            top
        })
        .collect();
    Some(Figure {
        id: "attention-matrices",
        title: "One head of self-attention, as matrices".into(),
        caption: format!("Each of the {n_words} words has a query, a key and a value of {d_head} numbers."),
        width: drawn.iter().map(|one| one.width).fold(0.0, f64::max),
        height: y,
        drawing: html! {
            @for (one, top) in drawn.iter().zip(&tops) {
                g transform={ "translate(0 " (top) ")" } { (one.markup) }
            }
        },
        controls: vec![
            Control {
                name: "layer",
                label: "layer",
                choices: (0..architecture.n_encoder_layers).map(|layer| layer.to_string()).collect(),
                chosen: 0,
            },
            Control {
                name: "head",
                label: "head",
                choices: (0..n_heads).map(|head| head.to_string()).collect(),
                chosen: 0,
            },
        ],
    })
}
