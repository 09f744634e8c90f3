//! Choosing elements by a mask.

use crate::dispatch;
use crate::element::Element;
use crate::kernels::elementwise::{map2, map3};
use crate::mask::Mask;
use crate::tensor::{Tensor, check_dtypes};
use crate::view::common_shape;

impl Tensor {
    /// `on_true` where `mask` is true, else `on_false`; all three broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn where_(mask: &Mask, on_true: &Tensor, on_false: &Tensor) -> Tensor {
        check_dtypes("where_", on_true, on_false);
        let shape = common_shape("where_", on_true.shape(), on_false.shape());
        let shape = common_shape("where_", mask.shape(), shape);
        let (mask, a, b) =
            (mask.broadcast_to(shape), on_true.broadcast_to(shape), on_false.broadcast_to(shape));
        dispatch!(a.dtype(), T => {
            let out = map3(mask.strided(), a.strided::<T>(), b.strided::<T>(), |m, a, b| if m { a } else { b });
            Tensor::from_vec(out, shape)
        })
    }

    /// `value` where `mask` is true, else this tensor's element; the mask broadcasts to this shape.
    ///
    /// # Panics
    /// If the mask does not broadcast to this shape.
    #[must_use]
    #[track_caller]
    pub fn masked_fill(&self, mask: &Mask, value: f64) -> Tensor {
        let fits = self.shape().broadcast(mask.shape()) == Some(self.shape());
        assert!(fits, "masked_fill: mask {} does not broadcast to {}", mask.shape(), self.shape());
        let mask = mask.broadcast_to(self.shape());
        dispatch!(self.dtype(), T => {
            let value = T::of(value);
            let out = map2(self.strided::<T>(), mask.strided(), |x, m| if m { value } else { x });
            Tensor::from_vec(out, self.shape())
        })
    }

    /// The lower triangle of the last two axes: element (i, j) is kept where j <= i + `diagonal`, and 0
    /// elsewhere.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[must_use]
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Tensor {
        assert!(self.rank() >= 2, "tril: {} has no last two axes", self.shape());
        let upper = Mask::from_fn([self.dim(-2), self.dim(-1)], |index| {
            index[1] as isize > index[0] as isize + diagonal
        });
        self.masked_fill(&upper, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    #[test]
    fn where_broadcasts_all_three() {
        let mask = Mask::from_vec(vec![true, false], [2, 1]);
        let out = Tensor::where_(&mask, &Tensor::from([1.0f32, 2.0]), &Tensor::scalar(0.5f32));
        assert_eq!(out, Tensor::from([[1.0f32, 2.0], [0.5, 0.5]]));
    }

    #[test]
    fn masked_fill_and_tril() {
        let x = Tensor::arange(1.0, 10.0, 1.0, DType::F64).reshape([3, 3]);
        assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0, 0.0], [4.0, 5.0, 0.0], [7.0, 8.0, 9.0]]));
        assert_eq!(x.tril(-1), Tensor::from([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [7.0, 8.0, 0.0]]));
        assert_eq!(x.tril(5), x);
        let filled = x.masked_fill(&Mask::causal(3).not(), f64::NEG_INFINITY);
        assert_eq!((filled.at(&[0, 2]), filled.at(&[2, 0])), (f64::NEG_INFINITY, 7.0));
    }

    #[test]
    #[should_panic(expected = "masked_fill: mask [2, 3] does not broadcast to [3]")]
    fn mask_larger_than_tensor_panics() {
        let _ = Tensor::zeros([3], DType::F32).masked_fill(&Mask::full([2, 3], true), 0.0);
    }
}
