//! BLEU: how many of a translation's n-grams are in the reference.

use std::fmt;

use super::ngrams::{SACREBLEU_VERSION, check_lengths, matches, ngrams};
use super::tokenize::Tokenizer;

/// The longest n-grams that are counted.
const MAX_ORDER: usize = 4;

/// How BLEU reads the text. The default is sacrebleu's: `13a`, and case matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BleuOptions {
    /// How words are found.
    pub tokenizer: Tokenizer,
    /// Whether case is forgotten. As in sacrebleu this comes before the tokenisation, which then takes `&QUOT;` for a
    /// quotation mark too.
    pub lowercase: bool,
}

impl BleuOptions {
    /// What is computed, in sacrebleu's words: without it a figure cannot be compared.
    pub fn signature(&self) -> String {
        let case = if self.lowercase { "lc" } else { "mixed" };
        let tok = self.tokenizer.name();
        format!("nrefs:1|case:{case}|eff:no|tok:{tok}|smooth:exp|version:{SACREBLEU_VERSION}")
    }

    fn words(&self, sentence: &str) -> Vec<String> {
        if self.lowercase {
            self.tokenizer.words(&sentence.to_lowercase())
        } else {
            self.tokenizer.words(sentence)
        }
    }
}

/// BLEU of a corpus, and what it is made of. It is shown as sacrebleu shows it, to two decimals or to the precision
/// that is asked for (`{:.1}`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bleu {
    /// BLEU in percent, 0 to 100.
    pub score: f64,
    /// The precision of words, pairs, triples and quadruples in percent, smoothed.
    pub precisions: [f64; MAX_ORDER],
    /// The factor for translations shorter than their references, 0 to 1.
    pub brevity_penalty: f64,
    /// The n-grams that are in the reference too, by order.
    pub matches: [usize; MAX_ORDER],
    /// The n-grams of the translations, by order.
    pub totals: [usize; MAX_ORDER],
    /// The words of all translations.
    pub hyp_len: usize,
    /// The words of all references.
    pub ref_len: usize,
    /// How the text was read.
    pub options: BleuOptions,
}

/// BLEU of the translations `hypotheses`, each beside its one reference (Papineni et al. 2002, §2.3). It is a figure of
/// the whole corpus: counts are added up first, and it is not the mean over sentences. Without any sentence it is 0.
///
/// # Panics
/// If there are not as many references as hypotheses.
#[track_caller]
pub fn bleu(hypotheses: &[impl AsRef<str>], references: &[impl AsRef<str>], options: BleuOptions) -> Bleu {
    check_lengths("bleu", hypotheses.len(), references.len());
    let (mut matched, mut totals) = ([0; MAX_ORDER], [0; MAX_ORDER]);
    let (mut hyp_len, mut ref_len) = (0, 0);
    for (hypothesis, reference) in hypotheses.iter().zip(references) {
        let (hyp, reference) = (options.words(hypothesis.as_ref()), options.words(reference.as_ref()));
        hyp_len += hyp.len();
        ref_len += reference.len();
        for n in 1..=MAX_ORDER {
            totals[n - 1] += ngrams(hyp.len(), n);
            matched[n - 1] += matches(&hyp, &reference, n);
        }
    }
    let precisions = smoothed_precisions(matched, totals);
    let brevity_penalty = brevity_penalty(hyp_len, ref_len);
    // The logarithm of an order without n-grams is -infinity, and the score then 0.
    let mean_log = precisions.iter().map(|precision| precision.ln()).sum::<f64>() / MAX_ORDER as f64;
    let score = brevity_penalty * mean_log.exp();
    Bleu { score, precisions, brevity_penalty, matches: matched, totals, hyp_len, ref_len, options }
}

/// Precisions in percent, with the smoothing `exp`: the k-th order without a match has 1/2^k of one. Where not even a
/// word is matched there is nothing to smooth.
fn smoothed_precisions(matches: [usize; MAX_ORDER], totals: [usize; MAX_ORDER]) -> [f64; MAX_ORDER] {
    let mut precisions = [0.0; MAX_ORDER];
    if matches[0] == 0 {
        return precisions;
    }
    let mut divisor = 1.0;
    for ((precision, &matched), &total) in precisions.iter_mut().zip(&matches).zip(&totals) {
        *precision = match (matched, total) {
            (_, 0) => 0.0,
            (0, _) => {
                divisor *= 2.0;
                100.0 / (divisor * total as f64)
            }
            _ => 100.0 * matched as f64 / total as f64,
        };
    }
    precisions
}

/// 1 for translations at least as long as their references, `exp(1 - ref_len / hyp_len)` for shorter ones.
fn brevity_penalty(hyp_len: usize, ref_len: usize) -> f64 {
    if hyp_len >= ref_len {
        1.0
    } else {
        // Without any word the quotient is infinite and the penalty 0.
        (1.0 - ref_len as f64 / hyp_len as f64).exp()
    }
}

impl Bleu {
    /// `hyp_len / ref_len`; 0 if the references have no words.
    pub fn ratio(&self) -> f64 {
        if self.ref_len == 0 { 0.0 } else { self.hyp_len as f64 / self.ref_len as f64 }
    }

    /// As [`BleuOptions::signature`].
    pub fn signature(&self) -> String {
        self.options.signature()
    }
}

impl fmt::Display for Bleu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let [p1, p2, p3, p4] = self.precisions;
        write!(
            f,
            "BLEU = {:.digits$} {p1:.1}/{p2:.1}/{p3:.1}/{p4:.1} (BP = {:.3} ratio = {:.3} hyp_len = {} ref_len = {})",
            self.score,
            self.brevity_penalty,
            self.ratio(),
            self.hyp_len,
            self.ref_len
        )
    }
}
