//! TER: how many edits make a translation its reference.

mod distance;
mod normalise;
mod shifts;

use std::collections::HashMap;

use self::distance::Distance;
use self::normalise::normalised;
use super::metric::{Metric, Rounding, Score};
use super::tokenize::split;

/// How TER reads the text. The default is sacrebleu's: words between white space, case forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerOptions {
    /// Whether punctuation is split off, and `&quot;` and its kin are read.
    pub normalized: bool,
    /// Whether punctuation is left out.
    pub no_punct: bool,
    /// Whether `normalized` makes words of the characters of Chinese, and `no_punct` leaves out its punctuation too.
    pub asian_support: bool,
    /// Whether case matters.
    pub case_sensitive: bool,
}

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
            let (edits, words) = edits(&hypothesis, &normalised(reference, self));
            fewest = fewest.min(edits);
            length += words;
        }
        vec![fewest as f64, length as f64 / references.len() as f64]
    }

    fn score(&self, sums: &[f64], rounding: Rounding) -> Score {
        match sums {
            &[edits, length] if length > 0.0 => {
                Score { value: rounding.of(100.0 * rounding.of(edits / length)), held: rounding }
            }
            &[edits, _] if edits > 0.0 => Score { value: 100.0, held: Rounding::Double },
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

    #[test]
    fn a_stretch_that_is_moved_is_one_edit() {
        assert_eq!(edits("a b c d e f", "d e f a b c"), (1, 6));
        assert_eq!(edits("a b c d", "a b c d"), (0, 4));
        assert_eq!(edits("a x c", "a b c d"), (2, 4));
        assert_eq!(edits("a b", ""), (2, 0));
        assert_eq!(edits("", "a b"), (2, 2));
    }
}
