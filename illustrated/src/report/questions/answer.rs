//! How an answer stands on the page.

use maud::{Markup, html};

/// A question, and what the numbers say to it.
pub(super) fn answer(question: &str, text: Markup) -> Option<Markup> {
    Some(html! {
        details class="question" open {
            summary { (question) }
            (text)
        }
    })
}
