//! How many packages a crate brings along, and which.
//!
//! Whoever takes a crate compiles all that it depends on, and trusts it. Each addition is small, and nobody sees the sum:
//! here it has a limit.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The most packages, those of the workspace apart, that a crate may bring along on this machine.
pub const LIMITS: [(&str, usize); 7] = [
    ("etudiant-tensor", 45),
    ("etudiant-autograd", 45),
    ("etudiant-nn", 45),
    ("etudiant-transformer", 45),
    ("etudiant-text", 90),
    ("etudiant-translate", 110),
    ("etudiant-cli", 160),
];

/// What a program does not compile that only translates.
pub const FOR_THE_COMMAND: [&str; 6] = ["clap", "indicatif", "rustyline", "signal-hook", "prost", "toml"];

/// A package that is compiled for another: its name and its version, `syn v2.0.1`. Two versions are two.
pub type Dependency = String;

/// The packages that `package` depends on, through others too, but for tests and build scripts. `cargo tree` knows them.
///
/// # Panics
/// If cargo cannot say.
pub fn of(package: &str) -> BTreeSet<Dependency> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut tree = Command::new(env!("CARGO"));
    tree.args([
        "tree",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        package,
    ]);
    let output = tree.current_dir(workspace).output().expect("cargo starts");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    in_tree(&String::from_utf8(output.stdout).expect("cargo speaks UTF-8"))
}

/// The packages in the lines of a tree, ours apart: each begins with a name and a version; the same may come again.
fn in_tree(lines: &str) -> BTreeSet<Dependency> {
    let dependency = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let others = lines.lines().filter(|line| !line.is_empty() && !line.starts_with("etudiant"));
    others.map(dependency).collect()
}

/// Whether one of these versions is of the package of this name.
pub fn holds(found: &BTreeSet<Dependency>, name: &str) -> bool {
    found.iter().any(|dependency| dependency.split(' ').next() == Some(name))
}

/// The crates that bring too much along.
pub fn over_the_limit() -> Vec<String> {
    LIMITS.iter().filter_map(|&(package, limit)| too_many(package, &of(package), limit)).collect()
}

fn too_many(package: &str, found: &BTreeSet<Dependency>, limit: usize) -> Option<String> {
    (found.len() >= limit).then(|| {
        format!(
            "{package}: {} packages, which should be fewer than {limit}; do without the new one, or say in \
             tests/house/src/dependencies.rs why the limit is another. They are {}",
            found.len(),
            found.iter().cloned().collect::<Vec<_>>().join(", ")
        )
    })
}

/// What translating brings along that only the command needs.
pub fn of_the_command_elsewhere() -> Vec<String> {
    let packages = ["etudiant-text", "etudiant-translate"];
    packages.into_iter().filter_map(|package| of_the_command(package, &of(package))).collect()
}

fn of_the_command(package: &str, found: &BTreeSet<Dependency>) -> Option<String> {
    let names: Vec<_> = FOR_THE_COMMAND.into_iter().filter(|name| holds(found, name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{package}: brings {} along, which the command alone should; `cargo tree -p {package} -i {}` says by which way",
            names.join(", "),
            names[0]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "etudiant-text v0.2.0 (/somewhere/text)\nsyn v2.0.1\nsyn v3.0.2\nserde_derive v1.0.9 (proc-macro)\n\
                        syn v2.0.1 (*)\netudiant-tensor v0.2.0 (/somewhere/tensor)\n\n";

    #[test]
    fn versions_are_counted_once_each_and_ours_are_not() {
        let found = in_tree(TREE);
        assert_eq!(found.iter().collect::<Vec<_>>(), ["serde_derive v1.0.9", "syn v2.0.1", "syn v3.0.2"]);
        assert!(holds(&found, "syn") && !holds(&found, "serde"));
    }

    #[test]
    fn as_many_as_the_limit_are_too_many() {
        let found = in_tree(TREE);
        assert_eq!(too_many("etudiant-text", &found, 4), None);
        let said = too_many("etudiant-text", &found, 3).unwrap();
        assert!(
            said.starts_with("etudiant-text: 3 packages, which should be fewer than 3; do without"),
            "{said}"
        );
        assert!(said.ends_with("They are serde_derive v1.0.9, syn v2.0.1, syn v3.0.2"), "{said}");
        assert!(!said.contains(['\n', '\\']), "{said}");
    }

    #[test]
    fn what_is_for_the_command_is_named() {
        assert_eq!(of_the_command("etudiant-text", &in_tree("toml_edit v0.22.0")), None);
        let said = of_the_command("etudiant-text", &in_tree("clap v4.6.0\ntoml v1.1.0")).unwrap();
        assert!(said.starts_with("etudiant-text: brings clap, toml along"), "{said}");
    }
}
