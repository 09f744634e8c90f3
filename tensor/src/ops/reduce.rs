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
mod tests;
