//! Sampling: each next word drawn by its probability, sharpened or flattened by a temperature.

use nn::Params;
use rand::RngExt;
use tensor::Seed;
use tensor::threads::on_worker;

use super::decoding::decode_by;
use super::hypothesis::{Hypothesis, MaxLen};
use crate::error::Error;
use crate::model::Transformer;

/// How words are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleOptions {
    /// Probabilities are taken to the power 1 / temperature: 1 as the model says, below 1 bolder towards the
    /// likeliest, above 1 towards even. Positive.
    pub temperature: f64,
    /// Draw from the k likeliest words only.
    pub top_k: Option<usize>,
    /// How long a translation may be.
    pub max_len: MaxLen,
    /// Tokens that are not said: `<pad>`, say. `<bos>` never is.
    pub never: Vec<u32>,
    /// The stream of draws. Sentence i, position j draw from their own part of it, so a translation does
    /// not depend on the others in its batch.
    pub seed: Seed,
}

/// Translates each source by drawing each next word. Scores are the model's own log-probabilities, without
/// temperature.
///
/// # Errors
/// If an option is out of range, the parameters are of another model, an id is not in the source vocabulary, a
/// sequence is longer than learned positions reach, or the model's output is not finite.
pub fn sample(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &SampleOptions,
) -> Result<Vec<Hypothesis>, Error> {
    sample_numbered(model, params, sources, options, |sentence| sentence as u64)
}

/// As [`sample`]; sentence i draws from the part of the stream that has the number `number(i)`.
pub(super) fn sample_numbered(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &SampleOptions,
    number: impl Fn(usize) -> u64 + Sync,
) -> Result<Vec<Hypothesis>, Error> {
    let &SampleOptions { temperature, top_k, max_len, ref never, seed } = options;
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(Error::Config(format!("temperature is {temperature}; it must be positive")));
    }
    if top_k == Some(0) {
        return Err(Error::Config("top_k is 0; there must be at least one word to draw".into()));
    }
    let choose = |sentence: usize, position: usize, log_probs: &[f64]| {
        let seed = seed.derive_index(number(sentence)).derive_index(position as u64);
        draw(log_probs, temperature, top_k, seed.rng().random())
    };
    on_worker(|| decode_by(model, params, sources, max_len, never, choose))
}

/// The word at which the running sum of probabilities passes `uniform`, drawn from 0..1.
fn draw(log_probs: &[f64], temperature: f64, top_k: Option<usize>, uniform: f64) -> u32 {
    let mut ids: Vec<usize> = (0..log_probs.len()).collect();
    let likelier = |&a: &usize, &b: &usize| log_probs[b].total_cmp(&log_probs[a]).then(a.cmp(&b));
    if let Some(k) = top_k.filter(|&k| k < ids.len()) {
        ids.select_nth_unstable_by(k - 1, likelier); // among equals the first
        ids.truncate(k);
        ids.sort_unstable();
    }
    let largest = ids.iter().map(|&id| log_probs[id]).fold(f64::NEG_INFINITY, f64::max);
    let weight = |id: usize| ((log_probs[id] - largest) / temperature).exp();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each word is drawn when the uniform numbers are evenly spread.
    fn shares(probs: &[f64], temperature: f64, top_k: Option<usize>) -> Vec<f64> {
        let log_probs: Vec<f64> = probs.iter().map(|p| p.ln()).collect();
        let mut counts = vec![0.0; probs.len()];
        for i in 0..10_000 {
            counts[draw(&log_probs, temperature, top_k, (f64::from(i) + 0.5) / 10_000.0) as usize] += 1e-4;
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
}
