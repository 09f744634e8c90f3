//! Exercises of chapter 11, `etudiant::book::ch11_decoding`. Write your code where it says `your_turn!`.

use crate::checks::ch11_decoding::Next;

/// Exercise 1: Greedy decoding. `next(&said)` is the probability of each word to come after those that were said.
/// Always say the likeliest (the first of equals), until that is `eos`, which is said too, or there are `max_len`
/// words.
///
/// Words are numbers of the type u32: `word as usize` to count with, `place as u32` back. `said.last()` is the last
/// one if there is one, and can be compared with `Some(&eos)`.
pub fn greedy(next: Next, eos: u32, max_len: usize) -> Vec<u32> {
    your_turn!(next, eos, max_len)
}

/// Exercise 2: Which of these translations is best? Each is (log-probability, number of words), and its score the
/// log-probability divided by `((5 + words) / 6)^alpha`. Gives its place in the list.
///
/// `translations[i].0` and `translations[i].1` are the two parts of a pair.
pub fn best(translations: &[(f64, usize)], alpha: f64) -> usize {
    your_turn!(translations, alpha)
}

/// Exercise 3: Beam search, in its simplest form. Begin with one empty sentence. At each step continue every
/// unfinished sentence by every word; those that end with `eos` now are finished and put aside; of the others keep
/// the `beam_size` likeliest. After `max_len` steps the likeliest of those put aside is the answer. The probability
/// of a sentence is the product of its words'.
///
/// `let mut live: Vec<(Vec<u32>, f64)> = vec![(Vec::new(), 1.0)];` is a list of sentences with their probabilities,
/// and `for (said, p) in &live` looks at each. `let mut longer = said.clone();` makes a copy to append to.
/// `list.sort_by(|a, b| b.1.total_cmp(&a.1));` sorts such a list, likeliest first, `list.truncate(n);` keeps n.
pub fn beam(next: Next, eos: u32, beam_size: usize, max_len: usize) -> Vec<u32> {
    your_turn!(next, eos, beam_size, max_len)
}
