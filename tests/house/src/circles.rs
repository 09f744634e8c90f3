//! Modules import one way. What needs another to be understood must not be needed by that other: who reads the one
//! would have to read both, and neither can be changed or moved alone.
//!
//! Looked at is one level of the crate after another: a module and the rooms below it, a room being a child
//! with all that is in it. So files make no circle, and rooms make none, not even by different files: if
//! `a/x.rs` needs `b/y.rs`, nothing in `b/` needs anything in `a/`.
//!
//! What counts: a path in the code of one file that leads to another, in an import or without one, to a module or to
//! what is defined in it. What a module only passes on is followed to where it is defined, for that is what is
//! needed. Tests do not count, nor links of the documentation.
//!
//! Parents and children: `mod child;` and `pub use child::Thing;` in the parent do not count, for they only say what
//! there is. Where the parent calls the child (`child::f()`, `use child::f;`) it needs it; where something in the
//! child's room takes something from the parent (`super::Thing`) that needs the parent. Both together are a circle
//! like any other: what the child takes belongs into a file of its own, which both can import.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::{ModulePath, Modules, Place};

/// A module and the rooms below it, each with those that it needs, and the places that say so.
type Level = BTreeMap<ModulePath, BTreeMap<ModulePath, Vec<String>>>;

/// Circles, each in its shortest form: every import that is part of one is part of one of these.
pub fn circles(modules: &Modules) -> Vec<String> {
    let mut found = Vec::new();
    for level in levels(modules).values() {
        let mut circles = BTreeSet::new();
        for (from, needed) in level {
            for to in needed.keys() {
                if let Some(mut circle) = shortest_way(level, to, from) {
                    let first =
                        circle.iter().min().and_then(|first| circle.iter().position(|room| room == first));
                    circle.rotate_left(first.unwrap_or(0));
                    circles.insert(circle);
                }
            }
        }
        found.extend(circles.iter().map(|circle| describe(modules, level, circle)));
    }
    found
}

/// Imports through the crate's front door: of names that `lib.rs` only passes on.
pub fn through_the_front_door(modules: &Modules) -> Vec<String> {
    let mut found = Vec::new();
    for (path, module) in modules.iter().filter(|(path, _)| !path.is_empty()) {
        for mention in &module.contents.mentions {
            let begins_outside = ["crate", "super"].contains(&mention.path[0].as_str());
            if let Place::Here { module: definer, through_front_door: true } = modules.resolve(path, mention)
                && begins_outside
            {
                found.push(format!(
                    "{}:{}: `{}` goes through {}; import it from the module that defines it, {}",
                    module.file,
                    mention.line,
                    mention.path.join("::"),
                    modules.file(&[]),
                    modules.file(&definer),
                ));
            }
        }
    }
    found
}

/// The levels of a crate, by the module at the top of each.
fn levels(modules: &Modules) -> BTreeMap<ModulePath, Level> {
    let mut levels: BTreeMap<ModulePath, Level> = BTreeMap::new();
    for (from, module) in modules.iter() {
        for mention in &module.contents.mentions {
            let Place::Here { module: to, .. } = modules.resolve(from, mention) else { continue };
            let passes_on = mention.import.as_ref().is_some_and(|import| import.is_public);
            if module.file == modules.file(&to) || passes_on && to.starts_with(from) {
                continue;
            }
            let top = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            let room = |path: &ModulePath| path[..path.len().min(top + 1)].to_vec();
            let level = levels.entry(from[..top].to_vec()).or_default();
            let places = level.entry(room(from)).or_default().entry(room(&to)).or_default();
            places.push(format!("{}:{}: {}", module.file, mention.line, mention.path.join("::")));
        }
    }
    levels
}

/// The rooms on a shortest way from one to another, if there is one.
fn shortest_way<'a>(level: &'a Level, from: &'a ModulePath, to: &ModulePath) -> Option<Vec<&'a ModulePath>> {
    let mut ways = VecDeque::from([vec![from]]);
    let mut seen = BTreeSet::from([from]);
    while let Some(way) = ways.pop_front() {
        let last = way[way.len() - 1];
        if last == to {
            return Some(way);
        }
        for next in level.get(last).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(next) {
                ways.push_back([way.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

fn describe(modules: &Modules, level: &Level, circle: &[&ModulePath]) -> String {
    let round: Vec<&ModulePath> = circle.iter().chain(circle.first()).copied().collect();
    let files: Vec<&str> = round.iter().map(|room| modules.file(room)).collect();
    let mut text = files.join(" -> ");
    for pair in round.windows(2) {
        let places = &level[pair[0]][pair[1]];
        text += &format!("\n    {}", places[0]);
        if places.len() > 1 {
            text += &format!(" (and {} more)", places.len() - 1);
        }
    }
    text + "\n    put what one needs of the other into a file that needs neither, or move the code that needs both up"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(files: &[(&str, &str)]) -> Modules {
        let files = files.iter().map(|(file, text)| (format!("src/{file}"), text.to_string())).collect();
        Modules::of("src/lib.rs", &files)
    }

    /// The first lines of the circles of a crate with modules a, b and c in it.
    fn rounds(a: &str, b: &str, c: &str) -> Vec<String> {
        let found = circles(&modules(&[
            ("lib.rs", "mod a; mod b; mod c; pub use a::A; struct L;"),
            ("a.rs", &format!("mod x; struct A; {a}")),
            ("a/x.rs", "use crate::c::C; struct X;"),
            ("b.rs", &format!("struct B; {b}")),
            ("c.rs", &format!("struct C; {c}")),
        ]));
        found.iter().map(|circle| circle.lines().next().unwrap().replace("src/", "")).collect()
    }

    #[test]
    fn one_way_is_no_circle() {
        assert!(rounds("use crate::b::B;", "use crate::c::C;", "use crate::L; use std::fmt;").is_empty());
        assert!(rounds("pub use x::X; pub(crate) use self::x::X as Y;", "use crate::a::X;", "").is_empty());
        assert!(
            rounds("", "#[cfg(test)] mod tests { use crate::a::A; }", "#[cfg(doc)] use crate::b::B;")
                .is_empty()
        );
    }

    #[test]
    fn circles_of_every_length_are_found() {
        assert_eq!(rounds("use crate::b::B;", "fn f() { crate::a::f() }", ""), ["a.rs -> b.rs -> a.rs"]);
        assert_eq!(
            rounds("use crate::b::B;", "use crate::c::C;", "use crate::a::A;"),
            ["a.rs -> b.rs -> c.rs -> a.rs", "a.rs -> c.rs -> a.rs"] // the second for what a/x.rs needs
        );
        assert_eq!(rounds("", "use crate::c::C;", "use crate::b;"), ["b.rs -> c.rs -> b.rs"]);
    }

    #[test]
    fn rooms_make_no_circle_even_by_different_files() {
        assert_eq!(rounds("", "", "use crate::a::A;"), ["a.rs -> c.rs -> a.rs"]);
        assert_eq!(rounds("", "use crate::a::A;", "use crate::b::B;"), ["a.rs -> c.rs -> b.rs -> a.rs"]);
    }

    #[test]
    fn a_parent_and_its_child_need_each_other_or_not() {
        let found = |parent: &str, child: &str| {
            let files = [("lib.rs", "mod a;"), ("a.rs", parent), ("a/b.rs", child)];
            circles(&modules(&files)).len()
        };
        assert_eq!(found("mod b; pub use b::B; struct A;", "use super::A; struct B;"), 0);
        assert_eq!(found("mod b; use b::B; struct A;", "struct B;"), 0);
        assert_eq!(found("mod b; use b::B; struct A;", "use super::A; struct B;"), 1);
        assert_eq!(found("mod b; fn a() { b::f() } struct A;", "fn g() -> super::A {}"), 1);
    }

    #[test]
    fn a_circle_says_where() {
        let found = circles(&modules(&[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use std::fmt;\nuse crate::b::B;\nuse crate::b::f;"),
            ("b.rs", "fn f() {\n\n    crate::a::g()\n}"),
        ]));
        assert_eq!(
            found,
            [
                "src/a.rs -> src/b.rs -> src/a.rs\n    src/a.rs:2: crate::b::B (and 1 more)\n    src/b.rs:3: crate::a::g\n    \
                put what one needs of the other into a file that needs neither, or move the code that needs both up"
            ]
        );
    }

    #[test]
    fn the_front_door_is_for_others() {
        let found = |mention: &str| {
            let lib = "mod a; mod error; pub use error::Error; pub struct Own;";
            through_the_front_door(&modules(&[
                ("lib.rs", lib),
                ("a.rs", mention),
                ("error.rs", "pub enum Error {}"),
            ]))
        };
        assert_eq!(
            found("\nuse crate::Error;"),
            ["src/a.rs:2: `crate::Error` goes through src/lib.rs; \
                import it from the module that defines it, src/error.rs"]
        );
        assert_eq!(found("fn f() -> super::Error {}").len(), 1);
        let fine = "use crate::error::Error; use crate::Own; macro_rules! m { () => { $crate::Error::X } }\n\
            fn f() { Error::X }";
        assert!(found(fine).is_empty());
    }
}
