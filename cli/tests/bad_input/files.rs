//! Saves and models that are not what they are taken for.

use std::fs;

use super::assert_refused;
use crate::runs::{Toy, content};

/// A toy run that is saved after ten steps.
fn saved() -> Toy {
    let toy = Toy::new(&["training.max_steps=10"]);
    toy.finish("run");
    toy
}

#[test]
fn runs_that_are_not_the_one_that_was_saved() {
    let toy = saved();
    let before = content(&toy.path("run"));
    let plain = ["train", "r.toml", "--out", "run", "--set", "training.max_steps=20"];
    let resume = [&plain[..], &["--resume"]].concat();
    let other = |set: &'static str| [&resume[..], &["--set", set]].concat();
    let mut cases = 0;
    let mut refused = |args: &[&str], says: &[&str]| {
        println!("{}", assert_refused(&toy, args, says));
        cases += 1;
    };
    let state = "run/state.safetensors: ";
    refused(
        &plain,
        &[state, "a run is saved here, at step 10; go on with --resume, or choose another --out"],
    );
    refused(&other("training.smoothing=0.2"), &[state, "(training.smoothing was 0.1)", "another --out"]);
    refused(
        &other(
            "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.98, eps = 1e-9, weight_decay = 0.1 }",
        ),
        &[state, "training.optimizer.kind was \"adam\"", "training.optimizer.weight_decay was not set"],
    );
    refused(
        &other("data.valid={ source = [\"a\"], target = [\"b\"], pairs = [\"valid.tsv\"] }"),
        &["a: there is no such file"],
    );
    for name in ["train.tsv", "valid.tsv"] {
        let text = fs::read_to_string(toy.path(name)).unwrap();
        fs::write(toy.path(name), format!("{text}un deux\tone two\n")).unwrap();
        refused(
            &resume,
            &[state, "are not those that the run began with; restore them, or choose another --out"],
        );
        fs::write(toy.path(name), text).unwrap();
    }
    assert!(content(&toy.path("run")) == before, "a refused run changed the folder");

    let (path, bytes) = (toy.path("run/state.safetensors"), before["state.safetensors"].clone());
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for (bytes, says) in [
        (&before["model.safetensors"], "this is a model file, but a state file is needed here"),
        (&damaged, "the file is damaged in tensor `"),
        (&bytes[..1000].to_vec(), "not a complete safetensors file"),
        (&vec![], "not a complete safetensors file"),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(&resume, &[state, says]);
    }
    fs::remove_file(&path).unwrap();
    refused(
        &plain,
        &["run/model.safetensors: a model is here, and no state.safetensors", "choose another --out"],
    );
    fs::write(&path, bytes).unwrap();
    let metrics = String::from_utf8(before["metrics.jsonl"].clone()).unwrap();
    fs::write(toy.path("run/metrics.jsonl"), metrics.replacen("{\"", "{", 1)).unwrap();
    refused(&resume, &["run/metrics.jsonl:1: not a line of a training run", "mend it, or remove the line"]);
    println!("bad input, resuming: {cases} of {cases} refused");
}

#[test]
fn files_that_are_no_model() {
    let toy = saved();
    let model = fs::read(toy.path("run/model.safetensors")).unwrap();
    let mut damaged = model.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let header = r#"{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let foreign = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat();
    for (name, bytes) in [
        ("text", &b"this is no model at all\n"[..]),
        ("empty", b""),
        ("damaged", &damaged),
        ("cut", &model[..model.len() - 1]),
        ("foreign", &foreign),
        ("state", &fs::read(toy.path("run/state.safetensors")).unwrap()),
    ] {
        fs::write(toy.path(name), bytes).unwrap();
    }
    fs::create_dir(toy.path("folder")).unwrap();
    let files = [
        ("missing", "there is no such file; a run of `etudiant train` leaves its model in its folder"),
        ("folder", ""),
        ("text", "not a complete safetensors file"),
        ("empty", "not a complete safetensors file"),
        ("cut", "not a complete safetensors file"),
        ("damaged", "the file is damaged"),
        (
            "foreign",
            "no model of `etudiant train`; import weights of other programs with `transformer::import`",
        ),
        ("state", "this is a state file, but a model file is needed here"),
    ];
    let mut cases = 0;
    for (file, says) in files {
        for args in [
            vec!["translate", "--model", file],
            vec!["average", "--out", "mean", "run/best.safetensors", file],
            vec!["evaluate", "--model", file, "--source", "train.tsv", "--reference", "train.tsv"],
            vec!["score", "--model", file, "--source", "train.tsv", "--target", "train.tsv"],
        ] {
            assert_refused(&toy, &args, &[&format!("{file}: "), says]);
            cases += 1;
        }
    }
    // `inspect` shows every file that is whole, whatever it is.
    for (file, says) in &files[..6] {
        assert_refused(&toy, &["inspect", file], &[&format!("{file}: "), says]);
        cases += 1;
    }
    assert!(!toy.path("mean").exists());
    println!("bad input, models: {cases} of {cases} refused");
}
