//! A figure: a drawing with its title, its caption and what a reader can choose in it.

use maud::{Markup, PreEscaped, html};

use super::STYLE;
use super::caption::Caption;
use super::control::Control;

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
    /// In pixels.
    pub height: f64,
    /// What is inside the `svg` element.
    pub drawing: Markup,
    /// What a reader can choose.
    pub controls: Vec<Control>,
}

impl Figure {
    /// A file of its own, with its style.
    pub fn svg(&self) -> String {
        let markup = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(self.view_box()) width=(self.width) height=(self.height)
                role="group" aria-label=(self.title) {
                style { (PreEscaped(STYLE)) }
                rect class="paper" width="100%" height="100%" {}
                (self.drawing)
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
                    svg viewBox=(self.view_box()) width=(self.width) height=(self.height) role="group" aria-label=(self.title) {
                        (self.drawing)
                    }
                }
                figcaption { strong { (self.title) } " " span class="caption" { (self.caption.first()) } }
            }
        }
    }

    fn view_box(&self) -> String {
        format!("0 0 {} {}", self.width, self.height)
    }
}
