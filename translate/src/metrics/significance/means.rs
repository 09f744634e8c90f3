//! Means and bounds of samples' scores, rounded as sacrebleu and numpy round them.

use crate::metrics::metric::{Rounding, Score};

/// A 95 % confidence interval: `mean` plus or minus `half_width`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean of the samples' scores.
    pub mean: f64,
    /// Half of what lies between the bounds.
    pub half_width: f64,
}

/// The scores of samples, and the numbers that an array of them is held in.
pub struct Scores {
    /// In the order of their samples.
    pub values: Vec<f64>,
    /// f32 where all are.
    pub rounding: Rounding,
}

impl Scores {
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn of(scores: Vec<Score>) -> Scores {
        assert!(!scores.is_empty(), "there must be one sample at least");
        let single = scores.iter().all(|score| score.held == Rounding::Single);
        let rounding = if single { Rounding::Single } else { Rounding::Double };
        Scores { values: scores.into_iter().map(|score| score.value).collect(), rounding }
    }

    /// Sample by sample, without the sign.
    pub fn differences(&self, other: &Scores) -> Scores {
        let single = self.rounding == Rounding::Single && other.rounding == Rounding::Single;
        let rounding = if single { Rounding::Single } else { Rounding::Double };
        let pairs = self.values.iter().zip(&other.values);
        Scores { values: pairs.map(|(a, b)| rounding.of(a - b).abs()).collect(), rounding }
    }

    /// As numpy's `mean`, in the order given.
    pub fn mean(&self) -> f64 {
        mean(&self.values, self.rounding)
    }

    /// Half of what lies between the bounds that leave 1/40 of the scores on either side.
    pub fn half_width(&self) -> f64 {
        let sorted = self.sorted();
        let left = sorted.len() / 40;
        0.5 * self.rounding.of(sorted[sorted.len() - left - 1] - sorted[left])
    }

    /// With the mean as numpy has it of the sorted scores.
    pub fn interval(&self) -> Interval {
        Interval { mean: mean(&self.sorted(), self.rounding), half_width: self.half_width() }
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

fn mean(values: &[f64], rounding: Rounding) -> f64 {
    rounding.of(pairwise(values, rounding) / values.len() as f64)
}

/// numpy's sum: halves of long arrays apart, down to 128; in these, eight sums side by side.
fn pairwise(values: &[f64], rounding: Rounding) -> f64 {
    let add = |a: f64, b: f64| rounding.of(a + b);
    match values.len() {
        0..8 => values.iter().copied().fold(0.0, add),
        8..=128 => {
            let (eights, rest) = values.as_chunks::<8>();
            let mut s = eights[0];
            for eight in &eights[1..] {
                s.iter_mut().zip(eight).for_each(|(sum, &value)| *sum = add(*sum, value));
            }
            let whole = add(add(add(s[0], s[1]), add(s[2], s[3])), add(add(s[4], s[5]), add(s[6], s[7])));
            rest.iter().copied().fold(whole, add)
        }
        n => {
            let half = n / 2;
            let (left, right) = values.split_at(half - half % 8);
            add(pairwise(left, rounding), pairwise(right, rounding))
        }
    }
}

/// The mean, rounded once, as Python's `statistics.mean` has it. The sum is kept in two numbers, the second being what
/// the first could not hold.
pub fn exact_mean(scores: &Scores) -> f64 {
    let (mut sum, mut rest) = (0.0, 0.0);
    for &value in &scores.values {
        let (larger, error) = two_sum(sum, value);
        (sum, rest) = (larger, rest + error);
    }
    let (sum, rest) = two_sum(sum, rest);
    let n = scores.values.len() as f64;
    let quotient = sum / n;
    let missing = (-quotient).mul_add(n, sum) + rest;
    scores.rounding.of(quotient + missing / n)
}

/// A sum, and by how much it is wrong (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}
