//! Where a word stands, and whether anything sees it.

use maud::{Markup, html};
use transformer::Positions;

use super::answer::answer;
use super::measured::{NOTHING, at_once, change, fact, in_training, variant};
use crate::record::lesson::UNPLACED;
use crate::record::probes::{CHANGE, CHANGE_TURNED, NO_POSITIONS, TURNED};
use crate::recording::{Recording, Unit};

pub(super) fn order(recording: &Recording) -> Option<Markup> {
    let Unit { many, .. } = recording.about().unit();
    let architecture = &recording.about().architecture;
    let adds = architecture.positions != Positions::None;
    answer(
        "Why are positions added, and not put beside the words?",
        html! {
            p {
                "Attention takes a sum over all " (many) ", and a sum does not know their order: without positions a sentence read backwards gives "
                "the same rows, in the opposite order, and the same translation."
                @if !adds { " This model has none." }
            }
            @if let Some(text) = turned(recording, adds) { p { (text) } }
            @if let Some(text) = removed(recording) { p { (text) } }
            @if let Some(text) = in_training(recording, UNPLACED, "no positions") { (text) }
            p {
                "Put beside the " (many) " they would make every vector longer, and every matrix that reads it larger; "
                (architecture.d_model) " numbers have room for both, and what the model wants to keep apart it can put into different directions."
            }
        },
    )
}

/// What the order changes in the model as it is.
fn turned(recording: &Recording, adds: bool) -> Option<Markup> {
    let backwards = variant(recording, TURNED)?;
    let with = fact(backwards, CHANGE)?;
    let at_most = if with < NOTHING { "" } else { " at most" };
    Some(html! {
        "This very model reads “" (backwards.change) "” instead: its logits change " (change(with)) (at_most) "."
        @if !adds && with < 1e-3 { " To it both are one sentence." }
    })
}

fn removed(recording: &Recording) -> Option<Markup> {
    let without = variant(recording, TURNED).and(fact(variant(recording, NO_POSITIONS)?, CHANGE_TURNED));
    Some(html! {
        @if let Some(without) = without {
            "With the positions taken away, and nothing trained anew, reading it backwards changes the logits " (change(without))
            @if (NOTHING..1e-3).contains(&without) { ", which is rounding" } "."
        } @else {
            "Take away the positions, and train nothing anew."
        }
        (at_once(recording, NO_POSITIONS)?)
    })
}
