//! Exercises of chapter 12, `etudiant::book::ch12_beyond`. Write your code where it says `your_turn!`.

/// Exercise 1: A sum whose bits depend on the numbers alone: each `chunk` numbers (the last may be fewer) are
/// summed from the first on, beginning with 0, and these sums are added up in their order, beginning with 0. It is
/// no matter then who sums which.
///
/// `numbers.chunks(chunk)` are the chunks.
pub fn sum_in_chunks(numbers: &[f32], chunk: usize) -> f32 {
    your_turn!(numbers, chunk)
}

/// Exercise 2: Dropout: where the random number, from 0..1, is below `p`, the result is 0; elsewhere it is x, made
/// larger so that on average nothing changes. What is it multiplied by?
///
/// `for (x, random) in x.iter().zip(random)` walks through both.
pub fn dropout(x: &[f64], random: &[f64], p: f64) -> Vec<f64> {
    your_turn!(x, random, p)
}

/// Exercise 3: How many words of the hypothesis are in the reference too. A word of the reference counts once: "the
/// the the" has two words in common with "the cat on the mat".
///
/// `let mut left = reference.to_vec();` is a list of your own, `left.iter().position(|other| other == word)` gives
/// `Some(place)` or `None`, `if let Some(place) = .. { .. }` runs if there is one, and `left.remove(place);` takes it
/// out.
pub fn clipped_matches(hypothesis: &[&str], reference: &[&str]) -> usize {
    your_turn!(hypothesis, reference)
}
