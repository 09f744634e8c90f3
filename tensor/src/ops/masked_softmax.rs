//! Scaled, masked softmax: from attention scores to attention weights (Vaswani et al. 2017, §3.2.1, eq. 1).

use crate::dispatch;
use crate::element::Element;
use crate::kernels::softmax::softmax;
use crate::mask::Mask;
use crate::ops::softmax::scaled_softmax_vjp;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl Tensor {
    /// `softmax(scale * x)` over the last axis, among the places where `mask` is true; zero elsewhere. The
    /// mask broadcasts to this shape. A row without a place is all zeros, never NaN.
    ///
    /// # Panics
    /// If the rank is 0 or the mask does not broadcast to this shape.
    #[must_use]
    #[track_caller]
    pub fn masked_softmax(&self, scale: f64, mask: Option<&Mask>) -> Tensor {
        let x = self.contiguous();
        let row_len = x.dim(-1);
        let mask = mask.map(|mask| broadcast_rows("masked_softmax", mask, x.shape()));
        dispatch!(x.dtype(), T => {
            let mask = mask.as_ref().map(Mask::strided);
            Tensor::from_vec(softmax::<T>(x.data(), row_len, T::of(scale), mask), x.shape())
        })
    }
}

/// The vjp of [`Tensor::masked_softmax`] from its output y: `scale * y * (grad_out - sum(grad_out * y))`.
/// Zero at masked places, because y is.
///
/// # Panics
/// If the shapes or dtypes differ, or the rank is 0.
#[must_use]
#[track_caller]
pub fn masked_softmax_vjp(out: &Tensor, grad_out: &Tensor, scale: f64) -> Tensor {
    scaled_softmax_vjp("masked_softmax_vjp", out, grad_out, -1, scale)
}

/// A mask of `shape` whose last axis is contiguous, as the softmax kernel reads it. Copies only if the mask
/// is broadcast along that axis.
#[track_caller]
pub(crate) fn broadcast_rows(operation: &str, mask: &Mask, shape: Shape) -> Mask {
    let fits = mask.shape().broadcast(shape) == Some(shape);
    assert!(fits, "{operation}: mask {} does not broadcast to {shape}", mask.shape());
    let mask = mask.broadcast_to(shape);
    let (len, stride) = (shape[shape.rank() - 1], mask.strided().strides[shape.rank() - 1]);
    if len <= 1 || stride == 1 { mask } else { Mask::from_vec(mask.to_vec(), shape) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use crate::random::Seed;
    use approx::assert_relative_eq;

    #[test]
    fn masks_of_every_broadcast_agree_with_the_composed_form() {
        let shape = Shape::from([2, 3, 4, 5]);
        let normal = |name: &str| Tensor::normal(shape, 0.0, 2.0, Seed::new(1).derive(name), DType::F64);
        let (x, grad_out) = (normal("x"), normal("grad"));
        let shapes: [&[usize]; 7] =
            [&[], &[5], &[4, 5], &[2, 1, 1, 5], &[2, 1, 4, 1], &[1, 3, 4, 5], &[2, 3, 4, 5]];
        for mask_shape in shapes {
            let mask = Mask::from_fn(mask_shape, |index| index.iter().sum::<usize>() % 3 != 1);
            let exp = x.mul_scalar(0.5).exp().masked_fill(&mask.not(), 0.0);
            let sum = exp.sum(-1, true);
            let empty = sum.equal(&Tensor::scalar(0.0));
            let y = exp.div(&sum.masked_fill(&empty, 1.0));
            let out = x.masked_softmax(0.5, Some(&mask));
            assert_relative_eq!(out.to_f64_vec()[..], y.to_f64_vec()[..], epsilon = 1e-13);
            let centred = grad_out.sub(&grad_out.mul(&y).sum(-1, true));
            let (grad, expected) =
                (masked_softmax_vjp(&out, &grad_out, 0.5), y.mul(&centred).mul_scalar(0.5));
            assert_relative_eq!(grad.to_f64_vec()[..], expected.to_f64_vec()[..], epsilon = 1e-13);
        }
    }

    #[test]
    fn a_query_that_may_attend_to_nothing_gets_zeros_and_no_gradient() {
        let x = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
        let mask = Mask::from_vec(vec![true, false], [2, 1]);
        let out = x.masked_softmax(1.0, Some(&mask));
        assert_eq!(out.slice(0, 1..2), Tensor::from([[0.0f32, 0.0]]));
        let grad = masked_softmax_vjp(&out, &Tensor::from([[1.0f32, -1.0], [f32::MAX, 1.0]]), 1.0);
        assert_eq!(grad.slice(0, 1..2), Tensor::from([[0.0f32, 0.0]]));
        assert!(grad.at(&[0, 0]) > 0.0);
    }

    #[test]
    fn without_a_mask_it_is_softmax_and_any_layout_will_do() {
        let x = Tensor::arange(0.0, 12.0, 1.0, DType::F32).reshape([4, 3]).transpose(0, 1); // [3, 4]
        assert_eq!(x.masked_softmax(1.0, None), x.softmax(-1));
        let first = Mask::from_fn([1, 4], |index| index[1] == 0);
        let expected = Tensor::from([[1.0f32, 0.0, 0.0, 0.0]]).broadcast_to([3, 4]);
        assert_eq!(x.masked_softmax(1.0, Some(&first)), expected);
        assert_eq!(Tensor::zeros([0, 4], DType::F32).masked_softmax(1.0, Some(&first)).numel(), 0);
    }

    #[test]
    #[should_panic(expected = "masked_softmax: mask [3, 3] does not broadcast to [2, 3]")]
    fn a_mask_of_another_shape_panics() {
        let _ = Tensor::zeros([2, 3], DType::F32).masked_softmax(1.0, Some(&Mask::causal(3)));
    }
}
