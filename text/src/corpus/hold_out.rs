//! Pairs set aside to judge by.

use std::collections::HashSet;

use super::pairs::TextPair;
use crate::invisible::without_invisible;
use crate::words::split_words;

/// Takes every `nth` pair out of `pairs`, to validate on, and returns those; the last, if there are fewer.
/// Other pairs whose source has the same words as one that is held out are dropped: corpora give a
/// sentence several translations, and a model that has trained on one of them has seen the sentence.
///
/// # Panics
/// If `nth` is 0.
#[track_caller]
pub fn hold_out(pairs: &mut Vec<TextPair>, nth: usize) -> Vec<TextPair> {
    assert!(nth > 0, "hold_out: nth is 0");
    let nth = nth.min(pairs.len().max(1));
    let mut places = 1..;
    let held_out: Vec<TextPair> = pairs
        .extract_if(.., |_| places.next().is_some_and(|place: usize| place.is_multiple_of(nth)))
        .collect();
    let words = |pair: &TextPair| split_words(&without_invisible(&pair.src));
    let sources: HashSet<Vec<String>> = held_out.iter().map(words).collect();
    pairs.retain(|pair| !sources.contains(&words(pair)));
    held_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Place;

    #[test]
    fn holding_out_takes_every_nth_pair_and_at_least_one() {
        let pairs = |n: u32| -> Vec<TextPair> {
            let place = |line| Place { file: 0, line };
            let pair = |line: u32| TextPair { src: line.to_string(), tgt: "b".into(), place: place(line) };
            (1..=n).map(pair).collect()
        };
        let lines = |pairs: &[TextPair]| pairs.iter().map(|pair| pair.place.line).collect::<Vec<_>>();
        for (n, expected) in [(7, vec![3, 6]), (3, vec![3]), (2, vec![2]), (1, vec![1]), (0, vec![])] {
            let mut rest = pairs(n);
            let held_out = hold_out(&mut rest, 3);
            assert_eq!(lines(&held_out), expected, "of {n}");
            assert_eq!(rest.len() + held_out.len(), n as usize);
        }
        let mut with_a_double = pairs(4);
        with_a_double[0].src = " \u{feff}3\u{200b}".into();
        hold_out(&mut with_a_double, 3);
        assert_eq!(lines(&with_a_double), [2, 4], "line 1 has the source of line 3");
    }
}
