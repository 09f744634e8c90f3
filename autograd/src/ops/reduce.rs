//! Reductions: `sum`, `mean`, `max`, `variance`, `log_sum_exp` over one axis, several, or all (`..`).
//!
//! With `keep_dims` the reduced axes stay, with length 1. Every vjp first brings `grad_out` into that
//! form, in which it broadcasts against the input.

use tensor::{Axes, Shape, Tensor};

use crate::var::Var;

impl Var {
    /// The sum. vjp: `grad_self = grad_out`, repeated over the reduced axes.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Axes>, keep_dims: bool) -> Var {
        let (axes, shape) = (axes.into(), self.shape());
        let out = self.value().sum(axes.clone(), keep_dims);
        let kept = kept_shape(shape, &axes);
        Var::record("sum", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.reshape(kept).broadcast_to(shape));
        })
    }

    /// The mean of n elements. vjp: `grad_self = grad_out / n`, repeated over the reduced axes.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn mean(&self, axes: impl Into<Axes>, keep_dims: bool) -> Var {
        let (axes, shape) = (axes.into(), self.shape());
        let out = self.value().mean(axes.clone(), keep_dims);
        let kept = kept_shape(shape, &axes);
        let n = Tensor::full([], count(shape, kept), self.dtype());
        Var::record("mean", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.reshape(kept).div(&n).broadcast_to(shape));
        })
    }

    /// The largest element. vjp: `grad_self = grad_out` at the largest element, else 0. Where several are
    /// equally large there is no derivative; they share `grad_out` equally.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn max(&self, axes: impl Into<Axes>, keep_dims: bool) -> Var {
        let axes = axes.into();
        let out = self.value().max(axes.clone(), keep_dims);
        let kept = kept_shape(self.shape(), &axes);
        let (x, largest) = (self.value().clone(), out.reshape(kept));
        Var::record("max", &[self], out, move |grad_out, grads| {
            grads.add(0, || {
                let (one, zero) = (Tensor::full([], 1.0, x.dtype()), Tensor::full([], 0.0, x.dtype()));
                let is_largest = Tensor::where_(&x.equal(&largest), &one, &zero);
                let share = grad_out.reshape(kept).div(&is_largest.sum(axes, true));
                is_largest.mul(&share)
            });
        })
    }

    /// The biased variance, the mean of `(self - mean)^2` over n elements. vjp:
    /// `grad_self = grad_out * 2 (self - mean) / n`; the mean moves too, but the deviations from it add
    /// up to zero, so that its part vanishes.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn variance(&self, axes: impl Into<Axes>, keep_dims: bool) -> Var {
        let axes = axes.into();
        let x = self.value().clone();
        let out = x.variance(axes.clone(), keep_dims);
        let kept = kept_shape(self.shape(), &axes);
        let n = Tensor::full([], count(self.shape(), kept), self.dtype());
        Var::record("variance", &[self], out, move |grad_out, grads| {
            grads.add(0, || x.centred(axes).mul(&grad_out.reshape(kept).mul_scalar(2.0).div(&n)));
        })
    }

    /// The logarithm of the sum of the exponentials, computed without overflow.
    /// vjp: `grad_self = grad_out * p` with `p = exp(self - out)`, the softmax of `self`.
    ///
    /// The sum of p is 1 but for the rounding of `out`, which is large where `out` is (at 1000, f32 rounds by
    /// 3e-5); dividing by that sum takes it away. Where all of `self` is minus infinity, and so is `out`, no element has
    /// a part in it: the gradient is 0, as it is where only some of them are.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn log_sum_exp(&self, axes: impl Into<Axes>, keep_dims: bool) -> Var {
        let axes = axes.into();
        let out = self.value().log_sum_exp(axes.clone(), keep_dims);
        let kept = kept_shape(self.shape(), &axes);
        let (x, normalizer) = (self.value().clone(), out.reshape(kept));
        Var::record("log_sum_exp", &[self], out, move |grad_out, grads| {
            grads.add(0, || {
                let nothing = normalizer.equal(&Tensor::full([], f64::NEG_INFINITY, x.dtype()));
                let p = x.sub(&normalizer.masked_fill(&nothing, 0.0)).exp(); // 0 where there is nothing
                let total = p.sum(axes, true).masked_fill(&nothing, 1.0);
                p.mul(&grad_out.reshape(kept).div(&total))
            });
        })
    }
}

/// `shape` with the chosen axes reduced to length 1. They exist: the reduction has been computed.
fn kept_shape(shape: Shape, axes: &Axes) -> Shape {
    let chosen = axes.chosen(shape);
    let mut kept = shape;
    for axis in 0..shape.rank() {
        if chosen[axis] {
            kept[axis] = 1;
        }
    }
    kept
}

/// How many elements of `shape` go into one of `kept`.
fn count(shape: Shape, kept: Shape) -> f64 {
    shape.iter().zip(&kept[..]).map(|(&len, &kept)| if kept == 1 { len } else { 1 }).product::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, check_layouts, normal};
    use tensor::DType;

    fn every_choice_of_axes(test: impl Fn(Axes, bool)) {
        for keep_dims in [false, true] {
            let choices =
                [Axes::from(..), Axes::from(0), Axes::from(-1), Axes::from([0, 2]), Axes::from([-1, 1])];
            choices.into_iter().for_each(|axes| test(axes, keep_dims));
        }
    }

    #[test]
    fn gradients() {
        let x = [normal("x", [2, 3, 2])];
        every_choice_of_axes(|axes, keep| {
            check("sum", &x, |v| v[0].sum(axes.clone(), keep));
            check("mean", &x, |v| v[0].mean(axes.clone(), keep));
            check("variance", &x, |v| v[0].variance(axes.clone(), keep));
            check("log_sum_exp", &x, |v| v[0].log_sum_exp(axes.clone(), keep));
            check_layouts("max", &x, |v| v[0].max(axes.clone(), keep));
        });
    }

    #[test]
    fn gradients_of_a_shared_input() {
        check_layouts("shared", &[normal("x", [2, 3])], |v| {
            let x = &v[0];
            (x - x.mean(-1, true)) / x.variance(-1, true).sqrt() + x.max(0, true) * x.log_sum_exp(-1, true)
        });
    }

    #[test]
    fn variance_and_log_sum_exp_are_their_definitions() {
        let x = [normal("x", [2, 3, 2])];
        every_choice_of_axes(|axes, keep| {
            assert_agree(
                &x,
                |v| v[0].variance(axes.clone(), keep),
                |v| (&v[0] - v[0].mean(axes.clone(), true)).powi(2).mean(axes.clone(), keep),
            );
            assert_agree(
                &x,
                |v| v[0].log_sum_exp(axes.clone(), keep),
                |v| v[0].exp().sum(axes.clone(), keep).log(),
            );
        });
    }

    #[test]
    fn ties_share_the_gradient_of_max_equally() {
        let x = Tape::new().var(Tensor::from([[3.0, 1.0, 3.0], [0.0, 2.0, 1.0]]));
        let gradients = x.max(-1, false).sum(.., false).backward();
        assert_eq!(gradients.get(&x), Some(&Tensor::from([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])));
    }

    #[test]
    fn what_is_all_minus_infinity_has_no_part_in_log_sum_exp() {
        let low = f64::NEG_INFINITY;
        for (keep, dtype) in [(false, DType::F64), (true, DType::F32)] {
            let x = Tape::new().var(Tensor::from([[low, low], [low, 0.0], [0.0, 0.0]]).to_dtype(dtype));
            let grad = x.log_sum_exp(-1, keep).sum(.., false).backward().take(&x).unwrap();
            assert_eq!(grad.to_f64_vec(), [0.0, 0.0, 0.0, 1.0, 0.5, 0.5]);
            let grad = x.slice(0, 0..1).log_sum_exp(.., keep).backward().take(&x).unwrap();
            assert_eq!(grad.to_f64_vec(), [0.0; 6]);
        }
    }

    /// Sums of gradients are as exact as sums of values: here that of an input that was broadcast, and of a bias.
    #[test]
    fn long_sums_of_gradients_are_rounded_once() {
        let rows = 1_000_000;
        let tape = Tape::new();
        let (one, bias) =
            (tape.var(Tensor::zeros([1], DType::F32)), tape.var(Tensor::zeros([2], DType::F32)));
        let (x, weight) = (Tensor::zeros([rows, 1], DType::F32), Tensor::zeros([2, 1], DType::F32));
        let x = Var::constant(x);
        let out = x.linear(&Var::constant(weight), Some(&bias)) + x.mul(&one).add(&one);
        let gradients = out.backward_with(Tensor::full([rows, 2], 0.1, DType::F32));
        let sum = f64::from(0.1f32) * rows as f64;
        assert_eq!(gradients.get(&bias), Some(&Tensor::full([2], sum, DType::F32)));
        assert_eq!(gradients.get(&one), Some(&Tensor::full([1], 2.0 * sum, DType::F32)));
    }

    #[test]
    fn the_gradient_of_a_mean_is_divided_by_its_count() {
        let x = Tape::new().var(Tensor::ones([49], DType::F64));
        let grad = x.mean(.., false).backward_with(Tensor::scalar(49.0)).take(&x).unwrap();
        assert_eq!(grad, Tensor::ones([49], DType::F64));
        let x = Tape::new().var(Tensor::full([2, 512], 1000.7, DType::F32));
        let grad = x.variance(-1, false).sum(.., false).backward().take(&x).unwrap();
        assert_eq!(grad, Tensor::zeros([2, 512], DType::F32), "of equal elements");
    }

    #[test]
    fn hand_computed_gradients() {
        let x = Tape::new().var(Tensor::from([1.0, 3.0]));
        assert_eq!(x.mean(.., false).backward().get(&x), Some(&Tensor::from([0.5, 0.5])));
        assert_eq!(x.variance(.., false).backward().get(&x), Some(&Tensor::from([-1.0, 1.0])));
    }

    #[test]
    #[should_panic(expected = "axis 2 is out of range for shape [2, 3]")]
    fn a_missing_axis_panics() {
        let _ = Tape::new().var(normal("x", [2, 3])).sum(2, false);
    }
}
