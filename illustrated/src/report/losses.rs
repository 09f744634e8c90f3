//! Which loss is which: the one place that all others lead to, with the numbers of this run.

use maud::{Markup, html};

use crate::figures::loss::floor;
use crate::look::number::grouped;
use crate::recording::{Pass, Recording, Unit};

/// More than so many passes are not told of one by one.
const MAX_PASSES: usize = 8;

/// A word that leads here.
pub(super) fn link(text: &str) -> Markup {
    html! { a href="#losses" { (text) } }
}

pub(super) fn text(recording: &Recording) -> Markup {
    let Unit { many, .. } = recording.about().unit();
    let about = recording.about();
    let floor = floor(about);
    let losses: Vec<Loss> =
        losses(recording).into_iter().filter(|loss| loss.numbers.iter().any(Option::is_some)).collect();
    let steps: Vec<u64> = shown(recording).iter().map(|pass| pass.head().step).collect();
    html! {
        h3 id="losses" { "Which loss is which" }
        p {
            "A loss is counted in nats, and is a mean over labels. Without smoothing it is the negative log-likelihood, " b { "nll" }
            ": of each label minus the logarithm of the probability that the model gives it, 0 at best. "
            @if floor > 0.0 {
                "What training makes small, the " b { "loss" } ", compares with the smoothed label in the same way, and "
                (format!("{floor:.3}")) " is the least that it can be. "
            } @else {
                "Nothing is smoothed here, so the " b { "loss" } " is the nll. "
            }
            "e to the nll is the perplexity: the model is as unsure as if it chose among so many " (many) " that are equally likely."
            @if about.reference.is_none() && !steps.is_empty() {
                " No right translation was given: the labels are what the model found itself, and their loss says how sure it is, not how right."
            }
        }
        @if !losses.is_empty() {
            div class="wide" tabindex="0" role="region" aria-label="the losses" {
                table {
                    tr {
                        th scope="col" { "after step" }
                        @for loss in &losses { th scope="col" { (loss.name) } }
                    }
                    @for (at, step) in steps.iter().enumerate() {
                        tr {
                            th scope="row" { (grouped(*step as usize)) }
                            @for loss in &losses { td { (loss.numbers[at].map_or("–".into(), |number| format!("{number:.3}"))) } }
                        }
                    }
                    tr {
                        th scope="row" { "shown" }
                        @for loss in &losses { td { (loss.place) } }
                    }
                }
            }
            @if losses.iter().any(|loss| loss.numbers.contains(&None)) {
                p class="note" { "A batch has its loss when the next step begins: where it is –, no next step was recorded." }
            }
        }
        @if let Some(last) = recording.validations().last() {
            p {
                "On pairs that it does not learn from, the last validation, after step " (grouped(last.step as usize)) ", found an nll of "
                (format!("{:.3}", last.nll)) " per label, a perplexity of " (format!("{:.2}", last.nll.exp()))
                @if let Some(bleu) = last.bleu { ", and a BLEU of " (format!("{bleu:.1}")) } "."
            }
        }
    }
}

/// One of the losses: of each pass that is told of, what it is, if that is known.
struct Loss {
    name: &'static str,
    numbers: Vec<Option<f64>>,
    place: &'static str,
}

fn losses(recording: &Recording) -> Vec<Loss> {
    let (passes, steps) = (shown(recording), recording.steps());
    let is_smoothed = recording.about().smoothing > 0.0;
    let of_pass = |of: fn(&Pass) -> f64| passes.iter().map(|pass| Some(of(pass))).collect();
    // A step begins with the loss of the model as the steps before have left it.
    let next = |pass: &Pass| steps.iter().find(|step| step.step == pass.head().step + 1);
    let of_batch = |of: fn(&crate::recording::Step) -> f64| {
        passes.iter().map(|pass| next(pass).map(|step| of(step))).collect()
    };
    let smoothed = [
        Loss {
            name: "loss of this sentence",
            numbers: of_pass(|pass| pass.head().loss),
            place: "at the top; the bars are its gradient",
        },
        Loss {
            name: "loss of the batch",
            numbers: of_batch(|step| step.loss),
            place: "in the curve; of all sentences learned, each step follows its gradient",
        },
    ];
    let plain = [
        Loss {
            name: "nll of this sentence",
            numbers: of_pass(|pass| pass.head().nll),
            place: if is_smoothed {
                "in the questions"
            } else {
                "at the top, and in the questions; the bars are its gradient"
            },
        },
        Loss {
            name: "nll of the batch",
            numbers: of_batch(|step| step.nll),
            place: if is_smoothed {
                "in the curve, dashed"
            } else {
                "in the curve; each step of training follows its gradient"
            },
        },
    ];
    let smoothed = smoothed.into_iter().filter(|_| is_smoothed);
    smoothed.chain(plain).collect()
}

/// The passes that are told of: all, or some, the first and the last among them.
fn shown(recording: &Recording) -> Vec<Pass<'_>> {
    let passes = recording.passes();
    let stride = passes.len().div_ceil(MAX_PASSES).max(1);
    let last = passes.len().saturating_sub(1);
    passes
        .into_iter()
        .enumerate()
        .filter(|(at, _)| at % stride == 0 || *at == last)
        .map(|(_, pass)| pass)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Event, Validated};
    use crate::testing::{recorded, toy};

    #[test]
    fn every_loss_is_told_with_the_numbers_of_the_run() {
        let text = text(toy()).into_string();
        for pass in toy().passes() {
            let head = pass.head();
            assert!(text.contains(&format!("<th scope=\"row\">{}</th>", head.step)));
            for number in [head.loss, head.nll] {
                assert!(text.contains(&format!("<td>{number:.3}</td>")), "{number} after step {}", head.step);
            }
            for step in toy().steps().iter().filter(|step| step.step == head.step + 1) {
                assert!(
                    text.contains(&format!("<td>{:.3}</td>", step.loss))
                        && text.contains(&format!("<td>{:.3}</td>", step.nll))
                );
            }
        }
        assert!(text.contains("0.421 is the least that it can be"), "{text}");
        assert_eq!(text.matches("<td>–</td>").count(), 2, "no step follows the last pass");
    }

    #[test]
    fn without_smoothing_there_is_one_loss() {
        let mut recording = recorded(|_| (), 3);
        recording.push(Event::Validated(Validated { step: 1000, nll: 2.0, bleu: Some(31.25) }));
        let text = text(&recording).into_string();
        assert!(!text.contains("loss of the batch") && !text.contains("loss of this sentence"), "{text}");
        assert!(text.contains("nll of this sentence") && text.contains("says how sure it is, not how right"));
        assert!(
            text.contains("an nll of 2.000 per label, a perplexity of 7.39, and a BLEU of 31.2"),
            "{text}"
        );
    }

    #[test]
    fn of_many_passes_some_are_told_of() {
        let mut recording = recorded(|_| (), 2);
        let head = recording.last_pass().unwrap().head().clone();
        for step in 1..40 {
            recording.push(Event::Pass(crate::recording::PassHead { step, ..head.clone() }));
        }
        let steps: Vec<u64> = shown(&recording).iter().map(|pass| pass.head().step).collect();
        assert_eq!(steps, [0, 5, 10, 15, 20, 25, 30, 35, 39]);
    }
}
