//! Using a model: `translate`, `score` and `evaluate`.

mod alternatives;
mod constraints;
mod drawing;
mod explaining;
mod faulty;
mod limits;
mod shortlist;
mod systems;
#[cfg(unix)]
mod terminal;
mod unknown;
mod weights;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde_json::Value;
use translate::metrics::{BleuOptions, ChrfOptions, bleu, chrf};

use crate::common::{digits, end_of, etudiant, file, folder, run, toy};

fn translate(options: &str, input: impl AsRef<[u8]> + Send) -> crate::common::Ended {
    run(&format!("translate --model {}{options}", toy()), input)
}

/// Sentences that training did not see, and their translations, a line each.
fn test_set(n: usize) -> (String, String) {
    let (src, tgt): (Vec<String>, Vec<String>) = (0..n).map(|i| digits(1 + 37 * i % 999)).unzip();
    (src.join("\n") + "\n", tgt.join("\n") + "\n")
}

/// `--source` and `--target` or `--reference` for files with these lines.
fn both_files(folder: &Path, (src, tgt): &(String, String), second: &str) -> String {
    let (src, tgt) = (file(folder, "test.fr", src), file(folder, "test.en", tgt));
    format!("--model {} --source {src} --{second} {tgt}", toy())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-3), "{found}, not {expected}");
}

#[test]
fn every_line_has_its_line_in_order() {
    let (src, _) = test_set(300); // more than a batch
    let lines: Vec<&str> = src.lines().collect();
    let mut input = lines.clone();
    input.insert(1, "");
    input.insert(299, " \t ");
    let out = translate("", input.join("\n")).ok();
    let said: Vec<&str> = out.lines().collect();
    assert_eq!(said.len(), 302);
    assert_eq!((said[1], said[299]), ("", ""));
    for index in [0, 1, 150, 299] {
        let at = input.iter().position(|line| *line == lines[index]).unwrap();
        let alone = translate("", lines[index]).ok();
        assert_eq!(alone.trim_end(), said[at], "alone and among others");
        assert!(!said[at].is_empty());
    }
    assert_eq!(translate("", "").ok(), "", "nothing for nothing");
}

#[test]
fn a_line_is_answered_before_the_next_is_written() {
    let mut child = etudiant(&format!("translate --model {}", toy())).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for line in ["un deux", "", "sept"] {
        writeln!(stdin, "{line}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert_eq!(answer, translate("", format!("{line}\n")).ok());
    }
    drop(stdin);
    end_of(child).ok();
}

#[test]
fn nobody_reading_any_more_is_no_error() {
    let mut child = etudiant(&format!("translate --model {}", toy())).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(test_set(600).0.as_bytes()); // it ends before it has read all of it
    drop(stdin);
    end_of(child).ok();
}

#[test]
fn the_best_translations_stand_best_first_behind_the_number_of_their_line() {
    let out = translate(" --beam 4 --n-best 3 --scores", "un deux\n\nneuf six\n").ok();
    let rows: Vec<Vec<&str>> = out.lines().map(|line| line.split('\t').collect()).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(numbers, ["1", "1", "1", "2", "3", "3", "3"]);
    assert_eq!(rows[3], ["2", "", "", ""]);
    let score = |row: usize| rows[row][3].parse::<f64>().unwrap();
    assert!(score(0) >= score(1) && score(1) >= score(2), "{out}");
    let best = translate(" --beam 4", "un deux\n").ok();
    assert_eq!(best.trim_end(), rows[0][1]);
}

#[test]
fn the_length_penalty_divides_the_log_probability() {
    let one = |options: &str| {
        let answer = translate(&format!(" --json{options}"), "un deux trois\n").json().remove(0);
        let translation = answer["translations"][0].clone();
        let len = translation["tokens"].as_array().unwrap().len() as f64;
        (number(&translation["log_prob"]) / number(&translation["score"]), len)
    };
    let (ratio, _) = one(" --length-penalty none");
    assert_close(ratio, 1.0, 1e-12);
    let (ratio, len) = one(" --length-penalty power");
    assert_close(ratio, len, 1e-12);
    let (ratio, len) = one(" --length-penalty gnmt --alpha 1");
    assert_close(ratio, (5.0 + len) / 6.0, 1e-12);
}

#[test]
fn a_translation_is_scored_as_it_was_when_it_was_found() {
    let (src, _) = test_set(40);
    let found = translate(" --json", &src).json();
    let best = |answer: &Value| answer["translations"][0].clone();
    let said: String =
        found.iter().map(|answer| best(answer)["text"].as_str().unwrap().to_owned() + "\n").collect();
    let folder = folder();
    let scored =
        run(&format!("score {} --json", both_files(folder.path(), &(src, said), "target")), "").json();
    assert_eq!(scored.len(), found.len());
    let mut same = 0;
    for (answer, scored) in found.iter().zip(&scored) {
        if best(answer)["tokens"] == scored["tokens"] {
            assert_close(number(&scored["log_prob"]), number(&best(answer)["log_prob"]), 1e-4);
            same += 1;
        }
    }
    assert!(same >= 30, "{same} of 40 have the tokens that the search chose");
}

#[test]
fn tokens_are_aligned_with_tokens() {
    let answers = translate(" --json --align", "un deux trois\n\nhuit\n").json();
    assert_eq!(answers[1]["translations"], Value::Array(vec![]));
    for answer in [&answers[0], &answers[2]] {
        let translation = &answer["translations"][0];
        let len = |tokens: &Value| tokens.as_array().unwrap().len();
        let (src, tgt) = (len(&answer["source_tokens"]) - 1, len(&translation["tokens"]) - 1);
        let links = translation["alignment"].as_array().unwrap();
        assert!(links.iter().all(|link| link[0].as_u64() < Some(src as u64)), "none to <eos>: {answer}");
        let targets: Vec<u64> = links.iter().map(|link| link[1].as_u64().unwrap()).collect();
        assert_eq!(targets, (0..tgt as u64).collect::<Vec<_>>());
    }
    let out = translate(" --align", "huit\n\n").ok();
    let lines: Vec<&str> = out.lines().collect();
    let (text, links) = lines[0].split_once('\t').unwrap();
    assert!(!text.is_empty() && links.starts_with("0-0"), "{out}");
    assert_eq!(lines[1], "\t");
    assert_eq!(translate(" --align hard", "huit\n\n").ok(), out);
    let folder = folder();
    let path = file(folder.path(), "in.fr", "huit\n\n");
    for options in [format!(" --align {path}"), format!(" {path} --align"), format!(" --align=hard {path}")] {
        assert_eq!(translate(&options, "").ok(), out, "{options}");
    }
    let problem = translate(&format!(" --align fuzzy {path}"), "").problem();
    assert!(problem.contains("--align is fuzzy; it must be hard or soft"), "{problem}");
}

#[test]
fn a_soft_alignment_has_the_weights_that_the_hard_one_is_made_of() {
    let hard = translate(" --json --align", "un deux trois\n\nhuit\n").json();
    let soft = translate(" --json --align soft", "un deux trois\n\nhuit\n").json();
    let out = translate(" --align soft", "un deux trois\n\nhuit\n").ok();
    let column = |line: usize| out.lines().nth(line).unwrap().split('\t').nth(1).unwrap().to_owned();
    assert_eq!(column(1), "");
    for line in [0, 2] {
        let (hard, answer) = (&hard[line]["translations"][0], &soft[line]);
        let soft = &answer["translations"][0];
        assert!(hard.get("attention").is_none() && soft.get("alignment").is_none());
        let rows: Vec<Vec<f64>> = serde_json::from_value(soft["attention"].clone()).unwrap();
        assert_eq!(rows.len(), soft["tokens"].as_array().unwrap().len());
        let src_len = answer["source_tokens"].as_array().unwrap().len();
        for row in &rows {
            assert_eq!(row.len(), src_len);
            assert_close(row.iter().sum(), 1.0, 1e-6);
        }
        let most = |row: &Vec<f64>| (0..src_len - 1).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
        let links = hard["alignment"].as_array().unwrap();
        assert!(links.iter().all(|link| link[0] == most(&rows[link[1].as_u64().unwrap() as usize])));
        let printed =
            |row: &Vec<f64>| row.iter().map(|weight| format!("{weight:.6}")).collect::<Vec<_>>().join(",");
        assert_eq!(column(line), rows.iter().map(printed).collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn lists_are_written_in_moses_form() {
    let input = "un deux\n\nneuf six\n";
    let out = translate(" --beam 4 --n-best 2 --n-best-format moses --align", input).ok();
    let answers = translate(" --beam 4 --n-best 2 --align --json", input).json();
    let rows: Vec<Vec<&str>> = out.lines().map(|line| line.split(" ||| ").collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["0", "0", "1", "2", "2"]);
    assert_eq!(rows[2], ["1", "", "F0= 0", "0"]);
    let expected = &answers[2]["translations"][1];
    assert_eq!(rows[4][1], expected["text"]);
    assert_eq!(rows[4][2], format!("F0= {:.6}", number(&expected["log_prob"])));
    assert_eq!(rows[4][3], format!("{:.6}", number(&expected["score"])));
    assert_eq!(rows[4][4].split(' ').count(), expected["alignment"].as_array().unwrap().len());
    let best = translate(" --n-best-format moses", "un\n").ok();
    assert!(best.starts_with("0 ||| ") && best.lines().count() == 1, "{best}");
    let problem = translate(" --n-best-format moses --json", input).problem();
    assert!(problem.contains("cannot be used with"), "{problem}");
}

#[test]
fn a_score_is_the_sum_over_the_tokens_and_makes_the_perplexity() {
    let (folder, test) = (folder(), test_set(30));
    let files = both_files(folder.path(), &test, "target");
    let scored = run(&format!("score {files} --json"), "").json();
    let (mut sum, mut count) = (0.0, 0.0);
    for line in &scored {
        let tokens = line["token_log_probs"].as_array().unwrap();
        assert_eq!(line["tokens"].as_array().unwrap().len(), tokens.len());
        let of_line: f64 = tokens.iter().map(number).sum();
        assert_close(number(&line["log_prob"]), of_line, 1e-12);
        assert_close(number(&line["mean"]), of_line / tokens.len() as f64, 1e-12);
        (sum, count) = (sum + of_line, count + tokens.len() as f64);
    }
    let evaluated = run(&format!("evaluate {} --json", files.replace("--target", "--reference")), "").json();
    assert_eq!(number(&evaluated[0]["tokens"]), count);
    assert_close(number(&evaluated[0]["loss"]), -sum / count, 1e-5);
    assert_close(number(&evaluated[0]["perplexity"]), (-sum / count).exp(), 1e-5);

    let columns = run(&format!("score {files}"), "").ok();
    let first: Vec<&str> = columns.lines().next().unwrap().split('\t').collect();
    assert_eq!(columns.lines().count(), 30);
    assert_eq!(first.len(), 3);
    let of_first = |column: usize| first[column].parse::<f64>().unwrap();
    assert_eq!((of_first(0), of_first(2)), (number(&scored[0]["log_prob"]), number(&scored[0]["mean"])));
}

#[test]
fn empty_lines_are_scored_as_their_end() {
    let folder = folder();
    let files = both_files(folder.path(), &("un\n\n".into(), "\none\n".into()), "target");
    let scored = run(&format!("score {files} --json"), "").json();
    assert_eq!(scored[0]["tokens"], serde_json::json!(["<eos>"]));
    assert!(number(&scored[0]["log_prob"]) < 0.0 && number(&scored[1]["log_prob"]) < 0.0);
}

#[test]
fn figures_are_those_of_the_translations_written() {
    let (folder, test) = (folder(), test_set(60));
    let files = both_files(folder.path(), &test, "reference");
    let hypotheses = folder.path().join("said.en");
    let command = format!("evaluate {files} --hypotheses {}", hypotheses.display());
    let evaluated = run(&format!("{command} --json"), "").json().remove(0);
    let said = std::fs::read_to_string(&hypotheses).unwrap();
    assert_eq!(said, translate("", &test.0).ok());

    let (said, references): (Vec<&str>, Vec<&str>) = (said.lines().collect(), test.1.lines().collect());
    let expected = bleu(&said, &references, BleuOptions::default());
    assert_eq!(number(&evaluated["bleu"]["score"]), expected.score);
    assert_eq!(evaluated["bleu"]["signature"], expected.signature());
    let lowercased = BleuOptions { lowercase: true, ..BleuOptions::default() };
    assert_eq!(number(&evaluated["bleu_lowercased"]["score"]), bleu(&said, &references, lowercased).score);
    let expected_chrf = chrf(&said, &references, ChrfOptions::default());
    assert_eq!(number(&evaluated["chrf"]["score"]), expected_chrf.score);
    let exact = said.iter().zip(&references).filter(|(said, reference)| said == reference).count();
    assert_eq!(evaluated["exact"], exact);
    assert!(exact > 0, "the toy is to know something");

    let words = run(&command, "").ok();
    let percent = 100.0 * exact as f64 / 60.0;
    assert!(words.contains(&format!("\nexact: {exact} of 60 ({percent:.1} %)\n")), "{words}");
    assert!(words.contains(&format!("{expected}\n    {}\n", expected.signature())), "{words}");
    assert!(words.contains(&format!("{expected_chrf}\n")), "{words}");
}

#[test]
fn pairs_in_one_file_are_as_in_two() {
    let (folder, test) = (folder(), test_set(20));
    let files = both_files(folder.path(), &test, "reference");
    let lines = test.0.lines().zip(test.1.lines());
    let table: String = lines.map(|(src, tgt)| format!("{src}\t{tgt}\tan attribution\n")).collect();
    let table = file(folder.path(), "test.tsv", table);
    let figures = |files: &str| {
        let value = run(&format!("evaluate {files} --json"), "").json().remove(0);
        ["bleu", "chrf", "loss", "exact"].map(|key| value[key].clone())
    };
    assert_eq!(figures(&format!("--model {} --pairs {table}", toy())), figures(&files));
}
