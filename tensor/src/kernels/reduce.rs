//! Reductions of the middle axis of `[outer, len, inner]`.
//!
//! With `inner` 1 each row is folded on its own, in lanes ([`fold`](super::fold)). Otherwise whole rows of `inner`
//! elements are folded into an accumulator row. Long reductions of short rows are cut into blocks of rows whose number
//! depends on the sizes alone.
//!
//! What is folded may be of another type than the elements: sums of f32 are formed in f64 and rounded once. Those of f64
//! keep their digits as well: [`PART`] rows are folded in order, and parts in pairs, so that the error grows with the
//! logarithm of the length, as it does along rows.
//!
//! Where rows are short, blocks are shared between threads, each with an accumulator of its own. Where they are long, a
//! block has so few of them that the accumulators would take up as much memory as the input; then the columns are
//! shared, and one strip of them goes through all rows.

use crate::element::Element;
use crate::kernels::fold::{fold_row, max, sum_row, sum_wide};
use crate::simd;
use crate::threads::{GRAIN, for_each_chunk, map_indices, rows_per_chunk};

/// Blocks of more rows than this have an accumulator each; over a long axis these take up less than an eighth of what
/// the input does.
const FEW_ROWS: usize = 8;

/// How many rows are folded in order, before parts are combined in pairs.
const PART: usize = 64;

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
                fold_in_pairs(group, inner, 0, out, fold);
            }
        });
    } else if block > FEW_ROWS {
        reduce_by_blocks(x, [len, inner], block, &mut out, fold);
    } else {
        reduce_by_strips(x, [len, inner], &mut out, fold);
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
        let start = row % blocks * block * inner;
        fold_in_pairs(&group[start..group.len().min(start + block * inner)], inner, 0, out, fold);
    });
    let Fold { identity, combine, .. } = fold;
    for (out, partial) in out.chunks_exact_mut(inner).zip(partial.chunks_exact(blocks * inner)) {
        fold_in_pairs(partial, inner, 0, out, Fold { identity, lift: |x| x, combine });
    }
}

/// Each column folded in pairs from end to end, a strip of columns at a time.
fn reduce_by_strips<T: Element, A: Element>(
    x: &[T],
    [len, inner]: [usize; 2],
    out: &mut [A],
    fold: Fold<A, impl Fn(T) -> A + Copy + Sync + Send, impl Fn(A, A) -> A + Copy + Sync + Send>,
) {
    let width = rows_per_chunk(len).max(STRIP);
    for_each_chunk(out, inner, |group, out| {
        let group = &x[group * len * inner..][..len * inner];
        for_each_chunk(out, width, |strip, out| fold_in_pairs(group, inner, strip * width, out, fold));
    });
}

/// Folds rows of `inner` elements into `out`, which stands below their columns from `first` on: [`PART`] rows in order,
/// and parts in pairs, as a binary counter carries.
fn fold_in_pairs<T: Element, A: Element>(
    rows: &[T],
    inner: usize,
    first: usize,
    out: &mut [A],
    fold: Fold<A, impl Fn(T) -> A + Copy, impl Fn(A, A) -> A + Copy>,
) {
    let width = out.len();
    let parts = rows.len().div_ceil(PART * inner);
    let mut levels = match parts {
        0 | 1 => Vec::new(),
        _ => vec![fold.identity; width * (parts.ilog2() as usize + 1)], // row l: of 2^l parts
    };
    simd!({
        for (count, part) in rows.chunks(PART * inner).enumerate() {
            out.fill(fold.identity);
            fold_rows(part.chunks_exact(inner).map(|row| &row[first..first + width]), out, fold);
            let carries = count.trailing_ones() as usize;
            for level in levels.chunks_exact(width).take(carries) {
                combine_rows(level, out, fold.combine);
            }
            if parts > 1 {
                levels[carries * width..][..width].copy_from_slice(out);
            }
        }
        let mut rest = parts & parts.saturating_sub(1); // `out` is of the lowest bit that is set in `parts`
        while rest != 0 {
            combine_rows(&levels[rest.trailing_zeros() as usize * width..][..width], out, fold.combine);
            rest &= rest - 1;
        }
    });
}

/// `out = combine(row, out)`, element by element.
#[inline(always)]
fn combine_rows<A: Element>(row: &[A], out: &mut [A], combine: impl Fn(A, A) -> A) {
    for (out, &x) in out.iter_mut().zip(row) {
        *out = combine(x, *out);
    }
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
mod tests;
