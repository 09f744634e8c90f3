//! From the last vector to a word: logits, log-probabilities, probabilities, the likeliest (Vaswani et al. 2017, §3.4).

use maud::html;

use crate::look::matrix::{MAX_COLUMNS, PITCH, shown};
use crate::look::number::grouped;
use crate::look::text::cut;
use crate::look::{Axis, Caption, Figure, Heads, Labels, Matrix, Place, Role, Sheet};
use crate::recording::{Pass, Recording, Unit};

use super::common::{is_shared, likeliest, output_row, positions};

/// From one row to the next.
const LINE: f64 = 124.0;

/// At a position of the target, what becomes of the vector there.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let passes = recording.passes();
    let pass = *passes.last()?;
    let outputs = pass.outputs();
    let n_listed = outputs.first()?.words.len();
    let d_model = recording.about().architecture.d_model;
    let n_words = recording.about().tgt_vocab_size;
    let Unit { one, many } = recording.about().unit();
    let hidden = Matrix {
        name: "the decoder's last vector at this position".into(),
        role: Role::Words,
        place: Place::of("hidden").control("position", d_model),
        n_rows: 1,
        n_cols: d_model,
        labels: Labels::default(),
    };
    let mut sheet = Sheet::new();
    sheet.put(&hidden.draw(&pass, &[("position", 0)])?, 0.0, 0.0);
    step(&mut sheet, LINE - 24.0, &format!("times a vector for each of the {} {many}", grouped(n_words)));
    if is_shared(&outputs) {
        rows(&mut sheet, &pass, None)?;
    } else {
        for position in 0..outputs.len() {
            let mut one = Sheet::new();
            rows(&mut one, &pass, Some(position))?;
            sheet.when(&format!("position={position}"), position == 0, one);
        }
    }
    step(&mut sheet, 2.0 * LINE - 10.0, &format!("minus the log of the summed exp of all {many}"));
    step(&mut sheet, 3.0 * LINE - 10.0, "exp");
    chosen(&mut sheet, &passes);
    let listed = if n_listed < n_words {
        format!(" Of {} {many} the {n_listed} likeliest are shown.", grouped(n_words))
    } else {
        String::new()
    };
    let position = positions(&pass);
    let caption = caption(&passes, Axis::of(&position), &listed, one)?;
    Some(sheet.into_figure("output", &format!("From the last vector to a {one}"), caption, vec![position]))
}

/// An arrow down, with what happens on the way.
fn step(sheet: &mut Sheet, y: f64, text: &str) {
    sheet.arrow(&[(27.0, y - 20.0), (27.0, y + 6.0)]);
    sheet.text("note", 42.0, y - 3.0, text);
}

/// Logits, log-probabilities and probabilities.
fn rows(sheet: &mut Sheet, pass: &Pass, at: Option<usize>) -> Option<()> {
    let position = at.unwrap_or(0);
    let logits = output_row(pass, "logit", "logits: a score for each", Role::Query, at)?;
    let indices = pass.outputs()[position].words.iter().map(|said| said.token.id);
    let indices = indices.map(|id| id.map_or(String::new(), |id| id.to_string())).collect();
    let probabilities =
        output_row(pass, "probability", "probabilities, each under its index", Role::Weights, at)?;
    let all = [
        logits,
        output_row(pass, "log_prob", "log-probabilities", Role::Output, at)?,
        Matrix {
            place: probabilities.place.clone().listed_at(position, Heads::Indices),
            labels: Labels { rows: Vec::new(), cols: indices },
            ..probabilities
        },
    ];
    for (line, matrix) in all.iter().enumerate() {
        sheet.put(&matrix.draw(pass, &[("position", 0)])?, 0.0, (line + 1) as f64 * LINE);
    }
    Some(())
}

/// For every pass and position, the likeliest word marked and named.
fn chosen(sheet: &mut Sheet, passes: &[Pass]) {
    let top = 3.0 * LINE + 41.0;
    for (number, pass) in passes.iter().enumerate() {
        for (position, output) in pass.outputs().into_iter().enumerate() {
            let Some(at) = likeliest(output) else { continue };
            let columns = shown(output.words.len(), MAX_COLUMNS);
            let col = columns.iter().position(|&col| col == Some(at)).unwrap_or(columns.len() / 2);
            let mut one = Sheet::new();
            let x = 1.0 + col as f64 * PITCH.0;
            let mark = html! { rect class="ring" x=(x) y=(top) width=(PITCH.0 + 4.0) height=(PITCH.1 + 4.0) rx="5" {} };
            one.markup(mark, x + PITCH.0 + 6.0, top + PITCH.1 + 6.0);
            let token = &output.words[at].token;
            let index = token.id.map_or(String::new(), |id| format!("index {id}, "));
            let label = pass.head().tgt_out.get(position).map_or("", |label| &label.text);
            let said = format!(
                "the likeliest: {index}“{}”; the label: “{}”",
                cut(&token.text, 200.0),
                cut(label, 200.0)
            );
            one.text("strong", 4.0, top + 74.0, &said);
            let condition = format!("pass={number} position={position}");
            sheet.when(&condition, number + 1 == passes.len() && position == 0, one);
        }
    }
}

/// The likeliest word, and how it comes by its probability.
fn caption(passes: &[Pass], position: Axis, listed: &str, unit: &str) -> Option<Caption> {
    Caption::over([Axis::passes(passes.len()), position], |[pass, position]| {
        let output = *passes[pass].outputs().get(position)?;
        let said = &output.words[likeliest(output)?];
        Some(format!(
            "At position {position} the likeliest {unit} is “{}”: its logit is {:.2}, its log-probability {:.2} − {:.2} = {:.2}, its \
             probability {:.2}.{listed}",
            said.token.text,
            said.logit,
            said.logit,
            output.log_sum_exp,
            said.log_prob,
            said.log_prob.exp()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event};
    use crate::testing::{checked, recorded, recorded_of, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        let drawing = figure.drawing.into_string();
        assert_eq!(checked(toy(), &drawing), 16 + 3 * 6);
        assert_eq!(figure.controls[0].choices, ["0: i", "1: am", "2: a", "3: student", "4: <eos>"]);
        let first = format!("data-when=\"pass={} position=0\" ", toy().passes().len() - 1);
        let group = drawing.split(&first).nth(1).and_then(|group| group.split('>').next());
        assert!(group.is_some_and(|tag| !tag.contains("off")), "{group:?}");
        assert!(drawing.contains("the likeliest: index 2, “i”; the label: “i”"));
        assert_eq!(drawing.matches("class=\"ring\"").count(), toy().passes().len() * 5);
    }

    #[test]
    fn of_a_large_vocabulary_each_position_has_its_own_words() {
        let recording = recorded_of(|model| (model.d_model, model.n_heads) = (4, 2), 3, 200);
        let figure = draw(&recording).unwrap();
        let n_positions = recording.last_pass().unwrap().outputs().len();
        assert_eq!(checked(&recording, &figure.drawing.into_string()), 4 + n_positions * 3 * 16);
        assert!(figure.width <= 1080.0 && figure.caption.first().contains("Of 200 words the 16 likeliest"));
    }

    #[test]
    fn any_recording_is_drawn_within_its_width_or_not_at_all() {
        let mut empty = Recording::new(About::default());
        assert!(draw(&empty).is_none());
        empty.push(Event::Pass(toy().last_pass().unwrap().head().clone()));
        assert!(draw(&empty).is_none(), "a pass without outputs");
        let long = recorded_of(|_| (), 40, 60);
        assert!(draw(&long).unwrap().width <= 1080.0);
        assert!(draw(&recorded(|_| (), 1)).is_some());
    }
}
