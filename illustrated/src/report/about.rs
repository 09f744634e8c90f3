//! What a report was made from.

use maud::{Markup, html};

use crate::recording::Recording;

pub(super) fn text(recording: &Recording) -> Markup {
    let about = recording.about();
    let digits = about.digits.map(|digits| format!("Numbers are kept to {digits} significant digits."));
    html! {
        dl {
            dt { "program" } dd { (about.program) }
            dt { "sentence" } dd { (about.sentence) }
            @if let Some(reference) = &about.reference { dt { "reference" } dd { (reference) } }
            dt { "steps of training" } dd { (about.step) }
            @if let Some(seed) = about.seed { dt { "seed" } dd { (seed) } }
        }
        details {
            summary { "the recipe" }
            pre tabindex="0" { (about.recipe) }
        }
        p id="download" {
            "The recording that all of this is drawn from is in this page. " @if let Some(digits) = digits { (digits) }
        }
    }
}
