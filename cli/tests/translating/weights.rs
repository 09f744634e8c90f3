//! Smaller weights: nearly the same translations, and a line's own whatever its company.

use super::{test_set, translate};

/// The translations and their log-probabilities.
fn answers(options: &str, input: &str) -> Vec<(String, f64)> {
    let out = translate(&format!(" --scores{options}"), input).ok();
    let answer = |line: &str| {
        let mut fields = line.split('\t');
        (fields.next().unwrap().to_string(), fields.next().unwrap().parse().unwrap())
    };
    out.lines().map(answer).collect()
}

#[test]
fn smaller_weights_round_a_little_and_say_nearly_the_same() {
    let (input, _) = test_set(200);
    let whole = answers("", &input);
    assert_eq!(answers(" --weights f32", &input), whole);
    for (weights, most) in [("bf16", 0.1), ("int8", 0.3)] {
        let found = answers(&format!(" --weights {weights}"), &input);
        let same: Vec<_> = found.iter().zip(&whole).filter(|(found, whole)| found.0 == whole.0).collect();
        assert!(same.len() >= 190, "{weights}: {} of 200 translations are the same", same.len());
        assert!(same.iter().all(|(found, whole)| (found.1 - whole.1).abs() < most), "{weights}");
        assert!(same.iter().any(|(found, whole)| found.1 != whole.1), "{weights} has rounded nothing");
    }
}

#[test]
fn a_line_is_answered_by_smaller_weights_as_it_is_alone() {
    let (input, _) = test_set(40);
    for weights in [" --weights bf16", " --weights int8 --beam 3"] {
        let all = answers(weights, &input);
        for (line, expected) in input.lines().zip(&all).step_by(13) {
            assert_eq!(&answers(weights, line)[0], expected, "{weights}");
        }
    }
}

#[test]
fn explanations_are_of_the_weights_as_they_are() {
    let problem = translate(" --explain --weights int8", "un").problem();
    assert!(problem.contains("'--explain' cannot be used with '--weights <WEIGHTS>'"), "{problem}");
}
