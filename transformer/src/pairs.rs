//! Parallel text from a file: one pair a line, source, a tab, target.
//!
//! Tatoeba's exports carry an attribution behind the pair, so columns after the second are ignored, and
//! counted. Lines of white space are skipped, and counted. A byte order mark and Windows line ends are
//! accepted. All else that is not a pair (no tab, an empty side, invalid UTF-8, no pair at all) is an error
//! that names the file and the line: a model trained on half of a misread file looks like a bad model.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use crate::error::Error;
use crate::words::split_words;

/// A sentence and its translation, as they stand in the file, without white space around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPair {
    /// The sentence.
    pub src: String,
    /// Its translation.
    pub tgt: String,
    /// The line it stands on, from 1.
    pub line: usize,
}

/// What [`read_pairs`] met on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairsReport {
    /// Lines in the file.
    pub lines: usize,
    /// Lines that held a pair.
    pub pairs: usize,
    /// Lines of nothing but white space, skipped.
    pub empty_lines: usize,
    /// Lines with more than two columns, the rest of which was ignored.
    pub extra_columns: usize,
}

/// One line: `5 lines: 3 pairs, empty lines skipped: 2`.
impl fmt::Display for PairsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines: {} pairs, empty lines skipped: {}", self.lines, self.pairs, self.empty_lines)?;
        if self.extra_columns > 0 {
            write!(f, ", lines with further columns, ignored: {}", self.extra_columns)?;
        }
        Ok(())
    }
}

/// The pairs of a tab-separated file, in order, and a report of what was skipped.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Data`] with the first line that is no pair, or if
/// there is no pair in the file.
pub fn read_pairs(path: impl AsRef<Path>) -> Result<(Vec<TextPair>, PairsReport), Error> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|source| Error::Io { path: path.into(), source })?;
    parse_pairs(path, &bytes)
}

/// As [`read_pairs`], of bytes already read; `path` is only named in errors.
fn parse_pairs(path: &Path, bytes: &[u8]) -> Result<(Vec<TextPair>, PairsReport), Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut pairs = Vec::new();
    let mut report = PairsReport::default();
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        report.lines += 1;
        match parse_line(line) {
            Ok(Some((src, tgt, extra_columns))) => {
                report.extra_columns += usize::from(extra_columns);
                pairs.push(TextPair { src: src.into(), tgt: tgt.into(), line: index + 1 });
            }
            Ok(None) => report.empty_lines += 1,
            Err(problem) => return Err(Error::Data { path: path.into(), line: index + 1, problem }),
        }
    }
    report.pairs = pairs.len();
    if pairs.is_empty() {
        let problem = "the file ends here without a pair; write one a line: source, a tab, target".into();
        return Err(Error::Data { path: path.into(), line: report.lines.max(1), problem });
    }
    Ok((pairs, report))
}

/// Takes every `nth` pair out of `pairs`, to validate on, and returns those; the last, if there are fewer.
/// Other pairs whose source has the same words as one that is held out are dropped: corpora give a
/// sentence several translations, and a model that has trained on one of them has seen the sentence.
///
/// # Panics
/// If `nth` is 0.
#[track_caller]
pub fn hold_out(pairs: &mut Vec<TextPair>, nth: usize) -> Vec<TextPair> {
    assert!(nth > 0, "hold_out: nth is 0");
    let nth = nth.min(pairs.len().max(1));
    let mut places = 1..;
    let held_out: Vec<TextPair> = pairs
        .extract_if(.., |_| places.next().is_some_and(|place: usize| place.is_multiple_of(nth)))
        .collect();
    let sources: HashSet<Vec<String>> = held_out.iter().map(|pair| split_words(&pair.src)).collect();
    pairs.retain(|pair| !sources.contains(&split_words(&pair.src)));
    held_out
}

/// Source, target and whether more columns follow; none for a line of white space.
fn parse_line(line: &[u8]) -> Result<Option<(&str, &str, bool)>, String> {
    let line = std::str::from_utf8(line).map_err(|error| {
        format!("invalid UTF-8 at byte {} of the line; save the file as UTF-8", error.valid_up_to() + 1)
    })?;
    if line.trim().is_empty() {
        return Ok(None);
    }
    let mut columns = line.split('\t').map(str::trim);
    let src = columns.next().unwrap_or_default();
    let tgt = columns.next().ok_or("no tab in the line; write source, a tab, target")?;
    match (src.is_empty(), tgt.is_empty()) {
        (true, _) => Err("nothing before the tab; write source, a tab, target".into()),
        (_, true) => Err("nothing after the tab; write source, a tab, target".into()),
        _ => Ok(Some((src, tgt, columns.next().is_some()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: impl AsRef<[u8]>) -> Result<(Vec<TextPair>, PairsReport), String> {
        parse_pairs(Path::new("pairs.tsv"), text.as_ref()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn assert_problem(text: impl AsRef<[u8]>, expected: &str) {
        let problem = parse(text).unwrap_err();
        assert!(problem.starts_with(expected), "{problem}");
        assert!(!problem.contains('\n'));
    }

    #[test]
    fn holding_out_takes_every_nth_pair_and_at_least_one() {
        let pairs = |n: usize| -> Vec<TextPair> {
            (1..=n).map(|line| TextPair { src: line.to_string(), tgt: "b".into(), line }).collect()
        };
        let lines = |pairs: &[TextPair]| pairs.iter().map(|pair| pair.line).collect::<Vec<_>>();
        for (n, expected) in [(7, vec![3, 6]), (3, vec![3]), (2, vec![2]), (1, vec![1]), (0, vec![])] {
            let mut rest = pairs(n);
            let held_out = hold_out(&mut rest, 3);
            assert_eq!(lines(&held_out), expected, "of {n}");
            assert_eq!(rest.len() + held_out.len(), n);
        }
        let mut with_a_double = pairs(4);
        with_a_double[0].src = " 3".into();
        hold_out(&mut with_a_double, 3);
        assert_eq!(lines(&with_a_double), [2, 4], "line 1 has the source of line 3");
    }

    #[test]
    fn pairs_keep_their_order_text_and_line() {
        let (pairs, report) = parse("merci\tthanks\n\nje suis étudiant\ti am a student\n").unwrap();
        let pair = |src: &str, tgt: &str, line| TextPair { src: src.into(), tgt: tgt.into(), line };
        assert_eq!(pairs, [pair("merci", "thanks", 1), pair("je suis étudiant", "i am a student", 3)]);
        assert_eq!(report, PairsReport { lines: 3, pairs: 2, empty_lines: 1, extra_columns: 0 });
        assert_eq!(report.to_string(), "3 lines: 2 pairs, empty lines skipped: 1");
    }

    #[test]
    fn byte_order_mark_windows_line_ends_and_a_missing_last_one_are_accepted() {
        let (expected, _) = parse("a\tb\nc\td\n").unwrap();
        assert_eq!(parse("\u{feff}a\tb\r\nc\td\r\n").unwrap().0, expected);
        assert_eq!(parse(" a \t b\nc\td").unwrap().0, expected);
    }

    #[test]
    fn further_columns_are_ignored_and_counted() {
        let (pairs, report) = parse("Va !\tGo.\tCC-BY 2.0 (France)\nb\tc\nd\te\t\n").unwrap();
        assert_eq!(pairs[0].tgt, "Go.");
        assert_eq!(report.extra_columns, 2);
        assert!(report.to_string().ends_with(", lines with further columns, ignored: 2"));
    }

    #[test]
    fn lines_of_white_space_are_counted() {
        let (pairs, report) = parse("\n \r\n\t\na\tb\n\n").unwrap();
        assert_eq!((pairs.len(), pairs[0].line), (1, 4));
        assert_eq!((report.lines, report.empty_lines), (5, 4));
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_problem("a\tb\nmerci thanks\n", "pairs.tsv:2: no tab in the line");
        assert_problem("a\tb\n\n\tthanks\n", "pairs.tsv:3: nothing before the tab");
        assert_problem("merci\t \textra\n", "pairs.tsv:1: nothing after the tab");
        assert_problem(b"a\tb\nc\td\xff\n", "pairs.tsv:2: invalid UTF-8 at byte 4 of the line");
        assert_problem(b"\xff\xfea\0\t\0b\0", "pairs.tsv:1: invalid UTF-8 at byte 1");
    }

    #[test]
    fn a_file_without_a_pair_is_an_error() {
        assert_problem("", "pairs.tsv:1: the file ends here without a pair");
        assert_problem("\u{feff}", "pairs.tsv:1: the file ends here without a pair");
        assert_problem("\n\n  \n", "pairs.tsv:3: the file ends here without a pair");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_pairs("no/such/file.tsv").unwrap_err();
        assert!(error.to_string().starts_with("cannot read no/such/file.tsv: "), "{error}");
    }
}
