//! What is wrong with a vjp that gives a gradient of the wrong shape.

use std::fmt;

use tensor::{DType, Shape};

/// A gradient that has not the shape or dtype of what it is the gradient of.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongShape {
    /// The operation whose vjp gave it.
    pub operation: &'static str,
    /// To which of its inputs, counted from 0.
    pub input: usize,
    /// The gradient's shape and dtype.
    pub found: (Shape, DType),
    /// The input's shape and dtype.
    pub expected: (Shape, DType),
}

impl fmt::Display for WrongShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WrongShape { operation, input, found, expected } = self;
        write!(
            f,
            "{operation}: the vjp gives a gradient of shape {} ({}) to input {input} of shape {} ({})",
            found.0, found.1, expected.0, expected.1,
        )
    }
}
