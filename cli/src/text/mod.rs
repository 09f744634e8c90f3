//! From text to ids and back.
//!
//! A [`TextModel`] is learned from the training text alone (a vocabulary that saw the test set is a leak), and stands
//! in the model file as JSON, so that file is enough to translate. The same text gives the same JSON, byte for byte.
//! [`TextSettings`] says what there is to choose; `pieces.rs`, where subwords may not reach across.

mod bpe;
mod pieces;
mod scripts;
mod settings;
mod statistics;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};
use transformer::special::Special;
use transformer::{VocabSizes, Vocabulary};

use self::bpe::{Bpe, Merge};
pub use self::scripts::Script;
pub use self::settings::{Normalisation, TextKind, TextSettings};
pub use self::statistics::TextStatistics;
use self::statistics::{percent, share};
use self::words::Words;
use crate::error::Error;
pub use transformer::vocabulary::Encoded;

/// The id of `<pad>`, in every vocabulary.
pub const PAD_ID: u32 = 0;
/// The id of `<bos>`, in every vocabulary.
pub const BOS_ID: u32 = 1;
/// The id of `<eos>`, in every vocabulary.
pub const EOS_ID: u32 = 2;
/// The id of `<unk>`, in every vocabulary.
pub const UNK_ID: u32 = 3;

/// How the text of both languages becomes ids, and ids become text.
///
/// ```
/// use cli::text::{TextModel, TextSettings};
/// let pairs = [("Je suis étudiant.", "I am a student."), ("Merci !", "Thanks!")];
/// let text = TextModel::learn(&TextSettings { vocab_size: 300, ..Default::default() }, pairs.into_iter())?;
/// let encoded = text.encode_tgt(" I  am a 学生.");
/// assert_eq!(text.decode(&encoded.ids), "I am a 学生.");
/// assert_eq!(encoded.unknown, 0, "what training did not see is spelled in bytes");
/// # Ok::<(), cli::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextModel {
    settings: TextSettings,
    src: Codec,
    /// None where the vocabulary is joint.
    tgt: Option<Codec>,
    statistics: TextStatistics,
}

/// One vocabulary, and how text becomes its tokens.
#[derive(Clone, Debug)]
enum Codec {
    Bpe(Box<Bpe>),
    Words(Words),
}

impl TextModel {
    /// Learns the vocabulary or vocabularies from the training text, of which `pairs` are source and target.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no text, `vocab_size` leaves no room for its characters, or the settings
    /// contradict each other.
    pub fn learn<'a>(
        settings: &TextSettings,
        pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<Self, Error> {
        if settings.kind == TextKind::Pretokenised && settings.lowercase {
            let problem = "text.lowercase = true does not go with text.kind = \"pretokenised\", which takes text as \
                           it is; lowercase the files";
            return Err(Error::Input(problem.into()));
        }
        let (src, tgt) = (pairs.clone().map(|pair| pair.0), pairs.clone().map(|pair| pair.1));
        let statistics = TextStatistics::of(src.clone());
        let settings = settings.clone();
        let (src, tgt) = if settings.joint {
            (Codec::learn(&settings, pairs.flat_map(|(src, tgt)| [src, tgt]))?, None)
        } else {
            (Codec::learn(&settings, src)?, Some(Codec::learn(&settings, tgt)?))
        };
        Ok(Self { settings, src, tgt, statistics })
    }

    /// What it was learned by.
    pub fn settings(&self) -> &TextSettings {
        &self.settings
    }

    /// The letters of the training source.
    pub fn statistics(&self) -> &TextStatistics {
        &self.statistics
    }

    /// The sizes of the vocabularies, special symbols included.
    pub fn vocab_sizes(&self) -> VocabSizes {
        let src = self.src.vocabulary().len();
        match &self.tgt {
            None => VocabSizes::Shared(src),
            Some(tgt) => VocabSizes::Separate { src, tgt: tgt.vocabulary().len() },
        }
    }

    /// The source's ids, without `<eos>`. Any text will do: no spelling of it can be a special symbol.
    pub fn encode_src(&self, text: &str) -> Encoded {
        self.src.encode(&self.settings.normalise(text))
    }

    /// The target's ids, without `<eos>`.
    pub fn encode_tgt(&self, text: &str) -> Encoded {
        self.tgt().encode(&self.settings.normalise(text))
    }

    /// The readable text of target ids up to the first `<eos>`: one line, words parted by single spaces, subwords
    /// joined, bytes that are no UTF-8 as U+FFFD. Of the special symbols only `<unk>` is shown; it also stands for
    /// ids that belong to no token.
    pub fn decode(&self, ids: &[u32]) -> String {
        match self.tgt() {
            Codec::Bpe(bpe) => bpe.decode(ids),
            Codec::Words(words) => words.decode(ids),
        }
    }

    /// A line of target text in the form that [`TextModel::decode`] gives: what a translation is compared with.
    pub fn as_decoded(&self, line: &str) -> String {
        let text = self.settings.normalise(line);
        match self.tgt() {
            Codec::Bpe(_) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Codec::Words(words) => words.as_decoded(&text),
        }
    }

    /// A source token as the vocabulary has it: `▁étudi`, `<0xC3>`, `<unk>`.
    pub fn src_token(&self, id: u32) -> Option<&str> {
        self.src.vocabulary().word(id)
    }

    /// A target token as the vocabulary has it.
    pub fn tgt_token(&self, id: u32) -> Option<&str> {
        self.tgt().vocabulary().word(id)
    }

    /// One line for people: `bpe, 8000 tokens for both languages`.
    pub fn summary(&self) -> String {
        let kind = format!("{:?}", self.settings.kind).to_lowercase();
        match self.vocab_sizes() {
            VocabSizes::Shared(size) => format!("{kind}, {size} tokens for both languages"),
            VocabSizes::Separate { src, tgt } => format!("{kind}, {src} source and {tgt} target tokens"),
        }
    }

    /// A checksum of the tokens of both sides and their order, eight hexadecimal digits: models whose vocabularies
    /// differ are not to be averaged.
    pub fn vocabulary_hash(&self) -> String {
        let codecs = std::iter::once(&self.src).chain(&self.tgt);
        let lists: Vec<String> = codecs.map(|codec| codec.vocabulary().words().join("\n")).collect();
        format!("{:08x}", crc32c::crc32c(lists.join("\n\n").as_bytes()))
    }

    /// What to tell someone who is about to translate `lines`: if their case or script is not that of the training
    /// source, or more than 5 % of their tokens are unknown or spelled in bytes.
    pub fn warnings(&self, lines: &[&str]) -> Vec<String> {
        let input = TextStatistics::of(lines.iter().copied());
        let case_is_lost = self.settings.lowercase || self.settings.kind == TextKind::Words;
        let case = if case_is_lost { None } else { self.statistics.case_warning(&input) };
        let script = self.statistics.script_warning(&input);
        case.into_iter().chain(script).chain(self.unknown_warning(lines)).collect()
    }

    fn unknown_warning(&self, lines: &[&str]) -> Option<String> {
        let (mut tokens, mut unknown, mut bytes) = (0, 0, 0);
        for encoded in lines.iter().map(|line| self.encode_src(line)) {
            tokens += encoded.ids.len();
            unknown += encoded.unknown;
            if let Codec::Bpe(bpe) = &self.src {
                bytes += encoded.ids.iter().filter(|&&id| bpe.byte(id).is_some()).count();
            }
        }
        let (count, what) = if bytes > unknown { (bytes, "spelled in bytes") } else { (unknown, "<unk>") };
        let share = share(count as u64, tokens as u64);
        (share > 0.05).then(|| {
            format!(
                "{} of the input's tokens are {what}, which the training text did not have or rarely: expect poor \
                 translations",
                percent(share)
            )
        })
    }

    /// All of it as JSON, for the model file. [`TextModel::from_json`] gives it back.
    #[allow(clippy::missing_panics_doc)] // strings and numbers are always JSON
    pub fn to_json(&self) -> String {
        let stored = Stored {
            settings: self.settings.clone(),
            src: self.src.to_stored(),
            tgt: self.tgt.as_ref().map(Codec::to_stored),
            statistics: self.statistics.clone(),
        };
        serde_json::to_string(&stored).expect("strings and numbers are always JSON")
    }

    /// The model that [`TextModel::to_json`] wrote.
    ///
    /// # Errors
    /// A sentence that says what is wrong, if it is not that, or its parts do not fit together.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let Stored { settings, src, tgt, statistics } = serde_json::from_str(json)
            .map_err(|error| format!("the text model is not as it should be: {error}"))?;
        if settings.joint == tgt.is_some() {
            return Err("the text model has two vocabularies where `joint` says one, or the reverse".into());
        }
        let codec = |side: &str, stored| {
            Codec::from_stored(&settings, stored)
                .map_err(|problem| format!("the text model of the {side}: {problem}"))
        };
        let (src, tgt) = (codec("source", src)?, tgt.map(|tgt| codec("target", tgt)).transpose()?);
        Ok(Self { settings, src, tgt, statistics })
    }

    fn tgt(&self) -> &Codec {
        self.tgt.as_ref().unwrap_or(&self.src)
    }
}

/// What [`TextModel::to_json`] writes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    settings: TextSettings,
    src: StoredCodec,
    tgt: Option<StoredCodec>,
    statistics: TextStatistics,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCodec {
    tokens: Vec<String>,
    merges: Vec<Merge>,
}

impl Codec {
    fn learn<'a>(settings: &TextSettings, texts: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        match settings.kind {
            TextKind::Bpe => Bpe::learn(settings, texts).map(|bpe| Codec::Bpe(bpe.into())),
            TextKind::Words | TextKind::Pretokenised => Words::learn(settings, texts).map(Codec::Words),
        }
    }

    fn vocabulary(&self) -> &Vocabulary {
        match self {
            Codec::Bpe(bpe) => &bpe.vocabulary,
            Codec::Words(words) => &words.vocabulary,
        }
    }

    fn encode(&self, text: &str) -> Encoded {
        match self {
            Codec::Bpe(bpe) => bpe.encode(text),
            Codec::Words(words) => words.encode(text),
        }
    }

    fn to_stored(&self) -> StoredCodec {
        let merges = if let Codec::Bpe(bpe) = self { bpe.merges.clone() } else { Vec::new() };
        StoredCodec { tokens: self.vocabulary().words().to_vec(), merges }
    }

    fn from_stored(settings: &TextSettings, stored: StoredCodec) -> Result<Self, String> {
        let StoredCodec { tokens, merges } = stored;
        if !Special::ALL.iter().map(|special| special.symbol()).eq(tokens.iter().take(4)) {
            return Err("the vocabulary does not begin with <pad>, <bos>, <eos>, <unk>".into());
        }
        if settings.kind == TextKind::Bpe {
            return Bpe::new(tokens, merges, settings.byte_fallback).map(|bpe| Codec::Bpe(bpe.into()));
        }
        if !merges.is_empty() {
            return Err("whole words have no merges, but some are given".into());
        }
        let vocabulary = Vocabulary::from_words(tokens).map_err(|error| error.to_string())?;
        Ok(Codec::Words(Words { vocabulary, pretokenised: settings.kind == TextKind::Pretokenised }))
    }
}

/// The tokens of `ids` up to the first `<eos>`, without `<pad>` and `<bos>`.
fn readable<'a>(vocabulary: &'a Vocabulary, ids: &'a [u32]) -> impl Iterator<Item = (u32, &'a str)> {
    ids.iter()
        .take_while(|&&id| id != EOS_ID)
        .filter(|&&id| id != PAD_ID && id != BOS_ID)
        .map(|&id| (id, vocabulary.word(id).unwrap_or(Special::Unk.symbol())))
}
