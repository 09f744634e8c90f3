//! The modules of a crate, put together by their `mod` declarations, and where the paths in them lead.

use std::collections::{BTreeMap, BTreeSet};

use crate::contents::{Contents, Mention};
use crate::workspace::Files;

/// The modules between the crate and this one, by name. None for the crate itself.
pub type ModulePath = Vec<String>;

/// A library or a program, without its tests.
pub struct Modules {
    modules: BTreeMap<ModulePath, Module>,
    /// The files that are compiled for tests alone.
    pub files_of_tests: BTreeSet<String>,
}

/// A module of a crate.
pub struct Module {
    /// The file it is written in.
    pub file: String,
    /// What it defines and mentions.
    pub contents: Contents,
}

/// Where a path leads.
#[derive(Debug, PartialEq)]
pub enum Place {
    /// To a module of the same crate, or to something that is defined in it.
    Here {
        /// The module.
        module: ModulePath,
        /// Whether the path takes the crate's front door: a name that its first file only imports.
        through_front_door: bool,
    },
    /// Out of the crate; the first is the name of another crate, or of something that every file knows.
    Elsewhere(Vec<String>),
}

impl Modules {
    /// The crate that begins with this file.
    ///
    /// # Panics
    /// If a file is no Rust, or if a module that is declared has none.
    pub fn of(root: &str, files: &Files) -> Modules {
        let mut modules = Modules { modules: BTreeMap::new(), files_of_tests: BTreeSet::new() };
        let contents = Contents::of_file(root, &files[root]);
        modules.add(Vec::new(), root, contents, files);
        modules
    }

    /// Every module, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&ModulePath, &Module)> {
        self.modules.iter()
    }

    /// The file of a module.
    ///
    /// # Panics
    /// If the crate has no such module.
    pub fn file(&self, module: &[String]) -> &str {
        &self.modules[module].file
    }

    fn add(&mut self, path: ModulePath, file: &str, mut contents: Contents, files: &Files) {
        for name in std::mem::take(&mut contents.tests_in_files) {
            self.add_tests(&file_of(file, &name, files), files);
        }
        for name in std::mem::take(&mut contents.in_files) {
            let child = file_of(file, &name, files);
            let inside = Contents::of_file(&child, &files[&child]);
            self.add(child_path(&path, &name), &child, inside, files);
        }
        for (name, inside) in std::mem::take(&mut contents.in_blocks) {
            self.add(child_path(&path, &name), file, inside, files);
        }
        self.modules.insert(path, Module { file: file.to_string(), contents });
    }

    fn add_tests(&mut self, file: &str, files: &Files) {
        let contents = Contents::of_file(file, &files[file]);
        for name in contents.in_files.iter().chain(&contents.tests_in_files) {
            self.add_tests(&file_of(file, name, files), files);
        }
        self.files_of_tests.insert(file.to_string());
    }

    /// Where a path leads that a module mentions.
    pub fn resolve(&self, from: &[String], mention: &Mention) -> Place {
        self.follow(from, &mention.path, 0)
    }

    fn follow(&self, from: &[String], path: &[String], depth: usize) -> Place {
        let (first, rest) = path.split_first().expect("a path has a name");
        let parent = || &from[..from.len().saturating_sub(1)];
        match first.as_str() {
            "crate" | "$crate" => self.descend(Vec::new(), rest, depth),
            "self" => self.descend(from.to_vec(), rest, depth),
            "super" if rest.first().is_some_and(|next| next == "super") => self.follow(parent(), rest, depth),
            "super" => self.descend(parent().to_vec(), rest, depth),
            "" => Place::Elsewhere(rest.to_vec()), // `::name`
            _ if self.knows(from, first) => self.descend(from.to_vec(), path, depth),
            _ => Place::Elsewhere(path.to_vec()),
        }
    }

    /// Whether a name stands for something in this module: one of its own, or one that it imports by another
    /// path than that name.
    fn knows(&self, module: &[String], name: &str) -> bool {
        let contents = &self.modules[module].contents;
        self.modules.contains_key(&child_path(module, name))
            || contents.items.contains(name)
            || contents.imports_of(name).any(|import| import.path[0] != name)
    }

    /// Goes down from a module, as far as the names are those of modules; then through an import of the next name,
    /// if there is one.
    fn descend(&self, mut module: ModulePath, mut names: &[String], depth: usize) -> Place {
        while let Some(name) = names.first()
            && self.modules.contains_key(&child_path(&module, name))
        {
            module.push(name.clone());
            names = &names[1..];
        }
        let here = |module| Place::Here { module, through_front_door: false };
        let Some((name, rest)) = names.split_first() else { return here(module) };
        let contents = &self.modules[&module].contents;
        if contents.items.contains(name) || depth > 32 {
            return here(module);
        }
        if let Some(import) = contents.imports_of(name).next() {
            let path = [import.path.as_slice(), rest].concat();
            let place = if import.path[0] == *name {
                Place::Elsewhere(path) // `use tensor;`, where `tensor` is a crate
            } else {
                self.follow(&module, &path, depth + 1)
            };
            return if module.is_empty() { through_front_door(place) } else { place };
        }
        let defines = |(_, module): &(&ModulePath, &Module)| module.contents.macros.contains(name);
        match self.modules.iter().find(defines) {
            Some((definer, _)) if module.is_empty() => here(definer.clone()),
            _ => self.through_globs(module, names, depth),
        }
    }

    /// The module that defines the name, if one of those does that this module imports all of; else this one.
    fn through_globs(&self, module: ModulePath, names: &[String], depth: usize) -> Place {
        for import in self.modules[&module].contents.imports_of("*") {
            if let Place::Here { module: all_of, .. } = self.follow(&module, &import.path, depth + 1)
                && all_of != module
                && self.knows(&all_of, &names[0])
            {
                let place = self.descend(all_of, names, depth + 1);
                return if module.is_empty() { through_front_door(place) } else { place };
            }
        }
        Place::Here { module, through_front_door: false }
    }
}

fn through_front_door(place: Place) -> Place {
    match place {
        Place::Here { module, .. } => Place::Here { module, through_front_door: true },
        elsewhere => elsewhere,
    }
}

fn child_path(module: &[String], name: &str) -> ModulePath {
    [module, &[name.to_string()]].concat()
}

/// The file of a module that is declared in another.
///
/// # Panics
/// If there is none.
fn file_of(parent: &str, name: &str, files: &Files) -> String {
    let (folder, stem) = parent.rsplit_once('/').expect("a file in a folder");
    let folder = match stem {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_string(),
        _ => parent.strip_suffix(".rs").expect("a Rust file").to_string(),
    };
    let places = [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")];
    let found = places.into_iter().find(|place| files.contains_key(place));
    found.unwrap_or_else(|| panic!("{parent}: there is no file for `mod {name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(files: &[(&str, &str)]) -> Modules {
        let files = files.iter().map(|(file, text)| (format!("src/{file}"), text.to_string())).collect();
        Modules::of("src/lib.rs", &files)
    }

    /// Where the only mention of a module leads: names of modules, of another crate, and an exclamation mark where
    /// the way is through the front door.
    fn place(modules: &Modules, module: &str) -> String {
        let path: ModulePath = module.split("::").map(str::to_string).collect();
        let mentions = &modules.modules[&path].contents.mentions;
        match modules.resolve(&path, mentions.last().unwrap()) {
            Place::Here { module, through_front_door } => {
                format!("{}{}", module.join("::"), if through_front_door { "!" } else { "" })
            }
            Place::Elsewhere(names) => format!("::{}", names.join("::")),
        }
    }

    #[test]
    fn files_are_put_together_by_their_declarations() {
        let found = modules(&[
            ("lib.rs", "mod a; mod b; #[cfg(test)] mod testing;"),
            ("a.rs", "mod c { mod d { } } #[cfg(test)] mod tests;"),
            ("a/tests.rs", "mod more;"),
            ("a/tests/more.rs", ""),
            ("b/mod.rs", "mod e;"),
            ("b/e.rs", ""),
            ("testing.rs", ""),
        ]);
        let names: Vec<String> = found.iter().map(|(path, _)| path.join("::")).collect();
        assert_eq!(names, ["", "a", "a::c", "a::c::d", "b", "b::e"]);
        assert_eq!(found.file(&["b".into(), "e".into()]), "src/b/e.rs");
        assert_eq!(found.file(&["a".into(), "c".into()]), "src/a.rs");
        assert_eq!(found.files_of_tests.len(), 3, "{:?}", found.files_of_tests);
    }

    #[test]
    #[should_panic(expected = "src/lib.rs: there is no file for `mod a`")]
    fn a_module_without_a_file_is_refused() {
        modules(&[("lib.rs", "mod a;"), ("b.rs", "")]);
    }

    #[test]
    fn a_path_leads_to_the_module_that_defines_the_thing() {
        for (mention, expected) in [
            ("use crate::b::B;", "b"),
            ("use super::b::c::C;", "b::c"),
            ("use crate::b::C;", "b::c"), // b passes it on
            ("use crate::b::D;", "d"),    // so does it this one, of all there is in d
            ("fn f() { crate::b::c::C::new() }", "b::c"),
            ("use crate::b; fn f() { b::c::g() }", "b::c"),
            ("use crate::b as x; fn f() { x::C::new() }", "b::c"),
            ("use crate::d::D; fn f() { D::E }", "d"),
            ("use crate::D;", "d!"),
            ("use super::C;", "b::c!"),
            ("use crate::exported;", "d"),
            ("struct S; fn f() { S::new() }", "a"),
            ("fn f() { self::g::h() }", "a"),
            ("use std::fmt;", "::std::fmt"),
            ("use ::b::B;", "::b::B"),
            ("use tensor as t; fn f() { t::kernels::sum() }", "::tensor::kernels::sum"),
            ("use tensor; fn f() { tensor::sum() }", "::tensor::sum"),
        ] {
            let found = modules(&[
                ("lib.rs", "mod a; mod b; mod d; pub use d::*; pub use b::C;"),
                ("a.rs", mention),
                ("b.rs", "mod c; pub use c::C; pub use crate::d::*; pub struct B;"),
                ("b/c.rs", "pub struct C; fn g() {}"),
                ("d.rs", "pub enum D { E } #[macro_export] macro_rules! exported { () => {} }"),
            ]);
            assert_eq!(place(&found, "a"), expected, "{mention}");
        }
    }

    #[test]
    fn super_is_the_module_around_also_within_a_file() {
        let found = modules(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b { mod c { use super::super::A; } use super::A; } struct A;"),
        ]);
        assert_eq!([place(&found, "a::b"), place(&found, "a::b::c")], ["a", "a"]);
    }
}
