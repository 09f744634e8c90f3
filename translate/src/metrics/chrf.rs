//! chrF: the F-score of character n-grams, and of word n-grams in chrF++.

use std::fmt;

use super::metric::{Metric, Rounding, Score, signature, sums};
use super::ngrams::{check_lengths, matches, ngrams};
use super::tokenize::{is_space, split};

/// What chrF counts. The default is sacrebleu's: characters only, up to six, and case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChrfOptions {
    /// The longest n-grams of characters that are counted.
    pub char_order: usize,
    /// The longest n-grams of words that are counted: 0 for chrF, 2 for chrF++.
    pub word_order: usize,
    /// Recall weighs as much as the square of this times precision.
    pub beta: u32,
    /// Whether case is forgotten.
    pub lowercase: bool,
}

impl Default for ChrfOptions {
    fn default() -> ChrfOptions {
        ChrfOptions { char_order: 6, word_order: 0, beta: 2, lowercase: false }
    }
}

/// chrF of a corpus. It is shown as sacrebleu shows it, to two decimals or to the precision that is asked for (`{:.1}`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chrf {
    /// The F-score in percent, 0 to 100.
    pub score: f64,
    /// What was counted.
    pub options: ChrfOptions,
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
    let pairs = hypotheses.iter().zip(references);
    let counts: Vec<_> =
        pairs.map(|(hyp, reference)| options.counts(hyp.as_ref(), &[reference.as_ref()])).collect();
    Chrf { score: options.score(&sums(&counts, Rounding::Double), Rounding::Double).value, options }
}

impl Metric for ChrfOptions {
    fn name(&self) -> String {
        format!("chrF{}{}", self.beta, "+".repeat(self.word_order))
    }

    fn settings(&self) -> String {
        let case = if self.lowercase { "lc" } else { "mixed" };
        format!("case:{case}|eff:yes|nc:{}|nw:{}|space:no", self.char_order, self.word_order)
    }

    /// Those of the reference with the highest score for this sentence, of equals the first.
    fn counts(&self, hypothesis: &str, references: &[&str]) -> Vec<f64> {
        let mut best: (f64, Vec<f64>) = (-1.0, Vec::new());
        for reference in references {
            let counts = self.beside(hypothesis, reference);
            let score = self.score(&counts, Rounding::Double).value;
            if score > best.0 {
                best = (score, counts);
            }
        }
        best.1
    }

    /// The F-score in percent of the averaged precision and recall.
    fn score(&self, sums: &[f64], rounding: Rounding) -> Score {
        let of = |x| rounding.of(x);
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        // Those of the hypotheses are counted only where the references have some too.
        for counts in sums.chunks_exact(3).filter(|counts| counts[0] > 0.0) {
            precision = of(precision + of(counts[2] / counts[0]));
            recall = of(recall + of(counts[2] / counts[1]));
            orders += 1.0;
        }
        if precision == 0.0 {
            // Nothing is matched, or there is nothing to match: the plain 0 of Python.
            return Score { value: 0.0, held: Rounding::Double };
        }
        (precision, recall) = (of(precision / orders), of(recall / orders));
        let factor = f64::from(self.beta).powi(2);
        let above = of(of((1.0 + factor) * precision) * recall);
        let value = of(100.0 * of(above / of(of(factor * precision) + recall)));
        Score { value, held: rounding }
    }
}

impl ChrfOptions {
    /// By order, the n-grams of hypothesis and reference and the matches. Those of the hypothesis are not held against
    /// it where the reference is too short to have any.
    fn beside(&self, hypothesis: &str, reference: &str) -> Vec<f64> {
        let [hyp, reference] = [hypothesis, reference]
            .map(|sentence| if self.lowercase { sentence.to_lowercase() } else { sentence.to_owned() });
        let mut counts = Vec::with_capacity(3 * (self.char_order + self.word_order));
        let (hyp_chars, ref_chars) = (chars(&hyp), chars(&reference));
        (1..=self.char_order).for_each(|n| count(&mut counts, &hyp_chars, &ref_chars, n));
        let (hyp_words, ref_words) = (words(&hyp), words(&reference));
        (1..=self.word_order).for_each(|n| count(&mut counts, &hyp_words, &ref_words, n));
        counts
    }
}

fn count<T: Eq + std::hash::Hash>(counts: &mut Vec<f64>, hyp: &[T], reference: &[T], n: usize) {
    let available = ngrams(reference.len(), n);
    let of_hyp = if available > 0 { ngrams(hyp.len(), n) } else { 0 };
    counts.extend([of_hyp, available, matches(hyp, &[reference], n)].map(|count| count as f64));
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

impl Chrf {
    /// What was computed beside one reference, in sacrebleu's words: without it a figure cannot be compared.
    pub fn signature(&self) -> String {
        signature(&self.options, 1, None)
    }
}

impl fmt::Display for Chrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{} = {:.digits$}", self.options.name(), self.score)
    }
}
