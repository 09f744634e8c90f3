//! Reductions over axes. With `keep_dims` the reduced axes stay with length 1, so that the result
//! broadcasts against the input.

use crate::dispatch;
use crate::kernels::reduce::{argmax_rows, max, reduce, sum_f64};
use crate::shape::{Axes, Shape};
use crate::tensor::Tensor;

pub use crate::kernels::reduce::argmax;

impl Tensor {
    /// The sum over `axes`; 0 over no elements.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Axes>, keep_dims: bool) -> Tensor {
        self.sum_for("sum", &axes.into(), keep_dims)
    }

    /// As [`Tensor::sum`], with the operation's name for the panics.
    #[track_caller]
    fn sum_for(&self, operation: &str, axes: &Axes, keep_dims: bool) -> Tensor {
        let grouped = Grouped::new(operation, self, axes, keep_dims);
        dispatch!(self.dtype(), T => {
            let x = grouped.tensor.data::<T>();
            Tensor::from_vec(reduce(x, grouped.dims, 0.0, |a, b| a + b), grouped.out)
        })
    }

    /// The mean over `axes`; NaN over no elements.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn mean(&self, axes: impl Into<Axes>, keep_dims: bool) -> Tensor {
        self.mean_for("mean", &axes.into(), keep_dims)
    }

    #[track_caller]
    fn mean_for(&self, operation: &str, axes: &Axes, keep_dims: bool) -> Tensor {
        let sum = self.sum_for(operation, axes, keep_dims);
        let count = self.numel() as f64 / sum.numel() as f64;
        sum.mul_scalar(1.0 / count)
    }

    /// The largest element over `axes`; NaN if there is one; minus infinity over no elements.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn max(&self, axes: impl Into<Axes>, keep_dims: bool) -> Tensor {
        self.max_for("max", &axes.into(), keep_dims)
    }

    #[track_caller]
    fn max_for(&self, operation: &str, axes: &Axes, keep_dims: bool) -> Tensor {
        let grouped = Grouped::new(operation, self, axes, keep_dims);
        dispatch!(self.dtype(), T => {
            let x = grouped.tensor.data::<T>();
            Tensor::from_vec(reduce(x, grouped.dims, T::NEG_INFINITY, max), grouped.out)
        })
    }

    /// The biased variance over `axes`, the mean of (x - mean)^2, computed in two passes.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn variance(&self, axes: impl Into<Axes>, keep_dims: bool) -> Tensor {
        let axes = axes.into();
        let centred = self.sub(&self.mean_for("variance", &axes, true));
        centred.powi(2).mean(axes, keep_dims)
    }

    /// `log(sum(exp(x)))` over `axes`, without overflow: the maximum is taken out first. Minus infinity
    /// over no elements.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn log_sum_exp(&self, axes: impl Into<Axes>, keep_dims: bool) -> Tensor {
        let axes = axes.into();
        let largest = self.max_for("log_sum_exp", &axes, true);
        // Where the maximum is infinite it must not be subtracted from itself.
        let shift = dispatch!(self.dtype(), T => {
            let finite = |x: T| if x.is_infinite() { 0.0 } else { x };
            Tensor::from_vec(largest.to_vec::<T>().into_iter().map(finite).collect(), largest.shape())
        });
        let out = self.sub(&shift).exp().sum(axes.clone(), true).log().add(&shift);
        if keep_dims {
            out
        } else {
            out.reshape(Grouped::out_shape("log_sum_exp", self.shape(), &axes, false))
        }
    }

    /// The index of the largest element along `axis`, the first among equals, for each of the other
    /// axes' indices in row-major order. A NaN counts as larger than every number.
    ///
    /// # Panics
    /// If the axis does not exist or has length 0.
    #[must_use]
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Vec<u32> {
        let axis = self.shape().axis_for("argmax", axis);
        let len = self.shape()[axis];
        assert!(len > 0, "argmax: axis {axis} of {} has no elements", self.shape());
        let others = (0..self.rank()).filter(|&other| other != axis);
        let order: Vec<isize> = others.chain([axis]).map(|axis| axis as isize).collect();
        let rows = self.permute(&order).contiguous(); // [.., len]
        dispatch!(self.dtype(), T => argmax_rows(rows.data::<T>(), self.numel() / len, len))
    }

    /// Summed to `shape`, over the axes along which `shape` would be broadcast to this tensor's shape: the
    /// adjoint of [`Tensor::broadcast_to`].
    ///
    /// # Panics
    /// If `shape` does not broadcast to this tensor's shape.
    #[must_use]
    #[track_caller]
    pub fn sum_to(&self, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        if shape == self.shape() {
            return self.clone();
        }
        let fits = shape.broadcast(self.shape()) == Some(self.shape());
        assert!(fits, "sum_to: {shape} does not broadcast to {}", self.shape());
        let missing = self.rank() - shape.rank();
        let repeated = |&axis: &usize| axis < missing || shape[axis - missing] == 1;
        let axes: Vec<isize> = (0..self.rank()).filter(repeated).map(|axis| axis as isize).collect();
        self.sum(&axes[..], true).reshape(shape)
    }

    /// The sum of the squares of all elements, formed in f64.
    #[must_use]
    pub fn sum_of_squares(&self) -> f64 {
        dispatch!(self.dtype(), T => sum_f64(self.contiguous().data::<T>(), |x| x * x))
    }
}

/// A tensor arranged for the reduction kernel: contiguous, `[outer, len, inner]` with `len` reduced.
struct Grouped {
    tensor: Tensor,
    dims: [usize; 3],
    out: Shape,
}

impl Grouped {
    #[track_caller]
    fn new(operation: &str, x: &Tensor, axes: &Axes, keep_dims: bool) -> Grouped {
        let chosen = axes.chosen_for(operation, x.shape());
        let out = Grouped::out_shape(operation, x.shape(), axes, keep_dims);
        let len =
            |reduced: bool| (0..x.rank()).filter(|&a| chosen[a] == reduced).map(|a| x.shape()[a]).product();
        let first = (0..x.rank()).position(|a| chosen[a]).unwrap_or(x.rank());
        let last = (0..x.rank()).rposition(|a| chosen[a]).map_or(first, |a| a + 1);
        if (first..last).all(|a| chosen[a]) {
            // The reduced axes are neighbours: no need to move anything.
            let outer = x.shape()[..first].iter().product();
            let inner = x.shape()[last..].iter().product();
            return Grouped { tensor: x.contiguous(), dims: [outer, len(true), inner], out };
        }
        let kept = (0..x.rank()).filter(|&a| !chosen[a]);
        let order: Vec<isize> =
            kept.chain((0..x.rank()).filter(|&a| chosen[a])).map(|a| a as isize).collect();
        Grouped { tensor: x.permute(&order).contiguous(), dims: [len(false), len(true), 1], out }
    }

    #[track_caller]
    fn out_shape(operation: &str, shape: Shape, axes: &Axes, keep_dims: bool) -> Shape {
        let chosen = axes.chosen_for(operation, shape);
        let axis_len = |axis: usize| if chosen[axis] { 1 } else { shape[axis] };
        let lengths: Vec<usize> =
            (0..shape.rank()).filter(|&axis| keep_dims || !chosen[axis]).map(axis_len).collect();
        lengths.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    fn count(shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        Tensor::arange(0.0, shape.numel() as f64, 1.0, DType::F64).reshape(shape)
    }

    #[test]
    fn sums_over_any_axes() {
        let x = count([2, 3, 4]);
        assert_eq!(x.sum(.., false).item(), 276.0);
        assert_eq!(x.sum(-1, false), Tensor::from([[6.0, 22.0, 38.0], [54.0, 70.0, 86.0]]));
        assert_eq!(x.sum(1, true).shape(), Shape::from([2, 1, 4]));
        assert_eq!(x.sum([0, 2], false), Tensor::from([60.0, 92.0, 124.0]));
        assert_eq!(x.sum([0, 2], true).shape(), Shape::from([1, 3, 1]));
        assert_eq!(x.transpose(0, 2).sum([0, 1], false), Tensor::from([66.0, 210.0]));
        let no_axes: [isize; 0] = [];
        assert_eq!(x.sum(no_axes, false), x);
        assert_eq!(Tensor::zeros([0, 2], DType::F32).sum(0, false), Tensor::zeros([2], DType::F32));
    }

    #[test]
    fn broadcast_input_is_counted_as_often_as_it_shows() {
        let x = Tensor::from([[1.0], [2.0]]).broadcast_to([2, 5]);
        assert_eq!(x.sum(1, false), Tensor::from([5.0, 10.0]));
        assert_eq!(x.sum(0, false), Tensor::full([5], 3.0, DType::F64));
        assert_eq!(x.mean(.., false).item(), 1.5);
    }

    #[test]
    fn mean_variance_max() {
        let x = Tensor::from([[1.0, 3.0], [-2.0, 6.0]]);
        assert_eq!(x.mean(1, false), Tensor::from([2.0, 2.0]));
        assert_eq!(x.variance(1, false), Tensor::from([1.0, 16.0]));
        assert_eq!(x.max(0, false), Tensor::from([1.0, 6.0]));
        assert!(Tensor::zeros([0], DType::F32).mean(.., false).item().is_nan());
        assert_eq!(
            Tensor::zeros([2, 0], DType::F32).max(1, false),
            Tensor::full([2], f64::NEG_INFINITY, DType::F32)
        );
    }

    #[test]
    fn log_sum_exp_neither_overflows_nor_loses_infinities() {
        let x = Tensor::from([[1000.0, 1000.0], [-1000.0, -1000.0]]);
        let expected = Tensor::from([1000.0 + 2f64.ln(), -1000.0 + 2f64.ln()]);
        assert_eq!(x.log_sum_exp(1, false), expected);
        assert_eq!(x.log_sum_exp(1, true).shape(), Shape::from([2, 1]));
        let low = Tensor::full([3], f64::NEG_INFINITY, DType::F64);
        assert_eq!(low.log_sum_exp(.., false).item(), f64::NEG_INFINITY);
    }

    #[test]
    fn argmax_keeps_the_order_of_the_other_axes() {
        let x = Tensor::from([[1.0f32, 5.0, 5.0], [7.0, 0.0, 2.0]]);
        assert_eq!(x.argmax(1), [1, 0]);
        assert_eq!(x.argmax(0), [1, 0, 0]);
        let y = count([2, 3, 4]).neg();
        assert_eq!(y.argmax(1), [0; 8]);
        let z = Tensor::from([[[1.0, 2.0], [3.0, 0.0]], [[5.0, 9.0], [4.0, 10.0]]]);
        assert_eq!(z.argmax(1), [1, 0, 0, 1]);
    }

    #[test]
    fn squares_are_summed_in_f64_whatever_the_layout() {
        let x = Tensor::from([[3.0f32, 4096.5], [-1.0, 0.25]]);
        let expected = 9.0 + 4096.5f64 * 4096.5 + 1.0 + 0.0625; // of which f32 keeps no fraction
        assert_eq!([x.transpose(0, 1).sum_of_squares(), x.sum_of_squares()], [expected; 2]);
        assert_eq!(Tensor::zeros([0], DType::F64).sum_of_squares(), 0.0);
    }

    #[test]
    fn sum_to_undoes_broadcasting() {
        let x = count([2, 3, 4]);
        assert_eq!(x.sum_to([3, 1]), x.sum([0, 2], true).reshape([3, 1]));
        assert_eq!(x.sum_to([]).item(), 276.0);
        assert_eq!(x.sum_to([1, 3, 4]).shape(), Shape::from([1, 3, 4]));
        assert_eq!(x.sum_to([2, 3, 4]), x);
    }

    #[test]
    #[should_panic(expected = "sum_to: [3] does not broadcast to [2, 2]")]
    fn sum_to_unrelated_panics() {
        let _ = count([2, 2]).sum_to([3]);
    }
}
