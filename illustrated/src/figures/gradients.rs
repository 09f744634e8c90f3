//! Where the way back begins: the gradient of the cross-entropy at the logits is `p - y`, what the model says less what it
//! should say (over the number of labels, as the loss is their mean).

use crate::look::flow::flow;
use crate::look::matrix::Drawn;
use crate::look::text::cut;
use crate::look::{Axis, Caption, Figure, Heads, Labels, Matrix, Place, Role};
use crate::recording::{Pass, Recording, Said};

use super::common::is_shared;

/// The widest row of matrices.
const WIDTH: f64 = 1080.0;

/// More positions than this are left out.
const MAX_POSITIONS: usize = 8;

/// Probability, target, and the gradient that is their difference: before training, and at the chosen step.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let passes = recording.passes();
    let newest = passes.last()?;
    let target = if recording.about().smoothing > 0.0 { "y: the smoothed target" } else { "y: the target" };
    let mut lines = Vec::new();
    if passes.len() > 1 {
        lines.push(line(&passes[0], target, Some(0), "before the first step")?);
    }
    lines.push(line(newest, target, None, "at the chosen step")?);
    let lines = lines.into_iter().map(|line| flow(line, WIDTH)).collect();
    Some(Figure::new(
        "logit-gradients",
        "The gradient at the logits is p − y",
        caption(&passes)?,
        flow(lines, 0.0), // one under the other
        Vec::new(),
    ))
}

/// The largest gradient of the first position.
fn caption(passes: &[Pass]) -> Option<Caption> {
    Caption::over([Axis::passes(passes.len())], |[pass]| {
        let outputs = passes[pass].outputs();
        let by_size = |a: &&Said, b: &&Said| a.gradient.abs().total_cmp(&b.gradient.abs());
        let largest = outputs.first()?.words.iter().max_by(by_size)?;
        let (probability, n_labels) = (largest.log_prob.exp(), outputs.len());
        Some(format!(
            "The loss is no difference of distributions, but its gradient is: softmax and logarithm cancel, and at each logit \
             (p − y) / {n_labels} is left, a mean over the labels. At step {} the largest of the first position is that of “{}”: \
             ({probability:.4} − {:.4}) / {n_labels} = {:.4}. Where the model says what the target says, nothing pulls.",
            passes[pass].head().step,
            largest.token.text,
            largest.target,
            largest.gradient,
        ))
    })
}

/// The three matrices of a pass; of a large vocabulary, whose positions list different words, the first position alone.
fn line(pass: &Pass, target: &str, number: Option<usize>, when: &str) -> Option<Vec<Drawn>> {
    let outputs = pass.outputs();
    let first = outputs.first()?;
    let n_rows = if is_shared(&outputs) { outputs.len().min(MAX_POSITIONS) } else { 1 };
    let cols: Vec<String> = first.words.iter().map(|said| said.token.text.clone()).collect();
    let rows: Vec<String> =
        pass.head().tgt_out.iter().take(n_rows).map(|token| cut(&token.text, 90.0)).collect();
    let place = |path: &str| {
        let place = Place::of(path).strides(cols.len(), 1).listed_at(0, Heads::Words);
        number.map_or(place.clone(), |number| place.pass(number))
    };
    let matrix = |name: &str, role, place| Matrix {
        name: name.into(),
        role,
        place,
        n_rows,
        n_cols: cols.len(),
        labels: Labels::both(&rows, &cols),
    };
    let gradient = format!("gradient = (p − y) / {}", outputs.len());
    [
        matrix(&format!("p: the model, {when}"), Role::Weights, place("outputs.probability")),
        matrix(target, Role::Weights, place("outputs.target")),
        matrix(&gradient, Role::Output, place("outputs.logit").gradients()),
    ]
    .iter()
    .map(|matrix| matrix.draw(pass, &[]))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::About;
    use crate::testing::{checked, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        assert_eq!(checked(toy(), &figure.drawing.into_string()), 2 * 3 * 5 * 6);
        assert!(figure.width <= WIDTH);
        assert!(draw(&Recording::new(About::default())).is_none());
    }

    #[test]
    fn the_recorded_gradient_is_the_difference() {
        for pass in toy().passes() {
            let array = |path: &str| pass.output(path).unwrap().data;
            let (p, y) = (array("outputs.probability"), array("outputs.target"));
            let gradient = pass.output_gradient("outputs.logit").unwrap();
            let n_labels = gradient.shape[0] as f32;
            for ((p, y), gradient) in p.iter().zip(y).zip(gradient.data) {
                assert!(((p - y) / n_labels - gradient).abs() < 1e-6);
            }
        }
    }
}
