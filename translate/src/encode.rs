//! From lines of text to the ids that a model reads. Training and translating go this way alike: a sentence is its
//! tokens and `<eos>`, on either side.

use text::special::EOS_ID;
use text::{Encoded, TextModel};
use transformer::{Architecture, Pair, VocabSizes};

use crate::error::Error;

/// The longest sentence worth reading, in tokens: a line of a corpus has no more characters, and memory grows with the
/// square. Recipes keep `max_len` and the length of translations to it, and no longer translation is scored.
pub const MAX_TOKENS: usize = 10_000;

/// The sizes of a text's vocabularies, as a model asks for them.
pub fn vocab_sizes(text: &TextModel) -> VocabSizes {
    match text.is_joint() {
        true => VocabSizes::Shared(text.src_vocab_size()),
        false => VocabSizes::Separate { src: text.src_vocab_size(), tgt: text.tgt_vocab_size() },
    }
}

/// A source as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The line as it was given.
    pub line: String,
    /// Its tokens and `<eos>`, at most the model's `max_len`; nothing for a line without a token.
    pub ids: Vec<u32>,
    /// How many tokens the line has, what was cut included.
    pub n_tokens: usize,
    /// How many of them are `<unk>`.
    pub unknown: usize,
    /// How many of them were cut off at the end.
    pub cut: usize,
}

impl Source {
    /// The source in `line`. Training saw none longer than `max_len` tokens, so no longer one is read.
    pub fn encode(text: &TextModel, max_len: usize, line: &str) -> Source {
        let Encoded { mut ids, unknown } = text.encode_src(line);
        let n_tokens = ids.len();
        ids.truncate(max_len.saturating_sub(1));
        let cut = n_tokens - ids.len();
        let ids = if n_tokens == 0 { ids } else { with_eos(ids) };
        Source { line: line.to_owned(), ids, n_tokens, unknown, cut }
    }
}

/// A source and a given translation, which may be empty: `<eos>` alone then. A source without a token is `<eos>`
/// alone too.
///
/// # Errors
/// [`Error::Target`] that says how long the target is, if it has more than [`MAX_TOKENS`] tokens or learned positions
/// do not reach as far.
pub fn pair(architecture: &Architecture, source: &Source, target: Vec<u32>) -> Result<Pair, Error> {
    let src = if source.ids.is_empty() { vec![EOS_ID] } else { source.ids.clone() };
    let tgt = with_eos(target);
    let (len, reach) = (tgt.len(), architecture.reach());
    if len > reach {
        let problem = format!("the translation has {len} tokens; the model's positions reach only {reach}");
        return Err(Error::Target(problem));
    }
    if len > MAX_TOKENS {
        return Err(Error::Target(format!(
            "the translation has {len} tokens, more than {MAX_TOKENS}; write one sentence a line"
        )));
    }
    Ok(Pair { src, tgt })
}

/// A pair to learn from, and what is unknown in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedPair {
    /// Both sides end with `<eos>`.
    pub pair: Pair,
    /// Tokens of the source that are `<unk>`.
    pub unknown_src: usize,
    /// Tokens of the target that are `<unk>`.
    pub unknown_tgt: usize,
}

impl EncodedPair {
    /// A sentence and its translation, whole.
    pub fn encode(text: &TextModel, src: &str, tgt: &str) -> EncodedPair {
        let (src, tgt) = (text.encode_src(src), text.encode_tgt(tgt));
        let pair = Pair { src: with_eos(src.ids), tgt: with_eos(tgt.ids) };
        EncodedPair { pair, unknown_src: src.unknown, unknown_tgt: tgt.unknown }
    }
}

/// A sentence and its end.
fn with_eos(mut ids: Vec<u32>) -> Vec<u32> {
    ids.push(EOS_ID);
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use text::special::UNK_ID;
    use text::{TextKind, TextSettings};
    use transformer::Positions;

    fn words() -> TextModel {
        let settings = TextSettings { kind: TextKind::Words, ..Default::default() };
        TextModel::learn(&settings, [("a b c", "x y")].into_iter()).unwrap()
    }

    #[test]
    fn a_long_source_is_cut_and_an_empty_one_has_no_tokens() {
        let encode = |line| Source::encode(&words(), 4, line);
        let source = encode("a z c");
        assert_eq!((source.ids.len(), source.ids[1], source.unknown, source.cut), (4, UNK_ID, 1, 0));
        let source = encode("a b c a b");
        assert_eq!((source.ids.len(), source.ids[3], source.n_tokens, source.cut), (4, EOS_ID, 5, 2));
        assert!(encode(" ").ids.is_empty());
    }

    #[test]
    fn what_is_learned_from_is_what_is_translated() {
        let text = words();
        let EncodedPair { pair, unknown_src, unknown_tgt } = EncodedPair::encode(&text, "a z", "x z z");
        assert_eq!(pair.src, Source::encode(&text, 100, "a z").ids);
        assert_eq!((pair.tgt.last(), unknown_src, unknown_tgt), (Some(&EOS_ID), 1, 2));
    }

    #[test]
    fn a_translation_beyond_learned_positions_is_refused_and_an_empty_one_is_its_end() {
        let sinusoids = Architecture { max_len: 3, ..Architecture::default() };
        let learned = Architecture { positions: Positions::Learned, ..sinusoids.clone() };
        let source = Source { line: String::new(), ids: vec![], n_tokens: 0, unknown: 0, cut: 0 };
        assert_eq!(pair(&learned, &source, vec![]).unwrap(), Pair { src: vec![EOS_ID], tgt: vec![EOS_ID] });
        pair(&learned, &source, vec![5, 6]).unwrap();
        let problem = pair(&learned, &source, vec![5, 6, 7]).unwrap_err().to_string();
        assert!(problem.contains("has 4 tokens; the model's positions reach only 3"), "{problem}");
        pair(&sinusoids, &source, vec![5; 10]).expect("sinusoids go on");
        let problem = pair(&sinusoids, &source, vec![5; MAX_TOKENS]).unwrap_err().to_string();
        assert!(problem.contains("has 10001 tokens, more than 10000"), "{problem}");
    }
}
