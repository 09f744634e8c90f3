//! How scores are made of sums.

use crate::look::formula::Formula;
use crate::recording::{Candidate, PenaltyKind, Search, Translation};

/// So many translations are told of.
const MAX: usize = 3;

/// From one line to the next.
pub(super) const LINE: f64 = 20.0;

/// How the scores of the best translations are made: each its sum, divided by the penalty for its length, in symbols and then
/// in numbers. No line if that was not recorded, or nothing is divided. Of a translation that ended in none of the `steps` that
/// are shown, the step is said.
pub(super) fn lines(search: &Search, steps: &[usize], top: f64) -> Vec<Formula> {
    let line = |(rank, (event, found)): (usize, &(usize, &Translation))| {
        let penalty = found.length_penalty?;
        let is_found = |(_, candidate): &&(usize, &Candidate)| candidate.tokens == found.tokens;
        let (of, candidate) = search.candidates.iter().find(is_found)?;
        let [before, behind] = signs(penalty.kind)?;
        let line = Formula::at(0.0, top + LINE * (rank + 1) as f64).signs(&format!("no. {}: ", rank + 1));
        let line = line.number(found.log_prob, &format!("{event}.translation.log_prob")).signs(before);
        let line = line.number(candidate.step as f64, &format!("{of}.candidate.step")).signs(behind);
        let line =
            line.number(penalty.alpha, &format!("{event}.translation.length_penalty.alpha")).signs(" = ");
        let line = line.number(found.score, &format!("{event}.translation.score"));
        let is_shown = steps.contains(&candidate.step);
        Some(if is_shown {
            line
        } else {
            line.signs(&format!(", ended in step {}, left out", candidate.step))
        })
    };
    let numbers: Vec<Formula> = search.translations.iter().enumerate().take(MAX).filter_map(line).collect();
    let kind = search.translations.first().and_then(|(_, best)| Some(best.length_penalty?.kind));
    let symbols = kind
        .and_then(signs)
        .filter(|_| !numbers.is_empty())
        .map(|[before, behind]| Formula::at(0.0, top).signs(&format!("score = sum{before}len{behind}α")));
    symbols.into_iter().chain(numbers).collect()
}

/// What stands before the length and behind it, where a sum is divided.
fn signs(kind: PenaltyKind) -> Option<[&'static str; 2]> {
    match kind {
        PenaltyKind::None => None,
        PenaltyKind::Gnmt => Some([" / ((5 + ", ") / 6)^"]),
        PenaltyKind::Power => Some([" / ", "^"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::beam;
    use crate::recording::{Event, LengthPenalty, Recording};
    use crate::testing::toy;

    #[test]
    fn scores_are_what_their_formula_gives() {
        let recording = toy();
        let drawing = beam::draw(recording).unwrap().drawing.into_string();
        for (event, found) in &recording.searches().pop().unwrap().translations {
            let LengthPenalty { kind, alpha } = found.length_penalty.unwrap();
            assert_eq!((kind, alpha), (PenaltyKind::Gnmt, 0.6));
            let score = found.log_prob / ((5.0 + found.tokens.len() as f64) / 6.0).powf(alpha);
            assert!((score - found.score).abs() < 1e-12, "{score}, recorded {}", found.score);
            assert!(drawing.contains(&format!("{event}.translation.score")));
        }
        assert!(drawing.contains(">score = sum / ((5 + len) / 6)^α<"), "{drawing}");
    }

    #[test]
    fn without_a_penalty_there_is_no_formula() {
        for (penalty, says) in [(None, "divides them"), (Some(PenaltyKind::None), "short sentences win")] {
            let mut recording = Recording::new(toy().about().clone());
            for event in &toy().events()[1..] {
                let mut event = event.clone();
                if let Event::Translation(found) = &mut event {
                    found.length_penalty = penalty.map(|kind| LengthPenalty { kind, alpha: 0.0 });
                }
                recording.push(event);
            }
            let figure = beam::draw(&recording).unwrap();
            assert!(!figure.drawing.into_string().contains("score = sum"));
            assert!(figure.caption.first().contains(says), "{}", figure.caption.first());
        }
    }
}
