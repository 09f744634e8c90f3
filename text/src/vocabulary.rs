//! Words and their numbers.
//!
//! A [`Vocabulary`] is a list of words; a word's id is its place in the list. Up to four [special
//! symbols](Special) stand in it among the words, each only where it is needed: the article's own output
//! vocabulary, `a am i thanks student <eos>`, has one. Words come from the training text alone: a
//! vocabulary that saw the test set is a leak.

use std::collections::HashMap;
use std::fmt;

use crate::error::Error;
use crate::special::{BOS_ID, EOS_ID, PAD_ID, Special};

/// What [`Vocabulary::from_sentences`] keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VocabularyLimits {
    /// The special symbols, which take the first ids in this order. Default: all four.
    pub specials: Vec<Special>,
    /// Words seen less often are left out. Default 1: none is.
    pub min_count: usize,
    /// Most entries, special symbols included; the most frequent words stay. Default: no limit.
    pub max_size: usize,
}

impl Default for VocabularyLimits {
    fn default() -> Self {
        Self { specials: Special::ALL.to_vec(), min_count: 1, max_size: usize::MAX }
    }
}

/// A list of distinct words; the id of a word is its place in it.
///
/// ```
/// use text::Vocabulary;
/// let vocabulary = Vocabulary::from_words(["a", "am", "i", "thanks", "student", "<eos>"])?;
/// assert_eq!(vocabulary.encode(["i", "am", "a", "student"])?.ids, [2, 1, 0, 4]);
/// assert_eq!(vocabulary.decode(&[2, 1, 0, 4, 5])?, "i am a student");
/// # Ok::<(), text::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    words: Vec<String>,
    ids: HashMap<String, u32>,
}

/// A sentence as ids, and how many of its words the vocabulary did not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// One id per word.
    pub ids: Vec<u32>,
    /// Words that became `<unk>`.
    pub unknown: usize,
}

impl Vocabulary {
    /// A vocabulary of exactly these words, with the ids 0, 1, 2, ... in the order given. Special symbols are
    /// recognised by their spelling.
    ///
    /// # Errors
    /// If there is no word, a word occurs twice, is empty or contains white space.
    pub fn from_words(words: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        if words.is_empty() {
            return Err(Error::Vocabulary("no word in it".into()));
        }
        let mut ids = HashMap::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            if word.is_empty() || word.contains(char::is_whitespace) {
                return Err(Error::Vocabulary(format!(
                    "word {index}, {word:?}, is empty or contains white space"
                )));
            }
            let id = u32::try_from(index)
                .map_err(|_| Error::Vocabulary(format!("{} words exceed 32-bit ids", words.len())))?;
            if let Some(first) = ids.insert(word.clone(), id) {
                return Err(Error::Vocabulary(format!("{word:?} occurs twice, as word {first} and {index}")));
            }
        }
        Ok(Self { words, ids })
    }

    /// The vocabulary of these sentences, each a sequence of words: special symbols first, then the words
    /// by falling count, equal counts in the order of their code points. The order of the sentences is
    /// immaterial.
    ///
    /// # Errors
    /// If no word occurs `min_count` times, `max_size` leaves no room for one, a special symbol is named
    /// twice, or a word is empty or contains white space.
    pub fn from_sentences<S, W>(
        sentences: impl IntoIterator<Item = S>,
        limits: &VocabularyLimits,
    ) -> Result<Self, Error>
    where
        S: IntoIterator<Item = W>,
        W: AsRef<str>,
    {
        let VocabularyLimits { ref specials, min_count, max_size } = *limits;
        let mut counted: Vec<(String, usize)> = count_words(sentences).into_iter().collect();
        counted.retain(|&(_, count)| count >= min_count);
        if counted.is_empty() {
            return Err(Error::Vocabulary(format!(
                "no word occurs {min_count} times (min_count); more text or a lower min_count is needed"
            )));
        }
        if max_size <= specials.len() {
            let n_specials = specials.len();
            return Err(Error::Vocabulary(format!(
                "max_size {max_size} leaves no room for a word beside {n_specials} special symbols"
            )));
        }
        counted.sort_unstable_by(|(lhs, lhs_count), (rhs, rhs_count)| {
            rhs_count.cmp(lhs_count).then_with(|| lhs.cmp(rhs))
        });
        counted.truncate(max_size - specials.len());
        let symbols = specials.iter().map(|special| special.symbol().to_owned());
        Self::from_words(symbols.chain(counted.into_iter().map(|(word, _)| word)))
    }

    /// Number of words, special symbols included: the `vocab_size` of a model.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Always false: a vocabulary has at least one word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words in the order of their ids. [`Vocabulary::from_words`] of them gives the vocabulary again.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Ids and words, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..).zip(self.words.iter().map(String::as_str))
    }

    /// The word with this id.
    pub fn word(&self, id: u32) -> Option<&str> {
        self.words.get(id as usize).map(String::as_str)
    }

    /// The id of this word or special symbol.
    pub fn id(&self, word: &str) -> Option<u32> {
        self.ids.get(word).copied()
    }

    /// The id of a special symbol, if this vocabulary has it.
    pub fn special_id(&self, special: Special) -> Option<u32> {
        self.id(special.symbol())
    }

    /// The ids of `words`. No `<eos>` is added.
    ///
    /// # Errors
    /// [`Error::UnknownWord`] if a word is not in the vocabulary and there is no `<unk>`.
    pub fn encode(&self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Encoded, Error> {
        let unk_id = self.special_id(Special::Unk);
        let mut encoded = Encoded { ids: Vec::new(), unknown: 0 };
        for (position, word) in words.into_iter().enumerate() {
            let word = word.as_ref();
            let known = self.id(word).filter(|_| Special::of(word).is_none());
            let id = known.or(unk_id).ok_or_else(|| Error::UnknownWord {
                word: word.into(),
                position,
                vocab_size: self.len(),
            })?;
            encoded.ids.push(id);
            encoded.unknown += usize::from(known.is_none());
        }
        Ok(encoded)
    }

    /// The words of `ids` up to the first `<eos>`, with spaces between them. Other special symbols are shown.
    ///
    /// # Errors
    /// [`Error::NoSuchWord`] if an id before the first `<eos>` belongs to no word.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        let eos_id = self.special_id(Special::Eos);
        let mut words = Vec::new();
        for (position, &id) in ids.iter().enumerate().take_while(|&(_, &id)| Some(id) != eos_id) {
            let out_of_range = || Error::NoSuchWord { id, position, vocab_size: self.len() };
            words.push(self.word(id).ok_or_else(out_of_range)?);
        }
        Ok(words.join(" "))
    }

    /// The ids and tokens of `ids` up to the first `<eos>`, without `<pad>` and `<bos>`, in a vocabulary that begins
    /// with [`Special::ALL`].
    pub(crate) fn readable<'a>(&'a self, ids: &'a [u32]) -> impl Iterator<Item = (u32, &'a str)> {
        ids.iter()
            .take_while(|&&id| id != EOS_ID)
            .filter(|&&id| id != PAD_ID && id != BOS_ID)
            .map(|&id| (id, self.word(id).unwrap_or(Special::Unk.symbol())))
    }
}

/// One line per word, `id word`.
impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = (self.len() - 1).to_string().len();
        self.iter().try_for_each(|(id, word)| writeln!(f, "{id:>width$} {word}"))
    }
}

/// How often each word occurs. What is spelled like a special symbol is no word.
fn count_words<S, W>(sentences: impl IntoIterator<Item = S>) -> HashMap<String, usize>
where
    S: IntoIterator<Item = W>,
    W: AsRef<str>,
{
    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in sentences.into_iter().flatten() {
        match counts.get_mut(word.as_ref()) {
            Some(count) => *count += 1,
            None if Special::of(word.as_ref()).is_some() => {}
            None => {
                counts.insert(word.as_ref().into(), 1);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> Vocabulary {
        Vocabulary::from_words(["a", "am", "i", "thanks", "student", "<eos>"]).unwrap()
    }

    fn build(text: &str, limits: VocabularyLimits) -> Result<Vocabulary, Error> {
        Vocabulary::from_sentences(text.lines().map(str::split_whitespace), &limits)
    }

    #[test]
    fn the_article_vocabulary_has_six_words() {
        let vocabulary = toy();
        assert_eq!(vocabulary.len(), 6);
        assert_eq!(vocabulary.to_string(), "0 a\n1 am\n2 i\n3 thanks\n4 student\n5 <eos>\n");
        assert_eq!(
            (vocabulary.id("am"), vocabulary.word(4), vocabulary.word(6)),
            (Some(1), Some("student"), None)
        );
        assert_eq!(Special::ALL.map(|special| vocabulary.special_id(special)), [None, None, Some(5), None]);
        assert_eq!(Vocabulary::from_words(vocabulary.words()).unwrap(), vocabulary);
    }

    #[test]
    fn without_unk_an_unknown_word_is_an_error() {
        let error = toy().encode(["i", "am", "merci"]).unwrap_err();
        assert!(
            matches!(error, Error::UnknownWord { ref word, position: 2, vocab_size: 6 } if word == "merci")
        );
        assert!(toy().encode(["<eos>"]).is_err(), "a text cannot end a sentence");
    }

    #[test]
    fn with_unk_unknown_words_are_counted() {
        let vocabulary = build("b a\na", VocabularyLimits::default()).unwrap();
        let encoded = vocabulary.encode(["a", "z", "b", "<bos>", "<unk>"]).unwrap();
        assert_eq!(encoded, Encoded { ids: vec![4, 3, 5, 3, 3], unknown: 3 });
    }

    #[test]
    fn decoding_ends_at_eos_and_refuses_foreign_ids() {
        assert_eq!(toy().decode(&[3, 5, 0, 99]).unwrap(), "thanks");
        assert_eq!(toy().decode(&[5]).unwrap(), "");
        assert!(matches!(
            toy().decode(&[3, 6]),
            Err(Error::NoSuchWord { id: 6, position: 1, vocab_size: 6 })
        ));
    }

    #[test]
    fn words_go_by_count_then_by_spelling() {
        let all = build("c b a\nb c\nc <eos>", VocabularyLimits::default()).unwrap();
        assert_eq!(all.words(), ["<pad>", "<bos>", "<eos>", "<unk>", "c", "b", "a"]);
        assert_eq!(build("c <eos>\nc b\nc a b", VocabularyLimits::default()).unwrap(), all);
        let ties = build("e d c b a", VocabularyLimits { specials: vec![], ..Default::default() }).unwrap();
        assert_eq!(ties.words(), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn limits_hold() {
        let specials = vec![Special::Eos, Special::Unk];
        let limits = VocabularyLimits { specials, min_count: 2, max_size: 3 };
        let text = "a a a b b c";
        assert_eq!(build(text, limits.clone()).unwrap().words(), ["<eos>", "<unk>", "a"]);
        let roomy = VocabularyLimits { max_size: 100, ..limits.clone() };
        assert_eq!(build(text, roomy).unwrap().words(), ["<eos>", "<unk>", "a", "b"]);
        let problem = |limits| build(text, limits).unwrap_err().to_string();
        let narrow = VocabularyLimits { max_size: 2, ..limits.clone() };
        assert!(problem(narrow).contains("no room for a word beside 2 special symbols"));
        assert!(problem(VocabularyLimits { min_count: 4, ..limits }).contains("no word occurs 4 times"));
    }

    #[test]
    fn lists_that_are_no_vocabulary_are_refused() {
        let problem = |words: &[&str]| Vocabulary::from_words(words.iter().copied()).unwrap_err().to_string();
        assert!(problem(&[]).contains("no word"));
        assert!(problem(&["a", "b", "a"]).contains("\"a\" occurs twice, as word 0 and 2"));
        assert!(problem(&["a", ""]).contains("word 1, \"\""));
        assert!(problem(&["new york"]).contains("white space"));
    }
}
