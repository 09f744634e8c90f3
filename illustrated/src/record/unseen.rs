//! What a model says of sentences that it has not learned.

use nn::Params;
use transformer::Transformer;
use transformer::search::MaxLen;
use transformer::search::greedy::greedy;

use super::probes::fact;
use super::{Recorder, words};
use crate::error::Error;

/// Sentences that were not learned: `change` is the sentence.
pub const UNSEEN: &str = "unseen";
/// The sentence a word shorter: `change` is what is left of it.
pub const SHORTENED: &str = "a word left out";
/// The probability of a whole sentence said.
pub const PROBABILITY: &str = "probability of what was said";
impl Recorder<'_> {
    /// What the model says of sources that it has not learned.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not take them.
    pub fn unseen(
        &mut self,
        model: &Transformer,
        params: &Params,
        sources: &[Vec<u32>],
    ) -> Result<(), Error> {
        let spelled = |source: &Vec<u32>| words::spelled(source, &self.words.src);
        let sentences: Vec<String> = sources.iter().map(spelled).collect();
        self.said_of(model, params, UNSEEN, sentences, sources)
    }

    /// What the model says of sentences, which are these tokens, under that name.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not take them.
    pub(super) fn said_of(
        &mut self,
        model: &Transformer,
        params: &Params,
        name: &str,
        sentences: Vec<String>,
        sources: &[Vec<u32>],
    ) -> Result<(), Error> {
        let said = greedy(model, params, sources, MaxLen::default())?;
        for (sentence, said) in sentences.into_iter().zip(said) {
            let facts = vec![fact(PROBABILITY, said.log_prob.exp())];
            let said = self.words.decode(&said.ids);
            self.variant(name, sentence, said, facts);
        }
        Ok(())
    }
}

/// The sentence without each of its words in turn, of long ones without each of the first; what parts a word from the next
/// goes with it. None of one word.
pub(super) fn shortened(sentence: &str) -> Vec<String> {
    const MAX: usize = 10;
    let mut words: Vec<(usize, usize)> = Vec::new(); // where they begin and end
    let mut is_within = false;
    for (at, letter) in sentence.char_indices() {
        match (letter.is_alphanumeric(), is_within) {
            (true, false) => words.push((at, at + letter.len_utf8())),
            (true, true) => {
                words.iter_mut().last().into_iter().for_each(|(_, end)| *end = at + letter.len_utf8())
            }
            _ => {}
        }
        is_within = letter.is_alphanumeric();
    }
    let without = |at: usize| {
        let (start, end) = match (words.get(at + 1), at.checked_sub(1)) {
            (Some((next, _)), _) => (words[at].0, *next),
            (None, before) => (words[before?].1, words[at].1),
        };
        Some(sentence[..start].to_owned() + &sentence[end..])
    };
    (0..words.len().min(MAX)).filter_map(without).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_shortened_by_a_word_at_a_time() {
        assert_eq!(shortened("quatre-vingt-dix."), ["vingt-dix.", "quatre-dix.", "quatre-vingt."]);
        assert_eq!(shortened("Où est-il, l'été ?")[1..3], ["Où il, l'été ?", "Où est-l'été ?"]);
        assert!(shortened("oui").is_empty() && shortened("… !").is_empty() && shortened("").is_empty());
        assert_eq!(shortened(&"a ".repeat(30)).len(), 10);
    }
}
