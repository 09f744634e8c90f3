//! `bench`, which needs no model file.

use crate::common::{etudiant, run};

#[test]
fn a_bench_measures_training_and_both_searches() {
    let ended = run("bench toy --seconds 0 --vocab-size 50 --batch 4 --len 5", "");
    let parts = ["training for", "decoding (greedy)", "decoding (beam 5)"];
    let said: Vec<&str> = ended.err.lines().collect();
    assert!(
        said.len() == 3 && parts.iter().zip(&said).all(|(part, line)| line.starts_with(part)),
        "{said:?}"
    );
    let text = ended.ok();
    assert!(text.contains(" threads, étudiant "), "{text}");
    assert!(
        text.contains("\ntoy: ") && text.contains("a vocabulary of 50; 4 sentences of 5 + 5 tokens\n"),
        "{text}"
    );
    for (part, unit) in
        [("training  ", "target tokens/s"), ("greedy    ", "sentences/s"), ("beam 5    ", "sentences/s")]
    {
        let line = text.lines().find(|line| line.starts_with(part)).expect(part);
        assert!(line.contains(unit), "{line}");
    }
}

#[test]
fn a_bench_of_impossible_sizes_is_refused() {
    for (args, reason) in [
        ("--batch 4000000000 --len 4000000000", "4000000000 is not in 1..=100000"),
        ("--batch 1001 --len 100", "a batch may have 100000 tokens, on either side"),
        ("--batch 0", "0 is not in 1..=100000"),
        ("--batch -5", "'-5' for '--batch <N>': -5 is not in 1..=100000"),
        ("--len few", "'few' for '--len <N>': it must be a whole number"),
        ("decode --tgt-len -5", "'-5' for '--tgt-len <N>': -5 is not in 1..=100000"),
        ("decode --vocab-size 50 --shortlist 47", "--shortlist is 47, but a vocabulary of 50 has 46 words"),
        ("--vocab-size 4", "4 is not in 5..=200000"),
        ("--seconds=-1", "give a number from 0 to 3600"),
        ("--seconds NaN", "give a number from 0 to 3600"),
        ("huge", "possible values: toy, tiny, small, base, big"),
    ] {
        let problem = run(&format!("bench {args}"), "").problem();
        assert!(problem.contains(reason), "{problem}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_bench_goes_on_though_nobody_hears_what_it_does() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = etudiant("bench toy --seconds 0 --vocab-size 50 --batch 4 --len 5");
    let output = command.stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("beam 5    "));
}

#[test]
fn decoding_is_measured_by_itself_in_one_line() {
    for beam in [1, 3] {
        let sizes = format!("--beam {beam} --batch 4 --len 5 --tgt-len 7 --vocab-size 50");
        let text = run(&format!("bench decode toy {sizes} --seconds 0"), "").ok();
        assert!(text.starts_with(&format!("decode toy beam {beam} batch 4: ")), "{text}");
        assert!(
            text.contains(" target tokens/s (best ") && text.trim_end().ends_with("median of 3"),
            "{text}"
        );
    }
    let listed = run("bench decode toy --seconds 0 --vocab-size 50 --shortlist 9", "").ok();
    assert!(listed.starts_with("decode toy beam 1 batch 32 shortlist 9: "), "{listed}");
    let problem = run("bench decode --batch 1001 --tgt-len 100", "").problem();
    assert!(problem.contains("a batch may have 100000 tokens, on either side"), "{problem}");
}
