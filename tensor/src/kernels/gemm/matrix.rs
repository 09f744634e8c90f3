//! Matrices in memory: where the element (i, j) stands. They carry a row and a column stride, so a transpose is two
//! swapped numbers.

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
    pub fn row_panel(self, start: usize, count: usize) -> Self {
        // Without columns there are no elements, and nothing to point at.
        let data = self.data.get(start * self.row_stride..).unwrap_or_default();
        MatRef { data, rows: count, ..self }
    }

    /// Columns `start..start + count`.
    pub(super) fn col_panel(self, start: usize, count: usize) -> Self {
        self.t().row_panel(start, count).t()
    }

    /// One past the index of the last element; 0 if there is none.
    pub(super) fn extent(&self) -> usize {
        extent(self.rows, self.cols, self.row_stride, self.col_stride)
    }
}

/// A matrix `[rows, cols]` that a product is written to, its rows contiguous; see [`MatRef`].
#[derive(Debug)]
pub struct MatMut<'a, T> {
    /// The elements, starting at (0, 0).
    pub data: &'a mut [T],
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// The distance between neighbours in a column, at least `cols`.
    pub row_stride: usize,
}

impl<'a, T> MatMut<'a, T> {
    /// A row-major matrix.
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        MatMut { data, rows, cols, row_stride: cols }
    }
}

/// A matrix `[rows, cols]` that several threads write to, each elsewhere; see [`MatMut`].
#[derive(Clone, Copy)]
pub struct Out<T> {
    /// Element (0, 0).
    pub data: *mut T,
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// The distance between neighbours in a column.
    pub row_stride: usize,
}

// SAFETY: a pointer is not used but in `unsafe` blocks, which say why no two threads meet.
unsafe impl<T: Send> Send for Out<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Out<T> {}

impl<T> Out<T> {
    /// Where element `(row, col)` is.
    pub fn at(&self, row: usize, col: usize) -> *mut T {
        self.data.wrapping_add(row * self.row_stride + col)
    }

    /// Rows `start..start + count`.
    pub fn row_panel(self, start: usize, count: usize) -> Self {
        Out { data: self.at(start, 0), rows: count, ..self }
    }

    /// Columns `start..start + count`.
    pub fn col_panel(self, start: usize, count: usize) -> Self {
        Out { data: self.at(0, start), cols: count, ..self }
    }
}

impl<T> From<MatMut<'_, T>> for Out<T> {
    fn from(out: MatMut<T>) -> Self {
        Out { data: out.data.as_mut_ptr(), rows: out.rows, cols: out.cols, row_stride: out.row_stride }
    }
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

/// One past the index of the last element of a matrix; 0 if there is none.
pub(super) fn extent(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> usize {
    if rows == 0 || cols == 0 {
        return 0;
    }
    let last = (rows - 1).saturating_mul(row_stride).saturating_add((cols - 1).saturating_mul(col_stride));
    last.saturating_add(1) // more than any slice holds, where it saturates
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places in memory of all elements of a matrix.
    fn places(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> Vec<usize> {
        (0..rows * cols).map(|e| e / cols * row_stride + e % cols * col_stride).collect()
    }

    #[test]
    fn the_extent_is_one_past_the_last_place() {
        let all = (0..4 * 4 * 9 * 9).map(|i| (i / 324, i / 81 % 4, i / 9 % 9, i % 9));
        for (rows, cols, row_stride, col_stride) in all {
            let layout = format!("[{rows}, {cols}] with strides {row_stride} and {col_stride}");
            let places = places(rows, cols, row_stride, col_stride);
            let past_the_last = places.iter().max().map_or(0, |last| last + 1);
            assert_eq!(extent(rows, cols, row_stride, col_stride), past_the_last, "{layout}");
        }
    }
}
