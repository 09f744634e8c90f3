//! A file as the compiler sees it: a tree of tokens, in which what stands between brackets is a branch.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens of a file.
///
/// # Panics
/// If it is no Rust.
pub fn parse(file: &str, text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The line a token begins in.
pub fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Whether the token is that word.
pub fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// Whether the token is that sign.
pub fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// What stands between such brackets, if the token is that.
pub fn inside(token: Option<&TokenTree>, brackets: Delimiter) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == brackets => Some(group.stream()),
        _ => None,
    }
}

/// Calls `visit` with each run of tokens that stands between the same brackets, the outermost first.
pub fn for_each_run(stream: TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    visit(&tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            for_each_run(group.stream(), visit);
        }
    }
}

/// What is compiled in any case, on all levels.
pub fn without_tests(stream: TokenStream) -> TokenStream {
    let within = |token| match token {
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_tests(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    };
    part(stream).code.into_iter().map(within).collect()
}

/// Code, and what is compiled for tests or documentation alone.
#[derive(Default)]
pub struct Parted {
    /// What is compiled in any case.
    pub code: TokenStream,
    /// Items under `#[cfg(test)]`, `#[test]` or `#[cfg(doc)]`.
    pub tests: TokenStream,
}

/// Parts the items of one level; what is between brackets in them stays as it is.
pub fn part(stream: TokenStream) -> Parted {
    let (mut parted, mut for_tests) = (Parted::default(), false);
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        let inner = usize::from(after.first().is_some_and(|token| is_sign(token, '!')));
        if is_sign(first, '#')
            && let Some(attribute) = inside(after.get(inner), Delimiter::Bracket)
        {
            for_tests |= is_for_tests(attribute);
            let (attribute, after) = rest.split_at(inner + 2);
            if !for_tests {
                parted.code.extend(attribute.iter().cloned());
            }
            rest = after;
        } else if for_tests {
            let (item, after) = rest.split_at(item_len(rest));
            parted.tests.extend(item.iter().cloned());
            (rest, for_tests) = (after, false);
        } else {
            parted.code.extend([first.clone()]);
            rest = after;
        }
    }
    parted
}

fn is_for_tests(attribute: TokenStream) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    ["test", "cfg(test)", "cfg(doc)", "cfg(doctest)"].contains(&text.as_str())
        || text.starts_with("cfg(all(test,")
}

/// How many tokens an item has: up to its block or its semicolon.
fn item_len(tokens: &[TokenTree]) -> usize {
    let is_use = tokens.iter().take_while(|token| !is_sign(token, ';')).any(|token| is_word(token, "use"));
    let ends =
        |token: &TokenTree| is_sign(token, ';') || !is_use && inside(Some(token), Delimiter::Brace).is_some();
    tokens.iter().position(ends).map_or(tokens.len(), |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        part(parse("a.rs", text)).code.to_string().split_whitespace().collect()
    }

    #[test]
    fn items_for_tests_are_parted_from_the_code() {
        assert_eq!(code("fn a() {} #[cfg(test)] mod tests { fn b() {} } fn c() {}"), "fna(){}fnc(){}");
        assert_eq!(code("#[cfg(test)] #[allow(x)] mod tests; use d::{e, f};"), "used::{e,f};");
        assert_eq!(code("#[cfg(test)] use crate::{a, b}; fn g() {}"), "fng(){}");
        assert_eq!(
            code("#[cfg(doc)] use crate::Var; #[test] fn h() { x } #[inline] fn i() {}"),
            "#[inline]fni(){}"
        );
        assert_eq!(code("#[cfg(unix)] mod j;"), "#[cfg(unix)]modj;");
    }

    #[test]
    fn tests_are_taken_out_on_all_levels() {
        let code =
            without_tests(parse("a.rs", "mod a { #[cfg(test)] mod b {} fn c() { #[cfg(test)] d(); e } }"));
        assert_eq!(code.to_string().split_whitespace().collect::<String>(), "moda{fnc(){e}}");
    }

    #[test]
    #[should_panic(expected = "a.rs: ")]
    fn what_is_no_rust_is_refused() {
        parse("a.rs", "fn a() { (");
    }

    #[test]
    fn every_run_is_visited() {
        let mut runs = Vec::new();
        for_each_run(parse("a.rs", "a (b [c]) {d}"), &mut |run| runs.push(run[0].to_string()));
        assert_eq!(runs.len(), 4);
        assert_eq!([runs[0].as_str(), runs[2].as_str()], ["a", "c"]);
    }
}
