//! Shapes: how long a tensor is along each axis, and NumPy's rule for combining two of them.
//!
//! A [`Shape`] lives on the stack (at most [`MAX_RANK`] axes), so that views and operations on small
//! tensors never allocate for their bookkeeping.

use std::fmt;
use std::ops::{Deref, DerefMut, RangeFull};

/// The largest number of axes a tensor can have.
pub const MAX_RANK: usize = 6;

/// The lengths of a tensor's axes, outermost first. Also used for strides. Dereferences to `[usize]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    rank: u8,
    lengths: [usize; MAX_RANK],
}

impl Shape {
    /// A shape from the lengths of its axes.
    ///
    /// # Panics
    /// If there are more than [`MAX_RANK`] axes.
    #[track_caller]
    pub fn new(lengths: &[usize]) -> Shape {
        assert!(lengths.len() <= MAX_RANK, "shape {lengths:?}: rank {} exceeds {MAX_RANK}", lengths.len());
        let mut shape = Shape { rank: lengths.len() as u8, lengths: [0; MAX_RANK] };
        shape.copy_from_slice(lengths);
        shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.rank as usize
    }

    /// The number of elements; 1 for rank 0.
    ///
    /// # Panics
    /// If there are more than a `usize` can count.
    #[track_caller]
    pub fn numel(&self) -> usize {
        if self.contains(&0) {
            return 0;
        }
        let product = self.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
        product.unwrap_or_else(|| panic!("shape {self} has more elements than can be counted"))
    }

    /// The index of `axis`, where -1 names the last axis, -2 the one before.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn axis(&self, axis: isize) -> usize {
        self.axis_for("axis", axis)
    }

    /// As [`Shape::axis`], with the operation's name for the panic.
    #[track_caller]
    pub(crate) fn axis_for(&self, operation: &str, axis: isize) -> usize {
        let rank = self.rank() as isize;
        assert!((-rank..rank).contains(&axis), "{operation}: axis {axis} is out of range for shape {self}");
        axis.rem_euclid(rank) as usize
    }

    /// The shape that two operands have in common under NumPy broadcasting: axes are matched from the
    /// last; an axis of length 1 (or a missing one) is repeated to the other's length. `None` if some
    /// axis differs and neither length is 1.
    pub fn broadcast(&self, other: Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let mut out = Shape::new(&[1; MAX_RANK][..rank]);
        for back in 1..=rank {
            let (a, b) = (self.length_from_end(back), other.length_from_end(back));
            out[rank - back] = match (a, b) {
                _ if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(out)
    }

    /// The length of the `back`-th axis counted from the end (1 is the last); 1 where there is none.
    fn length_from_end(&self, back: usize) -> usize {
        if back <= self.rank() { self[self.rank() - back] } else { 1 }
    }

    /// Row-major strides: how far apart, in elements, neighbours along each axis stand in memory.
    pub fn contiguous_strides(&self) -> Shape {
        let mut strides = *self;
        let mut step = 1;
        for axis in (0..self.rank()).rev() {
            strides[axis] = step;
            step = step.saturating_mul(self[axis]); // saturates only where another length is 0
        }
        strides
    }

    /// The index of the `element`-th element in row-major order, as long as the rank.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::new(&[2, 3]).index_of(4), [1, 1]);
    /// ```
    ///
    /// # Panics
    /// If there are not so many elements.
    #[track_caller]
    pub fn index_of(self, element: usize) -> Vec<usize> {
        assert!(element < self.numel(), "index_of: shape {self} has no element {element}");
        let strides = self.contiguous_strides();
        self.iter().zip(&strides[..]).map(|(length, stride)| element / stride % length).collect()
    }

    /// This shape without `axis`.
    pub(crate) fn without(&self, axis: usize) -> Shape {
        let mut out = Shape::new(&self[..self.rank() - 1]);
        out[axis..].copy_from_slice(&self[axis + 1..]);
        out
    }

    /// This shape with an axis of `length` put in front of position `axis`.
    #[track_caller]
    pub(crate) fn with_inserted(&self, axis: usize, length: usize) -> Shape {
        assert!(self.rank() < MAX_RANK, "unsqueeze: {self} already has {MAX_RANK} axes");
        let mut out = Shape::new(&[0; MAX_RANK][..self.rank() + 1]);
        out[..axis].copy_from_slice(&self[..axis]);
        out[axis] = length;
        out[axis + 1..].copy_from_slice(&self[axis..]);
        out
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.lengths[..self.rank as usize]
    }
}

impl DerefMut for Shape {
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.lengths[..self.rank as usize]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self[..])
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(lengths: [usize; N]) -> Shape {
        Shape::new(&lengths)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(lengths: &[usize]) -> Shape {
        Shape::new(lengths)
    }
}

impl From<Vec<usize>> for Shape {
    #[track_caller]
    fn from(lengths: Vec<usize>) -> Shape {
        Shape::new(&lengths)
    }
}

/// A choice of axes for a reduction: one (`-1`), several (`[0, 2]`), or all (`..`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Every axis.
    All,
    /// These axes; negative ones count from the end.
    Some(Vec<isize>),
}

impl Axes {
    /// For each axis of `shape`, whether it is chosen.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[track_caller]
    pub fn chosen(&self, shape: Shape) -> [bool; MAX_RANK] {
        self.chosen_for("axes", shape)
    }

    /// As [`Axes::chosen`], with the operation's name for the panic.
    #[track_caller]
    pub(crate) fn chosen_for(&self, operation: &str, shape: Shape) -> [bool; MAX_RANK] {
        let mut chosen = [false; MAX_RANK];
        match self {
            Axes::All => chosen[..shape.rank()].fill(true),
            Axes::Some(axes) => {
                for &axis in axes {
                    let axis = shape.axis_for(operation, axis);
                    assert!(
                        !chosen[axis],
                        "{operation}: axis {axis} is named twice in {axes:?} for shape {shape}"
                    );
                    chosen[axis] = true;
                }
            }
        }
        chosen
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Axes {
        Axes::All
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Axes {
        Axes::Some(vec![axis])
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Axes {
        Axes::Some(axes.to_vec())
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Axes {
        Axes::Some(axes.to_vec())
    }
}

#[cfg(test)]
mod tests;
