//! Text that is no parallel text.

use std::fs;

use super::{check, train};
use crate::common::gzipped;
use crate::runs::{Toy, said};

const TWO_FILES: &str = "data.train={ source = [\"a\"], target = [\"b\"] }";

#[test]
fn lines_that_are_no_pairs() {
    let overlong = [b"un\tone\n".to_vec(), vec![b'x'; 10_001], b"\tone\n".to_vec()].concat();
    let cases = vec![
        train(
            &[("train.tsv", b"un\tone\ndeux\t\xfftwo\n")],
            &[],
            &["train.tsv:2: invalid UTF-8", "save the text as UTF-8", "--lenient"],
        ),
        train(&[("valid.tsv", b"\xff\tone\n")], &[], &["valid.tsv:1: invalid UTF-8", "--lenient"]),
        train(&[("train.tsv", b"\xff\xfeu\0n\0")], &[], &["train.tsv: the text is UTF-16; save it as UTF-8"]),
        train(&[("train.tsv", b"u\0n\0\t\0o\0n\0e\0\n\0")], &[], &["train.tsv: the text is UTF-16"]),
        train(
            &[("a", b"un\ndeux\n"), ("b", b"one\n")],
            &["--set", TWO_FILES],
            &["a and b differ in their number of lines, 2 and 1"],
        ),
        train(
            &[("a", b"un\n\n"), ("b", b"one\ntwo\n")],
            &["--set", TWO_FILES],
            &["a:2: the source is empty", "write both, or leave both out"],
        ),
        train(
            &[("train.tsv", b"un\tone\ndeux\t \n")],
            &[],
            &["train.tsv:2: the target is empty", "--lenient"],
        ),
        train(
            &[("train.tsv", b"un\tone\ndeux two\n")],
            &[],
            &["train.tsv:2: no tab", "write source, a tab, target"],
        ),
        train(
            &[("train.tsv", &overlong)],
            &[],
            &["train.tsv:2: a line longer than 10000 characters", "--lenient"],
        ),
        train(&[("train.tsv", b"")], &[], &["train.tsv: no pair in it", "source, a tab, target"]),
        train(&[("train.tsv", b"\n \n\t\n")], &[], &["train.tsv: no pair in it", "3 blank"]),
        train(&[("valid.tsv", b"")], &[], &["valid.tsv: no pair in it"]),
    ];
    println!("bad input, lines: {0} of {0} refused", check(cases));
}

#[test]
fn files_that_are_no_parallel_text() {
    let gz = gzipped(&"un deux\tone two\n".repeat(50));
    let mut damaged = gz.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let from_gz = "data.train.pairs=[\"t.gz\"]";
    let cases = vec![
        train(
            &[("train.tsv", b"no tab\n")],
            &["--lenient"],
            &["train.tsv: no pair in it", "1 without a tab"],
        ),
        train(&[], &["--set", TWO_FILES], &["a: there is no such file; relative paths start from"]),
        train(
            &[],
            &["--set", "data.dir=nowhere"],
            &["nowhere: there is no such folder; --set data.dir=FOLDER says where the files are"],
        ),
        train(
            &[],
            &["--set", "data.train.pairs=[\"folder\"]"],
            &["folder: a folder, not a file; name the files in it"],
        ),
        train(
            &[("t.gz", &gz[..gz.len() - 9])],
            &["--set", from_gz],
            &["t.gz:", "the file was cut off, get it once more"],
        ),
        train(&[("t.gz", &gz[..1])], &["--set", from_gz], &["t.gz:", "the file was cut off"]),
        train(&[("t.gz", &damaged)], &["--set", from_gz], &["t.gz:", "the gzip data", "once more"]),
        train(
            &[],
            &["--set", "data.train={ source = [\"a\", \"b\"], target = [\"c\"] }"],
            &["data.train: `source` and `target` differ in their number of files, 2 and 1"],
        ),
        train(&[], &["--set", "model.max_len=2"], &["no pair is short enough for model.max_len = 2"]),
    ];
    println!("bad input, files: {0} of {0} refused", check(cases));
}

#[test]
fn many_pairs_left_out_for_their_length_are_warned_of() {
    let toy = Toy::new(&["training.max_steps=1", "model.max_len=4"]);
    let text = said(&toy.train("run").output().unwrap());
    assert!(text.contains("  warning: training: ") && text.contains("of more than 4 tokens"), "{text}");
    let toy = Toy::new(&["training.max_steps=1"]);
    assert!(!said(&toy.train("run").output().unwrap()).contains("warning: training: "));
}

#[test]
fn validation_sources_that_are_trained_on_are_told_of_whatever_is_hidden_in_them() {
    let toy = Toy::new(&["training.max_steps=1", "text.lowercase=true"]);
    fs::write(toy.path("train.tsv"), "un\tone\ndeux trois\ttwo three\n").unwrap();
    fs::write(toy.path("valid.tsv"), "\u{feff}Un\tone\ndeux tr\u{ad}ois\ttwo three\nneuf\tnine\n").unwrap();
    let text = said(&toy.train("run").output().unwrap());
    assert!(text.contains("warning: 2 of 3 validation sources are also trained on"), "{text}");
}
