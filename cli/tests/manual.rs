//! What shells and `man` are told of the command.

use std::process::Command;

use crate::common::{file, folder, run};

const VERBS: [&str; 11] = [
    "train",
    "config",
    "translate",
    "evaluate",
    "score",
    "average",
    "inspect",
    "record",
    "report",
    "bench",
    "data",
];

#[test]
fn every_shell_has_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&format!("completions {shell}"), "").ok();
        for word in VERBS.into_iter().chain(["replace-unknown", "threads"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(run("completions tcsh", "").problem().contains("possible values: bash"));
}

#[test]
fn bash_completes_what_is_begun() {
    let folder = folder();
    let script = file(folder.path(), "etudiant.bash", run("completions bash", "").ok());
    let completed = |words: &str| {
        let ask = format!(
            "source {script}; COMP_WORDS=(etudiant {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _etudiant etudiant \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo ${{COMPREPLY[@]}}"
        );
        let Ok(output) = Command::new("bash").args(["-c", &ask]).output() else { return None };
        Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
    };
    for (words, expected) in [
        ("tra", "train translate"),
        ("translate --repl", "--replace-unknown"),
        ("translate --length-penalty g", "gnmt"),
        ("score --thr", "--threads"),
    ] {
        assert!(completed(words).is_none_or(|found| found == expected), "{words}: {:?}", completed(words));
    }
}

#[test]
fn the_manual_has_a_page_for_each_verb() {
    let folder = folder();
    let out = folder.path().join("man1");
    run(&format!("man --out {}", out.display()), "").ok();
    for verb in VERBS {
        let page = std::fs::read_to_string(out.join(format!("etudiant-{verb}.1"))).unwrap();
        assert!(page.contains(&format!("etudiant\\-{verb}")) && page.contains("\\-\\-threads"), "{page}");
    }
    let page = run("man", "").ok();
    assert!(page.contains(".TH etudiant 1") && page.contains("Exit codes"), "{page}");
    let page = run("man translate", "").ok();
    assert!(page.contains("\\-\\-temperature") && page.contains("\\-\\-threads"), "{page}");
    let problem = run("man dance", "").problem();
    assert!(problem.contains("there is no verb `dance`; there are train, config"), "{problem}");
    let problem = run(&format!("man --out {}", file(folder.path(), "taken", "")), "").problem();
    assert!(problem.contains("cannot write the manual"), "{problem}");
}
