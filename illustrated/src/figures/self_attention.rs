//! Self-attention of one word in six steps: query, key and value; scores; scaled; softmax; values by their weights; their
//! sum (Vaswani et al. 2017, §3.2.1).

use maud::html;

use super::common::{Run, by_layer, largest, row_of, spelled};
use crate::look::equation::{Part, at, choices, equation, stack};
use crate::look::matrix::Drawn;
use crate::look::text::text_width;
use crate::look::{Axis, Caption, Control, Figure, Labels, Matrix, Note, Place, Role, Style};
use crate::recording::Recording;

const FIRST: [(&str, usize); 3] = [("layer", 0), ("head", 0), ("word", 0)];
const FOLDED: Style = Style { max_rows: 24, max_cols: 4, tiny: None, causal: false };

/// The six steps for the word, the layer and the head that the reader chooses.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let run = Run::of(recording)?;
    let drawn = stack(&[asked(&run)?, by_key(&run)?], 10.0);
    let words = run.pass.head().src.iter().enumerate();
    let words = words.map(|(place, token)| format!("{place}: {}", token.text)).collect();
    let word = Control { name: "word", label: run.unit.one, choices: words, chosen: 0 };
    let controls = [word, run.layers(), run.heads()];
    let title = format!("Self-attention of one {}, in six steps", run.unit.one);
    let figure = Figure::new("self-attention", title, caption(&run, &controls)?, drawn, controls.into());
    Some(figure.with_notes(steps(&run).map(Note::always).into()))
}

/// The one row of the chosen word.
fn of_word(run: &Run, name: &str, role: Role, of: &str, style: &Style) -> Option<Drawn> {
    let path = format!("encoder.layers.{{layer}}.self_attn.{of}");
    let place = Place::of(path).control("word", run.d_model).control("head", run.d_head);
    let matrix = Matrix { place, n_rows: 1, labels: Labels::default(), ..run.head(name, role, of) };
    matrix.draw_as(&run.pass, &FIRST, style)
}

/// Whose steps these are: x, and its query, key and value.
fn asked(run: &Run) -> Option<Drawn> {
    let word = |word: &String| {
        let width = (text_width(word) * 1.1).ceil() + 8.0;
        let markup = html! { text class="words head" x="4" y="24" { (word) } };
        Drawn { markup, width, height: 36.0, frame: [0.0, 4.0, width, 30.0] }
    };
    let all: Vec<Drawn> = run.src.iter().map(word).collect();
    let widest = all.iter().map(|one| one.width).fold(0.0, f64::max);
    let word = Drawn { width: widest, ..choices("word", all)? };
    let style = Style { max_cols: 2, ..FOLDED };
    let x = run.input(&style, |matrix| one_row(run, matrix))?;
    let narrow = |name, role, of| of_word(run, name, role, of, &style).map(Part::Matrix);
    let parts = vec![
        Part::Matrix(word),
        Part::Matrix(x),
        Part::Sign("→"),
        narrow("① query q", Role::Query, "query")?,
        narrow("① key k", Role::Key, "key")?,
        narrow("① value v", Role::Value, "value")?,
    ];
    Some(equation(parts, super::common::MAX_WIDTH))
}

fn one_row(run: &Run, matrix: Matrix) -> Matrix {
    let place = matrix.place.control("word", run.d_model);
    Matrix { name: "x".into(), place, n_rows: 1, labels: Labels::default(), ..matrix }
}

/// A row for each word that has a key: the key, what the query makes of it, the value; under them the sum.
fn by_key(run: &Run) -> Option<Drawn> {
    let (n, d_head) = (run.src.len(), run.d_head);
    let unlabelled = |matrix: Matrix| Matrix { labels: Labels::default(), ..matrix };
    let draw = |matrix: Matrix| matrix.draw_as(&run.pass, &FIRST, &FOLDED);
    let column = |name: &str, role, of: &str| {
        let path = format!("encoder.layers.{{layer}}.self_attn.{of}");
        let place = Place::of(path).strides(1, 1).control("head", n * n).control("word", n);
        draw(unlabelled(Matrix { place, n_cols: 1, ..run.rows(name, role, "", 1) }))
    };
    let weighted = || {
        let place = Place::of("encoder.layers.{layer}.self_attn.weighted_values").strides(d_head, 1);
        let place = place.control("head", n * n * d_head).control("word", n * d_head);
        draw(unlabelled(Matrix { place, n_cols: d_head, ..run.rows("⑤ weight · v", Role::Value, "", 1) }))
    };
    let scaled = if run.recording.about().architecture.scale_scores {
        format!("③ / √{d_head}")
    } else {
        "③ not scaled".into()
    };
    let columns = [
        draw(run.head("① keys", Role::Key, "key")),
        column("② q · k", Role::Query, "scores"),
        column(&scaled, Role::Query, "scaled_scores"),
        column("④ softmax", Role::Weights, "weights"),
        draw(unlabelled(run.head("① values", Role::Value, "value"))),
        weighted(),
    ];
    let columns: Vec<Drawn> = columns.into_iter().flatten().collect();
    let (mut lefts, mut x) = (Vec::new(), 0.0);
    for one in &columns {
        lefts.push(x);
        x += one.width + 8.0;
    }
    let (last, left) = (columns.last()?, *lefts.last()?);
    let z = of_word(run, "⑥ their sum z", Role::Output, "context", &FOLDED)?;
    let (middle, below) = (left + last.frame[0] + last.frame[2] / 2.0, last.height + 8.0);
    let top = last.frame[1] + last.frame[3] + 4.0;
    let markup = html! {
        @for (one, left) in columns.iter().zip(&lefts) { (at(*left, 0.0, &one.markup)) }
        path class="arrow" d={ "M" (middle) " " (top) "V" (below + 18.0) } {}
        path class="tip" d={ "M" (middle - 4.0) " " (below + 14.0) "h8l-4 7z" } {}
        text class="operator" x=(middle + 14.0) y=(below + 8.0) { "Σ" }
        (at(left, below, &z.markup))
    };
    let (width, height) = (x - 8.0, below + z.height);
    Some(Drawn::whole(markup, width, height))
}

fn steps(run: &Run) -> [String; 6] {
    let (d_head, one) = (run.d_head, run.unit.one);
    let scales = run.recording.about().architecture.scale_scores;
    let scaled = if scales {
        format!(
            "③  Scores are divided by √{d_head}, the root of the width, so that wide vectors do not make softmax a hard choice."
        )
    } else {
        "③  This model does not scale its scores.".into()
    };
    [
        format!("①  Three matrices make of every x a query, a key and a value, of {d_head} numbers each."),
        format!(
            "②  The query of the chosen {one} times the key of each {one}, number by number and summed: a score."
        ),
        scaled,
        "④  Softmax: e to the power of each, divided by the sum of them all. The shares sum to 1.".into(),
        format!("⑤  Each {one}'s value is multiplied by its share."),
        format!("⑥  The sum of these, column by column, is what the head says of the chosen {one}."),
    ]
}

/// What else there is to choose.
fn others(one: &str, controls: [&Control; 3]) -> String {
    let names = [one, "layer", "head"].into_iter().zip(controls);
    let names: Vec<&str> =
        names.filter(|(_, control)| control.choices.len() > 1).map(|(name, _)| name).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => format!(" Choose another {last}; the numbers change, the steps do not."),
        Some((last, before)) => {
            format!(" Choose another {} or {last}; the numbers change, the steps do not.", before.join(", "))
        }
    }
}

/// From which word the head takes most.
fn caption(run: &Run, [word, layer, head]: &[Control; 3]) -> Option<Caption> {
    let passes = run.recording.passes();
    let weights = by_layer(&passes, "encoder.layers.{layer}.self_attn.weights", run.n_layers);
    let words: Vec<Vec<String>> = passes.iter().map(|pass| spelled(&pass.head().src)).collect();
    let others = others(run.unit.one, [word, layer, head]);
    let axes = [Axis::passes(passes.len()), Axis::of(word), Axis::of(layer), Axis::of(head)];
    Caption::over(axes, |[pass, word, layer, head]| {
        let row = row_of(weights[pass][layer]?, head, word)?;
        let most = largest(row);
        Some(format!(
            "In layer {layer}, head {head} takes {:.0}% of what it says of “{}” from “{}”.{others}",
            100.0 * row[most],
            words[pass].get(word)?,
            words[pass].get(most)?,
        ))
    })
}
