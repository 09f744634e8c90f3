//! The GEMM libraries: `matrixmultiply`, and with the feature `gemm` the crate `gemm` for all but small products.
//!
//! Both pack the operands and choose their vector instructions at run time, and neither is given threads of its
//! own. For vectors, tiny matrices and sums of one or two terms the crate `gemm` has kernels that it chooses by
//! the strides, so that a view would give other bits than a copy of it; and at 16 x 16 it is the slower of the two.
//! Those go to `matrixmultiply`. Both libraries choose how much of a sum to form at a time by the processor's caches or
//! vectors, so results are the same bits on one kind of machine, and not on all.

use super::matrix::MatRef;
use crate::element::Element;

/// The GEMM library's entry for one element type. Implemented for `f32` and `f64`.
pub trait Gemm: Element {
    /// `c = alpha * a b + beta * c`, where `c` points to element (0, 0) of a matrix with these strides. With
    /// `beta` 0, what `c` held before is not read.
    ///
    /// # Safety
    /// Every element that the dimensions and strides reach must lie inside the slices of `a` and `b`, and
    /// in memory that is valid for reads and writes for `c`, where no two elements may share a place.
    #[doc(hidden)]
    unsafe fn library_gemm(
        alpha: Self,
        a: MatRef<Self>,
        b: MatRef<Self>,
        beta: Self,
        c: *mut Self,
        row_stride: usize,
        col_stride: usize,
    );
}

/// Whether the crate `gemm` computes a product the same way whatever the strides, and faster.
#[cfg(feature = "gemm")]
fn is_large<T>(a: &MatRef<T>, b: &MatRef<T>) -> bool {
    a.rows > 1 && b.cols > 1 && a.rows * b.cols > 16 * 16 && a.cols > 2
}

macro_rules! library_gemm {
    ($T:ty, $small:path) => {
        impl Gemm for $T {
            unsafe fn library_gemm(
                alpha: $T,
                a: MatRef<$T>,
                b: MatRef<$T>,
                beta: $T,
                c: *mut $T,
                row_stride: usize,
                col_stride: usize,
            ) {
                #[cfg(feature = "gemm")]
                if is_large(&a, &b) {
                    // SAFETY: the caller promises that the pointers, dimensions and strides describe valid
                    // memory. Strides are distances inside one slice, so they fit isize.
                    return unsafe {
                        gemm::gemm(
                            a.rows,
                            b.cols,
                            a.cols,
                            c,
                            col_stride as isize, // column strides come first here
                            row_stride as isize,
                            beta != 0.0, // whether to read c
                            a.data.as_ptr(),
                            a.col_stride as isize,
                            a.row_stride as isize,
                            b.data.as_ptr(),
                            b.col_stride as isize,
                            b.row_stride as isize,
                            beta, // and what scales c is called alpha
                            alpha,
                            false,
                            false,
                            false,
                            gemm::Parallelism::None,
                        )
                    };
                }
                // SAFETY: as above.
                unsafe {
                    $small(
                        a.rows,
                        a.cols,
                        b.cols,
                        alpha,
                        a.data.as_ptr(),
                        a.row_stride as isize,
                        a.col_stride as isize,
                        b.data.as_ptr(),
                        b.row_stride as isize,
                        b.col_stride as isize,
                        beta,
                        c,
                        row_stride as isize,
                        col_stride as isize,
                    );
                }
            }
        }
    };
}

library_gemm!(f32, matrixmultiply::sgemm);
library_gemm!(f64, matrixmultiply::dgemm);
