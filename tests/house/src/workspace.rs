//! The packages of the workspace and their Rust files, as they lie on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

/// Text by path, which begins at the root of the workspace: `tensor/src/lib.rs`.
pub type Files = BTreeMap<String, String>;

/// All that the rules look at.
#[derive(Default)]
pub struct Workspace {
    /// What is common to the packages.
    pub manifest: Table,
    /// The members, and the package at the root.
    pub packages: Vec<Package>,
    /// The Rust files of all packages: sources, tests, benchmarks, examples.
    pub files: Files,
    /// Scripts and styles among them.
    pub scripts: Files,
}

/// A package of the workspace.
pub struct Package {
    /// Without `etudiant-`.
    pub name: String,
    /// Empty, or with a slash at its end: `tensor/`.
    pub folder: String,
    /// Its `Cargo.toml`.
    pub manifest: Table,
}

impl Workspace {
    /// The workspace that this crate is part of.
    ///
    /// # Panics
    /// If a manifest is not as cargo wants it, or a file cannot be read.
    pub fn read() -> Workspace {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let manifest = table(&root.join("Cargo.toml"));
        let members = manifest["workspace"]["members"].as_array().expect("a list of members");
        let members = members.iter().map(|member| member.as_str().expect("a folder"));
        assert!(members.clone().all(|member| !member.contains('*')), "name the members one by one");
        let mut workspace = Workspace { manifest: manifest.clone(), ..Workspace::default() };
        for folder in members.map(|member| format!("{member}/")).chain(["".to_string()]) {
            let manifest = table(&root.join(&folder).join("Cargo.toml"));
            for part in ["src", "tests", "benches", "examples", "web"] {
                let part = PathBuf::from(format!("{folder}{part}"));
                collect(&root, part.clone(), &["rs"], &mut workspace.files);
                collect(&root, part, &["js", "mjs", "css"], &mut workspace.scripts);
            }
            workspace.packages.push(Package::new(&folder, manifest));
        }
        workspace
    }
}

impl Package {
    /// The package in that folder.
    ///
    /// # Panics
    /// If it has no name.
    pub fn new(folder: &str, manifest: Table) -> Package {
        let name = manifest["package"]["name"].as_str().expect("the name of a package");
        let name = name.strip_prefix("etudiant-").unwrap_or(name).to_string();
        Package { name, folder: folder.to_string(), manifest }
    }

    /// The files that its library and its program begin with.
    pub fn roots<'a>(&self, files: &'a Files) -> impl Iterator<Item = &'a str> {
        let roots = ["lib", "main"].map(|name| format!("{}src/{name}.rs", self.folder));
        roots.into_iter().filter_map(|root| files.get_key_value(&root)).map(|(root, _)| root.as_str())
    }
}

fn table(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder whose names end so, but for packages within it. A folder that is not there has none.
fn collect(root: &Path, folder: PathBuf, extensions: &[&str], files: &mut Files) {
    let Ok(entries) = fs::read_dir(root.join(&folder)) else { return };
    for entry in entries.map(|entry| entry.expect("an entry of a folder")) {
        let path = folder.join(entry.file_name());
        if root.join(&path).is_dir() {
            if !root.join(&path).join("Cargo.toml").exists() {
                collect(root, path, extensions, files);
            }
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|one| extension == *one)) {
            let text = fs::read_to_string(root.join(&path)).expect("a readable file");
            files.insert(path.to_str().expect("a name in UTF-8").replace('\\', "/"), text);
        }
    }
}
