//! Depth, norms, and what was not learned.

use maud::{Markup, html};
use transformer::NormPlacement;

use super::answer::answer;
use super::measured::{at_once, fact, in_training, percent, said, variant};
use crate::record::lesson::{BACKWARDS, KEPT_ASIDE, LEARNED, N_KEPT_ASIDE, SHALLOW};
use crate::record::probes::{NO_TOP_LAYERS, PROBABILITY, TURNED, UNSEEN};
use crate::record::variants::names;
use crate::recording::{Recording, Variant};

/// The share that a model gets right of a task whose rule it has found.
const FOUND: f64 = 0.9;

pub(super) fn depth(recording: &Recording) -> Option<Markup> {
    let architecture = &recording.about().architecture;
    let (encoder, decoder) = (architecture.n_encoder_layers, architecture.n_decoder_layers);
    answer(
        "What is a second layer for?",
        html! {
            p {
                "A layer of attention finds words by what stands at their places. The next finds them by what the first has gathered "
                "there. This model has " (encoder) " in the encoder and " (decoder) " in the decoder."
            }
            @if let Some(text) = at_once(recording, NO_TOP_LAYERS) {
                p { "Without the top layer of each stack, the rest as it is." (text) " What the layers below say was made for the top layer, not for the word." }
            }
            @if let Some(text) = in_training(recording, SHALLOW, "one layer") { (text) }
        },
    )
}

pub(super) fn norm_placement(recording: &Recording) -> Option<Markup> {
    let ratio = |variant: &Variant| Some(variant.facts.last()?.value / variant.facts.first()?.value);
    let (post, pre) = (variant(recording, names::DEEP_POST_NORM)?, variant(recording, names::DEEP_PRE_NORM)?);
    let own = match recording.about().architecture.norm {
        NormPlacement::Post | NormPlacement::PostFinal => "after",
        NormPlacement::Pre => "before",
    };
    answer(
        "Norm before or after a sublayer, and what does it do to gradients by depth?",
        html! {
            p {
                "This model has it " (own) ". In untrained stacks of " (post.facts.len()) " layers the gradient of the top decoder layer is "
                (format!("{:.2}", ratio(post)?)) " times that of the lowest with the norm after, as in the paper, and "
                (format!("{:.2}", ratio(pre)?)) " times with the norm before. "
                @if ratio(post)? > 1.5 {
                    "That gradients with the norm after are large near the top at the start is why such models are trained with small steps "
                    "at first, as the paper does (Xiong et al. 2020)."
                }
            }
        },
    )
}

pub(super) fn unseen(recording: &Recording) -> Option<Markup> {
    let all: Vec<&Variant> = recording.variants().into_iter().filter(|one| one.name == UNSEEN).collect();
    let turned = variant(recording, TURNED);
    if all.is_empty() && turned.is_none() {
        return None;
    }
    answer(
        "What does it make of a sentence that it has not learned?",
        html! {
            @if let (true, Some(turned)) = (all.is_empty(), turned) {
                p { "Of its own words in the opposite order, “" (turned.change) "”, it makes " (said(turned)) ". One sentence is no measure; " code { "etudiant evaluate" } " measures a model on many that it has not seen." }
            } @else {
                p { "The words of the sentences learned, in other orders and numbers:" }
                div class="wide" tabindex="0" role="region" aria-label="the numbers" {
                table {
                    tr { th scope="col" { "it reads" } th scope="col" { "it says" } th scope="col" { "and holds that likely" } }
                    @for one in &all {
                        tr {
                            td { (one.change) } td { (said(one)) }
                            td { @if let Some(p) = fact(one, PROBABILITY) { (format!("{p:.2}")) } }
                        }
                    }
                }
                }
                p {
                    "It has learned its sentences by heart and no language: what it says of others is made of pieces of those, "
                    "and how sure it is says little."
                }
            }
            @if let Some(text) = rule(recording) { p { (text) } }
        },
    )
}

/// How the task went on which something can be learned.
fn rule(recording: &Recording) -> Option<Markup> {
    let plain = variant(recording, BACKWARDS)?;
    let (learned, kept_aside) = (fact(plain, LEARNED)?, fact(plain, KEPT_ASIDE)?);
    let found = if kept_aside >= FOUND { "finds it" } else { "need not find it" };
    Some(html! {
        "Where there is a rule and enough to learn it from, the same kind of model " (found) ": of the words that the model above said "
        "backwards it gets " (percent(learned)) " right of those learned, and " (percent(kept_aside)) " of the "
        (fact(plain, N_KEPT_ASIDE)?) " that it never saw."
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event, Fact};

    /// The task as it went.
    fn lesson(share: f64) -> Recording {
        let mut recording = Recording::new(About::default());
        let facts = [(LEARNED, share), (KEPT_ASIDE, share), (N_KEPT_ASIDE, 125.0)];
        let facts = facts.map(|(name, value)| Fact { name: name.into(), value }).to_vec();
        let (name, change, said) = (BACKWARDS.into(), String::new(), String::new());
        recording.push(Event::Variant(Variant { name, change, nll: vec![1.0], said, facts }));
        recording
    }

    #[test]
    fn a_rule_is_found_if_most_is_right() {
        let rule = |share| rule(&lesson(share)).unwrap().into_string();
        assert!(rule(0.97).contains("model finds it: ") && rule(0.97).contains("97% of the 125"));
        assert!(rule(0.4).contains("model need not find it: ") && rule(0.4).contains("40% of the 125"));
    }
}
