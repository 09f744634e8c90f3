//! Model files: what `average` makes of them, and what `inspect` says of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nn::checkpoint::Checkpoint;
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Ended, file, folder, run, toy, toy_recipe};

/// The folder of a finished run of 12 steps, validated and saved at every fourth; its model is the mean of the last
/// two checkpoints. Nobody changes it.
fn a_run() -> &'static Path {
    static RUN: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let train = || {
        let folder = folder();
        let (recipe, out) = (toy_recipe(folder.path(), 12), folder.path().join("run"));
        let valid =
            (file(folder.path(), "v.fr", "un deux\nsix\n"), file(folder.path(), "v.en", "one two\nsix\n"));
        let set = "--set training.save_every=4 --set training.average=2 --set validation.every=4";
        let valid = format!("--set data.valid={{source=[{:?}],target=[{:?}]}}", valid.0, valid.1);
        run(&format!("train {recipe} --out {} {set} {valid}", out.display()), "").ok();
        (folder, out)
    };
    &RUN.get_or_init(train).1
}

fn path_in_run(name: &str) -> String {
    a_run().join(name).display().to_string()
}

fn checkpoint(step: u64) -> String {
    path_in_run(&format!("checkpoints/step-{step:08}.safetensors"))
}

fn average(out: &Path, checkpoints: &[&str]) -> Ended {
    run(&format!("average --out {} {}", out.display(), checkpoints.join(" ")), "")
}

fn inspect(args: &str) -> String {
    run(&format!("inspect {args}"), "").ok()
}

fn inspect_json(args: &str) -> Value {
    serde_json::from_str(&inspect(&format!("{args} --json"))).unwrap()
}

#[test]
fn an_average_is_the_one_that_training_makes() {
    let folder = folder();
    let out = folder.path().join("mean.safetensors");
    let said = average(&out, &[&checkpoint(8), &checkpoint(12)]).ok();
    assert_eq!(said, format!("{}: the mean of 2 checkpoints, of the steps 8, 12\n", out.display()));
    assert!(fs::read(&out).unwrap() == fs::read(path_in_run("model.safetensors")).unwrap());
    let translated = run(&format!("translate --model {}", out.display()), "un\n").ok();
    assert_eq!(translated.lines().count(), 1);
}

#[test]
fn an_average_is_never_written_over_a_file() {
    let folder = folder();
    let notes = file(folder.path(), "notes.txt", "mine");
    for there in [&notes, &checkpoint(8), &path_in_run("model.safetensors"), &path_in_run("checkpoints")] {
        let before = fs::read(there).ok();
        let problem = average(Path::new(there), &[&checkpoint(8), &checkpoint(12)]).problem();
        assert!(problem.contains(&format!("{there}: this is there already")), "{problem}");
        assert!(fs::read(there).ok() == before);
    }
}

#[test]
fn what_cannot_be_averaged_leaves_no_file() {
    let folder = folder();
    let out = folder.path().join("mean.safetensors");
    let refused = |checkpoints: &[&str], reason: &str| {
        let problem = average(&out, checkpoints).problem();
        assert!(problem.contains(reason), "{problem}");
        assert!(!out.exists());
    };
    let (one, state) = (checkpoint(8), path_in_run("state.safetensors"));
    refused(&[&one], "an average takes two checkpoints of one run or more; 1 named");
    refused(&[&one, &one], "it is of step 8, as");
    refused(&[&one, &path_in_run("model.safetensors")], "this is the mean of 2 checkpoints already");
    refused(&[&one, &state], "this is a state file, but a model file is needed here");
    refused(&[&one, &checkpoint(99)], "there is no such file; there is ");
    let words = file(folder.path(), "words.txt", "no model");
    refused(&[&one, &words], "not a complete safetensors file");
    let problem = average(&folder.path().join("no/mean.safetensors"), &[&one, &checkpoint(12)]).problem();
    assert!(problem.contains("cannot write the file"), "{problem}");
}

#[test]
fn checkpoints_of_two_runs_are_not_averaged() {
    let folder = folder();
    let recipe = toy_recipe(folder.path(), 1);
    let out = folder.path().join("other");
    run(&format!("train {recipe} --set seed=2 --out {}", out.display()), "").ok();
    let other = out.join("model.safetensors").display().to_string();
    let problem = average(&folder.path().join("mean"), &[toy(), &other]).problem();
    assert!(
        problem.contains(&format!("{other}: another recipe than {} (seed was 1 there)", toy())),
        "{problem}"
    );
}

#[test]
fn a_model_is_told_with_its_history() {
    let text = inspect(&path_in_run("model.safetensors"));
    let json = inspect_json(&path_in_run("model.safetensors"));
    let checksum = json["checksum"].as_str().unwrap();
    for expected in [
        format!("checksum {checksum} verified)").as_str(),
        "the mean of the steps 8, 12, seed 1",
        "toy.fr",
        "schedule = { kind = \"constant\", learning_rate = 0.003 }",
        "d_model = 32, n_heads = 2",
        "bpe, 320 tokens for both languages; hash ",
        "<pad> <bos> <eos> <unk>",
        "decoder.layers.1",
        "validation",
        "nll  ",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    let numel = |tensor: &Value| -> u64 {
        tensor["shape"].as_array().unwrap().iter().map(|len| len.as_u64().unwrap()).product()
    };
    let total: u64 = json["tensors"].as_array().unwrap().iter().map(numel).sum();
    assert_eq!((json["parameters"].as_u64(), &json["kind"]), (Some(total), &Value::from("model")));
    assert_eq!(json["averaged"], serde_json::json!([8, 12]));
    let steps: Vec<_> = json["history"].as_array().unwrap().iter().map(|valid| &valid["step"]).collect();
    assert_eq!(steps, [4, 8, 12]);
    assert_eq!((json["config"]["d_model"].as_u64(), json["vocabulary"].get("tokens")), (Some(32), None));
}

#[test]
fn the_recipe_in_a_model_trains_the_same_model_again() {
    let folder = folder();
    let json = inspect_json(&checkpoint(4));
    let recipe = file(folder.path(), "again.toml", json["recipe"].as_str().unwrap());
    let out = folder.path().join("again");
    run(&format!("train {recipe} --out {}", out.display()), "").ok();
    let (first, again) = (path_in_run("model.safetensors"), out.join("model.safetensors"));
    assert!(fs::read(first).unwrap() == fs::read(again).unwrap());
}

#[test]
fn every_tensor_and_every_token_is_told_on_demand() {
    let text = inspect(&format!("{} --params --vocabulary", checkpoint(4)));
    let json = inspect_json(&format!("{} --vocabulary", checkpoint(4)));
    for tensor in json["tensors"].as_array().unwrap() {
        let name = tensor["name"].as_str().unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).expect(name);
        let shape = tensor["shape"].to_string().replace(',', ", ");
        assert!(line.contains(&shape) && line.contains("f32"), "{line}");
    }
    let tokens = json["vocabulary"]["tokens"][0].as_array().unwrap();
    assert_eq!((tokens.len(), &tokens[2]), (320, &Value::from("<eos>")));
    for (id, token) in tokens.iter().enumerate() {
        let line = format!("{id:>6}  {}", token.as_str().unwrap());
        assert!(text.lines().any(|found| found == line), "no `{line}`");
    }
}

#[test]
fn a_state_says_how_to_go_on_and_that_works() {
    let folder = folder();
    let (recipe, out) = (toy_recipe(folder.path(), 3), folder.path().join("run"));
    run(&format!("train {recipe} --out {}", out.display()), "").ok();
    let state = out.join("state.safetensors").display().to_string();
    let text = inspect(&state);
    assert!(text.contains("\nstep         3 of 3, seed 1\n"), "{text}");
    assert!(text.contains("\nbest         no validation yet\n"), "{text}");
    let last = text.lines().last().unwrap();
    let command = last.strip_prefix("all steps are taken; for more: etudiant ").expect(last);
    run(command, "").ok();
    let json = inspect_json(&state);
    assert_eq!((&json["step"], &json["kind"]), (&Value::from(6), &Value::from("state")));
    assert!(inspect(&format!("{state} --params")).contains("\noptimizer."));
}

#[test]
fn tensors_of_other_programs_are_listed() {
    let folder = folder();
    let header =
        r#"{"a.weight":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]},"__metadata__":{"by":"x"}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 16]].concat();
    let path = file(folder.path(), "other.safetensors", bytes);
    let text = inspect(&path);
    for expected in
        ["tensors of another program", "no checksum to verify", "no model of `etudiant train`", "by = x"]
    {
        assert!(text.contains(expected), "{text}");
    }
    let row = text.lines().find(|line| line.starts_with("a.weight")).expect(&text);
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["a.weight", "[1,", "2]", "f64", "2"]);
    let json = inspect_json(&path);
    assert_eq!((&json["kind"], &json["metadata"]["by"]), (&Value::from("other"), &Value::from("x")));
    assert_eq!((&json["checksum"], &json["tensors"][0]["dtype"]), (&Value::Null, &Value::from("f64")));
}

#[test]
fn a_model_is_shown_whose_recipe_is_of_a_newer_version() {
    let folder = folder();
    let Checkpoint { tensors, mut metadata } = nn::checkpoint::load(toy()).unwrap();
    metadata.get_mut("etudiant.recipe").unwrap().push_str("[future]\nkey = 1\n");
    let path = folder.path().join("newer.safetensors");
    nn::checkpoint::save(&path, &tensors, &metadata).unwrap();
    let text = run(&format!("inspect {}", path.display()), "").ok();
    for part in
        ["trained        to step 150\n", "there is no key `future` here", "vocabulary", "d_model = 32"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = inspect_json(&path.display().to_string());
    assert_eq!((&json["seed"], &json["recipe"]), (&Value::Null, &Value::from(&*metadata["etudiant.recipe"])));
    run(&format!("translate --model {}", path.display()), "un").ok();
}

#[test]
fn a_file_of_numbers_that_are_not_computed_with_is_shown() {
    let mut header = String::new();
    let dtypes = [("I64", 8), ("I32", 4), ("U8", 1), ("BOOL", 1), ("F8_E5M2", 1), ("F16", 2), ("BF16", 2)];
    let mut end = 0;
    for (dtype, size) in dtypes {
        let start = end;
        end += 3 * size;
        header +=
            &format!(r#","{dtype} x":{{"dtype":"{dtype}","shape":[3],"data_offsets":[{start},{end}]}}"#);
    }
    let header = format!("{{{}}}", &header[1..]);
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; end]].concat();
    let folder = folder();
    let path = file(folder.path(), "any.safetensors", bytes);
    let (text, json) = (inspect(&path), inspect_json(&path));
    for (place, (dtype, _)) in dtypes.into_iter().enumerate() {
        let row = text.lines().find(|line| line.starts_with(&format!("{dtype} x"))).expect(&text);
        assert!(row.ends_with(" 3") && row.contains(&format!("  {}  ", dtype.to_lowercase())), "{row}");
        assert_eq!(json["tensors"][place]["dtype"], dtype.to_lowercase());
    }
    for in_vain in ["--vocabulary", "--params --json"] {
        let said = run(&format!("inspect {path} {in_vain}"), "").err;
        assert!(said.starts_with("warning: --") && said.contains(" does nothing "), "{said}");
    }
    assert!(
        text.contains("\n5 of them are of a dtype or rank that is shown here and not computed with\n"),
        "{text}"
    );
}

#[test]
fn of_a_damaged_file_nothing_is_shown() {
    let folder = folder();
    let good = fs::read(checkpoint(4)).unwrap();
    let middle = good.len() - 1000;
    for (place, reason) in
        [(middle, "the file is damaged in tensor"), (200, "damaged"), (3, "not a complete")]
    {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        let path = file(folder.path(), "damaged.safetensors", bytes);
        let ended = run(&format!("inspect {path}"), "");
        assert_eq!(ended.out, "");
        let problem = ended.problem();
        assert!(problem.contains(&path) && problem.contains(reason), "{problem}");
    }
    let problem = run("inspect no/such.file", "").problem();
    assert!(problem.contains("no/such.file: there is no such file; there is no folder no"), "{problem}");
}
