//! Matrix products: `out = alpha * a b + beta * out`.
//!
//! The one seam to the GEMM library. Matrices carry a row and a column stride, so a transpose is two
//! swapped numbers and never a copy. The partition over threads is ours: panels whose sizes depend on
//! the product's sizes alone, so that results do not depend on the number of threads.

use rayon::prelude::*;

use crate::element::Element;

/// A matrix `[rows, cols]` in memory: element (i, j) is `data[i * row_stride + j * col_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    /// The elements, starting at (0, 0).
    pub data: &'a [T],
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// The distance between neighbours in a column.
    pub row_stride: usize,
    /// The distance between neighbours in a row.
    pub col_stride: usize,
}

impl<'a, T: Copy> MatRef<'a, T> {
    /// A row-major matrix.
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Self {
        MatRef { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The transpose, in place.
    #[must_use]
    pub fn t(self) -> Self {
        MatRef {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// Rows `start..start + count`.
    fn row_panel(self, start: usize, count: usize) -> Self {
        MatRef { data: &self.data[start * self.row_stride..], rows: count, ..self }
    }

    /// Columns `start..start + count`.
    fn col_panel(self, start: usize, count: usize) -> Self {
        self.t().row_panel(start, count).t()
    }

    /// One past the index of the last element; 0 if there is none.
    fn extent(&self) -> usize {
        extent(self.rows, self.cols, self.row_stride, self.col_stride)
    }
}

/// A matrix `[rows, cols]` that a product is written to; see [`MatRef`].
#[derive(Debug)]
pub struct MatMut<'a, T> {
    /// The elements, starting at (0, 0).
    pub data: &'a mut [T],
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// The distance between neighbours in a column.
    pub row_stride: usize,
    /// The distance between neighbours in a row.
    pub col_stride: usize,
}

impl<'a, T> MatMut<'a, T> {
    /// A row-major matrix.
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        MatMut { data, rows, cols, row_stride: cols, col_stride: 1 }
    }
}

fn extent(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> usize {
    if rows == 0 || cols == 0 { 0 } else { (rows - 1) * row_stride + (cols - 1) * col_stride + 1 }
}

/// The GEMM library's entry for one element type. Implemented for `f32` and `f64`.
pub trait Gemm: Sized {
    /// `c = alpha * a b + beta * c`, where `c` points to element (0, 0) of a matrix with these strides.
    ///
    /// # Safety
    /// Every element that the dimensions and strides reach must lie inside the slices of `a` and `b`, and
    /// in memory that is valid for writes for `c`, where no two elements may share a place.
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

macro_rules! library_gemm {
    ($T:ty, $function:path) => {
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
                let (m, k, n) = (a.rows, a.cols, b.cols);
                let (a_strides, b_strides) = ((a.row_stride, a.col_stride), (b.row_stride, b.col_stride));
                let (a, b) = (a.data.as_ptr(), b.data.as_ptr());
                // SAFETY: the caller promises that the pointers, dimensions and strides describe valid
                // memory. Strides are distances inside one slice, so they fit isize.
                unsafe {
                    $function(
                        m,
                        k,
                        n,
                        alpha,
                        a,
                        a_strides.0 as isize,
                        a_strides.1 as isize,
                        b,
                        b_strides.0 as isize,
                        b_strides.1 as isize,
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

/// `out = alpha * a b + beta * out` on the calling thread, `[m, k] x [k, n] -> [m, n]`.
/// With `beta` 0, what `out` held before is not read.
///
/// # Panics
/// If the dimensions do not match, a slice is too short for its dimensions, or elements of `out` overlap.
pub fn gemm<T: Element>(alpha: T, a: MatRef<T>, b: MatRef<T>, beta: T, out: MatMut<T>) {
    assert_eq!(a.cols, b.rows, "gemm: inner dimensions");
    assert_eq!((out.rows, out.cols), (a.rows, b.cols), "gemm: dimensions of out");
    assert!(a.extent() <= a.data.len() && b.extent() <= b.data.len(), "gemm: an operand is too short");
    assert!(
        extent(out.rows, out.cols, out.row_stride, out.col_stride) <= out.data.len(),
        "gemm: out is too short"
    );
    let row_major = out.col_stride >= 1 && (out.rows < 2 || out.row_stride >= out.cols * out.col_stride);
    let col_major = out.row_stride >= 1 && (out.cols < 2 || out.col_stride >= out.rows * out.row_stride);
    assert!(row_major || col_major, "gemm: elements of out overlap");
    // SAFETY: `a`, `b` and `out` were just checked: every element that the dimensions and strides
    // reach lies inside its slice, and no two elements of `out` share a place. `out` is a unique
    // borrow, so it overlaps neither `a` nor `b`.
    unsafe { T::library_gemm(alpha, a, b, beta, out.data.as_mut_ptr(), out.row_stride, out.col_stride) }
}

/// Multiply-adds below which a product stays on the calling thread.
const PARALLEL_WORK: usize = 1 << 18;
/// Multiply-adds that a panel should at least hold, so that packing its operands pays.
const PANEL_WORK: usize = 1 << 22;
/// The most panels a product is cut into.
const MAX_PANELS: usize = 16;
/// Panel boundaries are multiples of this, the register block of the GEMM library.
const PANEL_ALIGN: usize = 16;

/// The length of the panels that `extent` rows (or columns) are cut into, given the whole work.
fn panel_len(extent: usize, work: usize) -> usize {
    if work < PARALLEL_WORK {
        return extent.max(1);
    }
    let panels = work.div_ceil(PANEL_WORK).clamp(2, MAX_PANELS);
    extent.div_ceil(panels).next_multiple_of(PANEL_ALIGN)
}

/// `out = alpha * a b + beta * out` into row-major `out` `[m, n]`, in panels of rows or, where there are
/// more columns, of columns.
///
/// # Panics
/// As [`gemm`].
pub fn gemm_parallel<T: Element>(alpha: T, a: MatRef<T>, b: MatRef<T>, beta: T, out: &mut [T]) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert_eq!(out.len(), m * n, "gemm: out does not hold [{m}, {n}]");
    let work = m * k.max(1) * n;
    if m >= n {
        let rows = panel_len(m, work);
        if rows >= m {
            return gemm(alpha, a, b, beta, MatMut::row_major(out, m, n));
        }
        out.par_chunks_mut(rows * n).enumerate().for_each(|(panel, out)| {
            let count = out.len() / n;
            gemm(alpha, a.row_panel(panel * rows, count), b, beta, MatMut::row_major(out, count, n));
        });
    } else {
        let cols = panel_len(n, work);
        if cols >= n {
            return gemm(alpha, a, b, beta, MatMut::row_major(out, m, n));
        }
        column_panels(alpha, a, b, beta, out, cols);
    }
}

/// The column form of [`gemm_parallel`]: panel p writes columns `p * cols ..` of every row of `out`.
fn column_panels<T: Element>(alpha: T, a: MatRef<T>, b: MatRef<T>, beta: T, out: &mut [T], cols: usize) {
    struct OutPtr<T>(*mut T);
    // SAFETY: threads use the pointer only to write the disjoint column panels below.
    unsafe impl<T: Send> Sync for OutPtr<T> {}

    let (m, n) = (a.rows, b.cols);
    assert!(a.cols == b.rows && out.len() == m * n, "gemm: dimensions");
    assert!(a.extent() <= a.data.len() && b.extent() <= b.data.len(), "gemm: an operand is too short");
    let out = &OutPtr(out.as_mut_ptr());
    (0..n.div_ceil(cols)).into_par_iter().for_each(|panel| {
        let first = panel * cols;
        let count = cols.min(n - first);
        let b = b.col_panel(first, count);
        // SAFETY: `out` points to m * n elements that this function borrows uniquely until the loop has
        // ended. The panel writes rows 0..m and columns first..first + count <= n, which no other panel
        // does. `a` and `b` were checked above.
        unsafe { T::library_gemm(alpha, a, b, beta, out.0.add(first), n, 1) }
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a product computes: out[i, j] = alpha * sum_l a[i, l] b[l, j] + beta * out[i, j].
    pub(crate) fn naive_gemm(alpha: f64, a: MatRef<f64>, b: MatRef<f64>, beta: f64, out: &mut [f64]) {
        for i in 0..a.rows {
            for j in 0..b.cols {
                let mut sum = 0.0;
                for l in 0..a.cols {
                    sum += a.data[i * a.row_stride + l * a.col_stride]
                        * b.data[l * b.row_stride + j * b.col_stride];
                }
                let kept = if beta == 0.0 { 0.0 } else { beta * out[i * b.cols + j] };
                out[i * b.cols + j] = alpha * sum + kept;
            }
        }
    }

    /// Small integers, so that every order of summation is exact.
    fn integers(len: usize, start: usize) -> Vec<f64> {
        (start..start + len).map(|i| (i * 7 % 11) as f64 - 5.0).collect()
    }

    #[test]
    fn agrees_with_the_naive_product_for_every_layout() {
        let sizes =
            [(0, 3, 2), (1, 1, 1), (3, 0, 2), (2, 3, 0), (5, 7, 3), (17, 33, 9), (64, 64, 64), (3, 300, 700)];
        for (m, k, n) in sizes {
            let (a, b) = (integers(m * k, 1), integers(k * n, 2));
            for layout in 0..4 {
                let a = if layout & 1 == 0 {
                    MatRef::row_major(&a, m, k)
                } else {
                    MatRef::row_major(&a, k, m).t()
                };
                let b = if layout & 2 == 0 {
                    MatRef::row_major(&b, k, n)
                } else {
                    MatRef::row_major(&b, n, k).t()
                };
                for (alpha, beta) in [(1.0, 0.0), (2.0, 0.0), (1.0, 1.0), (-3.0, 2.0)] {
                    let mut expected = integers(m * n, 3);
                    let (mut serial, mut parallel) = (expected.clone(), expected.clone());
                    naive_gemm(alpha, a, b, beta, &mut expected);
                    gemm(alpha, a, b, beta, MatMut::row_major(&mut serial, m, n));
                    gemm_parallel(alpha, a, b, beta, &mut parallel);
                    assert_eq!(serial, expected, "[{m}, {k}] x [{k}, {n}], layout {layout}");
                    assert_eq!(parallel, expected, "panels of [{m}, {k}] x [{k}, {n}], layout {layout}");
                }
            }
        }
    }

    #[test]
    fn panels_agree_when_sizes_are_odd() {
        for (m, k, n) in [(333, 65, 129), (129, 65, 333), (1, 512, 4097), (4097, 512, 1)] {
            let (a, b) = (integers(m * k, 1), integers(k * n, 2));
            let (a, b) = (MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n));
            let (mut expected, mut out) = (vec![0.0; m * n], vec![0.0; m * n]);
            naive_gemm(1.0, a, b, 0.0, &mut expected);
            gemm_parallel(1.0, a, b, 0.0, &mut out);
            assert_eq!(out, expected, "[{m}, {k}] x [{k}, {n}]");
        }
    }

    #[test]
    fn beta_zero_ignores_what_was_there() {
        let mut out = vec![f64::NAN; 4];
        let a = [1.0, 2.0, 3.0, 4.0];
        gemm(
            1.0,
            MatRef::row_major(&a, 2, 2),
            MatRef::row_major(&a, 2, 2),
            0.0,
            MatMut::row_major(&mut out, 2, 2),
        );
        assert_eq!(out, [7.0, 10.0, 15.0, 22.0]);
        let empty: [f64; 0] = [];
        let mut out = vec![f64::NAN; 4];
        gemm_parallel(1.0, MatRef::row_major(&empty, 2, 0), MatRef::row_major(&empty, 0, 2), 0.0, &mut out);
        assert_eq!(out, [0.0; 4], "a product over no elements is zero");
    }

    #[test]
    #[should_panic(expected = "an operand is too short")]
    fn short_operands_are_refused() {
        let a = [1.0f32; 3];
        gemm(
            1.0,
            MatRef::row_major(&a, 2, 2),
            MatRef::row_major(&a, 2, 1),
            0.0,
            MatMut::row_major(&mut [0.0; 2], 2, 1),
        );
    }

    #[test]
    #[should_panic(expected = "elements of out overlap")]
    fn overlapping_outputs_are_refused() {
        let a = [1.0f32; 4];
        let mut data = [0.0; 4];
        let out = MatMut { data: &mut data, rows: 2, cols: 2, row_stride: 1, col_stride: 1 };
        gemm(1.0, MatRef::row_major(&a, 2, 2), MatRef::row_major(&a, 2, 2), 0.0, out);
    }
}
