//! The library `matrixmultiply`: for f64, and for f32 where there is no fused multiply-add.
//!
//! It packs the operands and chooses its vector instructions at run time, and is given no threads of its own. How much of
//! a sum it forms at a time depends on the processor's vectors, so its results are the same bits on one kind of machine,
//! and not on all.

use std::ops::Range;

use super::matrix::{AddTo, MatRef, Out};
use crate::element::Element;

/// The library's function for one type.
pub(super) trait Library: Element {
    /// `out = beta out + a b`; with `beta` 0, what `out` holds is not read.
    ///
    /// # Safety
    /// All elements of `a` and `b` lie in their slices; those of `out` may be written, and nobody else looks at them.
    unsafe fn call(a: MatRef<Self>, b: MatRef<Self>, beta: Self, out: Out<Self>);
}

/// `out = add_to + a b` for some columns of `b` and `out`, on the calling thread.
///
/// # Safety
/// As [`Gemm::product`](super::element::Gemm::product).
pub(super) unsafe fn product<T: Library>(
    a: MatRef<T>,
    b: MatRef<T>,
    add_to: AddTo<T>,
    out: Out<T>,
    cols: Range<usize>,
) {
    let (b, out) = (b.col_panel(cols.start, cols.len()), out.col_panel(cols.start, cols.len()));
    if let AddTo::Row(row) = add_to {
        for i in 0..out.rows {
            // SAFETY: these are elements of row i, which the caller lets us write.
            unsafe { out.at(i, 0).copy_from_nonoverlapping(row[cols.clone()].as_ptr(), out.cols) };
        }
    }
    let beta = if matches!(add_to, AddTo::Zero) { T::zero() } else { T::one() };
    // SAFETY: as the caller promises.
    unsafe { T::call(a, b, beta, out) }
}

macro_rules! library {
    ($T:ty, $gemm:path) => {
        impl Library for $T {
            unsafe fn call(a: MatRef<$T>, b: MatRef<$T>, beta: $T, out: Out<$T>) {
                // SAFETY: the caller promises that the pointers, dimensions and strides describe valid
                // memory. Strides are distances inside one slice, so they fit isize.
                unsafe {
                    $gemm(
                        a.rows,
                        a.cols,
                        b.cols,
                        1.0,
                        a.data.as_ptr(),
                        a.row_stride as isize,
                        a.col_stride as isize,
                        b.data.as_ptr(),
                        b.row_stride as isize,
                        b.col_stride as isize,
                        beta,
                        out.data,
                        out.row_stride as isize,
                        1,
                    );
                }
            }
        }
    };
}

library!(f32, matrixmultiply::sgemm);
library!(f64, matrixmultiply::dgemm);
