//! `--explain`: attention and the search of each translation, as figures of text.

use serde_json::Value;

use super::translate;
use crate::common::{end_of, etudiant, toy};

#[test]
fn every_translation_is_explained_with_its_numbers() {
    let said = translate(" --explain", "un deux\n\nsix\n").ok();
    let json: Vec<Value> = translate(" --json --align soft", "un deux\n\nsix\n").json();
    let (first, rest) = said.split_once('\n').unwrap();
    assert_eq!(first, json[0]["translations"][0]["text"]);
    assert_eq!(said.matches("\ncross-attention of decoder layer 0 (from 0), mean of heads: 2\n").count(), 2);
    assert_eq!(said.matches("\nbeam 3 ").count(), 2, "an empty line has nothing to explain: {said}");
    let table = rest.split("heads: 2\n").nth(1).unwrap();
    let rows = json[0]["translations"][0]["attention"].as_array().unwrap();
    for (line, row) in table.lines().skip(1).zip(rows) {
        let weights: Vec<String> =
            row.as_array().unwrap().iter().map(|weight| format!("{:.2}", weight.as_f64().unwrap())).collect();
        let shown =
            line.split(['░', '▒', '▓', '█', ' ']).filter(|cell| cell.contains('.')).collect::<Vec<_>>();
        assert_eq!(shown, weights, "{line}");
    }
    let score = json[0]["translations"][0]["score"].as_f64().unwrap();
    let best = rest.lines().find(|line| line.ends_with(" no. 1")).unwrap();
    assert!(best.ends_with(&format!("finished, score {score:.2} no. 1")), "{best}");
}

#[test]
fn lines_keep_to_the_width_and_a_file_gets_no_colour() {
    for columns in ["44", "72"] {
        let mut command = etudiant(&format!("translate --model {} --explain --n-best 2", toy()));
        command.env("COLUMNS", columns).stdin(std::process::Stdio::piped());
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"neuf cent un\n").unwrap();
        let said = end_of(child).ok();
        let width: usize = columns.parse().unwrap();
        let figures = said.lines().skip(2);
        assert!(figures.clone().count() > 8, "{said}");
        figures.for_each(|line| assert!(line.chars().count() <= width || line.contains("mean of"), "{line}"));
        assert!(
            !said.contains('\u{1b}')
                && said.contains(if width < 64 { "● kept ■ finished" } else { "● kept" })
        );
    }
}

#[test]
fn what_it_does_not_go_with_is_refused() {
    for option in ["--json", "--sample", "--n-best-format moses"] {
        let problem = translate(&format!(" --explain {option}"), "un\n").problem();
        let name = option.split(' ').next().unwrap();
        assert!(problem.contains("--explain") && problem.contains(name), "{problem}");
    }
}
