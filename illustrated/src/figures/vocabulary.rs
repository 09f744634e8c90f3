//! The words that can be said, each with its index, and a word as a vector of a one among zeros.

use crate::look::number::grouped;
use crate::look::text::cut;
use crate::look::{Axis, Caption, Figure, Role, Sheet};
use crate::recording::{Recording, Token, Unit};

use super::common::{is_shared, output_row, positions};

/// How wide and high an entry of the table is.
const ENTRY: (f64, f64) = (66.0, 26.0);

/// How many entries are side by side.
const PER_LINE: usize = 16;

/// The vocabulary of the target as a table, and the labels as one-hot vectors.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let pass = recording.last_pass()?;
    let outputs = pass.outputs();
    let about = recording.about();
    let Unit { many, .. } = about.unit();
    let is_whole = !about.tgt_words.is_empty();
    let entries: Vec<Token> = if is_whole {
        let token = |(id, text): (usize, &String)| Token { id: Some(id as u32), text: text.clone() };
        about.tgt_words.iter().enumerate().map(token).collect()
    } else {
        words_of(&pass.head().tgt_out)
    };
    let mut sheet = Sheet::new();
    let name = if is_whole {
        "the vocabulary of the target"
    } else {
        &format!("of the target's vocabulary, the {many} of this sentence")
    };
    sheet.text("strong", 4.0, 14.0, name);
    let mut y = 24.0;
    for line in entries.chunks(PER_LINE) {
        for (at, token) in line.iter().enumerate() {
            let x = 4.0 + at as f64 * ENTRY.0;
            let index = token.id.map_or(String::new(), |id| id.to_string());
            sheet.boxed("dim", [x, y, ENTRY.0, ENTRY.1], &index);
            sheet.boxed(
                "strong",
                [x, y + ENTRY.1, ENTRY.0, ENTRY.1],
                &cut(&token.text, (ENTRY.0 - 6.0) / 1.15),
            );
        }
        y += 2.0 * ENTRY.1 + 10.0;
    }
    let one_hot = "the label at the chosen position, one-hot";
    if is_shared(&outputs) {
        let row = output_row(&pass, "label", one_hot, Role::Weights, None)?;
        sheet.put(&row.draw(&pass, &[("position", 0)])?, 0.0, y + 8.0);
    } else {
        for position in 0..outputs.len() {
            let row = output_row(&pass, "label", one_hot, Role::Weights, Some(position))?;
            let mut one = Sheet::new();
            one.put(&row.draw(&pass, &[])?, 0.0, y + 8.0);
            sheet.when(&format!("position={position}"), position == 0, one);
        }
    }
    let listed = outputs.first()?.words.len();
    let rest = match about.tgt_vocab_size.saturating_sub(listed) {
        0 => String::new(),
        rest => format!(" The {} {many} that are not shown have a 0 too.", grouped(rest)),
    };
    let position = positions(&pass);
    let caption = Caption::over([Axis::of(&position)], |[at]| {
        let label = pass.head().tgt_out.get(at)?;
        let index = label.id.map_or("no index".into(), |id| format!("index {id}"));
        Some(format!(
            "The model can say {} {many}. The label at position {at}, “{}”, has {index}: its one-hot vector is 1 there and 0 \
             elsewhere.{rest}",
            grouped(about.tgt_vocab_size),
            label.text
        ))
    });
    Some(sheet.into_figure("vocabulary", &format!("The {many} it can say"), caption?, vec![position]))
}

/// The different tokens of a sentence, in the order of their indices.
fn words_of(tokens: &[Token]) -> Vec<Token> {
    let mut words = tokens.to_vec();
    words.sort_by_key(|token| token.id);
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::About;
    use crate::testing::{checked, recorded_of, toy};

    #[test]
    fn every_word_has_its_index_and_the_label_is_a_one_among_zeros() {
        let figure = draw(toy()).unwrap();
        let drawing = figure.drawing.into_string();
        assert_eq!(checked(toy(), &drawing), 6);
        for (index, word) in toy().about().tgt_words.iter().enumerate() {
            let word = word.replace('<', "&lt;").replace('>', "&gt;");
            assert!(
                drawing.contains(&format!(">{index}</text>")) && drawing.contains(&format!(">{word}</text>"))
            );
        }
        assert_eq!((drawing.matches(">1.00<").count(), drawing.matches(">0.00<").count()), (1, 5));
        assert!(figure.caption.first().contains("“i”, has index 2"), "{}", figure.caption.first());
    }

    #[test]
    fn of_a_large_vocabulary_the_words_of_the_sentence_are_shown() {
        let recording = recorded_of(|_| (), 40, 1000);
        let figure = draw(&recording).unwrap();
        let n_positions = recording.last_pass().unwrap().outputs().len();
        assert!(figure.width <= 1080.0 && figure.caption.first().contains("984 words that are not shown"));
        assert_eq!(checked(&recording, &figure.drawing.into_string()), n_positions * 16);
        assert!(draw(&Recording::new(About::default())).is_none());
    }
}
