//! Accidents: kills, full disks, damaged files, a second run, numbers that are not finite. Nothing that was saved is
//! lost, nothing that is not whole is taken for it, and nothing panics.
//!
//! `cargo test --test command faults -- --nocapture` prints how many of each there were.

mod damage;
mod disk;
mod folder;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use nn::NamedTensors;
use nn::checkpoint::{self, Checkpoint};
use tensor::Tensor;
use translate::Translator;

use crate::runs::{
    Content, Random, Toy, assert_same, assert_whole, content, lines_told, said, signal, wait_for_lines,
};

const KILLS: usize = 200;

#[test]
fn runs_killed_at_random_moments_lose_nothing() {
    let toy = Toy::new(&["training.max_steps=30", "training.save_every=1", "validation.every=2"]);
    let started = Instant::now();
    let whole = toy.finish("whole");
    let longest = started.elapsed() / 2;
    let mut random = Random(1);
    let mut delay = || longest.mul_f64(random.below(1000) as f64 / 1000.0);
    let (mut kills, mut runs, mut with_state, mut in_a_file) = (0, 0, 0, 0);
    while kills < KILLS {
        runs += 1;
        let out = format!("run-{runs}");
        loop {
            let mut child = toy.train(&out).spawn().unwrap();
            thread::sleep(delay());
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            let killed = output.status.signal() == Some(9);
            assert!(killed || output.status.success(), "{}", said(&output));
            let (has_state, has_half) = assert_whole(&toy.path(&out));
            with_state += usize::from(killed && has_state);
            in_a_file += usize::from(killed && has_half);
            kills += usize::from(killed);
            if !killed || kills == KILLS {
                break;
            }
        }
        assert_same(&toy.finish(&out), &whole, &format!("after {kills} kills"));
        fs::remove_dir_all(toy.path(&out)).unwrap();
    }
    assert!(with_state > KILLS / 10, "only {with_state} kills had something to go on from");
    println!(
        "kills survived: {kills} of {KILLS}, of {runs} runs; {with_state} after a save, {in_a_file} in the middle of a \
         file"
    );
}

#[test]
fn a_second_run_in_the_folder_is_refused_and_the_first_goes_on() {
    let toy = Toy::new(&["training.max_steps=1000000", "validation.every=0"]);
    let mut first = toy.train("run").spawn().unwrap();
    assert!(wait_for_lines(&mut first, &toy.path("run"), 10));
    for args in [toy.train_args("run"), vec!["train", "r.toml", "--out", "run"]] {
        let output = toy.command(&args).output().unwrap();
        let expected = format!("run: another run is at work in this folder (process {})", first.id());
        assert!(output.status.code() == Some(2) && said(&output).contains(&expected), "{}", said(&output));
    }
    let told = lines_told(&toy.path("run"));
    assert!(wait_for_lines(&mut first, &toy.path("run"), told + 10));
    signal(&first, "TERM");
    let output = first.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    let steps = lines_of_kind(&toy, "train");
    let counted: Vec<u64> = steps.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(counted, (1..=counted.len() as u64).collect::<Vec<_>>());
    assert!(assert_whole(&toy.path("run")).0);
}

fn lines_of_kind(toy: &Toy, kind: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(toy.path("run/metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

/// Each step multiplies the parameters by 1 - 1000 lr, and lr rises: soon their products are not finite.
const DIVERGING: [&str; 4] = [
    "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.98, eps = 1e-9, weight_decay = 1000.0 }",
    "training.schedule={ kind = \"inverse_sqrt\", peak = 1000.0, warmup_steps = 1000000, initial = 0.0 }",
    "training.save_every=1",
    "validation.every=1",
];

#[test]
fn a_run_that_diverges_says_where_and_leaves_the_best_model_alone() {
    let toy = Toy::new(&DIVERGING);
    let output = toy.train("run").output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("error: training diverged: "), "{text}");
    for part in ["step ", "in the gradient of ", "Try a lower learning rate"] {
        assert!(last.contains(part), "{part:?} is missing: {last}");
    }
    assert_whole(&toy.path("run"));
    let best = Translator::open(toy.path("run/best.safetensors")).unwrap();
    let valid = lines_of_kind(&toy, "valid");
    let said_best = valid.iter().rfind(|line| line["best"] == true).unwrap();
    assert_eq!(said_best["step"], best.about().step);
    assert!(said_best["nll"].as_f64().unwrap().is_finite());
    assert!(valid.last().unwrap()["step"].as_u64().unwrap() > best.about().step);
    assert!(best.params().iter().all(|(_, _, value)| value.all_finite()));
    // Going on from the last save comes to the same end.
    let before = content(&toy.path("run"));
    let output = toy.train("run").output().unwrap();
    assert_eq!((output.status.code(), said(&output).lines().last()), (Some(3), Some(last)));
    assert_same(&content(&toy.path("run")), &before, "diverged again");
    println!("{last}");
}

/// No recipe gets there any more. A state does whose second moments are below 0: their root is not a number, and so the
/// next step has a finite loss and spoils the parameters.
#[test]
fn parameters_that_are_not_finite_are_never_saved() {
    for due in ["training.save_every=1", "validation.every=1"] {
        let toy = Toy::new(&["training.average=0", "training.max_steps=4", due]);
        toy.finish("run");
        let state = toy.path("run/state.safetensors");
        let Checkpoint { tensors, metadata } = checkpoint::load(&state).unwrap();
        let mut spoilt = NamedTensors::new("a spoilt run");
        for (name, tensor) in tensors.iter() {
            let is_root = name.starts_with("optimizer.second_moment.");
            let below = || Tensor::full(tensor.shape(), -1e3, tensor.dtype());
            spoilt.insert(name, if is_root { below() } else { tensor.clone() });
        }
        checkpoint::save(&state, &spoilt, &metadata).unwrap();
        let models =
            || content(&toy.path("run")).into_iter().filter(|(name, _)| name.ends_with(".safetensors"));
        let before: Content = models().collect();
        let output = toy.train("run").args(["--set", "training.max_steps=8"]).output().unwrap();
        let text = said(&output);
        let expected = "error: training diverged: after step 5 the parameter ";
        assert!(
            output.status.code() == Some(3) && text.lines().last().unwrap().starts_with(expected),
            "{text}"
        );
        assert_same(&models().collect(), &before, due);
    }
}

#[test]
fn a_run_that_never_stops_diverging_can_be_stopped() {
    let toy =
        Toy::new(&DIVERGING.into_iter().chain(["training.max_not_finite=4000000000"]).collect::<Vec<_>>());
    let mut child = toy.train("run").stderr(std::process::Stdio::null()).spawn().unwrap();
    let told = || fs::metadata(toy.path("run/metrics.jsonl")).map_or(0, |metadata| metadata.len());
    // Skipped steps are not told of, so the file stays as it is.
    let mut before = 0;
    while told() == 0 || told() != before {
        before = told();
        thread::sleep(Duration::from_millis(300));
    }
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(assert_whole(&toy.path("run")).0);
}
