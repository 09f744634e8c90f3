//! Folders that are not as a run left them: what was trained, and what is somebody's own, is never written over.

use std::fs;

use translate::Translator;

use crate::runs::{Toy, content, said};

/// Runs the command with these arguments after `train r.toml`; returns what it said, and whether it did it.
fn train(toy: &Toy, args: &str) -> (String, bool) {
    let args: Vec<&str> = ["train", "r.toml"].into_iter().chain(args.split(' ')).collect();
    let output = toy.command(&args).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 2)), "{}", said(&output));
    (said(&output), output.status.success())
}

fn model(toy: &Toy, name: &str) -> Translator {
    Translator::open(toy.path(name)).unwrap()
}

#[test]
fn a_run_whose_state_is_gone_is_not_begun_anew() {
    let toy = Toy::new(&["training.max_steps=10"]);
    let whole = toy.finish("run");
    assert!(model(&toy, "run/best.safetensors").about().step > 4, "beyond the first save");
    for name in ["model.safetensors", "best.safetensors", "checkpoints/step-00000010.safetensors"] {
        let path = toy.path("alone").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &whole[name]).unwrap();
        for (options, says) in [
            ("", "a model is here, and no state.safetensors to go on from; choose another --out"),
            (" --resume", "beginning anew would lose this model, of step "),
            (" --resume --set training.max_steps=2", "beginning anew would lose this model, of step "),
            (" --resume --set seed=5", "(seed was 1), so going on would not be the same run"),
        ] {
            let (text, done) = train(&toy, &format!("--out alone{options}"));
            assert!(!done && text.contains(&format!("error: alone/{name}: ")), "{text}");
            assert!(text.contains(says), "{text}");
        }
        assert!(fs::read(&path).unwrap() == whole[name]);
        assert_eq!(content(&toy.path("alone")).len(), 1);
        fs::remove_dir_all(toy.path("alone")).unwrap();
    }
}

/// What a run leaves that is killed between its first validation, after step 3, and its first save, after step 4.
#[test]
fn a_run_that_was_killed_before_its_first_save_is_begun_again() {
    let toy = Toy::new(&["training.max_steps=10"]);
    let whole = toy.finish("whole");
    train(&toy, "--out short --set training.max_steps=3");
    let leave = |out: &str| {
        fs::create_dir(toy.path(out)).unwrap();
        for name in ["best.safetensors", "model.safetensors"] {
            fs::copy(toy.path("short/best.safetensors"), toy.path(out).join(name)).unwrap();
        }
    };
    leave("again");
    let (text, done) = train(&toy, "--out again --resume --set training.max_steps=10");
    assert!(done && text.contains("nothing was saved yet: starting from step 0\n"), "{text}");
    assert!(content(&toy.path("again")) == whole);
    leave("unjudged");
    let (text, done) =
        train(&toy, "--out unjudged --resume --set training.max_steps=2 --set validation.every=0");
    assert!(done, "{text}");
    assert_eq!(model(&toy, "unjudged/model.safetensors").about().step, 2);
    assert!(!toy.path("unjudged/best.safetensors").exists());
}

/// A run that was killed after a validation goes on from the save before it.
#[test]
fn models_from_beyond_the_state_are_made_again_or_gone() {
    let toy = Toy::new(&[]);
    train(&toy, "--out more --set training.max_steps=9");
    assert_eq!(model(&toy, "more/best.safetensors").about().step, 9);
    let go_on = |out: &str, options: &str| {
        train(&toy, &format!("--out {out} --set training.max_steps=8"));
        for name in ["best.safetensors", "model.safetensors"] {
            fs::copy(toy.path("more/best.safetensors"), toy.path(out).join(name)).unwrap();
        }
        let (text, done) = train(&toy, &format!("--out {out} --resume {options}"));
        assert!(done, "{text}");
    };
    go_on("same", "--set training.max_steps=10");
    let best = |out: &str| model(&toy, &format!("{out}/best.safetensors")).params().clone();
    assert!(best("same").iter().eq(best("more").iter()));
    go_on("unjudged", "--set training.max_steps=8 --set training.average=0 --set validation.every=0");
    assert_eq!(model(&toy, "unjudged/model.safetensors").about().step, 8);
    assert!(!toy.path("unjudged/best.safetensors").exists());
}

#[test]
fn a_recipe_that_no_run_wrote_stays() {
    let toy = Toy::new(&[]);
    let own = fs::read(toy.path("r.toml")).unwrap();
    fs::write(toy.path("recipe.toml"), &own).unwrap();
    let (text, done) = train(&toy, "--out .");
    assert!(!done && text.starts_with("error: ./recipe.toml: no run wrote this"), "{text}");
    assert!(text.contains("choose another --out, or give this file another name"), "{text}");
    assert!(fs::read(toy.path("recipe.toml")).unwrap() == own);
    // That of a run that left nothing else worth keeping is written again.
    fs::create_dir(toy.path("run")).unwrap();
    fs::write(toy.path("run/recipe.toml"), "seed = 3").unwrap();
    fs::write(toy.path("run/metrics.jsonl"), "").unwrap();
    let (text, done) = train(&toy, "--out run --set training.max_steps=2");
    assert!(done, "{text}");
    assert!(fs::read_to_string(toy.path("run/recipe.toml")).unwrap().contains("seed = 1\n"));
}

#[test]
fn a_validation_pair_beyond_learned_positions_is_named_before_anything_is_trained() {
    let toy = Toy::new(&[]);
    let valid = fs::read_to_string(toy.path("valid.tsv")).unwrap();
    let lines = valid.lines().count();
    fs::write(toy.path("valid.tsv"), valid + "un un un un un un un\tone\n").unwrap();
    let (text, done) = train(&toy, "--out run --set model.positions=learned --set model.max_len=7");
    let expected = format!("error: valid.tsv:{}: a validation pair of 8 tokens, but learned", lines + 1);
    assert!(!done && text.contains(&expected), "{text}");
    assert!(!text.contains("What was saved before"), "{text}");
    let (text, done) = train(&toy, "--out run --set model.max_len=7 --set training.max_steps=4");
    assert!(done, "sinusoids go on: {text}");
}
