//! A line of a formula with its numbers, each of which says where it stands in the recording.

use maud::{Markup, html};

use unicode_width::UnicodeWidthStr;

use super::chart::plain;

/// How wide a letter of 12 pixels is, in a face of one width.
const LETTER: f64 = 7.23;

/// A line of letters that are all as wide as each other, from a place to the right.
#[derive(Clone, Debug)]
pub struct Formula {
    parts: Vec<Markup>,
    x: f64,
    y: f64,
}

impl Formula {
    /// An empty line that begins there, its base line at `y`.
    pub fn at(x: f64, y: f64) -> Formula {
        Formula { parts: Vec::new(), x, y }
    }

    /// With these signs behind it.
    #[must_use]
    pub fn signs(mut self, signs: &str) -> Formula {
        let (shown, before) = (signs.trim(), &signs[..signs.len() - signs.trim_start().len()]); // spaces are not drawn
        let x = self.place(before);
        self.parts.push(html! { text class="number dim" x=(x) y=(self.y) { (shown) } });
        self.after(signs)
    }

    /// With this number behind it, which stands in the recording there: the number of an event, and the path of a field.
    #[must_use]
    pub fn number(mut self, number: f64, at: &str) -> Formula {
        let text = plain(number);
        self.parts.push(html! { text class="number" x=(self.place("")) y=(self.y) data-at=(at) { (text) } });
        self.after(&text)
    }

    /// How far it reaches.
    pub fn right(&self) -> f64 {
        self.x
    }

    /// All of it.
    pub fn markup(&self) -> Markup {
        html! { @for part in &self.parts { (part) } }
    }

    /// The place behind what is there, and behind these spaces.
    fn place(&self, spaces: &str) -> String {
        format!("{:.1}", self.x + LETTER * spaces.width() as f64)
    }

    fn after(self, text: &str) -> Formula {
        Formula { x: self.x + LETTER * text.width() as f64, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_one_behind_the_other() {
        let formula = Formula::at(10.0, 20.0).signs("m = ").number(-0.5, "3.step.loss").signs(" · v\u{302}");
        assert!((formula.right() - (10.0 + 7.23 * 12.0)).abs() < 1e-9, "{}", formula.right());
        let markup = formula.markup().into_string();
        assert!(markup.contains("x=\"38.9\" y=\"20\" data-at=\"3.step.loss\">-0.5<"), "{markup}");
    }
}
