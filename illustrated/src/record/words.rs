//! How ids are called.

use std::borrow::Borrow;

use text::{TextKind, TextModel};

use crate::recording::Token;

/// Vocabularies of more words than this are not recorded whole: of their tables only the rows that a sentence uses, of
/// the words said only the likeliest.
pub const MAX_WORDS: usize = 64;

/// The words of both languages by their ids, and how those of the target make a text.
pub struct Words<'a> {
    /// Of the source.
    pub src: Vec<String>,
    /// Of the target.
    pub tgt: Vec<String>,
    /// Whether they are pieces of words.
    pub pieces: bool,
    decode: Box<Decode<'a>>,
}

/// From the ids of a target to its text.
type Decode<'a> = dyn Fn(&[u32]) -> String + Send + Sync + 'a;

impl<'a> Words<'a> {
    /// Whole words, which a text has spaces between; `<eos>` is not read out.
    pub fn whole(src: &[String], tgt: &[String]) -> Words<'a> {
        let words = tgt.to_vec();
        let decode = move |ids: &[u32]| {
            let said = ids.iter().map(|&id| words[id as usize].as_str()).filter(|word| *word != "<eos>");
            said.collect::<Vec<&str>>().join(" ")
        };
        Words { src: src.to_vec(), tgt: tgt.to_vec(), pieces: false, decode: Box::new(decode) }
    }

    /// The tokens of a text model, borrowed or shared.
    pub fn of(text: impl Borrow<TextModel> + Send + Sync + 'a) -> Words<'a> {
        let model: &TextModel = text.borrow();
        let all = |size: usize, token: &dyn Fn(u32) -> Option<String>| {
            (0..size as u32).map(|id| token(id).unwrap_or_default()).collect()
        };
        let src = all(model.src_vocab_size(), &|id| model.src_token(id).map(str::to_owned));
        let tgt = all(model.tgt_vocab_size(), &|id| model.tgt_token(id).map(str::to_owned));
        let pieces = model.settings().kind == TextKind::Bpe;
        Words { src, tgt, pieces, decode: Box::new(move |ids| text.borrow().decode(ids)) }
    }

    /// The text of target ids.
    pub fn decode(&self, ids: &[u32]) -> String {
        (self.decode)(ids)
    }
}

/// The token of that id.
pub(super) fn token(id: u32, words: &[String]) -> Token {
    Token { id: Some(id), text: words.get(id as usize).cloned().unwrap_or_default() }
}

/// The tokens of these ids, with spaces between.
pub(super) fn spelled(ids: &[u32], words: &[String]) -> String {
    ids.iter().map(|&id| token(id, words).text).collect::<Vec<String>>().join(" ")
}
