//! Where the first NaN or infinity came from.
//!
//! A NaN shows in the loss, long after the operation that made it. A tape that was told to
//! [watch](crate::Tape::watch_non_finite) looks at every result as it is recorded and at every gradient as it
//! is passed on, and keeps the first that is not finite.

use std::fmt;

use tensor::{Shape, Tensor};

/// The first number on a tape that was not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// The operation that made it, `leaf` for a variable that was put there so.
    pub operation: &'static str,
    /// Its place on the tape, as [`Tape::summary`](crate::Tape::summary) numbers them.
    pub place: usize,
    /// `None` if its result is not finite; else which of its inputs has such a gradient, counted from 0.
    pub gradient_of: Option<usize>,
    /// The shape of that result or gradient.
    pub shape: Shape,
    /// The index of the first element that is not finite.
    pub index: Vec<usize>,
    /// That element: NaN or an infinity.
    pub value: f64,
}

impl NonFinite {
    /// What there is to say of `tensor`, or nothing if all of it is finite.
    pub(crate) fn find(
        tensor: &Tensor,
        operation: &'static str,
        place: usize,
        gradient_of: Option<usize>,
    ) -> Option<NonFinite> {
        let (element, value) = tensor.to_f64_vec().into_iter().enumerate().find(|(_, x)| !x.is_finite())?;
        let (shape, index) = (tensor.shape(), tensor.shape().index_of(element));
        Some(NonFinite { operation, place, gradient_of, shape, index, value })
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NonFinite { operation, place, shape, index, value, .. } = self;
        match self.gradient_of {
            None => write!(f, "the result of `{operation}` (%{place}, {shape}) is {value} at {index:?}"),
            Some(input) => write!(
                f,
                "the gradient of input {input} of `{operation}` (%{place}), {shape}, is {value} at {index:?}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tape::Tape;
    use tensor::Tensor;

    fn watched() -> Tape {
        let tape = Tape::new();
        tape.watch_non_finite();
        tape
    }

    #[test]
    fn the_first_result_is_named_and_kept() {
        let tape = watched();
        let x = tape.var(Tensor::from([[1.0, 2.0], [-1.0, 0.0]]));
        let _ = x.log().exp().sum(.., false); // log gives NaN and then an infinity, and both go on
        let found = tape.first_non_finite().unwrap();
        assert_eq!((found.operation, found.place, found.gradient_of), ("log", 1, None));
        assert_eq!((found.shape, &found.index[..]), ([2, 2].into(), &[1, 0][..]));
        assert!(found.value.is_nan());
        assert_eq!(found.to_string(), "the result of `log` (%1, [2, 2]) is NaN at [1, 0]");
    }

    #[test]
    fn a_leaf_that_came_so_is_named() {
        let tape = watched();
        let _ = tape.var(Tensor::scalar(1.0)).mul(&tape.var(Tensor::scalar(f64::INFINITY)));
        let found = tape.first_non_finite().unwrap();
        assert_eq!((found.operation, found.place), ("leaf", 1));
    }

    #[test]
    fn a_gradient_is_named_with_its_input() {
        let tape = watched();
        let [a, b] = [1.0, 1e-200].map(|x| tape.var(Tensor::scalar(x)));
        let quotient = &a / &b; // 1e200, and the gradient of b, -a / b^2, overflows
        assert!(tape.first_non_finite().is_none());
        quotient.backward();
        let found = tape.first_non_finite().unwrap();
        assert_eq!((found.operation, found.gradient_of, found.value), ("div", Some(1), f64::NEG_INFINITY));
    }

    #[test]
    fn a_tape_that_does_not_watch_finds_nothing() {
        let tape = Tape::new();
        tape.var(Tensor::from([0.0])).log().backward();
        assert!(tape.first_non_finite().is_none());
    }
}
