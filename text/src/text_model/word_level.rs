//! Words as tokens: those that a `WordRule` finds, or those of a text that was split before.

use crate::error::Error;
use crate::settings::{TextKind, TextSettings};
use crate::vocabulary::{Encoded, Vocabulary, VocabularyLimits};
use crate::words::WordRule;

/// A vocabulary of whole words, and how text is split into them.
#[derive(Clone, Debug)]
pub(super) struct WordLevel {
    pub vocabulary: Vocabulary,
    /// None: the text is split already.
    pub rule: Option<WordRule>,
}

impl WordLevel {
    /// The most frequent words of `texts`, which are normalised.
    pub fn learn<'a>(settings: &TextSettings, texts: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let max_size = if settings.vocab_size == 0 { usize::MAX } else { settings.vocab_size };
        let limits = VocabularyLimits { min_count: settings.min_count, max_size, ..Default::default() };
        let rule = (settings.kind != TextKind::Pretokenised).then_some(WordRule::Unicode);
        let sentences = texts.map(|text| split(&settings.normalise(text), rule));
        let vocabulary = Vocabulary::from_sentences(sentences, &limits)
            .map_err(|error| Error::Settings(format!("[text] {error}").replace("max_size", "vocab_size")))?;
        Ok(Self { vocabulary, rule })
    }

    pub fn encode(&self, text: &str) -> Encoded {
        self.vocabulary.encode(split(text, self.rule)).expect("<unk> is in the vocabulary")
    }

    pub fn decode(&self, ids: &[u32]) -> String {
        let words: Vec<&str> = self.vocabulary.readable(ids).map(|(_, word)| word).collect();
        self.join(&words.join(" "))
    }

    /// A text as if every word of it were known and decoded.
    pub fn as_decoded(&self, text: &str) -> String {
        self.join(&split(text, self.rule).join(" "))
    }

    fn join(&self, text: &str) -> String {
        if self.rule.is_none() { join_marked(text) } else { text.to_owned() }
    }
}

fn split(text: &str, rule: Option<WordRule>) -> Vec<String> {
    match rule {
        Some(rule) => rule.split(text),
        None => text.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Joins what subword-nmt splits: `@@ ` is taken out, and a `@@` that nothing follows.
fn join_marked(text: &str) -> String {
    text.strip_suffix("@@").unwrap_or(text).replace("@@ ", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_subwords_are_joined_as_sed_does() {
        // sed -r 's/(@@ )|(@@ ?$)//g'
        for (marked, joined) in [
            ("ein haus@@ tier .", "ein haustier ."),
            ("haus@@", "haus"),
            ("haus@@ @@", "haus"),
            ("a@@b c@ d", "a@@b c@ d"),
            ("@@@ @", "@@"),
            ("@@@@", "@@"),
            ("@@", ""),
            ("", ""),
        ] {
            assert_eq!(join_marked(marked), joined, "{marked:?}");
        }
    }
}
