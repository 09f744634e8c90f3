//! Shapes, shapes that fit together, and axes.

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;

use crate::shape::{Axes, MAX_RANK, Shape};

/// The longest axis that [`lengths`] draws.
pub const MAX_LEN: usize = 4;

/// The length of an axis: now and then 0, often 1, else up to [`MAX_LEN`].
pub fn lengths() -> impl Strategy<Value = usize> + Clone {
    const LENGTHS: [usize; 14] = [0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, MAX_LEN];
    (0..LENGTHS.len()).prop_map(|i| LENGTHS[i])
}

/// A shape with a rank in this range (`0..=4`, say) of axes from [`lengths`].
pub fn shapes(ranks: impl Into<SizeRange>) -> impl Strategy<Value = Shape> + Clone {
    vec(lengths(), ranks).prop_map(Shape::from)
}

/// Two shapes that broadcast, of ranks 0 to 4: equal, or one repeated along some axes to fit the other, or
/// each repeated to fit the other, with leading axes missing on either side.
pub fn broadcastable_shapes() -> impl Strategy<Value = [Shape; 2]> + Clone {
    (narrowings(), narrowings(), shapes(0..=4))
        .prop_map(|(lhs, rhs, shape)| [lhs, rhs].map(|narrowing| narrowing.of(shape)))
}

/// Shapes of the operands of a matrix product: `lhs [.., m, k]` and `rhs [.., k, n]`, where up to two batch axes
/// broadcast.
pub fn matmul_shapes() -> impl Strategy<Value = [Shape; 2]> + Clone {
    (narrowings(), narrowings(), shapes(0..=2), [lengths(), lengths(), lengths()]).prop_map(
        |(lhs, rhs, batch, [m, k, n])| {
            let matrix = |batch: Shape, rows, cols| Shape::new(&[&batch[..], &[rows, cols]].concat());
            [matrix(lhs.of(batch), m, k), matrix(rhs.of(batch), k, n)]
        },
    )
}

/// Which axes of a shape to give up, so that what is left broadcasts to it. Shrinks to none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Bit i: the i-th axis from the last becomes 1 long.
    pub axes: u8,
    /// How many leading axes go away.
    pub missing: usize,
}

impl Narrowing {
    /// A shape that broadcasts to `shape`.
    pub fn of(&self, shape: Shape) -> Shape {
        let mut narrowed = Shape::new(&shape[self.missing.min(shape.rank())..]);
        for (i, len) in narrowed.iter_mut().rev().enumerate() {
            if self.axes >> i & 1 == 1 {
                *len = 1;
            }
        }
        narrowed
    }
}

/// Every second time nothing is given up.
pub fn narrowings() -> impl Strategy<Value = Narrowing> + Clone {
    let some = (0..1u8 << 4, prop_oneof![2 => Just(0), 1 => 1..=3usize]);
    prop_oneof![Just(Narrowing::default()), some.prop_map(|(axes, missing)| Narrowing { axes, missing })]
}

/// A choice of one or several axes of any shape. Shrinks to the first axis, and to no axes, counted from the
/// front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AxisChoice {
    /// For several axes, bit i: axis i. For one axis, this modulo the rank.
    pub bits: u8,
    /// Whether to name the axes by negative numbers.
    pub from_the_end: bool,
}

impl AxisChoice {
    /// One axis of `shape`, from `-rank` to `rank - 1`.
    ///
    /// # Panics
    /// If the shape has no axes.
    #[track_caller]
    pub fn axis(&self, shape: Shape) -> isize {
        assert!(shape.rank() > 0, "axis: shape {shape} has none to choose");
        self.named(self.bits as usize % shape.rank(), shape)
    }

    /// Some axes of `shape`: none, one, several or all.
    pub fn axes(&self, shape: Shape) -> Axes {
        let chosen = (0..shape.rank()).filter(|&axis| self.bits >> axis & 1 == 1);
        let axes: Vec<isize> = chosen.map(|axis| self.named(axis, shape)).collect();
        if axes.len() == shape.rank() { Axes::All } else { Axes::Some(axes) }
    }

    fn named(&self, axis: usize, shape: Shape) -> isize {
        axis as isize - if self.from_the_end { shape.rank() as isize } else { 0 }
    }
}

/// Choices for any rank.
pub fn axis_choices() -> impl Strategy<Value = AxisChoice> + Clone {
    (0..1u8 << MAX_RANK, any::<bool>()).prop_map(|(bits, from_the_end)| AxisChoice { bits, from_the_end })
}
