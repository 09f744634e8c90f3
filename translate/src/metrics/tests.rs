//! Held to sacrebleu's own numbers, on corpora made to be awkward: `tests/fixtures/make_sacrebleu.py` wrote them.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Fixture {
    version: String,
    corpora: Vec<Corpus>,
    /// Lines, and their words of `13a` with one space between.
    lines: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Corpus {
    name: String,
    hypotheses: Vec<String>,
    references: Vec<String>,
    /// By signature.
    scores: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    score: f64,
    printed: String,
    /// What only BLEU has.
    #[serde(flatten)]
    bleu: Option<Parts>,
}

#[derive(Deserialize)]
struct Parts {
    precisions: [f64; 4],
    bp: f64,
    counts: [usize; 4],
    totals: [usize; 4],
}

fn fixture() -> Fixture {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sacrebleu.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

const BLEUS: [BleuOptions; 4] = [
    of_bleu(Tokenizer::V13a, false),
    of_bleu(Tokenizer::V13a, true),
    of_bleu(Tokenizer::None, false),
    of_bleu(Tokenizer::None, true),
];

const fn of_bleu(tokenizer: Tokenizer, lowercase: bool) -> BleuOptions {
    BleuOptions { tokenizer, lowercase, smoothing: Smoothing::Exp, effective_order: false }
}

const CHRFS: [ChrfOptions; 4] = [of_chrf(0, false), of_chrf(0, true), of_chrf(2, false), of_chrf(2, true)];

const fn of_chrf(word_order: usize, lowercase: bool) -> ChrfOptions {
    ChrfOptions { char_order: 6, word_order, beta: 2, lowercase }
}

/// All digits but the last few, which are the machine's library of exponentials.
#[track_caller]
fn assert_close(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "{what}: {ours}, sacrebleu has {theirs}");
}

#[test]
fn bleu_is_that_of_sacrebleu() {
    for corpus in fixture().corpora {
        for options in BLEUS {
            let ours = bleu(&corpus.hypotheses, &corpus.references, options);
            let what = format!("{}, {}", corpus.name, ours.signature());
            let theirs = &corpus.scores[&ours.signature()];
            assert_eq!(ours.to_string(), theirs.printed, "{what}");
            assert_close(ours.score, theirs.score, &what);

            let parts = theirs.bleu.as_ref().unwrap();
            assert_eq!((ours.matches, ours.totals), (parts.counts, parts.totals), "{what}");
            assert_close(ours.brevity_penalty, parts.bp, &what);
            for (ours, theirs) in ours.precisions.into_iter().zip(parts.precisions) {
                assert_close(ours, theirs, &what);
            }
        }
    }
}

#[test]
fn chrf_is_that_of_sacrebleu() {
    for corpus in fixture().corpora {
        for options in CHRFS {
            let ours = chrf(&corpus.hypotheses, &corpus.references, options);
            let what = format!("{}, {}", corpus.name, ours.signature());
            let theirs = &corpus.scores[&ours.signature()];
            assert_eq!(ours.to_string(), theirs.printed, "{what}");
            assert_close(ours.score, theirs.score, &what);
        }
    }
}

#[test]
fn every_figure_of_the_fixture_is_compared() {
    let fixture = fixture();
    assert_eq!(fixture.version, SACREBLEU_VERSION);
    assert!(fixture.corpora.len() >= 50 && fixture.lines.len() >= 100);
    assert!(fixture.corpora.iter().all(|corpus| corpus.scores.len() == BLEUS.len() + CHRFS.len()));
}

#[test]
fn the_words_of_13a_are_those_of_sacrebleu() {
    for (line, words) in fixture().lines {
        assert_eq!(Tokenizer::V13a.words(&line).join(" "), words, "{line:?}");
    }
}

#[test]
fn a_corpus_beside_itself_scores_100() {
    for corpus in fixture().corpora {
        let text = corpus.references;
        for options in BLEUS {
            let found = bleu(&text, &text, options);
            let expected = if found.totals[3] > 0 { 100.0 } else { 0.0 }; // no four words in a row: no score
            assert_close(found.score, expected, &corpus.name);
        }
        for options in CHRFS {
            let blank = text.iter().all(|line| Tokenizer::None.words(line).is_empty());
            let expected = if blank { 0.0 } else { 100.0 };
            assert_close(chrf(&text, &text, options).score, expected, &corpus.name);
        }
    }
}

#[test]
fn the_order_of_sentences_does_not_matter() {
    for mut corpus in fixture().corpora {
        let before = BLEUS.map(|options| bleu(&corpus.hypotheses, &corpus.references, options));
        let chrf_before = CHRFS.map(|options| chrf(&corpus.hypotheses, &corpus.references, options));
        corpus.hypotheses.reverse();
        corpus.references.reverse();
        assert_eq!(BLEUS.map(|options| bleu(&corpus.hypotheses, &corpus.references, options)), before);
        assert_eq!(CHRFS.map(|options| chrf(&corpus.hypotheses, &corpus.references, options)), chrf_before);
    }
}

#[test]
fn a_corpus_twice_over_scores_the_same() {
    for corpus in fixture().corpora {
        let twice = |lines: &[String]| [lines, lines].concat();
        let (hypotheses, references) = (twice(&corpus.hypotheses), twice(&corpus.references));
        for options in BLEUS {
            let once = bleu(&corpus.hypotheses, &corpus.references, options);
            if !once.matches.contains(&0) {
                // Without smoothing: half of a match is less among twice as many.
                assert_close(bleu(&hypotheses, &references, options).score, once.score, &corpus.name);
            }
        }
        for options in CHRFS {
            let once = chrf(&corpus.hypotheses, &corpus.references, options);
            assert_close(chrf(&hypotheses, &references, options).score, once.score, &corpus.name);
        }
    }
}

#[test]
fn each_order_without_a_match_has_half_of_the_one_before() {
    let found = bleu(&["a b c d e"], &["e d c b a"], BleuOptions::default());
    assert_eq!(found.matches, [5, 0, 0, 0]);
    assert_eq!(found.precisions, [100.0, 100.0 / 2.0 / 4.0, 100.0 / 4.0 / 3.0, 100.0 / 8.0 / 2.0]);
}

#[test]
fn a_corpus_without_sentences_scores_0() {
    let none: [&str; 0] = [];
    assert_eq!(bleu(&none, &none, BleuOptions::default()).score, 0.0);
    assert_eq!(chrf(&none, &none, ChrfOptions::default()).score, 0.0);
}

#[test]
fn scores_are_shown_to_the_precision_asked_for() {
    let (hyp, reference) = (["a b c d e"], ["a b c d f"]);
    let found = bleu(&hyp, &reference, BleuOptions::default());
    assert_eq!(
        format!("{found:.1}"),
        "BLEU = 66.9 80.0/75.0/66.7/50.0 (BP = 1.000 ratio = 1.000 hyp_len = 5 ref_len = 5)"
    );
    assert_eq!(format!("{:.0}", chrf(&hyp, &reference, ChrfOptions::default())), "chrF2 = 54");
}

#[test]
#[should_panic = "bleu: 2 hypotheses, but 1 references"]
fn unequal_numbers_of_sentences_are_refused() {
    bleu(&["a", "b"], &["a"], BleuOptions::default());
}
