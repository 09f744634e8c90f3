//! Input that is odd, huge or none.

use std::fs;
use std::io::{BufRead, BufReader, Write};

use super::{both_files, translate};
use crate::common::{TOY_MAX_LEN, end_of, etudiant, file, folder, gzipped, run, toy, toy_recipe};

#[test]
fn what_is_no_text_is_named_after_the_lines_before_it_are_answered() {
    let ended = translate("", b"un deux\nsept\n\xff\nsix\n");
    assert_eq!(ended.out.lines().count(), 2);
    let problem = ended.problem();
    assert!(problem.contains("standard input:3: invalid UTF-8 at byte 1"), "{problem}");
}

#[test]
fn a_file_is_translated_as_standard_input_is() {
    let folder = folder();
    let text = "un deux\n\nsept\n";
    let path = file(folder.path(), "in.txt", text);
    let expected = translate("", text).ok();
    assert_eq!(translate(&format!(" {path}"), "").ok(), expected);
    let packed = gzipped(text);
    let path = file(folder.path(), "in.gz", &packed);
    assert_eq!(translate(&format!(" {path}"), "").ok(), expected);
    let problem = translate("", packed).problem();
    assert!(
        problem.contains("standard input: the text is gzipped; name the file, or unpack it"),
        "{problem}"
    );
    assert_eq!(translate(" -", text).ok(), expected);
    let problem = translate(" no/in.txt", "").problem();
    assert!(problem.contains("no/in.txt: there is no such file"), "{problem}");
}

#[test]
fn a_length_penalty_that_changes_nothing_is_warned_of() {
    let warned =
        |options: &str| translate(options, "un\n").err.contains("chooses without the length penalty");
    assert!(warned(" --beam 1 --alpha 1") && warned(" --beam 1 --length-penalty power"));
    for options in [" --beam 1", " --beam 1 --length-penalty none", " --alpha 1"] {
        assert!(!warned(options), "{options}");
    }
    let in_vain = |options: &str| translate(options, "un\n").err.contains("--alpha does nothing");
    assert!(
        in_vain(" --length-penalty none --alpha 2") && in_vain(" --beam 1 --length-penalty none --alpha 0")
    );
    for options in [" --length-penalty none", " --beam 4 --alpha 2", " --length-penalty power --alpha 2"] {
        assert!(!in_vain(options), "{options}");
    }
}

#[test]
fn where_translations_cannot_be_written_is_known_before_there_are_any() {
    let folder = folder();
    let test = both_files(folder.path(), &("un\n".into(), "one\n".into()), "reference");
    let path = folder.path().display();
    for hypotheses in [format!("{path}/no/a.txt"), format!("{path}"), format!("{path}/{}", "n".repeat(300))] {
        let expected = format!("{hypotheses}: cannot write the ");
        let ended = run(&format!("evaluate {test} --hypotheses {hypotheses}"), "");
        assert_eq!(ended.out, "");
        assert!(ended.problem().contains(&expected), "{expected}");
        assert!(!folder.path().join("no").exists());
    }
    for name in ["test.fr", "test.en"] {
        let (hypotheses, text) = (format!("{path}/{name}"), fs::read(folder.path().join(name)).unwrap());
        let problem = run(&format!("evaluate {test} --hypotheses {hypotheses}"), "").problem();
        assert!(problem.contains("this file is read; name another"), "{problem}");
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), text);
    }
}

#[test]
fn long_lines_are_cut_and_told_of() {
    let long = vec!["un"; 40].join(" ");
    let ended = translate(" --json", format!("deux\n{long}\ntrois\n{long}\n"));
    assert!(
        ended.err.contains(&format!("the {TOY_MAX_LEN} tokens that the model reads: 2 source(s), line 2, 4"))
    );
    assert!(ended.err.contains("2 of 4 lines were cut"), "{}", ended.err);
    let answers = ended.json();
    assert_eq!(answers[0]["cut"], 0);
    assert!(answers[1]["cut"].as_u64() > Some(0));
    assert_eq!(answers[1]["source_tokens"].as_array().unwrap().len(), TOY_MAX_LEN);
}

#[test]
fn foreign_script_is_warned_of() {
    let warned = translate("", "один два три\n").err;
    assert!(warned.contains("warning: 100 % of the input's letters are Cyrillic"), "{warned}");
    assert_eq!(translate("", "un deux trois\n").err, "");
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = folder();
    let test = ("un\ndeux\ntrois\n".to_string(), "one\ntwo\n".to_string());
    for (verb, second) in [("evaluate", "reference"), ("score", "target")] {
        let problem = run(&format!("{verb} {}", both_files(folder.path(), &test, second)), "").problem();
        assert!(problem.contains("test.fr: 3 lines, but ") && problem.contains("test.en has 2"), "{problem}");
        let empty = (String::new(), String::new());
        let problem = run(&format!("{verb} {}", both_files(folder.path(), &empty, second)), "").problem();
        assert!(problem.contains("there is no line in it"), "{problem}");
    }
    let blank = both_files(folder.path(), &("\n".into(), "one\n".into()), "reference");
    assert!(run(&format!("evaluate {blank}"), "").problem().contains("all lines of the source are blank"));
}

#[test]
fn options_out_of_range_are_refused() {
    for (options, expected) in [
        (" --n-best 4", "--n-best is 4, and the beam 3"),
        (" --n-best 0", "0 is not in 1..=10000"),
        (" --beam 0", "--beam"),
        (" --alpha inf", "--alpha is inf"),
        (" --beam 10001", "1..=10000"),
        (" --max-len-beyond-source 9000000000000000000", "0..=10000"),
        (" --length-penalty google", "gnmt"),
    ] {
        let problem = translate(options, "un\n").problem();
        assert!(problem.contains(expected), "{problem}");
    }
    let problem = run("translate --model no/such/model", "un\n").problem();
    assert!(problem.contains("no/such/model"), "{problem}");
}

#[test]
fn a_warning_is_given_when_enough_lines_have_come() {
    let mut child = etudiant(&format!("translate --model {}", toy())).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for line in ["un", "один два три", "четыре пять"] {
        writeln!(stdin, "{line}").unwrap();
        stdout.read_line(&mut String::new()).unwrap();
    }
    drop(stdin);
    let warned = end_of(child).err;
    assert_eq!(warned.matches("of the input's letters are Cyrillic").count(), 1, "{warned}");
}

#[test]
fn a_target_that_no_memory_holds_is_named_by_its_line() {
    let folder = folder();
    let long = vec!["one"; 300_000].join(" ");
    let test = ("un\ndeux\n".to_string(), format!("one\n{long}\n"));
    for (verb, second) in [("evaluate", "reference"), ("score", "target")] {
        let problem = run(&format!("{verb} {}", both_files(folder.path(), &test, second)), "").problem();
        assert!(
            problem.contains("test.en:2: the translation has ") && problem.contains("more than 10000"),
            "{problem}"
        );
    }
}

#[test]
fn unknown_tokens_are_told_of() {
    let folder = folder();
    let (recipe, out) = (toy_recipe(folder.path(), 1), folder.path().join("run"));
    run(&format!("train {recipe} --set text.kind=words --out {}", out.display()), "").ok();
    let (src, tgt) =
        (file(folder.path(), "a.fr", "un mot\nsix\n"), file(folder.path(), "a.en", "a word\nsix\n"));
    let model = out.join("model.safetensors");
    let ended = run(&format!("score --model {} --source {src} --target {tgt} --json", model.display()), "");
    assert!(
        ended.err.contains("1 of 3 (33.3 %) in the source, 2 of 3 (66.7 %) in the target"),
        "{}",
        ended.err
    );
    let scored = ended.json();
    assert_eq!((&scored[0]["unknown_source"], &scored[0]["unknown_target"]), (&1.into(), &2.into()));
    assert_eq!((&scored[1]["unknown_source"], &scored[1]["unknown_target"]), (&0.into(), &0.into()));
}
