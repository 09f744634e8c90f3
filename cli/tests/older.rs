//! What version 0.1 wrote is read, translated with and gone on with.

use std::fs;
use std::path::Path;

use crate::common::{folder, run};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v0.1");

/// In f32, on a processor that may add in another order.
#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 2e-3, "{found}, expected {expected}");
}

#[test]
fn a_model_translates_by_the_search_that_its_recipe_names() {
    let model = format!("{FIXTURES}/model.safetensors");
    let said = run(&format!("translate --model {model} --n-best 3 --json"), "un trois\n").json();
    let found = &said[0]["translations"][1]; // the beam of 3 and alpha = 0.7 are in the recipe alone
    assert_eq!(found["text"], "one");
    assert_close(found["log_prob"].as_f64().unwrap(), -2.1934);
    assert_close(found["score"].as_f64().unwrap(), -1.9691);
    let about = &run(&format!("inspect {model} --json"), "").ok();
    assert!(
        about.contains("\"step\": 6") && about.contains("\"tie_embeddings\": \"target_with_output\""),
        "{about}"
    );
}

#[test]
fn a_run_goes_on_where_it_was_saved() {
    let folder = folder();
    for name in ["recipe.toml", "pairs.tsv"] {
        fs::copy(Path::new(FIXTURES).join(name), folder.path().join(name)).unwrap();
    }
    let out = folder.path().join("run");
    fs::create_dir(&out).unwrap();
    for name in ["model.safetensors", "state.safetensors"] {
        fs::copy(Path::new(FIXTURES).join(name), out.join(name)).unwrap();
    }
    let (recipe, data) = (folder.path().join("recipe.toml"), folder.path().display());
    let set = format!("--set training.max_steps=9 --set data.dir={data}");
    let said = run(&format!("train {} --resume --out {} {set}", recipe.display(), out.display()), "");
    assert!(said.err.contains("warning: text.drop_invisible stays false, as the vocabulary was made; version 0.1 kept those characters"));
    said.ok();
    let state = run(&format!("inspect {} --json", out.join("state.safetensors").display()), "").ok();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!((&state["step"], &state["history"][2]["step"]), (&9.into(), &9.into()));
    assert_close(state["history"][2]["nll"].as_f64().unwrap(), 1.2032472924752668);
    for validated in state["history"].as_array().unwrap() {
        let why = "no reference has four words; 0.1 had what smoothing made of it";
        assert!(validated["bleu"].is_null() || validated["bleu"] == 0.0, "{validated}: {why}");
    }
    assert_eq!(state["history"][2]["bleu"], 0.0);
}
