//! What a run is told by its recipe, and tells.

use std::fs;

use cli::train::state;
use serde_json::Value;
use translate::Translator;

use crate::runs::{Toy, content, said};

fn lines(toy: &Toy, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(toy.path("run/metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

/// A run that ends well, and all that it said.
#[track_caller]
fn train(toy: &Toy, out: &str) -> String {
    let output = toy.train(out).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn a_run_ends_after_its_epochs_and_goes_on_with_more() {
    let toy = Toy::new(&["training.max_epochs=3"]);
    let text = train(&toy, "run");
    let epoch = 4;
    assert!(
        text.contains("an epoch is 4 batches, 4 steps; the run ends after step 12, 3.0 epochs"),
        "{text}"
    );
    assert!(text.contains("step 12: all epochs taken, 3"), "{text}");
    assert!(text.contains("step 12 of 12  epoch 3 of 3 (4 of 4 batches)  loss "), "{text}");
    let last = |toy: &Toy| lines(toy, "train").last().unwrap()["step"].as_u64().unwrap();
    assert_eq!(last(&toy), 3 * epoch);
    let toy = toy.and_set("training.max_epochs=5");
    let text = train(&toy, "run");
    assert!(text.contains("going on from step 12") && last(&toy) == 5 * epoch, "{text}");
    train(&toy, "at once");
    let model = |out: &str| content(&toy.path(out)).remove("model.safetensors");
    assert!(model("run") == model("at once"), "bit for bit the run that never stopped");
    let toy = toy.and_set("training.max_epochs=4");
    let text = said(&toy.train("run").output().unwrap());
    assert!(text.contains("training.max_epochs is 4, but the run has begun epoch 5; raise it"), "{text}");
    let toy = toy.and_set("training.max_epochs=50").and_set("training.max_steps=21");
    assert!(train(&toy, "run").contains("step 21: all steps taken"));
}

#[test]
fn a_cosine_falls_to_the_end_of_the_epochs() {
    let cosine = "training.schedule={ kind = \"cosine\", peak = 0.01, min = 0.0, warmup_steps = 2 }";
    let toy = Toy::new(&[cosine, "training.max_epochs=2"]);
    train(&toy, "run");
    let recipe = state::load(&toy.path("run/state.safetensors")).unwrap().unwrap().recipe.to_toml();
    assert!(recipe.contains("total_steps = 8 "), "{recipe}");
    assert!(train(&toy, "run").contains("going on from step 8"));
}

#[test]
fn the_log_has_what_was_said_in_every_part_of_the_run() {
    let toy = Toy::new(&["training.max_steps=6", "training.log_every=3", "validation.samples=2"]);
    let text = train(&toy, "run");
    let toy = toy.and_set("training.max_steps=9");
    let text = text + &train(&toy, "run");
    let log = fs::read_to_string(toy.path("run/train.log")).unwrap();
    let has_date = |line: &str| {
        line.starts_with(|of: char| of.is_ascii_digit()) && line.as_bytes().get(4) == Some(&b'-')
    };
    let undated = |line: &str| {
        let line = if has_date(line) { line.split_once(' ').unwrap().1 } else { line };
        line.trim_start().to_string()
    };
    let same = log.lines().map(undated).eq(text.lines().map(undated));
    assert!(same, "one is the other, with the date:\n{log}\n{text}");
    for (part, times) in [
        ("going on from step 6", 1),
        ("step 3 of 6  epoch 1 (3 of 4 batches)", 1),
        ("step 9 of 9  epoch 3 (1 of 4 batches)", 1),
        ("  valid loss ", 3),
        ("  source       ", 6),
        ("  reference    ", 6),
        ("  translation  ", 6),
        ("is ready", 2),
    ] {
        assert_eq!(log.matches(part).count(), times, "{part:?}\n{log}");
    }
    // What ended a run stands there too.
    let toy = toy.and_set("training.max_steps=1000000");
    let mut child = toy.train("run").spawn().unwrap();
    crate::runs::wait_for_lines(&mut child, &toy.path("run"), 16);
    crate::runs::signal(&child, "TERM");
    child.wait().unwrap();
    let log = fs::read_to_string(toy.path("run/train.log")).unwrap();
    assert!(log.lines().last().unwrap().contains("  stopped and saved at step "), "{log}");
}

#[test]
fn samples_change_nothing_else() {
    let figures = |samples: &str| {
        let toy = Toy::new(&[samples, "training.max_steps=12"]);
        train(&toy, "run");
        let mut content = content(&toy.path("run"));
        content.retain(|name, _| name == "metrics.jsonl");
        content
    };
    assert!(figures("validation.samples=0") == figures("validation.samples=6"));
}

/// A run that ends with exit code 3, and all that it said.
#[track_caller]
fn diverge(toy: &Toy) -> String {
    let output = toy.train("run").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    said(&output)
}

/// Each step multiplies the parameters by 1 - lr: after some the loss is as large as f32 can be, and finite.
#[test]
fn a_run_that_ends_with_a_useless_model_is_not_called_ready() {
    let toy = Toy::new(&[
        "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.98, eps = 1e-9, weight_decay = 1000.0 }",
        "training.schedule={ kind = \"constant\", learning_rate = 1.0 }",
        "training.max_steps=3",
        "training.average=0",
        "validation.every=0",
    ]);
    let text = diverge(&toy);
    let last = text.lines().last().unwrap();
    let expected =
        "error: training diverged: the finished model, that of the last step, 3, has a perplexity of inf";
    assert!(last.starts_with(expected) && !text.contains("is ready"), "{text}");
    assert!(!toy.path("run/model.safetensors").exists());
}

/// As above, but slowly at first: the model of the first step can be used, the mean of the last two cannot.
#[test]
fn a_useless_mean_does_not_take_the_place_of_the_best_model() {
    let toy = Toy::new(&[
        "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.98, eps = 1e-9, weight_decay = 1000.0 }",
        "training.schedule={ kind = \"inverse_sqrt\", peak = 1.0, warmup_steps = 100, initial = 0.0 }",
        "training.max_steps=4",
        "training.save_every=1",
        "validation.every=1",
    ]);
    let text = diverge(&toy);
    assert!(
        text.lines().last().unwrap().contains("the mean of the last 2 checkpoints, has a perplexity of"),
        "{text}"
    );
    let content = content(&toy.path("run"));
    assert!(content["model.safetensors"] == content["best.safetensors"]);
}

#[test]
fn a_model_is_trained_on_with_other_data_and_another_optimizer() {
    let toy = Toy::new(&["training.max_steps=30", "training.average=0", "model.dropout=0.0"]);
    train(&toy, "first");
    let start = toy.path("first/model.safetensors");
    // The sizes and the vocabulary are the model's, whatever this recipe's defaults are.
    let recipe = format!(
        "[data]\ntrain.pairs = [\"valid.tsv\"]\nvalid.pairs = [\"train.tsv\"]\n\
         [training]\nstart_from = {start:?}\nmax_steps = 2\nfreeze = [\"encoder\", \"*.bias\"]\n\
         schedule = {{ kind = \"constant\", learning_rate = 0.0001 }}\n\
         optimizer = {{ kind = \"adamw\", beta1 = 0.9, beta2 = 0.98, eps = 1e-9, weight_decay = 0.1 }}\n\
         [validation]\nevery = 1\nsamples = 0\n"
    );
    fs::write(toy.path("fine.toml"), recipe).unwrap();
    let run = |args: &[&str]| {
        let all = [&["train", "fine.toml"], args].concat();
        let output = toy.command(&all).output().unwrap();
        (output.status.code(), said(&output))
    };
    let (code, text) = run(&["--out", "fine"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("starting from ") && text.contains("are frozen (training.freeze)"), "{text}");
    let [first, fine] =
        ["first", "fine"].map(|out| Translator::open(toy.path(out).join("model.safetensors")).unwrap());
    assert_eq!(fine.text().vocabulary_hash(), first.text().vocabulary_hash());
    let mut changed = 0;
    for ((_, name, before), (_, _, after)) in first.params().iter().zip(fine.params().iter()) {
        let frozen = name.starts_with("encoder.") || name.ends_with(".bias");
        assert_eq!(before == after, frozen, "{name}");
        changed += usize::from(!frozen);
    }
    assert!(changed > 5);
    // The run goes on without the model it began from.
    fs::remove_file(&start).unwrap();
    let (code, text) = run(&["--out", "fine", "--resume", "--set", "training.max_steps=4"]);
    assert!(code == Some(0) && text.contains("going on from step 2"), "{text}");
    let (code, text) = run(&["--out", "none"]);
    assert!(
        code == Some(2) && text.contains("model.safetensors: there is no such file; there is "),
        "{text}"
    );
}

#[test]
fn what_does_not_fit_the_model_to_start_from_is_named() {
    let toy = Toy::new(&["training.max_steps=3", "training.average=0"]);
    train(&toy, "first");
    let start = format!("training.start_from={}", toy.path("first/model.safetensors").display());
    let refused = |set: &[&str]| {
        let mut args = vec!["train", "r.toml", "--out", "second", "--set", &start];
        set.iter().for_each(|set| args.extend(["--set", set]));
        let output = toy.command(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let text = refused(&["model.d_ff=32", "text.lowercase=true"]);
    let expected =
        "the recipe asks for others (model.d_ff was 16, text.lowercase was false); leave out these keys";
    assert!(text.contains(expected), "{text}");
    assert!(refused(&["training.freeze=[\"encodr\"]"]).contains("no parameter is called \"encodr\""));
    assert!(refused(&["training.freeze=[\"*\"]"]).contains("leaves no parameter to train"));
    // A changed learning rate does not go with --resume, and how to do it is said.
    let args = ["train", "r.toml", "--out", "first", "--resume", "--set"];
    let rate = "training.schedule={ kind = \"constant\", learning_rate = 0.5 }";
    let output =
        toy.command(&[&args[..], &[rate, "--set", "training.max_steps=3"]].concat()).output().unwrap();
    let text = said(&output);
    assert!(text.contains("training.schedule.learning_rate was 0.01"), "{text}");
    assert!(text.contains("begin a run with --set training.start_from=first/model.safetensors"), "{text}");
    // What is told to start from is there: of a run that diverged there may be no model to use.
    fs::remove_file(toy.path("first/model.safetensors")).unwrap();
    let output =
        toy.command(&[&args[..], &[rate, "--set", "training.max_steps=3"]].concat()).output().unwrap();
    let text = said(&output);
    let (_, start) = text.trim_end().rsplit_once("training.start_from=").expect("a model to start from");
    assert!(start.starts_with("first/checkpoints/step-") && toy.path(start).exists(), "{text}");
}

#[test]
fn options_that_are_keys_of_the_recipe_are_told_of_as_such() {
    let toy = Toy::new(&[]);
    for (option, key) in [("--epochs", "training.max_epochs"), ("--lr=0.1", "training.schedule")] {
        let output = toy.command(&["train", "r.toml", option, "3"]).output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&format!("in its key {key}; or set it here: --set {key}=VALUE")), "{text}");
    }
    let output = toy.command(&["inspect", "no.safetensors", "--epochs"]).output().unwrap();
    assert!(!said(&output).contains("key"), "{}", said(&output));
}
