//! The section `[text]` of a recipe.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::invisible::without_invisible;

/// How text becomes tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextSettings {
    /// What a token is. Default: [`TextKind::Bpe`].
    pub kind: TextKind,
    /// Most entries of the vocabulary (of each, where there are two); special symbols, bytes and characters are
    /// among them. Text that gives fewer gives a smaller one. For words and pretokenised text 0 is no limit.
    /// Default: 8000.
    pub vocab_size: usize,
    /// Whether one vocabulary, learned from both sides, serves both. Default: true.
    pub joint: bool,
    /// Whether to lowercase, by Unicode's rules. Words always are; pretokenised text never is. Default: false.
    pub lowercase: bool,
    /// Which of the ways to write a character in Unicode is made the only one. Not of pretokenised text.
    /// Default: [`Normalisation::Nfc`].
    pub normalisation: Normalisation,
    /// Whether characters that show nowhere and say nothing are left out, as [`invisible`](crate::invisible) has them:
    /// zero-width spaces, soft hyphens, byte order marks. Default: true.
    pub drop_invisible: bool,
    /// Whether a character that is not in the vocabulary is spelled in the bytes of its UTF-8, so that nothing is
    /// unknown; 256 entries are theirs. For subwords only. Default: true.
    pub byte_fallback: bool,
    /// What is seen less often in training is not in the vocabulary: words, and for subwords characters and merges.
    /// A merge seen once would be no gain, so 1 means 2 for merges. Default: 1.
    pub min_count: usize,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            kind: TextKind::Bpe,
            vocab_size: 8000,
            joint: true,
            lowercase: false,
            normalisation: Normalisation::Nfc,
            drop_invisible: true,
            byte_fallback: true,
            min_count: 1,
        }
    }
}

impl TextSettings {
    /// `text` in the form that is cut into tokens: without what shows nowhere, lowercased, and its characters in one
    /// way of writing. White space is left to the cutting.
    pub fn normalise<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = if self.drop_invisible { without_invisible(text) } else { text.into() };
        if self.kind == TextKind::Pretokenised {
            return text;
        }
        let text: Cow<str> = match self.normalisation {
            Normalisation::Nfc => text.nfc().collect::<String>().into(),
            Normalisation::Nfkc => text.nfkc().collect::<String>().into(),
            Normalisation::None => text,
        };
        if self.lowercase { text.to_lowercase().into() } else { text }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextKind {
    /// Subwords by byte-pair encoding (Sennrich et al. 2016), learned from the training text.
    Bpe,
    /// Words, lowercased, punctuation apart, as [`split_words`](crate::words::split_words) has them.
    Words,
    /// Whatever stands between white space: text that another program has split. `@@ ` is joined at the end.
    Pretokenised,
}

/// The Unicode normalisation forms (Unicode Standard Annex 15) worth having.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// Composed: e and a combining accent become é. It changes no look.
    Nfc,
    /// Composed, and of compatible characters one: ﬁ becomes fi, ² becomes 2, full-width letters become plain.
    Nfkc,
    /// As it is.
    None,
}
