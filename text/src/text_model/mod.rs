//! From text to ids and back.
//!
//! A [`TextModel`] is learned from the training text alone (a vocabulary that saw the test set is a leak), and stands
//! in the model file as JSON, so that file is enough to translate. The same text gives the same JSON, byte for byte.
//! [`TextSettings`] says what there is to choose; `pieces.rs`, where subwords may not reach across.

mod bpe;
mod codec;
mod pieces;
#[cfg(test)]
mod tests;
mod word_level;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use self::codec::{Codec, StoredCodec};
use crate::error::Error;
use crate::settings::{TextKind, TextSettings};
use crate::statistics::{TextStatistics, percent, share};
use crate::vocabulary::Encoded;

/// How the text of both languages becomes ids, and ids become text.
///
/// ```
/// use text::{TextModel, TextSettings};
/// let pairs = [("Je suis étudiant.", "I am a student."), ("Merci !", "Thanks!")];
/// let text = TextModel::learn(&TextSettings { vocab_size: 300, ..Default::default() }, pairs.into_iter())?;
/// let encoded = text.encode_tgt(" I  am a 学生.");
/// assert_eq!(text.decode(&encoded.ids), "I am a 学生.");
/// assert_eq!(encoded.unknown, 0, "what training did not see is spelled in bytes");
/// # Ok::<(), text::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextModel {
    settings: TextSettings,
    src: Codec,
    /// None where the vocabulary is joint.
    tgt: Option<Codec>,
    statistics: TextStatistics,
}

impl TextModel {
    /// Learns the vocabulary or vocabularies from the training text, of which `pairs` are source and target.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no text, `vocab_size` leaves no room for its characters, or the settings
    /// contradict each other.
    pub fn learn<'a>(
        settings: &TextSettings,
        pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<Self, Error> {
        if settings.kind == TextKind::Pretokenised && settings.lowercase {
            let problem = "text.lowercase = true does not go with text.kind = \"pretokenised\", which takes text as \
                           it is; lowercase the files";
            return Err(Error::Settings(problem.into()));
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

    /// Whether one vocabulary serves both sides.
    pub fn is_joint(&self) -> bool {
        self.tgt.is_none()
    }

    /// Tokens of the source's vocabulary, special symbols included.
    pub fn src_vocab_size(&self) -> usize {
        self.src.vocabulary().len()
    }

    /// Tokens of the target's vocabulary, special symbols included.
    pub fn tgt_vocab_size(&self) -> usize {
        self.tgt().vocabulary().len()
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
        self.tgt().decode(ids)
    }

    /// A line of target text in the form that [`TextModel::decode`] gives: what a translation is compared with.
    pub fn as_decoded(&self, line: &str) -> String {
        let text = self.settings.normalise(line);
        self.tgt().as_decoded(&text)
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
        let (src, tgt) = (self.src_vocab_size(), self.tgt_vocab_size());
        match self.is_joint() {
            true => format!("{kind}, {src} tokens for both languages"),
            false => format!("{kind}, {src} source and {tgt} target tokens"),
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
            bytes += encoded.ids.iter().filter(|&&id| self.src.is_byte(id)).count();
        }
        let (count, what) = if bytes > unknown { (bytes, "spelled in bytes") } else { (unknown, "<unk>") };
        let share = share(count as u64, tokens as f64);
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
    #[serde(deserialize_with = "settings_of_file")]
    settings: TextSettings,
    src: StoredCodec,
    tgt: Option<StoredCodec>,
    statistics: TextStatistics,
}

/// Settings as a file has them. What a recipe does not name has its default; a file of version 0.1 does not name what
/// there was not yet, and its text was learned without that.
fn settings_of_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TextSettings, D::Error> {
    let mut settings = Map::deserialize(deserializer)?;
    settings.entry("drop_invisible").or_insert(Value::Bool(false));
    serde_json::from_value(Value::Object(settings)).map_err(de::Error::custom)
}
