//! Lines of files and streams: their ends, gzip, what cannot be read.

use std::io::{BufReader, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn byte_order_marks_windows_line_ends_and_a_missing_last_one_are_accepted() {
    let dir = folder(&[
        ("a.tsv", "\u{feff}a\tb\r\nc\td".as_bytes()),
        ("a.tsv.gz", &gzip("\u{feff}a\tb\r\nc\td".as_bytes())),
        ("b.en", "\u{feff}a\r\nc\r\n".as_bytes()),
        ("b.de", "b\nd\n".as_bytes()),
    ]);
    for files in [columns(&["a.tsv"]), columns(&["a.tsv.gz"]), two_files("b.en", "b.de")] {
        let corpus = read(&files, dir.path(), &ReadOptions::default()).unwrap();
        assert_eq!(sides(&corpus), [("a", "b"), ("c", "d")]);
    }
}

#[test]
fn no_character_but_a_line_feed_ends_a_line() {
    for c in ['\0', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'] {
        let dir = folder(&[("a.en", format!("a{c}b\nc\n").as_bytes()), ("a.de", b"A\nC\n")]);
        let files = two_files("a.en", "a.de");
        let corpus = read(&files, dir.path(), &ReadOptions::default()).unwrap();
        assert_eq!(sides(&corpus), [(&*format!("a{c}b"), "A"), ("c", "C")]);
        let report = "2 pairs; lines: 1 with control characters (a.en:1)";
        assert_eq!(short(&dir, &corpus.report), report);
        assert_eq!(corpus.report.dropped(), 0);
        assert_eq!(read_lines(&dir.path().join("a.en")).unwrap(), [&*format!("a{c}b"), "c"]);
    }
}

#[test]
fn what_shows_nowhere_is_counted_and_alone_it_is_a_blank_line() {
    let src = "\u{feff}\u{feff}a\n\u{200b}\nb\u{200d}\0\n क\u{94d}\u{200d}\n\u{1a}\u{ad} \n";
    let dir = folder(&[("a.hi", src.as_bytes()), ("a.de", "A\n\u{feff}\nB\nC\u{ad}\n\n".as_bytes())]);
    let corpus = read(&two_files("a.hi", "a.de"), dir.path(), &ReadOptions::default()).unwrap();
    assert_eq!(corpus.pairs.len(), 3);
    let report = "3 pairs; skipped: 2 blank; lines: 1 with control characters (a.hi:3), 3 with invisible characters \
                  (a.hi:1, 3; a.de:4)";
    assert_eq!(short(&dir, &corpus.report), report);
    let dir = folder(&[("a.tsv", "a\t\u{200b}\n\u{200b}\nb\tc\n".as_bytes())]);
    let text = problem(&dir, &columns(&["a.tsv"]), &ReadOptions::default());
    assert!(text.starts_with("a.tsv:1: the target is empty, the source is not"), "{text}");
    let corpus = read(&columns(&["a.tsv"]), dir.path(), &lenient()).unwrap();
    assert_eq!((corpus.pairs.len(), corpus.report.blank), (1, 1));
}

#[test]
fn gzip_is_recognised_by_its_bytes_and_not_by_its_name() {
    let members = [gzip(b"a\tb\nc"), gzip(b""), gzip(b"\td\ne\tf\n")].concat();
    let dir = folder(&[("members.txt", &members), ("plain.gz", b"a\tb\nc\td\ne\tf\n")]);
    for name in ["members.txt", "plain.gz"] {
        let corpus = read(&columns(&[name]), dir.path(), &ReadOptions::default()).unwrap();
        assert_eq!(sides(&corpus), [("a", "b"), ("c", "d"), ("e", "f")]);
        assert_eq!(read_lines(&dir.path().join(name)).unwrap(), ["a\tb", "c\td", "e\tf"]);
    }
}

#[test]
fn where_a_member_ends_does_not_tell_what_text_is() {
    let text = b"u\0\0\0\0\0\0\0\x06n\tx\r\ndeux\tis"; // whose first part alone might be UTF-16
    let members = [gzip(&text[..8]), gzip(&text[8..])].concat();
    let dir = folder(&[("members.gz", &members), ("plain", text)]);
    let read = |name: &str| {
        let lines = crate::corpus::read_lines(&dir.path().join(name));
        lines.map_err(|error| error.to_string())
    };
    assert_eq!(read("plain").unwrap().len(), 2);
    assert_eq!(read("members.gz"), read("plain"));
}

#[test]
fn zeros_behind_gzip_are_padding_and_anything_else_is_named() {
    let members = [gzip(b"a\tb\n"), gzip(b"c\td\n")];
    for zeros in [1, 2, 511, 100_000] {
        let padding = vec![0; zeros];
        let padded = [&members[0][..], &padding, &members[1], &padding].concat();
        let dir = folder(&[("padded.gz", &padded)]);
        assert_eq!(read_lines(&dir.path().join("padded.gz")).unwrap(), ["a\tb", "c\td"], "{zeros} zeros");
    }
    for behind in [&b"x"[..], b"\0\0\0\xff", b"\x1fx and more", b"a whole sentence\n"] {
        let dir = folder(&[("more.gz", &[&members[0][..], behind].concat())]);
        let problem = read_lines(&dir.path().join("more.gz")).unwrap_err().to_string();
        assert!(
            problem.contains("more.gz") && problem.contains("behind the gzip data stands what is none"),
            "{problem}"
        );
    }
}

/// What begins as a member does is gzip data; to cut it off would lose the rest of the text.
#[test]
fn damage_in_any_member_is_damage() {
    let members = [gzip(b"a\tb\n"), gzip(b"c\td\n"), gzip(b"e\tf\n")];
    for damaged in 0..3 {
        for from_end in [1, 5, 10] {
            let mut members = members.clone();
            let place = members[damaged].len() - from_end;
            members[damaged][place] ^= 0xff; // its length, its checksum, its data
            let dir = folder(&[("damaged.gz", &members.concat())]);
            let problem = read_lines(&dir.path().join("damaged.gz")).unwrap_err().to_string();
            let is_told = problem.contains("the gzip data is damaged") || problem.contains("ends too early");
            assert!(is_told, "member {damaged}, {from_end} bytes before its end: {problem}");
        }
    }
}

#[test]
fn gzip_cut_off_anywhere_is_an_error_that_says_so() {
    let (first, second) = (gzip(b"a\tb\nc\td\n"), gzip(b"e\tf\n"));
    let whole = [&first[..], &second].concat();
    for length in 0..whole.len() {
        let dir = folder(&[("train.gz", &whole[..length])]);
        let files = columns(&["train.gz"]);
        if length == first.len() {
            let corpus = read(&files, dir.path(), &ReadOptions::default()).unwrap();
            assert_eq!(corpus.pairs.len(), 2, "what is left is a whole file");
            continue;
        }
        let expected = if length == 0 { "no pair in it" } else { "the gzip data ends too early" };
        for options in [ReadOptions::default(), lenient()] {
            let text = problem(&dir, &files, &options);
            assert!(text.starts_with("train.gz") && text.contains(expected), "at {length}: {text}");
        }
        assert_eq!(read_lines(&dir.path().join("train.gz")).is_err(), length > 0);
    }
}

#[test]
fn a_damaged_bit_of_gzip_never_changes_the_text_unnoticed() {
    let whole = [gzip(b"a\tb\nc\td\n"), gzip(b"e\tf\n")].concat();
    let expected = ["a\tb", "c\td", "e\tf"];
    let mut noticed = 0;
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let dir = folder(&[("train.gz", &bytes)]);
        match read_lines(&dir.path().join("train.gz")) {
            Ok(lines) => assert_eq!(lines, expected, "bit {bit}"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > whole.len() * 4, "{noticed} of {}", whole.len() * 8);
}

#[test]
fn utf16_is_named_for_what_it_is() {
    let dir = folder(&[("le.tsv", b"\xff\xfea\0\t\0b\0\n\0"), ("be.tsv", b"\xfe\xff\0a\0\t\0b\0\n")]);
    for name in ["le.tsv", "be.tsv"] {
        let text = problem(&dir, &columns(&[name]), &lenient());
        assert_eq!(text, format!("{name}: the text is UTF-16; save it as UTF-8"));
    }
}

#[test]
fn missing_files_and_folders_are_named() {
    let dir = folder(&[]);
    let from = dir.path().display();
    let text = problem(&dir, &columns(&["train.tsv"]), &lenient());
    let expected = format!("train.tsv: there is no such file; relative paths start from the folder {from}");
    assert_eq!(text, expected);
    fs::create_dir(dir.path().join("texts")).unwrap();
    let text = problem(&dir, &columns(&["texts"]), &lenient());
    assert_eq!(text, "texts: a folder, not a file; name the files in it that are to be read");
    let error = read_lines(Path::new("no/such/file")).unwrap_err().to_string();
    assert_eq!(error, "no/such/file: there is no such file; relative paths start from the current folder");
    let error = read_lines(&dir.path().join("train.en")).unwrap_err();
    assert_eq!(short(&dir, error), "train.en: there is no such file");
}

#[test]
fn a_file_one_may_not_read_is_told_from_a_broken_one() {
    let why = |kind: std::io::ErrorKind| lines::why(&kind.into(), Path::new(""), Path::new("a"));
    let denied = why(std::io::ErrorKind::PermissionDenied);
    assert!(denied.starts_with("you may not read it; change its permissions ("), "{denied}");
    let broken = why(std::io::ErrorKind::TimedOut);
    assert!(broken.starts_with("cannot be read: "), "{broken}");
}

#[test]
fn lines_of_a_file_keep_empty_ones_and_white_space() {
    let dir = folder(&[("in", b"\n a \r\n\r\n\nb"), ("bad", b"a\nb\xff\n"), ("empty", b"")]);
    let lines = |name| read_lines(&dir.path().join(name));
    assert_eq!(lines("in").unwrap(), ["", " a ", "", "", "b"]);
    assert_eq!(lines("empty").unwrap(), [""; 0]);
    let expected = "bad:2: invalid UTF-8 at byte 2 of the line; save the text as UTF-8";
    assert_eq!(short(&dir, lines("bad").unwrap_err()), expected);
}

#[test]
fn a_line_of_a_stream_comes_before_the_next_is_read() {
    struct OneByOne<'a>(std::slice::Iter<'a, &'a [u8]>);
    impl Read for OneByOne<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let part = self.0.next().ok_or_else(|| std::io::Error::other("nobody is typing"))?;
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }
    let parts: [&[u8]; 3] = [b"je su", b"is\r\n", b"\n"];
    let mut lines = lines_of(BufReader::new(OneByOne(parts.iter())), "standard input");
    assert_eq!(lines.next().unwrap().unwrap(), "je suis");
    assert_eq!(lines.next().unwrap().unwrap(), "");
    assert_eq!(lines.next().unwrap().unwrap_err().to_string(), "standard input:3: nobody is typing");
    assert!(lines.next().is_none());
}

#[test]
fn after_a_line_that_is_not_utf8_a_stream_goes_on() {
    let lines = lines_of(&b"\xef\xbb\xbfa\n\xff\xffb\nc\r\nd\r"[..], "standard input");
    let lines: Vec<_> = lines.map(|line| line.map_err(|error| error.to_string())).collect();
    let problem = "standard input:2: invalid UTF-8 at byte 1 of the line; save the text as UTF-8";
    assert_eq!(lines, [Ok("a".into()), Err(problem.into()), Ok("c".into()), Ok("d\r".into())]);
}
