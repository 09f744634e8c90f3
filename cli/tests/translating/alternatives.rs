//! What else could stand behind the beginning of a translation.

use super::{number, translate};

#[test]
fn alternatives_differ_behind_the_prefix_and_go_on_from_there() {
    let answers = translate(" --beam 2 --alternatives 3 --prefix one --json", "un deux\n\nun six\n").json();
    assert_eq!(answers[1]["translations"], serde_json::json!([]));
    for answer in [&answers[0], &answers[2]] {
        let found = answer["translations"].as_array().unwrap();
        assert_eq!(found.len(), 3);
        let pieces: Vec<&str> = found.iter().map(|one| one["alternative"].as_str().unwrap()).collect();
        assert!(pieces[0] != pieces[1] && pieces[0] != pieces[2] && pieces[1] != pieces[2], "{pieces:?}");
        for (one, piece) in found.iter().zip(&pieces) {
            assert!(one["text"].as_str().unwrap().starts_with("one"));
            let tokens = one["tokens"].as_array().unwrap();
            let place = tokens.iter().position(|token| token == piece).unwrap();
            assert!(
                found.iter().all(|other| other["tokens"].as_array().unwrap()[..place] == tokens[..place])
            );
            assert!(number(&one["log_prob"]) < 0.0);
        }
    }
    let text = |answer: usize, one: usize| answers[answer]["translations"][one]["text"].as_str().unwrap();
    let expected: Vec<String> = [(1, 0, 0), (1, 0, 1), (1, 0, 2), (3, 2, 0), (3, 2, 1), (3, 2, 2)]
        .map(|(line, answer, one)| format!("{line}\t{}\n", text(answer, one)))
        .into();
    let out = translate(" --beam 2 --alternatives 3 --prefix one", "un deux\n\nun six\n").ok();
    assert_eq!(out, format!("{}2\t\n{}", expected[..3].concat(), expected[3..].concat()));
    let plain = translate(" --beam 1", "un deux\n").ok();
    assert_eq!(translate(" --beam 1 --alternatives 1", "un deux\n").ok(), format!("1\t{plain}"));
    assert!(translate(" --json", "un\n").json()[0]["translations"][0].get("alternative").is_none());
}

#[test]
fn what_does_not_go_with_alternatives_is_refused() {
    for options in ["--n-best 2", "--sample", "--mbr", "--diverse-groups 2", "--explain"] {
        let problem = translate(&format!(" --alternatives 2 {options}"), "un\n").problem();
        assert!(problem.contains("cannot be used with"), "{options}: {problem}");
    }
    let problem = translate(" --beam 100 --alternatives 101", "un\n").problem();
    assert!(problem.contains("--alternatives is 101; it must be between 1 and 100"), "{problem}");
}
