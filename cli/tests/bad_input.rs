//! Whatever can be wrong with what the user gives: exit code 2 and one paragraph that says what, where, and what would
//! be right. Never a panic.

use std::fs;

use crate::runs::{Toy, said};

mod files;
mod recipes;
mod text;

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
