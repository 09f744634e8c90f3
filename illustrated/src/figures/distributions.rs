//! What training aims at, and what the model says: a distribution over the words for each position of the target, as
//! label, as smoothed label (Szegedy et al. 2016; Vaswani et al. 2017, §5.4), and as the model has it before, during and
//! after training.

use maud::html;

use crate::look::flow::flow;
use crate::look::matrix::{Drawn, PITCH, cut, shown};
use crate::look::{Figure, Labels, Matrix, Place, Role};
use crate::recording::{Output, Pass, Recording};

/// The widest row of matrices.
const WIDTH: f64 = 1080.0;

/// More positions than this are left out.
const MAX_POSITIONS: usize = 12;

/// The height of a bar of probability 1, and the width of all.
const BAR: (f64, f64) = (80.0, 30.0);

/// For each position the label, the smoothed label, and what the model says.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let passes = recording.passes();
    let last = passes.last()?;
    let outputs = last.outputs();
    let first = outputs.first()?;
    let ids = |output: &Output| output.words.iter().map(|said| said.token.id).collect::<Vec<_>>();
    let is_shared = outputs.iter().all(|output| ids(output) == ids(first));
    let drawn = if is_shared { tables(recording, &passes, first) } else { lists(last, passes.len() - 1) }?;
    let Drawn { markup, width, height, .. } = flow(drawn, WIDTH);
    Some(Figure {
        id: "distributions",
        title: "What is aimed at, and what the model says".into(),
        caption: caption(&passes, first),
        width,
        height,
        drawing: markup,
        controls: Vec::new(),
    })
}

/// A table for each of label, target and model; below them the first position as bars.
fn tables(recording: &Recording, passes: &[Pass], first: &Output) -> Option<Vec<Drawn>> {
    let newest = passes.len() - 1;
    let words: Vec<String> = first.words.iter().map(|said| said.token.text.clone()).collect();
    let labels = labels(&passes[newest]);
    let matrix = |name: String, path: &str| Matrix {
        name,
        role: Role::Weights,
        place: Place::of(format!("outputs.{path}")).strides(words.len(), 1),
        n_rows: labels.len(),
        n_cols: words.len(),
        labels: Labels::both(&labels, &words),
    };
    let fixed = |name: String, path: &str, pass: usize| {
        let matrix = matrix(name, path);
        Matrix { place: matrix.place.clone().pass(pass), ..matrix }.draw(&passes[pass], &[])
    };
    let smoothed = format!("target: smoothed by {}", recording.about().smoothing);
    let mut drawn = vec![
        fixed("label: one-hot".into(), "label", newest)?,
        fixed(smoothed, "target", newest)?,
        matrix("model, at the chosen step".into(), "probability").draw(&passes[newest], &[])?,
    ];
    let stages = stages(passes.len());
    for &at in &stages {
        drawn.push(fixed(format!("model, {}", when(&passes[at])), "probability", at)?);
    }
    for &at in &stages {
        drawn.push(bars(passes, at, &words)?);
    }
    Some(drawn)
}

/// The first position of a pass as bars over its numbers; the target as outlines.
fn bars(passes: &[Pass], at: usize, words: &[String]) -> Option<Drawn> {
    let said = &passes[at].outputs().first()?.words;
    let label = passes[at].head().tgt_out.first().map_or("", |token| &token.text);
    let matrix = Matrix {
        name: String::new(),
        role: Role::Weights,
        place: Place::of("outputs.probability").strides(words.len(), 1).pass(at),
        n_rows: 1,
        n_cols: words.len(),
        labels: Labels::both(&[cut(label, 90.0)], words),
    };
    let drawn = matrix.draw(&passes[at], &[])?;
    let top = BAR.0 + 24.0;
    let bar = |place: usize, probability: f64, class: &str| {
        let (x, height) =
            (drawn.frame[0] + 3.0 + place as f64 * PITCH.0 + 8.0, (probability * BAR.0).max(1.0));
        html! { rect class=(class) x=(x) y=(format!("{:.1}", top - height)) width=(BAR.1) height=(format!("{height:.1}")) {} }
    };
    let markup = html! {
        text class="note" x=(drawn.frame[0]) y="12" { "“" (cut(label, 90.0)) "”, " (when(&passes[at])) }
        @for (place, col) in shown(words.len()).into_iter().enumerate() {
            @if let Some(said) = col.and_then(|col| said.get(col)) {
                (bar(place, said.log_prob.exp(), "probability-bar")) (bar(place, said.target, "target-bar"))
            }
        }
        g transform={ "translate(0 " (top - 22.0) ")" } { (drawn.markup) }
    };
    Some(Drawn { markup, width: drawn.width, height: drawn.height + top - 22.0, frame: drawn.frame })
}

/// Of a large vocabulary, the likeliest words of each position.
fn lists(last: &Pass, pass: usize) -> Option<Vec<Drawn>> {
    let outputs = last.outputs();
    let n_listed = outputs.first()?.words.len();
    let list = |(at, label): (usize, &String)| {
        let words: Vec<String> =
            outputs[at].words.iter().take(8).map(|said| said.token.text.clone()).collect();
        let matrix = Matrix {
            name: format!("{}: “{label}”", at + 1),
            role: Role::Weights,
            place: Place::of("outputs.probability").strides(n_listed, 1).start(at * n_listed).pass(pass),
            n_rows: 1,
            n_cols: words.len(),
            labels: Labels { rows: Vec::new(), cols: words },
        };
        matrix.draw(last, &[])
    };
    labels(last).iter().enumerate().map(list).collect()
}

/// The labels, as far as they are shown.
fn labels(pass: &Pass) -> Vec<String> {
    let count = pass.outputs().len().min(MAX_POSITIONS);
    pass.head().tgt_out.iter().take(count).map(|token| cut(&token.text, 90.0)).collect()
}

/// The first pass, one halfway, and the last.
fn stages(count: usize) -> Vec<usize> {
    let mut stages = vec![0, count / 2, count - 1];
    stages.dedup();
    stages
}

fn when(pass: &Pass) -> String {
    match pass.head().step {
        0 => "untrained".into(),
        1 => "after 1 step".into(),
        step => format!("after {step} steps"),
    }
}

fn caption(passes: &[Pass], first: &Output) -> String {
    let (oldest, newest) = (&passes[0], &passes[passes.len() - 1]);
    let label = newest.head().tgt_out.first();
    let probability = |pass: &Pass| {
        let outputs = pass.outputs();
        let said =
            outputs.first()?.words.iter().find(|said| Some(said.token.id) == label.map(|label| label.id))?;
        Some(format!("{:.2} {}", said.log_prob.exp(), when(pass)))
    };
    let found: Vec<String> = [oldest, newest].into_iter().filter_map(probability).collect();
    let highest = first.words.iter().map(|said| said.target).fold(0.0, f64::max);
    format!(
        "A row is a position of the target, a column a word. The first label, “{}”, is given {}; a smoothed label asks for \
         {highest:.2}, drawn as an outline over the bars, and no more.{}",
        label.map_or("", |label| &label.text),
        found.join(", "),
        match newest.outputs().len() {
            count if count > MAX_POSITIONS =>
                format!(" {} more positions are left out.", count - MAX_POSITIONS),
            _ => String::new(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{checked, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let drawing = draw(toy()).unwrap().drawing.into_string();
        assert_eq!(checked(toy(), &drawing), 6 * 5 * 6 + 3 * 6, "label, target, now, three stages, and bars");
        assert!(drawing.contains("data-pass=\"0\"") && drawing.contains("model, untrained"));
    }
}
