//! How a page is read: what its signs say, what keys do, and the ways to its numbers.

use maud::{Markup, html};

use super::losses;
use crate::figures;
use crate::look::Figure;
use crate::recording::Recording;

/// The ways past the bars and the list of chapters, for who goes by keyboard: to the text, and to the first number in
/// `numbers`, an element of the page.
pub fn skips(numbers: &str) -> Markup {
    html! {
        div class="skips" {
            a href="#text" { "Skip to the text" } " "
            a href={ "#" (numbers) } data-numbers { "Skip to the first number" }
        }
    }
}

/// The first figure that has numbers, or the text.
pub(super) fn first_numbers(recording: &Recording) -> String {
    let has_numbers = |figure: &Figure| figure.drawing.0.contains("class=\"matrix ");
    figures::all(recording).into_iter().find(has_numbers).map_or("text".into(), |figure| figure.id.into())
}

/// What keys do.
pub fn keys() -> Markup {
    html! {
        "By keyboard: Tab goes from matrix to matrix, arrows walk through a matrix, Page Down and Page Up go to the numbers of the next "
        "figure and the one before, Enter opens a number, Esc closes it."
    }
}

/// What colours and bars say.
pub fn legend() -> Markup {
    html! {
        "A cell is a number: red above 0, blue below, the deeper the larger, up to the ± that stands at the corner of its matrix; "
        "attention weights and probabilities are ochre, from 0 to 1. The bar under a number is the gradient of the " (losses::link("loss"))
        " at it: green, the loss falls if the number grows; purple, if it shrinks; the longest of a matrix is as wide as the cell. "
        "A dash: not recorded. Layers, heads, rows and columns are counted from 0."
    }
}

/// At which passes the parameters are, if not at all.
pub(super) fn weights(recording: &Recording) -> &'static str {
    let Some(weight) = recording.about().parameters.last() else { return "" };
    let passes = recording.passes();
    match passes.iter().filter(|pass| pass.value(&weight.name).is_some()).count() {
        count if count == passes.len() => "",
        0 => {
            " The weights of the model are not in this page: where one is a factor of a product, its card shows the other alone."
        }
        _ => " The weights of the model are recorded at some of the steps only.",
    }
}
