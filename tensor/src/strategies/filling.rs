//! Numbers for tensors of any shape.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use proptest::num::usize::BinarySearch;
use proptest::prelude::*;
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

use crate::shape::Shape;
use crate::strategies::layout::{Layout, layouts};
use crate::strategies::shapes::MAX_LEN;
use crate::tensor::Tensor;

/// Numbers to draw for a tensor: as many as one of rank 4 can have.
const NUMBERS: usize = MAX_LEN.pow(4);

/// Numbers from -2 to 2; see [`numbers_in`].
pub fn numbers() -> impl Strategy<Value = f64> + Clone {
    numbers_in(-2.0..=2.0)
}

/// Multiples of 1/64 in this range: no NaN, no infinity, no subnormal, and the same numbers in f32 as in f64.
///
/// They shrink to the one nearest to zero in a few steps, where a plain range of `f64` would take a thousand.
pub fn numbers_in(range: RangeInclusive<f64>) -> impl Strategy<Value = f64> + Clone {
    let (low, high) = ((range.start() * 64.0).ceil(), (range.end() * 64.0).floor());
    (low as i64..=high as i64).prop_map(|i| i as f64 / 64.0)
}

/// Whole numbers from -8 to 8: sums and products of a few are exact.
pub fn integers() -> impl Strategy<Value = f64> + Clone {
    (-8..=8i8).prop_map(f64::from)
}

/// A tensor with a shape from `shapes` and elements from `values`, in any [`Layout`].
pub fn tensors(
    shapes: impl Strategy<Value = Shape>,
    values: impl Strategy<Value = f64> + Clone,
) -> impl Strategy<Value = Tensor> {
    operands(shapes.prop_map(|shape| [shape]), values).prop_map(|[tensor]| tensor)
}

/// Tensors with these shapes, each in a layout of its own.
pub fn operands<const N: usize>(
    shapes: impl Strategy<Value = [Shape; N]>,
    values: impl Strategy<Value = f64> + Clone,
) -> impl Strategy<Value = [Tensor; N]> {
    let fillings: [_; N] = std::array::from_fn(|_| fillings(values.clone()));
    (fillings, shapes).prop_map(|(fillings, shapes)| std::array::from_fn(|i| fillings[i].tensor(shapes[i])))
}

/// The numbers of a tensor whose shape is not known yet, and its layout.
#[derive(Clone, PartialEq)]
pub struct Filling {
    /// The elements in row-major order; enough for rank 4 with axes of [`MAX_LEN`]. A larger tensor begins
    /// again with the first.
    pub values: Vec<f64>,
    /// How the tensor stands in memory.
    pub layout: Layout,
}

impl Filling {
    /// The tensor of this shape.
    pub fn tensor(&self, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        let values = self.values.iter().copied().cycle().take(shape.numel()).collect();
        self.layout.of(&Tensor::from_vec::<f64>(values, shape))
    }
}

/// The numbers without those at the end that are all the same.
impl fmt::Debug for Filling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.values.last().copied().unwrap_or(0.0);
        let shown = self.values.iter().rposition(|&value| value != rest).map_or(0, |last| last + 1);
        write!(f, "{:?}, then {rest}, {:?}", &self.values[..shown], self.layout)
    }
}

/// Fillings with these values.
///
/// They shrink to a plain layout; then all values but a few become the simplest that `values` has, and those
/// few move to the front, so that the tensor can become small around them; then they become simpler one by one.
pub fn fillings(values: impl Strategy<Value = f64>) -> impl Strategy<Value = Filling> {
    (layouts(), Values(values)).prop_map(|(layout, values)| Filling { values, layout })
}

/// [`NUMBERS`] values from a strategy.
#[derive(Clone, Debug)]
struct Values<S>(S);

impl<S: Strategy<Value = f64>> Strategy for Values<S> {
    type Tree = ValuesTree<S::Tree>;
    type Value = Vec<f64>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut simplest = self.0.new_tree(runner)?;
        while simplest.simplify() {}
        let drawn = (0..NUMBERS).map(|_| self.0.new_tree(runner)).collect::<Result<Vec<_>, _>>()?;
        let (end, len) = (BinarySearch::new(NUMBERS), BinarySearch::new(NUMBERS));
        Ok(ValuesTree { drawn, simplest: simplest.current(), end, len, stage: Stage::End })
    }
}

/// The values on their way to simpler ones: `len` of those drawn, up to `end`, and `simplest` after them.
struct ValuesTree<T> {
    drawn: Vec<T>,
    simplest: f64,
    end: BinarySearch,
    len: BinarySearch,
    stage: Stage,
}

/// What is being made simpler: where the values end, how many there are, or one of them.
enum Stage {
    End,
    Len,
    Value(usize),
}

impl<T> ValuesTree<T> {
    fn kept(&self) -> Range<usize> {
        let end = self.end.current();
        end - self.len.current().min(end)..end
    }
}

impl<T: ValueTree<Value = f64>> ValueTree for ValuesTree<T> {
    type Value = Vec<f64>;

    fn current(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.drawn[self.kept()].iter().map(T::current).collect();
        values.resize(NUMBERS, self.simplest);
        values
    }

    fn simplify(&mut self) -> bool {
        loop {
            self.stage = match self.stage {
                Stage::End if self.end.simplify() => return true,
                Stage::End => {
                    self.len = BinarySearch::new(self.end.current());
                    Stage::Len
                }
                Stage::Len if self.len.simplify() => return true,
                Stage::Len => Stage::Value(self.kept().start),
                Stage::Value(i) if i == self.end.current() => return false,
                Stage::Value(i) if self.drawn[i].simplify() => return true,
                Stage::Value(i) => Stage::Value(i + 1),
            }
        }
    }

    fn complicate(&mut self) -> bool {
        match self.stage {
            Stage::End => self.end.complicate(),
            Stage::Len => self.len.complicate(),
            Stage::Value(i) => self.drawn.get_mut(i).is_some_and(T::complicate),
        }
    }
}
