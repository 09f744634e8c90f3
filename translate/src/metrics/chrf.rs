//! chrF: the F-score of character n-grams, and of word n-grams in chrF++.

use std::fmt;

use super::ngrams::{SACREBLEU_VERSION, check_lengths, matches, ngrams};
use super::tokenize::{is_space, split};

/// The longest n-grams of characters that are counted.
const CHAR_ORDER: usize = 6;

/// Recall weighs as much as `BETA` squared times precision.
const BETA: usize = 2;

/// What chrF counts. The default is sacrebleu's: characters only, and case matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChrfOptions {
    /// The longest n-grams of words that are counted: 0 for chrF, 2 for chrF++.
    pub word_order: usize,
    /// Whether case is forgotten.
    pub lowercase: bool,
}

/// chrF of a corpus. It is shown as sacrebleu shows it, to two decimals or to the precision that is asked for (`{:.1}`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chrf {
    /// The F-score in percent, 0 to 100.
    pub score: f64,
    /// What was counted.
    pub options: ChrfOptions,
}

/// The n-grams of one order over the whole corpus.
#[derive(Clone, Copy, Default)]
struct Counts {
    hyp: usize,
    reference: usize,
    matched: usize,
}

impl Counts {
    /// Adds the n-grams of one sentence. Those of the hypothesis are not held against it where the reference is too
    /// short to have any.
    fn add<T: Eq + std::hash::Hash>(&mut self, hyp: &[T], reference: &[T], n: usize) {
        let available = ngrams(reference.len(), n);
        if available > 0 {
            self.hyp += ngrams(hyp.len(), n);
        }
        self.reference += available;
        self.matched += matches(hyp, reference, n);
    }
}

/// chrF of the translations `hypotheses`, each beside its one reference (Popović 2015, §2): precision and recall of
/// the characters' n-grams (n = 1 to 6, white space left out), each averaged over n,
///
/// ```text
/// chrF = (1 + beta^2) * precision * recall / (beta^2 * precision + recall),   beta = 2
/// ```
///
/// with that beta from Popović 2016. chrF++ averages over the n-grams of words as well (Popović 2017). An n for which
/// either side has no n-grams is left out of the average. Without any sentence it is 0.
///
/// # Panics
/// If there are not as many references as hypotheses.
#[track_caller]
pub fn chrf(hypotheses: &[impl AsRef<str>], references: &[impl AsRef<str>], options: ChrfOptions) -> Chrf {
    check_lengths("chrf", hypotheses.len(), references.len());
    let mut counts = vec![Counts::default(); CHAR_ORDER + options.word_order];
    let (of_chars, of_words) = counts.split_at_mut(CHAR_ORDER);
    for (hypothesis, reference) in hypotheses.iter().zip(references) {
        let [hyp, reference] = [hypothesis.as_ref(), reference.as_ref()]
            .map(|sentence| if options.lowercase { sentence.to_lowercase() } else { sentence.to_owned() });
        let (hyp_chars, ref_chars) = (chars(&hyp), chars(&reference));
        for (n, counts) in (1..).zip(&mut *of_chars) {
            counts.add(&hyp_chars, &ref_chars, n);
        }
        let (hyp_words, ref_words) = (words(&hyp), words(&reference));
        for (n, counts) in (1..).zip(&mut *of_words) {
            counts.add(&hyp_words, &ref_words, n);
        }
    }
    Chrf { score: f_score(&counts), options }
}

/// The characters of a sentence but for white space.
fn chars(sentence: &str) -> Vec<char> {
    sentence.chars().filter(|&c| !is_space(c)).collect()
}

/// The words of a sentence. One ASCII symbol is split off each, from the end if there is one, or else from the start:
/// `(hi)` becomes `(hi` and `)`, as in Popović's own script and in sacrebleu.
fn words(sentence: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in split(sentence) {
        let last = word.char_indices().next_back().map_or(0, |(at, _)| at);
        if last > 0 && word.ends_with(|c: char| c.is_ascii_punctuation()) {
            words.extend([&word[..last], &word[last..]]);
        } else if last > 0 && word.starts_with(|c: char| c.is_ascii_punctuation()) {
            words.extend([&word[..1], &word[1..]]);
        } else {
            words.push(word);
        }
    }
    words
}

/// The F-score in percent of the averaged precision and recall.
fn f_score(counts: &[Counts]) -> f64 {
    let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
    // Those of the hypotheses are counted only where the references have some too.
    for counts in counts.iter().filter(|counts| counts.hyp > 0) {
        precision += counts.matched as f64 / counts.hyp as f64;
        recall += counts.matched as f64 / counts.reference as f64;
        orders += 1.0;
    }
    if precision == 0.0 {
        return 0.0; // nothing is matched, or there is nothing to match
    }
    (precision, recall) = (precision / orders, recall / orders);
    let factor = (BETA * BETA) as f64;
    100.0 * ((1.0 + factor) * precision * recall / (factor * precision + recall))
}

impl Chrf {
    /// What was computed, in sacrebleu's words: without it a figure cannot be compared.
    pub fn signature(&self) -> String {
        let case = if self.options.lowercase { "lc" } else { "mixed" };
        let nw = self.options.word_order;
        format!("nrefs:1|case:{case}|eff:yes|nc:{CHAR_ORDER}|nw:{nw}|space:no|version:{SACREBLEU_VERSION}")
    }
}

impl fmt::Display for Chrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "chrF{BETA}{} = {:.digits$}", "+".repeat(self.options.word_order), self.score)
    }
}
