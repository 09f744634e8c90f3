//! What the reading of a corpus met, counted, with the first few places.

use std::fmt;
use std::path::{Path, PathBuf};

/// What makes a line no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    InvalidUtf8,
    NoTab,
    EmptySide,
    Overlong,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::InvalidUtf8, Kind::NoTab, Kind::EmptySide, Kind::Overlong];

    /// The words behind a count of such lines.
    fn words(self) -> &'static str {
        match self {
            Kind::InvalidUtf8 => "with invalid UTF-8",
            Kind::NoTab => "without a tab",
            Kind::EmptySide => "with one side empty",
            Kind::Overlong => "too long",
        }
    }
}

/// A count of lines, and where the first few stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many lines.
    pub count: usize,
    places: Vec<(PathBuf, usize)>,
}

impl Tally {
    /// How many places are remembered.
    const LISTED: usize = 5;

    pub(super) fn add(&mut self, path: &Path, line: usize) {
        self.count += 1;
        if self.places.len() < Self::LISTED {
            self.places.push((path.into(), line));
        }
    }

    /// The places without the first `skipped`: `train.en:18, 77; more.en:3, ...`.
    fn list(&self, skipped: usize) -> String {
        let mut list = String::new();
        let mut last = None;
        for (path, line) in self.places.iter().skip(skipped) {
            list += &match last {
                Some(last) if last == path => format!(", {line}"),
                Some(_) => format!("; {}:{line}", path.display()),
                None => format!("{}:{line}", path.display()),
            };
            last = Some(path);
        }
        if self.count > self.places.len() { list + ", ..." } else { list }
    }
}

/// What [`read`](super::read) met on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Pairs in the corpus.
    pub pairs: usize,
    /// Lines, or pairs of lines, of nothing but white space and what shows nowhere, skipped.
    pub blank: usize,
    /// Lines of tab-separated files with more than two columns, the rest of which was ignored.
    pub further_columns: usize,
    /// Pairs with control characters or U+2028, U+2029 inside a sentence, kept as they are.
    pub control: Tally,
    /// Pairs with other characters that show nowhere and say nothing ([`invisible`](crate::invisible)), kept as they
    /// are. [`TextSettings::drop_invisible`](crate::settings::TextSettings::drop_invisible) decides what becomes of
    /// either.
    pub invisible: Tally,
    problems: [Tally; Kind::ALL.len()],
}

impl Report {
    /// How many lines, or pairs of lines, were dropped because they are no pair.
    pub fn dropped(&self) -> usize {
        self.problems.iter().map(|tally| tally.count).sum()
    }

    pub(super) fn problem_mut(&mut self, kind: Kind) -> &mut Tally {
        &mut self.problems[kind as usize]
    }

    /// The problems but for the first, which is of the kind `first`, as what follows a sentence about that
    /// one; nothing if there is none.
    pub(super) fn besides_the_first(&self, first: Kind) -> String {
        let mut text = String::new();
        for kind in [first].into_iter().chain(Kind::ALL.into_iter().filter(|&kind| kind != first)) {
            let tally = &self.problems[kind as usize];
            let told = usize::from(kind == first);
            if tally.count > told {
                let joint = if text.is_empty() { ". Also:" } else { "," };
                let more = if kind == first { " more" } else { "" };
                let (count, list) = (tally.count - told, tally.list(told));
                text += &format!("{joint} {count}{more} {} ({list})", kind.words());
            }
        }
        text
    }
}

/// One line: `29000 pairs; skipped: 3 blank; dropped: 2 with invalid UTF-8 (train.en:18, 77)`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pairs, if self.pairs == 1 { "pair" } else { "pairs" })?;
        if self.blank > 0 {
            write!(f, "; skipped: {} blank", self.blank)?;
        }
        let dropped = Kind::ALL.into_iter().map(|kind| (kind, &self.problems[kind as usize]));
        for (index, (kind, tally)) in dropped.filter(|(_, tally)| tally.count > 0).enumerate() {
            let joint = if index == 0 { "; dropped:" } else { "," };
            write!(f, "{joint} {} {} ({})", tally.count, kind.words(), tally.list(0))?;
        }
        let kept = [("control", &self.control), ("invisible", &self.invisible)];
        for (index, (what, tally)) in kept.into_iter().filter(|(_, tally)| tally.count > 0).enumerate() {
            let joint = if index == 0 { "; lines:" } else { "," };
            write!(f, "{joint} {} with {what} characters ({})", tally.count, tally.list(0))?;
        }
        if self.further_columns > 0 {
            write!(f, "; with further columns, ignored: {}", self.further_columns)?;
        }
        Ok(())
    }
}
