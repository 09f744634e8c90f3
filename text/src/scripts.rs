//! The script a letter belongs to, by ranges of code points.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The scripts that are told apart; all further ones are `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)] // the names say it
pub enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    Hangul,
    Kana,
    Han,
    Other,
}

/// The blocks of each script that hold letters of languages written today.
const RANGES: [(RangeInclusive<u32>, Script); 33] = [
    (0x41..=0x2ff, Script::Latin),
    (0x370..=0x3ff, Script::Greek),
    (0x400..=0x52f, Script::Cyrillic),
    (0x590..=0x5ff, Script::Hebrew),
    (0x600..=0x6ff, Script::Arabic),
    (0x750..=0x77f, Script::Arabic),
    (0x870..=0x8ff, Script::Arabic),
    (0x1100..=0x11ff, Script::Hangul),
    (0x1c80..=0x1c8f, Script::Cyrillic),
    (0x1e00..=0x1eff, Script::Latin),
    (0x1f00..=0x1fff, Script::Greek),
    (0x2c60..=0x2c7f, Script::Latin),
    (0x2de0..=0x2dff, Script::Cyrillic),
    (0x2e80..=0x2fdf, Script::Han),
    (0x3005..=0x3007, Script::Han),
    (0x3040..=0x30ff, Script::Kana),
    (0x3130..=0x318f, Script::Hangul),
    (0x31f0..=0x31ff, Script::Kana),
    (0x3400..=0x4dbf, Script::Han),
    (0x4e00..=0x9fff, Script::Han),
    (0xa640..=0xa69f, Script::Cyrillic),
    (0xa720..=0xa7ff, Script::Latin),
    (0xa960..=0xa97f, Script::Hangul),
    (0xab30..=0xab6f, Script::Latin),
    (0xac00..=0xd7ff, Script::Hangul),
    (0xf900..=0xfaff, Script::Han),
    (0xfb00..=0xfb06, Script::Latin),
    (0xfb1d..=0xfb4f, Script::Hebrew),
    (0xfb50..=0xfdff, Script::Arabic),
    (0xfe70..=0xfeff, Script::Arabic),
    (0xff21..=0xff5a, Script::Latin),
    (0xff66..=0xff9f, Script::Kana),
    (0x20000..=0x323af, Script::Han),
];

impl Script {
    /// The script of a letter; none of what is no letter.
    pub fn of(c: char) -> Option<Script> {
        if !c.is_alphabetic() {
            return None;
        }
        let after = RANGES.partition_point(|(range, _)| *range.start() <= u32::from(c));
        let found = RANGES[..after].last().filter(|(range, _)| range.contains(&u32::from(c)));
        Some(found.map_or(Script::Other, |&(_, script)| script))
    }
}

/// The name, as it stands in a sentence.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Script::Other => f.write_str("of another script"),
            named => write!(f, "{named:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_a_script_and_nothing_else_has() {
        for (text, script) in [
            ("aZéœŁẞﬁＡ", Script::Latin),
            ("αΩἀ", Script::Greek),
            ("жЯўҐ", Script::Cyrillic),
            ("שﬠ", Script::Hebrew),
            ("عپﷲ", Script::Arabic),
            ("한ㄱ", Script::Hangul),
            ("あアｱ", Script::Kana),
            ("漢々𠀀", Script::Han),
            ("हთა", Script::Other),
        ] {
            text.chars().for_each(|c| assert_eq!(Script::of(c), Some(script), "{c}"));
        }
        " 1.,!?-«»…😀\u{301}\n".chars().for_each(|c| assert_eq!(Script::of(c), None, "{c:?}"));
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(RANGES.windows(2).all(|pair| pair[0].0.end() < pair[1].0.start()));
    }
}
