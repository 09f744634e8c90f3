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
//! Both count one more in the numerator and the denominator, so that no p-value is 0. Both ask for more than the
//! difference of the corpus, so where that is 0 and the draws' are too (the same translations twice), nothing is counted, and
//! the p-value is the smallest there is. Of systems with equal scores it says nothing: ask first whether there is a difference.
//!
//! Draws, and the digits they are
//! added up in, are those of sacrebleu with numpy 2 (`docs/adr/0010-samples-are-those-of-numpy.md`).

mod means;
mod random;
#[cfg(test)]
mod tests;

pub use self::means::Interval;
use self::means::{Scores, exact_mean};
use self::random::Generator;
use super::metric::{Metric, Rounding, sums};

/// The seed of sacrebleu.
pub const SEED: u64 = 12345;

/// What a paired test says of a system; of the baseline, which is the first, it has no p-value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paired {
    /// How often chance alone makes such a difference, above 0 to 1; without a difference of the scores it says nothing.
    pub p_value: Option<f64>,
    /// The interval of the system's own score, where one was asked for.
    pub interval: Option<Interval>,
}

/// The confidence interval of a corpus's score, with `n` resamples, as sacrebleu prints it for one system.
///
/// # Panics
/// If `counts` are those of no sentence, or `n` is 0.
#[track_caller]
pub fn confidence(metric: &dyn Metric, counts: &[Vec<f64>], n: usize, seed: u64) -> Interval {
    let scores = resamples(metric, counts, n, &mut Generator::new(seed));
    Interval { mean: exact_mean(&scores), half_width: scores.half_width() }
}

/// The paired bootstrap with `n` resamples, of systems by their sentences' counts: each beside the first. Their
/// intervals differ from [`confidence`] in how the mean is rounded.
///
/// # Panics
/// If there is no system or no sentence, systems have not equally many, or `n` is 0.
#[track_caller]
pub fn paired_bootstrap(metric: &dyn Metric, systems: &[Vec<Vec<f64>>], n: usize, seed: u64) -> Vec<Paired> {
    let (baseline, _) = first_of_equals(systems);
    let resampled = |system: &[Vec<f64>]| resamples(metric, system, n, &mut Generator::new(seed));
    let theirs = resampled(baseline);
    let p_value = |system: &[Vec<f64>], ours: &Scores| {
        let differences = ours.differences(&theirs);
        let (mean, rounding) = (differences.mean(), differences.rounding);
        let difference = rounding.of(difference(metric, baseline, system));
        p_value(differences.values.iter().filter(|&&d| rounding.of(d - mean) > difference).count(), n)
    };
    let others = systems[1..].iter().map(|system| {
        let ours = resampled(system);
        Paired { p_value: Some(p_value(system, &ours)), interval: Some(ours.interval()) }
    });
    std::iter::once(Paired { p_value: None, interval: Some(theirs.interval()) }).chain(others).collect()
}

/// Paired approximate randomization with `n` trials; the intervals are those of `bootstrap` resamples.
///
/// # Panics
/// As [`paired_bootstrap`].
#[track_caller]
pub fn paired_randomization(
    metric: &dyn Metric,
    systems: &[Vec<Vec<f64>>],
    n: usize,
    bootstrap: Option<usize>,
    seed: u64,
) -> Vec<Paired> {
    let (baseline, len) = first_of_equals(systems);
    let others = &systems[1..];
    let is_above = |system: &[Vec<f64>], swaps: &[bool], difference: f64| {
        let drawn = |wanted: bool| {
            let drawn = swaps.iter().zip(baseline.iter().zip(system));
            let drawn = drawn.map(move |(&swap, (a, b))| if swap == wanted { a } else { b });
            metric.score(&sums(drawn, Rounding::Double), Rounding::Double).value
        };
        (drawn(true) - drawn(false)).abs() > difference
    };
    let differences: Vec<f64> = others.iter().map(|system| difference(metric, baseline, system)).collect();
    let mut above = vec![0; others.len()];
    let mut generator = Generator::new(seed);
    let mut coins = generator.coins();
    for _ in 0..n {
        let swaps: Vec<bool> = coins.by_ref().take(len).collect();
        for (above, (system, &difference)) in above.iter_mut().zip(others.iter().zip(&differences)) {
            *above += usize::from(is_above(system, &swaps, difference));
        }
    }
    drop(coins);
    // The draws of each system's interval go on where the coins have ended; the baseline has none before.
    let interval = |system: &[Vec<f64>], mut generator: Generator| {
        bootstrap.map(|n| resamples(metric, system, n, &mut generator).interval())
    };
    let of_others = others.iter().zip(above).map(|(system, above)| Paired {
        p_value: Some(p_value(above, n)),
        interval: interval(system, generator.clone()),
    });
    let of_baseline = Paired { p_value: None, interval: interval(baseline, Generator::new(seed)) };
    std::iter::once(of_baseline).chain(of_others).collect()
}

/// The scores of `n` corpora, drawn from the sentences.
#[track_caller]
fn resamples(metric: &dyn Metric, counts: &[Vec<f64>], n: usize, generator: &mut Generator) -> Scores {
    assert!(!counts.is_empty(), "a sample of no sentence");
    let mut sample = || {
        let drawn = (0..counts.len()).map(|_| &counts[generator.below(counts.len())]);
        metric.score(&sums(drawn, Rounding::Single), Rounding::Single)
    };
    Scores::of((0..n).map(|_| sample()).collect())
}

/// The first system, and how many sentences it has, as all others do.
#[track_caller]
fn first_of_equals(systems: &[Vec<Vec<f64>>]) -> (&[Vec<f64>], usize) {
    let lens: Vec<usize> = systems.iter().map(Vec::len).collect();
    let is_whole = lens.first().is_some_and(|&len| len > 0 && lens.iter().all(|&other| other == len));
    assert!(is_whole, "a paired test of systems of {lens:?} sentences");
    (&systems[0], lens[0])
}

/// By how much the scores of the two corpora differ.
fn difference(metric: &dyn Metric, baseline: &[Vec<f64>], system: &[Vec<f64>]) -> f64 {
    let score = |counts| metric.score(&sums(counts, Rounding::Double), Rounding::Double).value;
    (score(baseline) - score(system)).abs()
}

fn p_value(above: usize, n: usize) -> f64 {
    (above + 1) as f64 / (n + 1) as f64
}
