//! What BLEU and chrF count alike.

use std::collections::HashMap;
use std::hash::Hash;

/// The release of sacrebleu that we agree with, and name in signatures.
pub const SACREBLEU_VERSION: &str = "2.6.0";

/// How many n-grams a sequence of that length has.
pub(super) fn ngrams(len: usize, n: usize) -> usize {
    (len + 1).saturating_sub(n)
}

/// How many n-grams of `hyp` are in `reference`, each at most as often as it is there.
pub(super) fn matches<T: Eq + Hash>(hyp: &[T], reference: &[T], n: usize) -> usize {
    let mut available: HashMap<&[T], usize> = HashMap::new();
    for ngram in reference.windows(n) {
        *available.entry(ngram).or_default() += 1;
    }
    let mut take = |ngram| match available.get_mut(ngram) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    hyp.windows(n).filter(|&ngram| take(ngram)).count()
}

#[track_caller]
pub(super) fn check_lengths(metric: &str, hypotheses: usize, references: usize) {
    assert_eq!(hypotheses, references, "{metric}: {hypotheses} hypotheses, but {references} references");
}
