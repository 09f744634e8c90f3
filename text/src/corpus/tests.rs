mod files;

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A folder with files in it.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn columns(names: &[&str]) -> CorpusFiles {
    CorpusFiles { pairs: names.iter().map(PathBuf::from).collect(), ..CorpusFiles::default() }
}

fn two_files(src: &str, tgt: &str) -> CorpusFiles {
    CorpusFiles { source: vec![src.into()], target: vec![tgt.into()], ..CorpusFiles::default() }
}

fn lenient() -> ReadOptions {
    ReadOptions { lenient: true, ..ReadOptions::default() }
}

fn sides(corpus: &Corpus) -> Vec<(&str, &str)> {
    corpus.pairs.iter().map(|pair| (&*pair.src, &*pair.tgt)).collect()
}

/// A message without the folder of the test.
fn short(dir: &TempDir, text: impl ToString) -> String {
    text.to_string().replace(&format!("{}/", dir.path().display()), "")
}

#[track_caller]
fn problem(dir: &TempDir, files: &CorpusFiles, options: &ReadOptions) -> String {
    let error = read(files, dir.path(), options).unwrap_err();
    let text = short(dir, error);
    assert!(!text.contains('\n'), "one paragraph: {text}");
    text
}

/// Reads the bytes of a tab-separated file: `train.tsv`, strictly and leniently.
#[track_caller]
fn strictly_and_leniently(bytes: &[u8], message: &str, expected: &[(&str, &str)], report: &str) {
    let dir = folder(&[("train.tsv", bytes)]);
    let files = columns(&["train.tsv"]);
    assert_eq!(problem(&dir, &files, &ReadOptions::default()), message);
    let corpus = read(&files, dir.path(), &lenient()).unwrap();
    assert_eq!(sides(&corpus), expected);
    assert_eq!(short(&dir, &corpus.report), report);
    assert!(corpus.report.dropped() > 0);
}

#[test]
fn several_files_of_both_kinds_keep_their_order_and_places() {
    let dir = folder(&[
        ("1.en", b"a\nb\n"),
        ("1.de", b"A\nB\n"),
        ("2.en", b"c\n"),
        ("2.de", b"C"),
        ("3.tsv", b"d\tD\n\ne\tE\tCC-BY\n"),
    ]);
    let files = CorpusFiles {
        source: vec!["1.en".into(), "2.en".into()],
        target: vec!["1.de".into(), "2.de".into()],
        pairs: vec!["3.tsv".into()],
    };
    let corpus = read(&files, dir.path(), &ReadOptions::default()).unwrap();
    assert_eq!(sides(&corpus), [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D"), ("e", "E")]);
    let places: Vec<_> = (0..5).map(|index| short(&dir, corpus.place(index))).collect();
    assert_eq!(places, ["1.en:1 / 1.de:1", "1.en:2 / 1.de:2", "2.en:1 / 2.de:1", "3.tsv:1", "3.tsv:3"]);
    assert_eq!(corpus.pairs[4].place, Place { file: 2, line: 3 });
    let report = "5 pairs; skipped: 1 blank; with further columns, ignored: 1";
    assert_eq!(corpus.report.to_string(), report);
    assert_eq!(corpus.report.dropped(), 0);
}

#[test]
fn invalid_utf8_is_named_by_line_and_byte() {
    strictly_and_leniently(
        b"a\tb\nc\td\xff\ne\tf\n\xc3\tg\nh\ti\n",
        "train.tsv:2: invalid UTF-8 at byte 4 of the line; save the text as UTF-8. Also: 1 more with invalid UTF-8 \
         (train.tsv:4). With --lenient such lines are dropped and counted",
        &[("a", "b"), ("e", "f"), ("h", "i")],
        "3 pairs; dropped: 2 with invalid UTF-8 (train.tsv:2, 4)",
    );
}

#[test]
fn a_line_without_a_tab_is_named() {
    strictly_and_leniently(
        b"\na\tb\nc d\n",
        "train.tsv:3: no tab in the line; write source, a tab, target. With --lenient such lines are dropped and \
         counted",
        &[("a", "b")],
        "1 pair; skipped: 1 blank; dropped: 1 without a tab (train.tsv:3)",
    );
}

#[test]
fn an_empty_side_is_named_and_a_blank_line_is_skipped() {
    strictly_and_leniently(
        "a\tb\n \tc\n \t\u{a0}\t\n\r\nd\t\textra\n".as_bytes(),
        "train.tsv:2: the source is empty, the target is not; write both, or leave both out. Also: 1 more with one \
         side empty (train.tsv:5). With --lenient such lines are dropped and counted",
        &[("a", "b")],
        "1 pair; skipped: 2 blank; dropped: 2 with one side empty (train.tsv:2, 5); with further columns, ignored: \
         2",
    );
}

#[test]
fn of_two_files_the_one_with_the_problem_is_named() {
    let dir = folder(&[("a.en", b"a\n\n\nd\n\xff\nf\n"), ("a.de", b"A\n\nC\n \n\xff\nF\xe9\n")]);
    let files = two_files("a.en", "a.de");
    let text = problem(&dir, &files, &ReadOptions::default());
    assert!(text.starts_with("a.en:3: the source is empty, the target is not;"), "{text}");
    assert!(
        text.contains("1 more with one side empty (a.de:4), 2 with invalid UTF-8 (a.en:5; a.de:6)"),
        "{text}"
    );
    let corpus = read(&files, dir.path(), &lenient()).unwrap();
    assert_eq!(sides(&corpus), [("a", "A")]);
    let report = "1 pair; skipped: 1 blank; dropped: 2 with invalid UTF-8 (a.en:5; a.de:6), 2 with one side empty \
                  (a.en:3; a.de:4)";
    assert_eq!(short(&dir, &corpus.report), report);
}

#[test]
fn the_message_counts_every_kind_in_all_files() {
    let dir = folder(&[("1.tsv", b"a\tb\nno\nc\t\nno\n\xff\n"), ("2.tsv", b"no\nno\nno\nno\nd\te\n")]);
    let text = problem(&dir, &columns(&["1.tsv", "2.tsv"]), &ReadOptions::default());
    let expected = "1.tsv:2: no tab in the line; write source, a tab, target. Also: 5 more without a tab (1.tsv:4; \
                    2.tsv:1, 2, 3, ...), 1 with invalid UTF-8 (1.tsv:5), 1 with one side empty (1.tsv:3). With \
                    --lenient such lines are dropped and counted";
    assert_eq!(text, expected);
}

#[test]
fn overlong_lines_are_counted_in_characters() {
    let options = |lenient| ReadOptions { lenient, max_chars: 5 };
    let bytes = "\u{feff}éé\téé\r\néé\tééé\n𝄞𝄞\t𝄞𝄞\n𝄞𝄞𝄞\t𝄞𝄞\nabcdefghijklmnopqrstuvwxyzabcdefgh\tb\nc\td";
    let dir = folder(&[("train.tsv", bytes.as_bytes())]);
    let files = columns(&["train.tsv"]);
    let expected = "train.tsv:2: a line longer than 5 characters; write one sentence a line. Also: 2 more too long \
                    (train.tsv:4, 5). With --lenient such lines are dropped and counted";
    assert_eq!(problem(&dir, &files, &options(false)), expected);
    let corpus = read(&files, dir.path(), &options(true)).unwrap();
    assert_eq!(sides(&corpus), [("éé", "éé"), ("𝄞𝄞", "𝄞𝄞"), ("c", "d")]);
    assert_eq!(short(&dir, &corpus.report), "3 pairs; dropped: 3 too long (train.tsv:2, 4, 5)");
    let unlimited = ReadOptions { lenient: false, max_chars: usize::MAX };
    assert_eq!(read(&files, dir.path(), &unlimited).unwrap().pairs.len(), 6);
}

#[test]
fn ten_thousand_characters_are_let_pass_and_one_more_is_not() {
    let line = |chars: usize| "é".repeat(chars);
    let text = format!("{}\n{}\n", line(10_000), line(10_001));
    let dir = folder(&[("a.en", text.as_bytes()), ("a.de", b"A\nB\n")]);
    let files = two_files("a.en", "a.de");
    let message = problem(&dir, &files, &ReadOptions::default());
    assert!(message.starts_with("a.en:2: a line longer than 10000 characters"), "{message}");
    assert_eq!(read(&files, dir.path(), &lenient()).unwrap().pairs.len(), 1);
}

#[test]
fn unequal_line_counts_are_an_error_even_when_lenient() {
    for (src, tgt, counts) in [
        (&b"a\nb\nc\n"[..], &b"A\nB\n"[..], (3, 2)),
        (b"a\n", b"A\n\nB\n\n\n", (1, 5)),
        (b"", b"A", (0, 1)),
        (b"\xef\xbb\xbf", b"A", (0, 1)),
        (b"\xff\n\xff\n", b"A", (2, 1)),
    ] {
        let dir = folder(&[("a.en", src), ("a.de", tgt)]);
        for options in [ReadOptions::default(), lenient()] {
            let text = problem(&dir, &two_files("a.en", "a.de"), &options);
            let expected =
                format!("a.en and a.de differ in their number of lines, {} and {};", counts.0, counts.1);
            assert!(text.starts_with(&expected), "{text}");
        }
    }
}

#[test]
fn a_file_without_a_pair_is_an_error() {
    for bytes in [&b""[..], b"\xef\xbb\xbf", b"\n \n"] {
        let dir = folder(&[("full.tsv", b"a\tb\n"), ("empty.tsv", bytes), ("empty.en", bytes)]);
        for options in [ReadOptions::default(), lenient()] {
            let text = problem(&dir, &columns(&["full.tsv", "empty.tsv"]), &options);
            assert!(text.starts_with("empty.tsv: no pair in it; write one a line"), "{text}");
            let text = problem(&dir, &two_files("empty.en", "empty.en"), &options);
            assert!(text.starts_with("empty.en and empty.en: no pair in them"), "{text}");
        }
    }
    let dir = folder(&[("spaces.tsv", b"a b\nc d\n")]);
    let text = problem(&dir, &columns(&["spaces.tsv"]), &lenient());
    assert!(text.ends_with("Read in all: 0 pairs; dropped: 2 without a tab (spaces.tsv:1, 2)"), "{text}");
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let dir = folder(&[]);
    let text = problem(&dir, &CorpusFiles::default(), &lenient());
    assert!(text.starts_with("no text to read; name files under `source` and `target`"), "{text}");
    let mut files = two_files("a", "c");
    files.source.push("b".into());
    let text = problem(&dir, &files, &lenient());
    assert!(text.starts_with("`source` and `target` differ in their number of files, 2 and 1;"), "{text}");
}

#[test]
fn a_configuration_names_files_and_nothing_else() {
    let read = serde_json::from_value::<CorpusFiles>;
    let files = read(json!({ "source": ["a.en"], "target": "a.de" })).unwrap();
    assert_eq!(files, two_files("a.en", "a.de"));
    assert_eq!(read(serde_json::to_value(&files).unwrap()).unwrap(), files);
    assert_eq!(serde_json::to_value(columns(&["a.tsv"])).unwrap(), json!({ "pairs": ["a.tsv"] }));
    let error = read(json!({ "sources": ["a.en"] })).unwrap_err();
    assert!(error.to_string().contains("unknown field `sources`"), "{error}");
}
