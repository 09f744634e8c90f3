//! Softmax and its logarithm along an axis.

use crate::dispatch;
use crate::element::Element;
use crate::kernels::softmax;
use crate::tensor::{Tensor, check_alike};
use crate::threads::{for_each_chunk, rows_per_chunk};

impl Tensor {
    /// `exp(x) / sum(exp(x))` along `axis`: non-negative, and summing to 1. A row that is all negative
    /// infinity becomes zeros.
    ///
    /// # Panics
    /// If the axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Tensor {
        self.shape().axis_for("softmax", axis);
        let x = self.transpose(axis, -1).contiguous();
        let out = dispatch!(x.dtype(), T => {
            Tensor::from_vec(softmax::softmax::<T>(x.data(), x.dim(-1), T::of(1.0), None), x.shape())
        });
        out.transpose(axis, -1)
    }

    /// `x - log(sum(exp(x)))` along `axis`: the logarithm of [`Tensor::softmax`], accurate where that is
    /// close to zero.
    ///
    /// # Panics
    /// If the axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Tensor {
        self.shape().axis_for("log_softmax", axis);
        let x = self.transpose(axis, -1).contiguous();
        let out = dispatch!(x.dtype(), T => {
            Tensor::from_vec(softmax::log_softmax::<T>(x.data(), x.dim(-1)), x.shape())
        });
        out.transpose(axis, -1)
    }

    /// [`Tensor::log_softmax`] along the last axis, in place.
    ///
    /// # Panics
    /// If there is no axis.
    #[track_caller]
    pub fn log_softmax_assign(&mut self) {
        self.shape().axis_for("log_softmax_assign", -1);
        let row_len = self.dim(-1);
        let chunk = (rows_per_chunk(row_len) * row_len).max(1);
        dispatch!(self.dtype(), T => {
            for_each_chunk(self.data_mut::<T>(), chunk, |_, rows| softmax::log_softmax_rows(rows, row_len));
        });
    }
}

/// The vjp of [`Tensor::softmax`] from its output y: `y * (grad_out - sum(grad_out * y))` along `axis`.
///
/// # Panics
/// If the shapes or dtypes differ, or the axis does not exist.
#[must_use]
#[track_caller]
pub fn softmax_vjp(out: &Tensor, grad_out: &Tensor, axis: isize) -> Tensor {
    scaled_softmax_vjp("softmax_vjp", out, grad_out, axis, 1.0)
}

/// `scale * y * (grad_out - sum(grad_out * y))` along `axis`.
#[track_caller]
pub(crate) fn scaled_softmax_vjp(
    operation: &str,
    out: &Tensor,
    grad_out: &Tensor,
    axis: isize,
    scale: f64,
) -> Tensor {
    check_alike(operation, out, grad_out);
    let (y, grad_out) = (out.transpose(axis, -1).contiguous(), grad_out.transpose(axis, -1).contiguous());
    let grad = dispatch!(y.dtype(), T => {
        let grad = softmax::softmax_vjp::<T>(y.data(), grad_out.data(), y.dim(-1), T::of(scale));
        Tensor::from_vec(grad, y.shape())
    });
    grad.transpose(axis, -1)
}

/// The vjp of [`Tensor::log_softmax`] from its output y: `grad_out - exp(y) * sum(grad_out)` along `axis`.
///
/// # Panics
/// If the shapes or dtypes differ, or the axis does not exist.
#[must_use]
#[track_caller]
pub fn log_softmax_vjp(out: &Tensor, grad_out: &Tensor, axis: isize) -> Tensor {
    check_alike("log_softmax_vjp", out, grad_out);
    let (y, grad_out) = (out.transpose(axis, -1).contiguous(), grad_out.transpose(axis, -1).contiguous());
    let grad = dispatch!(y.dtype(), T => {
        Tensor::from_vec(softmax::log_softmax_vjp::<T>(y.data(), grad_out.data(), y.dim(-1)), y.shape())
    });
    grad.transpose(axis, -1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use crate::random::Seed;
    use approx::assert_relative_eq;

    fn normal(shape: [usize; 3], name: &str) -> Tensor {
        Tensor::normal(shape, 0.0, 2.0, Seed::new(1).derive(name), DType::F64)
    }

    /// The same operations composed from elementwise ones and reductions.
    #[test]
    fn every_axis_of_any_layout_agrees_with_the_composed_form() {
        let views = [
            normal([2, 3, 5], "x"),
            normal([5, 3, 2], "x").transpose(0, 2),
            normal([2, 1, 5], "x").broadcast_to([2, 3, 5]),
            normal([2, 3, 9], "x").slice(2, 2..7),
        ];
        let grad_out = normal([5, 3, 2], "grad").transpose(0, 2);
        for x in &views {
            for axis in [0, 1, 2, -1, -2] {
                let exp = x.exp();
                let y = exp.div(&exp.sum(axis, true));
                let close = |a: &Tensor, b: &Tensor| {
                    assert_eq!(a.shape(), b.shape());
                    assert_relative_eq!(a.to_f64_vec()[..], b.to_f64_vec()[..], epsilon = 1e-12);
                };
                close(&x.softmax(axis), &y);
                close(&x.log_softmax(axis), &y.log());
                let mut in_place = x.clone();
                in_place.log_softmax_assign();
                assert_eq!(in_place, x.log_softmax(-1));
                let centred = grad_out.sub(&grad_out.mul(&y).sum(axis, true));
                close(&softmax_vjp(&y, &grad_out, axis), &y.mul(&centred));
                let expected = grad_out.sub(&y.mul(&grad_out.sum(axis, true)));
                close(&log_softmax_vjp(&y.log(), &grad_out, axis), &expected);
            }
        }
    }

    #[test]
    fn empty_and_f32_tensors_keep_shape_and_dtype() {
        let x = Tensor::zeros([2, 0, 3], DType::F32);
        for axis in 0..3 {
            assert_eq!(x.softmax(axis), x);
            x.clone().log_softmax_assign();
            assert_eq!(log_softmax_vjp(&x, &x, axis), x);
        }
        assert_eq!(Tensor::zeros([4], DType::F32).softmax(0), Tensor::full([4], 0.25, DType::F32));
    }

    #[test]
    #[should_panic(expected = "axis 1 is out of range for shape [3]")]
    fn missing_axis_panics() {
        let _ = Tensor::zeros([3], DType::F32).softmax(1);
    }

    #[test]
    #[should_panic(expected = "softmax_vjp: shapes differ: [2, 3] and [3]")]
    fn vjp_of_another_shape_panics() {
        let _ = softmax_vjp(&Tensor::zeros([2, 3], DType::F32), &Tensor::zeros([3], DType::F32), 0);
    }
}
