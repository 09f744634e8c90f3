//! A run that is stopped and gone on with is the run that never stopped, to the last bit of every file.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use cli::train::state;
use translate::Translator;

use crate::runs::{
    Content, Toy, assert_same, assert_whole, content, lines_told, said, signal, wait_for_lines,
};

const NUMBERS_OF_THREADS: [&str; 3] = ["1", "4", "2"];

/// Kills a run three times where it happens to stand, each part with another number of threads, and returns what is
/// there when it is done at last. On a busy machine a run may be over before it is killed; then another is begun.
fn killed_and_resumed(toy: &Toy) -> Content {
    for attempt in 0.. {
        let out = format!("parts-{attempt}");
        let mut kills = 0;
        for (threads, lines) in NUMBERS_OF_THREADS.iter().zip([5, 17, 38]) {
            let mut command = toy.train(&out);
            let mut child = command.env("RAYON_NUM_THREADS", threads).stderr(Stdio::null()).spawn().unwrap();
            wait_for_lines(&mut child, &toy.path(&out), lines);
            child.kill().unwrap();
            kills += usize::from(child.wait().unwrap().signal() == Some(9));
            assert_whole(&toy.path(&out));
        }
        if kills > 0 {
            return toy.finish(&out);
        }
    }
    unreachable!()
}

fn resumes_exactly(what: &str, set: &[&str]) -> Content {
    let toy = Toy::new(set);
    let whole = toy.finish("whole");
    assert_same(&killed_and_resumed(&toy), &whole, what);
    whole
}

#[test]
fn in_the_middle_of_an_epoch_and_between_validations_and_saves() {
    let content = resumes_exactly("as it is", &[]);
    let steps = ["00000052", "00000056", "00000060"];
    let expected = steps.map(|step| format!("checkpoints/step-{step}.safetensors"));
    assert_eq!(content.keys().take(4).collect::<Vec<_>>()[1..], expected.iter().collect::<Vec<_>>());
}

#[test]
fn in_the_middle_of_an_accumulated_step() {
    resumes_exactly("accumulated", &["training.accumulate=3", "training.shard_tokens=20"]);
}

#[test]
fn with_clipping_and_adamw() {
    let adamw =
        "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.98, eps = 1e-9, weight_decay = 0.1 }";
    resumes_exactly("adamw", &[adamw, "training.clip_norm=0.5", "model.attention_dropout=0.2"]);
}

#[test]
fn with_a_learning_rate_that_answers_to_validations() {
    let schedule = "training.schedule={ kind = \"reduce_on_plateau\", learning_rate = 0.05, factor = 0.7, \
                    patience = 0, threshold = 0.1, min = 0.0001 }";
    let content = resumes_exactly("plateau", &[schedule]);
    let metrics = String::from_utf8(content["metrics.jsonl"].clone()).unwrap();
    let rate = |line: &str| line.split(',').find(|field| field.contains("learning_rate")).map(str::to_string);
    let rates: std::collections::BTreeSet<String> = metrics.lines().filter_map(rate).collect();
    assert!(rates.len() > 2, "the rate fell, and fell again: {rates:?}");
}

#[test]
fn with_subwords_judged_by_bleu_and_without_a_mean() {
    let set = ["text.kind=bpe", "text.vocab_size=300", "validation.metric=bleu", "training.average=0"];
    let content = resumes_exactly("subwords", &set);
    assert_eq!(content["model.safetensors"], content["best.safetensors"]);
}

#[test]
fn judged_by_bleu_where_no_reference_has_four_words() {
    let toy = Toy::new(&["validation.metric=bleu", "validation.bleu_every=1", "training.average=0"]);
    let of_three: String = (0..6).map(|_| "un deux trois\tthree two one\n").collect();
    fs::write(toy.path("valid.tsv"), of_three).unwrap();
    let output = toy.train("run").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("no validation reference has four words"), "{}", said(&output));
    assert_judged_by_loss(&toy);
}

/// BLEU is 0 at every validation of the run, and the best is the one of the lowest loss.
fn assert_judged_by_loss(toy: &Toy) {
    let metrics = String::from_utf8(content(&toy.path("run"))["metrics.jsonl"].clone()).unwrap();
    let lines = metrics.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let judged: Vec<(f64, bool)> = lines
        .filter(|line| line["bleu"].is_number())
        .map(|line| {
            assert_eq!(line["bleu"], 0.0);
            (line["nll"].as_f64().unwrap(), line["best"].as_bool().unwrap())
        })
        .collect();
    let lowest = judged.iter().map(|judged| judged.0).fold(f64::INFINITY, f64::min);
    let best = judged.iter().rfind(|judged| judged.1).unwrap().0;
    assert!(judged.len() > 4 && best == lowest, "{judged:?}");
}

/// A model that says more than it should says four words, of which smoothing makes a BLEU above 0.
#[test]
fn translations_that_are_too_long_are_no_better_where_no_reference_has_four_words() {
    let toy = Toy::new(&["validation.metric=bleu", "validation.bleu_every=1"]);
    for (name, pairs) in [
        ("train.tsv", "un deux trois\tone two three four five\nun\tthree two one four five\n"),
        ("valid.tsv", "un deux trois\tthree\nun\tthree two one\n"),
    ] {
        fs::write(toy.path(name), pairs.repeat(10)).unwrap();
    }
    let output = toy.train("run").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_judged_by_loss(&toy);
}

#[test]
fn when_it_stops_early() {
    let schedule = "training.schedule={ kind = \"constant\", learning_rate = 0.3 }";
    let set = [schedule, "validation.patience=3", "training.max_steps=10000"];
    let content = resumes_exactly("early stopping", &set);
    assert!(content["metrics.jsonl"].iter().filter(|&&byte| byte == b'\n').count() < 10_000);
}

#[test]
fn when_it_is_asked_to_stop_and_the_printed_command_goes_on() {
    // It stops where no save is due, which must leave no trace among the checkpoints.
    let schedule = "training.schedule={ kind = \"constant\", learning_rate = 0.02 }";
    let toy = Toy::new(&["training.save_every=50", schedule]);
    let whole = toy.finish("whole");
    for name in ["TERM", "INT"] {
        let mut attempt = 0;
        let output = loop {
            let out = format!("it's my {name} {attempt}");
            let mut child = toy.train(&out).args(["--threads", "1"]).spawn().unwrap();
            // A run that is over before the signal reaches it cannot be stopped: begin another.
            if wait_for_lines(&mut child, &toy.path(&out), 10) {
                signal(&child, name);
            }
            let output = child.wait_with_output().unwrap();
            if !output.status.success() {
                break output;
            }
            attempt += 1;
        };
        let text = said(&output);
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("\nstopped and saved at step ") && !text.contains("error"), "{text}");
        assert!(text.contains("stopping after this step or validation; once more stops at once"), "{text}");
        assert!(text.contains(" of 60  epoch "), "the steps that no line has told of: {text}");
        let (_, command) = text.trim_end().rsplit_once("to go on: ").unwrap();
        let out = format!("it's my {name} {attempt}");
        assert!(command.contains(" --threads 1 "), "{command}");
        assert!(assert_whole(&toy.path(&out)).0);
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_etudiant")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let output = toy.in_folder("sh", &["-c", command]).env("PATH", path).output().unwrap();
        assert!(output.status.success(), "{command}\n{}", said(&output));
        assert_same(&content(&toy.path(&out)), &whole, name);
    }
}

#[test]
fn without_validations_and_with_a_model_at_each_stop() {
    let endless = ["training.max_steps=1000000", "training.save_every=1000000", "validation.every=0"];
    let toy = Toy::new(&endless);
    let mut step = 0;
    for _ in 0..2 {
        let told = lines_told(&toy.path("run"));
        let mut child = toy.train("run").spawn().unwrap();
        assert!(wait_for_lines(&mut child, &toy.path("run"), told + 5));
        signal(&child, "INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        step = state::load(&toy.path("run/state.safetensors")).unwrap().unwrap().progress.step;
        assert_eq!(Translator::open(toy.path("run/model.safetensors")).unwrap().about().step, step);
        let expected = format!("model.safetensors is that of step {step}; no validation has judged it\n");
        assert!(said(&output).contains(&expected), "{}", said(&output));
    }
    let enough = format!("training.max_steps={}", step + 3);
    let toy = toy.and_set(&enough);
    assert_same(&toy.finish("run"), &toy.finish("whole"), "unvalidated");
}

#[test]
fn a_stop_leaves_the_model_that_a_validation_has_chosen() {
    let still = "training.schedule={ kind = \"constant\", learning_rate = 0.0 }"; // none is better than the first
    let toy = Toy::new(&[still, "training.max_steps=1000000"]);
    let mut child = toy.train("run").spawn().unwrap();
    assert!(wait_for_lines(&mut child, &toy.path("run"), 10));
    signal(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(Translator::open(toy.path("run/model.safetensors")).unwrap().about().step, 3);
}

#[test]
fn a_cosine_goes_on_as_it_was_though_more_steps_are_asked_for() {
    let schedule = "training.schedule={ kind = \"cosine\", peak = 0.05, min = 0.001, warmup_steps = 3 }";
    let toy = Toy::new(&[schedule, "training.max_steps=12"]);
    toy.finish("run");
    let toy = toy.and_set("training.max_steps=16");
    let text = said(&toy.train("run").output().unwrap());
    let expected = "warning: training.schedule ends at its total_steps = 12: the steps after it, to";
    assert!(text.contains(expected) && text.contains("step 16: all steps taken"), "{text}");
    let recipe = fs::read_to_string(toy.path("run/recipe.toml")).unwrap();
    assert!(recipe.contains("total_steps = 12") && recipe.contains("max_steps = 16"), "{recipe}");
}

#[test]
fn with_more_steps_than_it_began_with() {
    let toy = Toy::new(&[]);
    let whole = toy.finish("whole");
    let mut args = toy.train_args("parts");
    args.extend(["--set", "training.max_steps=29"]); // between two saves
    let output = toy.command(&args).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let last = toy.path("parts/checkpoints/step-00000029.safetensors");
    assert_eq!(Translator::open(&last).unwrap().about().step, 29);
    let mut parts = toy.finish("parts");
    // The best model says how it was trained, and that may have been in the first part.
    let params =
        |out: &str| Translator::open(toy.path(out).join("best.safetensors")).unwrap().params().clone();
    for (_, name, value) in params("parts").iter() {
        assert_eq!(params("whole").as_ref().get(name), Some(value), "{name}");
    }
    parts.insert("best.safetensors".into(), whole["best.safetensors"].clone());
    assert_same(&parts, &whole, "more steps");
}

#[test]
fn a_run_that_is_done_stays_as_it_is() {
    let toy = Toy::new(&["training.max_steps=10"]);
    let done = toy.finish("run");
    assert_same(&toy.finish("run"), &done, "done");
    // Killed before the last file was written, it writes it.
    fs::remove_file(toy.path("run/model.safetensors")).unwrap();
    assert_same(&toy.finish("run"), &done, "done once more");
    // The mean of the last checkpoints is the model to use; without a mean it is the best one.
    assert!(done["model.safetensors"] != done["best.safetensors"]);
    let output = toy.train("run").args(["--set", "training.average=0"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let without = content(&toy.path("run"));
    assert!(without["model.safetensors"] == without["best.safetensors"]);
    // The mean of one checkpoint is the last.
    let output = toy.train("run").args(["--set", "training.average=1"]).output().unwrap();
    assert!(
        said(&output).contains("model.safetensors is that of the last step, 10: valid perplexity "),
        "{}",
        said(&output)
    );
    let load = |name: &str| Translator::open(toy.path("run").join(name)).unwrap();
    let (model, last) = (load("model.safetensors"), load("checkpoints/step-00000010.safetensors"));
    assert!(model.about().step == 10 && model.params().iter().eq(last.params().iter()));
    let text = said(&toy.train("run").output().unwrap());
    for part in [
        "validation BLEU, of greedy translations: nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|",
        "model.safetensors is the mean of the last 2 checkpoints: valid perplexity ",
        "best.safetensors is of step 9: valid perplexity ",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert_same(&toy.finish("run"), &done, "with a mean again");
    let output = toy.train("run").args(["--set", "training.max_steps=9"]).output().unwrap();
    let problem = "training.max_steps is 9, but the run stands at step 10; raise it to train on";
    assert!(output.status.code() == Some(2) && said(&output).contains(problem), "{}", said(&output));
    assert_same(&content(&toy.path("run")), &done, "refused");
    let output = toy.command(&["train", "r.toml", "--out", "run"]).output().unwrap();
    assert!(output.status.code() == Some(2) && said(&output).contains("at step 10; go on with --resume"));
}

#[test]
fn nobody_has_to_listen() {
    let toy = Toy::new(&["training.max_steps=10", "training.log_every=1"]);
    let whole = toy.finish("whole");
    let mut child = toy.train("unheard").spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take())); // closed pipes, as after `| head`
    assert!(child.wait().unwrap().success());
    assert_same(&content(&toy.path("unheard")), &whole, "unheard");
}

/// The recipe that a run keeps in its folder goes on with that run.
#[test]
fn by_the_recipe_in_its_own_folder() {
    let toy = Toy::new(&[]);
    let whole = toy.finish("whole");
    let short = toy.train("apart").args(["--set", "training.max_steps=24"]).output().unwrap();
    assert!(short.status.success(), "{}", said(&short));
    let args = ["train", "apart/recipe.toml", "--resume", "--set", "training.max_steps=60"];
    let output = toy.command(&args).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("going on from step 24"), "{}", said(&output));
    assert!(!toy.path("runs").exists(), "no other run is begun");
    let found = content(&toy.path("apart"));
    assert_eq!(
        found["checkpoints/step-00000060.safetensors"].len(),
        whole["checkpoints/step-00000060.safetensors"].len()
    );
}
