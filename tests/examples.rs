//! The lessons run, say what they should, and end wrong input with one clear line.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// No arguments.
const NONE: &[&str] = &[];

/// Builds an example in the profile of this test, and runs it.
fn run<T: AsRef<OsStr>>(example: &str, arguments: &[T]) -> Output {
    Command::new(built(example)).args(arguments).output().expect("the example runs")
}

/// Builds an example in the profile of this test.
pub fn built(example: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of the target folder");
    let (profile, flag) =
        if cfg!(debug_assertions) { ("debug", None) } else { ("release", Some("--release")) };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", example, "--target-dir"])
        .arg(target)
        .args(flag)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.expect("cargo runs").success(), "{example} does not build");
    target.join(profile).join("examples").join(format!("{example}{EXE_SUFFIX}"))
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", output.status);
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

#[test]
fn je_suis_etudiant_translates_and_says_the_same_each_time() {
    let said = stdout(&run("je_suis_etudiant", NONE));
    assert!(said.contains("\nje suis étudiant -> i am a student\n"), "{said}");
    assert!(said.contains("\n1. log p =  -0.437  i am a student <eos>\n"), "{said}");
    let line =
        |begin: &str| said.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{said}"));
    assert!(
        line("│ │ │ │ ├ <eos> ").ends_with("-0.44 ■ finished, score -0.44 no. 1"),
        "the beam as a tree: {said}"
    );
    let weights =
        line("student ").split(['░', '▒', '▓', '█', ' ']).filter_map(|cell| cell.parse::<f64>().ok());
    assert!((weights.sum::<f64>() - 1.0).abs() < 0.02, "a row of attention over the source: {said}");
    assert_eq!(said, stdout(&run("je_suis_etudiant", NONE)));
}

/// Looking changes nothing, and what was seen is one page that asks for no other file.
#[test]
fn je_suis_etudiant_writes_a_report_of_its_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.html");
    let said = stdout(&run("je_suis_etudiant", &["--report", path.to_str().unwrap()]));
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.len() < 3_000_000, "{}", page.len());
    assert!(
        page.contains("je suis étudiant") && page.contains("<svg") && !page.contains("src=\"http"),
        "{}",
        page.len()
    );
    let size = page.len().div_ceil(1000);
    let told = format!("\nThe figures of this run, {size} KB: open {} in a browser.\n", path.display());
    assert_eq!(said.replace(&told, ""), stdout(&run("je_suis_etudiant", NONE)));
    let nowhere = run("je_suis_etudiant", &["--report"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("--report needs the name of what to write"));
}

/// The vocabulary, the tables and the floor of the loss are made of the sentences that there are.
#[test]
fn je_suis_etudiant_learns_what_is_added() {
    let more = ["merci beaucoup = thanks a lot", "nous sommes des professeurs = we are the schoolteachers"];
    let said = stdout(&run("je_suis_etudiant", &more));
    for line in [
        "\nnous sommes des professeurs -> we are the schoolteachers\n",
        "\n1. log p =",
        "schoolteachers <eos>\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("not learned"), "{said}");
    let cells = |row: &str| {
        said.lines().find(|line| line.trim_start().starts_with(row)).unwrap().split_whitespace().count()
    };
    assert_eq!((cells("index"), cells("one-hot of \"am\"")), (1 + 11, 3 + 11), "ten words and <eos>");
    let figure = |before: &str| -> f64 {
        said.split(before)
            .nth(1)
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .trim_end_matches('.')
            .parse()
            .unwrap()
    };
    let (last, floor) = (figure("step 64  loss "), figure("the loss cannot fall below "));
    let (other, label) = (0.1 / 11.0, 0.9 + 0.1 / 11.0);
    let expected: f64 = -label * f64::ln(label) - 10.0 * other * f64::ln(other);
    assert!(
        (floor - expected).abs() < 1e-3 && floor <= last && last < floor + 0.05,
        "{last}, {floor}, {expected}"
    );
}

/// `cargo run --release --example je_suis_etudiant -- --figures docs/figures` writes them anew.
#[test]
fn the_pictures_of_the_readme_are_those_that_the_toy_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stdout(&run("je_suis_etudiant", &["--figures", folder.path().to_str().unwrap()]));
    for name in ["attention-matrices.svg", "distributions.svg"] {
        let read = |folder: &Path| fs::read_to_string(folder.join(name)).expect("the picture is there");
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures");
        assert!(read(folder.path()) == read(&kept), "docs/figures/{name} is not what the toy draws now");
    }
}

#[test]
fn the_toy_refuses_what_is_no_pair() {
    let pair = "a pair is two sentences with a = between";
    let refused = [
        ("merci", pair),
        ("=", pair),
        (" = thanks", pair),
        ("merci = ", pair),
        ("--reprot", "no such option"),
    ];
    for (argument, problem) in refused {
        let wrong = run("je_suis_etudiant", &[argument]);
        let said = String::from_utf8_lossy(&wrong.stderr);
        assert!(
            !wrong.status.success() && said.contains(argument) && said.contains(problem),
            "{argument}: {said}"
        );
    }
}

/// A pipe that nobody reads is no panic: the lesson ends.
#[test]
fn lessons_end_quietly_when_nobody_reads_on() {
    for example in ["e01_backward", "e04_translate", "je_suis_etudiant"] {
        let mut lesson = Command::new(built(example))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example runs");
        drop(lesson.stdout.take());
        let output = lesson.wait_with_output().expect("the example ends");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && error.is_empty(), "{example}: {error}");
    }
}

#[test]
#[cfg(unix)]
fn a_path_that_is_not_utf8_is_named() {
    let output = run("e04_translate", &[OsStr::from_bytes(b"a\xff")]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && error.contains("is not UTF-8") && !error.contains("panicked"),
        "{error}"
    );
}

/// Marks that join a letter are no control characters.
#[test]
fn je_suis_etudiant_says_words_as_they_are_written() {
    let said = stdout(&run("je_suis_etudiant", &["मैं छात्र हूँ = हिन्दी में हूँ"]));
    assert!(said.contains("\n\"मैं छात्र हूँ\": what is aimed at") && !said.contains("\\u{"), "{said}");
}

#[test]
fn je_suis_etudiant_says_how_it_is_used_and_what_is_wrong() {
    assert!(stdout(&run("je_suis_etudiant", &["--help"])).starts_with("usage: je_suis_etudiant "));
    let wrong = |argument: &OsStr| {
        let output = run("je_suis_etudiant", &[argument]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let twice = wrong(OsStr::new("x = <eos>"));
    assert!(twice.starts_with("error: ") && twice.contains("<eos>") && !twice.contains(" {"), "{twice}");
    #[cfg(unix)]
    assert_eq!(wrong(OsStr::from_bytes(b"a\xff = b")), "error: \"a\\xFF = b\" is not UTF-8\n");
}

#[test]
fn the_first_lessons_agree_with_themselves() {
    assert!(stdout(&run("e01_backward", NONE)).contains("They agree."));
    assert!(stdout(&run("e02_attention", NONE)).contains("All three agree"));
    assert!(stdout(&run("e03_gradcheck", NONE)).contains("Every check said what it should."));
    assert!(stdout(&run("e04_translate", NONE)).contains("\nBoth threads heard: i am a student, thanks\n"));
}

/// What they claim they check themselves; here, that they say it, and with numbers of the article where it has some.
#[test]
fn the_lessons_of_the_article_say_what_they_show() {
    let cases: [(&str, &[&str]); 5] = [
        (
            "e05_heads",
            &[
                "\"it\" attends most to \"animal\" in the first head, to \"tired\" in the second.",
                "They agree;",
            ],
        ),
        (
            "e06_positions",
            &[
                "  0.8415   0.0001   0.5403   1.0000",
                "  0.8415   0.5403   0.0100   1.0000",
                "A fourth word: ",
            ],
        ),
        (
            "e07_residual_and_norm",
            &["encoder.layers.0.norm1.out", "mean 0 and deviation 1", "post-norm     pre-norm"],
        ),
        (
            "e08_masks",
            &[
                "Not little but nothing, to the bit.",
                "would give NaN; who may look at nothing gets zeros here",
            ],
        ),
        ("e09_decoding", &["said", "i am a student -> <eos>", "costs \"student\" most"]),
    ];
    for (lesson, said) in cases {
        let output = stdout(&run(lesson, NONE));
        for line in said {
            assert!(output.contains(line), "{lesson} does not say {line:?}: {output}");
        }
        assert!(output.lines().all(|line| !line.ends_with(' ')), "{lesson} ends lines with blanks: {output}");
        assert!(output.contains("\nTry:  ") && output.contains("then run"), "{lesson} leads on: {output}");
    }
}

/// How much it learns depends on the machine; what is asked here is that it goes through to the end.
#[test]
fn translate_pairs_goes_from_a_file_to_translations_and_counts_empty_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pairs.tsv");
    let line = |i: usize| format!("le mot {0} !\tthe word {0} .\n\n", i % 7);
    fs::write(&path, (0..60).map(line).collect::<String>()).expect("the file can be written");
    let path = path.to_str().expect("the path is UTF-8");
    let said = stdout(&run("translate_pairs", &[path, "--minutes", "0.02", "--translate", "Le mot neuf !"]));
    assert!(said.contains("60 pairs; skipped: 60 blank"), "{said}");
    assert!(said.contains("min  epoch   1  smoothed loss "), "{said}");
    assert!(said.contains("\n    reference  the word 5 .\n"), "{said}");
    assert!(said.contains("\nLe mot neuf ! -> ") && said.contains("the word \"neuf\" is unknown"), "{said}");
}

#[test]
fn wrong_input_ends_in_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("the file can be written");
        path.to_str().expect("the path is UTF-8").to_owned()
    };
    let missing = folder.path().join("missing.tsv").to_str().expect("the path is UTF-8").to_owned();
    let cases = [
        (missing, "missing.tsv: "),
        (file("tab.tsv", b"a\tb\n\nno tab\n"), "tab.tsv:3: no tab in the line"),
        (file("empty.tsv", b""), "empty.tsv: no pair in it"),
        (file("utf8.tsv", b"a\tb\n\xff\tb\n"), "utf8.tsv:2: invalid UTF-8 at byte 1"),
    ];
    for (path, expected) in cases {
        let output = run("translate_pairs", &[&path]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.starts_with("error: ") && error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

/// However many of them the reader has solved.
#[test]
fn the_exercises_of_the_book_say_how_they_stand() {
    let all = stdout(&run("exercises", NONE));
    assert!(
        all.contains("\n   3  The chain rule as a loop") && all.contains(" of 36 are solved.\n"),
        "{all}"
    );
    let one = stdout(&run("exercises", &["3"]));
    assert!(one.contains("yours/ch03_backward.rs\n") && one.contains(") half_the_gradient "), "{one}");
    for wrong in [&["0"][..], &["13"], &["x"], &["1", "2"]] {
        let output = run("exercises", wrong);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && error.starts_with("usage: exercises "), "{error}");
    }
}
