//! Work that is made up, and the clock.

use std::time::Instant;

use clap::builder::TypedValueParser;
use tensor::Seed;
use transformer::Pair;

use crate::error::Error;
use crate::verbs::common::within;

/// The first id that is no special symbol.
pub const FIRST_WORD: u64 = 4;
/// Most tokens of a batch on either side: with more, memory runs out before patience does.
pub const MAX_TOKENS: u32 = 100_000;
/// The fewest times that anything is measured.
pub const FEWEST: usize = 3;

/// As many of something as a batch may have tokens, and one at least.
pub fn tokens() -> impl TypedValueParser<Value = u32> {
    within(1..=MAX_TOKENS.into())
}

/// So many seconds, if they are a number that ends.
pub fn seconds(text: &str) -> Result<f64, String> {
    let range = 0.0..=3600.0;
    text.parse().ok().filter(|seconds| range.contains(seconds)).ok_or("give a number from 0 to 3600".into())
}

/// Sentences of random words, all of full length. None ends with `<eos>`, so that the model does not learn to say it
/// and translations are of full length, too.
pub fn made_up(batch: u32, len: u32, vocab_size: u32) -> Vec<Pair> {
    let words = u64::from(vocab_size) - FIRST_WORD;
    let sentence = |seed: Seed| {
        let word = |i| (FIRST_WORD + seed.derive_index(i).0 % words) as u32;
        (0..u64::from(len)).map(word).collect::<Vec<u32>>()
    };
    let pair = |row| {
        let seed = Seed::new(2).derive_index(row);
        Pair { src: sentence(seed.derive("src")), tgt: sentence(seed.derive("tgt")) }
    };
    (0..u64::from(batch)).map(pair).collect()
}

/// The seconds that each piece of work takes, the shortest first.
pub fn time(seconds: f64, mut work: impl FnMut() -> Result<(), Error>) -> Result<Vec<f64>, Error> {
    let mut repeat = |seconds: f64, fewest: usize| {
        let (started, mut times) = (Instant::now(), Vec::new());
        while times.len() < fewest || started.elapsed().as_secs_f64() < seconds {
            let begun = Instant::now();
            work()?;
            times.push(begun.elapsed().as_secs_f64());
        }
        Ok::<_, Error>(times)
    };
    repeat(seconds / 5.0, 1)?;
    let mut times = repeat(seconds, FEWEST)?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}

pub fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_of_the_sizes_asked_for_and_the_same_every_time() {
        let pairs = made_up(3, 4, 5);
        assert_eq!(pairs.len(), 3);
        for ids in pairs.iter().flat_map(|pair| [&pair.src, &pair.tgt]) {
            assert_eq!(ids[..], [4; 4]);
        }
        assert_eq!(made_up(3, 4, 1000), made_up(3, 4, 1000));
        assert_ne!(made_up(3, 4, 1000)[0], made_up(3, 4, 1000)[1]);
    }

    #[test]
    fn work_is_done_once_to_warm_up_and_then_measured_a_few_times_at_least() {
        let mut done = 0;
        let count = || {
            done += 1;
            Ok(())
        };
        assert_eq!(time(0.0, count).unwrap().len(), FEWEST);
        assert_eq!(done, 1 + FEWEST);
    }

    #[test]
    fn work_that_fails_ends_the_measurement() {
        let problem = time(0.0, || Err(Error::Input("no".into()))).unwrap_err();
        assert_eq!(problem.to_string(), "no");
    }
}
