//! Products shared by threads, in pieces of rows and columns.
//!
//! Each piece reads its rows of `a` and its columns of `b` anew, so the fewer there are, the less is waited for memory. Where
//! no cut changes a bit there are two for each thread, up to 64 in all, or as many as are large enough; and everywhere else,
//! as in all other kernels, as many as the sizes of the product say.

use std::ops::Range;

use super::element::Gemm;
use super::matrix::{AddTo, MatRef, Out};
use super::tile::PANEL;
use crate::threads::{self, for_each_index};

/// Multiply-adds below which a product stays on the calling thread.
const PARALLEL_WORK: usize = 1 << 18;
/// Multiply-adds that a piece should at least hold, so that handing it out pays.
const PIECE_WORK: usize = 1 << 22;
/// The most pieces that a product is cut into.
const MAX_PIECES: usize = 64;
/// How many pieces there are for each thread, that all may end at about the same time.
const PIECES_PER_THREAD: usize = 2;
/// A piece should have so many rows: its columns of `b` are packed, or fetched from memory, once for all of them.
const PIECE_ROWS: usize = 128;
/// And so many, a few tiles' worth, if there would not be half as many pieces otherwise: one for each of 32 threads.
const LEAST_ROWS: usize = 56;
/// And so many columns, some panels: rows are read anew for each piece.
const PIECE_COLS: usize = 256;
/// Rows of `a` that are not contiguous are packed anew for each piece beside another, so columns are not cut further where
/// rows make so many pieces.
const ENOUGH: usize = 16;
/// A product of few rows takes its time from reading `b`, as much as if it had so many.
const FEW_ROWS: usize = 16;
/// And then a piece should have so many columns, as each is read once.
const FEW_ROWS_COLS: usize = 64;
/// It is shared as if it had so many rows at least: in the time that handing it out takes, a core reads some ten thousand numbers.
const SHARED_ROWS: usize = 8;

/// The most pieces of a product: by the number of threads, if its bits are the same for `any_cut`.
pub(super) fn most_pieces(any_cut: bool) -> usize {
    let by_threads = threads::count().saturating_mul(PIECES_PER_THREAD).min(MAX_PIECES).next_power_of_two();
    if any_cut { by_threads } else { MAX_PIECES }
}

/// The size `(rows, cols)` of the pieces that a product `[m, k] x [k, n]` is cut into, at `most` so many and all about as
/// large: two, four, eight, so that threads get equal shares. First one side is cut, and where it is too short, the other as
/// well.
pub(super) fn piece_size([m, k, n]: [usize; 3], columns_first: bool, most: usize) -> (usize, usize) {
    let work = |m: usize| m.saturating_mul(n).saturating_mul(k.max(1));
    if m == 0 || work(m.max(SHARED_ROWS)) < PARALLEL_WORK {
        return (m.max(1), n.max(1));
    }
    let piece_cols = if m < FEW_ROWS { FEW_ROWS_COLS } else { PIECE_COLS };
    let pieces = (work(m.max(FEW_ROWS)) / PIECE_WORK).next_power_of_two().clamp(2, most);
    let halved = |len: usize, least: usize, most: usize| {
        let fits = |&pieces: &usize| pieces == 1 || len / pieces >= least;
        std::iter::successors(Some(most), |pieces| Some(pieces / 2)).find(fits).expect("one piece fits")
    };
    let cut = |piece_rows: usize| {
        let across = if columns_first { halved(n, piece_cols, pieces) } else { 1 };
        let down = halved(m, piece_rows, pieces / across);
        match columns_first {
            true => (down, across),
            false => (down, halved(n, piece_cols / 2, pieces.min(ENOUGH) / down.min(ENOUGH))),
        }
    };
    let (down, across) = match cut(PIECE_ROWS) {
        (down, across) if down * across < (pieces / PIECES_PER_THREAD).max(2) => cut(LEAST_ROWS),
        enough => enough,
    };
    (m.div_ceil(down), n.div_ceil(across).next_multiple_of(PANEL).min(n))
}

/// `out = a b + add_to` into row-major `out` `[m, n]`, in pieces that threads share.
///
/// # Panics
/// As [`gemm`](super::gemm()), or if a row to add to does not have the length of those of `out`.
pub fn gemm_parallel<T: Gemm>(a: MatRef<T>, b: MatRef<T>, add_to: AddTo<T>, out: &mut [T]) {
    assert!(b.extent() <= b.data.len(), "gemm: an operand is too short");
    in_pieces(
        a,
        [b.rows, b.cols],
        |share| T::right(b, share),
        add_to,
        out,
        |a, b, out, cols| {
            // SAFETY: the pieces are as `in_pieces` promises, and `b` was checked.
            unsafe { T::product(a, b, add_to, out, cols) }
        },
    );
}

/// A product by the operand `[k, n]` that `right` makes, told whether several pieces share it. `product` gets rows of `a` and
/// of `out`, and some columns, the first a multiple of 32, that it alone may write; all elements of `a` lie in its slice.
pub(super) fn in_pieces<T: Gemm, B: Sync>(
    a: MatRef<T>,
    [terms, n]: [usize; 2],
    right: impl FnOnce(bool) -> B,
    add_to: AddTo<T>,
    out: &mut [T],
    product: impl Fn(MatRef<T>, &B, Out<T>, Range<usize>) + Sync + Send,
) {
    let (m, k) = (a.rows, a.cols);
    assert!(k == terms, "gemm: inner dimensions");
    assert!(Some(out.len()) == m.checked_mul(n), "gemm: out does not hold [{m}, {n}]");
    assert!(a.extent() <= a.data.len(), "gemm: an operand is too short");
    assert!(!matches!(add_to, AddTo::Row(row) if row.len() != n), "gemm: the row to add to is not [{n}]");
    let (rows, cols) = piece_size([m, k, n], a.col_stride == 1, most_pieces(T::any_cut()));
    let (down, across) = (m.div_ceil(rows), n.div_ceil(cols));
    // `out` is borrowed uniquely until the loop has ended, and no two pieces share rows and columns.
    let out = Out { data: out.as_mut_ptr(), rows: m, cols: n, row_stride: n };
    let b = right(down > 2);
    for_each_index(down * across, |piece| {
        let (i, j) = (piece / across * rows, piece % across * cols);
        let (a, out) = (a.row_panel(i, rows.min(m - i)), out.row_panel(i, rows.min(m - i)));
        product(a, &b, out, j..n.min(j + cols));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_large_enough_few_and_aligned() {
        assert_eq!(piece_size([64, 63, 64], true, MAX_PIECES), (64, 64), "a small product stays whole");
        assert_eq!(piece_size([0, 7, 9], true, MAX_PIECES), (1, 9));
        assert_eq!(piece_size([0, 512, 512], true, MAX_PIECES), (1, 512));
        assert_eq!(
            piece_size([1, 128, 128], true, MAX_PIECES),
            (1, 128),
            "a row by a small matrix stays whole"
        );
        assert_eq!(piece_size([1, 128, 256], true, MAX_PIECES), (1, 128), "a larger one is read by two");
        assert_eq!(piece_size([15, 512, 128], true, MAX_PIECES), (15, 64));
        assert_eq!(piece_size([16, 512, 128], true, MAX_PIECES), (16, 128), "rows read together");
        assert_eq!(piece_size([168, 64, 64], true, MAX_PIECES), (84, 64), "two pieces are the fewest");
        assert_eq!(
            piece_size([32, 64, 512], false, MAX_PIECES),
            (32, 256),
            "where rows are few, columns are cut"
        );
        assert_eq!(
            piece_size([2048, 128, 128], true, MAX_PIECES),
            (256, 128),
            "where columns are few, rows are"
        );
        assert_eq!(
            piece_size([2048, 512, 10_000], true, MAX_PIECES),
            (1024, 320),
            "sixty-four are the most, of whole panels"
        );
        assert_eq!(
            piece_size([1, 512, 16_000], true, MAX_PIECES),
            (1, 512),
            "a row is cut for the bandwidth's sake"
        );
        assert_eq!(piece_size([512, 2048, 512], false, MAX_PIECES), (64, 256), "both are cut");
        assert_eq!(
            piece_size([1024, 512, 2048], true, 8),
            (1024, 256),
            "and no further than for the threads"
        );
        assert_eq!(
            piece_size([256, 16_000, 512], true, 4),
            (128, 256),
            "rows enough for what is read of b to pay"
        );
        assert_eq!(piece_size([1024, 512, 512], true, 32), (128, 256), "one for each of 16 threads will do");
        assert_eq!(piece_size([1024, 512, 512], true, 64), (64, 256), "fewer rows where threads would idle");
        assert_eq!(piece_size([224, 512, 256], true, 4), (56, 256), "here too");
    }

    #[test]
    fn there_are_two_pieces_or_more_for_a_thread_where_no_cut_changes_a_bit() {
        let most = |threads: usize, any_cut: bool| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| most_pieces(any_cut))
        };
        assert_eq!([1, 2, 3, 16, 40].map(|threads| most(threads, true)), [2, 4, 8, 32, 64]);
        assert_eq!([1, 16].map(|threads| most(threads, false)), [64, 64]);
    }
}
