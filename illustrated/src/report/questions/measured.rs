//! What was measured on changed models, in words.

use maud::{Markup, html};

use crate::record::lesson::{BACKWARDS, KEPT_ASIDE, LEARNED, N_KEPT_ASIDE, N_LEARNED};
use crate::record::probes::{IN_HAND, NLL};
use crate::recording::{Recording, Unit, Variant};
use crate::report::losses;

/// The variant of that name.
pub(super) fn variant<'a>(recording: &'a Recording, name: &str) -> Option<&'a Variant> {
    recording.variants().into_iter().find(|variant| variant.name == name)
}

/// The number of that name.
pub(super) fn fact(variant: &Variant, name: &str) -> Option<f64> {
    variant.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value)
}

/// The last negative log-likelihood of a training.
pub(super) fn last(variant: &Variant) -> String {
    variant.nll.last().map_or_else(String::new, |nll| format!("{nll:.3}"))
}

/// The loss that is told of here, which leads to where all of them are.
pub(super) fn nll() -> Markup {
    losses::link("nll")
}

/// A smaller difference is none.
pub(super) const NOTHING: f64 = 1e-5;

/// A difference that may be none.
pub(super) fn change(size: f64) -> String {
    match size {
        size if size < NOTHING => "not at all".into(),
        size if size < 0.005 => format!("by {size:.0e}"),
        size => format!("by {size:.2}"),
    }
}

/// More letters than this are cut.
const MAX_SAID: usize = 60;

/// What is said, in quotes, and of what is long the beginning.
pub(super) fn said(variant: &Variant) -> String {
    match variant.said.chars().count() {
        0 => "nothing".into(),
        count if count > MAX_SAID => {
            format!("“{}…”", variant.said.chars().take(MAX_SAID).collect::<String>())
        }
        _ => format!("“{}”", variant.said),
    }
}

/// What the model in hand makes of the sentence once that is changed: its loss and its words, beside those before.
pub(super) fn at_once(recording: &Recording, changed: &str) -> Option<Markup> {
    let Unit { many, .. } = recording.about().unit();
    let (plain, changed) = (variant(recording, IN_HAND)?, variant(recording, changed)?);
    let (before, after) = (fact(plain, NLL)?, fact(changed, NLL)?);
    let same = plain.said == changed.said;
    Some(html! {
        " The " (nll()) " of the right " (many) " goes from " (format!("{before:.3}")) " to " (format!("{after:.3}"))
        " per token, and the translation "
        @if same { "stays the same" }
        @else { "is " @if changed.said.is_empty() { "empty" } @else { (said(changed)) } " in place of " (said(plain)) } "."
    })
}

/// How the task with a rule went as it is and with that changed, which `without` says in words.
pub(super) fn in_training(recording: &Recording, changed: &str, without: &str) -> Option<Markup> {
    let (plain, changed) = (variant(recording, BACKWARDS)?, variant(recording, changed)?);
    let share = |variant: &Variant, name: &str| Some(percent(fact(variant, name)?));
    let row = |name: &str, variant: &Variant| {
        Some(html! {
            tr {
                th scope="row" { (name) }
                td { (last(variant)) } td { (share(variant, LEARNED)?) } td { (share(variant, KEPT_ASIDE)?) }
            }
        })
    };
    Some(html! {
        p {
            "On a task with a rule, words of four letters to be said backwards (" (fact(plain, N_LEARNED)?) " learned in "
            (plain.nll.len()) " steps, " (fact(plain, N_KEPT_ASIDE)?) " kept aside):"
        }
        div class="wide" tabindex="0" role="region" aria-label="the numbers" {
        table {
            tr {
                th {} th scope="col" { (nll()) " at the end" } th scope="col" { "right of those learned" }
                th scope="col" { "right of those kept aside" }
            }
            (row("as it is", plain)?)
            (row(without, changed)?)
        }
        }
        p { (compared(plain, changed, without)?) }
    })
}

/// The share that a model gets right of a task that it has learned, more or less.
const LEARNED_AT_ALL: f64 = 0.5;

/// What a change made of the task, in words: on the words kept aside, for these ask for the rule, and beyond what chance
/// makes of so many.
fn compared(plain: &Variant, changed: &Variant, without: &str) -> Option<String> {
    let share = |name: &str| Some((fact(plain, name)?, fact(changed, name)?));
    let ((learned, learned_without), (kept, kept_without)) = (share(LEARNED)?, share(KEPT_ASIDE)?);
    let n_kept = fact(plain, N_KEPT_ASIDE)?;
    // Two standard errors of a difference of shares.
    let variance = |share: f64| share * (1.0 - share) / n_kept;
    let chance = 2.0 * (variance(kept) + variance(kept_without)).sqrt();
    let difference = kept - kept_without;
    let of_unseen =
        format!("{} in place of {} of the words that it never saw", percent(kept_without), percent(kept));
    Some(if learned < LEARNED_AT_ALL {
        format!(
            "As it is, the model has not learned the task: it gets {} right of what it learned from. What the change does cannot be \
             seen on that.",
            percent(learned)
        )
    } else if difference.abs() <= chance {
        format!(
            "Both do as well with words that they never saw: {} and {} differ by no more than chance makes of {n_kept}. On so \
             simple a task, “{without}” is enough.",
            percent(kept),
            percent(kept_without)
        )
    } else if difference < 0.0 {
        format!(
            "Here the change does good: {of_unseen}. One task is no proof; what it costs shows on others."
        )
    } else if learned_without > learned - 0.1 {
        let as_well = if percent(learned_without) == percent(learned) || learned_without > learned {
            "as well"
        } else {
            "nearly as well"
        };
        format!(
            "With the change it learns its words by heart {as_well}, {} right, but of those that it never saw it says right only {} in \
             place of {}: it finds the rule less surely.",
            percent(learned_without),
            percent(kept_without),
            percent(kept)
        )
    } else {
        format!(
            "With the change it learns less, {} in place of {} of the words that it learned from, and says right only {of_unseen}.",
            percent(learned_without),
            percent(learned)
        )
    })
}

/// A share of 1, in per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::probes::{CHANGE, CHANGE_TURNED};
    use crate::recording::Fact;

    /// How a task went: the shares right of the words learned and of those kept aside.
    fn task(learned: f64, kept_aside: f64) -> Variant {
        let facts = [(LEARNED, learned), (KEPT_ASIDE, kept_aside), (N_KEPT_ASIDE, 125.0)];
        let facts = facts.map(|(name, value)| Fact { name: name.into(), value }).to_vec();
        Variant { name: String::new(), change: String::new(), nll: vec![1.0], said: String::new(), facts }
    }

    #[test]
    fn what_a_change_made_is_said_as_the_numbers_have_it() {
        let told = |before: Variant, after: Variant| compared(&before, &after, "one layer").unwrap();
        assert!(
            told(task(0.02, 0.02), task(0.0, 0.0)).contains("has not learned the task: it gets 2% right")
        );
        assert!(
            told(task(1.0, 0.9), task(1.0, 0.88))
                .contains("90% and 88% differ by no more than chance makes of 125")
        );
        assert!(told(task(1.0, 0.9), task(0.99, 0.5)).contains(
            "by heart nearly as well, 99% right, but of those that it never saw it says right only 50%"
        ));
        assert!(told(task(1.0, 0.9), task(1.0, 0.5)).contains("by heart as well, 100% right"));
        assert!(told(task(1.0, 0.9), task(0.1, 0.0)).contains("learns less, 10% in place of 100%"));
        assert!(told(task(1.0, 0.5), task(1.0, 0.9)).contains("does good: 90% in place of 50%"));
    }

    #[test]
    fn a_fact_is_called_by_its_whole_name() {
        let fact_of = |name: &str, value| Fact { name: name.into(), value };
        let facts = vec![fact_of(CHANGE_TURNED, 2.0), fact_of(CHANGE, 1.0)];
        let variant = Variant {
            facts,
            name: String::new(),
            change: String::new(),
            nll: Vec::new(),
            said: String::new(),
        };
        assert_eq!((fact(&variant, CHANGE), fact(&variant, "change")), (Some(1.0), None));
    }
}
