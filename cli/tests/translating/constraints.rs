//! What translations may say, and who else has a say.

use std::path::Path;

use serde_json::{Value, json};

use super::{both_files, number, test_set, translate};
use crate::common::{folder, run, toy, toy_recipe};

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
        ("--beam 5 --diverse-groups 2", "--diverse-groups is 2; it must divide the beam, which is 5 wide"),
        ("--candidates 3", "--candidates are chosen among by --mbr or --rerank"),
        ("--mbr --beam 2 --candidates 3", "--candidates is 3; it must be between 1 and 2"),
        ("--sample --top-p 0", "'--top-p <P>': it must be above 0 and at most 1"),
        ("--sample --temperature -1", "'--temperature <T>': it must be above 0"),
        ("--alpha -101", "--alpha is -101; it must be in -100 to 100"),
        ("--beam -1", "'-1' for '--beam <N>': -1 is not in 1..=10000"),
        ("--min-len -3", "-3 is not in 0..=10000"),
        ("--n-best -3", "-3 is not in 1..=10000"),
        ("--sample --top-k -3", "'-3' for '--top-k <K>': -3 is not in 1..="),
        ("--sample --seed -3", "-3 is not in 0..="),
        ("--beam many", "'many' for '--beam <N>': it must be a whole number"),
        ("--rerank x --rerank-weight many", "give a number"),
        ("--prefix one+two+six+one+two+six --max-len 2", "and is gone on with, but --max-len is 2"),
        ("--min-len 5 --max-len 4", "--min-len is 5, more than --max-len, 4"),
        ("--min-ratio 2 --max-ratio 1.5", "--min-ratio is 2, more than --max-ratio, 1.5"),
        ("--beam 1 --mbr", "--beam is 1: there is one translation, and nothing to choose among"),
        ("--mbr --candidates 1", "--candidates is 1: there is one translation"),
        ("--sample --mbr --candidates 1", "--candidates is 1: there is one translation"),
        ("--mbr --explain", "cannot be used with"),
    ] {
        let problem = run(&format!("translate --model {} {options}", toy()), "un\n").problem();
        assert!(problem.contains(reason), "{options}: {problem}");
    }
    let problem = run("--threads -1 config", "").problem();
    assert!(problem.contains("'-1' for '--threads <N>'"), "{problem}");
}

#[test]
fn the_least_length_holds_where_the_source_would_end_sooner() {
    let found = translate(" --min-len 20 --max-len-beyond-source 0 --json", "un\n").json();
    assert_eq!(found[0]["translations"][0]["tokens"].as_array().unwrap().len(), 20);
}

/// The path of a model that has learned nothing, and reads four tokens.
pub fn reader_of_four_tokens(folder: &Path) -> String {
    let (recipe, out) = (toy_recipe(folder, 2), folder.join("run"));
    let short = "--set model.max_len=4 --set model.positions=learned";
    run(&format!("train {recipe} {short} --out {}", out.display()), "").ok();
    out.join("model.safetensors").display().to_string()
}

/// A model that reads four tokens has no word about longer translations; they are told of, and come last.
#[test]
fn what_is_too_long_for_the_model_that_reranks_comes_last() {
    let folder = folder();
    let rerank = format!(" --rerank {}", reader_of_four_tokens(folder.path()));
    let ended =
        translate(&format!(" --beam 4 --n-best 4 --json{rerank}"), "un\ndeux trois quatre cinq six\n");
    let warning = "too long for the model of --rerank, and stays in the order of the search: line 2";
    assert!(
        ended.err.contains("what was found for 1 of 2 lines") && ended.err.contains(warning),
        "{}",
        ended.err
    );
    let answers = ended.json();
    let found = answers[1]["translations"].as_array().unwrap();
    assert!(found.len() == 4 && found.iter().all(|one| one["score"].is_null()), "{found:?}");
    let plain = translate(" --beam 4", "deux trois quatre cinq six\n").ok();
    assert_eq!(found[0]["text"], plain.trim_end());
    assert!(answers[0]["translations"][0]["score"].is_number());
    let test = ("un\ndeux trois quatre cinq six\n".into(), "one\ntwo three four five six\n".into());
    let files = both_files(folder.path(), &test, "reference");
    let told = run(&format!("evaluate {files} --beam 4{rerank}"), "").err;
    assert!(told.contains("what was found for 1 of 2 lines") && told.contains(warning), "{told}");
}

/// A test set is judged by the translations that `translate` makes with the same options.
#[test]
fn evaluate_takes_the_options_of_translate() {
    let (folder, test) = (folder(), test_set(20));
    let files = both_files(folder.path(), &test, "reference");
    let hypotheses = folder.path().join("said.en");
    let command = format!("evaluate {files} --hypotheses {}", hypotheses.display());
    for (options, told) in [
        (
            format!("--beam 4 --ensemble {} --no-repeat-ngram 2 --min-len 3", toy()),
            format!("; min-len 3, no-repeat-ngram 2; ensemble with {}", toy()),
        ),
        (
            format!("--beam 4 --rerank {} --coverage-penalty 0.3", toy()),
            format!("; coverage-penalty 0.3; rerank {}, weight 1, among 4", toy()),
        ),
        ("--beam 4 --mbr --candidates 3 --ban nine".into(), "; ban [\"nine\"]; mbr among 3".into()),
        (
            "--beam 4 --diverse-groups 2 --max-ratio 2 --replace-unknown".into(),
            "; diverse-groups 2, diversity 0.5, max-ratio 2.0; unknown words from the source".into(),
        ),
        ("--beam 4 --prefix one".into(), "; prefix \"one\"".into()),
        ("--beam 4".into(), String::new()),
    ] {
        let judged = run(&format!("{command} {options}"), "").ok();
        let (first, _) = judged.split_once('\n').unwrap();
        assert!(first.ends_with(&format!("; beam 4, length penalty gnmt 0.6{told}")), "{options}: {first}");
        let said = std::fs::read_to_string(&hypotheses).unwrap();
        assert_eq!(said, translate(&format!(" {options}"), &test.0).ok(), "{options}");
    }
    let problem = run(&format!("evaluate {files} --beam 4 --diverse-groups 3"), "").problem();
    assert!(problem.contains("--diverse-groups is 3; it must divide the beam"), "{problem}");
    let problem = run("evaluate --system a --reference b --mbr", "").problem();
    assert!(problem.contains("cannot be used with"), "{problem}");
}

#[test]
fn programs_are_told_all_that_a_model_was_judged_by() {
    let folder = folder();
    let files = both_files(folder.path(), &test_set(3), "reference");
    let judged = |options: &str| run(&format!("evaluate {files} --json{options}"), "").json().remove(0);
    let plain = judged("");
    assert_eq!((&plain["choice"], &plain["ensemble"]), (&json!({ "by": "score" }), &json!([])));
    assert_eq!((&plain["replace_unknown"], &plain["constraints"]["banned"]), (&json!(false), &json!([])));
    let asked = judged(&format!(" --beam 4 --mbr --candidates 3 --ban nine --ensemble {}", toy()));
    assert_eq!((&asked["search"]["beam"], &asked["ensemble"]), (&json!(4), &json!([toy()])));
    assert_eq!(asked["choice"], json!({ "by": "mbr", "candidates": 3 }));
    assert_eq!(
        (&asked["constraints"]["banned"], &asked["constraints"]["min_len"]),
        (&json!(["nine"]), &json!(0))
    );
    let reranked = judged(&format!(" --beam 2 --rerank {} --rerank-right-to-left", toy()));
    let (by, model, candidates) = ("rerank", toy(), 2);
    assert_eq!(
        reranked["choice"],
        json!({ "by": by, "model": model, "weight": 1.0, "right_to_left": true, "candidates": candidates })
    );
}
