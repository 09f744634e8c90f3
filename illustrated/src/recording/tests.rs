use super::*;

fn token(text: &str) -> Token {
    Token { id: Some(7), text: text.into() }
}

fn followed() -> Followed {
    Followed {
        parameter: "encoder.embedding.weight".into(),
        index: vec![2, 0],
        t: 1,
        gradient: 0.5,
        first_moment: [0.0, 0.05],
        second_moment: [0.0, 0.005],
        corrected: [0.5, 0.25],
        weight: [1.0, 0.999],
        update: -1e-3,
    }
}

fn recording() -> Recording {
    let mut recording =
        Recording::new(About { sentence: "je suis".into(), seed: Some(u64::MAX), ..About::default() });
    let norms = vec![Norms { gradient: 0.1, weight: 1.0, update: 1e-3 }];
    recording.push(Event::Step(Step {
        step: 1,
        loss: 1.5,
        nll: 1.4,
        learning_rate: 1e-3,
        grad_norm: 0.1,
        norms,
        followed: vec![followed()],
    }));
    for step in [0, 1] {
        let (src, tgt) = (vec![token("je"), token("suis")], vec![token("i")]);
        let head = PassHead { step, src, tgt_in: tgt.clone(), tgt_out: tgt, loss: 1.5, nll: 1.25 };
        recording.push(Event::Pass(head));
        let data = vec![0.1, -2.5e-8, f32::NEG_INFINITY, f32::MAX, step as f32, 6.0];
        let array = Array { path: "encoder.out".into(), shape: vec![2, 3], rows: None, data };
        recording.push(Event::Value(array.clone()));
        recording.push(Event::Gradient(Array { data: vec![0.0; 6], ..array }));
        let said = Said { token: token("i"), logit: 2.0, log_prob: -0.1, target: 0.9, gradient: -0.2 };
        recording.push(Event::Output(Output { position: 0, words: vec![said], log_sum_exp: 2.1 }));
    }
    recording
}

#[test]
fn what_it_is_about_goes_with_the_steps() {
    let mut recording = recording();
    assert_eq!(recording.about().step, 1, "that of the last pass");
    recording.push(Event::Step(Step { step: 7, ..Step::default() }));
    recording.push(Event::Validated(Validated { step: 9, nll: 1.0, bleu: None }));
    assert_eq!(recording.about().step, 7);
}

#[test]
fn what_is_written_reads_back() {
    let written = recording();
    assert_eq!(Recording::from_json(&written.to_json()).unwrap(), written);
}

/// What was added to the format: a recording of before has none of it.
#[test]
fn a_recording_without_the_newer_fields_reads() {
    let mut written = recording();
    written.set_optimizer(Some(OptimizerRule { name: "Adam".into(), ..OptimizerRule::default() }));
    let json = written.to_json();
    let followed = serde_json::to_string(&[followed()]).unwrap();
    let older = json.replace(&format!(",\"followed\":{followed}"), "");
    let older = older.replace(",\"optimizer\":{\"name\":\"Adam\"}", "");
    assert!(!older.contains("followed") && !older.contains("optimizer"), "{older}");
    let read = Recording::from_json(&older).unwrap();
    assert!(read.steps()[0].followed.is_empty() && read.about().optimizer.is_none());
    assert_eq!(read.to_json(), older, "nothing is written where nothing is known");
}

#[test]
fn values_belong_to_the_pass_before_them() {
    let recording = recording();
    let passes = recording.passes();
    let found: Vec<(u64, f32)> = passes
        .iter()
        .map(|pass| (pass.head().step, pass.value("encoder.out").unwrap().at(&[1, 1])))
        .collect();
    assert_eq!(found, [(0, 0.0), (1, 1.0)]);
    assert_eq!(passes[1].gradient("encoder.out").unwrap().row(1), [0.0; 3]);
    assert!(passes[0].value("encoder").is_none());
    assert_eq!((passes[0].outputs().len(), recording.steps().len()), (1, 1));
}

#[test]
fn parameters_can_be_left_out() {
    let mut recording = Recording::new(About {
        parameters: vec![Parameter { name: "encoder.out".into(), shape: vec![2, 3] }],
        ..About::default()
    });
    super::tests::recording().events()[1..].iter().for_each(|event| recording.push(event.clone()));
    let without = recording.without_parameters();
    assert_eq!(without.events().len(), recording.events().len() - 2, "a value of each of two passes");
    let pass = without.last_pass().unwrap();
    assert!(pass.value("encoder.out").is_none() && pass.gradient("encoder.out").is_some());
}

#[test]
#[should_panic(expected = "encoder.out: no index [0, 3] in the shape [2, 3]")]
fn an_index_outside_is_told_with_the_shape() {
    recording().last_pass().unwrap().value("encoder.out").unwrap().at(&[0, 3]);
}

#[test]
fn what_is_no_recording_is_told() {
    let json = recording().to_json();
    for (json, problem) in [
        ("{}".to_string(), "not a recording: missing field `format`"),
        ("[1".to_string(), "not a recording: "),
        (
            json.replace("\"version\":1", "\"version\":2"),
            "a recording of version 2; this program reads version 1",
        ),
        (json.replace("etudiant recording", "piston"), "its format is \"piston\""),
        (
            json.replace("\"shape\":[2,3]", "\"shape\":[2,4]"),
            "encoder.out has 6 numbers for the shape [2, 4]",
        ),
        (json.replace("[2,3]", "[4294967296,4294967296]"), "encoder.out has 6 numbers"),
        (json.replace("{\"about\"", "{\"abuot\""), "a damaged recording: unknown variant"),
        (
            json.replacen(
                "\"events\":[",
                "\"events\":[{\"value\":{\"path\":\"a\",\"shape\":[0],\"data\":[]}},",
                1,
            ),
            "its first event",
        ),
        ("{\"format\":\"etudiant recording\",\"version\":1,\"events\":[]}".to_string(), "its first event"),
    ] {
        let found = Recording::from_json(&json).unwrap_err().to_string();
        assert!(found.contains(problem), "{found}");
    }
}
