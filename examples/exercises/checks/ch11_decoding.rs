//! Checks of chapter 11.

use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::transformer::search::length_penalty::LengthPenalty;

use crate::kit::{Verdict, same};

/// The probability of each word to come after those that were said.
pub type Next = fn(&[u32]) -> Vec<f64>;

const EOS: u32 = 2;

/// The words 0 and 1 of the chapter's figure, a and b, and `<eos>`.
fn figure(said: &[u32]) -> Vec<f64> {
    match said {
        [] => vec![0.6, 0.4, 0.0],
        [.., 0] => vec![0.3, 0.3, 0.4],
        _ => vec![0.05, 0.05, 0.9],
    }
}

/// A start that only the widest beam follows: word 3, unlikely at first, and then certain to end.
fn late(said: &[u32]) -> Vec<f64> {
    match said {
        [] => vec![0.4, 0.35, 0.0, 0.25],
        [.., 3] => vec![0.0, 0.0, 1.0, 0.0],
        _ => vec![0.25, 0.25, 0.25, 0.25],
    }
}

/// Never ends by itself. Who forgets to stop is told.
fn for_ever(said: &[u32]) -> Vec<f64> {
    assert!(said.len() <= 10, "expected at most max_len = 4 words, found {} and no end", said.len());
    vec![0.5, 0.4, 0.1]
}

/// Some distribution or other over four words, always the same after the same words.
fn any(said: &[u32]) -> Vec<f64> {
    let seed = said.iter().fold(Seed::new(11), |seed, &word| seed.derive_index(word.into()));
    Tensor::normal([4], 0.0, 2.0, seed, DType::F64).softmax(-1).to_vec()
}

pub fn greedy(greedy: fn(Next, u32, usize) -> Vec<u32>) -> Verdict {
    same("the figure's words", greedy(figure, EOS, 10), vec![0, 2])?;
    same("where <eos> is never likeliest, at most 4 words", greedy(for_ever, EOS, 4), vec![0; 4])?;
    same("where four words are equally likely after the first", greedy(late, EOS, 3), vec![0; 3])?;
    let mut expected: Vec<u32> = Vec::new();
    while expected.len() < 6 && expected.last() != Some(&EOS) {
        expected.push(Tensor::from_vec(any(&expected), [4]).argmax(-1)[0]);
    }
    same("four words", greedy(any, EOS, 6), expected)
}

pub fn best(best: fn(&[(f64, usize)], f64) -> usize) -> Verdict {
    let translations = [(-2.3, 8), (-2.0, 3), (-4.0, 20)];
    for (alpha, expected) in [(0.0, 1), (0.6, 0), (2.0, 2)] {
        let score = |&(log_prob, len): &(f64, usize)| log_prob / LengthPenalty::Gnmt { alpha }.divisor(len);
        let scores: Vec<String> = translations.iter().map(|one| format!("{:.3}", score(one))).collect();
        let what = format!("{translations:?} with alpha {alpha}, whose scores are {}", scores.join(", "));
        same(&what, best(&translations, alpha), expected)?;
    }
    Ok(())
}

pub fn beam(beam: fn(Next, u32, usize, usize) -> Vec<u32>) -> Verdict {
    same("the figure's words, a beam of two", beam(figure, EOS, 2, 5), vec![1, 2])?;
    same("an unlikely start, a beam of three", beam(late, EOS, 3, 4), vec![3, 2])?;
    same("the same start, which a beam of two does not keep", beam(late, EOS, 2, 4), vec![0, 2])?;
    let (mut likeliest, mut sentences) = ((Vec::new(), 0.0), vec![(Vec::new(), 1.0)]);
    for (said, probability) in (0..4).flat_map(|_| {
        let longer: Vec<(Vec<u32>, f64)> = sentences.iter().flat_map(longer).collect();
        sentences = longer.iter().filter(|(said, _)| said.last() != Some(&EOS)).cloned().collect();
        longer
    }) {
        if said.last() == Some(&EOS) && probability > likeliest.1 {
            likeliest = (said, probability);
        }
    }
    same("a beam as wide as all sentences of four words", beam(any, EOS, 64, 4), likeliest.0)
}

/// A sentence continued by every word.
fn longer((said, probability): &(Vec<u32>, f64)) -> Vec<(Vec<u32>, f64)> {
    let continued = |(word, p): (usize, f64)| ([&said[..], &[word as u32]].concat(), probability * p);
    any(said).into_iter().enumerate().map(continued).collect()
}
