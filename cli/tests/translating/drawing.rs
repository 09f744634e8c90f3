//! `translate --sample`: translations that are drawn.

use std::collections::HashSet;

use super::{number, test_set, translate};
use crate::common::{etudiant, run, toy};

#[test]
fn the_same_seed_draws_the_same_text_whatever_the_batch_and_the_threads() {
    let (src, _) = test_set(300); // more than a batch
    let options = " --sample --temperature 2 --top-k 40 --seed 7";
    let drawn = translate(options, &src).ok();
    assert_eq!(drawn.lines().count(), 300);
    let command = format!("translate --model {}{options}", toy());
    let mut child = etudiant(&command).env("RAYON_NUM_THREADS", "1").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let pieces = src.clone();
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        for line in pieces.lines().take(5) {
            writeln!(stdin, "{line}").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(60)); // each a batch of its own
        }
        let rest: Vec<&str> = pieces.lines().skip(5).collect();
        stdin.write_all(rest.join("\n").as_bytes()).unwrap();
    });
    let alone = crate::common::end_of(child).ok();
    writer.join().unwrap();
    assert_eq!(alone, drawn);
    assert_ne!(translate(" --sample --temperature 2 --top-k 40 --seed 8", &src).ok(), drawn);
}

#[test]
fn draws_are_hotter_or_colder_and_the_coldest_are_greedy() {
    let (src, _) = test_set(1);
    let same = src.repeat(40);
    let different = |options: &str| {
        translate(options, &same).ok().lines().map(str::to_owned).collect::<HashSet<_>>().len()
    };
    assert!(different(" --sample --temperature 3") > 20, "each line has a stream of its own");
    let greedy = translate(" --beam 1", &src).ok();
    for options in [" --sample --temperature 0.001", " --sample --top-k 1 --temperature 9"] {
        assert_eq!(different(options), 1);
        assert_eq!(translate(options, &src).ok(), greedy);
    }
}

#[test]
fn several_are_drawn_for_a_line_and_scored_by_the_model_itself() {
    let answers = translate(" --sample --temperature 3 --n-best 6 --json", "un deux\n\n").json();
    let drawn = answers[0]["translations"].as_array().unwrap();
    assert_eq!((drawn.len(), answers[1]["translations"].as_array().unwrap().len()), (6, 0));
    assert!(drawn.iter().all(|one| number(&one["score"]) == number(&one["log_prob"])));
    let texts: HashSet<_> = drawn.iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert!(texts.len() > 1);
    let first = translate(" --sample --temperature 3", "un deux\n\n").ok();
    assert_eq!(first.lines().next(), drawn[0]["text"].as_str());
}

#[test]
fn what_does_not_go_with_drawing_is_said() {
    for (options, expected) in [
        (" --sample --beam 4", "'--sample' cannot be used with '--beam <N>'"),
        (" --sample --alpha 1", "'--sample' cannot be used with '--alpha <A>'"),
        (" --sample --length-penalty none", "'--sample' cannot be used with '--length-penalty <FORM>'"),
        (" --temperature 2", "--sample"),
        (" --top-k 2", "--sample"),
        (" --seed 2", "--sample"),
        (" --sample --temperature 0", "it must be above 0"),
        (" --sample --temperature -1", "it must be above 0"),
        (" --sample --temperature nan", "it must be above 0"),
        (" --sample --temperature inf", "it must be above 0"),
        (" --sample --temperature warm", "it must be a number"),
        (" --sample --top-k 0", "0 is not in 1.."),
        (" --sample --n-best 0", "0 is not in 1..=10000"),
        (" --sample --n-best 10001", "10001 is not in 1..=10000"),
    ] {
        let problem = translate(options, "un\n").problem();
        assert!(problem.contains(expected), "{options}: {problem}");
    }
    let ended = run(&format!("translate --model {} --sample --max-len-beyond-source 0", toy()), "un\n");
    assert_eq!(ended.err, "");
}
