//! A block of every row: where a part of a tensor lies in the whole, along any axis.
//!
//! Cut before that axis, the whole is rows, and the part is one block of each. Padding writes such blocks; the gradient
//! of a slice is added to them.

use std::ops::Range;

use crate::threads::{GRAIN, for_each_chunk, rows_per_chunk};

/// Lays the part `[rows, block.len()]` over the whole `[rows, row_len]`, its rows at `block` of the whole's, and calls
/// `f(whole, part)` for stretches of elements that meet. Nothing else of the whole is touched.
///
/// # Panics
/// If the block does not lie in a row, or the part has not as many rows as the whole.
pub fn zip_block<T: Copy + Send + Sync>(
    whole: &mut [T],
    row_len: usize,
    block: Range<usize>,
    part: &[T],
    f: impl Fn(&mut [T], &[T]) + Sync + Send,
) {
    assert!(block.start <= block.end && block.end <= row_len, "zip_block: {block:?} in a row of {row_len}");
    if part.is_empty() {
        return;
    }
    let (len, rows) = (block.len(), rows_per_chunk(block.len()));
    let fits = whole.len() / row_len * len == part.len();
    assert!(fits, "zip_block: {} elements for blocks of {len} in {}", part.len(), whole.len());
    for_each_chunk(whole, rows * row_len, |chunk, whole| {
        let parts = part[chunk * rows * len..].chunks_exact(len);
        for (row, part) in whole.chunks_exact_mut(row_len).zip(parts) {
            for_each_chunk(&mut row[block.clone()], GRAIN, |piece, whole| {
                f(whole, &part[piece * GRAIN..][..whole.len()]);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    type Meet = fn(&mut f64, f64);

    fn naive_zip_block(whole: &mut [f64], row_len: usize, block: Range<usize>, part: &[f64], f: Meet) {
        for (i, &part) in part.iter().enumerate() {
            let (row, column) = (i / block.len(), i % block.len());
            f(&mut whole[row * row_len + block.start + column], part);
        }
    }

    #[test]
    fn agrees_with_the_naive_twin() {
        let small = [(0, 3, 1..3), (3, 4, 2..2), (3, 0, 0..0), (5, 7, 2..7), (5, 7, 0..7), (4, 3, 1..2)];
        let one_row = (1, 3 * GRAIN, 7..2 * GRAIN + 12); // several pieces of one block
        let many_rows = (9, GRAIN, 100..GRAIN / 2); // several chunks of rows
        for (rows, row_len, block) in small.into_iter().chain([one_row, many_rows]) {
            let whole: Vec<f64> = (0..rows * row_len).map(|i| i as f64).collect();
            let part: Vec<f64> = (0..rows * block.len()).map(|i| 0.5 - i as f64).collect();
            let (put, add): (Meet, Meet) = (|whole, part| *whole = part, |whole, part| *whole += part);
            for f in [put, add] {
                let (mut found, mut expected) = (whole.clone(), whole.clone());
                zip_block(&mut found, row_len, block.clone(), &part, |whole, part| {
                    assert_eq!(whole.len(), part.len());
                    whole.iter_mut().zip(part).for_each(|(whole, &part)| f(whole, part));
                });
                naive_zip_block(&mut expected, row_len, block.clone(), &part, f);
                assert_eq!(found, expected, "{block:?} of {rows} rows of {row_len}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "zip_block: 2..5 in a row of 4")]
    fn a_block_beyond_its_row_panics() {
        zip_block(&mut [0.0; 8], 4, 2..5, &[0.0; 6], |_, _| ());
    }

    #[test]
    #[should_panic(expected = "zip_block: 6 elements for blocks of 2 in 8")]
    fn another_number_of_rows_panics() {
        zip_block(&mut [0.0; 8], 4, 0..2, &[0.0; 6], |_, _| ());
    }
}
