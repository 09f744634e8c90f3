//! Files to about 300 lines, functions to about 60: what is longer cannot be kept in mind, and has two subjects.

use proc_macro2::{Delimiter, TokenTree};

use crate::tokens::{for_each_run, inside, is_sign, is_word, line, parse};
use crate::workspace::Files;

/// How many lines "about 300" are at most.
pub const LINES_OF_A_FILE: usize = 320;

/// How many lines "about 60" are at most, from `fn` to the closing brace.
pub const LINES_OF_A_FUNCTION: usize = 66;

/// Files that are too long.
pub fn long_files(files: &Files) -> Vec<String> {
    let lengths = files.iter().map(|(file, text)| (file, text.lines().count()));
    let long = lengths.filter(|&(_, lines)| lines > LINES_OF_A_FILE);
    long.map(|(file, lines)| {
        format!("{file}: {lines} lines, of {LINES_OF_A_FILE} at most; part it by its subjects, or delete")
    })
    .collect()
}

/// Functions that are too long.
///
/// # Panics
/// If a file is no Rust.
pub fn long_functions(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in files {
        for_each_run(parse(file, text), &mut |tokens| {
            let long = functions(tokens).filter(|&(_, _, lines)| lines > LINES_OF_A_FUNCTION);
            found.extend(long.map(|(name, line, lines)| {
                format!(
                    "{file}:{line}: `{name}` has {lines} lines, of {LINES_OF_A_FUNCTION} at most; give its parts names"
                )
            }));
        });
    }
    found
}

/// Name, first line and number of lines of the functions whose `fn` is among these tokens.
fn functions(tokens: &[TokenTree]) -> impl Iterator<Item = (String, usize, usize)> {
    tokens.iter().enumerate().filter(|(_, token)| is_word(token, "fn")).filter_map(|(i, word)| {
        let TokenTree::Ident(name) = tokens.get(i + 1)? else { return None };
        let ends =
            |token: &&TokenTree| is_sign(token, ';') || inside(Some(token), Delimiter::Brace).is_some();
        let body = tokens[i..].iter().find(ends)?;
        Some((name.to_string(), line(word), body.span().end().line - line(word) + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: String) -> Files {
        Files::from([("a.rs".to_string(), text)])
    }

    #[test]
    fn a_file_may_have_so_many_lines_and_no_more() {
        assert!(long_files(&file("\n".repeat(LINES_OF_A_FILE))).is_empty());
        let found = long_files(&file("\n".repeat(LINES_OF_A_FILE + 1)));
        assert_eq!(found, ["a.rs: 321 lines, of 320 at most; part it by its subjects, or delete"]);
    }

    #[test]
    fn a_function_may_have_so_many_lines_and_no_more() {
        let function = |lines: usize| {
            let body = "// }\n".repeat(lines - 2);
            format!(
                "trait T {{\n    fn f(a: [u8; 2]);\n    /// Not\n    /// counted.\n    pub fn g() {{\n{body}\n}}}}"
            )
        };
        assert!(long_functions(&file(function(LINES_OF_A_FUNCTION - 1))).is_empty());
        let found = long_functions(&file(function(LINES_OF_A_FUNCTION)));
        assert_eq!(found, ["a.rs:5: `g` has 67 lines, of 66 at most; give its parts names"]);
    }

    #[test]
    fn functions_are_found_wherever_they_stand() {
        let found =
            |text: &str| long_functions(&file(text.replace("..", &"\n".repeat(LINES_OF_A_FUNCTION)))).len();
        assert_eq!(
            found(
                "mod a { impl A { const fn f<const N: usize>(x: fn(u8) -> u8) -> [u8; 2] where A: B {..} } }"
            ),
            1
        );
        assert_eq!(found("fn a() { fn b() {..} }"), 2);
        assert_eq!(found("fn a(); struct B {..} fn c() {} const D: fn() = e; mod f {..}"), 0);
    }
}
