//! Whatever can be wrong with what the user gives: exit code 2 and one paragraph that says what, where, and what would
//! be right. Never a panic.

use std::fs;
use std::io::Write;

use crate::runs::{Toy, said};

mod files;

/// Something wrong: files to write first, what to set or call, and the words that the message must have.
struct Case {
    files: Vec<(&'static str, Vec<u8>)>,
    args: Vec<&'static str>,
    says: Vec<&'static str>,
}

/// A case of `etudiant train` with these options.
fn train(files: &[(&'static str, &[u8])], options: &[&'static str], says: &[&'static str]) -> Case {
    let args = [&["train", "r.toml", "--out", "run"], options].concat();
    Case { files: owned(files), args, says: says.to_vec() }
}

fn owned(files: &[(&'static str, &[u8])]) -> Vec<(&'static str, Vec<u8>)> {
    files.iter().map(|&(name, bytes)| (name, bytes.to_vec())).collect()
}

/// Runs the command and checks how it ends; returns what it said last.
fn assert_refused(toy: &Toy, args: &[&str], says: &[&str]) -> String {
    let output = toy.command(args).output().unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
    assert!(!text.contains("panicked"), "{args:?}: {text}");
    let last = text.lines().last().unwrap_or_default().to_string();
    assert!(last.starts_with("error: "), "{args:?}: the message is one line at the end: {text}");
    for part in says {
        assert!(last.contains(part), "{args:?}: {part:?} is missing: {last}");
    }
    last
}

fn check(cases: Vec<Case>) -> usize {
    for case in &cases {
        let toy = Toy::new(&[]);
        for (name, bytes) in &case.files {
            fs::write(toy.path(name), bytes).unwrap();
        }
        fs::create_dir(toy.path("folder")).unwrap();
        println!("{}", assert_refused(&toy, &case.args, &case.says));
        assert!(!toy.path("run/model.safetensors").exists());
    }
    cases.len()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const BPE: &[&str] = &["--set", "text.kind=bpe"];
const TWO_FILES: &str = "data.train={ source = [\"a\"], target = [\"b\"] }";

#[test]
fn text_that_is_no_parallel_text() {
    let overlong = [b"un\tone\n".to_vec(), vec![b'x'; 10_001], b"\tone\n".to_vec()].concat();
    let gz = gzipped(&"un deux\tone two\n".repeat(50));
    let mut damaged = gz.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let from_gz = "data.train.pairs=[\"t.gz\"]";
    let cases = vec![
        train(
            &[("train.tsv", b"un\tone\ndeux\t\xfftwo\n")],
            &[],
            &["train.tsv:2: invalid UTF-8", "save the text as UTF-8", "--lenient"],
        ),
        train(&[("valid.tsv", b"\xff\tone\n")], &[], &["valid.tsv:1: invalid UTF-8", "--lenient"]),
        train(&[("train.tsv", b"\xff\xfeu\0n\0")], &[], &["train.tsv: the text is UTF-16; save it as UTF-8"]),
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
        train(
            &[("train.tsv", b"no tab\n")],
            &["--lenient"],
            &["train.tsv: no pair in it", "1 without a tab"],
        ),
        train(&[], &["--set", TWO_FILES], &["a: there is no such file; relative paths start from"]),
        train(
            &[],
            &["--set", "data.dir=nowhere"],
            &["nowhere/train.tsv: there is no such file", "the folder nowhere"],
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
            &["differ in their number of files, 2 and 1"],
        ),
        train(&[], &["--set", "model.max_len=2"], &["no pair is short enough for model.max_len = 2"]),
    ];
    println!("bad input, text: {0} of {0} refused", check(cases));
}

#[test]
fn recipes_that_make_no_run() {
    let with = |lines: &str| {
        format!("[data]\ntrain.pairs = [\"train.tsv\"]\nvalid.pairs = [\"valid.tsv\"]\n{lines}\n")
            .into_bytes()
    };
    let recipe = |lines: &str, says: &[&'static str]| Case {
        files: vec![("r.toml", with(lines))],
        ..train(&[], &[], says)
    };
    let set = |set: &'static str, says: &[&'static str]| train(&[], &["--set", set], says);
    let cases = vec![
        recipe(
            "[training]\nsmoothin = 0.1",
            &["r.toml:5: there is no key `smoothin` here; did you mean `smoothing`?"],
        ),
        recipe("[trainig]", &["r.toml:4: there is no key `trainig` here; did you mean `training`?"]),
        recipe(
            "[model]\nd_model = \"wide\"",
            &["r.toml:5: invalid type: string \"wide\", expected a whole number, 0 or more"],
        ),
        recipe("[model]\nd_model = -16", &["r.toml:5: ", "-16"]),
        recipe(
            "[model]\nnorm = \"prae\"",
            &["r.toml:5: there is no choice `prae` here; did you mean `pre`?"],
        ),
        recipe(
            "[training]\nschedule = { kind = \"constant\" }",
            &["r.toml:5: missing field `learning_rate`"],
        ),
        recipe("[model\n", &["r.toml:4: "]),
        recipe("[model]\nd_model = 16\nd_model = 16", &["r.toml:6: ", "duplicate"]),
        train(
            &[("r.toml", b"\xff\xfe")],
            &[],
            &["r.toml: cannot read the recipe", "`etudiant config` prints one"],
        ),
        Case {
            args: vec!["train", "no.toml"],
            ..train(&[], &[], &["no.toml: cannot read the recipe", "`etudiant config` prints one"])
        },
        Case {
            args: vec!["train", "folder"],
            ..train(&[], &[], &["folder: cannot read the recipe", "`etudiant config` prints one"])
        },
        set("training.max_steps", &["--set training.max_steps: write section.key=value"]),
        set("=3", &["--set =3: write section.key=value"]),
        set("training.max_step=3", &["--set training.max_step=3: ", "did you mean `max_steps`?"]),
        set("training.max_steps=many", &["--set training.max_steps=many: ", "expected a whole number"]),
        set("training.max_steps=-1", &["--set training.max_steps=-1: "]),
        set(
            "training.max_steps.most=1",
            &["--set training.max_steps.most=1: `max_steps` is a value, not a section"],
        ),
        set("training.max_steps=0", &["r.toml: training.max_steps is 0; it must be at least 1"]),
        set("training.smoothing=1.5", &["training.smoothing is 1.5; it must be between 0 and 0.999"]),
        set("training.smoothing=nan", &["training.smoothing is NaN; it must be between"]),
        set(
            "training.schedule={ kind = \"constant\", learning_rate = 1e30 }",
            &["training.schedule.learning_rate is 1", "between 0 and 1000"],
        ),
        set("training.average=4", &["training.average is 4, but training.keep_checkpoints keeps only 3"]),
        set("model.n_heads=3", &["[model] n_heads 3 does not divide d_model 16"]),
        set("model.dropout=1.5", &["[model] dropout"]),
        set("model.d_model=0", &["[model] d_model"]),
        set("data.builtin=letters", &["data.builtin is \"letters\"; there is: numbers-fr-en"]),
        set("data.train={}", &["data.train names no file; give source and target files"]),
        set("data.valid={}", &["data.valid names no file", "validation.every = 0"]),
        train(
            &[],
            &[BPE, &["--set", "text.vocab_size=4"]].concat(),
            &["text.vocab_size is 4; a subword vocabulary needs at least 8"],
        ),
        train(&[], &[BPE, &["--set", "text.vocab_size=100"]].concat(), &["vocab_size", "100"]),
        train(
            &[],
            &["--set", "text.kind=pretokenised", "--set", "text.lowercase=true"],
            &["text.lowercase = true does not go with text.kind = \"pretokenised\""],
        ),
    ];
    println!("bad input, recipes: {0} of {0} refused", check(cases));
}
