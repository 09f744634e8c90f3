//! How many threads a command works with.

use crate::common::{Ended, end_of, etudiant, run};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v0.1/model.safetensors");

fn with_variable(args: &str, value: &str) -> Ended {
    end_of(etudiant(args).env("RAYON_NUM_THREADS", value).spawn().unwrap())
}

#[test]
fn every_verb_takes_a_number_of_threads() {
    let verbs = ["train", "config", "translate", "evaluate", "score", "average", "inspect", "bench", "data"];
    for verb in verbs {
        let help = run(&format!("{verb} --help"), "").ok();
        assert!(help.contains("--threads <N>"), "{verb}: {help}");
    }
    let bench = "bench toy --seconds 0 --vocab-size 10 --batch 2 --len 3";
    for args in [format!("--threads 3 {bench}"), format!("{bench} --threads 3")] {
        let text = with_variable(&args, "abc");
        assert!(!text.err.contains("RAYON_NUM_THREADS"), "the option goes first: {}", text.err);
        assert!(text.ok().contains("3 threads, étudiant "));
    }
    for wrong in ["0", "-1", "two", "1.5"] {
        let problem = run(&format!("config --threads={wrong}"), "").problem();
        assert!(problem.contains("for '--threads <N>': give a whole number, 1 or more"), "{problem}");
    }
}

#[test]
fn a_number_of_threads_that_is_wrong_is_told_and_the_work_is_done() {
    let translate =
        format!("translate --model {MODEL} --beam 1 {}", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let expected = run(&translate, "").ok();
    for value in ["abc", "-1", "", "100000"] {
        let ended = with_variable(&translate, value);
        assert!(ended.err.contains("warning: RAYON_NUM_THREADS is "), "{value}: {}", ended.err);
        assert_eq!(ended.ok(), expected, "{value}");
    }
    let ended = run(&format!("{translate} --threads 100000"), "");
    assert!(ended.err.contains("warning: --threads is 100000, but"), "{}", ended.err);
    assert_eq!(ended.ok(), expected);
    assert_eq!(with_variable("config", "2").err, "");
}
