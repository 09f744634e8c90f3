//! One vocabulary, and how text becomes its tokens: subwords or words.

use serde::{Deserialize, Serialize};

use super::bpe::{Bpe, Merge};
use super::word_level::WordLevel;
use crate::error::Error;
use crate::settings::{TextKind, TextSettings};
use crate::special::Special;
use crate::vocabulary::{Encoded, Vocabulary};
use crate::words::WordRule;

/// One vocabulary, and how text becomes its tokens.
#[derive(Clone, Debug)]
pub(super) enum Codec {
    Bpe(Box<Bpe>),
    Words(WordLevel),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredCodec {
    pub tokens: Vec<String>,
    pub merges: Vec<Merge>,
    /// How text is split into words, where it is; version 0.1 knew one way and did not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_rule: Option<WordRule>,
}

impl Codec {
    pub fn learn<'a>(settings: &TextSettings, texts: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        match settings.kind {
            TextKind::Bpe => Bpe::learn(settings, texts).map(|bpe| Codec::Bpe(bpe.into())),
            TextKind::Words | TextKind::Pretokenised => WordLevel::learn(settings, texts).map(Codec::Words),
        }
    }

    pub fn vocabulary(&self) -> &Vocabulary {
        match self {
            Codec::Bpe(bpe) => &bpe.vocabulary,
            Codec::Words(words) => &words.vocabulary,
        }
    }

    pub fn encode(&self, text: &str) -> Encoded {
        match self {
            Codec::Bpe(bpe) => bpe.encode(text),
            Codec::Words(words) => words.encode(text),
        }
    }

    pub fn decode(&self, ids: &[u32]) -> String {
        match self {
            Codec::Bpe(bpe) => bpe.decode(ids),
            Codec::Words(words) => words.decode(ids),
        }
    }

    /// A normalised text as if it had been encoded and decoded, nothing of it being unknown.
    pub fn as_decoded(&self, text: &str) -> String {
        match self {
            Codec::Bpe(_) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Codec::Words(words) => words.as_decoded(text),
        }
    }

    /// Whether the token of this id stands for a byte.
    pub fn is_byte(&self, id: u32) -> bool {
        matches!(self, Codec::Bpe(bpe) if bpe.byte(id).is_some())
    }

    pub fn to_stored(&self) -> StoredCodec {
        let (merges, word_rule) = match self {
            Codec::Bpe(bpe) => (bpe.merges.clone(), None),
            Codec::Words(words) => (Vec::new(), words.rule),
        };
        StoredCodec { tokens: self.vocabulary().words().to_vec(), merges, word_rule }
    }

    pub fn from_stored(settings: &TextSettings, stored: StoredCodec) -> Result<Self, String> {
        let StoredCodec { tokens, merges, word_rule } = stored;
        if !Special::ALL.iter().map(|special| special.symbol()).eq(tokens.iter().take(4)) {
            return Err("the vocabulary does not begin with <pad>, <bos>, <eos>, <unk>".into());
        }
        if word_rule.is_some() && settings.kind != TextKind::Words {
            return Err("there is a `word_rule`, but the text is not split into words".into());
        }
        if settings.kind == TextKind::Bpe {
            return Bpe::new(tokens, merges, settings.byte_fallback).map(|bpe| Codec::Bpe(bpe.into()));
        }
        if !merges.is_empty() {
            return Err("whole words have no merges, but some are given".into());
        }
        let vocabulary = Vocabulary::from_words(tokens).map_err(|error| error.to_string())?;
        let rule = (settings.kind == TextKind::Words).then(|| word_rule.unwrap_or(WordRule::Latin));
        Ok(Codec::Words(WordLevel { vocabulary, rule }))
    }
}
