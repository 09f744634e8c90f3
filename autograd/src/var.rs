//! [`Var`]: a tensor that knows where it came from.

use std::fmt;

use tensor::{DType, Precision, Shape, Tensor};

use crate::tape::{Kind, Tape};

/// A value, and its place on a tape if a gradient has to reach it.
///
/// A variable is a value: operations on variables give new ones. Cloning is free. Dropping a variable
/// frees its tensor unless an operation saved it for backward.
#[derive(Clone)]
pub struct Var {
    value: Tensor,
    place: Option<Place>,
    /// How finely products take it: as the tape of the computation says, of which a constant may be a part too.
    precision: Precision,
}

/// Where on which tape a variable was recorded.
#[derive(Clone)]
struct Place {
    tape: Tape,
    index: usize,
}

impl Var {
    /// A variable that needs no gradient. Operations on constants alone are not recorded.
    pub fn constant(value: Tensor) -> Var {
        Var { value, place: None, precision: Precision::F32 }
    }

    /// The variable recorded at `index` of `tape`.
    pub(crate) fn on_tape(value: Tensor, tape: Tape, index: usize) -> Var {
        let precision = tape.precision();
        Var { value, place: Some(Place { tape, index }), precision }
    }

    /// The value.
    pub fn value(&self) -> &Tensor {
        &self.value
    }

    /// The value, without the variable.
    pub fn into_value(self) -> Tensor {
        self.value
    }

    /// The length of each axis.
    pub fn shape(&self) -> Shape {
        self.value.shape()
    }

    /// The length of one axis; negative axes count from the end.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn dim(&self, axis: isize) -> usize {
        self.value.dim(axis)
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.value.rank()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.value.numel()
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.value.dtype()
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one element.
    #[track_caller]
    pub fn item(&self) -> f64 {
        self.value.item()
    }

    /// Whether a gradient has to reach this variable: it is a leaf of a tape or computed from one.
    pub fn requires_grad(&self) -> bool {
        self.place.is_some()
    }

    /// The same value as a constant: no gradient flows through it. This is the only way to cut one.
    ///
    /// ```
    /// # use {autograd::Tape, tensor::Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::scalar(3.0));
    /// let y = &x * x.detach();                                 // x * 3, not x^2
    /// assert_eq!(y.backward().get(&x).unwrap().item(), 3.0);   // not 2x = 6
    /// ```
    #[must_use]
    pub fn detach(&self) -> Var {
        Var { place: None, ..self.clone() }
    }

    /// Asks backward to keep the gradient of this intermediate result, which is otherwise freed as soon
    /// as it was used. Leaves keep theirs anyway; constants have none.
    pub fn retain_grad(&self) {
        if let Some(Place { tape, index }) = &self.place {
            tape.update(*index, |node| node.keep_grad = true);
        }
    }

    /// How finely an operation on these variables takes the operands of its products: in bf16, if one of them is of such a
    /// computation.
    pub(crate) fn precision(inputs: &[&Var]) -> Precision {
        inputs.iter().map(|input| input.precision).find(|&found| found != Precision::F32).unwrap_or_default()
    }

    /// The result of an operation on constants.
    pub(crate) fn constant_of(value: Tensor, inputs: &[&Var]) -> Var {
        Var { precision: Var::precision(inputs), ..Var::constant(value) }
    }

    /// The tape this variable is recorded on.
    pub(crate) fn tape(&self) -> Option<&Tape> {
        self.place.as_ref().map(|place| &place.tape)
    }

    /// The place of this variable on its tape.
    pub(crate) fn index(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.index)
    }
}

impl Tape {
    /// A variable with this value, whose gradient backward shall find.
    pub fn var(&self, value: Tensor) -> Var {
        let index = self.push("leaf", &value, [].into_iter(), Kind::Leaf);
        Var::on_tape(value, self.clone(), index)
    }

    /// A variable with this value that needs no gradient, such as a frozen parameter, in computations of this tape's
    /// [precision](Tape::with_precision).
    pub fn constant(&self, value: Tensor) -> Var {
        Var { precision: self.precision(), ..Var::constant(value) }
    }
}

/// A constant.
impl From<Tensor> for Var {
    fn from(value: Tensor) -> Var {
        Var::constant(value)
    }
}

/// The value, and the place on the tape.
impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "%{} = {}", place.index, self.value),
            None => write!(f, "constant = {}", self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_shows_its_place_and_its_value() {
        let x = Tape::new().var(Tensor::scalar(3.0));
        assert_eq!(format!("{x:?}"), format!("%0 = {}", x.value()));
        assert_eq!(format!("{:?}", x.detach()), format!("constant = {}", x.value()));
    }

    #[test]
    fn detach_cuts() {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(3.0));
        let y = &x * x.detach();
        assert!(y.requires_grad() && !x.detach().requires_grad());
        assert_eq!(y.backward().get(&x).unwrap().item(), 3.0);
    }

    #[test]
    fn only_what_depends_on_a_leaf_is_recorded() {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(2.0));
        let constant = Var::from(Tensor::scalar(5.0)).exp().sqrt();
        assert!(!constant.requires_grad());
        assert_eq!(tape.len(), 1);
        assert!((x * constant).requires_grad());
        assert_eq!(tape.len(), 2);
    }
}
