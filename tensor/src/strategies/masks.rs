//! Masks of every kind that attention meets, and some it should not.

use proptest::prelude::*;
use proptest::sample::select;

use crate::mask::Mask;
use crate::shape::Shape;

/// A mask whose shape is not known yet. The last axis is the keys', the one before it the queries'. Shrinks
/// to a mask that is true everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What is false.
    pub kind: PatternKind,
    /// What the kind leaves open.
    pub bits: u64,
}

/// What is false in a [`Pattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// Nothing.
    Full,
    /// What comes later: element (i, j) is true where j <= i.
    Causal,
    /// The end of each row: after the first keys, of which there may be none. Rows of one matrix share their
    /// length, as padding does.
    Padding,
    /// Whole rows.
    BlindRows,
    /// Any elements.
    Random,
    /// Everything.
    Empty,
}

impl Pattern {
    /// The mask of this shape.
    pub fn mask(&self, shape: impl Into<Shape>) -> Mask {
        let shape = shape.into();
        let mut element = 0;
        Mask::from_fn(shape, |index| {
            let (matrix, query, key) = match *index {
                [] => (0, 0, 0),
                [key] => (0, 0, key),
                [ref batch @ .., query, key] => (batch.iter().sum(), query, key),
            };
            element += 1;
            match self.kind {
                PatternKind::Full => true,
                PatternKind::Causal => key <= query,
                PatternKind::Padding => key < self.len_in(matrix, *shape.last().unwrap_or(&1)),
                PatternKind::BlindRows => !self.bit(query + 8 * matrix),
                PatternKind::Random => !self.bit(element - 1),
                PatternKind::Empty => false,
            }
        })
    }

    fn bit(&self, i: usize) -> bool {
        self.bits >> (i % 64) & 1 == 1
    }

    /// How many of `keys` keys are no padding in a matrix: from none to all.
    fn len_in(&self, matrix: usize, keys: usize) -> usize {
        (self.bits.rotate_right(8 * matrix as u32 % 64) % (keys as u64 + 1)) as usize
    }
}

/// All kinds alike.
pub fn patterns() -> impl Strategy<Value = Pattern> + Clone {
    use PatternKind::*;
    let kinds = select(&[Full, Causal, Padding, BlindRows, Random, Empty]);
    (kinds, any::<u64>()).prop_map(|(kind, bits)| Pattern { kind, bits })
}

/// A mask with a shape from `shapes`: everything, nothing, causal, padding, whole rows or any elements false.
pub fn masks(shapes: impl Strategy<Value = Shape>) -> impl Strategy<Value = Mask> {
    (patterns(), shapes).prop_map(|(pattern, shape)| pattern.mask(shape))
}
