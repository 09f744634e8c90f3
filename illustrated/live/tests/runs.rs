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
    session.steps().steps().iter().map(|step| step.loss).collect()
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
    assert_eq!((again.moments(), again.shown()), (vec![0, 8, 16], "je suis étudiant"));
    let problem = session.go_back(7).unwrap_err().to_string();
    assert_eq!(problem, "step 7 was not kept; 0, 8, 16 were");
}

/// Moments are kept one by one, each once; a run that was resumed goes back to them.
#[test]
fn moments_that_were_kept_are_gone_back_to() {
    let mut session = trained(4);
    session.train(4).unwrap();
    session.train(8).unwrap();
    let as_it_was = losses(&session);
    assert_eq!(session.moments_kept(), [4, 8]);
    let kept: Vec<Vec<u8>> = [8, 4].map(|step| session.moment_to_bytes(step).unwrap()).to_vec();
    let mut again = Session::from_bytes(&session.to_bytes().unwrap()).unwrap();
    assert_eq!(again.moments(), [0, 16]);
    kept.iter().for_each(|moment| again.recall_bytes(moment).unwrap());
    assert_eq!(again.moments(), [0, 4, 8, 16]);
    again.go_back(8).unwrap();
    again.train(8).unwrap();
    assert_eq!(losses(&again), as_it_was);
    // Neither twice, nor what lies ahead, nor of another model.
    assert!(again.recall_bytes(&kept[0]).unwrap_err().to_string().contains("the moment after step 8"));
    assert!(trained(2).recall_bytes(&kept[0]).unwrap_err().to_string().contains("the moment after step 8"));
    let mut other = Settings::default();
    other.model.d_ff = 8;
    let mut other = Session::begin(other).unwrap();
    other.train(20).unwrap();
    assert!(other.recall_bytes(&kept[0]).is_err());
    assert_eq!(other.moments(), [0, 20]);
}

/// Of large models as many moments are kept as there is room for.
#[test]
fn what_is_kept_has_a_bound() {
    let mut settings = Settings::default();
    (settings.model.d_model, settings.model.d_ff) = (256, 512);
    let mut session = Session::begin(settings).unwrap();
    for _ in 0..5 {
        session.train(1).unwrap();
    }
    let bytes = session.moment_to_bytes(1).unwrap().len();
    let kept = session.moments_kept();
    assert_eq!((session.moments().len(), kept.len()), (6, live::state::MAX_KEPT_BYTES / bytes), "{bytes}");
}

/// A view of a moment is a recording that ends there, whatever the run did since, and whatever was shown before.
#[test]
fn a_moment_is_seen_as_it_was() {
    let mut session = trained(2);
    session.train(2).unwrap();
    let seen_then = session.view(4, true).unwrap();
    assert_eq!(session.seen_from(4).unwrap(), [0, 2, 4]);
    session.train(4).unwrap();
    session.show("merci").unwrap();
    let other = session.view(4, true).unwrap();
    let about = other.about();
    assert_eq!(
        (about.step, about.sentence.as_str(), about.reference.as_deref()),
        (4, "merci", Some("thanks"))
    );
    assert!(about.optimizer.is_some() && other.steps().len() == 4);
    assert_eq!(session.show("je suis étudiant").unwrap(), 0);
    assert_eq!(session.view(4, true).unwrap(), seen_then);
    // A sentence that is not learned is aimed at what the model makes of it.
    assert_eq!(session.show("étudiant vert").unwrap(), 1);
    let unlearned = session.view(8, false).unwrap();
    assert_eq!((unlearned.about().reference.as_deref(), unlearned.passes().len()), (None, 3));
}

#[test]
fn a_long_run_remembers_no_more_than_it_says() {
    let mut session = Session::begin(Settings::default()).unwrap();
    for _ in 0..60 {
        session.train(1).unwrap();
    }
    let moments = session.moments();
    assert_eq!((moments.len(), moments[0], moments[23]), (live::session::MAX_MOMENTS, 0, 60));
}

#[test]
fn what_is_saved_is_a_model_that_translates() {
    let mut live = Live::default();
    ask(&mut live, json!({"ask": "begin", "settings": Settings::default()}), &[]);
    ask(&mut live, json!({"ask": "train", "steps": 100}), &[]);
    let (_, model) = ask(&mut live, json!({"ask": "save"}), &[]);
    let translator = Translator::from_bytes("model.safetensors", &model).unwrap();
    assert_eq!(translator.translate(&["je suis étudiant"]).unwrap(), ["i am a student"]);
    // Dropped onto the page, it translates there, and every figure of a pass can be drawn.
    let (about, _) = ask(&mut live, json!({"ask": "open", "name": "model.safetensors"}), &model);
    assert_eq!(about["step"], 100);
    let (shown, _) = ask(&mut live, json!({"ask": "show", "line": "je suis étudiant"}), &[]);
    assert_eq!(shown["said"], "i am a student");
    let (view, _) = ask(&mut live, json!({"ask": "view", "step": 0, "held": []}), &[]);
    assert_eq!(view["seen"], json!([100]));
    let html = view["drawn"]["html"].as_str().unwrap();
    for id in ["self-attention", "attention-explorer", "beam-search", "decoding"] {
        assert!(html.contains(&format!("<figure id=\"{id}\"")), "{id}");
    }
}

#[test]
fn passes_arrive_as_they_were_recorded_and_once() {
    let mut live = Live::default();
    ask(&mut live, json!({"ask": "begin", "settings": Settings::default()}), &[]);
    ask(&mut live, json!({"ask": "train", "steps": 3}), &[]);
    let view = json!({"ask": "view", "step": 3, "figures": ["loss", "no such figure"], "held": [0]});
    let (answer, bytes) = ask(&mut live, view, &[]);
    assert_eq!(answer["seen"], json!([0, 3]));
    let figures = answer["drawn"]["figures"].as_object().unwrap();
    assert!(
        figures.len() == 1 && figures["loss"]["html"].as_str().unwrap().starts_with("<figure id=\"loss\"")
    );
    let mut session = trained(3);
    let recording = session.view(3, false).unwrap();
    let pass = recording.last_pass().unwrap();
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
