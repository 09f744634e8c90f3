//! What is held out is tried as training goes on, and changes nothing of it.

use live::{Live, Session, Settings};
use serde_json::json;

fn pairs(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|&(src, tgt)| (src.to_owned(), tgt.to_owned())).collect()
}

/// Nouns after two verbs: one of the four sentences is held out.
fn settings() -> Settings {
    let mut settings = Settings {
        pairs: pairs(&[("je mange", "i eat"), ("tu manges", "you eat"), ("je dors", "i sleep")]),
        held_out: pairs(&[("tu dors", "you sleep")]),
        ..Settings::default()
    };
    settings.model.dropout = 0.1; // so that a step draws random numbers
    settings
}

fn trained(settings: Settings) -> Session {
    let mut session = Session::begin(settings).unwrap();
    for steps in [1, 3, 4] {
        session.train(steps).unwrap();
    }
    session
}

fn losses(session: &Session) -> Vec<f64> {
    session.steps().steps().iter().map(|step| step.loss).collect()
}

fn validated(session: &Session) -> Vec<(u64, f64)> {
    session.steps().validations().iter().map(|found| (found.step, found.nll)).collect()
}

#[test]
fn a_run_goes_to_the_bit_as_without_it() {
    let without = trained(Settings { held_out: Vec::new(), ..settings() });
    let with = trained(settings());
    assert_eq!(losses(&with), losses(&without));
    assert!(validated(&without).is_empty());
    let steps: Vec<u64> = validated(&with).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [0, 1, 4, 8]);
    let (a, b) = (with.to_bytes().unwrap(), without.to_bytes().unwrap());
    let numbers =
        |bytes: &[u8]| bytes[8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize..].to_vec();
    assert_eq!(numbers(&a), numbers(&b), "parameters and what the optimizer remembers");
}

/// The loss is that of the pass which the figures show.
#[test]
fn its_loss_is_that_of_its_way_through_the_model() {
    let mut session = trained(settings());
    session.show("tu dors").unwrap();
    for (step, nll) in validated(&session) {
        let recording = session.view(step, false).unwrap();
        assert_eq!(recording.about().reference.as_deref(), Some("you sleep"));
        let shown = recording.last_pass().unwrap().head().nll;
        assert!((nll - shown).abs() < 1e-6, "after step {step}: {nll}, not {shown}");
        assert_eq!(recording.validations().last().unwrap().step, step);
    }
}

#[test]
fn it_goes_back_and_survives_with_the_run() {
    let mut session = trained(settings());
    let all = validated(&session);
    assert_eq!(validated(&Session::from_bytes(&session.to_bytes().unwrap()).unwrap()), all);
    session.go_back(4).unwrap();
    assert_eq!(validated(&session), all[..3]);
    session.train(4).unwrap();
    assert_eq!(validated(&session), all);
}

#[test]
fn a_long_run_remembers_some_of_its_validations() {
    let mut settings = settings();
    (settings.model.d_model, settings.model.d_ff, settings.model.n_heads) = (4, 4, 1);
    let mut session = Session::begin(settings).unwrap();
    for _ in 0..live::session::MAX_VALIDATIONS {
        session.train(1).unwrap();
    }
    let found = validated(&session);
    let last = live::session::MAX_VALIDATIONS as u64;
    assert_eq!((found.len() as u64, found.last().unwrap().0), (last / 2 + 1, last));
}

#[test]
fn it_is_translated_and_its_unknown_words_are_counted() {
    let mut live = Live::default();
    let mut settings = settings();
    settings.held_out.push(("tu chantes".into(), "You  SING".into()));
    let begun = live.answer(&json!({"ask": "begin", "settings": settings}).to_string(), &[]).json;
    assert_eq!((&begun["unknown"], begun["validated"].as_array().unwrap().len()), (&json!(2), 1), "{begun}");
    let trained = live.answer(&json!({"ask": "train", "steps": 60}).to_string(), &[]).json;
    assert_eq!(trained["validated"][0], 60, "{trained}");
    let tried = live.answer(&json!({"ask": "try"}).to_string(), &[]).json;
    assert_eq!(tried["held_out_wanted"], json!(["you sleep", "you sing"]));
    assert_eq!(tried["held_out"].as_array().unwrap().len(), 2);
    assert_eq!(tried["learned"], json!(["i eat", "you eat", "i sleep"]));
}

#[test]
fn what_cannot_be_held_out_is_told() {
    let many: Vec<[String; 2]> = (0..51).map(|at| [format!("un {at}"), format!("one {at}")]).collect();
    for (held_out, expected) in [
        (json!(many), "there are 51 pairs to hold out; at most 50 are tried"),
        (json!([["un", ""]]), "the translation of held-out pair 1 has no word"),
        (json!([["un", "one"], [" merci", "thank you"]]), "the sentence of held-out pair 2 is learned too"),
        (json!([["mot ".repeat(31), "word"]]), "the sentence of held-out pair 1 has 31 words"),
    ] {
        let begin = json!({"ask": "begin", "settings": {"held_out": held_out}});
        let answer = Live::default().answer(&begin.to_string(), &[]).json;
        assert!(answer["error"].as_str().unwrap().contains(expected), "{answer}");
    }
}
