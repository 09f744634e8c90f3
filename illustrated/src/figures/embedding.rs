//! Words become vectors: the row of a table, with the vector of its place added (Vaswani et al. 2017, §3.4 and §3.5); and
//! each word's vector walks through the feed-forward alone (§3.3).

use maud::html;
use transformer::{NormPlacement, Positions};

use super::common::{MAX_WIDTH, Run, numbered};
use crate::look::equation::{Part, at, equation};
use crate::look::matrix::{Drawn, shown};
use crate::look::{Figure, Labels, Matrix, Role, Style};
use crate::recording::{Recording, Unit};

const FIRST: [(&str, usize); 1] = [("layer", 0)];
const FOLDED: Style = Style { max_rows: 12, max_cols: 4, tiny: None, causal: false };

/// Between two matrices, where an arrow goes from each word's row to its next.
const WAY: f64 = 44.0;

/// The sum that the encoder begins with.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let run = Run::of(recording)?;
    let rows = |name: &str, path: &str| {
        let matrix = run.rows(name, Role::Words, path, run.d_model).draw_as(&run.pass, &FIRST, &FOLDED);
        matrix.map(Part::Matrix)
    };
    let parts = vec![
        rows(&format!("the {}", run.unit.one), "encoder.tokens")?,
        Part::Sign("+"),
        rows("its place", "encoder.positions")?,
        Part::Sign("="),
        rows("what the encoder reads", "encoder.embedded")?,
    ];
    let sheet = equation(parts, MAX_WIDTH);
    Some(Figure::new(
        "embedding",
        format!("{} become vectors", if run.unit.many == "words" { "Words" } else { "Pieces" }),
        format!(
            "Each of the {} {} has a row of {} numbers from the table, times √{}; {}",
            run.src.len(),
            run.unit.many,
            run.d_model,
            run.d_model,
            place(recording.about().architecture.positions),
        ),
        sheet,
        Vec::new(),
    ))
}

/// What is added to the word.
fn place(positions: Positions) -> &'static str {
    match positions {
        Positions::Sinusoidal | Positions::SinusoidalConcatenated => {
            "the vector of its place, which is computed, is added, number by number."
        }
        Positions::Learned => "the vector of its place, which is learned too, is added, number by number.",
        Positions::None => "this model adds nothing for the place, which is zeros here.",
    }
}

/// The feed-forward, word by word.
pub fn feed_forward(recording: &Recording) -> Option<Figure> {
    let run = Run::of(recording)?;
    let architecture = &recording.about().architecture;
    let (d_model, d_ff) = (run.d_model, architecture.d_ff);
    let Unit { one, many } = run.unit;
    let is_pre = architecture.norm == NormPlacement::Pre;
    let layer = |path: &str| format!("encoder.layers.{{layer}}.{path}");
    let rows = |name: &str, role, path: &str, width| -> Option<Drawn> {
        let labels = if role == Role::Words { Labels::rows(&run.src) } else { Labels::default() };
        let matrix = Matrix { labels, ..run.rows(name, role, &layer(path), width) };
        matrix.draw_as(&run.pass, &FIRST, &FOLDED)
    };
    let (input, sum) =
        if is_pre { ("norm2.out", "out, added to what came in") } else { ("norm1.out", "in + out") };
    let all = [
        rows("in", Role::Words, input, d_model)?,
        rows("hidden", Role::Parameter, "hidden", d_ff)?,
        rows(sum, Role::Output, "residual2.out", d_model)?,
    ];
    let n_lines = shown(run.src.len(), FOLDED.max_rows).len();
    let (mut lefts, mut x) = (Vec::new(), 0.0);
    for one in &all {
        lefts.push(x);
        x += one.width + WAY;
    }
    let arrow = |from: usize, line: usize| {
        let right = lefts[from] + all[from].frame[0] + all[from].frame[2] + 4.0;
        let to = lefts[from + 1] + all[from + 1].frame[0] - 3.0;
        let y = all[from].frame[1] + 17.0 + 30.0 * line as f64;
        html! {
            path class="arrow" d={ "M" (right) " " (y) "H" (to - 5.0) } {}
            path class="tip" d={ "M" (to) " " (y) "l-7 -4v8z" } {}
        }
    };
    let drawing = html! {
        @for (one, left) in all.iter().zip(&lefts) { (at(*left, 0.0, &one.markup)) }
        @for line in 0..n_lines { @for from in 0..2 { (arrow(from, line)) } }
    };
    Some(Figure::new(
        "feed-forward",
        format!("Through the feed-forward each {} walks alone", run.unit.one),
        format!(
            "No arrow leaves its row: the {d_model} numbers of a {one} become {d_ff} and then {d_model} again, which are \
             added to those that went in; by the same weights for each of the {} {many}.",
            run.src.len(),
        ),
        Drawn::whole(drawing, x - WAY, all[0].height),
        vec![numbered("layer", run.n_layers)],
    ))
}
