//! Sentences in, sentences out: the words of both languages around a model that knows only numbers.

use nn::Params;

use crate::batch::Pair;
use crate::error::Error;
use crate::model::Transformer;
use crate::pairs::TextPair;
use crate::search::beam::{BeamOptions, beam_search};
use crate::special::Special;
use crate::vocabulary::{Vocabulary, VocabularyLimits};
use crate::words::split_words;

/// Sentences searched at once.
const BATCH: usize = 64;

/// The vocabularies of a source and a target language, word by word.
#[derive(Clone, Debug)]
pub struct Translator {
    /// The words of the source language.
    pub src_vocab: Vocabulary,
    /// The words of the target language.
    pub tgt_vocab: Vocabulary,
}

/// Pairs as ids, and how many of their words the vocabularies did not know.
#[derive(Clone, Debug)]
pub struct EncodedPairs {
    /// The pairs; targets end with `<eos>`.
    pub pairs: Vec<Pair>,
    /// Words of the sources that became `<unk>`.
    pub unknown_src: usize,
    /// Words of the targets that became `<unk>`.
    pub unknown_tgt: usize,
}

impl EncodedPairs {
    /// The part of the source words that became `<unk>`, 0 to 1.
    pub fn unknown_src_share(&self) -> f64 {
        self.unknown_src as f64 / self.pairs.iter().map(|pair| pair.src.len()).sum::<usize>().max(1) as f64
    }
}

impl Translator {
    /// Both vocabularies from training pairs, within the same limits. Never show it pairs to validate or
    /// test on: a vocabulary that has seen them is a leak.
    ///
    /// # Errors
    /// As [`Vocabulary::from_sentences`].
    pub fn from_pairs(pairs: &[TextPair], limits: &VocabularyLimits) -> Result<Translator, Error> {
        let vocabulary = |side: &str, text: fn(&TextPair) -> &String| {
            let sentences = pairs.iter().map(|pair| split_words(text(pair)));
            Vocabulary::from_sentences(sentences, limits).map_err(|error| match error {
                Error::Vocabulary(problem) => Error::Vocabulary(format!("{side}: {problem}")),
                other => other,
            })
        };
        Ok(Translator {
            src_vocab: vocabulary("source", |pair| &pair.src)?,
            tgt_vocab: vocabulary("target", |pair| &pair.tgt)?,
        })
    }

    /// Pairs as ids.
    ///
    /// # Errors
    /// [`Error::UnknownWord`] if a vocabulary that has no `<unk>` does not know a word.
    pub fn encode(&self, pairs: &[TextPair]) -> Result<EncodedPairs, Error> {
        let mut encoded = EncodedPairs { pairs: Vec::new(), unknown_src: 0, unknown_tgt: 0 };
        for pair in pairs {
            let src = self.src_vocab.encode(split_words(&pair.src))?;
            let mut tgt = self.tgt_vocab.encode(split_words(&pair.tgt))?;
            tgt.ids.extend(self.tgt_vocab.special_id(Special::Eos));
            encoded.unknown_src += src.unknown;
            encoded.unknown_tgt += tgt.unknown;
            encoded.pairs.push(Pair { src: src.ids, tgt: tgt.ids });
        }
        Ok(encoded)
    }

    /// The words of a source sentence that the vocabulary does not know; a model can only guess at them.
    pub fn unknown_words(&self, sentence: &str) -> Vec<String> {
        split_words(sentence).into_iter().filter(|word| self.src_vocab.id(word).is_none()).collect()
    }

    /// The best translation of each sentence, in order, its words joined by spaces. A sentence without words
    /// becomes an empty one.
    ///
    /// # Errors
    /// [`Error::UnknownWord`] if the source vocabulary has no `<unk>` and does not know a word; else as
    /// [`beam_search`].
    pub fn translate(
        &self,
        model: &Transformer,
        params: &Params,
        sentences: &[&str],
        options: &BeamOptions,
    ) -> Result<Vec<String>, Error> {
        let encode = |sentence: &&str| Ok(self.src_vocab.encode(split_words(sentence))?.ids);
        let sources = sentences.iter().map(encode).collect::<Result<Vec<_>, Error>>()?;
        let mut translations = vec![String::new(); sources.len()];
        // Sentences of like length are searched together, so that little is padded.
        let mut order: Vec<usize> = (0..sources.len()).filter(|&index| !sources[index].is_empty()).collect();
        order.sort_by_key(|&index| sources[index].len());
        for indices in order.chunks(BATCH) {
            let batch: Vec<Vec<u32>> = indices.iter().map(|&index| sources[index].clone()).collect();
            for (&index, found) in indices.iter().zip(beam_search(model, params, &batch, options)?) {
                translations[index] = self.tgt_vocab.decode(&found[0].ids)?;
            }
        }
        Ok(translations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use tensor::{DType, Seed};

    fn text(pairs: &[(&str, &str)]) -> Vec<TextPair> {
        let pair = |&(src, tgt): &(&str, &str)| TextPair { src: src.into(), tgt: tgt.into(), line: 1 };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn targets_end_and_strangers_are_counted() {
        let training = text(&[("Je suis étudiant.", "I'm a student."), ("Je suis là.", "I'm here.")]);
        let limits = VocabularyLimits { min_count: 2, ..VocabularyLimits::default() };
        let translator = Translator::from_pairs(&training, &limits).unwrap();
        let encoded = translator.encode(&training).unwrap();
        assert_eq!((encoded.unknown_src, encoded.unknown_tgt), (2, 3)); // étudiant, là; a, student, here
        assert_eq!(encoded.unknown_src_share(), 0.25);
        assert_eq!(translator.unknown_words("Je suis étudiant !"), ["étudiant", "!"]);
        let rare = VocabularyLimits { min_count: 9, ..VocabularyLimits::default() };
        let problem = Translator::from_pairs(&training, &rare).unwrap_err().to_string();
        assert!(problem.starts_with("vocabulary: source: no word occurs 9 times"), "{problem}");
        let eos_id = translator.tgt_vocab.special_id(Special::Eos).unwrap();
        assert!(encoded.pairs.iter().all(|pair| pair.tgt.last() == Some(&eos_id)));
        assert_eq!(translator.tgt_vocab.decode(&encoded.pairs[0].tgt).unwrap(), "i'm <unk> <unk> .");
    }

    #[test]
    fn as_many_sentences_come_out_as_went_in_each_as_if_alone() {
        let training = text(&[("un deux trois quatre", "one two three four")]);
        let translator = Translator::from_pairs(&training, &VocabularyLimits::default()).unwrap();
        let (src, tgt) = (translator.src_vocab.len(), translator.tgt_vocab.len());
        let config =
            Config { d_model: 8, d_ff: 8, n_heads: 2, ..Config::toy(VocabSizes::Separate { src, tgt }) };
        let config = config.with_symbols_of(&translator.tgt_vocab).unwrap();
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64).unwrap();
        let options = BeamOptions { beam_size: 2, ..BeamOptions::default() };
        let translate =
            |sentences: &[&str]| translator.translate(&model, &params, sentences, &options).unwrap();
        let sentences = ["un deux trois", "", "quatre", "   ", "deux trois un quatre"];
        let together = translate(&sentences);
        assert_eq!((together.len(), &*together[1], &*together[3]), (5, "", ""));
        for (sentence, translation) in sentences.iter().zip(&together) {
            assert_eq!(translate(&[sentence])[0], *translation);
        }
        assert!(translate(&[]).is_empty());
    }
}
