//! Layer normalisation over the last axis (Ba, Kiros and Hinton 2016, §3).

use crate::dispatch;
use crate::element::{DType, Element};
use crate::kernels::layer_norm as kernel;
use crate::tensor::{Tensor, check_alike, check_dtypes};

/// What [`Tensor::layer_norm`] computes.
#[derive(Clone)]
pub struct LayerNormOutput {
    /// The normalised rows. `[.., d]`
    pub out: Tensor,
    /// The mean of each row, in f64 whatever x is in: a row may vary by less than f32 rounds its mean. `[..]`
    pub mean: Tensor,
    /// One over the square root of each row's variance plus eps. `[..]`
    pub rstd: Tensor,
}

impl Tensor {
    /// `gamma * (x - mean) / sqrt(variance + eps) + beta` over the last axis `[.., d]`, with the biased
    /// variance; `gamma` and `beta` are `[d]`.
    ///
    /// # Panics
    /// If the shapes do not fit or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn layer_norm(&self, gamma: &Tensor, beta: &Tensor, eps: f64) -> LayerNormOutput {
        check_dtypes("layer_norm", self, gamma);
        check_alike("layer_norm", gamma, beta);
        check_gamma("layer_norm", self, gamma);
        let (x, gamma, beta) = (self.contiguous(), gamma.contiguous(), beta.contiguous());
        let rows_shape = x.shape().without(x.rank() - 1);
        dispatch!(x.dtype(), T => {
            let rows = rows_shape.numel();
            let (out, mean, rstd) =
                kernel::layer_norm::<T>(x.data(), rows, gamma.data(), beta.data(), T::of(eps));
            LayerNormOutput {
                out: Tensor::from_vec(out, x.shape()),
                mean: Tensor::from_vec(mean, rows_shape),
                rstd: Tensor::from_vec(rstd, rows_shape),
            }
        })
    }
}

/// The vjp of [`Tensor::layer_norm`]: the gradients of x `[.., d]`, gamma `[d]` and beta `[d]`, from the
/// input, gamma and the statistics that the forward returned. The equations are at the kernel,
/// `kernels/layer_norm.rs`.
///
/// # Panics
/// If the shapes do not fit or the dtypes differ.
#[must_use]
#[track_caller]
pub fn layer_norm_vjp(
    x: &Tensor,
    gamma: &Tensor,
    mean: &Tensor,
    rstd: &Tensor,
    grad_out: &Tensor,
) -> (Tensor, Tensor, Tensor) {
    check_dtypes("layer_norm_vjp", x, gamma);
    check_dtypes("layer_norm_vjp", x, rstd);
    check_alike("layer_norm_vjp", x, grad_out);
    check_gamma("layer_norm_vjp", x, gamma);
    let rows_shape = x.shape().without(x.rank() - 1);
    let fits = mean.shape() == rows_shape && rstd.shape() == rows_shape && mean.dtype() == DType::F64;
    assert!(
        fits,
        "layer_norm_vjp: mean {}, in f64, or rstd is not one for each row of {}",
        mean.shape(),
        x.shape()
    );
    let (x, gamma, grad_out) = (x.contiguous(), gamma.contiguous(), grad_out.contiguous());
    let (mean, rstd) = (mean.contiguous(), rstd.contiguous());
    dispatch!(x.dtype(), T => {
        let (grad_x, grad_gamma, grad_beta) =
            kernel::layer_norm_vjp::<T>(x.data(), gamma.data(), mean.data(), rstd.data(), grad_out.data());
        (
            Tensor::from_vec(grad_x, x.shape()),
            Tensor::from_vec(grad_gamma, gamma.shape()),
            Tensor::from_vec(grad_beta, gamma.shape()),
        )
    })
}

/// Panics unless `gamma` is `[d]` where `x` is `[.., d]`.
#[track_caller]
fn check_gamma(operation: &str, x: &Tensor, gamma: &Tensor) {
    let fits = gamma.rank() == 1 && x.shape().last() == Some(&gamma.numel());
    assert!(fits, "{operation}: gamma {} does not fit the rows of {}", gamma.shape(), x.shape());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use crate::random::Seed;
    use approx::assert_relative_eq;

    fn normal(shape: &[usize], name: &str) -> Tensor {
        Tensor::normal(shape, 1.0, 2.0, Seed::new(1).derive(name), DType::F64)
    }

    fn assert_close(a: &Tensor, b: &Tensor) {
        assert_eq!(a.shape(), b.shape());
        assert_relative_eq!(a.to_f64_vec()[..], b.to_f64_vec()[..], epsilon = 1e-12);
    }

    #[test]
    fn any_layout_agrees_with_the_composed_form() {
        let views = [
            normal(&[2, 3, 5], "x"),
            normal(&[5, 3, 2], "x").transpose(0, 2),
            normal(&[1, 3, 5], "x").broadcast_to([2, 3, 5]),
        ];
        let (gamma, beta) = (normal(&[10], "gamma").slice(0, 3..8), normal(&[1], "beta").broadcast_to([5]));
        let grad_out = normal(&[5, 3, 2], "grad").transpose(0, 2);
        for x in &views {
            let LayerNormOutput { out, mean, rstd } = x.layer_norm(&gamma, &beta, 1e-3);
            let expected_rstd = Tensor::scalar(1.0).div(&x.variance(-1, true).add_scalar(1e-3).sqrt());
            let n = x.sub(&x.mean(-1, true)).mul(&expected_rstd);
            assert_close(&mean, &x.mean(-1, false));
            assert_close(&rstd, &expected_rstd.squeeze(-1));
            assert_close(&out, &n.mul(&gamma).add(&beta));

            let (grad_x, grad_gamma, grad_beta) = layer_norm_vjp(x, &gamma, &mean, &rstd, &grad_out);
            let h = grad_out.mul(&gamma);
            let through = h.mean(-1, true).add(&n.mul(&h.mul(&n).mean(-1, true)));
            assert_close(&grad_x, &h.sub(&through).mul(&expected_rstd));
            assert_close(&grad_gamma, &grad_out.mul(&n).sum([0, 1], false));
            assert_close(&grad_beta, &grad_out.sum([0, 1], false));
        }
    }

    #[test]
    fn no_rows_have_no_gradient() {
        let (x, gamma) = (Tensor::zeros([0, 3], DType::F32), Tensor::ones([3], DType::F32));
        let LayerNormOutput { out, mean, rstd } = x.layer_norm(&gamma, &gamma, 1e-5);
        assert_eq!(out, x);
        let (grad_x, grad_gamma, grad_beta) = layer_norm_vjp(&x, &gamma, &mean, &rstd, &x);
        assert_eq!((grad_x, grad_gamma), (x, Tensor::zeros([3], DType::F32)));
        assert_eq!(grad_beta, Tensor::zeros([3], DType::F32));
    }

    #[test]
    #[should_panic(expected = "layer_norm: gamma [2] does not fit the rows of [2, 3]")]
    fn a_gamma_of_another_length_panics() {
        let gamma = Tensor::ones([2], DType::F32);
        let _ = Tensor::zeros([2, 3], DType::F32).layer_norm(&gamma, &gamma, 1e-5);
    }
}
