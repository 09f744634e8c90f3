//! What a model makes of sentences that it has not learned.

use maud::{Markup, html};

use super::answer::answer;
use super::measured::{fact, percent, said, variant};
use crate::record::lesson::{BACKWARDS, KEPT_ASIDE, LEARNED, N_KEPT_ASIDE};
use crate::record::probes::IN_HAND;
use crate::record::unseen::{PROBABILITY, SHORTENED, UNSEEN};
use crate::recording::{Recording, Variant};

/// The share that a model gets right of a task whose rule it has found.
const FOUND: f64 = 0.9;

/// Sentences made of the words that were learned, where these are known; else the sentence of the page, shortened.
pub(super) fn unseen(recording: &Recording) -> Option<Markup> {
    let all = |name: &str| {
        recording.variants().into_iter().filter(|one| one.name == name).collect::<Vec<&Variant>>()
    };
    let (unseen, shortened) = (all(UNSEEN), all(SHORTENED));
    if unseen.is_empty() && shortened.is_empty() && variant(recording, IN_HAND).is_none() {
        return None;
    }
    answer(
        "What does it make of a sentence that it has not learned?",
        html! {
            @if unseen.is_empty() {
                @if shortened.is_empty() {
                    p { "This one has no word that could be left out, so nothing was tried here." }
                } @else {
                    p { "This one, “" (recording.about().sentence) "”, a word shorter each time:" }
                    (table(&shortened))
                    @if let Some(text) = followed(recording, &shortened) { p { (text) } }
                }
                p {
                    "Whether what it says is right, a reader of both languages sees; " code { "etudiant evaluate" } " measures a model on many sentences "
                    "that it has not seen."
                }
            } @else {
                p { "The words of the sentences learned, in other orders and numbers:" }
                (table(&unseen))
                p { (by_heart(&unseen)) }
            }
            @if let Some(text) = rule(recording) { p { (text) } }
        },
    )
}

fn table(all: &[&Variant]) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label="the sentences" {
            table {
                tr { th scope="col" { "it reads" } th scope="col" { "it says" } th scope="col" { "and holds that likely" } }
                @for one in all {
                    tr {
                        td { (one.change) } td { (said(one)) }
                        td { @if let Some(p) = fact(one, PROBABILITY) { (format!("{p:.2}")) } }
                    }
                }
            }
        }
    }
}

/// How much of the sentence the translation follows, and of what the model is least sure.
fn followed(recording: &Recording, shortened: &[&Variant]) -> Option<String> {
    let whole = &variant(recording, IN_HAND)?.said;
    let same = shortened.iter().filter(|one| one.said == *whole).count();
    let count = shortened.len();
    let follows = match same {
        0 => {
            format!("Of each of its {count} words something stands in what it says: left out, it is missed.")
        }
        same if same == count => {
            "Whichever word is left out, it says the same: it has not read this sentence word by word.".into()
        }
        same => format!(
            "Without {same} of {count} words it says the same as with them; the others change what it says."
        ),
    };
    let likely = |one: &&&Variant| fact(one, PROBABILITY).unwrap_or(1.0);
    let surest = |one: &&&Variant| (likely(one) * 1e6) as u64;
    let (most, least) = (shortened.iter().max_by_key(surest)?, shortened.iter().min_by_key(surest)?);
    Some(format!(
        "{follows} It is surest of “{}” ({:.2}) and least sure of “{}” ({:.2}): what it says of words that it has rarely met side \
         by side it holds itself for less likely.",
        most.change,
        likely(&most),
        least.change,
        likely(&least)
    ))
}

/// What comes of sentences learned by heart.
fn by_heart(unseen: &[&Variant]) -> String {
    let first = unseen[0];
    if unseen.iter().all(|one| one.said == first.said) {
        return format!(
            "Whatever it reads of these, it says {}: that is a sentence it has learned by heart. It has found no language in so \
             few, not even that the order counts; only how likely it holds its words shows that something is odd.",
            said(first)
        );
    }
    "It has learned its sentences by heart and no language: what it says of others is made of pieces of those, and how sure it is \
     says little."
        .into()
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

    fn shorter(change: &str, said: &str, likely: f64) -> Event {
        let facts = vec![Fact { name: PROBABILITY.into(), value: likely }];
        let (change, said, name) = (change.into(), said.into(), SHORTENED.into());
        Event::Variant(Variant { name, change, nll: Vec::new(), said, facts })
    }

    #[test]
    fn what_a_shorter_sentence_becomes_is_told_from_the_numbers() {
        let told = |all: &[(&str, &str, f64)]| {
            let mut recording = Recording::new(About::default());
            let (name, said) = (IN_HAND.into(), "ninety-seven".into());
            recording.push(Event::Variant(Variant {
                name,
                change: String::new(),
                nll: Vec::new(),
                said,
                facts: Vec::new(),
            }));
            all.iter().for_each(|(change, said, likely)| recording.push(shorter(change, said, *likely)));
            unseen(&recording).unwrap().into_string()
        };
        let text = told(&[("quatre-vingt-dix", "ninety", 0.9), ("dix-sept", "seventeen", 0.5)]);
        assert!(
            text.contains("left out, it is missed") && text.contains("<td>quatre-vingt-dix</td>"),
            "{text}"
        );
        assert!(
            text.contains("surest of “quatre-vingt-dix” (0.90) and least sure of “dix-sept” (0.50)"),
            "{text}"
        );
        let text = told(&[("quatre-vingt-dix", "ninety-seven", 0.9), ("dix-sept", "seventeen", 0.5)]);
        assert!(text.contains("Without 1 of 2 words it says the same"), "{text}");
    }

    #[test]
    fn a_rule_is_found_if_most_is_right() {
        let rule = |share| rule(&lesson(share)).unwrap().into_string();
        assert!(rule(0.97).contains("model finds it: ") && rule(0.97).contains("97% of the 125"));
        assert!(rule(0.4).contains("model need not find it: ") && rule(0.4).contains("40% of the 125"));
    }
}
