//! `unsafe` stands in the kernels alone, each block argued: elsewhere the compiler is the argument.

use crate::tokens::{for_each_run, is_word, line, parse};
use crate::workspace::Files;

/// Where it may stand.
pub const KERNELS: &str = "tensor/src/kernels/";

/// `unsafe` elsewhere.
///
/// # Panics
/// If a file is no Rust.
pub fn unsafe_elsewhere(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| !file.starts_with(KERNELS)) {
        for_each_run(parse(file, text), &mut |tokens| {
            let lines = tokens.iter().filter(|token| is_word(token, "unsafe")).map(line);
            found.extend(lines.map(|line| {
                format!("{file}:{line}: `unsafe` outside {KERNELS}; do without, or make it a kernel with a naive twin")
            }));
        });
    }
    found
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
    }
}
