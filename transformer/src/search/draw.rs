//! A word drawn by its probability.

use std::cmp::Ordering;
use std::sync::Arc;

use rand::RngExt;
use tensor::Seed;

use super::hypothesis::MaxLen;
use super::rules::Rules;
use super::shortlist::Shortlist;
use crate::error::Error;

/// How words are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleOptions {
    /// Probabilities are taken to the power 1 / temperature: 1 as the model says, below 1 bolder towards the
    /// likeliest, above 1 towards even. Positive.
    pub temperature: f64,
    /// Draw from the k likeliest words only.
    pub top_k: Option<usize>,
    /// Of these draw from the likeliest only that have this probability together (nucleus sampling, Holtzman et al.
    /// 2020), after temperature; in 0..=1, more than 0.
    pub top_p: Option<f64>,
    /// Of these draw from those only that are at least so likely as this share of the likeliest (min-p, Nguyen et al.
    /// 2024), after temperature; in 0..=1.
    pub min_p: Option<f64>,
    /// How long a translation may be.
    pub max_len: MaxLen,
    /// Tokens that are not said: `<pad>`, say. `<bos>` never is.
    pub never: Vec<u32>,
    /// What a translation may say.
    pub rules: Rules,
    /// Which words come into question for a source, if not all.
    pub shortlist: Option<Arc<Shortlist>>,
    /// The stream of draws. Sentence i, position j draw from their own part of it, so a translation does
    /// not depend on the others in its batch.
    pub seed: Seed,
}

/// The model's own probabilities, seed 0.
impl Default for SampleOptions {
    fn default() -> Self {
        SampleOptions {
            temperature: 1.0,
            top_k: None,
            top_p: None,
            min_p: None,
            max_len: MaxLen::default(),
            never: Vec::new(),
            rules: Rules::default(),
            shortlist: None,
            seed: Seed::new(0),
        }
    }
}

impl SampleOptions {
    pub(super) fn check(&self) -> Result<(), Error> {
        let &SampleOptions { temperature, top_k, top_p, min_p, .. } = self;
        if !(temperature > 0.0 && temperature.is_finite()) {
            return Err(Error::Config(format!("temperature is {temperature}; it must be positive")));
        }
        if top_k == Some(0) {
            return Err(Error::Config("top_k is 0; there must be at least one word to draw".into()));
        }
        if let Some(p) = top_p.filter(|&p| !(p > 0.0 && p <= 1.0)) {
            return Err(Error::Config(format!("top_p is {p}; it must be above 0 and at most 1")));
        }
        if let Some(p) = min_p.filter(|p| !(0.0..=1.0).contains(p)) {
            return Err(Error::Config(format!("min_p is {p}; it must be in 0..=1")));
        }
        Ok(())
    }
}

/// A word drawn by its probability, with this seed.
pub(super) fn draw(log_probs: &[f64], options: &SampleOptions, seed: Seed) -> u32 {
    draw_at(log_probs, options, seed.rng().random())
}

/// The word at which the running sum of probabilities passes `uniform`, drawn from 0..1.
fn draw_at(log_probs: &[f64], options: &SampleOptions, uniform: f64) -> u32 {
    let &SampleOptions { temperature, top_k, top_p, min_p, .. } = options;
    let mut ids: Vec<usize> = (0..log_probs.len()).collect();
    let likelier = |&a: &usize, &b: &usize| log_probs[b].total_cmp(&log_probs[a]).then(a.cmp(&b));
    if let Some(k) = top_k.filter(|&k| k < ids.len()) {
        ids.select_nth_unstable_by(k - 1, likelier); // among equals the first
        ids.truncate(k);
        ids.sort_unstable();
    }
    let largest = ids.iter().map(|&id| log_probs[id]).fold(f64::NEG_INFINITY, f64::max);
    let weight = |id: usize| ((log_probs[id] - largest) / temperature).exp();
    if let Some(p) = top_p.filter(|&p| p < 1.0) {
        ids = nucleus(ids, p, weight, likelier);
    }
    if let Some(p) = min_p {
        ids.retain(|&id| weight(id) >= p); // of the likeliest it is 1
    }
    let total: f64 = ids.iter().map(|&id| weight(id)).sum();
    let mut left = uniform * total;
    for &id in &ids {
        left -= weight(id);
        if left < 0.0 {
            return id as u32;
        }
    }
    ids.into_iter().min_by(likelier).expect("there is a word") as u32 // only rounding leads here
}

/// The fewest likeliest words whose weights are this share of all, in the order in which they stand.
fn nucleus(
    mut ids: Vec<usize>,
    share: f64,
    weight: impl Fn(usize) -> f64,
    likelier: impl Fn(&usize, &usize) -> Ordering,
) -> Vec<usize> {
    let total: f64 = ids.iter().map(|&id| weight(id)).sum();
    // All that weigh less than this are together less than what may be left out: they need no sorting.
    let least = (1.0 - share) * total / ids.len() as f64;
    ids.retain(|&id| weight(id) >= least);
    ids.sort_unstable_by(likelier);
    let mut sum = 0.0;
    let is_short = |&&id: &&usize| {
        let short = sum < share * total;
        sum += weight(id);
        short
    };
    let count = ids.iter().take_while(is_short).count();
    ids.truncate(count);
    ids.sort_unstable();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each word is drawn when the uniform numbers are evenly spread.
    fn shares(probs: &[f64], temperature: f64, top_k: Option<usize>) -> Vec<f64> {
        shares_by(probs, &SampleOptions { temperature, top_k, ..SampleOptions::default() })
    }

    fn shares_by(probs: &[f64], options: &SampleOptions) -> Vec<f64> {
        let log_probs: Vec<f64> = probs.iter().map(|p| p.ln()).collect();
        let mut counts = vec![0.0; probs.len()];
        for i in 0..10_000 {
            counts[draw_at(&log_probs, options, (f64::from(i) + 0.5) / 10_000.0) as usize] += 1e-4;
        }
        counts
    }

    #[track_caller]
    fn assert_close(actual: &[f64], expected: &[f64]) {
        let close = actual.iter().zip(expected).all(|(a, e)| (a - e).abs() < 2e-4);
        assert!(close, "{actual:?}, expected {expected:?}");
    }

    #[test]
    fn words_are_drawn_by_their_probabilities() {
        assert_close(&shares(&[0.2, 0.5, 0.3], 1.0, None), &[0.2, 0.5, 0.3]);
    }

    #[test]
    fn temperature_sharpens_and_flattens() {
        assert_close(&shares(&[0.2, 0.8], 0.5, None), &[0.04 / 0.68, 0.64 / 0.68]);
        assert_close(&shares(&[0.2, 0.8], 1e6, None), &[0.5, 0.5]);
        assert_close(&shares(&[0.2, 0.8], 1e-6, None), &[0.0, 1.0]);
    }

    #[test]
    fn top_k_leaves_the_likeliest() {
        assert_close(&shares(&[0.2, 0.5, 0.3], 1.0, Some(2)), &[0.0, 0.625, 0.375]);
        assert_close(&shares(&[0.2, 0.5, 0.3], 1.0, Some(1)), &[0.0, 1.0, 0.0]);
        assert_close(&shares(&[0.2, 0.5, 0.3], 1.0, Some(9)), &[0.2, 0.5, 0.3]);
        assert_close(&shares(&[0.25, 0.25, 0.5, 0.25], 1.0, Some(2)), &[1.0 / 3.0, 0.0, 2.0 / 3.0, 0.0]);
    }

    #[test]
    fn top_p_leaves_the_fewest_that_are_likely_enough_together() {
        let shares = |top_p, top_k, temperature| {
            let options =
                SampleOptions { top_p: Some(top_p), top_k, temperature, ..SampleOptions::default() };
            shares_by(&[0.1, 0.2, 0.4, 0.3], &options)
        };
        assert_close(&shares(0.65, None, 1.0), &[0.0, 0.0, 4.0 / 7.0, 3.0 / 7.0]);
        assert_close(&shares(0.75, None, 1.0), &[0.0, 2.0 / 9.0, 4.0 / 9.0, 3.0 / 9.0]);
        assert_close(&shares(1e-9, None, 1.0), &[0.0, 0.0, 1.0, 0.0]);
        assert_close(&shares(1.0, None, 1.0), &[0.1, 0.2, 0.4, 0.3]);
        // Of the three likeliest, 0.2 0.4 0.3 of 0.9, two are 0.78.
        assert_close(&shares(0.75, Some(3), 1.0), &[0.0, 0.0, 4.0 / 7.0, 3.0 / 7.0]);
        // Squared: 0.01 0.04 0.16 0.09 of 0.3, of which 0.16 is 0.53.
        assert_close(&shares(0.5, None, 0.5), &[0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn min_p_leaves_what_is_not_much_less_likely_than_the_likeliest() {
        let shares = |min_p| {
            let options = SampleOptions { min_p: Some(min_p), ..SampleOptions::default() };
            shares_by(&[0.1, 0.2, 0.4, 0.3], &options)
        };
        assert_close(&shares(0.7), &[0.0, 0.0, 4.0 / 7.0, 3.0 / 7.0]);
        assert_close(&shares(0.3), &[0.0, 2.0 / 9.0, 4.0 / 9.0, 3.0 / 9.0]);
        assert_close(&shares(0.0), &[0.1, 0.2, 0.4, 0.3]);
        assert_close(&shares(1.0), &[0.0, 0.0, 1.0, 0.0]);
    }

    /// Four words that weigh 1 each: two of them are a half.
    #[test]
    fn a_share_that_is_reached_exactly_is_enough() {
        let options = SampleOptions { top_p: Some(0.5), ..SampleOptions::default() };
        assert_close(&shares_by(&[0.25; 4], &options), &[0.5, 0.5, 0.0, 0.0]);
    }

    /// Uniform numbers are below 1; where rounding leads beyond all words, the likeliest is said.
    #[test]
    fn what_cannot_come_is_not_drawn_at_either_end() {
        let probs: [f64; 4] = [0.0, 0.3, 0.7, 0.0];
        let log_probs = probs.map(f64::ln);
        let at = |uniform| draw_at(&log_probs, &SampleOptions::default(), uniform);
        assert_eq!([0.0, 0.29, 0.31, 1.0 + 1e-9].map(at), [1, 1, 2, 2]);
    }

    #[test]
    fn what_nothing_can_be_drawn_by_is_refused() {
        let default = SampleOptions::default;
        let temperature = |temperature| SampleOptions { temperature, ..default() };
        let top_k = |k| SampleOptions { top_k: Some(k), ..default() };
        let top_p = |p| SampleOptions { top_p: Some(p), ..default() };
        let min_p = |p| SampleOptions { min_p: Some(p), ..default() };
        for (options, says) in [
            (temperature(0.0), "temperature is 0; it must be positive"),
            (temperature(f64::INFINITY), "temperature is inf"),
            (temperature(f64::NAN), "temperature is NaN"),
            (top_k(0), "top_k is 0; there must be at least one word"),
            (top_p(0.0), "top_p is 0; it must be above 0"),
            (top_p(1.1), "top_p is 1.1; it must be above 0 and at most 1"),
            (min_p(1.5), "min_p is 1.5; it must be in"),
            (min_p(-0.1), "min_p is -0.1; it must be in"),
        ] {
            let problem = options.check().unwrap_err().to_string();
            assert!(problem.contains(says), "{problem}");
        }
        for options in [default(), temperature(0.1), top_k(1), top_p(1.0), min_p(0.0), min_p(1.0)] {
            options.check().unwrap();
        }
    }
}
