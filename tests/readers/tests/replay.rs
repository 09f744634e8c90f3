//! What is kept in `fuzz/corpus`, tried again: valid files, and what once made a reader fail.

use std::fs;
use std::path::{Path, PathBuf};

use readers::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The names in a folder, in order, without their extensions.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let stem = |path: PathBuf| path.file_stem().expect("a name").to_str().expect("UTF-8").to_string();
    let mut names: Vec<String> = entries.map(|entry| stem(entry.expect("an entry").path())).collect();
    names.sort();
    names
}

/// One test that reads, for memory is counted in the whole process.
#[test]
fn every_reader_holds_on_what_is_kept() {
    for (target, body) in TARGETS {
        let folder = fuzz().join("corpus").join(target);
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in &paths {
            println!("{}", path.display()); // the last one printed is the one that fails
            body(&fs::read(path).unwrap());
        }
        println!("{target}: {} inputs", paths.len());
    }
}

#[test]
fn every_target_has_a_corpus_and_a_program() {
    let mut targets = TARGETS.map(|(name, _)| name.to_string());
    targets.sort();
    assert_eq!(names(&fuzz().join("corpus")), targets);
    assert_eq!(names(&fuzz().join("fuzz_targets")), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in &targets {
        let program =
            fs::read_to_string(fuzz().join("fuzz_targets").join(target).with_extension("rs")).unwrap();
        let calls_it = "fuzz_target!(|bytes: &[u8]| readers::";
        let body = program.split_once(calls_it).and_then(|(_, call)| call.split_once("(bytes)"));
        assert!(body.is_some_and(|(path, _)| path.ends_with(&format!("::{target}"))), "{target}: {program}");
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
            "fuzz/Cargo.toml: {target}"
        );
    }
}
