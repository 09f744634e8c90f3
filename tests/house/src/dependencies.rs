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
pub const FOR_THE_COMMAND: [&str; 5] = ["clap", "indicatif", "signal-hook", "prost", "toml"];

/// The packages that `package` depends on, through others too, but for tests and build scripts. `cargo tree` knows them.
///
/// # Panics
/// If cargo cannot say.
pub fn of(package: &str) -> BTreeSet<String> {
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
    let lines = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
    let names = lines.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| !name.starts_with("etudiant")).map(str::to_string).collect()
}

/// The crates that bring too much along.
pub fn over_the_limit() -> Vec<String> {
    let against = |&(package, limit): &(&str, usize)| {
        let found = of(package);
        (found.len() >= limit).then(|| {
            format!(
                "{package}: {} packages, which should be fewer than {limit}: {}; do without the new one, or say in \\
                 tests/house/src/dependencies.rs why the limit is another",
                found.len(),
                found.into_iter().collect::<Vec<_>>().join(", ")
            )
        })
    };
    LIMITS.iter().filter_map(against).collect()
}

/// What translating brings along that only the command needs.
pub fn of_the_command_elsewhere() -> Vec<String> {
    let against = |package: &str| {
        let found = of(package);
        let found = FOR_THE_COMMAND.into_iter().filter(|name| found.contains(*name)).collect::<Vec<_>>();
        (!found.is_empty())
            .then(|| format!("{package}: brings {} along, which are the command's", found.join(", ")))
    };
    ["etudiant-text", "etudiant-translate"].into_iter().filter_map(against).collect()
}
