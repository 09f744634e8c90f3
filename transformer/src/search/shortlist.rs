//! Lexical shortlists: of a large vocabulary, the few words that may come of a source.
//!
//! Every step of a search multiplies by the whole output matrix, `[vocab_size, d_model]`, and most words cannot come of the
//! sentence at hand. A shortlist (Jean et al. 2015, *On Using Very Large Target Vocabulary*, §3.3; Marian's `--shortlist`,
//! CTranslate2's `vmap`) has for each source token the words that it is likeliest translated by, and the most frequent
//! words for all: only their rows are multiplied, and probabilities are among them alone. Translations by other words are
//! lost, which is what it costs.
//!
//! How likely tokens are each other's translations is learned from pairs by IBM model 1 (Brown et al. 1993, §4.2): each target
//! token comes of one token of the source, whichever, by a table `t(target | source)`, which a few steps of
//! expectation-maximization find. `<eos>` at the source's end serves as the empty word.
//!
//! A sentence's words are its own: whoever stands beside it in a batch changes neither them nor a bit of what they score.

mod learn;

use self::learn::Model1;
use crate::config::VocabSizes;
use crate::data::batch::Pair;

/// How a shortlist is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortlistOptions {
    /// Target tokens for each source token, the likeliest first. Default: 100, as in Marian.
    pub best: usize,
    /// The most frequent target tokens, which are for all. Default: 100, as in Marian.
    pub frequent: usize,
    /// Steps of expectation-maximization. Default: 5.
    pub steps: usize,
}

impl Default for ShortlistOptions {
    fn default() -> Self {
        ShortlistOptions { best: 100, frequent: 100, steps: 5 }
    }
}

/// Which target tokens come into question for which source tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortlist {
    always: Vec<u32>,
    of: Vec<Vec<u32>>,
    largest: Option<u32>,
}

impl Shortlist {
    /// Of target tokens for every sentence, and for each source token those that may come `of` it.
    pub fn new(always: Vec<u32>, of: Vec<Vec<u32>>) -> Shortlist {
        let largest = of.iter().flatten().chain(&always).max().copied();
        Shortlist { always, of, largest }
    }

    /// Learns from pairs, whose sides end with `<eos>`; `stepped` hears of each step.
    ///
    /// # Panics
    /// If a pair has an id that is not below its vocabulary's size.
    pub fn learn(
        pairs: &[Pair],
        vocab_sizes: VocabSizes,
        options: &ShortlistOptions,
        mut stepped: impl FnMut(),
    ) -> Shortlist {
        let (n_src, n_tgt) = match vocab_sizes {
            VocabSizes::Shared(size) => (size, size),
            VocabSizes::Separate { src, tgt } => (src, tgt),
        };
        let mut model = Model1::new(pairs, n_src);
        for _ in 0..options.steps {
            model.step();
            stepped();
        }
        let of = model.into_table().into_iter().map(|row| largest(row, options.best)).collect();
        let mut counts = vec![0.0; n_tgt];
        pairs.iter().flat_map(|pair| &pair.tgt).for_each(|&id| counts[id as usize] += 1.0);
        let counts = (0..).zip(counts).filter(|&(_, count)| count > 0.0);
        Shortlist::new(largest(counts.collect(), options.frequent), of)
    }

    /// The target tokens for every sentence.
    pub fn always(&self) -> &[u32] {
        &self.always
    }

    /// Of each source token the target tokens that may come of it; of those beyond the last, none.
    pub fn of(&self) -> &[Vec<u32>] {
        &self.of
    }

    /// The words for a source, `<eos>` and others that may be `needed` among them, in the order of their ids.
    pub fn words(&self, source: &[u32], needed: impl Iterator<Item = u32>) -> Vec<u32> {
        let of = |&id: &u32| self.of.get(id as usize).into_iter().flatten();
        let mut words: Vec<u32> =
            source.iter().flat_map(of).chain(&self.always).copied().chain(needed).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Whether all of its tokens are in these vocabularies.
    ///
    /// # Errors
    /// A sentence that says what is not.
    pub fn check(&self, src_vocab_size: usize, tgt_vocab_size: usize) -> Result<(), String> {
        if self.of.len() > src_vocab_size {
            let (n, all) = (self.of.len(), src_vocab_size);
            return Err(format!("shortlist: it knows {n} source tokens; the vocabulary has {all}"));
        }
        match self.largest.filter(|&id| id as usize >= tgt_vocab_size) {
            Some(id) => Err(format!("shortlist: {id} is not in the target vocabulary of {tgt_vocab_size}")),
            None => Ok(()),
        }
    }
}

/// The ids of the largest values, the largest first; of equals the first.
fn largest(mut values: Vec<(u32, f64)>, count: usize) -> Vec<u32> {
    values.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    values.into_iter().take(count).map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// das Haus, the house; das Buch, the book; ein Buch, a book (the pairs of Knight 1999): 0 1 2 3 are das, Haus, Buch, ein;
    /// the, house, book, a.
    pub(super) const PAIRS: [([u32; 2], [u32; 2]); 3] =
        [([0, 1], [0, 1]), ([0, 2], [0, 2]), ([3, 2], [3, 2])];

    fn learned(options: ShortlistOptions) -> Shortlist {
        let pairs = PAIRS.map(|(src, tgt)| Pair { src: src.to_vec(), tgt: tgt.to_vec() });
        let mut steps = 0;
        let vocab_sizes = VocabSizes::Separate { src: 5, tgt: 4 };
        let learned = Shortlist::learn(&pairs, vocab_sizes, &options, || steps += 1);
        assert_eq!(steps, options.steps);
        learned
    }

    #[test]
    fn the_likeliest_words_are_listed_and_the_most_frequent_of_all() {
        let two = learned(ShortlistOptions { best: 1, frequent: 1, steps: 2 });
        assert_eq!(two.of(), [vec![0], vec![1], vec![2], vec![3], vec![]]);
        assert_eq!(two.always(), [0], "the and book are said twice, the has the smaller id");
        let one = learned(ShortlistOptions { best: 2, frequent: 9, steps: 1 });
        assert_eq!(one.of()[1], [0, 1], "as likely, after one step");
        assert_eq!(one.always(), [0, 2, 1, 3]);
    }

    #[test]
    fn a_sentences_words_are_those_of_its_tokens_and_those_of_all() {
        let shortlist = learned(ShortlistOptions { best: 1, frequent: 1, steps: 5 });
        assert_eq!(shortlist.words(&[3, 1, 1], [2].into_iter()), [0, 1, 2, 3]);
        assert_eq!(shortlist.words(&[4, 77], [].into_iter()), [0]);
        shortlist.check(5, 4).unwrap();
        assert!(shortlist.check(4, 4).unwrap_err().contains("knows 5 source tokens; the vocabulary has 4"));
        assert!(shortlist.check(5, 3).unwrap_err().contains("3 is not in the target vocabulary of 3"));
    }
}
