//! Crates depend one way, and what only one of them may name, no other names.

use toml::{Table, Value};

use crate::modules::{Modules, Place};
use crate::workspace::{Package, Workspace};

/// For each crate the crates it may use: those below it. What knows nothing of gradients can be read without
/// them, and be used without them. The tests of a crate may use no more than it does; those that need more stand
/// in `tests/`.
const BELOW: [(&str, &[&str]); 13] = [
    ("tensor", &[]),
    ("autograd", &["tensor"]),
    ("nn", &["tensor", "autograd"]),
    ("transformer", &["tensor", "autograd", "nn"]),
    ("text", &[]),
    ("translate", &["tensor", "autograd", "nn", "transformer", "text"]),
    ("illustrated", &["tensor", "autograd", "nn", "transformer", "text", "translate"]),
    ("live", &["tensor", "nn", "transformer", "text", "translate", "illustrated"]),
    ("cli", &["tensor", "autograd", "nn", "transformer", "text", "translate", "illustrated"]),
    ("etudiant", &["tensor", "autograd", "nn", "transformer", "text", "translate", "illustrated", "house"]),
    ("house", &[]),
    ("readers", &["tensor", "nn", "transformer", "text", "translate", "cli"]),
    ("browser", &["illustrated", "live"]),
];

/// What only some crates may name, and what the others do instead. A program that only translates must not have to
/// compile what another needs to talk to people.
const AT_HOME: [(&str, &[&str], &str); 7] = [
    ("rayon", &["tensor"], "cut the work with `tensor::threads`"),
    ("clap", &["cli", "live"], "arguments are the command's; derive its traits there"),
    ("indicatif", &["cli"], "report progress to a callback"),
    ("signal_hook", &["cli"], "let the caller say when to stop"),
    ("prost", &["cli"], "hand the numbers to a callback"),
    ("toml", &["cli", "house"], "take a struct; recipes are the command's"),
    ("tokenizers", &["text"], "use what `text` makes of it"),
];

/// Dependencies on crates that are not below: of libraries, programs and tests.
pub fn against_the_order(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for package in &workspace.packages {
        let (name, manifest) = (&package.name, format!("{}Cargo.toml", package.folder));
        let Some((_, below)) = BELOW.iter().find(|(known, _)| known == name) else {
            found.push(format!(
                "{manifest}: tests/house/src/crates.rs does not say which crates `{name}` may use"
            ));
            continue;
        };
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let is_ours = |used: &String| workspace.packages.iter().any(|ours| ours.name == *used);
            let used = dependencies(package, kind, workspace).into_iter().filter(is_ours);
            found.extend(used.filter(|used| !below.contains(&used.as_str())).map(|used| {
                format!("{manifest}: `{name}` uses `{used}`, which is not below it; move down what it needs of that")
            }));
        }
    }
    found
}

/// Dependencies on what only other crates may name. Those of tests do not count.
pub fn dependencies_not_at_home(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for package in &workspace.packages {
        let names = dependencies(package, "dependencies", workspace);
        let names = names.into_iter().map(|name| name.replace('-', "_"));
        let away = names.filter_map(|name| away_from_home(&name, &package.name));
        found.extend(away.map(|what| format!("{}Cargo.toml: {what}", package.folder)));
    }
    found
}

/// Paths to what only other crates may name, and to the kernels from crates above the tensor. Tests do not count.
pub fn mentions_not_at_home(package: &Package, modules: &Modules) -> Vec<String> {
    let mut found = Vec::new();
    for (path, module) in modules.iter() {
        for mention in &module.contents.mentions {
            let Place::Elsewhere(names) = modules.resolve(path, mention) else { continue };
            let is_kernel = names.windows(2).any(|pair| pair == ["tensor", "kernels"]);
            let kernels = "`tensor::kernels` is for `tensor` alone: use `tensor::ops`, or `tensor::threads` for work \
                           that is cut";
            let kernels = (is_kernel && package.name != "tensor").then(|| kernels.to_string());
            let away = away_from_home(&names[0], &package.name);
            found.extend(away.or(kernels).map(|what| format!("{}:{}: {what}", module.file, mention.line)));
        }
    }
    found.dedup();
    found
}

/// What to do if this name is that of something at home in other crates.
fn away_from_home(name: &str, package: &str) -> Option<String> {
    let (_, homes, advice) = AT_HOME.iter().find(|(known, ..)| *known == name)?;
    (!homes.contains(&package)).then(|| format!("`{name}` is for `{}` alone: {advice}", homes[0]))
}

/// The packages that a package depends on, on all machines or on some, whatever it calls them; ours without
/// `etudiant-`.
fn dependencies(package: &Package, kind: &str, workspace: &Workspace) -> Vec<String> {
    let shared = workspace.manifest.get("workspace").and_then(|table| table.get("dependencies"));
    let targets = package.manifest.get("target").and_then(Value::as_table);
    let of_targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let tables = of_targets.chain([&package.manifest]).filter_map(|table| table.get(kind)?.as_table());
    let name = |(key, value): (&String, &Value)| {
        let renamed = |of: &Value| Some(of.get("package")?.as_str()?.to_string());
        let shared = shared.and_then(|shared| shared.get(key));
        let name = renamed(value).or_else(|| renamed(shared?)).unwrap_or_else(|| key.clone());
        name.strip_prefix("etudiant-").unwrap_or(&name).to_string()
    };
    tables.flatten().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Files;

    /// A workspace of these packages: name, and the rest of the manifest.
    fn workspace(packages: &[(&str, &str)]) -> Workspace {
        let manifest =
            "[workspace.dependencies]\ngrad = { package = \"etudiant-autograd\", path = \"autograd\" }";
        let package = |(name, rest): &(&str, &str)| {
            let manifest = format!("[package]\nname = \"etudiant-{name}\"\n{rest}");
            Package::new(&format!("{name}/"), manifest.parse().unwrap())
        };
        let packages = packages.iter().map(package).collect();
        Workspace { manifest: manifest.parse().unwrap(), packages, ..Workspace::default() }
    }

    #[test]
    fn a_crate_uses_those_below_it() {
        let found = |tensor: &str, autograd: &str| {
            against_the_order(&workspace(&[("tensor", tensor), ("autograd", autograd)]))
        };
        assert!(found("[dependencies]\nrayon = \"1\"", "[dependencies]\ntensor.workspace = true").is_empty());
        let upward = "tensor/Cargo.toml: `tensor` uses `autograd`, which is not below it; \
                      move down what it needs of that";
        for tensor in [
            "[dependencies]\nautograd.workspace = true",
            "[dev-dependencies]\nautograd = { path = \"../autograd\" }",
            "[dependencies.etudiant-autograd]\npath = \"../autograd\"",
            "[dependencies]\nother = { package = \"etudiant-autograd\", path = \"../autograd\" }",
            "[build-dependencies]\ngrad.workspace = true",
            "[target.'cfg(unix)'.dependencies]\nautograd.workspace = true",
        ] {
            assert_eq!(found(tensor, ""), [upward], "{tensor}");
        }
        assert!(against_the_order(&workspace(&[("attic", "")]))[0].contains("which crates `attic` may use"));
    }

    #[test]
    fn dependencies_have_a_home() {
        let found = |name: &str, rest: &str| dependencies_not_at_home(&workspace(&[(name, rest)])).join("\n");
        let clap =
            "nn/Cargo.toml: `clap` is for `cli` alone: arguments are the command's; derive its traits there";
        assert_eq!(found("nn", "[dependencies]\nclap.workspace = true\nserde.workspace = true"), clap);
        assert!(
            found("text", "[dependencies]\nsignal-hook = \"0.4\"").contains("`signal_hook` is for `cli`")
        );
        assert_eq!(found("nn", "[dev-dependencies]\nrayon.workspace = true"), "");
        assert_eq!(found("cli", "[dependencies]\nclap.workspace = true\ntoml.workspace = true"), "");
    }

    #[test]
    fn mentions_have_a_home() {
        let found = |name: &str, text: &str| {
            let files = Files::from([("nn/src/lib.rs".to_string(), text.to_string())]);
            let workspace = workspace(&[(name, "")]);
            mentions_not_at_home(&workspace.packages[0], &Modules::of("nn/src/lib.rs", &files)).join("\n")
        };
        let rayon = "nn/src/lib.rs:2: `rayon` is for `tensor` alone: cut the work with `tensor::threads`";
        assert_eq!(found("nn", "\nuse rayon::prelude::*;"), rayon);
        assert_eq!(found("nn", "fn f() {\n    ::rayon::join(a, b);\n}"), rayon);
        assert_eq!(found("nn", "#[cfg(test)]\nmod tests { use rayon::join; }"), "");
        assert_eq!(found("tensor", "use rayon::join;"), "");
        for kernels in ["use tensor::{ops, kernels::sum};", "use tensor as t; fn f() { t::kernels::sum() }"] {
            assert!(found("nn", kernels).contains("`tensor::kernels` is for `tensor` alone"), "{kernels}");
        }
        assert_eq!(found("nn", "use tensor::threads;"), "");
    }
}
