//! The four symbols that stand among the words of a vocabulary.
//!
//! A special symbol is never a word of a text. A sentence that happens to spell `<eos>` encodes it as an
//! unknown word, so that no input can end a sentence early.

/// The id of `<pad>` where all four stand first, as in every [`TextModel`](crate::text_model::TextModel).
pub const PAD_ID: u32 = 0;
/// The id of `<bos>` there.
pub const BOS_ID: u32 = 1;
/// The id of `<eos>` there.
pub const EOS_ID: u32 = 2;
/// The id of `<unk>` there.
pub const UNK_ID: u32 = 3;

/// A symbol that is no word of any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// `<pad>`: fills a short sequence up to the length of its batch. Never read: lengths say where it
    /// begins.
    Pad,
    /// `<bos>`: begins the decoder's input.
    Bos,
    /// `<eos>`: ends a sentence.
    Eos,
    /// `<unk>`: stands for every word that is not in the vocabulary.
    Unk,
}

impl Special {
    /// All four, in the order in which they take the ids 0, 1, 2, 3 by default.
    pub const ALL: [Special; 4] = [Special::Pad, Special::Bos, Special::Eos, Special::Unk];

    /// How the symbol is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Special::Pad => "<pad>",
            Special::Bos => "<bos>",
            Special::Eos => "<eos>",
            Special::Unk => "<unk>",
        }
    }

    /// The special that is written `word`, if any.
    pub fn of(word: &str) -> Option<Special> {
        Special::ALL.into_iter().find(|special| special.symbol() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_known_by_its_spelling() {
        for special in Special::ALL {
            assert_eq!(Special::of(special.symbol()), Some(special));
        }
        assert_eq!(Special::of("eos"), None);
        assert_eq!(Special::of("<EOS>"), None);
    }
}
