//! What training aims at, and what the model says: a distribution over the words for each position of the target, as
//! label, as smoothed label (Szegedy et al. 2016; Vaswani et al. 2017, §5.4), and as the model has it before, during and
//! after training.

use crate::look::flow::flow;
use crate::look::matrix::{Drawn, MAX_COLUMNS, PITCH, shown};
use crate::look::text::cut;
use crate::look::{Axis, Caption, Figure, Heads, Labels, Matrix, Place, Role};
use crate::recording::{About, Output, Pass, Recording, Unit};
use maud::html;

use super::common::is_shared;

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
    let drawn = if is_shared(&outputs) { tables(recording, &passes, first) } else { lists(last) }?;
    let lines = drawn.into_iter().map(|line| flow(line, WIDTH)).collect();
    Some(Figure::new(
        "distributions",
        "What is aimed at, and what the model says",
        caption(recording.about(), &passes)?,
        flow(lines, 0.0), // one under the other
        Vec::new(),
    ))
}

/// A table for each of label, target and model, in lines; the last is the first position as bars.
fn tables(recording: &Recording, passes: &[Pass], first: &Output) -> Option<Vec<Vec<Drawn>>> {
    let newest = passes.len() - 1;
    let labels = labels(&passes[newest]);
    let matrix = |name: String, path: &str, words: &[String]| Matrix {
        name,
        role: Role::Weights,
        place: Place::of(format!("outputs.{path}")).strides(words.len(), 1).listed_at(0, Heads::Words),
        n_rows: labels.len(),
        n_cols: words.len(),
        labels: Labels::both(&labels, words),
    };
    let fixed = |name: String, path: &str, pass: usize| {
        let matrix = matrix(name, path, &listed(*passes[pass].outputs().first()?));
        Matrix { place: matrix.place.clone().pass(pass), ..matrix }.draw(&passes[pass], &[])
    };
    let smoothed = match recording.about().smoothing {
        0.0 => "target: not smoothed".into(),
        smoothing => format!("target: smoothed by {smoothing}"),
    };
    let aim = vec![
        fixed("label: one-hot".into(), "label", newest)?,
        fixed(smoothed, "target", newest)?,
        matrix("model, at the chosen step".into(), "probability", &listed(first))
            .draw(&passes[newest], &[])?,
    ];
    let left = aim[0].frame[0];
    let stage = |&at: &usize| fixed(format!("model, {}", when(&passes[at])), "probability", at);
    let stages = stages(passes.len());
    let said = stages.iter().map(stage).collect::<Option<Vec<Drawn>>>()?;
    let bars = stages.iter().map(|&at| bars(passes, at, left)).collect::<Option<Vec<Drawn>>>()?;
    Some(vec![aim, said, bars])
}

/// The first position of a pass as bars over its numbers; the target as outlines. The frame begins at `left`.
fn bars(passes: &[Pass], at: usize, left: f64) -> Option<Drawn> {
    let first = *passes[at].outputs().first()?;
    let (said, words) = (&first.words, listed(first));
    let label = passes[at].head().tgt_out.first().map_or("", |token| &token.text);
    let matrix = Matrix {
        name: String::new(),
        role: Role::Weights,
        place: Place::of("outputs.probability").strides(words.len(), 1).pass(at),
        n_rows: 1,
        n_cols: words.len(),
        labels: Labels::both(&[cut(label, 90.0)], &words),
    };
    let drawn = matrix.draw(&passes[at], &[])?;
    let top = BAR.0 + 24.0;
    let bar = |place: usize, probability: f64, class: &str| {
        let (x, height) =
            (drawn.frame[0] + 3.0 + place as f64 * PITCH.0 + 8.0, (probability * BAR.0).max(1.0));
        html! { rect class=(class) x=(x) y=(format!("{:.1}", top - height)) width=(BAR.1) height=(format!("{height:.1}")) {} }
    };
    let shift = (left - drawn.frame[0]).max(0.0);
    let markup = html! { g transform={ "translate(" (format!("{shift:.1}")) " 0)" } {
        text class="note" x=(drawn.frame[0]) y="12" { "“" (cut(label, 90.0)) "”, " (when(&passes[at])) }
        @for (place, col) in shown(words.len(), MAX_COLUMNS).into_iter().enumerate() {
            @if let Some(said) = col.and_then(|col| said.get(col)) {
                (bar(place, said.log_prob.exp(), "probability-bar")) (bar(place, said.target, "target-bar"))
            }
        }
        g transform={ "translate(0 " (top - 22.0) ")" } { (drawn.markup) }
    } };
    Some(Drawn { markup, width: shift + drawn.width, height: drawn.height + top - 22.0, frame: drawn.frame })
}

/// Of a large vocabulary, the likeliest words of each position.
fn lists(last: &Pass) -> Option<Vec<Vec<Drawn>>> {
    let outputs = last.outputs();
    let n_listed = outputs.first()?.words.len();
    let list = |(at, label): (usize, &String)| {
        let words: Vec<String> = listed(outputs[at]).into_iter().take(8).collect();
        let place = Place::of("outputs.probability").listed_at(at, Heads::Words);
        let matrix = Matrix {
            name: format!("{at}: “{label}”"),
            role: Role::Weights,
            place: place.strides(n_listed, 1).start(at * n_listed),
            n_rows: 1,
            n_cols: words.len(),
            labels: Labels { rows: Vec::new(), cols: words },
        };
        matrix.draw(last, &[])
    };
    Some(vec![labels(last).iter().enumerate().map(list).collect::<Option<_>>()?])
}

/// The words that an output lists.
fn listed(output: &Output) -> Vec<String> {
    output.words.iter().map(|said| said.token.text.clone()).collect()
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

/// What the first label is given, untrained and at the chosen step.
fn caption(about: &About, passes: &[Pass]) -> Option<Caption> {
    let Unit { one, many } = about.unit();
    Caption::over([Axis::passes(passes.len())], |[pass]| {
        let (oldest, chosen) = (passes.first()?, &passes[pass]);
        let label = chosen.head().tgt_out.first();
        let probability = |pass: &Pass| {
            let outputs = pass.outputs();
            let words = &outputs.first()?.words;
            let said = words.iter().find(|said| Some(said.token.id) == label.map(|label| label.id))?;
            Some(format!("{:.2} {}", said.log_prob.exp(), when(pass)))
        };
        let mut found: Vec<String> = [oldest, chosen].into_iter().filter_map(probability).collect();
        found.dedup();
        if found.is_empty() {
            found.push(format!("less than each {one} that is listed"));
        }
        let outputs = chosen.outputs();
        let (rows, bars) = match is_shared(&outputs) {
            true => (
                format!("A row is a position of the target, a column a {one}."),
                ", drawn as an outline over the bars,",
            ),
            false => {
                (format!("Of each position of the target, the likeliest {many} at the chosen step."), "")
            }
        };
        let aim = if about.smoothing > 0.0 { "a smoothed label" } else { "the label" };
        let highest = 1.0 - about.smoothing + about.smoothing / about.tgt_vocab_size.max(1) as f64;
        let left_out = match outputs.len().saturating_sub(MAX_POSITIONS) {
            0 => String::new(),
            count => format!(" {count} more positions are left out."),
        };
        Some(format!(
            "{rows} The first label, “{}”, is given {}; {aim} asks for {highest:.2}{bars} and no more.{left_out}",
            label.map_or("", |label| &label.text),
            found.join(", "),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::event::PassHead;
    use crate::recording::{Event, Said, Token};
    use crate::testing::{checked, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let drawing = draw(toy()).unwrap().drawing.into_string();
        assert_eq!(checked(toy(), &drawing), 6 * 5 * 6 + 3 * 6, "label, target, now, three stages, and bars");
        assert!(drawing.contains("data-pass=\"0\"") && drawing.contains("model, untrained"));
    }

    /// A recording of passes at these steps, of so many positions, whose words are listed in the order of these ids.
    fn recording(steps: &[u64], ids: &[Vec<u32>], word: &str) -> Recording {
        let token = |id: u32| Token { id: Some(id), text: format!("{word}{id}") };
        let mut recording = Recording::new(About::default());
        for &step in steps {
            let tgt: Vec<Token> = ids.iter().map(|ids| token(ids[0])).collect();
            let head =
                PassHead { step, src: tgt.clone(), tgt_in: tgt.clone(), tgt_out: tgt, loss: 1.0, nll: 1.0 };
            recording.push(Event::Pass(head));
            for (position, ids) in ids.iter().enumerate() {
                let said = |(at, &id): (usize, &u32)| Said {
                    token: token(id),
                    logit: 0.0,
                    log_prob: -(at as f64) - 0.5,
                    target: 0.1,
                    gradient: 0.0,
                };
                let words = ids.iter().enumerate().map(said).collect();
                recording.push(Event::Output(Output { position, words, log_sum_exp: 0.0 }));
            }
        }
        recording
    }

    #[test]
    fn of_a_large_vocabulary_each_position_has_its_own_words() {
        let recording = recording(&[100], &[(0..16).collect(), (40..56).collect()], "學生étudiant");
        let drawing = draw(&recording).unwrap().drawing.into_string();
        assert_eq!(checked(&recording, &drawing), 2 * 8);
        assert!(drawing.contains("data-start=\"16\""), "{drawing}");
    }

    #[test]
    fn any_recording_is_drawn_within_its_width_or_not_at_all() {
        assert!(draw(&Recording::new(About::default())).is_none());
        assert!(draw(&recording(&[5], &[], "w")).is_none());
        assert!(draw(&recording(&[5], &[vec![1, 2], vec![3]], "w")).is_none(), "listed unequally");
        for (passes, positions, words) in [(1, 1, 1), (2, 30, 3), (3, 2, 64), (9, 5, 17)] {
            let steps: Vec<u64> = (0..passes).collect();
            let recording =
                recording(&steps, &vec![(0..words).collect(); positions], "a long word, longer than most: ");
            let figure = draw(&recording).unwrap();
            assert!(figure.width <= WIDTH, "{}", figure.width);
            let stages = stages(passes as usize).len();
            let rows = positions.min(MAX_POSITIONS) * (3 + stages) + stages;
            assert_eq!(checked(&recording, &figure.drawing.into_string()), rows * (words as usize).min(16));
            assert_eq!(figure.caption.first().contains("18 more positions are left out"), positions == 30);
        }
    }
}
