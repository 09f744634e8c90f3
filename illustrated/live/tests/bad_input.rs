//! What people type by mistake is answered in words, and changes nothing.

use live::{Live, Settings};
use serde_json::{Value, json};

fn problem(live: &mut Live, request: &Value) -> String {
    let answer = live.answer(&request.to_string(), &[]).json;
    answer["error"].as_str().unwrap_or_else(|| panic!("{request} was answered: {answer}")).to_owned()
}

#[test]
fn settings_that_nothing_can_be_made_of_are_told() {
    let many: Vec<[String; 2]> = (0..51).map(|at| [format!("un {at}"), format!("one {at}")]).collect();
    let long = "mot ".repeat(2500);
    for (change, expected) in [
        (json!({"pairs": []}), "there are 0 pairs; 1 to 50 can be learned here"),
        (json!({"pairs": many}), "there are 51 pairs; 1 to 50"),
        (json!({"pairs": [["", "thanks"]]}), "the sentence of pair 1 has no word"),
        (json!({"pairs": [["merci", "\u{200b} "]]}), "the translation of pair 1 has no word"),
        (json!({"pairs": [[long, "much"]]}), "the sentence of pair 1 has 2500 words; at most 30"),
        (json!({"learning_rate": 0.0}), "the learning rate is 0; it lies above 0"),
        (json!({"smoothing": 1.0}), "the smoothing is 1; it lies from 0 to below 1"),
        (json!({"model": {"d_model": 63}}), "d_model"),
        (json!({"model": {"d_model": 0}}), "d_model"),
        (json!({"model": {"d_model": 1024, "n_heads": 4, "d_ff": 4096}}), "at most 4000000 train here"),
        (json!({"optimizer": "magic"}), "unknown variant `magic`"),
        (json!({"d_mdoel": 64}), "unknown field `d_mdoel`"),
    ] {
        let found = problem(&mut Live::default(), &json!({"ask": "begin", "settings": change}));
        assert!(found.contains(expected), "{change}: {found}");
    }
}

#[test]
fn requests_that_cannot_be_answered_are_told() {
    let mut live = Live::default();
    for ask in ["chapters", "save", "keep", "try", "recording"] {
        assert!(problem(&mut live, &json!({"ask": ask})).starts_with("nothing is open"), "{ask}");
    }
    assert!(
        problem(&mut live, &json!({"ask": "sing"})).starts_with("this is not understood: unknown variant")
    );
    assert!(problem(&mut live, &json!({"ask": "open", "name": "a.txt"})).contains("a.txt"));
    let begun = live.answer(&json!({"ask": "begin", "settings": Settings::default()}).to_string(), &[]);
    assert_eq!(begun.json["n_parameters"].as_u64().map(|count| count > 100_000), Some(true));
    for (line, expected) in [
        (" ".to_string(), "the sentence has no word"),
        ("a".repeat(10_000), ""),
        ("mot ".repeat(2500), "the sentence has 2500 words; at most 30"),
        ("🦀 مرحبا بالعالم".into(), ""),
    ] {
        let answer = live.answer(&json!({"ask": "show", "line": line}).to_string(), &[]).json;
        match expected {
            "" => assert!(answer["unknown"].as_u64() > Some(0), "{answer}"),
            _ => assert!(answer["error"].as_str().unwrap().contains(expected), "{answer}"),
        }
    }
    // A run that failed to begin leaves the one that was there.
    problem(&mut live, &json!({"ask": "begin", "settings": {"pairs": []}}));
    assert_eq!(
        live.answer(&json!({"ask": "train", "steps": 1, "record": false}).to_string(), &[]).json["step"],
        1
    );
}

#[test]
fn numbers_that_run_away_stop_the_run_and_say_so() {
    let mut live = Live::default();
    let settings = json!({"optimizer": "sgd", "learning_rate": 10.0, "warmup_steps": 0});
    assert!(
        live.answer(&json!({"ask": "begin", "settings": settings}).to_string(), &[])
            .json
            .get("error")
            .is_none()
    );
    let mut problem = None;
    for _ in 0..200 {
        let answer =
            live.answer(&json!({"ask": "train", "steps": 10, "record": false}).to_string(), &[]).json;
        problem = answer["error"].as_str().map(str::to_owned);
        if problem.is_some() {
            break;
        }
    }
    // Norms keep the values in bounds, so that it may also only learn nothing; it must not say that it did.
    let problem = problem.unwrap_or_default();
    assert!(problem.is_empty() || problem.contains("finite"), "{problem}");
}
