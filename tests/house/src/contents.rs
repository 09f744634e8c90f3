//! What a module defines, and what it mentions: one pass over its tokens.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tokens::{Parted, inside, is_sign, is_word, line, parse, part};

/// What stands in a module, without its tests.
#[derive(Debug, Default)]
pub struct Contents {
    /// The names of its functions, types, constants, traits and macros.
    pub items: BTreeSet<String>,
    /// Of these, the macros. If one is exported, its name is the crate's.
    pub macros: BTreeSet<String>,
    /// Paths in imports and elsewhere, in the order of the text.
    pub mentions: Vec<Mention>,
    /// Modules that it declares, `mod name;`.
    pub in_files: Vec<String>,
    /// The same, for tests.
    pub tests_in_files: Vec<String>,
    /// Modules that stand in it, `mod name { .. }`.
    pub in_blocks: Vec<(String, Contents)>,
}

/// A path: `crate::shape::Shape` in an import, or `shape::axis(..)` in code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mention {
    /// The names between the colons. The first is empty where the path begins with colons, and `$crate` in a macro.
    pub path: Vec<String>,
    /// Where it begins.
    pub line: usize,
    /// What an import makes of it.
    pub import: Option<Import>,
}

/// What an import binds.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The name it gives to what it imports; `*` if it is all of a module.
    pub name: String,
    /// Whether others may import it from here: `pub use`, `pub(crate) use`.
    pub is_public: bool,
}

/// The words before the name of an item.
const ITEMS: [&str; 8] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static"];

impl Contents {
    /// What stands in a file.
    ///
    /// # Panics
    /// If it is no Rust.
    pub fn of_file(file: &str, text: &str) -> Contents {
        Contents::of(parse(file, text))
    }

    /// The imports that bind this name, or `*`.
    pub fn imports_of(&self, name: &str) -> impl Iterator<Item = &Mention> {
        let binds =
            move |mention: &&Mention| mention.import.as_ref().is_some_and(|import| import.name == name);
        self.mentions.iter().filter(binds)
    }

    fn of(stream: TokenStream) -> Contents {
        let mut contents = Contents::default();
        contents.scan(stream, true);
        contents
    }

    /// Reads what stands between two brackets, and between all brackets in it.
    fn scan(&mut self, stream: TokenStream, is_top: bool) {
        let Parted { code, tests } = part(stream);
        if is_top && !tests.is_empty() {
            self.tests_in_files.extend(Contents::of(tests).in_files);
        }
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut i = 0;
        while i < tokens.len() {
            if is_top {
                self.item(&tokens[i..]);
            }
            i += self.construct(&tokens, i, is_top);
        }
    }

    /// Notes the name of an item that begins here.
    fn item(&mut self, tokens: &[TokenTree]) {
        if let [TokenTree::Ident(word), TokenTree::Ident(name), ..] = tokens
            && ITEMS.iter().any(|item| word == item)
        {
            self.items.insert(name.to_string());
        } else if let [TokenTree::Ident(word), sign, TokenTree::Ident(name), ..] = tokens
            && word == "macro_rules"
            && is_sign(sign, '!')
        {
            self.items.insert(name.to_string());
            self.macros.insert(name.to_string());
        }
    }

    /// Reads what begins at token `i`, and says how many tokens that is.
    fn construct(&mut self, tokens: &[TokenTree], i: usize, is_top: bool) -> usize {
        match &tokens[i..] {
            [word, TokenTree::Ident(name), after, ..] if is_word(word, "mod") && is_top => {
                match inside(Some(after), Delimiter::Brace) {
                    Some(body) => self.in_blocks.push((name.to_string(), Contents::of(body))),
                    None => self.in_files.push(name.to_string()),
                }
                3
            }
            [word, next, ..] if is_word(word, "use") && !is_sign(next, '<') => {
                let tree: Vec<TokenTree> =
                    tokens[i + 1..].iter().take_while(|token| !is_sign(token, ';')).cloned().collect();
                self.import(&mut Vec::new(), &tree, is_public(&tokens[..i]));
                tree.len() + 2
            }
            [word, next, ..]
                if is_word(word, "pub") && inside(Some(next), Delimiter::Parenthesis).is_some() =>
            {
                2
            }
            [TokenTree::Group(group), ..] => {
                self.scan(group.stream(), false);
                1
            }
            [first, ..] => match path_at(tokens, i) {
                (path, len) if path.len() > 1 => {
                    self.mentions.push(Mention { path, line: line(first), import: None });
                    len
                }
                _ => 1,
            },
            [] => unreachable!("a construct begins at a token"),
        }
    }

    /// The part of an import that follows the path `before`: `a::{b as c, d::*}`.
    fn import(&mut self, before: &mut Vec<String>, tree: &[TokenTree], is_public: bool) {
        for branch in tree.split(|token| is_sign(token, ',')).filter(|branch| !branch.is_empty()) {
            let (path, len) = path_at(branch, 0);
            let known = before.len();
            before.extend(path.iter().filter(|name| *name != "self" || known == 0).cloned());
            let name = match &branch[len..] {
                [] => before.last().expect("an import names something").clone(),
                [word, TokenTree::Ident(name)] if is_word(word, "as") => name.to_string(),
                [.., TokenTree::Group(group)] => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.import(before, &inner, is_public);
                    before.truncate(known);
                    continue;
                }
                _ => "*".to_string(),
            };
            let import = Some(Import { name, is_public });
            self.mentions.push(Mention { path: before.clone(), line: line(&branch[0]), import });
            before.truncate(known);
        }
    }
}

/// Whether what follows these tokens is made public by them.
fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., word] if is_word(word, "pub") => true,
        [.., word, within] => is_word(word, "pub") && inside(Some(within), Delimiter::Parenthesis).is_some(),
        _ => false,
    }
}

/// The path that begins at token `i`, and its number of tokens. No names if none begins there.
fn path_at(tokens: &[TokenTree], i: usize) -> (Vec<String>, usize) {
    let are_colons =
        |at: usize| matches!(tokens.get(at..at + 2), Some([a, b]) if is_sign(a, ':') && is_sign(b, ':'));
    let before = i.checked_sub(1).map(|last| &tokens[last]);
    let ends_a_path = |token: &TokenTree| matches!(token, TokenTree::Ident(_)) || is_sign(token, '>');
    let (mut path, mut at) = (Vec::new(), i);
    if are_colons(i) && !before.is_some_and(ends_a_path) {
        (path, at) = (vec![String::new()], i + 2);
    } else if i >= 2 && are_colons(i - 2) {
        return (path, 0); // it began before, with a type in angle brackets
    }
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        let is_of_macro = at == i && before.is_some_and(|token| is_sign(token, '$'));
        path.push(if is_of_macro { format!("${name}") } else { name.to_string() });
        at += 1;
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(_)) if are_colons(at) => at += 2,
            _ => break,
        }
    }
    (path, at - i)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Contents {
        Contents::of_file("a.rs", text)
    }

    /// The paths of a text, and in brackets the names that imports bind, with a plus where they are public.
    fn mentions(text: &str) -> String {
        let shown = of(text).mentions.into_iter().map(|Mention { path, import, .. }| match import {
            Some(Import { name, is_public }) => {
                format!("{}[{}{name}]", path.join("::"), if is_public { "+" } else { "" })
            }
            None => path.join("::"),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn imports_are_taken_apart() {
        assert_eq!(mentions("use crate::a::B;"), "crate::a::B[B]");
        assert_eq!(mentions("use a::{self, b::{C as D, e}, f::*};"), "a[a] a::b::C[D] a::b::e[e] a::f[*]");
        assert_eq!(mentions("pub use super::a; pub(crate) use self::b;"), "super::a[+a] self::b[+b]");
        assert_eq!(mentions("use ::rayon; use {a::B, c};"), "::rayon[rayon] a::B[B] c[c]");
        assert_eq!(mentions("fn f() -> impl Fn() + use<'_> { use a::b; }"), "a::b[b]");
    }

    #[test]
    fn paths_in_code_are_found_wherever_they_stand() {
        assert_eq!(mentions("fn f(x: a::B) -> c::D<e::F> { g::h::<i::J>(); }"), "a::B c::D e::F g::h i::J");
        assert_eq!(
            mentions("fn f() { vec![crate::a::b(); 2]; x.y::<Z>(::c::d); E { ..f::g() } }"),
            "crate::a::b ::c::d f::g"
        );
        assert_eq!(mentions("fn f(x: ::a::B) { Vec::<c::D>::new(); <E as f::G>::h(); }"), "::a::B c::D f::G");
        assert_eq!(mentions("macro_rules! m { () => { $crate::a::b() } }"), "$crate::a::b");
        assert_eq!(mentions("#[derive(serde::Serialize)] pub(in crate::a) struct B;"), "serde::Serialize");
        assert_eq!(mentions("/// [`a::b`] \n // c::d\nconst E: &str = \"f::g\";"), "");
        assert_eq!(mentions("#[cfg(test)] use a::b; fn f() { #[cfg(test)] a::b(); c }"), "");
    }

    #[test]
    fn a_mention_has_its_line() {
        let lines: Vec<usize> =
            of("use a::{\n    b,\n    c,\n};\nfn f() { d::e() }").mentions.iter().map(|m| m.line).collect();
        assert_eq!(lines, [2, 3, 5]);
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        let contents = of(
            "/* mod a; /* { */ */ // }\n/// mod b;\nconst C: &str = r#\"\" mod d; {\"#; const E: char = '{'; // '\n",
        );
        assert!(contents.in_files.is_empty() && contents.items.len() == 2, "{contents:?}");
    }

    #[test]
    fn items_and_modules_are_found() {
        let contents = of(
            "pub struct A { b: c::D } impl A { fn e() {} } const F: u8 = 1; macro_rules! g { () => {} }\n\
            mod h; pub mod i { fn j() {} mod k; } #[cfg(test)] mod tests; #[cfg(test)] mod l { mod m {} }",
        );
        assert_eq!(contents.items.iter().map(String::as_str).collect::<Vec<_>>(), ["A", "F", "g"]);
        assert_eq!(contents.macros.len(), 1);
        assert_eq!((contents.in_files, contents.tests_in_files), (vec!["h".into()], vec!["tests".into()]));
        assert_eq!(contents.in_blocks[0].0, "i");
        assert_eq!(contents.in_blocks[0].1.in_files, ["k"]);
    }
}
