//! What the decoder may not see.

use maud::{Markup, html};

use super::answer::answer;
use super::measured::{NOTHING, at_once, change, fact, in_training, last, nll, said, variant};
use crate::look::number::counted;
use crate::record::lesson::{BACKWARDS, LEARNED, UNMASKED};
use crate::record::probes::{CHANGE, MASK_SWITCHED};
use crate::record::variants::names;
use crate::recording::{Recording, Unit};

pub(super) fn mask(recording: &Recording) -> Option<Markup> {
    let Unit { one, many } = recording.about().unit();
    let is_causal = recording.about().architecture.causal_mask;
    answer(
        "Why a causal mask, in training and when decoding?",
        html! {
            p {
                "In training the decoder is given the whole translation at once. Without a mask each place sees the " (one) " that it should say, "
                "the very next one, and learns to copy it; when it writes on its own there is nothing to copy."
            }
            @if let Some(text) = in_training(recording, UNMASKED, "no causal mask") { (text) }
            @if let Some(text) = copying(recording) { p { (text) } }
            p {
                "When decoding, nothing comes after the last " (one) ". But a second layer reads what the first has made of the earlier " (many) ", "
                "and without the mask those have looked ahead: they change with every " (one) " that is said."
                @if let Some(text) = by_depth(recording) { (text) }
            }
            @if let Some(text) = switched(recording, is_causal) { p { (text) } }
            @if let Some(text) = by_heart(recording) { p { (text) } }
        },
    )
}

/// What the loss of a model that looks ahead is worth.
fn copying(recording: &Recording) -> Option<Markup> {
    let (plain, open) = (variant(recording, BACKWARDS)?, variant(recording, UNMASKED)?);
    let (with, without) = (fact(plain, LEARNED)?, fact(open, LEARNED)?);
    (without < 0.5 * with).then(|| {
        html! {
            "The nll falls without the mask too, to " (last(open)) ", for what is in sight is easily said; but it says nothing about what that "
            "model can do on its own."
        }
    })
}

/// What the mask changes at the last place, in one layer and in several.
fn by_depth(recording: &Recording) -> Option<Markup> {
    let many = fact(variant(recording, names::AS_IT_IS)?, names::CHANGE_BY_MASK)?;
    let one = fact(variant(recording, names::ONE_LAYER)?, names::CHANGE_BY_MASK)?;
    let layers = recording.about().architecture.n_decoder_layers;
    Some(html! {
        " With one layer, switching the mask changes the last logits " (change(one)) "; with " (layers) ", " (change(many)) "."
    })
}

fn switched(recording: &Recording, is_causal: bool) -> Option<Markup> {
    let size = fact(variant(recording, MASK_SWITCHED)?, CHANGE)?;
    let layers = recording.about().architecture.n_decoder_layers;
    Some(html! {
        "This very model of " (counted(layers, "decoder layer")) ", with the mask "
        @if is_causal { "taken away" } @else { "put in" } " and nothing else changed: its logits change "
        (change(size)) @if size >= NOTHING { " at most" } "." (at_once(recording, MASK_SWITCHED)?)
    })
}

fn by_heart(recording: &Recording) -> Option<Markup> {
    let (plain, open) = (variant(recording, names::AS_IT_IS)?, variant(recording, names::NO_CAUSAL_MASK)?);
    Some(html! {
        "The sentences of this page, learned by heart without the mask, end with an " (nll()) " of " (last(open)) " (with it " (last(plain))
        "), and on its own that model says " (said(open)) "."
        @if open.said == plain.said { " One sentence can be said by heart without a rule, so here nothing is lost." }
    })
}
