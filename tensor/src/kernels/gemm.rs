//! Matrix products: `out = add_to + a b`, where the time of a Transformer goes.
//!
//! Read in this order. [`tile`] has the innermost loops: a few rows of `a` and columns of `b`, their sums in
//! [registers](lanes). [`pack`] puts operands where tiles read them one after the other. [`driver`] arranges the tiles
//! so that they find what they need in a cache. [`panels`] cuts a product for threads. [`matrix`] says where elements
//! stand, so that a transpose is two swapped numbers and never a copy, and [`element`] which of all this serves which type:
//! the [`library`] serves f64, in which gradients are checked, and processors without fused multiply-adds.
//!
//! [`bf16`] has the same products of operands rounded into another [`form`], and [`int8`] those by a matrix of whole numbers, for using a model.
//!
//! In f32 each element of a product is one sum, which takes its terms in order and is rounded once a term. So its bits
//! depend on its row of `a` and its column of `b` alone: not on threads, on the rows beside it, on strides, or on the
//! processor, if that has fused multiply-adds.

use element::Gemm;
use matrix::{AddTo, MatMut, MatRef, Out, extent};

pub mod bf16;
mod driver;
pub mod element;
mod form;
pub mod int8;
mod lanes;
mod library;
pub mod matrix;
mod pack;
pub mod packed;
pub mod panels;
pub mod rounding;
mod tile;
mod transpose;

/// `out = add_to + a b` on the calling thread, `[m, k] x [k, n] -> [m, n]`.
///
/// # Panics
/// If the dimensions do not match, a slice is too short for its dimensions, or rows of `out` overlap.
pub fn gemm<T: Gemm>(a: MatRef<T>, b: MatRef<T>, add_to: AddTo<T>, out: MatMut<T>) {
    assert!(extent(out.rows, out.cols, out.row_stride, 1) <= out.data.len(), "gemm: out is too short");
    assert!(out.rows < 2 || out.row_stride >= out.cols, "gemm: rows of out overlap");
    // SAFETY: `out` was just checked: every element that the dimensions and strides reach lies inside its slice, and no two
    // share a place. It is a unique borrow, so it overlaps neither `a` nor `b`.
    unsafe { gemm_at(a, b, add_to, out.into()) }
}

/// [`gemm()`] into memory that others write to at the same time, each elsewhere.
///
/// # Safety
/// All elements of `out` may be written, and nobody else looks at them.
///
/// # Panics
/// If the dimensions do not match, or a slice is too short for its dimensions.
pub unsafe fn gemm_at<T: Gemm>(a: MatRef<T>, b: MatRef<T>, add_to: AddTo<T>, out: Out<T>) {
    assert!(a.cols == b.rows, "gemm: inner dimensions");
    assert!((out.rows, out.cols) == (a.rows, b.cols), "gemm: dimensions of out");
    assert!(a.extent() <= a.data.len() && b.extent() <= b.data.len(), "gemm: an operand is too short");
    assert!(
        !matches!(add_to, AddTo::Row(row) if row.len() != out.cols),
        "gemm: the row to add to is of another length"
    );
    // SAFETY: the operands were just checked; of `out` the caller promises it.
    unsafe { T::product(a, &T::right(b, false), add_to, out, 0..out.cols) }
}

#[cfg(test)]
pub(crate) mod tests;
