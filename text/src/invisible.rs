//! Characters that show nowhere: byte order marks in the middle of a text, zero-width spaces, soft hyphens, and their
//! like. Web pages, word processors and joined files bring them along. To a model `a` with one behind it is another
//! word than `a`.
//!
//! They are what Unicode calls ignorable by default (`Default_Ignorable_Code_Point`), and the control characters that
//! are no white space. Some of them say something in the right place, and are kept there:
//!
//! | character | says something |
//! |---|---|
//! | the joiners U+200C and U+200D | one, behind letters that join or can be kept from it, as in Persian and Hindi, and behind emoji; not behind Latin, Greek, Cyrillic, Hebrew, Hangul, kana or Han, nor behind punctuation. What U+200C keeps apart must follow, and what U+200D joins to an emoji; behind a letter it shapes that letter, at the end of a word too |
//! | variation selectors | one, behind what has variants: emoji, signs, digits, Han, Myanmar and Phags-pa; not behind other letters, nor behind the punctuation of ASCII. Those from U+E0100 on behind Han |
//! | those of Mongolian, and its vowel separator | behind Mongolian |
//! | tags, U+E0020 to U+E007F | behind the black flag, which they make that of a region |
//!
//! No such place is the beginning of a line or behind white space, so a line of nothing but these is blank.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use unicode_normalization::char::is_combining_mark;

use crate::scripts::Script;

/// `Default_Ignorable_Code_Point` of Unicode's DerivedCoreProperties, what is reserved for more of them included.
const IGNORABLE: [RangeInclusive<char>; 17] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether `c` shows nowhere by itself, and is no white space.
pub fn is_invisible(c: char) -> bool {
    let is_ignorable = || c >= '\u{ad}' && IGNORABLE.iter().any(|range| range.contains(&c));
    (c.is_control() && !c.is_whitespace()) || is_ignorable()
}

/// `text` without the invisible characters that say nothing where they stand.
pub fn without_invisible(text: &str) -> Cow<'_, str> {
    if invisible_in(text).next().is_none() {
        return text.into();
    }
    told_apart(text).filter(|&(_, says_something)| says_something).map(|(c, _)| c).collect()
}

/// The characters that [`without_invisible`] leaves out.
pub fn invisible_in(text: &str) -> impl Iterator<Item = char> {
    told_apart(text).filter(|&(_, says_something)| !says_something).map(|(c, _)| c)
}

/// Whether nothing of `text` can be seen: it is empty, or all white space and invisible characters that say nothing.
pub fn is_blank(text: &str) -> bool {
    told_apart(text).all(|(c, says_something)| c.is_whitespace() || !says_something)
}

/// The characters of `text`, and whether each says something.
fn told_apart(text: &str) -> impl Iterator<Item = (char, bool)> {
    let (mut base, mut before) = (' ', ' ');
    // All that can be seen, from the place on that was last asked for: so each character is passed once.
    let mut seen = text.char_indices().filter(|&(_, c)| !is_invisible(c)).peekable();
    let mut next_seen = move |place: usize| {
        while seen.next_if(|&(at, _)| at <= place).is_some() {}
        seen.peek().map_or(' ', |&(_, c)| c)
    };
    text.char_indices().map(move |(place, c)| {
        let says_something = !is_invisible(c) || says_something_between(base, before, c, || next_seen(place));
        if says_something {
            before = c;
            base = if is_invisible(c) || is_combining_mark(c) { base } else { c };
        }
        (c, says_something)
    })
}

/// Whether an invisible character says something behind `before`, the last that was kept, which belongs to the letter or
/// sign `base`, and before the next that can be seen.
fn says_something_between(base: char, before: char, c: char, next: impl FnOnce() -> char) -> bool {
    match c {
        '\u{200c}' | '\u{200d}' if matches!(before, '\u{200c}' | '\u{200d}') => false,
        '\u{200c}' if joins(base) => joins_or_marks(next()),
        '\u{200d}' if joins(base) => true,
        '\u{200c}' | '\u{200d}' => is_pictograph(base) && is_pictograph(next()),
        '\u{fe00}'..='\u{fe0f}' => before == base && has_variants(base),
        '\u{e0100}'..='\u{e01ef}' => before == base && Script::of(base) == Some(Script::Han),
        '\u{180b}'..='\u{180f}' => matches!(before, '\u{1800}'..='\u{18af}'),
        '\u{e0020}'..='\u{e007f}' => matches!(before, '🏴' | '\u{e0020}'..='\u{e007e}'),
        _ => false,
    }
}

/// Whether `c` is a letter of a script whose letters join, or can be kept from it.
fn joins(c: char) -> bool {
    use Script::{Cyrillic, Greek, Han, Hangul, Hebrew, Kana, Latin};
    c.is_alphabetic()
        && !matches!(Script::of(c), Some(Latin | Greek | Cyrillic | Hebrew | Hangul | Kana | Han))
}

/// Whether `c` is such a letter, or a mark on one.
fn joins_or_marks(c: char) -> bool {
    joins(c) || is_combining_mark(c)
}

/// Whether `c` is in the blocks that hold emoji.
fn is_pictograph(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}'
            | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}'
    )
}

/// Whether `c` is a sign, a digit, of Han, or a letter of Myanmar or Phags-pa. Of the signs of ASCII `#` and `*` have
/// variants, as keys of a telephone.
fn has_variants(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '0'..='9' | '#' | '*');
    }
    let is_letter_with_variants = matches!(c, '\u{1000}'..='\u{109f}' | '\u{a840}'..='\u{a877}');
    let is_sign = !c.is_alphabetic() && !c.is_whitespace() && !is_combining_mark(c) && !is_invisible(c);
    is_sign || is_letter_with_variants || Script::of(c) == Some(Script::Han)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_unicodes() {
        let ignorable = regex::Regex::new(r"^\p{Default_Ignorable_Code_Point}$").unwrap();
        let mut count = 0;
        for c in '\0'..=char::MAX {
            let expected = ignorable.is_match(c.encode_utf8(&mut [0; 4]));
            assert_eq!(IGNORABLE.iter().any(|range| range.contains(&c)), expected, "U+{:04X}", u32::from(c));
            count += usize::from(expected);
        }
        assert_eq!(count, 4174, "of Unicode 16");
    }

    #[test]
    fn what_says_nothing_is_left_out_wherever_it_stands() {
        for c in
            (IGNORABLE.into_iter().flatten()).chain(['\0', '\u{1}', '\u{1a}', '\u{7f}', '\u{80}', '\u{9f}'])
        {
            for (with, without) in [
                (format!("{c}"), ""),
                (format!("{c}Un {c}deux{c}"), "Un deux"),
                (format!("д{c}а ν{c}α ש{c}ל 한{c}국{c}"), "да να של 한국"),
                (format!(" {c}{c}\t"), " \t"),
            ] {
                assert_eq!(without_invisible(&with), without, "U+{:04X}", u32::from(c));
                assert_eq!(is_blank(&with), without.trim().is_empty(), "U+{:04X}", u32::from(c));
            }
        }
        for (with, without) in [
            ("می\u{200c}\u{200c}خواهم", "می\u{200c}خواهم"), // typed twice
            ("e\u{301}\u{200d}e\u{301}\u{fe0f}", "e\u{301}e\u{301}"), // behind decomposed letters, as behind composed ones
            ("»\u{200d}…\u{200c}’\u{200d}。\u{200d}", "»…’。"),
            ("क\u{fe0f}ա\u{fe0f}ა\u{fe0e}ก\u{fe0f}", "कաაก"),
            ("why?\u{fe0f} (so)\u{fe0e}.\u{fe00} ?\u{e0100} 7\u{e0100} ☎\u{e0101}", "why? (so). ? 7 ☎"),
        ] {
            assert_eq!(without_invisible(with), without);
        }
        assert_eq!(without_invisible("\u{feff}\u{200b}co\u{ad}op\u{e0041}\u{200e}!"), "coop!");
        let found: Vec<char> = invisible_in("a\u{200b}b\u{200d} क\u{94d}\u{200d}\0").collect();
        assert_eq!(found, ['\u{200b}', '\u{200d}', '\0']);
    }

    /// At the end of a word, before punctuation, digits and other scripts there is nothing to keep apart.
    #[test]
    fn a_joiner_says_something_where_there_is_something_to_join() {
        for (with, without) in [
            ("کتاب\u{200c} را\u{200c}، خانه\u{200c}", "کتاب را، خانه"),
            ("کتاب\u{200c}2 کتاب\u{200c}a", "کتاب2 کتابa"),
            ("कम\u{200c}। हम\u{200c}\u{ad}\u{200b} तुम\u{200c}", "कम। हम तुम"),
            ("👩\u{200d} 👩\u{200d}a 👩\u{200c}", "👩 👩a 👩"),
        ] {
            assert_eq!(without_invisible(with), without);
        }
        for (with, without) in [
            ("می\u{200c}\u{ad}\u{200b}\u{200c}خواهم", "می\u{200c}خواهم"), // it follows, behind what says nothing
            ("👩\u{200d}\u{feff}👧", "👩\u{200d}👧"),
        ] {
            assert_eq!(without_invisible(with), without);
        }
        let many = format!("ک{}.", "\u{200c}".repeat(200_000)); // each looks ahead, and none twice
        assert_eq!(without_invisible(&many), "ک.");
    }

    #[test]
    fn what_says_something_is_kept() {
        for text in [
            "می\u{200c}خواهم",                     // Persian: I want
            "क\u{94d}\u{200d}ष क\u{94d}\u{200c}ष", // Hindi: two other shapes of the conjunct
            "ශ\u{dca}\u{200d}රී",                   // Sinhala
            "র\u{200d}\u{9cd}য র\u{200c}\u{9cd}য", // Bengali: before the mark that joins
            "അവന\u{d4d}\u{200d} ه\u{200d}", // Malayalam and Arabic: a letter's shape at the end of a word
            "👩\u{200c}👧 #\u{fe0f}\u{20e3} *\u{fe0f}\u{20e3}",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥 👍🏽 1\u{fe0f}\u{20e3} ☎\u{fe0e}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", // the flag of England
            "葛\u{e0100} ∩\u{fe00} 。\u{fe00} \u{1000}\u{fe00}",
            "ᠮᠣᠩᠭᠣᠯ\u{180e}\u{1820}\u{180b}",
            "a\tb\u{a0}c\u{3000}d\u{2028}e\u{85}",
        ] {
            assert!(matches!(without_invisible(text), Cow::Borrowed(_)), "{text:?}");
            assert!(!is_blank(text));
        }
    }

    #[test]
    fn a_selector_counts_once_and_tags_end() {
        assert_eq!(without_invisible("😀\u{fe0f}\u{fe01}\u{e0110}"), "😀\u{fe0f}");
        assert_eq!(without_invisible("🏴\u{e0067}\u{e007f}\u{e0041} a\u{e0041}"), "🏴\u{e0067}\u{e007f} a");
        assert!(is_blank("") && is_blank(" \u{feff}\u{3000}") && !is_blank("\u{200b}-"));
    }
}
