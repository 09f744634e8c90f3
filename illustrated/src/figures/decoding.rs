//! Decoding step by step: what was said so far, the vector of the last place, what it attends to in the source, and the
//! word that comes of it, until the sentence ends.

use crate::look::text::{cut, lines, text_width};
use crate::look::{Axis, Caption, Figure, Labels, Matrix, Place, Role, Sheet};
use crate::recording::{Pass, Recording, Unit};

use super::common::{is_shared, likeliest, numbered, output_row, positions};

/// So many words of those that were said are shown, the last ones.
const MAX_SAID: usize = 9;

/// Lines, from the top: words, the vector, cross-attention, probabilities, the word.
const LINES: [f64; 5] = [0.0, 76.0, 158.0, 268.0, 366.0];

/// At each position of the target, the step that finds the next word.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let passes = recording.passes();
    let pass = *passes.last()?;
    let architecture = &recording.about().architecture;
    let Unit { one, .. } = recording.about().unit();
    let outputs = pass.outputs();
    outputs.first()?;
    let mut sheet = Sheet::new();
    sheet.text("strong", 4.0, 14.0, "read so far");
    for position in 0..outputs.len() {
        let mut one = Sheet::new();
        said(&mut one, &pass, position);
        sheet.when(&format!("position={position}"), position == 0, one);
    }
    let chosen = [("position", 0), ("layer", 0), ("head", 0)];
    for (matrix, y) in [(hidden(architecture.d_model), LINES[1]), (attended(&pass), LINES[2])] {
        sheet.put(&matrix.draw(&pass, &chosen)?, 0.0, y);
    }
    let name = &format!("probabilities of the next {one}");
    if is_shared(&outputs) {
        let row = output_row(&pass, "probability", name, Role::Weights, None)?;
        sheet.put(&row.draw(&pass, &chosen)?, 0.0, LINES[3]);
    } else {
        for position in 0..outputs.len() {
            let mut row = output_row(&pass, "probability", name, Role::Weights, Some(position))?;
            row.n_cols = row.n_cols.min(8);
            let mut one = Sheet::new();
            one.put(&row.draw(&pass, &chosen)?, 0.0, LINES[3]);
            sheet.when(&format!("position={position}"), position == 0, one);
        }
    }
    next_words(&mut sheet, &passes);
    let (layers, heads) =
        (numbered("layer", architecture.n_decoder_layers), numbered("head", architecture.n_heads));
    let controls = vec![positions(&pass), layers, heads];
    Some(sheet.into_figure(
        "decoding",
        &format!("One {one} after another"),
        caption(&passes, architecture.causal_mask, recording.about().unit())?,
        controls,
    ))
}

fn hidden(d_model: usize) -> Matrix {
    Matrix {
        name: "the decoder's vector at the last place".into(),
        role: Role::Words,
        place: Place::of("hidden").control("position", d_model),
        n_rows: 1,
        n_cols: d_model,
        labels: Labels::default(),
    }
}

/// The weights that this step gives to the words of the source.
fn attended(pass: &Pass) -> Matrix {
    let (n_src, n_tgt) = (pass.head().src.len(), pass.head().tgt_in.len());
    Matrix {
        name: "cross-attention to the source".into(),
        role: Role::Weights,
        place: Place::of("decoder.layers.{layer}.cross_attn.weights")
            .control("position", n_src)
            .control("head", n_src * n_tgt),
        n_rows: 1,
        n_cols: n_src,
        labels: Labels {
            rows: Vec::new(),
            cols: pass.head().src.iter().map(|token| token.text.clone()).collect(),
        },
    }
}

/// What was read before a position and at it, in boxes.
fn said(sheet: &mut Sheet, pass: &Pass, position: usize) {
    let read = &pass.head().tgt_in[..pass.head().tgt_in.len().min(position + 1)];
    let left_out = read.len().saturating_sub(MAX_SAID);
    let mut x = 4.0;
    if left_out > 0 {
        sheet.text("dim", x, 42.0, "…");
        x += 22.0;
    }
    for token in &read[left_out..] {
        let text = cut(&token.text, 90.0);
        let width = text_width(&text) + 16.0;
        sheet.boxed("", [x, 24.0, width, 28.0], &text);
        x += width + 6.0;
    }
}

/// For every pass and position, the word that comes of it.
fn next_words(sheet: &mut Sheet, passes: &[Pass]) {
    let y = LINES[4] + 14.0;
    for (number, pass) in passes.iter().enumerate() {
        let outputs = pass.outputs();
        for (position, output) in outputs.iter().enumerate() {
            let Some(word) = likeliest(output).map(|at| &output.words[at].token) else { continue };
            let label = &pass.head().tgt_out[position];
            let is_last = position + 1 == outputs.len();
            let then = match (word.id == label.id, is_last) {
                (true, true) => "the sentence is whole".into(),
                (true, false) => "it is read next".into(),
                (false, true) => format!("the label is “{}”", cut(&label.text, 160.0)),
                (false, false) => {
                    format!("the label is “{}”, and in training that is read next", cut(&label.text, 160.0))
                }
            };
            let mut one = Sheet::new();
            let text = cut(&word.text, 160.0);
            let width = text_width(&text) + 20.0;
            one.text("strong", 4.0, y + 19.0, "the likeliest:");
            one.boxed("strong", [112.0, y, width, 28.0], &text);
            let then = lines(&then);
            let first = y + 28.0 - 9.0 * then.len() as f64;
            for (at, line) in then.iter().enumerate() {
                one.text("note", 122.0 + width, first + 18.0 * at as f64, line);
            }
            let condition = format!("pass={number} position={position}");
            sheet.when(&condition, number + 1 == passes.len() && position == 0, one);
        }
    }
}

fn caption(passes: &[Pass], is_masked: bool, unit: Unit) -> Option<Caption> {
    Caption::over([Axis::passes(passes.len())], |[pass]| Some(said_right(&passes[pass], is_masked, unit)))
}

/// At how many positions the likeliest {one} is the label, and what comes of it.
fn said_right(pass: &Pass, is_masked: bool, Unit { one, many }: Unit) -> String {
    let outputs = pass.outputs();
    let labels = &pass.head().tgt_out;
    let hits = |(output, label): &(&&crate::recording::Output, &crate::recording::Token)| {
        likeliest(output).is_some_and(|at| output.words[at].token.id == label.id)
    };
    let right = outputs.iter().zip(labels).filter(hits).count();
    let begins = match pass.head().tgt_in.first() {
        Some(token) if token.id.is_none() => {
            format!("It begins with no {one} at all: a vector of zeros stands in the first place.")
        }
        Some(token) => format!("It begins with “{}”.", token.text),
        None => String::new(),
    };
    let same = if right == outputs.len() {
        "so decoding step by step gives this very sentence"
    } else {
        &format!(
            "decoding step by step reads its own {many} instead, and parts from this after the first other one"
        )
    };
    let mask = if is_masked {
        &format!(
            "All rows were computed at once and are what one step after the other gives for the same {many}: the causal mask hides \
             from each place all that comes after it."
        )
    } else {
        "This model has no causal mask: step by step it finds other numbers than here, where each place sees what comes after it."
    };
    let count = outputs.len();
    format!("{begins} At {right} of {count} positions the likeliest {one} is the label, {same}. {mask}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::About;
    use crate::testing::{checked, recorded, recorded_of, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        let drawing = figure.drawing.into_string();
        assert_eq!(checked(toy(), &drawing), 16 + 3 + 6);
        let names: Vec<&str> = figure.controls.iter().map(|control| control.name).collect();
        assert_eq!(names, ["position", "layer", "head"]);
        assert!(drawing.contains(">zeros</text>") && figure.caption.first().contains("At 5 of 5 positions"));
        assert_eq!(drawing.matches("the sentence is whole").count() > 0, figure.width <= 1080.0);
    }

    /// The greedy search reads one word a step and keeps keys and values; this pass read all labels at once.
    #[test]
    fn the_search_found_word_by_word_what_was_computed_at_once() {
        let translations = toy().translations();
        let greedy = translations.iter().rfind(|found| found.search == "greedy").unwrap();
        let pass = toy().last_pass().unwrap();
        assert_eq!(greedy.tokens, pass.head().tgt_out);
        let log_prob = |output: &&crate::recording::Output| output.words[likeliest(output).unwrap()].log_prob;
        let sum: f64 = pass.outputs().iter().map(log_prob).sum();
        assert!((greedy.log_prob - sum).abs() < 1e-5, "{} {sum}", greedy.log_prob);
    }

    #[test]
    fn any_recording_is_drawn_within_its_width_or_not_at_all() {
        assert!(draw(&Recording::new(About::default())).is_none());
        for recording in [recorded(|_| (), 40), recorded_of(|model| model.causal_mask = false, 20, 200)] {
            let figure = draw(&recording).unwrap();
            assert!(figure.width <= 1080.0, "{}", figure.width);
            checked(&recording, &figure.drawing.into_string());
        }
    }
}
