//! Where a subword may not reach across: the cuts made before merges are learned or applied.
//!
//! White space separates words, and `▁` marks where one begins (Kudo and Richardson 2018), so that pieces put together
//! give the text again. Inside a word the cuts serve small corpora: `étudiant.` and `étudiant` must share what they
//! have in common.
//!
//! 1. Letters, with the accents that combine with them, stay together.
//! 2. An apostrophe between letters stays with them: that `l'` and `'s` are units is left for the merges to find.
//! 3. A digit stands alone: ten tokens spell every number, and alike.
//! 4. Any other character stands alone, or with its like: `...`, `--`.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

/// Marks the beginning of a word. A text that spells it is spelled in bytes.
pub(super) const WORD_START: &str = "▁";

/// The longest piece, in bytes, give or take a character: learning takes quadratic time in it.
const LONGEST: usize = 200;

/// A part of a word that no subword reaches out of.
#[derive(Debug, PartialEq)]
pub(super) struct Piece<'a> {
    /// Whether a word begins here.
    pub starts_word: bool,
    /// At least one character, and no white space.
    pub text: &'a str,
}

impl<'a> Piece<'a> {
    /// Whether the text spells the mark itself, which merges must not see.
    pub fn is_mark(&self) -> bool {
        self.text.starts_with(WORD_START)
    }

    /// The piece as merges see it, with the mark where a word begins.
    pub fn marked(&self) -> Cow<'a, str> {
        if self.starts_word { format!("{WORD_START}{}", self.text).into() } else { self.text.into() }
    }
}

/// The pieces of `text`, in order.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split_whitespace().flat_map(cut)
}

/// What decides whether neighbours stay together.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Letter,
    Digit,
    Other(char),
}

impl Class {
    fn of(c: char) -> Class {
        let joins_letters = matches!(c, '\u{200c}' | '\u{200d}'); // as Persian and Hindi have them inside words
        match c {
            c if c.is_alphabetic() || is_combining_mark(c) || joins_letters => Class::Letter,
            c if c.is_numeric() => Class::Digit,
            c => Class::Other(c),
        }
    }
}

/// The pieces of one word.
fn cut(word: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = None;
    let mut characters = word.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let between_letters = before == Some(Class::Letter)
            && characters.peek().is_some_and(|&(_, next)| Class::of(next) == Class::Letter);
        let class = if between_letters && matches!(c, '\'' | '’') { Class::Letter } else { Class::of(c) };
        let stays = before == Some(class) && class != Class::Digit && at - start < LONGEST;
        if at > 0 && !stays {
            pieces.push(Piece { starts_word: start == 0, text: &word[start..at] });
            start = at;
        }
        before = Some(class);
    }
    pieces.push(Piece { starts_word: start == 0, text: &word[start..] });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found: Vec<_> = pieces(text).map(|piece| piece.marked().into_owned()).collect();
        assert_eq!(found.join(" "), expected, "{text:?}");
    }

    #[test]
    fn punctuation_is_cut_off_and_words_stay_whole() {
        check("Je suis étudiant.", "▁Je ▁suis ▁étudiant .");
        check("«Vraiment ?!»", "▁« Vraiment ▁? ! »");
        check("laissez-moi... (non)", "▁laissez - moi ... ▁( non )");
        check("e\u{301}te\u{301}", "▁e\u{301}te\u{301}");
        check("он говорит: 日本、東京", "▁он ▁говорит : ▁日本 、 東京");
    }

    #[test]
    fn apostrophes_between_letters_stay() {
        check("l'ami aujourd’hui don't", "▁l'ami ▁aujourd’hui ▁don't");
        check("'quoted' boys' '", "▁' quoted ' ▁boys ' ▁'");
        check("5'x x'5", "▁5 ' x ▁x ' 5");
    }

    #[test]
    fn digits_stand_alone() {
        check("in 1984, a4 3²", "▁in ▁1 9 8 4 , ▁a 4 ▁3 ²");
    }

    #[test]
    fn symbols_that_mean_something_inside_are_cut() {
        check("<eos> <0x41> </s>", "▁< eos > ▁< 0 x 4 1 > ▁< / s >");
    }

    #[test]
    fn the_mark_itself_is_told_apart() {
        let found: Vec<_> =
            pieces("a▁▁b ▁").map(|piece| (piece.starts_word, piece.text, piece.is_mark())).collect();
        assert_eq!(found, [(true, "a", false), (false, "▁▁", true), (false, "b", false), (true, "▁", true)]);
    }

    #[test]
    fn white_space_of_all_kinds_only_separates() {
        check(" \t a\u{a0}b\u{3000}c\u{2028}\n", "▁a ▁b ▁c");
        check(" \n", "");
    }

    #[test]
    fn no_piece_is_long_and_none_is_lost() {
        for text in ["é".repeat(1000), "-".repeat(1000), "漢".repeat(500)] {
            assert!(pieces(&text).all(|piece| piece.text.len() <= LONGEST + 3));
            assert_eq!(pieces(&text).map(|piece| piece.text).collect::<String>(), text);
        }
    }
}
