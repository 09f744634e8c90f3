//! A figure: a drawing with its title, its caption and what a reader can choose in it.

use maud::{Markup, PreEscaped, html};

use super::STYLE;
use super::caption::Caption;
use super::control::Control;
use super::matrix::Drawn;
use super::text::text_width;

/// A drawing with its title, its caption and what a reader can choose in it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name in addresses and files, of small letters and hyphens.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// What to see in it, in one sentence, with this recording's numbers: for every choice that it tells of.
    pub caption: Caption,
    /// In pixels.
    pub width: f64,
    /// In pixels, of what is seen first.
    pub height: f64,
    /// In pixels, of what is seen whatever is chosen. Groups that reach further down say so by `data-bottom`, so that a
    /// script can make the drawing as high as what is seen of it.
    pub least_height: f64,
    /// What is inside the `svg` element.
    pub drawing: Markup,
    /// What is said under the drawing.
    pub notes: Vec<Note>,
    /// What a reader can choose.
    pub controls: Vec<Control>,
}

/// A sentence about a drawing, which on a phone fits the page where the drawing does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// It is seen while the controls stand so: `kind=1`. Always, if nothing is said.
    pub when: Option<String>,
    /// Whether it is seen at first.
    pub is_shown: bool,
}

impl Note {
    /// It is always seen.
    pub fn always(text: impl Into<String>) -> Note {
        Note { text: text.into(), when: None, is_shown: true }
    }

    /// It is seen while the controls stand so.
    pub fn when(condition: String, is_shown: bool, text: impl Into<String>) -> Note {
        Note { text: text.into(), when: Some(condition), is_shown }
    }
}

/// From a note in a file to the next.
const LINE: f64 = 18.0;

impl Figure {
    /// A drawing that is as high whatever is chosen, and has no notes.
    pub fn new(
        id: &'static str,
        title: impl Into<String>,
        caption: impl Into<Caption>,
        drawn: Drawn,
        controls: Vec<Control>,
    ) -> Figure {
        let Drawn { markup, width, height, .. } = drawn;
        let (title, caption) = (title.into(), caption.into());
        let least_height = height;
        Figure {
            id,
            title,
            caption,
            width,
            height,
            least_height,
            drawing: markup,
            notes: Vec::new(),
            controls,
        }
    }

    /// With these notes.
    #[must_use]
    pub fn with_notes(self, notes: Vec<Note>) -> Figure {
        Figure { notes, ..self }
    }

    /// A file of its own, with its style. The notes that are seen at first stand under the drawing.
    pub fn svg(&self) -> String {
        let notes: Vec<&Note> = self.notes.iter().filter(|note| note.is_shown).collect();
        let width = notes.iter().map(|note| text_width(&note.text)).fold(self.width, f64::max);
        let height = self.height + LINE * notes.len() as f64;
        let markup = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
                role="group" aria-label=(self.title) {
                style { (PreEscaped(STYLE)) }
                rect class="paper" width="100%" height="100%" {}
                (self.drawing)
                @for (at, note) in notes.iter().enumerate() {
                    text class="note" x="4" y=(self.height + LINE * at as f64 + 12.0) { (note.text) }
                }
            }
        };
        markup.into_string()
    }

    /// The figure in a page: drawing, controls and caption.
    pub fn html(&self) -> Markup {
        html! {
            figure id=(self.id) style={ "--width: " (self.width) "px" } {
                @if !self.controls.is_empty() {
                    div class="controls" {
                        @for control in &self.controls {
                            label hidden[control.choices.len() < 2] {
                                (control.label) " "
                                select data-control=(control.name) {
                                    @for (at, choice) in control.choices.iter().enumerate() {
                                        option value=(at) selected[at == control.chosen] { (choice) }
                                    }
                                }
                            }
                        }
                    }
                }
                p class="sideways" aria-hidden="true" { "⟷ wider than its place: drag or scroll it sideways" }
                div class="drawing" tabindex="0" role="region" aria-label=(self.title) {
                    svg viewBox={ "0 0 " (self.width) " " (self.height) } width=(self.width) height=(self.height)
                        data-bottom=(self.least_height) role="group" aria-label=(self.title) {
                        (self.drawing)
                    }
                }
                @if !self.notes.is_empty() {
                    ul class="notes" {
                        @for note in &self.notes { li class=[(!note.is_shown).then_some("off")] data-when=[&note.when] { (note.text) } }
                    }
                }
                figcaption { strong { (self.title) } " " span class="caption" { (self.caption.first()) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::attribute;

    #[test]
    fn notes_stand_under_the_drawing_as_text_and_in_the_file() {
        let drawn = Drawn::whole(html! { "x" }, 100.0, 50.0);
        let notes = [
            Note::always("of all"),
            Note::when("kind=0".into(), true, "a first one that is wider than the drawing"),
            Note::when("kind=1".into(), false, "another"),
        ];
        let figure = Figure::new("x", "x", "x", drawn, Vec::new()).with_notes(notes.into());
        let page = figure.html().into_string();
        assert!(page.contains("viewBox=\"0 0 100 50\"") && page.contains("<li>of all</li>"), "{page}");
        assert!(page.contains("<li class=\"off\" data-when=\"kind=1\">another</li>"), "{page}");
        let file = figure.svg();
        assert!(file.contains(" height=\"86\"") && file.contains("y=\"62\">of all</text>"), "{file}");
        assert!(file.contains("y=\"80\">a first") && !file.contains("another"), "{file}");
        let width = attribute(&file, "width").and_then(|width| width.parse::<f64>().ok());
        assert!(width.is_some_and(|width| width > 250.0), "{width:?}");
    }
}
