//! Whether a difference is one: confidence intervals by the bootstrap, and two paired tests.
//!
//! **The bootstrap** (Koehn 2004) draws as many sentences as there are, some of them repeatedly, scores them, and does so
//! again and again: between the scores that leave 1/40 on either side are 95 % of them.
//!
//! **Paired bootstrap.** Two systems are scored on the same draws. The p-value is the share of draws whose difference
//! lies above the mean difference by more than the difference of the corpus.
//!
//! **Paired approximate randomization** (Riezler and Maxwell 2005). If two systems are alike, it does not matter who
//! wrote which translation: each pair is swapped or not by a coin. The p-value is the share of trials with a difference
//! above that of the corpus.
//!
//! Both count one more in the numerator and the denominator, so that no p-value is 0. Draws, and the digits they are
//! added up in, are those of sacrebleu with numpy 2 (`docs/adr/0009-samples-are-those-of-numpy.md`).

mod means;
mod random;
#[cfg(test)]
mod tests;

use self::means::{Scores, exact_mean};
use self::random::Generator;
use super::metric::{Metric, Rounding, Score, sums};

/// The seed of sacrebleu.
pub const SEED: u64 = 12345;

/// A 95 % confidence interval: `mean` plus or minus `half_width`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean of the samples' scores.
    pub mean: f64,
    /// Half of what lies between the bounds.
    pub half_width: f64,
}

/// What a paired test says of a system beside the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// How often chance alone makes such a difference, above 0 to 1.
    pub p_value: f64,
    /// The interval of the system's own score, where one was asked for.
    pub interval: Option<Interval>,
}

/// The confidence interval of a corpus's score, with `n` resamples, as sacrebleu prints it for one system.
///
/// # Panics
/// If `counts` are those of no sentence, or `n` is 0.
#[track_caller]
pub fn confidence(metric: &dyn Metric, counts: &[Vec<f64>], n: usize, seed: u64) -> Interval {
    let scores = Scores::of(resamples(metric, counts, n, &mut Generator::new(seed)));
    Interval { mean: exact_mean(&scores), half_width: scores.half_width() }
}

/// The confidence interval of the baseline of a paired test. It differs from [`confidence`] in how the mean is rounded.
///
/// # Panics
/// As [`confidence`].
#[track_caller]
pub fn confidence_of_baseline(metric: &dyn Metric, counts: &[Vec<f64>], n: usize, seed: u64) -> Interval {
    Scores::of(resamples(metric, counts, n, &mut Generator::new(seed))).interval()
}

/// The paired bootstrap with `n` resamples: a system beside the baseline, both by their sentences' counts.
///
/// # Panics
/// If there is no sentence, there are not equally many, or `n` is 0.
#[track_caller]
pub fn paired_bootstrap(
    metric: &dyn Metric,
    baseline: &[Vec<f64>],
    system: &[Vec<f64>],
    n: usize,
    seed: u64,
) -> Paired {
    check_equal(baseline, system);
    let of = |counts| Scores::of(resamples(metric, counts, n, &mut Generator::new(seed)));
    let (theirs, ours) = (of(baseline), of(system));
    let differences = ours.differences(&theirs);
    let mean = differences.mean();
    let rounding = differences.rounding;
    let difference = rounding.of(difference(metric, baseline, system));
    let above = differences.values.iter().filter(|&&d| rounding.of(d - mean) > difference).count();
    Paired { p_value: p_value(above, n), interval: Some(ours.interval()) }
}

/// Paired approximate randomization with `n` trials; the interval is that of `bootstrap` resamples.
///
/// # Panics
/// As [`paired_bootstrap`].
#[track_caller]
pub fn paired_randomization(
    metric: &dyn Metric,
    baseline: &[Vec<f64>],
    system: &[Vec<f64>],
    n: usize,
    bootstrap: Option<usize>,
    seed: u64,
) -> Paired {
    check_equal(baseline, system);
    let mut generator = Generator::new(seed);
    let coins = generator.coins(n * baseline.len());
    let difference = difference(metric, baseline, system);
    let is_above = |swaps: &&[bool]| {
        let drawn = |wanted: bool| {
            let drawn = swaps.iter().zip(baseline.iter().zip(system));
            let drawn = drawn.map(move |(&swap, (a, b))| if swap == wanted { a } else { b });
            metric.score(&sums(drawn, Rounding::Double), Rounding::Double).value
        };
        (drawn(true) - drawn(false)).abs() > difference
    };
    let above = coins.chunks_exact(baseline.len()).filter(is_above).count();
    let interval = bootstrap.map(|n| Scores::of(resamples(metric, system, n, &mut generator)).interval());
    Paired { p_value: p_value(above, n), interval }
}

/// The scores of `n` corpora, drawn from the sentences.
#[track_caller]
fn resamples(metric: &dyn Metric, counts: &[Vec<f64>], n: usize, generator: &mut Generator) -> Vec<Score> {
    assert!(!counts.is_empty(), "a sample of no sentence");
    let mut sample = || {
        let drawn = (0..counts.len()).map(|_| &counts[generator.below(counts.len())]);
        metric.score(&sums(drawn, Rounding::Single), Rounding::Single)
    };
    (0..n).map(|_| sample()).collect()
}

#[track_caller]
fn check_equal(baseline: &[Vec<f64>], system: &[Vec<f64>]) {
    let (n, m) = (baseline.len(), system.len());
    assert!(n > 0 && n == m, "a paired test of {n} and {m} sentences");
}

/// By how much the scores of the two corpora differ.
fn difference(metric: &dyn Metric, baseline: &[Vec<f64>], system: &[Vec<f64>]) -> f64 {
    let score = |counts| metric.score(&sums(counts, Rounding::Double), Rounding::Double).value;
    (score(baseline) - score(system)).abs()
}

fn p_value(above: usize, n: usize) -> f64 {
    (above + 1) as f64 / (n + 1) as f64
}
