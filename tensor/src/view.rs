//! Views: the same storage walked differently. Only [`Tensor::reshape`] may have to copy.

use std::ops::Range;

use crate::shape::{MAX_RANK, Shape};
use crate::tensor::Tensor;

impl Tensor {
    /// The same elements in the same row-major order under another shape. Copies only where the strides
    /// allow no view.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        assert!(
            self.numel() == shape.numel(),
            "reshape: {} does not hold as many elements as {shape}",
            self.shape
        );
        match reshape_strides(self.shape, self.strides, shape) {
            Some(strides) => Tensor { shape, strides, ..self.clone() },
            None => Tensor { shape, strides: shape.contiguous_strides(), ..self.contiguous() },
        }
    }

    /// With two axes swapped.
    ///
    /// # Panics
    /// If an axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Tensor {
        let (a, b) = (self.shape.axis_for("transpose", a), self.shape.axis_for("transpose", b));
        let mut out = self.clone();
        out.shape.swap(a, b);
        out.strides.swap(a, b);
        out
    }

    /// With axis `axes[i]` of this tensor as axis i.
    ///
    /// # Panics
    /// If `axes` does not name every axis once.
    #[must_use]
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Tensor {
        let mut seen = [false; MAX_RANK];
        let mut out = self.clone();
        assert!(
            axes.len() == self.rank(),
            "permute: {axes:?} does not name every axis of {} once",
            self.shape
        );
        for (to, &from) in axes.iter().enumerate() {
            let from = self.shape.axis_for("permute", from);
            assert!(!seen[from], "permute: {axes:?} does not name every axis of {} once", self.shape);
            seen[from] = true;
            out.shape[to] = self.shape[from];
            out.strides[to] = self.strides[from];
        }
        out
    }

    /// The part of `axis` that lies in `range`.
    ///
    /// # Panics
    /// If the axis does not exist or the range does not lie in it.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, axis: isize, range: Range<usize>) -> Tensor {
        let axis = self.shape.axis_for("slice", axis);
        let inside = range.start <= range.end && range.end <= self.shape[axis];
        assert!(inside, "slice: {range:?} is outside axis {axis} of {}", self.shape);
        let mut out = self.clone();
        out.offset += range.start * self.strides[axis];
        out.shape[axis] = range.len();
        out
    }

    /// Cut along `axis` into parts of the given lengths.
    ///
    /// # Panics
    /// If the axis does not exist or the lengths do not add up to its length.
    #[must_use]
    #[track_caller]
    pub fn split(&self, axis: isize, lengths: &[usize]) -> Vec<Tensor> {
        let len = self.shape[self.shape.axis_for("split", axis)];
        let adds_up = lengths.iter().sum::<usize>() == len;
        assert!(adds_up, "split: {lengths:?} does not add up to axis {axis} of {}", self.shape);
        let mut start = 0;
        let mut part = |&len: &usize| {
            start += len;
            self.slice(axis, start - len..start)
        };
        lengths.iter().map(&mut part).collect()
    }

    /// Repeated to `shape` as NumPy broadcasts: axes of length 1, and missing leading ones, get stride 0.
    ///
    /// # Panics
    /// If this tensor does not broadcast to `shape`.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        Tensor { strides: broadcast_strides(self.shape, self.strides, shape), shape, ..self.clone() }
    }

    /// Without `axis`, which has length 1.
    ///
    /// # Panics
    /// If the axis does not exist or its length is not 1.
    #[must_use]
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Tensor {
        let axis = self.shape.axis_for("squeeze", axis);
        assert!(self.shape[axis] == 1, "squeeze: axis {axis} of {} is not of length 1", self.shape);
        Tensor { shape: self.shape.without(axis), strides: self.strides.without(axis), ..self.clone() }
    }

    /// With an axis of length 1 put in front of position `axis` (-1: after the last).
    ///
    /// # Panics
    /// If `axis` is beyond the rank, or the rank is already the largest.
    #[must_use]
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Tensor {
        let axis = insertion_axis(self.shape, axis);
        let (shape, strides) = (self.shape.with_inserted(axis, 1), self.strides.with_inserted(axis, 0));
        Tensor { shape, strides, ..self.clone() }
    }
}

/// Where a new axis goes: 0..=rank, or counted from the end of the result.
#[track_caller]
pub(crate) fn insertion_axis(shape: Shape, axis: isize) -> usize {
    let places = shape.rank() as isize + 1;
    assert!((-places..places).contains(&axis), "unsqueeze: no place {axis} in {shape}");
    axis.rem_euclid(places) as usize
}

/// The shape two operands have in common, or a panic that names the operation and both.
#[track_caller]
pub(crate) fn common_shape(operation: &str, lhs: Shape, rhs: Shape) -> Shape {
    match lhs.broadcast(rhs) {
        Some(shape) => shape,
        None => panic!("{operation}: shapes {lhs} and {rhs} do not broadcast"),
    }
}

/// The strides that walk a tensor of `shape` as if it had shape `to`.
#[track_caller]
pub(crate) fn broadcast_strides(shape: Shape, strides: Shape, to: Shape) -> Shape {
    assert!(shape.broadcast(to) == Some(to), "broadcast_to: {shape} does not broadcast to {to}");
    let missing = to.rank() - shape.rank();
    let mut out = to;
    for axis in 0..to.rank() {
        let repeats = axis < missing || (shape[axis - missing] == 1 && to[axis] != 1);
        out[axis] = if repeats { 0 } else { strides[axis - missing] };
    }
    out
}

/// The strides that show the elements under a new shape, if there are any: old axes that lie evenly are
/// merged into runs, and each new axis, from the last on, must split evenly off the innermost run left.
fn reshape_strides(old: Shape, old_strides: Shape, new: Shape) -> Option<Shape> {
    if old.numel() == 0 {
        return Some(new.contiguous_strides());
    }
    let mut runs: Vec<(usize, usize)> = Vec::new(); // (length, stride), outermost first
    for axis in (0..old.rank()).filter(|&axis| old[axis] != 1) {
        match runs.last_mut() {
            Some((len, stride)) if *stride == old[axis] * old_strides[axis] => {
                (*len, *stride) = (*len * old[axis], old_strides[axis]);
            }
            _ => runs.push((old[axis], old_strides[axis])),
        }
    }
    let mut strides = new;
    strides.fill(0);
    for axis in (0..new.rank()).rev().filter(|&axis| new[axis] != 1) {
        let (len, stride) = runs.last_mut()?;
        if !len.is_multiple_of(new[axis]) {
            return None;
        }
        strides[axis] = *stride;
        (*len, *stride) = (*len / new[axis], *stride * new[axis]);
        if *len == 1 {
            runs.pop();
        }
    }
    Some(strides)
}

#[cfg(test)]
mod tests;
