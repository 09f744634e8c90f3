//! Text into the words that BLEU counts: the tokenisations of sacrebleu that need no model, or none.
//!
//! `13a` is what NIST's scoring script mteval-v13a.pl did for WMT, as sacrebleu carries it on (Post 2018). Its rules
//! are made for the punctuation of ASCII:
//!
//! 1. `<skipped>` and a hyphen at the end of a line go, the lines are joined by a space, and `&quot;` `&amp;` `&lt;`
//!    `&gt;` become the characters that they stand for, in this order (so `&amp;lt;` becomes `<`).
//! 2. Space around each ASCII symbol but `'` `,` `-` `.`: those four may be part of a word or a number.
//! 3. Space around `.` and `,` where no digit stands before, then where no digit follows: `3.14` and `1,000` stay whole.
//! 4. Space around `-` after a digit: `1990-2000` is three words, `well-known` is one.
//!
//! All else is left alone: `«`, `…`, `’` and `。` stick to their words, a digit is one of `0` to `9`, and a rule sees each
//! character once, from the left, so that of the two points in `a..` rule 3 first finds the one after `a` only. What
//! looks like an oversight is kept: a figure is comparable because all make the same ones.
//!
//! `zh` puts space around each character of Chinese and applies rules 2 to 4. `intl` (mteval-v14) goes by Unicode's classes:
//! punctuation is split off where no number stands before, then where none follows, and each symbol stands alone.

use std::sync::LazyLock;

use regex::Regex;

/// How BLEU finds the words of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokenizer {
    /// Words are what stands between white space: for text that is tokenised already.
    None,
    /// The rules of mteval-v13a, for text as people write it; the default, as in sacrebleu.
    #[default]
    V13a,
    /// The rules of mteval-v14, by Unicode's classes.
    Intl,
    /// Each character but white space is a word.
    Char,
    /// Each character of Chinese is a word, the rest goes by rules of `13a`.
    Zh,
}

impl Tokenizer {
    /// All of them.
    pub const ALL: [Tokenizer; 5] =
        [Tokenizer::V13a, Tokenizer::Intl, Tokenizer::Char, Tokenizer::Zh, Tokenizer::None];

    /// Its name in a signature.
    pub fn name(self) -> &'static str {
        match self {
            Tokenizer::None => "none",
            Tokenizer::V13a => "13a",
            Tokenizer::Intl => "intl",
            Tokenizer::Char => "char",
            Tokenizer::Zh => "zh",
        }
    }

    /// The words of a sentence, as BLEU sees them.
    pub fn words(self, sentence: &str) -> Vec<String> {
        // Without the trimming, a hyphen in front of a last newline would be taken for a divided word.
        let sentence = sentence.trim_end_matches(is_space);
        let spaced = match self {
            Tokenizer::None => sentence.to_owned(),
            Tokenizer::V13a => v13a(sentence),
            Tokenizer::Intl => intl(sentence),
            Tokenizer::Char => return letters(sentence),
            Tokenizer::Zh => western(&around(sentence.trim_start_matches(is_space), is_chinese)),
        };
        split(&spaced).map(String::from).collect()
    }
}

/// Each character as a word.
fn letters(sentence: &str) -> Vec<String> {
    sentence.chars().filter(|&c| !is_space(c)).map(String::from).collect()
}

/// The rules of mteval-v14.
fn intl(sentence: &str) -> String {
    static RULES: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
        let rule = |pattern, with| (Regex::new(pattern).expect("the pattern is valid"), with);
        [
            rule(r"(\P{N})(\p{P})", "$1 $2 "), // punctuation behind what is no number
            rule(r"(\p{P})(\P{N})", " $1 $2"), // and before it
            rule(r"(\p{S})", " $1 "),          // symbols
        ]
    });
    let apply =
        |line: String, (pattern, with): &(Regex, &str)| pattern.replace_all(&line, *with).into_owned();
    RULES.iter().fold(sentence.to_owned(), apply)
}

/// The line with space around each character that `stands_alone`.
pub(super) fn around(line: &str, stands_alone: impl Fn(char) -> bool) -> String {
    let mut spaced = String::with_capacity(2 * line.len());
    for c in line.chars() {
        match stands_alone(c) {
            true => spaced.extend([' ', c, ' ']),
            false => spaced.push(c),
        }
    }
    spaced
}

/// What `zh` holds for Chinese. The third range was meant for two planes beyond the basic one, and names U+2001 to U+2A6D
/// for them, U+2F81 to U+2FA1 for the other: dashes, quotes and arrows are among them, rare characters are not.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4db5}' | '\u{4e00}'..='\u{9fbb}'
        | '\u{2001}'..='\u{2a6d}' | '\u{2f81}'..='\u{2fa1}'
        | '\u{f900}'..='\u{fa2d}' | '\u{fa30}'..='\u{fa6a}' | '\u{fa70}'..='\u{fad9}'
        | '\u{ff00}'..='\u{ffef}' | '\u{2e80}'..='\u{2eff}' | '\u{2f00}'..='\u{2fdf}'
        | '\u{2ff0}'..='\u{303f}' | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}'
        | '\u{31c0}'..='\u{31ef}' | '\u{3200}'..='\u{33ff}'
        | '\u{fe10}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe4f}')
}

/// Python's idea of white space, which sacrebleu splits at: Unicode's, and the four separators U+001C to U+001F.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// What stands between white space.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// The sentence with the rules of the module's head applied; of the spaces, how many there are means nothing.
fn v13a(sentence: &str) -> String {
    let line = sentence.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    let line = line.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");

    western(&format!(" {line} "))
}

/// Rules 2 to 4, which `zh` and TER share. A rule of pairs does not see the first character of a line that is not padded.
pub(super) fn western(line: &str) -> String {
    points(&around(line, is_symbol))
}

/// What rule 2 puts space around.
pub(super) fn is_symbol(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '\'' | ',' | '-' | '.')
}

/// Rules 3 and 4.
pub(super) fn points(line: &str) -> String {
    let point = |c| matches!(c, '.' | ',');
    let line = space_pairs(line, |a, b| !a.is_ascii_digit() && point(b), ["", " ", " "]);
    let line = space_pairs(&line, |a, b| point(a) && !b.is_ascii_digit(), [" ", " ", ""]);
    space_pairs(&line, |a, b| a.is_ascii_digit() && b == '-', ["", " ", " "])
}

/// Puts the three pieces before, between and after each pair of neighbours that `is_pair` names. Pairs are sought
/// from the left and do not overlap.
fn space_pairs(
    line: &str,
    is_pair: impl Fn(char, char) -> bool,
    [before, between, after]: [&str; 3],
) -> String {
    let mut out = String::with_capacity(2 * line.len());
    let mut chars = line.chars().peekable();
    while let Some(first) = chars.next() {
        match chars.next_if(|&second| is_pair(first, second)) {
            Some(second) => {
                out.push_str(before);
                out.push(first);
                out.push_str(between);
                out.push(second);
                out.push_str(after);
            }
            None => out.push(first),
        }
    }
    out
}
