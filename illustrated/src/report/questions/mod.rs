//! Questions that learners ask, answered by the numbers of the recording: of its passes and searches, of the model with
//! one thing changed, and of trainings with one thing changed where there were any.

mod answer;
mod decoding;
mod learning;
mod lengths;
mod measured;
mod places;
mod scaling;
mod translating;
mod unseen;

use maud::{Markup, html};

use crate::record::lesson::BACKWARDS;
use crate::recording::Recording;

pub(super) fn text(recording: &Recording) -> Markup {
    let answers = [
        translating::keys_and_values(recording),
        translating::shifted_right(recording),
        translating::all_positions(recording),
        scaling::scaling(recording),
        scaling::rows_sum_to_one(recording),
        scaling::slices(recording),
        decoding::mask(recording),
        places::order(recording),
        learning::depth(recording),
        learning::norm_placement(recording),
        lengths::short_outputs(recording),
        unseen::unseen(recording),
    ];
    html! {
        @if measured::variant(recording, BACKWARDS).is_none() {
            p class="note" {
                "The answers are of this model as it is. What trainings make of these questions, the page of the article's toy shows: "
                code { "cargo run --release --example je_suis_etudiant -- --report toy.html" } "."
            }
        }
        @for answer in answers.into_iter().flatten() { (answer) }
    }
}
