//! How long translations are that a search finds.

use maud::{Markup, html};

use super::answer::answer;
use super::measured::{fact, said};
use crate::look::number::counted;
use crate::record::lengths::{BEAM, DIVIDED, MEAN, PLAIN, STEP, SUM, TOKENS};
use crate::recording::{Fate, Recording, Unit, Variant};

pub(super) fn short_outputs(recording: &Recording) -> Option<Markup> {
    let Unit { one, .. } = recording.about().unit();
    let measured = told_of(recording);
    answer(
        "Why does beam search like short outputs?",
        html! {
            p {
                "Every " (one) " makes a sentence less likely: log-probabilities are negative, and their sum only falls. Where a model is "
                "not sure, a short translation wins by being short, and the wider the beam, the surer it is found; so sums are "
                "divided by a penalty that grows with the length."
            }
            @if measured.is_empty() {
                @if let Some(text) = finished(recording) { p { (text) } }
            } @else {
                (table(recording, &measured))
                p { (conclusion(&measured)) }
            }
        },
    )
}

/// What one search found.
#[derive(Clone, Copy)]
struct Found<'a> {
    variant: &'a Variant,
    step: u64,
    beam: usize,
    tokens: usize,
    sum: f64,
}

fn found(variant: &Variant) -> Option<Found<'_>> {
    let [step, beam, tokens] = [STEP, BEAM, TOKENS].map(|name| fact(variant, name));
    let (step, beam, tokens) = (step? as u64, beam? as usize, tokens? as usize);
    Some(Found { variant, step, beam, tokens, sum: fact(variant, SUM)? })
}

/// The searches after the step at which most can be seen: the last at which a wide beam found less than a narrow one, or
/// the last of all.
fn told_of(recording: &Recording) -> Vec<Found<'_>> {
    let is_one = |variant: &&Variant| [PLAIN, DIVIDED, MEAN].contains(&variant.name.as_str());
    let all: Vec<Found> = recording.variants().into_iter().filter(is_one).filter_map(found).collect();
    let shortens = |step: u64| {
        let of_step: Vec<Found> = all.iter().filter(|one| one.step == step).copied().collect();
        shortening(&of_step).is_some()
    };
    let step = all.iter().rev().map(|one| one.step).find(|&step| shortens(step));
    let step = step.or_else(|| all.last().map(|one| one.step));
    all.iter().filter(|one| Some(one.step) == step).copied().collect()
}

/// Of sums as they are, the narrowest beam and the widest, if that found less.
fn shortening<'a>(all: &[Found<'a>]) -> Option<(Found<'a>, Found<'a>)> {
    let mut plain = all.iter().filter(|one| one.variant.name == PLAIN);
    let (narrow, wide) = (plain.next()?, plain.next_back()?);
    (wide.tokens < narrow.tokens).then_some((*narrow, *wide))
}

fn table(recording: &Recording, measured: &[Found]) -> Markup {
    let mut kinds: Vec<&Variant> = Vec::new();
    let mut beams: Vec<usize> = Vec::new();
    for one in measured {
        if !kinds.iter().any(|kind| kind.name == one.variant.name) {
            kinds.push(one.variant);
        }
        if !beams.contains(&one.beam) {
            beams.push(one.beam);
        }
    }
    let of = |beam: usize, kind: &Variant| {
        measured.iter().find(|one| one.beam == beam && one.variant.name == kind.name)
    };
    let step = measured.first().map_or(0, |one| one.step);
    html! {
        p {
            "The model as it was after step " (step) @if step < recording.about().step { ", not yet sure," } " reads “"
            (recording.about().sentence) "” and says, by the width of the beam and by what sums are divided by (behind each its tokens, "
            code { "<eos>" } " among them, and its sum, not divided):"
        }
        div class="wide" tabindex="0" role="region" aria-label="the translations" {
            table {
                tr {
                    th scope="col" { "beam" }
                    @for kind in &kinds {
                        th scope="col" { @if kind.name == PLAIN { "sums as they are" } @else { "sum / " (kind.change) } }
                    }
                }
                @for &beam in &beams {
                    tr {
                        th scope="row" { (beam) }
                        @for kind in &kinds { td { @if let Some(one) = of(beam, kind) { (told(one)) } } }
                    }
                }
            }
        }
    }
}

/// A translation with its length and its sum.
fn told(one: &Found) -> String {
    format!("{}: {}, {:.2}", said(one.variant), counted(one.tokens, "token"), one.sum)
}

/// What the numbers show.
fn conclusion(measured: &[Found]) -> String {
    let Some((narrow, wide)) = shortening(measured) else {
        let longest = measured.iter().filter(|one| one.variant.name == PLAIN).max_by_key(|one| one.beam);
        let (beam, sum) = longest.map_or((0, 0.0), |one| (one.beam, one.sum));
        return format!(
            "Here no beam up to {beam} finds anything shorter, penalty or not: this model is so sure that no shorter sentence \
             has a sum above {sum:.2}. Less sure models do; that of the article's toy, early in its training, shows it."
        );
    };
    let widest =
        |name: &str| measured.iter().filter(|one| one.variant.name == name).max_by_key(|one| one.beam);
    let helps = |name: &str| widest(name).filter(|one| one.tokens > wide.tokens);
    let remedy = match (helps(DIVIDED), helps(MEAN), widest(DIVIDED)) {
        (Some(divided), ..) => format!(
            "Divided by {}, the widest beam finds {} again.",
            divided.variant.change,
            counted(divided.tokens, "token")
        ),
        (None, Some(_), Some(divided)) => format!(
            "Division by {} does not suffice against that; by the length itself, which compares the mean of a word, it does.",
            divided.variant.change
        ),
        _ => "No penalty that was tried here helps: the longer sentence is not likely enough a word either."
            .into(),
    };
    let sum = if wide.sum > narrow.sum { "larger" } else { "no larger" };
    format!(
        "A beam of {} says {} tokens with a sum of {:.2}. One of {} finds {} with a sum of {:.2}, which is {sum}: it searches \
         better, and what it finds is worse. {remedy}",
        narrow.beam,
        narrow.tokens,
        narrow.sum,
        wide.beam,
        counted(wide.tokens, "token"),
        wide.sum,
    )
}

/// What the search that is shown came by, where nothing else was measured.
fn finished(recording: &Recording) -> Option<String> {
    let searches = recording.searches_by_pass().pop()?;
    let candidates = searches.iter().max_by_key(|search| search.candidates.len())?.candidates.clone();
    let finished = || candidates.iter().map(|(_, one)| one).filter(|one| one.fate == Fate::Finished);
    let shortest = finished().min_by_key(|candidate| candidate.tokens.len());
    let likeliest = finished().max_by(|a, b| a.log_prob.total_cmp(&b.log_prob));
    let Some((shortest, likeliest)) = shortest.zip(likeliest) else {
        return Some("Here no candidate came to an end.".into());
    };
    Some(format!(
        "Of the finished candidates here the shortest has {} and a sum of {:.2}, the likeliest {} and {:.2}.",
        counted(shortest.tokens.len(), "token"),
        shortest.log_prob,
        likeliest.tokens.len(),
        likeliest.log_prob
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event, Fact};
    use crate::testing::toy;

    fn recording(all: &[(&str, usize, usize, f64)]) -> Recording {
        let mut recording = Recording::new(About::default());
        for &(name, beam, tokens, sum) in all {
            let facts = [(STEP, 8.0), (BEAM, beam as f64), (TOKENS, tokens as f64), (SUM, sum)];
            let facts = facts.map(|(name, value)| Fact { name: name.into(), value }).to_vec();
            let (name, change, said) = (name.into(), "len".into(), "i am".into());
            recording.push(Event::Variant(Variant { name, change, nll: Vec::new(), said, facts }));
        }
        recording
    }

    #[test]
    fn what_is_concluded_is_what_the_numbers_show() {
        let concluded = |all: &[_]| conclusion(&told_of(&recording(all)));
        let shorter = [(PLAIN, 1, 5, -3.7), (PLAIN, 16, 1, -2.0)];
        let with = |more: [(&'static str, usize, usize, f64); 2]| concluded(&[&shorter[..], &more].concat());
        let none = with([(DIVIDED, 16, 1, -2.0), (MEAN, 16, 1, -2.0)]);
        assert!(none.contains("No penalty that was tried here helps"), "{none}");
        let mean = with([(DIVIDED, 16, 1, -2.0), (MEAN, 16, 5, -3.7)]);
        assert!(
            mean.contains("does not suffice")
                && mean.contains("finds 1 token with a sum of -2.00, which is larger")
        );
        let divided = with([(DIVIDED, 16, 5, -3.7), (MEAN, 16, 5, -3.7)]);
        assert!(divided.contains("the widest beam finds 5 tokens again"), "{divided}");
        let sure = concluded(&[(PLAIN, 1, 5, -0.4), (PLAIN, 16, 5, -0.4)]);
        assert!(sure.contains("no beam up to 16 finds anything shorter"), "{sure}");
    }

    /// The toy shows it while it is unsure, and the searches of a recording are told of where nothing else was measured.
    #[test]
    fn the_toy_shows_it_before_it_is_trained() {
        let told = told_of(toy());
        assert!(told[0].step < toy().about().step && shortening(&told).is_some());
        let mut plain = Recording::new(toy().about().clone());
        toy().events()[1..]
            .iter()
            .filter(|event| !matches!(event, Event::Variant(_)))
            .for_each(|event| plain.push(event.clone()));
        let text = short_outputs(&plain).unwrap().into_string();
        assert!(text.contains("the shortest has") && !text.contains("<table>"), "{text}");
    }
}
