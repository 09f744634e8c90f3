//! BLEU: how many of a translation's n-grams are in the reference.

use std::fmt;

use super::metric::{Metric, Rounding, Score, signature, sums};
use super::ngrams::{check_lengths, matches, ngrams};
use super::tokenize::Tokenizer;

/// The longest n-grams that are counted.
const MAX_ORDER: usize = 4;

/// What becomes of an order without a match (Chen and Cherry 2014).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Smoothing {
    /// Nothing, so that BLEU is 0.
    None,
    /// It has this part of a match, in general 0.1 (method 1).
    Floor(f64),
    /// Each order but the first has so many more matches, and so many more n-grams, in general 1 (method 2).
    AddK(f64),
    /// The k-th such order has 1/2^k of a match (method 3); the default, as in sacrebleu.
    #[default]
    Exp,
}

impl Smoothing {
    /// Its name in a signature, with its value.
    pub fn name(self) -> String {
        match self {
            Smoothing::None => "none".into(),
            Smoothing::Floor(value) => format!("floor[{value:.2}]"),
            Smoothing::AddK(value) => format!("add-k[{value:.2}]"),
            Smoothing::Exp => "exp".into(),
        }
    }
}

/// How BLEU reads the text and counts. The default is sacrebleu's: `13a`, case matters, smoothing `exp`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BleuOptions {
    /// How words are found.
    pub tokenizer: Tokenizer,
    /// Whether case is forgotten. As in sacrebleu this comes before the tokenisation, which then takes `&QUOT;` for a
    /// quotation mark too.
    pub lowercase: bool,
    /// What becomes of an order without a match.
    pub smoothing: Smoothing,
    /// Whether the mean is over those orders only that the translations have n-grams of.
    pub effective_order: bool,
}

impl BleuOptions {
    /// What is computed beside one reference, in sacrebleu's words: without it a figure cannot be compared.
    pub fn signature(&self) -> String {
        signature(self, 1, None)
    }

    fn words(&self, sentence: &str) -> Vec<String> {
        if self.lowercase {
            self.tokenizer.words(&sentence.to_lowercase())
        } else {
            self.tokenizer.words(sentence)
        }
    }

    /// Precisions in percent, smoothed, and over how many orders their mean is taken. Where nothing is matched there is
    /// nothing to smooth.
    fn precisions(&self, matches: &[f64], totals: &[f64], rounding: Rounding) -> ([f64; MAX_ORDER], usize) {
        let of = |x| rounding.of(x);
        let (mut precisions, mut orders) = ([0.0; MAX_ORDER], 0);
        if matches.iter().all(|&n| n == 0.0) {
            return (precisions, MAX_ORDER);
        }
        let mut divisor = 1.0;
        for (n, precision) in precisions.iter_mut().enumerate() {
            let more = match self.smoothing {
                Smoothing::AddK(k) if n > 0 => of(k),
                _ => 0.0,
            };
            let (matched, total) = (of(matches[n] + more), of(totals[n] + more));
            if total == 0.0 {
                break;
            }
            orders = n + 1;
            *precision = match self.smoothing {
                _ if matched != 0.0 => of(of(100.0 * matched) / total),
                Smoothing::Exp => {
                    divisor *= 2.0;
                    of(100.0 / of(divisor * total))
                }
                Smoothing::Floor(value) => of(of(100.0 * value) / total),
                Smoothing::None | Smoothing::AddK(_) => 0.0,
            };
        }
        (precisions, if self.effective_order { orders } else { MAX_ORDER })
    }

    /// BLEU of counts that are added up: the words of translations and references, matches, totals.
    fn of_sums(&self, sums: &[f64], rounding: Rounding) -> Bleu {
        let none = [0.0; 2 + 2 * MAX_ORDER];
        let sums = if sums.is_empty() { &none } else { sums };
        let (matches, totals) = sums[2..].split_at(MAX_ORDER);
        let (precisions, orders) = self.precisions(matches, totals, rounding);
        let (hyp_len, ref_len) = (sums[0] as usize, sums[1] as usize);
        let brevity_penalty = brevity_penalty(hyp_len, ref_len);
        // The logarithm of an order without n-grams is -infinity, and the score then 0.
        let mean_log =
            precisions[..orders].iter().map(|precision| precision.ln()).sum::<f64>() / orders as f64;
        let score = brevity_penalty * mean_log.exp();
        let whole = |counts: &[f64]| std::array::from_fn(|n| counts[n] as usize);
        let (matches, totals) = (whole(matches), whole(totals));
        Bleu { score, precisions, brevity_penalty, matches, totals, hyp_len, ref_len, options: *self }
    }
}

impl Metric for BleuOptions {
    fn name(&self) -> String {
        "BLEU".into()
    }

    fn settings(&self) -> String {
        let case = if self.lowercase { "lc" } else { "mixed" };
        let effective = if self.effective_order { "yes" } else { "no" };
        let (tok, smooth) = (self.tokenizer.name(), self.smoothing.name());
        format!("case:{case}|eff:{effective}|tok:{tok}|smooth:{smooth}")
    }

    /// Of several references, an n-gram finds a match as often as that which has it most often has it, and the length
    /// is that of the closest, of two the shorter.
    fn counts(&self, hypothesis: &str, references: &[&str]) -> Vec<f64> {
        let hyp = self.words(hypothesis);
        let references: Vec<_> = references.iter().map(|reference| self.words(reference)).collect();
        let lengths = references.iter().map(Vec::len);
        let closest = lengths.min_by_key(|&len| (len.abs_diff(hyp.len()), len)).unwrap_or(0);
        let mut counts = vec![0.0; 2 + 2 * MAX_ORDER];
        (counts[0], counts[1]) = (hyp.len() as f64, closest as f64);
        for n in 1..=MAX_ORDER {
            counts[1 + n] = matches(&hyp, &references, n) as f64;
            counts[1 + MAX_ORDER + n] = ngrams(hyp.len(), n) as f64;
        }
        counts
    }

    fn score(&self, sums: &[f64], rounding: Rounding) -> Score {
        // Exponentials are Python's, which are those of f64.
        Score { value: self.of_sums(sums, rounding).score, held: Rounding::Double }
    }

    fn details(&self, sums: &[f64]) -> String {
        self.of_sums(sums, Rounding::Double).details()
    }

    fn parts(&self, sums: &[f64]) -> Vec<(&'static str, Vec<f64>)> {
        let Bleu { precisions, brevity_penalty, hyp_len, ref_len, .. } = self.of_sums(sums, Rounding::Double);
        vec![
            ("precisions", precisions.to_vec()),
            ("brevity_penalty", vec![brevity_penalty]),
            ("hyp_len", vec![hyp_len as f64]),
            ("ref_len", vec![ref_len as f64]),
        ]
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
    let pairs = hypotheses.iter().zip(references);
    let counts: Vec<_> =
        pairs.map(|(hyp, reference)| options.counts(hyp.as_ref(), &[reference.as_ref()])).collect();
    options.of_sums(&sums(&counts, Rounding::Double), Rounding::Double)
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

    /// What is shown behind the score.
    fn details(&self) -> String {
        let [p1, p2, p3, p4] = self.precisions;
        format!(
            "{p1:.1}/{p2:.1}/{p3:.1}/{p4:.1} (BP = {:.3} ratio = {:.3} hyp_len = {} ref_len = {})",
            self.brevity_penalty,
            self.ratio(),
            self.hyp_len,
            self.ref_len
        )
    }
}

impl fmt::Display for Bleu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "BLEU = {:.digits$} {}", self.score, self.details())
    }
}
