//! `evaluate --system`: translations that exist already.

use crate::common::{file, folder, gzipped, run};

const FIRST: &str = "The cat sat on the mat.\nIt rains.\nHe waits for the bus.\n";
const SECOND: &str = "A cat is on the mat.\nIt is raining.\nHe waits for a bus, now.\n";
const REFERENCE: &str = "The cat is on the mat.\nIt rains now.\nHe waits for the bus.\n";

/// Figures by `sacrebleu r.en -i a.en b.en -m bleu ter --paired-bs -w 4`.
#[test]
fn systems_are_scored_and_compared_without_a_model() {
    let folder = folder();
    let (a, b) = (file(folder.path(), "a.en", FIRST), file(folder.path(), "b.en", gzipped(SECOND)));
    let r = file(folder.path(), "r.en", REFERENCE);
    let command =
        format!("evaluate --system {a} --system {b} --reference {r} --metrics bleu,ter --paired-bs");
    let said = run(&command, "").ok();
    for expected in [
        "nrefs:1|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
        "a.en: 66.24 (μ = 62.02 ± 50.00) 93.8/76.9",
        "b.en: 43.11 (μ = 41.53 ± 36.29) (p = 0.2438)",
        "nrefs:1|bs:1000|seed:12345|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0",
        "a.en: 21.43 (μ = 24.30 ± 33.33)",
        "b.en: 42.86 (μ = 44.47 ± 25.00) (p = 0.1309)",
    ] {
        assert!(said.contains(expected), "no {expected} in\n{said}");
    }
    let json = run(&format!("{command} --json"), "").json().remove(0);
    assert_eq!((&json["sentences"], json["scores"].as_array().unwrap().len()), (&3.into(), 4));
    assert!(
        json["scores"][1]["difference"].as_f64().unwrap() < -20.0
            && json["scores"][0]["difference"].is_null()
    );
    let p_value = json["scores"][1]["p_value"].as_f64().unwrap();
    assert_eq!(format!("{p_value:.4}"), "0.2438");
}

/// Figures by `sacrebleu r.en -i a.en -m bleu chrf --confidence -w 4`, and by `-i a.en b.en -m bleu ter --paired-ar`.
#[test]
fn intervals_stand_alone_or_beside_randomization() {
    let folder = folder();
    let [a, b, r] = [("a.en", FIRST), ("b.en", SECOND), ("r.en", REFERENCE)]
        .map(|(name, text)| file(folder.path(), name, text));
    let said = |options: &str| run(&format!("evaluate --system {a} --reference {r} {options}"), "").ok();
    let alone = said("--metrics bleu,chrf --confidence");
    assert!(alone.contains("a.en: 66.24 (μ = 62.02 ± 50.00) 93.8/76.9/60.0/57.1 (BP = 0.939"), "{alone}");
    assert!(alone.contains("a.en: 77.83 (μ = 76.12 ± 21.77)\n") && !alone.contains("p ="), "{alone}");
    let tested = said(&format!("--system {b} --metrics bleu,ter --paired-ar"));
    for expected in [
        "nrefs:1|ar:10000|seed:12345|",
        "a.en: 66.24 93.8",
        "b.en: 43.11 (p = 0.5034) 68.4",
        "TER, lower is better",
        "b.en: 42.86 (p = 0.0001)",
    ] {
        assert!(tested.contains(expected), "no {expected} in\n{tested}");
    }
    let both = said(&format!(
        "--system {b} --metrics bleu --paired-ar --paired-ar-n 100 --confidence --confidence-n 50"
    ));
    assert!(both.contains("bs:50|ar:100|") && both.matches("(μ = ").count() == 2, "{both}");
    let json =
        run(&format!("evaluate --system {a} --reference {r} --metrics bleu --json"), "").json().remove(0);
    let score = &json["scores"][0];
    assert_eq!((&score["hyp_len"], &score["ref_len"]), (&16.0.into(), &17.0.into()));
    assert_eq!(score["precisions"][0], 93.75);
}

/// Sacrebleu's p is the smallest there is where nothing differs: that is said beside it.
#[test]
fn equal_scores_are_no_difference_whatever_p_is() {
    let folder = folder();
    let [a, b, r] = [("a.en", FIRST), ("b.en", SECOND), ("r.en", REFERENCE)]
        .map(|(name, text)| file(folder.path(), name, text));
    for (test, p) in [("--paired-bs", "p = 0.0010"), ("--paired-ar", "p = 0.0001")] {
        let command = format!("evaluate --system {a} --system {a} --reference {r} --metrics bleu,ter {test}");
        let said = run(&command, "").ok();
        assert_eq!(said.matches(&format!("({p}, no difference)")).count(), 2, "{said}");
        assert!(said.contains("no difference: both scores are the same"), "{said}");
        let json = run(&format!("{command} --json"), "").json().remove(0);
        assert_eq!(json["scores"][1]["difference"], 0.0);
        let said = run(&command.replacen(&a, &b, 1), "").ok();
        assert!(said.contains("(p = ") && !said.contains("no difference"), "{said}");
    }
}

/// Coins are tossed trial by trial: all at once they would be 20 billion.
#[test]
fn a_million_trials_of_many_sentences_take_no_memory() {
    let folder = folder();
    let lines = "a\n".repeat(20_000);
    let [a, b] = ["a.en", "b.en"].map(|name| file(folder.path(), name, &lines));
    let command = format!("evaluate --system {a} --system {b} --reference {a} --metrics bleu --paired-ar");
    let mut child = crate::common::etudiant(&format!("{command} --paired-ar-n 1000000")).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    child.kill().unwrap();
    child.wait().unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.map(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap());
    assert!(peak.is_none_or(|kilobytes| kilobytes < 500_000), "{peak:?} kB");
}

#[test]
fn a_system_comes_from_standard_input_and_references_may_be_several() {
    let folder = folder();
    let (r, b) = (file(folder.path(), "r.en", REFERENCE), file(folder.path(), "b.en", SECOND));
    let said =
        run(&format!("evaluate --system - --reference {r} --reference {b} --metrics chrf++,ter"), FIRST).ok();
    assert!(said.contains("chrF2++\n    nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no"), "{said}");
    assert!(said.contains("  -: 78.59\n") && said.contains("  -: 20.69\n"), "{said}");
}

#[test]
fn what_does_not_go_together_is_said() {
    let folder = folder();
    let (a, short) = (file(folder.path(), "a.en", FIRST), file(folder.path(), "short.en", "one\n"));
    let empty = file(folder.path(), "empty.en", "");
    let own = format!("--system {a} --reference {a}");
    for (options, expected) in [
        (format!("--system {a}"), "needs a --reference"),
        (format!("--system {a} --reference {short}"), "a.en: 3 lines, but "),
        (format!("--system {a} --reference {a} --reference {short}"), "short.en: 1 lines, but "),
        (format!("--system {empty} --reference {empty}"), "there is no line in it"),
        (format!("--system - --system - --reference {a}"), "can be one system or one reference only"),
        (format!("{own} --beam 3"), "cannot be used with"),
        (format!("{own} --model {a}"), "cannot be used with"),
        (format!("--model {a} --source {a} --reference {a} --confidence"), "cannot be used with"),
        (format!("--model {a} --source {a} --reference {a} --metrics ter"), "cannot be used with"),
        (format!("--model {a} --source {a} --reference {a} --reference {a}"), "several go with --system"),
        (format!("{own} --paired-ar"), "give --system a second time"),
        (format!("{own} --seed 1"), "--seed does nothing without"),
        (format!("{own} --smooth-method exp --smooth-value 2"), "floor or add-k only"),
        (format!("{own} --smooth-method floor --smooth-value 0"), "must be above 0"),
        (format!("{own} --smooth-method add-k --smooth-value 1e39"), "and at most 1000000000"),
        ("--system - --reference -".into(), "one system or one reference only"),
        (format!("--system {a} --reference - --reference -"), "one system or one reference only"),
        (
            format!("{own} --metrics chrf,chrf++ --chrf-word-order 2"),
            "chrf with --chrf-word-order 2 is chrf++",
        ),
        (format!("{own} --metrics chrf --tokenize zh"), "--tokenize does nothing unless --metrics has bleu"),
        (format!("{own} --metrics ter --ter-asian-support"), "does nothing without --ter-normalized"),
        (format!("{own} --chrf-char-order 0"), "chrF of no n-grams"),
        (format!("{own} --metrics bleu,bleu"), "asks for BLEU twice"),
        (format!("{own} --tokenize ja"), "13a, intl, char, zh, none"),
    ] {
        let problem = run(&format!("evaluate {options}"), "").problem();
        assert!(problem.contains(expected), "{options}: {problem}");
    }
}
