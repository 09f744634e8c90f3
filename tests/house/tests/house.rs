//! The rules of the house, held to the workspace. `tests/house/src/` says what each of them is and why.
//!
//! ```sh
//! cargo test -p etudiant-house     # a few seconds: no crate of the workspace is compiled for it
//! ```

use std::collections::BTreeSet;

use house::modules::Modules;
use house::workspace::Package;
use house::{Workspace, circles, crates, dependencies, kernels, lengths};

/// Reads the crates of the workspace, and collects what is against a rule in each of their targets.
fn in_every_crate(rule: impl Fn(&Package, &Modules) -> Vec<String>) -> Vec<String> {
    let workspace = Workspace::read();
    let mut found = Vec::new();
    for package in &workspace.packages {
        for root in package.roots(&workspace.files) {
            found.extend(rule(package, &Modules::of(root, &workspace.files)));
        }
    }
    found
}

#[track_caller]
fn assert_none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}; {} against it:\n\n{}\n", found.len(), found.join("\n"));
}

#[test]
fn every_source_is_part_of_a_crate() {
    let workspace = Workspace::read();
    let mut declared = BTreeSet::new();
    for package in &workspace.packages {
        for root in package.roots(&workspace.files) {
            let modules = Modules::of(root, &workspace.files);
            declared.extend(modules.iter().map(|(_, module)| module.file.clone()));
            declared.extend(modules.files_of_tests);
        }
    }
    let sources = workspace.files.keys().filter(|file| file.starts_with("src/") || file.contains("/src/"));
    let orphans = sources.filter(|file| !declared.contains(*file));
    let orphans =
        orphans.map(|file| format!("{file}: no `mod` declares it; declare it or delete it")).collect();
    assert!(declared.len() > 100, "the sources are not where they were: {declared:?}");
    assert_none("every source is part of a crate", orphans);
}

#[test]
fn crates_depend_one_way() {
    assert_none("crates depend one way", crates::against_the_order(&Workspace::read()));
}

#[test]
fn what_is_at_home_in_one_crate_is_named_by_no_other() {
    let mut found = crates::dependencies_not_at_home(&Workspace::read());
    found.extend(in_every_crate(crates::mentions_not_at_home));
    assert_none("what is at home in one crate is named by no other", found);
}

#[test]
fn modules_import_one_way() {
    let found = in_every_crate(|_, modules| circles::circles(modules));
    assert_none("modules of a crate import one way: no circles", found);
}

#[test]
fn things_are_imported_from_the_module_that_defines_them() {
    let found = in_every_crate(|_, modules| circles::through_the_front_door(modules));
    assert_none("inside a crate, things are imported from the module that defines them", found);
}

#[test]
fn files_are_short() {
    let Workspace { files, scripts, .. } = Workspace::read();
    assert!(scripts.keys().any(|file| file.ends_with("web/live.js")), "{:?}", scripts.keys());
    let found = [files, scripts].iter().flat_map(lengths::long_files).collect();
    assert_none("files have up to about 300 lines", found);
}

#[test]
fn functions_are_short() {
    assert_none("functions have up to about 60 lines", lengths::long_functions(&Workspace::read().files));
}

#[test]
fn unsafe_is_for_the_kernels() {
    assert_none("`unsafe` is for the kernels", kernels::unsafe_elsewhere(&Workspace::read().files));
}

#[test]
fn crates_bring_few_others_along() {
    let (tensor, command) = (dependencies::of("etudiant-tensor"), dependencies::of("etudiant-cli"));
    assert!(
        dependencies::holds(&tensor, "rayon") && dependencies::holds(&command, "clap"),
        "cargo tree says something else: {tensor:?}"
    );
    assert_none("crates bring few others along", dependencies::over_the_limit());
}

#[test]
fn who_translates_compiles_nothing_of_the_command() {
    assert_none("who translates compiles nothing of the command", dependencies::of_the_command_elsewhere());
}
