//! IBM model 1: which words are each other's translations, found by expectation-maximization.
//!
//! A step is two passes, each in parallel: over pairs, what all tokens of a source have of each of its target's
//! tokens together; over source tokens, how much of that is theirs. Each of the sums is one thread's, in the order of the
//! pairs, so that a table has the same bits on any number of threads. No sum is 0: of the token that has most of it a
//! pair's share is at least one of the source's length, and a table never forgets that.

use std::collections::HashMap;

use tensor::threads::map_indices;

use crate::data::batch::Pair;

/// `t(target | source)` of a source token, by target token, in the order of ids; only of those that it ever stood beside.
type Row = Vec<(u32, f64)>;

/// Pairs to learn from, and how likely their tokens are each other's translations.
pub(super) struct Model1<'a> {
    pairs: &'a [Pair],
    /// Of each source token the pairs that it stands in, as often as it does.
    places: Vec<Vec<u32>>,
    table: Vec<Row>,
}

impl<'a> Model1<'a> {
    /// Before the first step, when all words are as likely.
    pub fn new(pairs: &'a [Pair], src_vocab_size: usize) -> Model1<'a> {
        let mut places = vec![Vec::new(); src_vocab_size];
        for (place, pair) in (0..).zip(pairs) {
            pair.src.iter().for_each(|&id| places[id as usize].push(place));
        }
        Model1 { pairs, places, table: Vec::new() }
    }

    /// A step of expectation-maximization: how often each source token is expected to have become each target token, by the
    /// table, makes the next table.
    pub fn step(&mut self) {
        let sums: Vec<Vec<f64>> = map_indices(self.pairs.len(), |place| {
            let Pair { src, tgt } = &self.pairs[place];
            tgt.iter().map(|&to| src.iter().map(|&from| self.probability(from, to)).sum()).collect()
        });
        self.table = map_indices(self.places.len(), |from| {
            let mut counts: HashMap<u32, f64> = HashMap::new();
            for &place in &self.places[from] {
                for (&to, sum) in self.pairs[place as usize].tgt.iter().zip(&sums[place as usize]) {
                    *counts.entry(to).or_default() += self.probability(from as u32, to) / sum;
                }
            }
            let mut row: Row = counts.into_iter().collect();
            row.sort_unstable_by_key(|&(to, _)| to);
            let total: f64 = row.iter().map(|&(_, count)| count).sum();
            row.iter_mut().for_each(|(_, count)| *count /= total);
            row
        });
    }

    fn probability(&self, from: u32, to: u32) -> f64 {
        let Some(row) = self.table.get(from as usize) else { return 1.0 };
        row.binary_search_by_key(&to, |&(id, _)| id).map_or(0.0, |place| row[place].1)
    }

    /// The table.
    pub fn into_table(self) -> Vec<Row> {
        self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::shortlist::tests::PAIRS;

    fn table(steps: usize) -> Vec<Row> {
        let pairs = PAIRS.map(|(src, tgt)| Pair { src: src.to_vec(), tgt: tgt.to_vec() });
        let mut model = Model1::new(&pairs, 5);
        (0..steps).for_each(|_| model.step());
        model.into_table()
    }

    /// By hand: at first each word of a pair is half of either word of the other side. So das has become the twice by a half,
    /// house and book once by a half: of 2 in all, 1/2, 1/4 and 1/4; Haus the and house, 1/2 and 1/2; Buch as das, with
    /// book twice.
    /// In the next step das has of the, in its first pair, 1/2 / (1/2 + 1/2) = 1/2, in its second 1/2 / (1/2 + 1/4) = 2/3; of
    /// house 1/4 / (1/4 + 1/2) = 1/3; of book 1/4 / (1/4 + 1/2) = 1/3: of 11/6 in all 7/11, 2/11 and 2/11.
    #[test]
    fn a_word_becomes_what_no_other_explains() {
        assert_eq!(table(0), Vec::<Row>::new());
        let one = table(1);
        assert_eq!(one[0], [(0, 0.5), (1, 0.25), (2, 0.25)]);
        assert_eq!(one[1], [(0, 0.5), (1, 0.5)]);
        assert_eq!(one[2], [(0, 0.25), (2, 0.5), (3, 0.25)]);
        assert_eq!((&one[3], &one[4]), (&vec![(2, 0.5), (3, 0.5)], &vec![]));
        let expected = [(0, 7.0 / 11.0), (1, 2.0 / 11.0), (2, 2.0 / 11.0)];
        for (found, expected) in table(2)[0].iter().zip(expected) {
            assert!(found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-15, "{found:?}");
        }
        let many = table(50);
        assert!((0..4).all(|id| many[id as usize].iter().any(|&(to, p)| to == id && p > 0.98)), "{many:?}");
    }

    /// A word that stands twice has twice its share, and of a word that is said twice it is asked twice.
    #[test]
    fn words_count_as_often_as_they_stand() {
        let pairs = [Pair { src: vec![0, 0, 1], tgt: vec![0, 1, 1] }];
        let mut model = Model1::new(&pairs, 2);
        model.step();
        assert_eq!(model.places, [vec![0, 0], vec![0]]);
        for row in model.into_table() {
            let [(0, one), (1, two)] = row[..] else { panic!("{row:?}") };
            assert!((one - 1.0 / 3.0).abs() < 1e-15 && (two - 2.0 / 3.0).abs() < 1e-15, "{row:?}");
        }
    }
}
