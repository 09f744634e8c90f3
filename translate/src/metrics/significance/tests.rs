//! Held to sacrebleu's own numbers: `tests/fixtures/make_sacrebleu_systems.py` wrote them.

use std::fs;

use serde::Deserialize;

use super::*;
use crate::metrics::{
    BleuOptions, ChrfOptions, Sampling, Smoothing, TerOptions, Tokenizer, counts, signature,
};

#[derive(Deserialize)]
struct Corpus {
    name: String,
    systems: Vec<Vec<String>>,
    references: Vec<Vec<String>>,
    samples: usize,
    trials: usize,
    seed: u64,
    metrics: Vec<Figures>,
}

#[derive(Deserialize)]
struct Figures {
    kind: String,
    options: Options,
    name: String,
    signature: String,
    /// By system: the score, and what is printed.
    scores: Vec<(f64, String)>,
    /// Mean and half width, unless sacrebleu fails.
    confidence: Vec<Option<(f64, f64)>>,
    sampled_signature: Option<String>,
    bs: Vec<Compared>,
    bs_signature: String,
    ar: Vec<Compared>,
    ar_signature: String,
}

#[derive(Deserialize)]
struct Compared {
    score: f64,
    p: Option<f64>,
    interval: Option<(f64, f64)>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    tokenize: String,
    lowercase: bool,
    smooth_method: String,
    smooth_value: Option<f64>,
    effective_order: bool,
    char_order: usize,
    word_order: usize,
    beta: u32,
    normalized: bool,
    no_punct: bool,
    asian_support: bool,
    case_sensitive: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tokenize: "13a".into(),
            smooth_method: "exp".into(),
            char_order: 6,
            beta: 2,
            lowercase: false,
            smooth_value: None,
            effective_order: false,
            word_order: 0,
            normalized: false,
            no_punct: false,
            asian_support: false,
            case_sensitive: false,
        }
    }
}

impl Options {
    fn metric(&self, kind: &str) -> Box<dyn Metric> {
        let &Options { lowercase, effective_order, char_order, word_order, beta, .. } = self;
        let &Options { normalized, no_punct, asian_support, case_sensitive, .. } = self;
        let smoothing = match self.smooth_method.as_str() {
            "none" => Smoothing::None,
            "floor" => Smoothing::Floor(self.smooth_value.unwrap_or(0.1)),
            "add-k" => Smoothing::AddK(self.smooth_value.unwrap_or(1.0)),
            "exp" => Smoothing::Exp,
            other => panic!("no smoothing is called {other}"),
        };
        let tokenizer = Tokenizer::ALL.into_iter().find(|one| one.name() == self.tokenize).unwrap();
        match kind {
            "bleu" => Box::new(BleuOptions { tokenizer, lowercase, smoothing, effective_order }),
            "chrf" => Box::new(ChrfOptions { char_order, word_order, beta, lowercase }),
            "ter" => Box::new(TerOptions { normalized, no_punct, asian_support, case_sensitive }),
            other => panic!("no metric is called {other}"),
        }
    }
}

fn corpora() -> Vec<Corpus> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sacrebleu_systems.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Calls `check` for each metric of each corpus, with the counts of its systems.
fn for_each(check: impl Fn(&Corpus, &Figures, &dyn Metric, &[Vec<Vec<f64>>], &str)) {
    for corpus in corpora() {
        for figures in &corpus.metrics {
            let metric = figures.options.metric(&figures.kind);
            let of_system = |system: &Vec<String>| counts(&*metric, system, &corpus.references);
            let systems: Vec<_> = corpus.systems.iter().map(of_system).collect();
            let what = format!("{}, {}", corpus.name, figures.signature);
            check(&corpus, figures, &*metric, &systems, &what);
        }
    }
}

/// All digits but the last few, which are the machine's library of exponentials.
#[track_caller]
fn assert_close(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "{what}: {ours}, sacrebleu has {theirs}");
}

/// The interval of scores that differ in their last digits has a half width that does so by more.
#[track_caller]
fn assert_interval(ours: Interval, (mean, half_width): (f64, f64), what: &str) {
    assert_close(ours.mean, mean, &format!("{what}, mean"));
    let apart = (ours.half_width - half_width).abs();
    assert!(apart <= 1e-12, "{what}: {ours:?}, sacrebleu has {half_width}");
}

#[test]
fn scores_beside_several_references_are_those_of_sacrebleu() {
    for_each(|corpus, figures, metric, systems, what| {
        let references = corpus.references.len();
        assert_eq!(
            (metric.name(), signature(metric, references, None)),
            (figures.name.clone(), figures.signature.clone())
        );
        for (counts, (score, printed)) in systems.iter().zip(&figures.scores) {
            let sums = sums(counts, Rounding::Double);
            let ours = metric.score(&sums, Rounding::Double).value;
            assert_close(ours, *score, what);
            let shown = format!("{} = {ours:.2} {}", metric.name(), metric.details(&sums));
            assert_eq!(shown.trim_end(), printed, "{what}");
        }
    });
}

#[test]
fn confidence_intervals_are_those_of_sacrebleu() {
    for_each(|corpus, figures, metric, systems, what| {
        for (counts, theirs) in systems.iter().zip(&figures.confidence) {
            let ours = confidence(metric, counts, corpus.samples, corpus.seed);
            if let Some(theirs) = theirs {
                assert_interval(ours, *theirs, what);
            }
        }
        let sampling = Sampling { bootstrap: Some(corpus.samples), randomization: None, seed: corpus.seed };
        if let Some(theirs) = &figures.sampled_signature {
            assert_eq!(&signature(metric, corpus.references.len(), Some(&sampling)), theirs);
        }
    });
}

#[test]
fn the_paired_bootstrap_is_that_of_sacrebleu() {
    for_each(|corpus, figures, metric, systems, what| {
        let Corpus { samples, seed, .. } = *corpus;
        let found = paired_bootstrap(metric, systems, samples, seed);
        for (system, (ours, theirs)) in systems.iter().zip(found.iter().zip(&figures.bs)) {
            assert_eq!(ours.p_value, theirs.p, "{what}");
            assert_interval(ours.interval.unwrap(), theirs.interval.unwrap(), what);
            let score = metric.score(&sums(system, Rounding::Double), Rounding::Double).value;
            assert_close(score, theirs.score, what);
        }
        let sampling = Sampling { bootstrap: Some(samples), randomization: None, seed };
        assert_eq!(signature(metric, corpus.references.len(), Some(&sampling)), figures.bs_signature);
    });
}

#[test]
fn paired_randomization_is_that_of_sacrebleu() {
    for_each(|corpus, figures, metric, systems, what| {
        let Corpus { samples, trials, seed, .. } = *corpus;
        let found = paired_randomization(metric, systems, trials, Some(samples), seed);
        assert_eq!((found.len(), found[0].p_value), (systems.len(), None));
        for (ours, theirs) in found.iter().zip(&figures.ar) {
            assert_eq!(ours.p_value, theirs.p, "{what}");
            assert_interval(ours.interval.unwrap(), theirs.interval.unwrap(), what);
        }
        let sampling = Sampling { bootstrap: Some(samples), randomization: Some(trials), seed };
        assert_eq!(signature(metric, corpus.references.len(), Some(&sampling)), figures.ar_signature);
    });
}

/// `numpy.random.default_rng(12345).choice(10, size=12)`, then `integers(2, size=35, dtype=bool)` of a new one and
/// `choice(1000, size=3)`, which goes on with what the coins left.
#[test]
fn draws_are_those_of_numpy() {
    let mut generator = Generator::new(SEED);
    let drawn: Vec<usize> = (0..12).map(|_| generator.below(10)).collect();
    assert_eq!(drawn, CHOICE);
    let mut generator = Generator::new(SEED);
    let coins: String = generator.coins().take(35).map(|coin| if coin { '1' } else { '0' }).collect();
    assert_eq!(coins, COINS);
    assert_eq!([(); 3].map(|()| generator.below(1000)), BEHIND);
}

const CHOICE: [usize; 12] = [6, 2, 7, 3, 2, 7, 6, 6, 9, 3, 8, 3];
const COINS: &str = "10111001100000111111111101001101101";
const BEHIND: [usize; 3] = [788, 316, 204];
