//! The operations as the source has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Methods of `Var` that are no operations, and why.
const NO_OPERATIONS: [(&str, &[&str]); 4] = [
    ("tells what the tensor is", &["value", "into_value", "shape", "dim", "rank", "numel", "dtype", "item"]),
    ("makes a constant, through which no gradient flows", &["constant", "detach"]),
    ("is about the tape", &["requires_grad", "retain_grad", "record", "save_for"]),
    ("is the way back", &["backward", "backward_with"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every operation and the file it is in: the public methods of `Var` that autograd has, but for
/// [`NO_OPERATIONS`], and the names given to `Var::record` anywhere in the workspace outside tests.
pub fn operations() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut excused: BTreeSet<&str> = NO_OPERATIONS.iter().flat_map(|(_, names)| *names).copied().collect();
    for folder in folders(&fs::read_to_string(root().join("Cargo.toml")).unwrap()) {
        for (file, source) in sources(&folder) {
            let methods = if file.starts_with("autograd/") { methods(&source) } else { Vec::new() };
            for name in methods.into_iter().chain(recorded(&file, &source)) {
                if !excused.remove(name.as_str()) {
                    found.insert(name, file.clone());
                }
            }
        }
    }
    assert!(found.len() > 40, "the operations are not where they were: found {:?}", found.keys());
    assert!(excused.is_empty(), "there are no such methods, remove them from the list: {excused:?}");
    found
}

/// The operations that have a row in the table of the documentation.
pub fn rows_of_the_table() -> BTreeSet<String> {
    let table = fs::read_to_string(root().join("autograd/src/ops/table.md")).unwrap();
    let links = table.split("](autograd::Var::").skip(1);
    links.map(|link| link[..link.find(')').unwrap()].to_string()).collect()
}

/// The sources of the crates of a workspace: those of its members, and its own.
fn folders(manifest: &str) -> Vec<String> {
    let (_, members) = manifest.split_once("\nmembers = [").expect("the manifest of a workspace");
    let members = members.split(']').next().unwrap().split('"').skip(1).step_by(2);
    let folders: Vec<String> = members.map(|member| format!("{member}/src")).collect();
    assert!(!folders.concat().contains('*'), "members have to be named one by one: {folders:?}");
    [folders, vec!["src".to_string()]].concat()
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
            if ["tests", "tests.rs", "testing.rs"].contains(&name.as_str()) {
                continue;
            } else if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(root().join(&path)).unwrap();
                found.push((path.to_str().unwrap().replace('\\', "/"), code(&text)));
            }
        }
    }
    found.sort();
    found
}

/// The text without lines that are comments and without modules of tests.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut parts = text.split("#[cfg(test)]\nmod ");
    let before = parts.next().unwrap().to_string();
    let after_tests = |part: &str| match part.split_once('\n').unwrap() {
        (declaration, rest) if declaration.ends_with(';') => rest.to_string(),
        (_, rest) => rest.split_once("\n}\n").map_or(String::new(), |(_, rest)| rest.to_string()),
    };
    parts.map(after_tests).fold(before, |code, part| code + &part)
}

/// The public methods in blocks `impl Var`, also with generics, attributes or a path before the name.
fn methods(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let Some(mut header) = line.trim_start().strip_prefix("impl").map(str::to_string) else { continue };
        while !header.contains('{') {
            header += " ";
            header += lines.next().expect("a block after `impl`").trim();
        }
        if !is_of_var(&header) || header.ends_with("{}") {
            continue;
        }
        let block = lines.by_ref().take_while(|line| *line != format!("{indent}}}"));
        let methods = block.filter_map(|line| {
            let item = line.strip_prefix(indent)?.strip_prefix("    pub ")?;
            let (before, name) = item.split_once("fn ")?;
            let is_function = before.split_whitespace().all(|word| ["const", "unsafe"].contains(&word));
            is_function.then(|| name.split(['(', '<']).next().unwrap().to_string())
        });
        found.extend(methods);
    }
    found
}

/// Whether the header of a block, without `impl`, is that of `Var` itself and of no trait.
fn is_of_var(header: &str) -> bool {
    let header = header.split('{').next().unwrap();
    let mut depth = 0;
    let after_generics = header.char_indices().find_map(|(i, c)| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        (depth == 0).then_some(i + c.len_utf8())
    });
    let of = header[after_generics.unwrap_or(0)..].split(" where ").next().unwrap().trim();
    of.rsplit("::").next() == Some("Var")
}

/// The names given to `record`, by whatever path that is called: `Var::record`, `Self::record`, another name
/// for `Var`. There is no other function of that name.
///
/// # Panics
/// If one is not a literal.
fn recorded(file: &str, source: &str) -> Vec<String> {
    let calls = source.split("::record(").skip(1);
    let literal = |call: &str| {
        let name = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
        let name =
            name.unwrap_or_else(|| panic!("{file}: give Var::record the operation's name as a literal"));
        name.to_string()
    };
    calls.map(literal).collect()
}

#[test]
fn members_of_the_workspace_are_read_off_the_manifest() {
    let manifest = "[workspace]\nmembers = [\n    \"tensor\",\n    \"cli\",\n]\ndefault-members = [\".\"]\n";
    assert_eq!(folders(manifest), ["tensor/src", "cli/src", "src"]);
}

#[test]
fn methods_of_var_are_found_in_whatever_way_their_block_is_written() {
    let found = |source: &str| methods(&code(source)).join(" ");
    assert_eq!(
        found("impl Var {\n    pub fn cube(&self) -> Self {\n    }\n    fn own(&self) {}\n}\n"),
        "cube"
    );
    assert_eq!(found("impl crate::var::Var {\n    pub const fn a<T>(self) {\n    }\n}\n"), "a");
    assert_eq!(found("impl<'a, T: Into<Axes>> Var\nwhere\n    T: Copy,\n{\n    pub fn b() {}\n}\n"), "b");
    assert_eq!(found("mod inner {\n    impl Var {\n        pub unsafe fn c() {}\n    }\n}\n"), "c");
    assert_eq!(found("impl Var {\n    pub fn d(\n        &self,\n    ) -> (Var, Var) {\n    }\n}\n"), "d");
    for other in ["impl Swish for Var", "impl VarMap", "impl From<Tensor> for Var", "impl Tape"] {
        assert_eq!(found(&format!("{other} {{\n    pub fn e(&self) -> Var {{\n    }}\n}}\n")), "", "{other}");
    }
    assert_eq!(
        found("impl Var {\n    // pub fn f()\n    pub(crate) fn g() {}\n    pub const H: u8 = 1;\n}\n"),
        ""
    );
    let after_tests =
        "#[cfg(test)]\nmod tests {\n    impl Var {\n    }\n}\n\nimpl Var {\n    pub fn i() {}\n}\n";
    assert_eq!(found(after_tests), "i");
    let tests_elsewhere = "#[cfg(test)]\nmod tests;\nimpl Var {\n    pub fn j() {}\n}\n";
    assert_eq!(found(tests_elsewhere), "j");
}

#[test]
fn recorded_names_are_found_by_whatever_path_record_is_called() {
    let found = |source: &str| recorded("cube.rs", &code(source)).join(" ");
    assert_eq!(found("pub fn cube(&self) -> Self { Self::record(\"cube\", &[self], out, vjp) }"), "cube");
    assert_eq!(found("    autograd::Var::record(\n        \"swish\",\n        &[x],\n"), "swish");
    assert_eq!(found("use autograd::Var as V;\nV::record(\"a\", ..); <V>::record(\"b\", ..);"), "a b");
    assert_eq!(
        found("// Var::record(\"comment\")\n#[cfg(test)]\nmod tests {\n    Var::record(\"c\")\n}\n"),
        ""
    );
    assert_eq!(found("use crate::record::Saved;\ntrace.record(&path, value);"), "");
}

#[test]
#[should_panic(expected = "cube.rs: give Var::record the operation's name as a literal")]
fn a_recorded_name_that_cannot_be_read_is_refused() {
    recorded("cube.rs", "Var::record(NAME, &[x], out, vjp)");
}
