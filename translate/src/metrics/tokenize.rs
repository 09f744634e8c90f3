//! Text into the words that BLEU counts: the tokenisation `13a`, or none.
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

/// How BLEU finds the words of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokenizer {
    /// Words are what stands between white space: for text that is tokenised already.
    None,
    /// The rules of mteval-v13a, for text as people write it; the default, as in sacrebleu.
    #[default]
    V13a,
}

impl Tokenizer {
    /// Its name in a signature.
    pub fn name(self) -> &'static str {
        match self {
            Tokenizer::None => "none",
            Tokenizer::V13a => "13a",
        }
    }

    /// The words of a sentence, as BLEU sees them.
    pub fn words(self, sentence: &str) -> Vec<String> {
        match self {
            Tokenizer::None => split(sentence).map(String::from).collect(),
            // Without the trimming, a hyphen in front of a last newline would be taken for a divided word.
            Tokenizer::V13a => split(&v13a(sentence.trim_end_matches(is_space))).map(String::from).collect(),
        }
    }
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

    let mut spaced = String::from(" ");
    for c in line.chars() {
        match c {
            '\'' | ',' | '-' | '.' => spaced.push(c),
            _ if c.is_ascii_punctuation() => spaced.extend([' ', c, ' ']),
            _ => spaced.push(c),
        }
    }
    spaced.push(' ');

    let point = |c| matches!(c, '.' | ',');
    let line = space_pairs(&spaced, |a, b| !a.is_ascii_digit() && point(b), ["", " ", " "]);
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
