//! TER: how many edits make a translation its reference.

mod distance;
mod normalise;
mod shifts;

use std::collections::HashMap;

use self::distance::Distance;
pub use self::normalise::TerOptions;
use self::normalise::normalised;
use super::metric::{Metric, Rounding, Score};
use super::tokenize::split;

/// The translation edit rate (Snover et al. 2006): words inserted, deleted, replaced, and stretches of words moved, per
/// word of the reference. What is moved, where to, is found as Tercom finds it, which is not always the fewest moves.
/// Of several references the fewest edits count, over the mean of their lengths. Lower is better.
impl Metric for TerOptions {
    fn name(&self) -> String {
        "TER".into()
    }

    fn settings(&self) -> String {
        let case = if self.case_sensitive { "mixed" } else { "lc" };
        let [norm, punct, asian] =
            [self.normalized, !self.no_punct, self.asian_support].map(|on| if on { "yes" } else { "no" });
        format!("case:{case}|tok:tercom|norm:{norm}|punct:{punct}|asian:{asian}")
    }

    fn counts(&self, hypothesis: &str, references: &[&str]) -> Vec<f64> {
        let hypothesis = normalised(hypothesis, self);
        let (mut fewest, mut length) = (usize::MAX, 0);
        for reference in references {
            // As in sacrebleu references are read twice: `it's` before a wide space is two words then.
            let once = split(&normalised(reference, self)).collect::<Vec<_>>().join(" ");
            let (edits, words) = edits(&hypothesis, &normalised(&once, self));
            fewest = fewest.min(edits);
            length += words;
        }
        vec![fewest as f64, length as f64 / references.len() as f64]
    }

    fn score(&self, sums: &[f64], rounding: Rounding) -> Score {
        match *sums {
            [edits, length] if length > 0.0 => {
                Score { value: rounding.of(100.0 * rounding.of(edits / length)), held: rounding }
            }
            [edits, _] if edits > 0.0 => Score { value: 100.0, held: Rounding::Double },
            _ => Score { value: 0.0, held: Rounding::Double },
        }
    }

    fn higher_is_better(&self) -> bool {
        false
    }
}

/// The edits that make the hypothesis the reference, and the words of the reference.
fn edits(hypothesis: &str, reference: &str) -> (usize, usize) {
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut ids = |text| {
        let id = |word| {
            let next = known.len() as u32;
            *known.entry(word).or_insert(next)
        };
        split(text).map(id).collect::<Vec<u32>>()
    };
    let (hyp, reference) = (ids(hypothesis), ids(reference));
    if reference.is_empty() {
        return (hyp.len(), 0);
    }
    let n = reference.len();
    (shifts::edits(hyp, &mut Distance::to(reference)), n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sacrebleu has 2 edits for these, and none with a space between.
    #[test]
    fn references_are_read_twice() {
        let options = TerOptions { normalized: true, ..TerOptions::default() };
        assert_eq!(options.counts("it's\u{3000}so", &["it's\u{3000}so"]), [2.0, 3.0]);
        assert_eq!(options.counts("it's so", &["it's so"]), [0.0, 3.0]);
    }

    #[test]
    fn a_stretch_that_is_moved_is_one_edit() {
        assert_eq!(edits("a b c d e f", "d e f a b c"), (1, 6));
        assert_eq!(edits("a b c d", "a b c d"), (0, 4));
        assert_eq!(edits("a x c", "a b c d"), (2, 4));
        assert_eq!(edits("a b", ""), (2, 0));
        assert_eq!(edits("", "a b"), (2, 2));
    }
}
