//! What translations may say, and who else has a say.

use serde_json::Value;

use super::{number, test_set, translate};
use crate::common::{run, toy};

/// The translations of a few lines.
fn said(options: &str) -> Vec<String> {
    let (src, _) = test_set(12);
    let lines: Vec<String> = translate(options, &src).ok().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 12);
    lines
}

#[test]
fn translations_keep_to_what_is_asked_of_them() {
    assert!(said(" --prefix nine --beam 3").iter().all(|line| line.starts_with("nine")));
    let tokens = |options: &str| {
        let found = translate(&format!("{options} --json"), test_set(12).0).json();
        let count = |line: &Value| line["translations"][0]["tokens"].as_array().unwrap().len();
        found.iter().map(count).collect::<Vec<_>>()
    };
    assert!(tokens(" --max-len 2").iter().all(|&count| count <= 2));
    assert_eq!(tokens(" --min-len 8 --max-len 8 --beam 3"), [8; 12]);
    let plain = said(" --beam 4");
    let word = plain[0].split(' ').next().unwrap();
    let without = said(&format!(" --beam 4 --ban {word} --ban nine"));
    assert!(without.iter().all(|line| line.split(' ').all(|other| other != word && other != "nine")));
    for line in said(" --no-repeat-ngram 1 --beam 2").iter().chain(&said(" --sample --no-repeat-ngram 1")) {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.sort_unstable();
        assert!(words.windows(2).all(|two| two[0] != two[1]), "{line}");
    }
    assert_eq!(said(" --beam 4 --coverage-penalty 0 --repetition-penalty 1 --max-ratio 99"), plain);
    assert_eq!(said(" --sample --top-p 0.0001"), said(" --beam 1"));
    assert_eq!(said(" --sample --min-p 1"), said(" --beam 1"));
}

#[test]
fn groups_of_a_beam_say_different_things() {
    let said = translate(" --beam 4 --n-best 4 --diverse-groups 4 --diversity 50 --json", "un deux\n").json();
    let found = said[0]["translations"].as_array().unwrap();
    let first: std::collections::HashSet<_> = found.iter().map(|one| one["tokens"][0].as_str()).collect();
    assert_eq!((found.len(), first.len()), (4, 4), "{found:?}");
}

#[test]
fn others_have_a_say() {
    let plain = said(" --beam 3");
    let model = toy();
    assert_eq!(said(&format!(" --beam 3 --ensemble {model}")), plain, "the mean of two that are the same");
    assert_eq!(said(&format!(" --beam 3 --rerank {model} --rerank-weight 0")), plain);
    let ranked = translate(" --beam 6 --n-best 3 --mbr --json", "un deux\n").json();
    let scores: Vec<f64> =
        ranked[0]["translations"].as_array().unwrap().iter().map(|one| number(&one["score"])).collect();
    assert!(scores.len() == 3 && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert!(scores.iter().all(|score| (0.0..=100.0 + 1e-9).contains(score)));
    assert!(said(" --sample --mbr --candidates 8").iter().all(|line| !line.is_empty()));
}

#[test]
fn what_cannot_be_asked_for_is_refused_by_name() {
    for (options, reason) in [
        ("--max-ratio -1", "--max-ratio is -1; it must be between 0 and 1000"),
        ("--repetition-penalty 0", "--repetition-penalty is 0; it must be between"),
        ("--diversity 1", "--diverse-groups"),
        ("--beam 5 --diverse-groups 2", "diverse_groups is 2; it must divide the beam, which is 5 wide"),
        ("--candidates 3", "--candidates are chosen among by --mbr or --rerank"),
        ("--mbr --beam 2 --candidates 3", "candidates is 3; it must be between 1 and 2"),
        ("--sample --top-p 0", "top_p is 0; it must be above 0"),
        ("--mbr --explain", "cannot be used with"),
    ] {
        let problem = run(&format!("translate --model {} {options}", toy()), "un\n").problem();
        assert!(problem.contains(reason), "{options}: {problem}");
    }
}
