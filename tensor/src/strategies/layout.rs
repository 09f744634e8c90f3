//! The ways in which the same numbers can stand in memory.

use proptest::prelude::*;

use crate::shape::Shape;
use crate::tensor::Tensor;

/// How a tensor stands in memory. The default is row-major, without gaps; the three departures from it can
/// be combined, and each shrinks away on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The axes are in reversed order in memory.
    pub transposed: bool,
    /// It is a part of something larger in every axis, and all around it is NaN, which shows in the result
    /// of an operation that reads beside it.
    pub sliced: bool,
    /// Bit i: the i-th axis from the last has stride 0, all along it stands its first element.
    pub repeated: u8,
}

impl Layout {
    /// `x` in this layout: a view with the same shape and the same elements, except that a repeated axis
    /// shows its first element everywhere.
    pub fn of(&self, x: &Tensor) -> Tensor {
        let shape = x.shape();
        let mut out = x.contiguous();
        for axis in (0..shape.rank()).filter(|&axis| self.repeats(axis, shape)) {
            out = out.slice(axis as isize, 0..1);
        }
        let reversed: Vec<isize> = (0..out.rank() as isize).rev().collect();
        if self.transposed {
            out = out.permute(&reversed).contiguous();
        }
        if self.sliced {
            out = within_nan(&out);
        }
        if self.transposed {
            out = out.permute(&reversed);
        }
        out.broadcast_to(shape)
    }

    fn repeats(&self, axis: usize, shape: Shape) -> bool {
        shape[axis] > 1 && self.repeated >> (shape.rank() - 1 - axis) & 1 == 1
    }
}

/// `x` as the inner part of a tensor that is NaN elsewhere.
fn within_nan(x: &Tensor) -> Tensor {
    if x.rank() == 0 {
        return within_nan(&x.reshape([1])).squeeze(0);
    }
    let axes = 0..x.rank() as isize;
    let outer = axes.clone().fold(x.clone(), |outer, axis| outer.pad(axis, 2, 1, f64::NAN));
    axes.fold(outer, |inner, axis| inner.slice(axis, 2..2 + x.dim(axis)))
}

/// Every layout; a quarter of them plain.
pub fn layouts() -> impl Strategy<Value = Layout> + Clone {
    let repeated = prop_oneof![3 => Just(0), 1 => 1..1u8 << 4];
    (any::<bool>(), any::<bool>(), repeated).prop_map(|(transposed, sliced, repeated)| Layout {
        transposed,
        sliced,
        repeated,
    })
}
