//! `matmul`: matrix products, batched.

use tensor::{Precision, Shape, Tensor};

use crate::var::Var;

impl Var {
    /// The matrix product over the last two axes, `[.., m, k] x [.., k, n] -> [.., m, n]`; the other axes
    /// are batches and broadcast.
    ///
    /// From `out[i, j] = sum over l of lhs[i, l] rhs[l, j]` follow
    /// `d out[i, j] / d lhs[i, l] = rhs[l, j]` and `d out[i, j] / d rhs[l, j] = lhs[i, l]`; summed
    /// against `grad_out` over the outputs, these are again matrix products. vjp:
    /// `grad_lhs = grad_out rhs^T`, `grad_rhs = lhs^T grad_out`, each summed over the batch axes it was
    /// broadcast along.
    ///
    /// # Panics
    /// If a rank is below 2, the inner dimensions differ, the batch axes do not broadcast or the dtypes
    /// differ.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, rhs: &Var) -> Var {
        let (lhs_shape, rhs_shape) = (self.shape(), rhs.shape());
        let (lhs_value, rhs_value) = (self.save_for(rhs), rhs.save_for(self));
        Var::record("matmul", &[self, rhs], self.value().matmul(rhs.value()), move |grad_out, grads| {
            grads.add(0, || grad_out.matmul(&rhs_value.transpose(-2, -1)).sum_to(lhs_shape));
            grads.add(1, || grad_rhs(&lhs_value, grad_out, rhs_shape));
        })
    }
}

/// `lhs^T grad_out`, summed over the batch axes that `rhs` was broadcast along. If `rhs` is a single
/// matrix, that sum over batches is one product with the batches laid end to end as rows.
fn grad_rhs(lhs: &Tensor, grad_out: &Tensor, rhs_shape: Shape) -> Tensor {
    if rhs_shape[..rhs_shape.rank() - 2].iter().all(|&len| len == 1) {
        let (lhs, grad_out) = (rows(lhs), rows(grad_out)); // [batch * m, k], [batch * m, n]
        return lhs.transpose(0, 1).matmul(&grad_out).reshape(rhs_shape); // [.., k, n]
    }
    lhs.transpose(-2, -1).matmul(grad_out).sum_to(rhs_shape)
}

/// `sum + lhs rhs`, `[m, k] x [k, n]` under the shape of a gradient; in place of `sum` where there is one.
pub(crate) fn add_product(
    sum: Option<Tensor>,
    [lhs, rhs]: [&Tensor; 2],
    precision: Precision,
    shape: Shape,
) -> Tensor {
    let Some(sum) = sum else { return lhs.matmul_in(precision, rhs).reshape(shape) };
    let mut flat = sum.reshape([lhs.dim(0), rhs.dim(1)]);
    drop(sum); // shared storage would be copied before it is written
    flat.add_matmul_assign_in(precision, lhs, rhs);
    flat.reshape(shape)
}

/// `[.., cols]` as `[rows, cols]`.
pub(crate) fn rows(x: &Tensor) -> Tensor {
    let shape = x.shape();
    x.reshape([shape[..shape.rank() - 1].iter().product(), x.dim(-1)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal};

    #[test]
    fn gradients() {
        let shapes: [(&[usize], &[usize]); 9] = [
            (&[2, 3], &[3, 4]),
            (&[1, 3], &[3, 1]),
            (&[2, 2, 3], &[3, 2]),
            (&[2, 2, 3], &[1, 3, 2]),
            (&[2, 3], &[2, 3, 2]),
            (&[2, 2, 3], &[2, 3, 2]),
            (&[2, 1, 2, 3], &[3, 3, 2]),
            (&[1, 2, 3], &[2, 3, 1]),
            (&[2, 0], &[0, 3]),
        ];
        for (lhs, rhs) in shapes {
            check("matmul", &[normal("lhs", lhs), normal("rhs", rhs)], |v| v[0].matmul(&v[1]));
        }
    }

    #[test]
    fn gradients_of_a_shared_or_transposed_input() {
        let x = [normal("x", [3, 3])];
        check("matmul", &x, |v| v[0].matmul(&v[0]));
        check("matmul", &x, |v| v[0].matmul(&v[0].transpose(0, 1)));
        let inputs = [normal("lhs", [2, 3]), normal("rhs", [4, 3])];
        check("matmul", &inputs, |v| v[0].matmul(&v[1].transpose(0, 1)));
        check("matmul", &inputs, |v| v[1].matmul(&v[0].transpose(0, 1)).transpose(0, 1));
        let expanded = [normal("lhs", [1, 2, 3]), normal("rhs", [3, 2])];
        check("matmul", &expanded, |v| v[0].broadcast_to([2, 2, 3]).matmul(&v[1].broadcast_to([2, 3, 2])));
    }

    #[test]
    fn is_a_sum_of_products() {
        assert_agree(
            &[normal("lhs", [2, 3, 4]), normal("rhs", [4, 2])],
            |v| v[0].matmul(&v[1]),
            |v| (v[0].unsqueeze(-1) * &v[1]).sum(-2, false), // [2, 3, 4, 1] * [4, 2]
        );
    }

    #[test]
    fn hand_computed_gradients() {
        let tape = Tape::new();
        let lhs = tape.var(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        let rhs = tape.var(Tensor::from([[5.0, 6.0], [7.0, 8.0]]));
        let gradients = lhs.matmul(&rhs).sum(.., false).backward();
        assert_eq!(gradients.get(&lhs), Some(&Tensor::from([[11.0, 15.0], [11.0, 15.0]])));
        assert_eq!(gradients.get(&rhs), Some(&Tensor::from([[4.0, 4.0], [6.0, 6.0]])));
    }

    #[test]
    #[should_panic(expected = "matmul: inner dimensions differ: [2, 3] x [4, 5]")]
    fn panics_name_the_operation_and_both_shapes() {
        let _ = Tape::new().var(normal("lhs", [2, 3])).matmul(&Var::constant(normal("rhs", [4, 5])));
    }
}
