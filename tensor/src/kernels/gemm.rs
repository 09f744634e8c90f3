//! Matrix products: `out = alpha * a b + beta * out`.
//!
//! The one seam to the GEMM library. Matrices carry a row and a column stride, so a transpose is two
//! swapped numbers and never a copy. The partition over threads is ours: panels whose sizes depend on
//! the product's sizes alone, so that results do not depend on the number of threads.

use rayon::prelude::*;

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
        // Without columns there are no elements, and nothing to point at.
        let data = self.data.get(start * self.row_stride..).unwrap_or_default();
        MatRef { data, rows: count, ..self }
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
    if rows == 0 || cols == 0 {
        return 0;
    }
    let last = (rows - 1).saturating_mul(row_stride).saturating_add((cols - 1).saturating_mul(col_stride));
    last.saturating_add(1) // more than any slice holds, where it saturates
}

/// Whether no two elements of a matrix share a place.
fn is_disjoint(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> bool {
    let row_major = col_stride >= 1 && (rows < 2 || row_stride >= cols.saturating_mul(col_stride));
    let col_major = row_stride >= 1 && (cols < 2 || col_stride >= rows.saturating_mul(row_stride));
    row_major || col_major
}

/// The GEMM library's entry for one element type. Implemented for `f32` and `f64`.
pub trait Gemm: Copy + Send + Sync {
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

/// Multiply-adds below which a product stays on the calling thread.
const PARALLEL_WORK: usize = 1 << 18;
/// Multiply-adds that a panel should at least hold, so that packing its operands pays.
const PANEL_WORK: usize = 1 << 24;
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
pub fn gemm_parallel<T: Gemm>(alpha: T, a: MatRef<T>, b: MatRef<T>, beta: T, out: &mut [T]) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert!(Some(out.len()) == m.checked_mul(n), "gemm: out does not hold [{m}, {n}]");
    let work = out.len().saturating_mul(k.max(1));
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
fn column_panels<T: Gemm>(alpha: T, a: MatRef<T>, b: MatRef<T>, beta: T, out: &mut [T], cols: usize) {
    struct OutPtr<T>(*mut T);
    // SAFETY: threads use the pointer only to write the disjoint column panels below.
    unsafe impl<T: Send> Sync for OutPtr<T> {}

    let (m, n) = (a.rows, b.cols);
    assert!(a.cols == b.rows && Some(out.len()) == m.checked_mul(n), "gemm: dimensions");
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
mod tests;
