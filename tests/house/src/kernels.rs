//! `unsafe` stands in the kernels alone, each block argued: elsewhere the compiler is the argument. The seam to the browser
//! keeps the names of its functions by an attribute that is written so, and has no block.

use proc_macro2::TokenTree;

use crate::tokens::{for_each_run, is_word, line, parse};
use crate::workspace::Files;

/// Where it may stand.
pub const KERNELS: &str = "tensor/src/kernels/";

/// Where functions may keep their names for others to call.
pub const SEAM: &str = "illustrated/live/src/seam.rs";

/// `unsafe` elsewhere.
///
/// # Panics
/// If a file is no Rust.
pub fn unsafe_elsewhere(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| !file.starts_with(KERNELS)) {
        for_each_run(parse(file, text), &mut |tokens| {
            let keeps_a_name = |at: usize| file == SEAM && is_group_of(tokens.get(at + 1), "no_mangle");
            let all = tokens
                .iter()
                .enumerate()
                .filter(|(at, token)| is_word(token, "unsafe") && !keeps_a_name(*at));
            let lines = all.map(|(_, token)| line(token));
            found.extend(lines.map(|line| {
                format!("{file}:{line}: `unsafe` outside {KERNELS}; do without, or make it a kernel with a naive twin")
            }));
        });
    }
    found
}

/// Whether these are parentheses around that one word.
fn is_group_of(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.stream().to_string() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_found_outside_the_kernels() {
        let text =
            "// unsafe\nfn f() { \"unsafe\" }\nmod a { fn g() {\n unsafe { h() } } }\nunsafe fn h() {}"
                .to_string();
        let place = |file: &str| unsafe_elsewhere(&Files::from([(file.to_string(), text.clone())]));
        let found: Vec<String> = place("tensor/src/ops/sum.rs");
        assert!(
            found[0].starts_with("tensor/src/ops/sum.rs:5: `unsafe`") && found[1].contains(":4: "),
            "{found:?}"
        );
        assert_eq!(found.len(), 2);
        assert!(place("tensor/src/kernels/sum.rs").is_empty());
        let named = "#[unsafe(no_mangle)]\nextern \"C\" fn f() {}\nfn g() { unsafe { h() } }".to_string();
        let place = |file: &str| unsafe_elsewhere(&Files::from([(file.to_string(), named.clone())])).len();
        assert_eq!((place(SEAM), place("tensor/src/ops/sum.rs")), (1, 2));
    }
}
