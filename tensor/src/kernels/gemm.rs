//! Matrix products: `out = alpha * a b + beta * out`.
//!
//! The one seam to the GEMM library. Matrices carry a row and a column stride, so a transpose is two
//! swapped numbers and never a copy. The partition over threads is ours: panels whose sizes depend on
//! the product's sizes alone, so that results do not depend on the number of threads.

use crate::threads::for_each_index;

pub use library::Gemm;

mod library;

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
    pub(super) fn row_panel(self, start: usize, count: usize) -> Self {
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
/// Multiply-adds that a panel should at least hold, so that handing it out pays.
const PANEL_WORK: usize = 1 << 24;
/// How long a panel should at least be, so that packing the operand that all panels share pays.
const PANEL_LEN: usize = 256;
/// The most panels a product is cut into.
const MAX_PANELS: usize = 16;
/// Panel boundaries are multiples of this, so that panels end where the library's register blocks do.
const PANEL_ALIGN: usize = 16;

/// The size `(rows, cols)` of the panels that a product `[m, k] x [k, n]` is cut into: the whole, or pieces of
/// the longer side.
fn panel_size(m: usize, k: usize, n: usize) -> (usize, usize) {
    let work = m.saturating_mul(n).saturating_mul(k.max(1));
    let longer = m.max(n);
    if work < PARALLEL_WORK {
        return (m.max(1), n.max(1));
    }
    let panels = (work / PANEL_WORK).min(longer / PANEL_LEN).clamp(2, MAX_PANELS);
    let len = longer.div_ceil(panels).next_multiple_of(PANEL_ALIGN);
    if m >= n { (len, n) } else { (m, len) }
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum AddTo<'a, T> {
    /// Nothing: what `out` holds is overwritten.
    Zero,
    /// These numbers in every row, as a bias. `[n]`
    Row(&'a [T]),
    /// What `out` holds.
    Out,
}

/// `out = a b + add_to` into row-major `out` `[m, n]`, in panels that threads share.
///
/// # Panics
/// As [`gemm()`], or if a row to add to does not have the length of those of `out`.
pub fn gemm_parallel<T: Gemm>(a: MatRef<T>, b: MatRef<T>, add_to: AddTo<T>, out: &mut [T]) {
    struct OutPtr<T>(*mut T);
    // SAFETY: threads use the pointer only to write the disjoint panels below.
    unsafe impl<T: Send> Sync for OutPtr<T> {}

    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert!(k == b.rows, "gemm: inner dimensions");
    assert!(Some(out.len()) == m.checked_mul(n), "gemm: out does not hold [{m}, {n}]");
    assert!(a.extent() <= a.data.len() && b.extent() <= b.data.len(), "gemm: an operand is too short");
    assert!(!matches!(add_to, AddTo::Row(row) if row.len() != n), "gemm: the row to add to is not [{n}]");
    let (rows, cols) = panel_size(m, k, n);
    let (down, across) = (m.div_ceil(rows), n.div_ceil(cols));
    let out = &OutPtr(out.as_mut_ptr());
    for_each_index(down * across, |panel| {
        let (i, j) = (panel / across * rows, panel % across * cols);
        let (a, b) = (a.row_panel(i, rows.min(m - i)), b.col_panel(j, cols.min(n - j)));
        if let AddTo::Row(row) = add_to {
            for i in i..i + a.rows {
                // SAFETY: as below; this is row i of the panel.
                let out = unsafe { std::slice::from_raw_parts_mut(out.0.add(i * n + j), b.cols) };
                out.copy_from_slice(&row[j..j + b.cols]);
            }
        }
        let beta = if matches!(add_to, AddTo::Zero) { T::zero() } else { T::one() };
        // SAFETY: `out` points to m * n elements that this function borrows uniquely until the loop has
        // ended. The panel writes rows i..i + a.rows <= m and columns j..j + b.cols <= n, which no other panel
        // does. `a` and `b` were checked above.
        unsafe { T::library_gemm(T::one(), a, b, beta, out.0.add(i * n + j), n, 1) }
    });
}

#[cfg(test)]
mod tests;
