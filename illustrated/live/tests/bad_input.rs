//! What people type by mistake is answered in words, and changes nothing.

use live::settings::{RANGES, Range};
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
        (json!({"learning_rate": 0.0}), "the learning rate is 0; it lies from 0.000001 to 10"),
        (json!({"smoothing": 1.0}), "the smoothing is 1; it lies from 0 to 0.99"),
        (json!({"warmup_steps": 10_001}), "the number of steps of warm-up is 10001; it lies from 0 to 10000"),
        (
            json!({"seed": (1_u64 << 53) + 1}),
            "the seed is 9007199254740992; it lies from 0 to 9007199254740991",
        ),
        (json!({"model": {"d_model": 63}}), "n_heads 4 does not divide d_model 63"),
        (json!({"model": {"d_model": 0}}), "d_model is 0; it lies from 1 to 1024"),
        (json!({"model": {"n_heads": 32}}), "n_heads is 32; it lies from 1 to 16"),
        (json!({"model": {"d_ff": 8192}}), "d_ff is 8192; it lies from 1 to 4096"),
        (
            json!({"model": {"d_model": 2, "n_heads": 1, "n_encoder_layers": 100_000}}),
            "n_encoder_layers is 100000",
        ),
        (json!({"model": {"n_decoder_layers": 13}}), "n_decoder_layers is 13; it lies from 1 to 12"),
        (json!({"model": {"max_len": 513}}), "max_len is 513; it lies from 32 to 512"),
        (json!({"model": {"max_len": 8, "positions": "learned"}}), "max_len is 8; it lies from 32"),
        (json!({"model": {"dropout": 1.0}}), "the dropout is 1; it lies from 0 to 0.99"),
        (json!({"model": {"attention_dropout": -0.1}}), "the dropout of attention is -0.1"),
        (json!({"model": {"d_model": 1024, "n_heads": 4, "d_ff": 4096}}), "at most 4000000 train here"),
        (json!({"optimizer": "magic"}), "unknown variant `magic`"),
        (json!({"d_mdoel": 64}), "unknown field `d_mdoel`"),
    ] {
        let found = problem(&mut Live::default(), &json!({"ask": "begin", "settings": change}));
        assert!(found.contains(expected), "{change}: {found}");
    }
}

/// What the form lets through, the module takes; and the other way round.
#[test]
fn the_form_has_the_ranges_of_the_module() {
    let script = include_str!("../web/settings.js");
    let numbers: Vec<&str> =
        script.lines().filter(|line| line.starts_with("  [\"") && line.contains(", [")).collect();
    let not_in_form = ["model.max_len", "model.attention_dropout"];
    for Range { name, least, greatest, .. } in RANGES {
        let line = numbers.iter().find(|line| line.starts_with(&format!("  [\"{name}\", ")));
        match line {
            Some(line) => {
                assert!(line.contains(&format!(", [{least}, {greatest}, ")), "{line}: {least}, {greatest}")
            }
            None => assert!(not_in_form.contains(&name), "{name}"),
        }
    }
    assert_eq!(numbers.len() + not_in_form.len(), RANGES.len());
}

/// The longest sentences, and more of them than are learned at first, at the bounds of the positions.
#[test]
fn the_longest_sentences_fit_into_the_fewest_positions() {
    let words: Vec<String> = (0..30).map(|at| format!("w{at}")).collect();
    let settings = json!({
        "pairs": [[words.join(" "), words.join(" ")]],
        "model": {"d_model": 8, "n_heads": 1, "d_ff": 8, "max_len": 32, "positions": "learned"},
    });
    let mut live = Live::default();
    for request in [
        json!({"ask": "begin", "settings": settings}),
        json!({"ask": "train", "steps": 2}),
        json!({"ask": "try"}),
        json!({"ask": "view", "step": 2, "held": []}),
    ] {
        let answer = live.answer(&request.to_string(), &[]).json;
        assert!(answer.get("error").is_none(), "{request}: {answer}");
    }
}

#[test]
fn requests_that_cannot_be_answered_are_told() {
    let mut live = Live::default();
    for request in [
        json!({"ask": "save"}),
        json!({"ask": "keep"}),
        json!({"ask": "try"}),
        json!({"ask": "train", "steps": 1}),
        json!({"ask": "view", "step": 0, "held": []}),
        json!({"ask": "recording", "step": 0}),
    ] {
        assert!(problem(&mut live, &request).starts_with("nothing is open"), "{request}");
    }
    assert!(
        problem(&mut live, &json!({"ask": "sing"})).starts_with("this is not understood: unknown variant")
    );
    assert!(problem(&mut live, &json!({"ask": "open", "name": "a.txt"})).contains("a.txt"));
    let begun = live.answer(&json!({"ask": "begin", "settings": Settings::default()}).to_string(), &[]);
    assert_eq!(begun.json["step"], 0, "{}", begun.json);
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
    assert_eq!(live.answer(&json!({"ask": "train", "steps": 1}).to_string(), &[]).json["step"], 1);
}

#[test]
fn numbers_that_run_away_stop_the_run_and_say_so() {
    for optimizer in ["sgd", "momentum"] {
        let mut live = Live::default();
        let mut settings: Value = serde_json::from_str(&Settings::default().to_json()).unwrap();
        settings["optimizer"] = json!(optimizer);
        settings["learning_rate"] = json!(10.0);
        settings["warmup_steps"] = json!(0);
        let begun = live.answer(&json!({"ask": "begin", "settings": settings}).to_string(), &[]).json;
        assert_eq!(begun["step"], 0, "{begun}");
        let train = json!({"ask": "train", "steps": 100});
        let found = problem(&mut live, &train);
        assert!(found.starts_with("not a finite number in step "), "{optimizer}: {found}");
        assert!(found.contains("a lower learning rate"), "{optimizer}: {found}");
        // The last moment with finite numbers is named: it can be gone back to, and looked at.
        let good = live.answer(&train.to_string(), &[]).json["good"].as_u64().unwrap();
        let view = live.answer(&json!({"ask": "view", "step": good, "held": []}).to_string(), &[]).json;
        assert!(view.get("error").is_none(), "{optimizer}: {view}");
        // The run stands before that step, and its numbers may be too large to say anything. At a moment before they are not.
        for request in [json!({"ask": "keep"}), json!({"ask": "back", "step": 0}), json!({"ask": "try"})] {
            let answer = live.answer(&request.to_string(), &[]).json;
            assert!(answer.get("error").is_none(), "{optimizer}: {answer}");
        }
    }
}
