//! The operations as the source has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const OPS: &str = "autograd/src/ops";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every operation and the file it is in: the methods of `Var` in `autograd/src/ops/` that return variables, and
/// the names given to `Var::record` anywhere outside tests.
pub fn operations() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in ["autograd/src", "nn/src", "transformer/src", "src"] {
        for (file, source) in sources(folder) {
            let methods = if file.starts_with(OPS) { methods(&source) } else { Vec::new() };
            for name in methods.into_iter().chain(recorded(&file, &source)) {
                found.insert(name, file.clone());
            }
        }
    }
    assert!(found.len() > 40, "the operations are not where they were: found {:?}", found.keys());
    found
}

/// The operations that have a row in the table of the documentation.
pub fn rows_of_the_table() -> BTreeSet<String> {
    let table = fs::read_to_string(root().join(OPS).join("table.md")).unwrap();
    let links = table.split("](autograd::Var::").skip(1);
    links.map(|link| link[..link.find(')').unwrap()].to_string()).collect()
}

/// The Rust files of a folder, without comments and without tests: path and text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = folder.join(&name);
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !["tests.rs", "testing.rs"].contains(&name.as_str()) {
                let text = fs::read_to_string(root().join(&path)).unwrap();
                found.push((path.to_str().unwrap().replace('\\', "/"), without_tests(&text)));
            }
        }
    }
    found.sort();
    found
}

fn without_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// The public methods in blocks `impl Var` that return variables.
fn methods(source: &str) -> Vec<String> {
    let blocks = source.split("\nimpl Var {\n").skip(1).map(|block| block.split("\n}\n").next().unwrap());
    let signatures = blocks.flat_map(|block| block.split("\n    pub fn ").skip(1));
    let returns_variables = |signature: &&str| {
        let head = signature.split('{').next().unwrap();
        let returned = head.rsplit("->").next().unwrap_or("");
        ["Var", "Attention", "CrossEntropy"].iter().any(|name| returned.contains(name))
    };
    let name = |signature: &str| signature.split(['(', '<']).next().unwrap().to_string();
    signatures.filter(returns_variables).map(name).collect()
}

/// The names given to `Var::record`.
///
/// # Panics
/// If one is not a literal.
fn recorded(file: &str, source: &str) -> Vec<String> {
    let calls = source.split("Var::record(").skip(1);
    let literal = |call: &str| {
        let name = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
        let name =
            name.unwrap_or_else(|| panic!("{file}: give Var::record the operation's name as a literal"));
        name.to_string()
    };
    calls.map(literal).collect()
}
