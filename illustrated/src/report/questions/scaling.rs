//! Scores, weights and heads.

use maud::{Markup, html};

use super::answer::answer;
use super::measured::{at_once, fact, in_training, nll, variant};
use crate::record::lesson::UNSCALED;
use crate::record::peaks::{ENTROPY, LARGEST, PASSED, SPREAD};
use crate::record::probes::{IN_HAND, SCALING_SWITCHED, WIDE, WIDE_UNSCALED, WIDTH};
use crate::record::variants::names;
use crate::recording::{Recording, Unit, Variant};

pub(super) fn scaling(recording: &Recording) -> Option<Markup> {
    let architecture = &recording.about().architecture;
    let d_head = architecture.d_model.checked_div(architecture.n_heads)?;
    let scales = architecture.scale_scores;
    answer(
        "Why are the scores divided by √d_head?",
        html! {
            p {
                @if !scales { "In this model they are not; in the paper they are. " }
                "A score is a sum of as many products as a head is wide, here " (d_head) ", and the more there are the further it strays "
                "from 0. Softmax of far strewn scores is nearly a choice of one; and where one has all, a small change of a score "
                "changes nothing, so next to no gradient comes through."
            }
            @if let Some(table) = by_width(recording) { (table) }
            @if let Some(text) = switched(recording, scales) { p { (text) } }
            @if let Some(text) = in_training(recording, UNSCALED, "scores not divided") { (text) }
            @if let Some(text) = by_heart(recording) { p { (text) } }
        },
    )
}

/// What width does to softmax, with the division and without it, where nothing is trained.
fn by_width(recording: &Recording) -> Option<Markup> {
    let variants = recording.variants();
    let measured: Vec<&Variant> =
        variants.into_iter().filter(|one| one.name == WIDE || one.name == WIDE_UNSCALED).collect();
    let number = |variant: &Variant, name: &str| fact(variant, name).map(|value| format!("{value:.2}"));
    let row = |variant: &&Variant| {
        Some(html! {
            tr {
                th scope="row" { (fact(variant, WIDTH)?) }
                td { @if variant.name == WIDE { "yes" } @else { "no" } }
                td { "±" (number(variant, SPREAD)?) } td { (number(variant, LARGEST)?) } td { (number(variant, ENTROPY)?) }
                td { (number(variant, PASSED)?) }
            }
        })
    };
    let rows = measured.iter().map(row).collect::<Option<Vec<Markup>>>().filter(|rows| !rows.is_empty())?;
    Some(html! {
        p {
            "Untrained attention of one head over this sentence, for heads of three widths. Equal shares have an entropy of 1, a choice "
            "of one has 0; the last column is the gradient that softmax passes on, as a share of what it gets."
        }
        div class="wide" tabindex="0" role="region" aria-label="the numbers" {
            table {
                tr {
                    th scope="col" { "width" } th scope="col" { "divided" } th scope="col" { "scores" }
                    th scope="col" { "largest weight" } th scope="col" { "entropy" } th scope="col" { "gradient" }
                }
                @for row in &rows { (row) }
            }
        }
        p { (concluded(&measured)?) }
    })
}

/// What the narrowest and the widest head show.
fn concluded(measured: &[&Variant]) -> Option<String> {
    let ends = |name: &str| {
        let mut all = measured.iter().filter(|one| one.name == name);
        Some((*all.next()?, *all.next_back()?))
    };
    let numbers =
        |(narrow, wide): (&Variant, &Variant), name: &str| Some((fact(narrow, name)?, fact(wide, name)?));
    let (plain, divided) = (ends(WIDE_UNSCALED)?, ends(WIDE)?);
    let (from, to) = numbers(plain, WIDTH)?;
    let ((spread, spread_wide), (largest, largest_wide)) =
        (numbers(plain, SPREAD)?, numbers(plain, LARGEST)?);
    let (passed, passed_wide) = numbers(plain, PASSED)?;
    let ((kept, kept_wide), (through, through_wide)) = (numbers(divided, SPREAD)?, numbers(divided, PASSED)?);
    let so = if passed_wide < 0.5 * through_wide {
        "So it is the division that lets a wide head learn."
    } else {
        "On this sentence the division makes little difference."
    };
    Some(format!(
        "Not divided, scores go from ±{spread:.1} to ±{spread_wide:.1} as the head grows from {from} to {to}, the largest weight from \
         {largest:.2} to {largest_wide:.2}, and the gradient that comes through from {passed:.2} to {passed_wide:.2}. Divided, scores \
         are ±{kept:.1} and ±{kept_wide:.1}, and {through:.2} and {through_wide:.2} of the gradient come through. {so}"
    ))
}

/// What the division does to this model as it stands.
fn switched(recording: &Recording, scales: bool) -> Option<Markup> {
    let (plain, other) = (variant(recording, IN_HAND)?, variant(recording, SCALING_SWITCHED)?);
    let (before, after) = (fact(plain, LARGEST)?, fact(other, LARGEST)?);
    Some(html! {
        "This very model, with the division " @if scales { "left out" } @else { "put in" } " and nothing else changed: the largest weight of "
        "a row of the encoder's self-attention goes from " (format!("{before:.2}")) " to " (format!("{after:.2}")) " on average."
        (at_once(recording, SCALING_SWITCHED)?)
    })
}

/// What the same training of the sentence itself ends with.
fn by_heart(recording: &Recording) -> Option<Markup> {
    let (with, without) = (variant(recording, names::AS_IT_IS)?, variant(recording, names::NO_SCALING)?);
    let (a, b) = (*with.nll.last()?, *without.nll.last()?);
    Some(html! {
        "The sentences of this page, learned by heart in the same " (with.nll.len()) " steps, end with an " (nll()) " of " (format!("{a:.3}"))
        " with the division and " (format!("{b:.3}")) " without"
        @if (a - b).abs() < 0.1 * a.max(b) { ": on so little it makes no difference" } "."
    })
}

pub(super) fn rows_sum_to_one(recording: &Recording) -> Option<Markup> {
    let Unit { one, .. } = recording.about().unit();
    let pass = recording.last_pass()?;
    let weights = pass.value("encoder.layers.0.self_attn.weights")?;
    let n = weights.shape[1];
    let sums: Vec<f32> = (0..n).map(|col| (0..n).map(|row| weights.at(&[0, row, col])).sum()).collect();
    let sums: Vec<String> = sums.iter().map(|sum| format!("{sum:.2}")).collect();
    answer(
        "Do the rows of the weights sum to one, or the columns?",
        html! {
            p {
                "The rows: each " (one) " shares out its attention. How much a " (one) " gets from all others is free; here, in the first head, "
                "the columns sum to " (sums.join(", ")) "."
            }
        },
    )
}

pub(super) fn slices(recording: &Recording) -> Option<Markup> {
    let Unit { one, .. } = recording.about().unit();
    let architecture = &recording.about().architecture;
    let (d_model, n_heads) = (architecture.d_model, architecture.n_heads);
    answer(
        "Does each head see a slice of the input?",
        html! {
            p {
                "No. Each head's query is all " (d_model) " numbers of a " (one) " times " (d_model / n_heads) " columns of W^Q. The columns are the "
                "head's own, the input is everybody's."
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Fact;

    #[test]
    fn what_is_concluded_of_width_is_what_was_measured() {
        let of = |name: &str, width: f64, spread: f64, passed: f64| Variant {
            name: name.into(),
            change: String::new(),
            nll: Vec::new(),
            said: String::new(),
            facts: [(WIDTH, width), (SPREAD, spread), (LARGEST, 0.9), (PASSED, passed)]
                .map(|(name, value)| Fact { name: name.into(), value })
                .to_vec(),
        };
        let told = |passed: f64| {
            let all = [
                of(WIDE, 16.0, 1.2, 0.2),
                of(WIDE_UNSCALED, 16.0, 5.0, 0.07),
                of(WIDE, 512.0, 1.4, 0.2),
                of(WIDE_UNSCALED, 512.0, 30.0, passed),
            ];
            concluded(&all.iter().collect::<Vec<_>>()).unwrap()
        };
        assert!(told(0.0).contains("from ±5.0 to ±30.0 as the head grows from 16 to 512"), "{}", told(0.0));
        assert!(
            told(0.0).ends_with("lets a wide head learn.")
                && told(0.15).ends_with("makes little difference.")
        );
    }
}
