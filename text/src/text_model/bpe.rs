//! Subwords by byte-pair encoding (Sennrich et al. 2016): from characters, the pair that is most frequent in the
//! training text becomes a token, again and again.
//!
//! The ids are: the four special symbols, then the 256 bytes if there is byte fallback, then the characters in the
//! order of their code points, then the merges in the order in which they were found. A text cannot reach a
//! special symbol or a byte by spelling it: `<` is always a [piece](super::pieces) of its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use tokenizers::models::bpe::{BPE, BpeTrainer, Vocab};
use tokenizers::{AddedToken, Model};

use super::pieces::{WORD_START, pieces};
use crate::error::Error;
use crate::settings::TextSettings;
use crate::special::{Special, UNK_ID};
use crate::vocabulary::{Encoded, Vocabulary};

/// The id of the byte 0, where there are bytes.
const FIRST_BYTE: u32 = Special::ALL.len() as u32;

/// Two tokens that become one.
pub(super) type Merge = (String, String);

/// A vocabulary of subwords, and the merges that make them.
#[derive(Clone, Debug)]
pub(super) struct Bpe {
    pub vocabulary: Vocabulary,
    /// In the order in which they are applied.
    pub merges: Vec<Merge>,
    byte_fallback: bool,
    model: BPE,
}

impl Bpe {
    /// Learns from `texts`, which are not yet normalised.
    pub fn learn<'a>(settings: &TextSettings, texts: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for text in texts {
            for piece in pieces(&settings.normalise(text)).filter(|piece| !piece.is_mark()) {
                *counts.entry(piece.marked().into_owned()).or_default() += 1;
            }
        }
        let alphabet = alphabet(&counts, settings.min_count as u64);
        let specials = specials(settings.byte_fallback);
        let least = specials.len() + alphabet.len();
        if alphabet.len() == 1 {
            return Err(Error::Settings(format!(
                "[text] no character occurs {} times (text.min_count); more training text or a lower min_count is \
                 needed",
                settings.min_count.max(1)
            )));
        }
        if settings.vocab_size < least {
            return Err(Error::Settings(too_small(settings, alphabet.len(), least)));
        }
        let words = without_rare(&counts, &alphabet);
        // No more merges than there are places where two characters meet; what is asked for may be any number, and
        // the trainer makes room for all of it.
        let most = least + words.keys().map(|word| word.chars().count() - 1).sum::<usize>();
        let trainer = BpeTrainer::builder()
            .show_progress(false)
            .special_tokens(specials.iter().map(|token| AddedToken::from(token.as_str(), true)).collect())
            .initial_alphabet(alphabet.clone())
            .min_frequency(settings.min_count.max(2) as u64)
            .vocab_size(settings.vocab_size.min(most))
            .build();
        let (tokens, merges) =
            train(&trainer, &words).map_err(|error| Error::Settings(format!("[text] {error}")))?;
        Self::new(tokens, merges, settings.byte_fallback).map_err(Error::Settings)
    }

    /// The model of these tokens and merges, which come from a file.
    ///
    /// # Errors
    /// If they do not fit together; it says why.
    pub fn new(tokens: Vec<String>, merges: Vec<Merge>, byte_fallback: bool) -> Result<Self, String> {
        let vocabulary = Vocabulary::from_words(tokens).map_err(|error| error.to_string())?;
        let specials = specials(byte_fallback);
        if let Some((found, expected)) =
            vocabulary.words().iter().zip(&specials).find(|(found, expected)| found != expected)
        {
            return Err(format!("vocabulary: {found:?} stands where {expected:?} should"));
        }
        let is_text = |token: &str| vocabulary.id(token).is_some_and(|id| id as usize >= specials.len());
        if !is_text(WORD_START) {
            return Err(format!("vocabulary: {WORD_START:?}, which begins a word, is not in it"));
        }
        for (left, right) in &merges {
            if let Some(token) =
                [left, right, &format!("{left}{right}")].into_iter().find(|token| !is_text(token))
            {
                return Err(format!(
                    "merges: {left:?} with {right:?} needs the token {token:?}, which there is not"
                ));
            }
        }
        let tokens: Vocab = vocabulary.iter().map(|(id, token)| (token.to_owned(), id)).collect();
        let model = BPE::builder()
            .vocab_and_merges(tokens, merges.clone())
            .unk_token(Special::Unk.symbol().into())
            .fuse_unk(true)
            .byte_fallback(byte_fallback)
            .build()
            .map_err(|error| format!("merges: {error}"))?;
        Ok(Self { vocabulary, merges, byte_fallback, model })
    }

    /// The tokens of a normalised text. Without byte fallback, characters in a row that are not in the vocabulary are
    /// one `<unk>`.
    pub fn encode(&self, text: &str) -> Encoded {
        let mut ids = Vec::with_capacity(text.len() / 3);
        for piece in pieces(text) {
            if !piece.is_mark() {
                let tokens = self.model.tokenize(&piece.marked()).expect("<unk> is in the vocabulary");
                ids.extend(tokens.iter().map(|token| token.id));
                continue;
            }
            if piece.starts_word {
                ids.extend(self.vocabulary.id(WORD_START));
            }
            match self.byte_fallback {
                true => ids.extend(piece.text.bytes().map(|byte| FIRST_BYTE + u32::from(byte))),
                false => ids.push(UNK_ID),
            }
        }
        let unknown = ids.iter().filter(|&&id| id == UNK_ID).count();
        Encoded { ids, unknown }
    }

    /// The text of these tokens, with single spaces. It has no line break, whatever bytes a model says.
    pub fn decode(&self, ids: &[u32]) -> String {
        let mut text = Vec::new();
        for (id, token) in self.vocabulary.readable(ids) {
            match self.byte(id) {
                Some(byte) => text.push(byte),
                None => text.extend(token.replace(WORD_START, " ").bytes()),
            }
        }
        let text = String::from_utf8_lossy(&text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The byte that the token of this id stands for, if it is one.
    pub fn byte(&self, id: u32) -> Option<u8> {
        id.checked_sub(FIRST_BYTE).filter(|_| self.byte_fallback).and_then(|byte| u8::try_from(byte).ok())
    }
}

/// What stands before the characters in the vocabulary.
fn specials(byte_fallback: bool) -> Vec<String> {
    let bytes = (0..=u8::MAX).filter(|_| byte_fallback).map(|byte| format!("<0x{byte:02X}>"));
    Special::ALL.iter().map(|special| special.symbol().to_owned()).chain(bytes).collect()
}

/// The characters that occur `min_count` times, and the mark of a word's beginning.
fn alphabet(counts: &HashMap<String, u64>, min_count: u64) -> HashSet<char> {
    let mut characters: BTreeMap<char, u64> = BTreeMap::new();
    for (word, count) in counts {
        word.chars().for_each(|c| *characters.entry(c).or_default() += count);
    }
    let frequent = characters.into_iter().filter(|&(_, count)| count >= min_count).map(|(c, _)| c);
    WORD_START.chars().chain(frequent).collect()
}

/// The words cut where a character is not in the alphabet, so that no merge is learned across it.
fn without_rare(counts: &HashMap<String, u64>, alphabet: &HashSet<char>) -> HashMap<String, u64> {
    let mut words: HashMap<String, u64> = HashMap::with_capacity(counts.len());
    for (word, count) in counts {
        for part in word.split(|c| !alphabet.contains(&c)).filter(|part| !part.is_empty()) {
            *words.entry(part.to_owned()).or_default() += count;
        }
    }
    words
}

/// The tokens in the order of their ids, and the merges in that of their ranks.
fn train(
    trainer: &BpeTrainer,
    words: &HashMap<String, u64>,
) -> tokenizers::Result<(Vec<String>, Vec<Merge>)> {
    /// What of the crate's own serialisation is wanted: the merges are not to be had otherwise.
    #[derive(Deserialize)]
    struct Trained {
        vocab: HashMap<String, u32>,
        merges: Vec<Merge>,
    }
    let mut model = BPE::default();
    let words = words.iter().map(|(word, &count)| (word.as_str().into(), count)).collect();
    trainer.do_train(&words, &mut model)?;
    let Trained { vocab, merges } = serde_json::from_value(serde_json::to_value(&model)?)?;
    let mut tokens: Vec<(u32, String)> = vocab.into_iter().map(|(token, id)| (id, token)).collect();
    tokens.sort_unstable();
    Ok((tokens.into_iter().map(|(_, token)| token).collect(), merges))
}

fn too_small(settings: &TextSettings, characters: usize, least: usize) -> String {
    let bytes = if settings.byte_fallback { ", 256 bytes" } else { "" };
    format!(
        "text.vocab_size is {}, but 4 special symbols{bytes} and the {characters} characters of the training text are \
         {least}: that is the least, and some thousands more are useful; or leave rare characters out by a higher \
         text.min_count",
        settings.vocab_size
    )
}
