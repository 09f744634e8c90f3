//! Rows of a table by their numbers, and the adjoint: an embedding and its vjp.

use crate::dispatch;
use crate::kernels::gather;
use crate::tensor::{Tensor, check_dtypes};

impl Tensor {
    /// Row `ids[i]` of this table `[rows, d]` as row i. `[ids, d]`
    ///
    /// Its vjp is [`Tensor::scatter_add_rows`].
    ///
    /// # Panics
    /// If this is not a matrix or an id is not below its number of rows.
    #[must_use]
    #[track_caller]
    pub fn gather_rows(&self, ids: &[u32]) -> Tensor {
        let shape = self.shape();
        assert!(shape.rank() == 2, "gather_rows: {shape} is not a table of rows");
        check_ids("gather_rows", ids, shape[0]);
        let table = self.contiguous();
        dispatch!(table.dtype(), T => {
            Tensor::from_vec(gather::gather_rows::<T>(table.data(), shape[1], ids), [ids.len(), shape[1]])
        })
    }

    /// A table of `rows` rows in which row `ids[i]` has received row i of this tensor `[ids, d]`, added up
    /// in order, and in f64, where an id repeats. `[rows, d]`
    ///
    /// Its vjp is [`Tensor::gather_rows`].
    ///
    /// # Panics
    /// If this is not a matrix with one row per id or an id is not below `rows`.
    #[must_use]
    #[track_caller]
    pub fn scatter_add_rows(&self, ids: &[u32], rows: usize) -> Tensor {
        let shape = self.shape();
        let fits = shape.rank() == 2 && shape[0] == ids.len();
        assert!(fits, "scatter_add_rows: {shape} does not hold one row for each of {} ids", ids.len());
        check_ids("scatter_add_rows", ids, rows);
        let mut out = Tensor::zeros([rows, shape[1]], self.dtype());
        out.scatter_add_rows_assign(self, ids);
        out
    }

    /// Adds row i of `values` `[ids, d]` to row `ids[i]` of this table `[rows, d]`, in order, and in
    /// f64, where an id repeats.
    ///
    /// # Panics
    /// If the two are not matrices of equally long rows and the same dtype, there is not one row per id, or an id
    /// is not below the number of rows.
    #[track_caller]
    pub fn scatter_add_rows_assign(&mut self, values: &Tensor, ids: &[u32]) {
        check_dtypes("scatter_add_rows_assign", self, values);
        let (table, shape) = (self.shape(), values.shape());
        let fits = table.rank() == 2 && shape[..] == [ids.len(), table[1]];
        assert!(fits, "scatter_add_rows_assign: {shape} by {} ids into {table}", ids.len());
        check_ids("scatter_add_rows_assign", ids, table[0]);
        let values = values.contiguous();
        dispatch!(values.dtype(), T => {
            gather::scatter_add_rows::<T>(values.data(), table[1], ids, self.data_mut());
        });
    }
}

#[track_caller]
fn check_ids(operation: &str, ids: &[u32], rows: usize) {
    if let Some((i, id)) = ids.iter().enumerate().find(|&(_, &id)| id as usize >= rows) {
        panic!("{operation}: id {id} at position {i} is not below {rows}, the number of rows");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    #[test]
    fn rows_are_found_and_returned_in_any_layout() {
        let table = Tensor::from([[1.0f32, 3.0, 5.0], [2.0, 4.0, 6.0]]).transpose(0, 1); // [3, 2]
        let rows = table.gather_rows(&[2, 0, 2]);
        assert_eq!(rows, Tensor::from([[5.0f32, 6.0], [1.0, 2.0], [5.0, 6.0]]));
        let sums = rows.scatter_add_rows(&[2, 0, 2], 4);
        assert_eq!(sums, Tensor::from([[1.0f32, 2.0], [0.0, 0.0], [10.0, 12.0], [0.0, 0.0]]));
        let column = Tensor::from([[1.0f64], [2.0]]).broadcast_to([2, 3]);
        assert_eq!(column.scatter_add_rows(&[0, 0], 1), Tensor::from([[3.0f64, 3.0, 3.0]]));
    }

    #[test]
    fn no_ids_give_no_rows() {
        let table = Tensor::ones([3, 2], DType::F64);
        let none = table.gather_rows(&[]);
        assert_eq!(none, Tensor::zeros([0, 2], DType::F64));
        assert_eq!(none.scatter_add_rows(&[], 3), Tensor::zeros([3, 2], DType::F64));
    }

    #[test]
    #[should_panic(expected = "gather_rows: id 3 at position 1 is not below 3, the number of rows")]
    fn an_id_beyond_the_table_panics() {
        let _ = Tensor::ones([3, 2], DType::F32).gather_rows(&[0, 3]);
    }

    #[test]
    #[should_panic(expected = "scatter_add_rows: [3, 2] does not hold one row for each of 2 ids")]
    fn another_number_of_ids_panics() {
        let _ = Tensor::ones([3, 2], DType::F32).scatter_add_rows(&[0, 1], 2);
    }
}
