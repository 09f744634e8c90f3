//! The likeliest continuations of several hypotheses.

use tensor::{Element, simd};

/// How many words are looked at together, to see whether any of them comes into question.
const TOGETHER: usize = 64;

/// A hypothesis continued by a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Continued {
    /// Which hypothesis.
    pub row: usize,
    /// By which word.
    pub id: u32,
    /// What it is ranked by: the sum of what its words are worth.
    pub rank: f64,
}

/// The `count` likeliest continuations, in order; equals by row, then by word. Of each hypothesis `rows` has what the
/// words after it are worth, and what it is ranked by so far; what is worth minus infinity is not continued.
pub(super) fn likeliest<T: Element>(count: usize, rows: &[(&[T], f64)]) -> Vec<Continued> {
    let mut best = Vec::with_capacity(count + 1);
    for (row, &(words, so_far)) in rows.iter().enumerate() {
        simd!(search_row(count, &mut best, row, words, so_far));
    }
    best
}

/// Puts among the `best` what belongs there of one hypothesis.
#[inline(always)]
fn search_row<T: Element>(count: usize, best: &mut Vec<Continued>, row: usize, words: &[T], so_far: f64) {
    let mut id = 0;
    for part in words.chunks(TOGETHER) {
        let bound = bound::<T>(least(count, best), so_far);
        let comes_into_question = part.iter().fold(false, |any, &word| any | (word > bound));
        if comes_into_question {
            for (id, word) in (id..).zip(part) {
                let rank = so_far + word.f64();
                if rank > least(count, best) {
                    let place = best.partition_point(|other| other.rank >= rank); // of equals, the first stays
                    best.insert(place, Continued { row, id, rank });
                    best.truncate(count);
                }
            }
        }
        id += part.len() as u32;
    }
}

/// What a continuation must be above to be among the best.
#[inline(always)]
fn least(count: usize, best: &[Continued]) -> f64 {
    best.get(count - 1).map_or(f64::NEG_INFINITY, |last| last.rank)
}

/// What a word must be above to lift a hypothesis above `least`, or a little less: no rounding may hide one. A gap that is small
/// beside `so_far` is exact (Sterbenz 1974), and of any other a millionth is more than what is rounded off.
#[inline(always)]
fn bound<T: Element>(least: f64, so_far: f64) -> T {
    let gap = least - so_far;
    if gap.is_finite() { T::of(gap - 1e-6 * gap.abs()) } else { T::neg_infinity() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::{DType, Seed, Tensor};

    /// Sorted from all of them.
    fn naive<T: Element>(count: usize, rows: &[(&[T], f64)]) -> Vec<Continued> {
        let of_row = |(row, (words, so_far)): (usize, &(&[T], f64))| {
            let continued =
                |(id, word): (usize, &T)| Continued { row, id: id as u32, rank: so_far + word.f64() };
            words.iter().enumerate().map(continued).collect::<Vec<_>>()
        };
        let mut all: Vec<Continued> = rows.iter().enumerate().flat_map(of_row).collect();
        all.retain(|one| one.rank > f64::NEG_INFINITY);
        all.sort_by(|a, b| b.rank.total_cmp(&a.rank));
        all.truncate(count);
        all
    }

    #[test]
    fn they_are_those_that_sorting_finds_ties_and_all() {
        for (seed, width) in [(1, 5), (2, 64), (3, 100), (4, 1000)] {
            let normal = Tensor::normal([3, width], -9.0, 3.0, Seed::new(seed), DType::F64);
            let coarse = normal.mul_scalar(4.0).to_vec::<f64>().into_iter().map(|x| x.round() / 4.0);
            let mut words: Vec<f64> = coarse.collect();
            words[1] = f64::NEG_INFINITY;
            let narrow: Vec<f32> = words.iter().map(|&x| x as f32).collect();
            for so_far in [[0.0; 3], [-1.25, -1.0, f64::NEG_INFINITY], [-1e6, -1e6 - 0.25, -1e6]] {
                for count in [1, 2, 8, 4000] {
                    let rows = [0, 1, 2].map(|row| (&words[row * width..][..width], so_far[row]));
                    assert_eq!(likeliest(count, &rows), naive(count, &rows));
                    let rows = [0, 1, 2].map(|row| (&narrow[row * width..][..width], so_far[row]));
                    assert_eq!(likeliest(count, &rows), naive(count, &rows));
                }
            }
        }
    }

    /// No rounding hides a word, neither that of what comes before nor that of the bound: all within a millionth.
    #[test]
    fn words_that_are_nearly_equal_are_told_apart() {
        for so_far in [[0.0; 3], [-1e6, -1e6 - 1e-7, -1e6]] {
            for middle in [-0.5, -4.0] {
                let noise = Tensor::normal([3, 200], 0.0, 1e-7, Seed::new(5), DType::F64).to_vec::<f64>();
                let words: Vec<f64> = noise.iter().map(|noise| middle + noise).collect();
                let narrow: Vec<f32> = words.iter().map(|&x| x as f32).collect();
                for count in [1, 7] {
                    let rows = [0, 1, 2].map(|row| (&words[row * 200..][..200], so_far[row]));
                    assert_eq!(likeliest(count, &rows), naive(count, &rows));
                    let rows = [0, 1, 2].map(|row| (&narrow[row * 200..][..200], so_far[row]));
                    assert_eq!(likeliest(count, &rows), naive(count, &rows));
                }
            }
        }
    }
}
