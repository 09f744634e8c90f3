//! `shortlist`, and the searches that it narrows.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{both_files, test_set, translate};
use crate::common::{digits, file, folder, gzipped, run, toy, toy_recipe};

/// The numbers that the toy was trained on, as two files, the second gzipped.
fn training_text(folder: &Path) -> String {
    let (src, tgt): (Vec<String>, Vec<String>) = (0..1000).step_by(3).map(digits).unzip();
    let src = file(folder, "train.fr", src.join("\n"));
    let tgt = file(folder, "train.en.gz", gzipped(&tgt.join("\n")));
    format!("--source {src} --target {tgt}")
}

/// A shortlist for the toy, learned with these options, and what was said of it.
fn learned(folder: &Path, options: &str) -> (String, String) {
    let out = folder.join("list").display().to_string();
    let text = training_text(folder);
    let said = run(&format!("shortlist --model {} {text} --out {out}{options}", toy()), "");
    assert!(said.err.contains("read: 334 pairs"), "{}", said.err);
    (out, said.ok())
}

#[test]
fn a_search_says_what_is_listed_for_the_words_of_its_line() {
    let folder = folder();
    let (path, said) = learned(folder.path(), " --best 6 --frequent 3 --steps 8");
    assert!(
        said.contains(" source tokens have ") && said.contains("every sentence 3 more; from 332 pairs"),
        "{said}"
    );
    let list: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        (&list["etudiant.kind"], list["always"].as_array().unwrap().len()),
        (&json!("shortlist 1"), 3)
    );
    let (src, _) = test_set(60);
    let option = format!(" --shortlist {path}");
    let (plain, listed) = (translate("", &src).ok(), translate(&option, &src).ok());
    let same = plain.lines().zip(listed.lines()).filter(|(plain, listed)| plain == listed).count();
    assert!(same >= 40, "{same} of 60: {listed}");
    assert_eq!(translate(&option, src.lines().next().unwrap()).ok().lines().next(), listed.lines().next());
    let scores = |option: &str| translate(&format!("{option} --scores"), "un deux\n").ok();
    assert_ne!(scores(""), scores(&option), "probabilities are among the listed");
    let explained = translate(&format!("{option} --explain"), "un deux\n").ok();
    assert!(explained.contains("no. 1"), "{explained}");
    translate(&format!("{option} --sample --seed 3"), "un deux\n").ok();
}

#[test]
fn a_test_set_tells_how_much_is_listed() {
    let folder = folder();
    let (path, _) = learned(folder.path(), " --best 6 --frequent 3");
    let files = both_files(folder.path(), &test_set(30), "reference");
    let evaluated = run(&format!("evaluate {files} --shortlist {path} --json"), "").json().remove(0);
    let (listed, all) = (&evaluated["listed"], evaluated["tokens"].as_u64().unwrap());
    assert_eq!((&evaluated["shortlist"], &listed["tokens"]), (&json!(path), &json!(all)));
    let (found, words) = (listed["of_reference"].as_u64().unwrap(), listed["mean_words"].as_f64().unwrap());
    assert!(found > all / 2 && found <= all && words > 3.0 && words < 40.0, "{listed}");
    let words = run(&format!("evaluate {files} --shortlist {path}"), "").ok();
    assert!(words.contains(&format!("; shortlist {path}\n")), "{words}");
    assert!(words.contains(&format!("\nshortlist: {found} of {all} (")), "{words}");
    let plain = run(&format!("evaluate {files} --json"), "").json().remove(0);
    assert!(plain["shortlist"].is_null() && plain.get("listed").is_none(), "{plain}");
}

#[test]
fn what_is_no_shortlist_of_this_model_is_refused_and_nothing_is_written_over() {
    let folder = folder();
    let (path, _) = learned(folder.path(), "");
    let before = fs::read(&path).unwrap();
    let text = training_text(folder.path());
    let again = run(&format!("shortlist --model {} {text} --out {path}", toy()), "").problem();
    assert!(again.contains("list: this is there already, and nothing is written over"), "{again}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let recipe = toy_recipe(folder.path(), 1);
    let run_folder = folder.path().join("other");
    let command = format!("train {recipe} --set text.vocab_size=290 --out {}", run_folder.display());
    run(&command, "").ok();
    let other = run_folder.join("model.safetensors").display().to_string();
    let problem = run(&format!("translate --model {other} --shortlist {path}"), "un\n").problem();
    assert!(problem.contains("list: it is of another vocabulary, "), "{problem}");
    let half = file(folder.path(), "half", &before[..before.len() / 2]);
    let missing = folder.path().join("missing").display().to_string();
    for (path, says) in [
        (toy(), "model.safetensors: this is no shortlist, or a part of one"),
        (&half, "half: this is no shortlist, or a part of one"),
        (&missing, "missing: there is no such file; "),
    ] {
        let problem = translate(&format!(" --shortlist {path}"), "un\n").problem();
        assert!(problem.contains(says), "{problem}");
    }
}

#[test]
fn what_cannot_be_learned_from_is_told() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (one, two) = (file(folder.path(), "one", "un\n"), file(folder.path(), "two", "one\ntwo\n"));
    let long = file(folder.path(), "long.tsv", format!("{}\tone\n", "un ".repeat(99)));
    let mixed = file(folder.path(), "mixed.tsv", format!("un\tone\n{}\tone\n", "un ".repeat(99)));
    let broken = file(folder.path(), "broken.tsv", "un\tone\nno tab\n");
    let shortlist =
        |options: &str| run(&format!("shortlist --model {} --out {}{options}", toy(), at("x")), "");
    for (options, says) in [
        (format!(" --source {one} --target {two}"), "differ in their number of lines, 1 and 2"),
        (format!(" --source {one}"), "--target"),
        (
            format!(" --source {one} --source {one} --target {one}"),
            "differ in their number of files, 2 and 1",
        ),
        (String::new(), "--source"),
        (format!(" --pairs {long}"), "no pair is short enough: 1 pair has more than 12 tokens"),
        (format!(" --pairs {broken}"), "With --lenient such lines are dropped"),
        (format!(" --pairs {mixed} --best -1"), "'-1' for '--best <N>': -1 is not in 1..=10000"),
        (format!(" --pairs {mixed} --steps 0"), "0 is not in 1..=100"),
        (format!(" --pairs {}", at("missing")), "missing: "),
    ] {
        let problem = shortlist(&options).problem();
        assert!(problem.contains(says), "{options}: {problem}");
        assert!(!folder.path().join("x").exists());
    }
    let nowhere = at("nowhere/x");
    let problem = run(&format!("shortlist --model {} --pairs {mixed} --out {nowhere}", toy()), "").problem();
    assert!(problem.contains("nowhere/x: cannot write the file"), "{problem}");
    let told = shortlist(&format!(" --pairs {mixed} --pairs {broken} --lenient"));
    assert!(
        told.err.contains("left out: 1 pair has more than the 12 tokens that the model reads"),
        "{}",
        told.err
    );
    assert!(told.ok().contains("from 2 pairs; "));
}
