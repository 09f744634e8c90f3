//! How lines become the pairs of a corpus, or are skipped, dropped or refused.

use std::path::Path;

use super::encoding;
use super::lines;
use super::pairs::{Corpus, Origin, Place, ReadOptions, TextPair};
use super::report::{Kind, Report};
use crate::error::Error;
use crate::invisible::{invisible_in, is_blank};

#[derive(Debug, Clone, Copy)]
enum Side {
    Source,
    Target,
}

impl Origin {
    fn file_of(&self, side: Side) -> &Path {
        match (side, &self.tgt) {
            (Side::Target, Some(tgt)) => tgt,
            _ => &self.src,
        }
    }
}

/// Why a line is no pair: the first reason found, the source looked at before the target.
struct Problem {
    kind: Kind,
    side: Side,
    text: String,
}

/// A corpus while it is read.
pub(super) struct Reader<'a> {
    options: &'a ReadOptions,
    corpus: Corpus,
    /// The first problem of all, with its file and line.
    first: Option<(Kind, String)>,
    /// The first file without a pair.
    without_pair: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(options: &'a ReadOptions) -> Self {
        let corpus = Corpus { pairs: Vec::new(), report: Report::default(), origins: Vec::new() };
        Reader { options, corpus, first: None, without_pair: None }
    }

    pub(super) fn read_two_files(&mut self, dir: &Path, src: &Path, tgt: &Path) -> Result<(), Error> {
        let (mut src_lines, mut tgt_lines) = (lines::open(dir, src)?, lines::open(dir, tgt)?);
        let origin = Origin { src: dir.join(src), tgt: Some(dir.join(tgt)) };
        let (before, max_bytes) = (self.corpus.pairs.len(), self.max_bytes());
        for line in 1.. {
            match (src_lines.next_line(max_bytes)?, tgt_lines.next_line(max_bytes)?) {
                (None, None) => break,
                (Some(src), Some(tgt)) => {
                    let src = self.decode(src, Side::Source);
                    let sides = src.and_then(|src| Ok((src, self.decode(tgt, Side::Target)?)));
                    self.take(&origin, line, sides);
                }
                _ => {
                    return Err(Error::Corpus(format!(
                        "{} and {} differ in their number of lines, {} and {}; line i of the one must belong to line i \
                         of the other, and nothing says which lines do: --lenient does not help",
                        origin.src.display(),
                        origin.file_of(Side::Target).display(),
                        src_lines.count_to_the_end()?,
                        tgt_lines.count_to_the_end()?
                    )));
                }
            }
        }
        self.end_file(origin, before);
        Ok(())
    }

    pub(super) fn read_columns(&mut self, dir: &Path, path: &Path) -> Result<(), Error> {
        let mut lines = lines::open(dir, path)?;
        let origin = Origin { src: dir.join(path), tgt: None };
        let (before, max_bytes) = (self.corpus.pairs.len(), self.max_bytes());
        for number in 1.. {
            let Some(line) = lines.next_line(max_bytes)? else { break };
            let sides = self.decode(line, Side::Source).and_then(|line| {
                let mut columns = line.split('\t');
                let sides = (columns.next().unwrap_or_default(), columns.next());
                self.corpus.report.further_columns += usize::from(columns.next().is_some());
                match sides {
                    (src, Some(tgt)) => Ok((src, tgt)),
                    (src, None) if is_blank(src) => Ok(("", "")),
                    _ => {
                        let text = "no tab in the line; write source, a tab, target".into();
                        Err(Problem { kind: Kind::NoTab, side: Side::Source, text })
                    }
                }
            });
            self.take(&origin, number, sides);
        }
        self.end_file(origin, before);
        Ok(())
    }

    /// No line of more bytes can have few enough characters.
    fn max_bytes(&self) -> usize {
        self.options.max_chars.saturating_mul(4)
    }

    fn decode<'l>(&self, line: &'l [u8], side: Side) -> Result<&'l str, Problem> {
        let max_chars = self.options.max_chars;
        let too_long = || {
            let text = format!("a line longer than {max_chars} characters; write one sentence a line");
            Problem { kind: Kind::Overlong, side, text }
        };
        if line.len() > self.max_bytes() {
            return Err(too_long());
        }
        let text = encoding::decode(line).map_err(|text| Problem { kind: Kind::InvalidUtf8, side, text })?;
        // Counting is only needed where there are more bytes than the characters allowed.
        if text.len() > max_chars && text.chars().count() > max_chars { Err(too_long()) } else { Ok(text) }
    }

    /// Keeps, skips or counts one line.
    fn take(&mut self, origin: &Origin, line: usize, sides: Result<(&str, &str), Problem>) {
        let Corpus { pairs, report, origins } = &mut self.corpus;
        match sides.and_then(|(src, tgt)| neither_or_both(visible(src), visible(tgt))) {
            Ok(("", "")) => report.blank += 1,
            Ok((src, tgt)) => {
                let side_with = |is_in: fn(&str) -> bool| match (is_in(src), is_in(tgt)) {
                    (true, _) => Some(Side::Source),
                    (false, true) => Some(Side::Target),
                    (false, false) => None,
                };
                if let Some(side) = side_with(has_control_characters) {
                    report.control.add(origin.file_of(side), line);
                }
                if let Some(side) = side_with(has_invisible) {
                    report.invisible.add(origin.file_of(side), line);
                }
                let place = Place { file: saturated(origins.len()), line: saturated(line) };
                pairs.push(TextPair { src: src.into(), tgt: tgt.into(), place });
            }
            Err(Problem { kind, side, text }) => {
                let path = origin.file_of(side);
                report.problem_mut(kind).add(path, line);
                self.first.get_or_insert_with(|| (kind, Error::at_line(path, line, text).to_string()));
            }
        }
    }

    fn end_file(&mut self, origin: Origin, pairs_before: usize) {
        if self.corpus.pairs.len() == pairs_before {
            self.without_pair.get_or_insert_with(|| match &origin.tgt {
                Some(tgt) => format!("{} and {}: no pair in them", origin.src.display(), tgt.display()),
                None => format!(
                    "{}: no pair in it; write one a line: source, a tab, target",
                    origin.src.display()
                ),
            });
        }
        self.corpus.origins.push(origin);
    }

    pub(super) fn finish(mut self) -> Result<Corpus, Error> {
        let report = &mut self.corpus.report;
        report.pairs = self.corpus.pairs.len();
        match (self.first, self.without_pair) {
            (Some((kind, text)), _) if !self.options.lenient => {
                let more = report.besides_the_first(kind);
                Err(Error::Corpus(format!("{text}{more}. With --lenient such lines are dropped and counted")))
            }
            (_, Some(text)) => Err(Error::Corpus(format!("{text}. Read in all: {report}"))),
            _ => Ok(self.corpus),
        }
    }
}

/// `text` without the white space around it; nothing of it, if nothing can be seen.
fn visible(text: &str) -> &str {
    if is_blank(text) { "" } else { text.trim() }
}

/// Two sides, both with text or both without.
fn neither_or_both<'l>(src: &'l str, tgt: &'l str) -> Result<(&'l str, &'l str), Problem> {
    let (side, empty, other) = match (src.is_empty(), tgt.is_empty()) {
        (true, false) => (Side::Source, "source", "target"),
        (false, true) => (Side::Target, "target", "source"),
        _ => return Ok((src, tgt)),
    };
    let text = format!("the {empty} is empty, the {other} is not; write both, or leave both out");
    Err(Problem { kind: Kind::EmptySide, side, text })
}

/// White space apart, these show nowhere, and other programs take some of them for the end of a line.
fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// Control characters are counted by themselves.
fn has_invisible(text: &str) -> bool {
    invisible_in(text).any(|c| !c.is_control())
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
