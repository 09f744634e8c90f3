//! Several heads: each reads all of X, their outputs stand side by side as the columns of one matrix, and that is
//! multiplied by W^O (Vaswani et al. 2017, §3.2.2).

use maud::html;

use super::common::{MAX_WIDTH, Run};
use crate::look::equation::{Part, at, equation, stack};
use crate::look::matrix::Drawn;
use crate::look::number::counted;
use crate::look::{Figure, Labels, Matrix, Place, Role, Style};
use crate::recording::Recording;

const FIRST: [(&str, usize); 1] = [("layer", 0)];
const FOLDED: Style = Style { max_rows: 12, max_cols: 4, tiny: None, causal: false };

/// The heads of the encoder's self-attention, and what becomes of their outputs.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let run = Run::of(recording)?;
    let x = run.input(&FOLDED, |matrix| Matrix { name: "X: every head reads all of it".into(), ..matrix })?;
    let sheet = stack(&[fan(&run, x)?, product(&run)?], 10.0);
    let (each, so) = match run.n_heads {
        1 => ("the one head".into(), "They"),
        count => (format!("each of the {count} heads"), "Side by side they"),
    };
    Some(Figure::new(
        "heads",
        "Several heads, side by side",
        format!(
            "Nothing is cut off the input: {each} reads all {} columns of X through matrices of its own, and \
             gives {} of Z. {so} are {} columns again, which W^O mixes.",
            run.d_model,
            counted(run.d_head, "column"),
            run.d_model,
        ),
        sheet,
        vec![run.layers()],
    ))
}

/// X, and arrows from it to the Z of every head.
fn fan(run: &Run, x: Drawn) -> Option<Drawn> {
    let (max_cols, widest) = if run.n_heads <= 4 { (4, 4) } else { (2, 6) };
    let style = Style::folded(12, max_cols);
    let per_line = run.n_heads.div_ceil(run.n_heads.div_ceil(widest));
    let place = |head: usize| {
        Place::of("encoder.layers.{layer}.self_attn.context").strides(run.d_model, 1).start(head * run.d_head)
    };
    let heads: Vec<Drawn> = (0..run.n_heads)
        .map(|head| {
            let labels = if head % per_line == 0 { Labels::rows(&run.src) } else { Labels::default() };
            let name = format!("Z of head {head}");
            let whole = run.rows(&name, Role::Output, "", run.d_model);
            Matrix { place: place(head), n_cols: run.d_head, labels, ..whole }
                .draw_as(&run.pass, &FIRST, &style)
        })
        .collect::<Option<_>>()?;
    let (start, top) = (heads[0].frame[0] + heads[0].frame[2] / 2.0, x.height + 46.0);
    let lines: Vec<Vec<(f64, &Drawn)>> = heads.chunks(per_line).map(in_line).collect();
    let line_height = lines[0][0].1.height + 8.0;
    let all =
        || lines.iter().enumerate().flat_map(|(at, line)| line.iter().map(move |&(x, one)| (at, x, one)));
    let from = (start.max(x.frame[0] + x.frame[2] / 2.0), x.frame[1] + x.frame[3] + 6.0);
    let width = all().map(|(_, left, one)| left + one.width).fold(x.width, f64::max);
    let markup = html! {
        (x.markup)
        @for (line, left, one) in all() {
            @if line == 0 {
                @let to = (left + one.frame[0] + one.frame[2] / 2.0, top - 4.0);
                path class="arrow" d={ "M" (from.0) " " (from.1) "C" (from.0) " " (to.1 - 10.0) " " (to.0) " " (from.1 + 10.0) " " (to.0) " " (to.1) } {}
                path class="tip" d={ "M" (to.0 - 4.0) " " (to.1 - 4.0) "h8l-4 7z" } {}
            }
            (at(left, top + line as f64 * line_height, &one.markup))
        }
    };
    let height = top + lines.len() as f64 * line_height;
    Some(Drawn::whole(markup, width, height))
}

/// Each with its left edge.
fn in_line(heads: &[Drawn]) -> Vec<(f64, &Drawn)> {
    let mut left = 0.0;
    heads
        .iter()
        .map(|one| {
            let x = left;
            left += one.width + 2.0;
            (x, one)
        })
        .collect()
}

/// `Z W^O = out`
fn product(run: &Run) -> Option<Drawn> {
    let (d_model, attention) = (run.d_model, "encoder.layers.{layer}.self_attn");
    let rows = |name: &str, of: &str| {
        run.rows(name, Role::Output, &format!("{attention}.{of}"), d_model)
            .draw_as(&run.pass, &FIRST, &FOLDED)
    };
    let weight = Matrix {
        name: "W^O".into(),
        role: Role::Parameter,
        place: Place::of(format!("{attention}.out_proj.weight")).strides(1, d_model),
        n_rows: d_model,
        n_cols: d_model,
        labels: Labels::default(),
    };
    let z = if run.n_heads == 1 { "Z".into() } else { format!("Z of all {} heads", run.n_heads) };
    let has_bias = run.recording.about().architecture.attention_bias;
    let (out, equals) = if has_bias { ("out = Z W^O + b", "+ b =") } else { ("out = Z W^O", "=") };
    let mut parts = vec![Part::Matrix(rows(&z, "context")?)];
    match weight.draw_as(&run.pass, &FIRST, &Style::folded(4, 4)) {
        Some(weight) => parts.extend([Part::Sign("×"), Part::Matrix(weight), Part::Sign(equals)]),
        None => parts.push(Part::Sign("→")),
    }
    parts.push(Part::Matrix(rows(out, "out")?));
    Some(equation(parts, MAX_WIDTH))
}
