//! `gather_rows` and `scatter_add_rows`: picking rows of a table by id, and its adjoint.
//!
//! Gathering is the product with a matrix of ones and zeros, `out = E table` with `E[i, ids[i]] = 1`;
//! scattering is the product with its transpose, `out = E^T rows`. So each is the other's vjp, and the
//! matrix is never built.

use crate::var::Var;

impl Var {
    /// Row `ids[i]` of `self` as row i: `[rows, d] -> [ids, d]`. What an embedding does. vjp:
    /// `grad_self[r]` = the sum of `grad_out[i]` over all i with `ids[i] = r`; a row that was not picked
    /// gets zeros.
    ///
    /// # Panics
    /// If `self` is not of rank 2 or an id is not below the number of rows.
    #[must_use]
    #[track_caller]
    pub fn gather_rows(&self, ids: &[u32]) -> Var {
        let out = self.value().gather_rows(ids);
        let (ids, n_rows) = (ids.to_vec(), self.dim(0));
        Var::record("gather_rows", &[self], out, move |grad_out, grads| {
            grads.accumulate(0, |sum| match sum {
                Some(mut sum) => {
                    sum.scatter_add_rows_assign(grad_out, &ids);
                    sum
                }
                None => grad_out.scatter_add_rows(&ids, n_rows),
            });
        })
    }

    /// Row i of `self` added to row `ids[i]` of zeros: `[ids, d] -> [rows, d]`.
    /// vjp: `grad_self[i] = grad_out[ids[i]]`.
    ///
    /// # Panics
    /// If `self` is not of rank 2, has not one row per id, or an id is not below `rows`.
    #[must_use]
    #[track_caller]
    pub fn scatter_add_rows(&self, ids: &[u32], rows: usize) -> Var {
        let out = self.value().scatter_add_rows(ids, rows);
        let ids = ids.to_vec();
        Var::record("scatter_add_rows", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.gather_rows(&ids));
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::tape::Tape;
    use crate::testing::{check, normal};
    use tensor::Tensor;

    #[test]
    fn gradients() {
        for ids in [&[2, 0, 2, 3][..], &[1], &[]] {
            check("gather_rows", &[normal("table", [4, 3])], |v| v[0].gather_rows(ids));
            let rows = normal("rows", [ids.len(), 3]);
            check("scatter_add_rows", &[rows], |v| v[0].scatter_add_rows(ids, 4));
        }
        check("shared", &[normal("table", [3, 2])], |v| v[0].gather_rows(&[0, 2, 0]) * &v[0]);
    }

    #[test]
    fn a_row_picked_twice_gets_both_gradients_and_others_none() {
        let table = Tape::new().var(normal("table", [3, 2]));
        let weights = Tensor::from([[1.0, 2.0], [10.0, 20.0]]);
        let gradients = table.gather_rows(&[1, 1]).backward_with(weights);
        assert_eq!(gradients.get(&table), Some(&Tensor::from([[0.0, 0.0], [11.0, 22.0], [0.0, 0.0]])));
    }
}
