//! What all metrics have in common: counts of sentences, which are added up, and a score of the sum.

use tensor::threads::map_indices;

use super::ngrams::SACREBLEU_VERSION;

/// In which numbers a score is formed. sacrebleu takes f32 for the scores of its samples, and f64 for the corpus's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Each step is rounded to f32.
    Single,
    /// Steps are those of f64.
    Double,
}

impl Rounding {
    /// `x` as it is held. A sum, product or quotient of two f32 that is formed in f64 and then rounded is that of f32.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Rounding::Single => f64::from(x as f32),
            Rounding::Double => x,
        }
    }
}

/// A score, and the numbers it is held in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The score, in percent.
    pub value: f64,
    /// Whether sacrebleu has it as f32.
    pub held: Rounding,
}

/// A figure of a corpus. What sentences count is added up, and the score is one of the sums: so a corpus that is drawn
/// from another one's sentences is scored without reading them again.
pub trait Metric: Sync {
    /// Its name, as sacrebleu prints it: `BLEU`, `chrF2++`, `TER`.
    fn name(&self) -> String;

    /// What is particular to it in a signature: `case:mixed|eff:no|tok:13a|smooth:exp`.
    fn settings(&self) -> String;

    /// What a translation counts beside its references, of which there is at least one. Metrics take the reference that
    /// suits them, so this is no sum over references.
    fn counts(&self, hypothesis: &str, references: &[&str]) -> Vec<f64>;

    /// The score of counts that are added up.
    fn score(&self, sums: &[f64], rounding: Rounding) -> Score;

    /// What is shown behind the score; nothing by default.
    fn details(&self, _sums: &[f64]) -> String {
        String::new()
    }

    /// The same as numbers, by name; a single one is no list.
    fn parts(&self, _sums: &[f64]) -> Vec<(&'static str, Vec<f64>)> {
        Vec::new()
    }

    /// Whether a higher score is better. It is, but for TER.
    fn higher_is_better(&self) -> bool {
        true
    }
}

/// How samples were drawn, for the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// Resamples of the bootstrap.
    pub bootstrap: Option<usize>,
    /// Trials of approximate randomization.
    pub randomization: Option<usize>,
    /// What the draws start from.
    pub seed: u64,
}

/// What was computed, in sacrebleu's words: without it a figure cannot be compared.
pub fn signature(metric: &dyn Metric, references: usize, sampling: Option<&Sampling>) -> String {
    let mut words = format!("nrefs:{references}|");
    if let Some(Sampling { bootstrap, randomization, seed }) = sampling {
        words += &bootstrap.map(|n| format!("bs:{n}|")).unwrap_or_default();
        words += &randomization.map(|n| format!("ar:{n}|")).unwrap_or_default();
        words += &format!("seed:{seed}|");
    }
    format!("{words}{}|version:{SACREBLEU_VERSION}", metric.settings())
}

/// The counts of a system's translations by sentence, each beside the sentences of its number in `references`. Sentences
/// are counted side by side.
///
/// # Panics
/// If there is no reference, or one has not as many sentences as `hypotheses`.
#[track_caller]
pub fn counts(
    metric: &dyn Metric,
    hypotheses: &[impl AsRef<str> + Sync],
    references: &[Vec<String>],
) -> Vec<Vec<f64>> {
    assert!(!references.is_empty(), "counts: there is no reference");
    for reference in references {
        super::ngrams::check_lengths(&metric.name(), hypotheses.len(), reference.len());
    }
    map_indices(hypotheses.len(), |i| {
        let beside: Vec<&str> = references.iter().map(|lines| lines[i].as_str()).collect();
        metric.counts(hypotheses[i].as_ref(), &beside)
    })
}

/// Counts added up, sentence after sentence; nothing of none.
pub fn sums<'a>(counts: impl IntoIterator<Item = &'a Vec<f64>>, rounding: Rounding) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    for counts in counts {
        sums.resize(counts.len(), 0.0);
        for (sum, &count) in sums.iter_mut().zip(counts) {
            *sum = rounding.of(*sum + rounding.of(count));
        }
    }
    sums
}
