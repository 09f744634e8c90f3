//! Reductions over axes. With `keep_dims` the reduced axes stay with length 1, so that the result
//! broadcasts against the input.

use crate::dispatch;
use crate::element::Element;
use crate::kernels::reduce::{argmax_rows, largest, sum, sum_f64};
use crate::shape::{Axes, Shape};
use crate::tensor::Tensor;

pub use crate::kernels::reduce::argmax;

impl Tensor {
    /// The sum over `axes`, formed in f64 and rounded once; 0 over no elements.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Axes>, keep_dims: bool) -> Tensor {
        self.sum_for("sum", &axes.into(), keep_dims, |_| 1.0)
    }

    /// As [`Tensor::sum`], with the operation's name for the panics, and each sum divided by `count(elements summed)`
    /// before it is rounded.
    #[track_caller]
    fn sum_for(&self, operation: &str, axes: &Axes, keep_dims: bool, count: fn(usize) -> f64) -> Tensor {
        let grouped = Grouped::new(operation, self, axes, keep_dims);
        let divisor = count(grouped.dims[1]);
        dispatch!(self.dtype(), T => {
            let sums = sum(grouped.tensor.data::<T>(), grouped.dims);
            Tensor::from_vec(sums.into_iter().map(|sum| T::of(sum / divisor)).collect(), grouped.out)
        })
    }

    /// The mean over `axes`, formed in f64 and rounded once; NaN over no elements.
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
        self.sum_for(operation, axes, keep_dims, |count| count as f64)
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
            Tensor::from_vec(largest(x, grouped.dims), grouped.out)
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
        self.centred_for("variance", &axes).powi(2).mean(axes, keep_dims)
    }

    /// x less its mean over `axes`. The mean is rounded; where x varies by little more than that rounding, it would
    /// show. So the mean of the differences is taken away once more.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[must_use]
    #[track_caller]
    pub fn centred(&self, axes: impl Into<Axes>) -> Tensor {
        self.centred_for("centred", &axes.into())
    }

    #[track_caller]
    fn centred_for(&self, operation: &str, axes: &Axes) -> Tensor {
        let rough = self.sub(&self.mean_for(operation, axes, true));
        rough.sub(&rough.mean_for(operation, axes, true))
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
    fn long_sums_of_f32_are_rounded_once() {
        let exact = f64::from(0.1f32);
        for (shape, axes) in [
            ([1, 10_000_000, 1], Axes::from(1)),
            ([10_000_000, 1, 1], Axes::from(..)),
            ([1, 2_000_000, 5], Axes::from(1)),
            ([1000, 3, 1000], Axes::from([0, 2])),
            ([4, 1, 20_000], Axes::from(0)),
        ] {
            let x = Tensor::full(shape, 0.1, DType::F32);
            let sum = x.sum(axes.clone(), false);
            let count = (x.numel() / sum.numel()) as f64;
            let all =
                |found: Tensor, expected: f64| found == Tensor::full(found.shape(), expected, DType::F32);
            assert!(all(sum, exact * count), "sum of {shape:?}");
            assert!(all(x.mean(axes.clone(), false), 0.1), "mean of {shape:?}");
            assert!(all(x.variance(axes.clone(), false), 0.0), "variance of {shape:?}");
            let log = x.log_sum_exp(axes.clone(), false).to_f64_vec()[0];
            assert!((log / (exact + count.ln()) - 1.0).abs() < 1e-7, "log_sum_exp of {shape:?}: {log}");
        }
        let near = Tensor::full([3], 3e38, DType::F32);
        assert_eq!(near.mean(.., false), Tensor::full([], 3e38, DType::F32), "no overflow on the way");
    }

    #[test]
    fn the_mean_of_ones_is_one() {
        for n in [1, 3, 49, 98, 103, 1000] {
            let ones = |dtype| Tensor::ones([n], dtype).mean(.., false).to_f64_vec();
            assert_eq!([ones(DType::F64), ones(DType::F32)], [[1.0], [1.0]], "{n}");
        }
    }

    /// Elements an ulp apart, whose mean is no f32.
    #[test]
    fn what_is_nearly_constant_has_its_variance() {
        let values = [1000.7f32, 1000.7f32.next_up(), 1000.7f32.next_up()];
        let x = Tensor::from(values);
        let exact = x.to_dtype(DType::F64).variance(.., false).item();
        let found = x.variance(.., false).to_f64_vec()[0];
        assert!((found / exact - 1.0).abs() < 1e-5, "{found} instead of {exact}");
        assert!(x.centred(..).sum(.., false).to_f64_vec()[0].abs() < 1e-10);
        assert_eq!(
            Tensor::full([2, 512], 1000.7, DType::F32).variance(1, false),
            Tensor::zeros([2], DType::F32)
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
