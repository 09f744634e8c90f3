//! The affine map of a layer: `x W^T + b`, the product being added to the bias panel by panel, while that is in
//! cache.

use crate::dispatch;
use crate::kernels::gemm::matrix::{AddTo, MatRef};
use crate::kernels::gemm::panels::gemm_parallel;
use crate::pool::take;
use crate::tensor::{Tensor, check_dtypes};

impl Tensor {
    /// `self weight^T + bias`: `[.., d_in] x [d_out, d_in] + [d_out] -> [.., d_out]`.
    ///
    /// # Panics
    /// If the shapes do not fit or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn linear(&self, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        check_dtypes("linear", self, weight);
        let fits = self.rank() >= 1 && weight.rank() == 2 && self.dim(-1) == weight.dim(1);
        assert!(fits, "linear: weight {} does not apply to {}", weight.shape(), self.shape());
        let (d_out, d_in) = (weight.dim(0), weight.dim(1));
        let rows = self.shape()[..self.rank() - 1].iter().product();
        let mut out_shape = self.shape();
        out_shape[self.rank() - 1] = d_out;
        if let Some(bias) = bias {
            check_dtypes("linear", self, bias);
            assert!(
                bias.shape()[..] == [d_out],
                "linear: bias {} does not fit weight {}",
                bias.shape(),
                weight.shape()
            );
        }
        let (x, weight) = (self.reshape([rows, d_in]).contiguous(), weight.contiguous());
        dispatch!(self.dtype(), T => {
            let bias = bias.map(Tensor::contiguous);
            let add_to = bias.as_ref().map_or(AddTo::Zero, |bias| AddTo::Row(bias.data::<T>()));
            let x = MatRef::row_major(x.data::<T>(), rows, d_in);
            let weight = MatRef::row_major(weight.data::<T>(), d_out, d_in);
            let mut out = take(rows * d_out);
            gemm_parallel(x, weight.t(), add_to, &mut out);
            Tensor::from_vec(out, out_shape)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    #[test]
    fn equals_the_composed_form() {
        let x = Tensor::arange(0.0, 24.0, 1.0, DType::F64).reshape([2, 3, 4]);
        let weight = Tensor::arange(-10.0, 10.0, 1.0, DType::F64).reshape([5, 4]);
        let bias = Tensor::arange(0.0, 5.0, 1.0, DType::F64);
        let product = x.matmul(&weight.transpose(0, 1)); // [2, 3, 5]
        assert_eq!(x.linear(&weight, None), product);
        assert_eq!(x.linear(&weight, Some(&bias)), &product + &bias);
        let strided = x.transpose(0, 1);
        assert_eq!(strided.linear(&weight, Some(&bias)), (&product + &bias).transpose(0, 1));
        assert_eq!(x.slice(0, 0..0).linear(&weight, Some(&bias)).numel(), 0);
    }

    #[test]
    #[should_panic(expected = "linear: weight [5, 4] does not apply to [2, 3]")]
    fn widths_must_agree() {
        let _ = Tensor::zeros([2, 3], DType::F32).linear(&Tensor::zeros([5, 4], DType::F32), None);
    }

    #[test]
    #[should_panic(expected = "linear: bias [4] does not fit weight [5, 3]")]
    fn bias_must_fit() {
        let (x, weight) = (Tensor::zeros([2, 3], DType::F32), Tensor::zeros([5, 3], DType::F32));
        let _ = x.linear(&weight, Some(&Tensor::zeros([4], DType::F32)));
    }
}
