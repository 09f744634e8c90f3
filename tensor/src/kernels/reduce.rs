//! Reductions of the middle axis of `[outer, len, inner]`.
//!
//! With `inner` 1 each row is folded on its own, in lanes ([`fold`](super::fold)). Otherwise whole rows of `inner`
//! elements are folded into an accumulator row. Long reductions are cut into blocks of rows whose number depends on
//! the sizes alone, and the blocks are combined in order.
//!
//! What is folded may be of another type than the elements: sums of f32 are formed in f64 and rounded once.
//!
//! Where rows are short, blocks are shared between threads, each with an accumulator of its own. Where they are long, a
//! block has so few of them that the accumulators would take up as much memory as the input; then the columns are
//! shared, and one strip of them goes through all blocks.

use crate::element::Element;
use crate::kernels::fold::{fold_row, max, sum_row, sum_wide};
use crate::simd;
use crate::threads::{GRAIN, for_each_chunk, map_indices, rows_per_chunk};

/// Blocks of more rows than this have an accumulator each; over a long axis these take up less than an eighth of what
/// the input does.
const FEW_ROWS: usize = 8;

/// The columns of a strip, if there are enough rows to keep a thread busy.
const STRIP: usize = 256;

/// The sum of the middle axis of `x`, `[outer, len, inner]`, in f64.
pub fn sum<T: Element>(x: &[T], dims: [usize; 3]) -> Vec<f64> {
    reduce(x, dims, Fold { identity: 0.0, lift: T::f64, combine: |a, b| a + b })
}

/// The largest element of the middle axis of `x`, `[outer, len, inner]`; NaN if there is one.
pub fn largest<T: Element>(x: &[T], dims: [usize; 3]) -> Vec<T> {
    reduce(x, dims, Fold { identity: T::neg_infinity(), lift: |x| x, combine: max })
}

/// A reduction: what to begin with, what an element counts as, and how two results become one.
#[derive(Clone, Copy)]
struct Fold<A, Lift, Combine> {
    identity: A,
    lift: Lift,
    combine: Combine,
}

/// `out[o, i] = combine over l of lift(x[o, l, i])`, where `x` is `[outer, len, inner]`, row-major.
fn reduce<T: Element, A: Element>(
    x: &[T],
    [outer, len, inner]: [usize; 3],
    fold: Fold<A, impl Fn(T) -> A + Copy + Sync + Send, impl Fn(A, A) -> A + Copy + Sync + Send>,
) -> Vec<A> {
    let mut out = vec![fold.identity; outer * inner];
    if x.is_empty() {
        return out;
    }
    let block = rows_per_chunk(inner);
    if inner == 1 {
        let rows = rows_per_chunk(len);
        for_each_chunk(&mut out, rows, |chunk, out| {
            let x = &x[chunk * rows * len..];
            simd!(for (out, row) in out.iter_mut().zip(x.chunks_exact(len)) {
                *out = fold_row(row, fold.identity, fold.lift, fold.combine);
            });
        });
    } else if len <= block {
        let groups = rows_per_chunk(len * inner);
        for_each_chunk(&mut out, groups * inner, |chunk, out| {
            let x = &x[chunk * groups * len * inner..];
            for (out, group) in out.chunks_exact_mut(inner).zip(x.chunks_exact(len * inner)) {
                simd!(fold_rows(group.chunks_exact(inner), out, fold));
            }
        });
    } else if block > FEW_ROWS {
        reduce_by_blocks(x, [len, inner], block, &mut out, fold);
    } else {
        reduce_by_strips(x, [len, inner], block, &mut out, fold);
    }
    out
}

/// Blocks of rows, each folded into an accumulator of its own: block b of group o into row (o, b) of `partial`.
fn reduce_by_blocks<T: Element, A: Element>(
    x: &[T],
    [len, inner]: [usize; 2],
    block: usize,
    out: &mut [A],
    fold: Fold<A, impl Fn(T) -> A + Copy + Sync + Send, impl Fn(A, A) -> A + Copy + Sync + Send>,
) {
    let blocks = len.div_ceil(block);
    let mut partial = vec![fold.identity; out.len() * blocks]; // [outer, blocks, inner]
    for_each_chunk(&mut partial, inner, |row, out| {
        let group = &x[row / blocks * len * inner..][..len * inner];
        let rows = &group[row % blocks * block * inner..];
        simd!(fold_rows(rows.chunks_exact(inner).take(block), out, fold));
    });
    let Fold { identity, combine, .. } = fold;
    for (out, partial) in out.chunks_exact_mut(inner).zip(partial.chunks_exact(blocks * inner)) {
        simd!(fold_rows(partial.chunks_exact(inner), out, Fold { identity, lift: |x| x, combine }));
    }
}

/// As [`reduce_by_blocks`], in the same order for every element, a strip of columns at a time.
fn reduce_by_strips<T: Element, A: Element>(
    x: &[T],
    [len, inner]: [usize; 2],
    block: usize,
    out: &mut [A],
    fold: Fold<A, impl Fn(T) -> A + Copy + Sync + Send, impl Fn(A, A) -> A + Copy + Sync + Send>,
) {
    let Fold { identity, combine, .. } = fold;
    let width = rows_per_chunk(len).max(STRIP);
    for_each_chunk(out, inner, |group, out| {
        let group = &x[group * len * inner..][..len * inner];
        for_each_chunk(out, width, |strip, out| {
            let columns = strip * width..strip * width + out.len();
            let mut partial = vec![identity; out.len()];
            simd!(for block in group.chunks(block * inner) {
                partial.fill(identity);
                let rows = block.chunks_exact(inner).map(|row| &row[columns.clone()]);
                fold_rows(rows, &mut partial, fold);
                fold_rows([&partial[..]].into_iter(), out, Fold { identity, lift: |x| x, combine });
            });
        });
    });
}

/// Folds rows as long as `out` into it, in order.
#[inline(always)]
fn fold_rows<'a, T: Element, A: Element>(
    rows: impl Iterator<Item = &'a [T]>,
    out: &mut [A],
    fold: Fold<A, impl Fn(T) -> A, impl Fn(A, A) -> A>,
) {
    for row in rows {
        for (out, &x) in out.iter_mut().zip(row) {
            *out = (fold.combine)(*out, (fold.lift)(x));
        }
    }
}

/// The sum of `f` over a slice in `f64`, in the order of [`sum_wide`] and in chunks combined in pairs.
pub fn sum_f64<T: Element>(x: &[T], f: impl Fn(f64) -> f64 + Sync + Send) -> f64 {
    let chunks: Vec<&[T]> = x.chunks(GRAIN).collect();
    let partial = map_indices(chunks.len(), |chunk| simd!(sum_wide(chunks[chunk], |x| f(x.f64()))));
    sum_row(&partial)
}

/// Whether no element is NaN or infinite. Elements are looked at a block at a time, without a branch for each, which
/// would keep them out of vector registers.
pub fn all_finite<T: Element>(x: &[T]) -> bool {
    const BLOCK: usize = 1024;
    let finite = |block: &[T]| block.iter().fold(true, |finite, x| finite & x.is_finite());
    simd!(x.chunks(BLOCK).all(finite))
}

/// For each row of `len` elements, the index of its largest element, the first among equals. A NaN
/// counts as larger than every number.
pub fn argmax_rows<T: Element>(x: &[T], rows: usize, len: usize) -> Vec<u32> {
    let mut out = vec![0; rows];
    let chunk_rows = rows_per_chunk(len);
    for_each_chunk(&mut out, chunk_rows, |chunk, out| {
        for (out, row) in out.iter_mut().zip(x[chunk * chunk_rows * len..].chunks_exact(len)) {
            *out = argmax(row) as u32;
        }
    });
    out
}

/// The index of the largest element, the first among equals; a NaN counts as largest. 0 if empty.
pub fn argmax<T: Element>(row: &[T]) -> usize {
    let mut best = 0;
    for (i, &x) in row.iter().enumerate() {
        if x > row[best] || (x.is_nan() && !row[best].is_nan()) {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reduction computes, in plain order.
    fn naive_reduce(
        x: &[f64],
        [outer, len, inner]: [usize; 3],
        identity: f64,
        f: fn(f64, f64) -> f64,
    ) -> Vec<f64> {
        let at = |o: usize, l: usize, i: usize| x[(o * len + l) * inner + i];
        let cell = |cell: usize| (0..len).fold(identity, |a, l| f(a, at(cell / inner, l, cell % inner)));
        (0..outer * inner).map(cell).collect()
    }

    #[test]
    fn agrees_with_the_naive_twin_on_integers() {
        let sizes = [
            [0, 3, 2],
            [2, 0, 3],
            [2, 3, 0],
            [1, 1, 1],
            [3, 17, 1],
            [1, 40_000, 1],
            [50_000, 3, 1],
            [2, 5, 7],
            [1, 9000, 5],
            [3, 9000, 7],
            [400, 3, 129],
            [1, 3, 20_000],
            [2, 100, 3000],
            [3, 9, 2048],
        ];
        for [outer, len, inner] in sizes {
            let dims = [outer, len, inner];
            let x: Vec<f64> = (0..outer * len * inner).map(|i| (i * 31 % 101) as f64 - 50.0).collect();
            assert_eq!(sum(&x, dims), naive_reduce(&x, dims, 0.0, |a, b| a + b), "{dims:?}");
            let lowest = f64::NEG_INFINITY;
            assert_eq!(largest(&x, dims), naive_reduce(&x, dims, lowest, f64::max), "max of {dims:?}");
        }
    }

    #[test]
    fn every_sum_is_that_of_its_blocks_in_order() {
        for dims @ [outer, len, inner] in
            [[2, 9000, 7], [1, 200, 1500], [2, 100, 3000], [1, 9, 2048], [2, 5, 9000]]
        {
            let x: Vec<f32> = (0..outer * len * inner).map(|i| (i as f32 * 0.7).sin()).collect();
            let sum_of = |cell: usize| {
                let at = |l: usize| f64::from(x[(cell / inner * len + l) * inner + cell % inner]);
                let rows: Vec<usize> = (0..len).collect();
                let blocks = rows.chunks(rows_per_chunk(inner));
                blocks.map(|rows| rows.iter().fold(0.0, |sum, &l| sum + at(l))).fold(0.0, |sum, x| sum + x)
            };
            let expected: Vec<f64> = (0..outer * inner).map(sum_of).collect();
            assert!(sum(&x, dims) == expected, "{dims:?}");
        }
    }

    #[test]
    fn one_number_that_is_not_finite_is_found_at_every_place() {
        let mut x = vec![f32::MAX; 2100]; // two blocks and a part of one
        assert!(all_finite(&x) && all_finite::<f64>(&[]));
        for place in 0..x.len() {
            for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                x[place] = wrong;
                assert_eq!(all_finite(&x), x.iter().all(|x| x.is_finite()), "{wrong} at {place}");
            }
            x[place] = f32::MIN;
        }
    }

    #[test]
    fn max_and_argmax_do_not_lose_a_nan() {
        assert!(largest(&[1.0, f64::NAN, 2.0], [1, 3, 1])[0].is_nan());
        assert!(largest(&[f64::NAN, 1.0], [1, 2, 1])[0].is_nan());
        assert_eq!(argmax(&[1.0, f64::NAN, 2.0, f64::NAN]), 1);
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(argmax_rows(&[1.0f32, 2.0, 5.0, 4.0], 2, 2), [1, 0]);
    }

    #[test]
    fn every_row_of_many_has_its_argmax() {
        let (rows, len) = (GRAIN, 3); // several chunks of rows
        let largest = |row: usize| row * 7 % 5 % len;
        let x: Vec<f32> = (0..rows * len).map(|i| f32::from(u8::from(i % len == largest(i / len)))).collect();
        assert!(argmax_rows(&x, rows, len).into_iter().eq((0..rows).map(|row| largest(row) as u32)));
    }

    #[test]
    fn sum_f64_applies_its_function() {
        let x: Vec<f32> = (0..40_000).map(|i| (i % 5) as f32).collect();
        assert_eq!(sum_f64(&x, |x| x * x), 8000.0 * 30.0);
        assert_eq!(sum_f64::<f32>(&[], |x| x), 0.0);
    }
}
