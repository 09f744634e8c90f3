//! The operations as the source has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use house::Workspace;
use house::modules::Modules;
use house::tokens::{for_each_run, inside, is_sign, is_word, parse, without_tests};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Methods of `Var` that are no operations, and why.
const NO_OPERATIONS: [(&str, &[&str]); 4] = [
    ("tells what the tensor is", &["value", "into_value", "shape", "dim", "rank", "numel", "dtype", "item"]),
    ("makes a constant, through which no gradient flows", &["constant", "detach"]),
    ("is about the tape", &["requires_grad", "retain_grad", "record", "save_for"]),
    ("is the way back", &["backward", "backward_with"]),
];

/// Every operation and the file it is in: the public methods of `Var` that autograd has, but for
/// [`NO_OPERATIONS`], and the names given to `Var::record` anywhere in the workspace outside tests.
pub fn operations() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut excused: BTreeSet<&str> = NO_OPERATIONS.iter().flat_map(|(_, names)| *names).copied().collect();
    for (file, code) in sources() {
        let methods = if file.starts_with("autograd/") { methods(&code) } else { Vec::new() };
        for name in methods.into_iter().chain(recorded(&file, &code)) {
            if !excused.remove(name.as_str()) {
                found.insert(name, file.clone());
            }
        }
    }
    assert!(found.len() > 40, "the operations are not where they were: found {:?}", found.keys());
    assert!(excused.is_empty(), "there are no such methods, remove them from the list: {excused:?}");
    found
}

/// The operations that have a row in the table of the documentation.
pub fn rows_of_the_table() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("autograd/src/ops/table.md");
    let table = fs::read_to_string(path).unwrap();
    let links = table.split("](autograd::Var::").skip(1);
    links.map(|link| link[..link.find(')').unwrap()].to_string()).collect()
}

/// The files of all libraries and programs of the workspace, without their tests.
fn sources() -> BTreeMap<String, TokenStream> {
    let workspace = Workspace::read();
    let roots = workspace.packages.iter().flat_map(|package| package.roots(&workspace.files));
    let crates: Vec<Modules> = roots.map(|root| Modules::of(root, &workspace.files)).collect();
    let files = crates.iter().flat_map(Modules::iter).map(|(_, module)| module.file.clone());
    files.map(|file| (file.clone(), without_tests(parse(&file, &workspace.files[&file])))).collect()
}

/// The public methods in blocks `impl Var`, also with generics, attributes or a path before the name.
fn methods(code: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for_each_run(code.clone(), &mut |tokens| {
        for (start, _) in tokens.iter().enumerate().filter(|(_, token)| is_word(token, "impl")) {
            let is_block = |token: &TokenTree| inside(Some(token), Delimiter::Brace).is_some();
            let Some(len) = tokens[start..].iter().position(is_block) else { continue };
            let header = &tokens[start..start + len];
            let of = header.iter().take_while(|token| !is_word(token, "where"));
            if of.clone().last().is_some_and(|last| is_word(last, "Var"))
                && !of.clone().any(|token| is_word(token, "for"))
            {
                let block = inside(tokens.get(start + len), Delimiter::Brace).unwrap();
                found.extend(public_functions(&block.into_iter().collect::<Vec<_>>()));
            }
        }
    });
    found
}

/// The names after `pub fn`, `pub const fn` or `pub unsafe fn`.
fn public_functions(tokens: &[TokenTree]) -> Vec<String> {
    let is_public = |before: &[TokenTree]| {
        let mut words =
            before.iter().rev().skip_while(|token| is_word(token, "const") || is_word(token, "unsafe"));
        words.next().is_some_and(|token| is_word(token, "pub"))
    };
    let names =
        tokens.windows(2).enumerate().filter(|(i, pair)| is_word(&pair[0], "fn") && is_public(&tokens[..*i]));
    names.map(|(_, pair)| pair[1].to_string()).collect()
}

/// The names given to `record`, by whatever path that is called: `Var::record`, `Self::record`, another name
/// for `Var`. There is no other function of that name.
///
/// # Panics
/// If one is not a literal.
fn recorded(file: &str, code: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for_each_run(code.clone(), &mut |tokens| {
        for call in tokens.windows(3).filter(|call| is_sign(&call[0], ':') && is_word(&call[1], "record")) {
            let Some(arguments) = inside(Some(&call[2]), Delimiter::Parenthesis) else { continue };
            match arguments.into_iter().next().map(|name| name.to_string()) {
                Some(name) if name.starts_with('"') => found.push(name.trim_matches('"').to_string()),
                _ => panic!("{file}: give Var::record the operation's name as a literal"),
            }
        }
    });
    found
}

fn code(text: &str) -> TokenStream {
    without_tests(parse("cube.rs", text))
}

#[test]
fn methods_of_var_are_found_in_whatever_way_their_block_is_written() {
    let found = |source: &str| methods(&code(source)).join(" ");
    assert_eq!(found("impl Var { pub fn cube(&self) -> Self { } fn own(&self) {} }"), "cube");
    assert_eq!(found("impl crate::var::Var { pub const fn a<T>(self) { } }"), "a");
    assert_eq!(found("impl<'a, T: Into<Axes>> Var where T: Copy, for<'b> T: F<'b> { pub fn b() {} }"), "b");
    assert_eq!(found("mod inner { impl Var { #[must_use] pub unsafe fn c() {} } }"), "c");
    for other in
        ["impl Swish for Var", "impl VarMap", "impl Map<Var>", "impl From<Tensor> for Var", "impl Tape"]
    {
        assert_eq!(found(&format!("{other} {{ pub fn d(&self) -> Var {{ }} }}")), "", "{other}");
    }
    assert_eq!(found("impl Var { /* pub fn e() */ pub(crate) fn f() {} pub const G: u8 = 1; }"), "");
    assert_eq!(
        found("#[cfg(test)] mod tests { impl Var { pub fn h() {} } } impl Var { pub fn i() {} }"),
        "i"
    );
}

#[test]
fn recorded_names_are_found_by_whatever_path_record_is_called() {
    let found = |source: &str| recorded("cube.rs", &code(source)).join(" ");
    assert_eq!(found("pub fn cube(&self) -> Self { Self::record(\"cube\", &[self], out, vjp) }"), "cube");
    assert_eq!(found("fn f() { autograd::Var::record(\n\"swish\",\n&[x]) }"), "swish");
    assert_eq!(found("use autograd::Var as V; fn f() { V::record(\"a\"); <V>::record(\"b\") }"), "a b");
    assert_eq!(found("// Var::record(\"no\")\n#[cfg(test)] mod tests { fn f() { Var::record(\"c\") } }"), "");
    assert_eq!(found("use crate::record::Saved; fn f() { trace.record(&path, value); }"), "");
}

#[test]
#[should_panic(expected = "cube.rs: give Var::record the operation's name as a literal")]
fn a_recorded_name_that_cannot_be_read_is_refused() {
    recorded("cube.rs", &code("fn f() { Var::record(NAME, &[x], out, vjp) }"));
}
