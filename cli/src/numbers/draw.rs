//! Which numbers each split holds.

use std::collections::HashSet;
use std::ops::Range;

use rand::RngExt;
use rand::seq::SliceRandom;
use tensor::Seed;

use crate::error::Error;

/// The greatest number of the corpus.
pub const MAX: u64 = 999_999_999_999;

/// Digits of [`MAX`].
const MAX_DIGITS: usize = 12;

/// At most one in this many of the numbers of a length is held out for validation, and as many for the test.
pub const HELD_OUT_SHARE: usize = 20;

/// The most numbers that a corpus may hold, all splits together: what fits in memory easily, and more than
/// anyone needs to learn to count.
pub const MAX_PAIRS: usize = 1_000_000;

/// How many numbers each split holds, at least 1 each and at most [`MAX_PAIRS`] together, and the seed by
/// which they are drawn.
///
/// The default is for a small model that is trained for three minutes on two CPU cores: at 8,000 target tokens
/// a second it sees the 30,000 numerals, some 315,000 English tokens where hyphens part words, four to five
/// times. In 1,000 test numbers one is a tenth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorpusOptions {
    /// Numbers to train on.
    pub n_train: usize,
    /// Numbers to validate with.
    pub n_valid: usize,
    /// Numbers to test with.
    pub n_test: usize,
    /// The root of the streams of random numbers.
    pub seed: u64,
}

impl Default for CorpusOptions {
    fn default() -> Self {
        Self { n_train: 30_000, n_valid: 500, n_test: 1_000, seed: 1 }
    }
}

/// The numbers of a corpus: none occurs twice, in one split or in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    /// To train on.
    pub train: Vec<u64>,
    /// To validate with.
    pub valid: Vec<u64>,
    /// To test with.
    pub test: Vec<u64>,
}

/// Draws the numbers of a corpus, as [the module](super) says. The same options give the same numbers.
///
/// # Errors
/// [`Error::Input`] if a split is to be empty or all together are to hold more than [`MAX_PAIRS`].
pub fn draw(options: &CorpusOptions) -> Result<Splits, Error> {
    let &CorpusOptions { n_train, n_valid, n_test, seed } = options;
    let asked = format!("numbers-fr-en with train {n_train}, valid {n_valid}, test {n_test}");
    if n_train == 0 || n_valid == 0 || n_test == 0 {
        return Err(Error::Input(format!("{asked}: each of them needs at least one number")));
    }
    if n_train.saturating_add(n_valid).saturating_add(n_test) > MAX_PAIRS {
        return Err(Error::Input(format!("{asked}: together there can be {MAX_PAIRS} numbers at most")));
    }

    let held_out = |n_digits| pool_size(n_digits) / HELD_OUT_SHARE;
    let valid_quotas = quotas(n_valid, held_out);
    let test_quotas = quotas(n_test, held_out);
    let n_held_out = |n_digits: usize| valid_quotas[n_digits - 1] + test_quotas[n_digits - 1];
    let train_quotas = quotas(n_train, |n_digits| pool_size(n_digits) - n_held_out(n_digits));

    let seed = Seed::new(seed).derive("numbers-fr-en");
    let mut splits = Splits { train: Vec::new(), valid: Vec::new(), test: Vec::new() };
    for n_digits in 1..=MAX_DIGITS {
        let n_train = train_quotas[n_digits - 1];
        let mut rng = seed.derive_index(n_digits as u64).rng();
        let mut numbers = sample(n_digits, n_train + n_held_out(n_digits), &mut rng);
        splits.train.extend(numbers.drain(..n_train));
        splits.valid.extend(numbers.drain(..valid_quotas[n_digits - 1]));
        splits.test.extend(numbers);
    }
    splits.train.shuffle(&mut seed.derive("train").rng());
    splits.valid.shuffle(&mut seed.derive("valid").rng());
    splits.test.shuffle(&mut seed.derive("test").rng());
    Ok(splits)
}

/// The numbers of this many digits; zero has one.
fn pool(n_digits: usize) -> Range<u64> {
    let end = 10u64.pow(n_digits as u32);
    if n_digits == 1 { 0..end } else { end / 10..end }
}

fn pool_size(n_digits: usize) -> usize {
    let pool = pool(n_digits);
    (pool.end - pool.start) as usize
}

/// How many of `n` numbers have 1, 2, ... digits: equally many of each, and where not so many are available,
/// all of them. The longest make up the rest; there are always enough of those.
fn quotas(n: usize, available: impl Fn(usize) -> usize) -> [usize; MAX_DIGITS] {
    let mut left = n;
    std::array::from_fn(|index| {
        let quota = (left / (MAX_DIGITS - index)).min(available(index + 1));
        left -= quota;
        quota
    })
}

/// `count` different numbers of a length in random order.
fn sample(n_digits: usize, count: usize, rng: &mut impl RngExt) -> Vec<u64> {
    let mut numbers: Vec<u64> = if 2 * count > pool_size(n_digits) {
        pool(n_digits).collect()
    } else {
        let mut seen = HashSet::new();
        let draws = std::iter::repeat_with(|| number(n_digits, rng));
        draws.filter(|&number| seen.insert(number)).take(count).collect()
    };
    // What is drawn often is drawn early: without this, one split would have most of the round numbers.
    numbers.shuffle(rng);
    numbers.truncate(count);
    numbers
}

/// A number of a length: by the toss of a coin, any, or one with a share of zeros of its own.
fn number(n_digits: usize, rng: &mut impl RngExt) -> u64 {
    let zeros: f64 = if rng.random_bool(0.5) { rng.random() } else { 0.0 };
    let first = rng.random_range(if n_digits == 1 { 0..10 } else { 1..10 });
    (1..n_digits).fold(first, |number, _| {
        let digit = if rng.random_bool(zeros) { 0 } else { rng.random_range(0..10) };
        10 * number + digit
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(n_train: usize, n_valid: usize, n_test: usize) -> CorpusOptions {
        CorpusOptions { n_train, n_valid, n_test, ..CorpusOptions::default() }
    }

    fn of_length(numbers: &[u64], n_digits: usize) -> usize {
        numbers.iter().filter(|number| number.to_string().len() == n_digits).count()
    }

    #[test]
    fn splits_are_as_large_as_asked_for_and_no_number_occurs_twice() {
        let sizes = [(1, 1, 1), (9, 40, 3), (100, 1_000, 20_000), (200_000, 500, 1_000), (997_999, 2_000, 1)];
        for (n_train, n_valid, n_test) in sizes {
            let splits = draw(&options(n_train, n_valid, n_test)).unwrap();
            assert_eq!(
                (splits.train.len(), splits.valid.len(), splits.test.len()),
                (n_train, n_valid, n_test)
            );
            let numbers = [splits.train, splits.valid, splits.test].concat();
            assert!(numbers.iter().all(|&number| number <= MAX));
            assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), n_train + n_valid + n_test);
        }
    }

    #[test]
    fn the_numbers_are_a_function_of_the_options() {
        let default = CorpusOptions::default();
        assert_eq!(draw(&default).unwrap(), draw(&default).unwrap());
        assert_ne!(draw(&default).unwrap(), draw(&CorpusOptions { seed: 2, ..default }).unwrap());
    }

    #[test]
    fn all_lengths_occur_equally_often_as_far_as_there_are_numbers() {
        let splits = draw(&CorpusOptions::default()).unwrap();
        let count = |numbers: &[u64]| -> Vec<usize> { (1..=12).map(|len| of_length(numbers, len)).collect() };
        let (train, valid, test) = (count(&splits.train), count(&splits.valid), count(&splits.test));
        assert_eq!(train[..3], [10, 82, 810]);
        assert!(train[3..].iter().all(|&count| (3_233..=3_234).contains(&count)), "{train:?}");
        assert_eq!(valid[..3], [0, 4, 45]);
        assert!(valid[3..].iter().all(|&count| (50..=51).contains(&count)), "{valid:?}");
        assert_eq!(test[..3], [0, 4, 45]);
        assert!(test[3..].iter().all(|&count| (105..=106).contains(&count)), "{test:?}");
    }

    /// Groups of three digits whose words or endings are out of the ordinary, at the end and before every
    /// scale: `mille` without `un`, `et`, the twenties, the plural's s of `quatre-vingts` and `deux cents`.
    #[test]
    fn every_irregular_form_is_trained_on_before_every_scale() {
        for seed in 0..5 {
            let splits = draw(&CorpusOptions { seed, ..CorpusOptions::default() }).unwrap();
            for scale in [1, 1_000, 1_000_000, 1_000_000_000] {
                let groups: Vec<u64> = splits.train.iter().map(|number| number / scale % 1_000).collect();
                let n_groups = |group: u64| groups.iter().filter(|&&other| other == group).count();
                let n_tails = |tail: u64| groups.iter().filter(|&&group| group % 100 == tail).count();
                assert!(n_groups(1) >= 20, "{scale}: {}", n_groups(1));
                for group in (80..=900).filter(|group| group % 100 == 0 || *group == 80) {
                    assert!(n_groups(group) >= 20, "{group} at {scale}: {}", n_groups(group));
                }
                for tail in 0..100 {
                    assert!(n_tails(tail) >= 20, "{tail} at {scale}: {}", n_tails(tail));
                }
            }
        }
    }

    #[test]
    fn round_numbers_are_as_frequent_in_the_test_as_in_training() {
        let splits = draw(&options(30_000, 5_000, 5_000)).unwrap();
        let round_share = |numbers: &[u64]| {
            let is_round = |number: u64| number.to_string().matches('0').count() >= 5;
            numbers.iter().filter(|&&number| is_round(number)).count() as f64 / numbers.len() as f64
        };
        let (train, valid, test) =
            (round_share(&splits.train), round_share(&splits.valid), round_share(&splits.test));
        assert!(
            train > 0.1 && (train - valid).abs() < 0.03 && (train - test).abs() < 0.03,
            "{train} {valid} {test}"
        );
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for (n_train, n_valid, n_test) in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
            let error = draw(&options(n_train, n_valid, n_test)).unwrap_err();
            assert!(matches!(&error, Error::Input(text) if text.contains("at least one number")), "{error}");
        }
        for (n_train, n_valid, n_test) in [(MAX_PAIRS, 1, 1), (usize::MAX, usize::MAX, 1)] {
            let error = draw(&options(n_train, n_valid, n_test)).unwrap_err();
            assert!(
                matches!(&error, Error::Input(text) if text.contains("1000000 numbers at most")),
                "{error}"
            );
        }
    }
}
