//! `etudiant record` and `etudiant report`: what a model does with a sentence, as numbers and as pictures.

use std::fs;
use std::path::Path;

use ::illustrated::Recording;
use ::illustrated::recording::Fate;

use crate::common::{etudiant, file, folder, toy};

/// Runs a verb on the toy with a sentence.
fn run(verb: &str, sentence: &str, options: &str) -> crate::common::Ended {
    let mut command = etudiant(&format!("{verb} --model {}{options}", toy()));
    crate::common::end_of(command.args(["--sentence", sentence]).spawn().unwrap())
}

fn out(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn a_recording_has_the_search_and_the_pass() {
    let folder = folder();
    let path = out(folder.path(), "run.json");
    run("record", "un deux", &format!(" --out {path}")).ok();
    let recording = Recording::from_json(&fs::read_to_string(&path).unwrap()).unwrap();
    let about = recording.about();
    assert_eq!((about.sentence.as_str(), about.step, about.seed), ("un deux", 150, Some(1)));
    assert!(about.recipe.contains("vocab_size = 320") && about.program.starts_with("etudiant "));
    let pass = recording.last_pass().unwrap();
    assert_eq!(pass.head().src.len(), pass.value("encoder.embedded").unwrap().shape[0]);
    assert_eq!(pass.value("encoder.embedded").unwrap().shape[1], 32);
    assert!(pass.gradient("encoder.embedded").is_some());
    assert!(pass.value("decoder.layers.1.cross_attn.q_proj.weight").is_some());
    let said: Vec<&str> = recording.translations().iter().map(|found| found.search.as_str()).collect();
    assert_eq!(said, ["greedy", "beam 3", "beam 3", "beam 3"]);
    assert!(recording.candidates().iter().any(|candidate| candidate.fate == Fate::Pruned));
}

#[test]
fn the_labels_are_the_reference_or_what_was_found() {
    let folder = folder();
    let path = out(folder.path(), "run.json");
    let labels = |options: &str| {
        run("record", "un deux", &format!(" --out {path}{options}")).ok();
        let recording = Recording::from_json(&fs::read_to_string(&path).unwrap()).unwrap();
        let found =
            recording.translations().into_iter().map(|found| found.tokens.clone()).collect::<Vec<_>>();
        (recording.last_pass().unwrap().head().tgt_out.clone(), found)
    };
    let (own, found) = labels("");
    assert!(found.contains(&own), "{own:?}");
    let (given, _) = labels(" --reference nine");
    assert_ne!(given, own);
    assert_eq!(given.last(), own.last(), "both end with <eos>");
}

#[test]
fn fewer_digits_and_no_parameters_make_a_smaller_file() {
    let folder = folder();
    let size = |options: &str| {
        let path = out(folder.path(), "run.json");
        run("record", "un deux", &format!(" --out {path}{options}")).ok();
        fs::metadata(&path).unwrap().len()
    };
    let (whole, rounded, without) = (size(""), size(" --digits 3"), size(" --parameters false"));
    assert!(rounded < whole * 3 / 4, "{rounded} of {whole}");
    assert!(without < whole * 3 / 4, "{without} of {whole}");
    let recording = fs::read_to_string(out(folder.path(), "run.json")).unwrap(); // of the last, without parameters
    let recording = Recording::from_json(&recording).unwrap();
    let pass = recording.last_pass().unwrap();
    assert!(
        pass.values().iter().all(|array| !array.path.ends_with(".weight")) && pass.value("hidden").is_some()
    );
}

#[test]
fn a_report_is_one_file_that_asks_for_no_other() {
    let folder = folder();
    let (page, figures) = (out(folder.path(), "report.html"), out(folder.path(), "figures"));
    run("report", "un deux <b>", &format!(" --out {page} --figures {figures}")).ok();
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.starts_with("<!DOCTYPE html>")
            && page.contains("un deux &lt;b&gt;")
            && !page.contains("un deux <b>")
    );
    for asks in ["src=\"http", "href=\"http", "url(http", "@import", "src=\"/", "<link"] {
        assert!(!page.contains(asks), "{asks}");
    }
    let files: Vec<_> = fs::read_dir(figures).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for path in files {
        let svg = fs::read_to_string(&path).unwrap();
        assert!(svg.starts_with("<svg xmlns") && svg.contains("<style>"), "{}", path.display());
    }
}

#[test]
fn what_cannot_be_recorded_is_told_and_nothing_is_written() {
    let folder = folder();
    let path = out(folder.path(), "run.json");
    for (sentence, options, problem) in [
        (" ", "", "there is no word in it to translate"),
        ("un", " --reference \u{200b}", "there is no word in this reference"),
        ("un", " --reference un --digits 0", "0 is not in 1..=9"),
        ("un", " --digits -2", "'-2' for '--digits <N>': -2 is not in 1..=9"),
        ("un", " --parameters maybe", "invalid value 'maybe'"),
    ] {
        let found = run("record", sentence, &format!(" --out {path}{options}")).problem();
        assert!(found.contains(problem), "{found}");
        assert!(!Path::new(&path).exists());
    }
    let taken = file(folder.path(), "taken", "");
    let found = run("report", "un", &format!(" --out {taken}/report.html")).problem();
    assert!(found.contains("taken/report.html"), "{found}");
    let found = run("report", "un", &format!(" --out {path} --figures {taken}")).problem();
    assert!(found.contains("taken") && !Path::new(&path).exists(), "{found}");
}

#[test]
fn unknown_words_and_what_is_cut_are_told() {
    let folder = folder();
    let path = out(folder.path(), "run.json");
    let said =
        run("record", "un deux un deux un deux un deux un deux un deux un deux", &format!(" --out {path}"))
            .err;
    assert!(said.contains("the sentence is cut after 11 tokens"), "{said}");
}
