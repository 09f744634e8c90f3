//! What BLEU and chrF count alike.

use std::collections::HashMap;
use std::hash::Hash;

/// The release of sacrebleu that we agree with, and name in signatures.
pub const SACREBLEU_VERSION: &str = "2.6.0";

/// How many n-grams a sequence of that length has.
pub(super) fn ngrams(len: usize, n: usize) -> usize {
    (len + 1).saturating_sub(n)
}

/// How many n-grams of `hyp` are in the references, each at most as often as one of them has it.
pub(super) fn matches<T: Eq + Hash>(hyp: &[T], references: &[impl AsRef<[T]>], n: usize) -> usize {
    let mut available: HashMap<&[T], usize> = HashMap::new();
    for reference in references {
        let mut counts: HashMap<&[T], usize> = HashMap::new();
        reference.as_ref().windows(n).for_each(|ngram| *counts.entry(ngram).or_default() += 1);
        for (ngram, count) in counts {
            let most = available.entry(ngram).or_default();
            *most = count.max(*most);
        }
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
