//! A run trains, goes back, survives, and becomes a file.

use live::{Live, Session, Settings};
use serde_json::{Value, json};
use translate::Translator;

fn trained(steps: usize) -> Session {
    let mut session = Session::begin(Settings::default()).unwrap();
    session.train(steps).unwrap();
    session
}

fn losses(session: &Session) -> Vec<f64> {
    session.recording().steps().iter().map(|step| step.loss).collect()
}

/// An answer that is no error.
fn ask(live: &mut Live, request: Value, bytes: &[u8]) -> (Value, Vec<u8>) {
    let answer = live.answer(&request.to_string(), bytes);
    assert!(answer.json.get("error").is_none(), "{request}: {}", answer.json);
    (answer.json, answer.bytes)
}

#[test]
fn the_articles_sentences_are_learned_in_a_hundred_steps() {
    let session = trained(100);
    let sentences: Vec<String> = session.settings().pairs.iter().map(|pair| pair.0.clone()).collect();
    assert_eq!(session.translate(&sentences).unwrap(), ["thanks", "i am a student"]);
    let losses = losses(&session);
    assert!(losses[99] < losses[0] / 2.0, "{losses:?}");
}

#[test]
fn a_run_that_went_back_or_was_kept_goes_on_as_it_did() {
    let mut session = trained(8);
    session.record().unwrap();
    let kept = session.to_bytes().unwrap();
    session.train(8).unwrap();
    let as_it_was = losses(&session);
    session.go_back(8).unwrap();
    assert_eq!((session.moments(), losses(&session).len()), (vec![0, 8], 8));
    session.train(8).unwrap();
    assert_eq!(losses(&session), as_it_was);
    let mut again = Session::from_bytes(&kept).unwrap();
    again.train(8).unwrap();
    assert_eq!(losses(&again), as_it_was);
    assert_eq!((again.moments(), again.shown()), (vec![0, 8], "je suis étudiant"));
    let problem = session.go_back(7).unwrap_err().to_string();
    assert_eq!(problem, "step 7 was not kept; 0, 8 were");
}

#[test]
fn another_sentence_is_shown_at_every_moment() {
    let mut session = trained(4);
    session.record().unwrap();
    assert_eq!(session.show("  merci ").unwrap(), 0);
    let steps: Vec<(u64, usize)> =
        session.recording().passes().iter().map(|pass| (pass.head().step, pass.head().src.len())).collect();
    assert_eq!(
        (steps, session.recording().about().reference.as_deref()),
        (vec![(0, 2), (4, 2)], Some("thanks"))
    );
    // A sentence that is not learned is aimed at what the model makes of it.
    assert_eq!(session.show("étudiant vert").unwrap(), 1);
    assert_eq!(session.recording().about().reference, None);
    assert_eq!(session.recording().passes().len(), 2);
}

#[test]
fn a_long_run_remembers_no_more_than_it_says() {
    let mut session = Session::begin(Settings::default()).unwrap();
    for _ in 0..60 {
        session.train(1).unwrap();
        session.record().unwrap();
    }
    let moments = session.moments();
    assert_eq!((moments.len(), moments[0], moments[23]), (live::session::MAX_MOMENTS, 0, 60));
    let passes: Vec<u64> = session.recording().passes().iter().map(|pass| pass.head().step).collect();
    assert_eq!(passes, moments);
}

#[test]
fn what_is_saved_is_a_model_that_translates() {
    let mut live = Live::default();
    ask(&mut live, json!({"ask": "begin", "settings": Settings::default()}), &[]);
    ask(&mut live, json!({"ask": "train", "steps": 100, "record": true}), &[]);
    let (_, model) = ask(&mut live, json!({"ask": "save"}), &[]);
    let translator = Translator::from_bytes("model.safetensors", &model).unwrap();
    assert_eq!(translator.translate(&["je suis étudiant"]).unwrap(), ["i am a student"]);
    // Dropped onto the page, it translates there, and every figure of a pass can be drawn.
    let (about, _) = ask(&mut live, json!({"ask": "open", "name": "model.safetensors"}), &model);
    assert_eq!(about["step"], 100);
    let (shown, _) = ask(&mut live, json!({"ask": "show", "line": "je suis étudiant"}), &[]);
    assert_eq!(shown["moments"], json!([100]));
    let (chapters, _) = ask(&mut live, json!({"ask": "chapters"}), &[]);
    let html = chapters["html"].as_str().unwrap();
    for id in ["self-attention", "attention-explorer", "beam-search", "decoding"] {
        assert!(html.contains(&format!("<figure id=\"{id}\"")), "{id}");
    }
}

#[test]
fn passes_arrive_as_they_were_recorded() {
    let mut live = Live::default();
    ask(&mut live, json!({"ask": "begin", "settings": Settings::default()}), &[]);
    ask(&mut live, json!({"ask": "train", "steps": 3, "record": true}), &[]);
    let (answer, bytes) = ask(&mut live, json!({"ask": "passes", "steps": [3]}), &[]);
    let mut session = trained(3);
    session.record().unwrap();
    let pass = session.recording().last_pass().unwrap();
    let found = &answer["passes"][0];
    assert_eq!((answer["passes"].as_array().unwrap().len(), &found["head"]), (1, &json!(pass.head())));
    assert_eq!(found["outputs"], json!(pass.outputs()));
    let mut count = 0;
    for listed in found["arrays"].as_array().unwrap() {
        let (is_gradient, path) = (listed[0].as_bool().unwrap(), listed[1].as_str().unwrap());
        let array = if is_gradient { pass.gradient(path) } else { pass.value(path) }.unwrap();
        let start = 4 * listed[4].as_u64().unwrap() as usize;
        let numbers: Vec<u8> = array.data.iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(bytes[start..start + numbers.len()], numbers, "{path}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}
