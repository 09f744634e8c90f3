//! Matrix products: `out = alpha * a b + beta * out`.
//!
//! [`gemm`] is a product on the calling thread, and [`gemm_parallel`](panels::gemm_parallel) one that is cut into
//! [`panels`] for many. Operands are [`matrix`] views, so that a transpose is two swapped numbers and never a copy.
//! [`library`] is the one seam to the GEMM libraries.

use library::Gemm;
use matrix::{MatMut, MatRef, extent, is_disjoint};

pub mod library;
pub mod matrix;
pub mod panels;

/// `out = alpha * a b + beta * out` on the calling thread, `[m, k] x [k, n] -> [m, n]`.
/// With `beta` 0, what `out` held before is not read.
///
/// # Panics
/// If the dimensions do not match, a slice is too short for its dimensions, or elements of `out` overlap.
pub fn gemm<T: Gemm>(alpha: T, a: MatRef<T>, b: MatRef<T>, beta: T, out: MatMut<T>) {
    assert!(a.cols == b.rows, "gemm: inner dimensions");
    assert!((out.rows, out.cols) == (a.rows, b.cols), "gemm: dimensions of out");
    assert!(a.extent() <= a.data.len() && b.extent() <= b.data.len(), "gemm: an operand is too short");
    assert!(
        extent(out.rows, out.cols, out.row_stride, out.col_stride) <= out.data.len(),
        "gemm: out is too short"
    );
    let disjoint = is_disjoint(out.rows, out.cols, out.row_stride, out.col_stride);
    assert!(disjoint, "gemm: elements of out overlap");
    // SAFETY: `a`, `b` and `out` were just checked: every element that the dimensions and strides
    // reach lies inside its slice, and no two elements of `out` share a place. `out` is a unique
    // borrow, so it overlaps neither `a` nor `b`.
    unsafe { T::library_gemm(alpha, a, b, beta, out.data.as_mut_ptr(), out.row_stride, out.col_stride) }
}

#[cfg(test)]
mod tests;
