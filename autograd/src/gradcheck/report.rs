//! What a gradient check has to say.

use std::fmt;

use tensor::Shape;

/// What a passed check saw.
#[derive(Clone, Debug, PartialEq)]
pub struct GradcheckReport {
    /// What was checked.
    pub name: String,
    /// How many elements of the Jacobians were compared.
    pub compared: usize,
    /// The largest error relative to the derivative, or to `atol / rtol` where the derivative is smaller
    /// than that: the check accepts up to `rtol`.
    pub worst_relative_error: f64,
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GradcheckFailure {
    /// A derivative differs from its central difference, or one of them is NaN or infinite.
    Mismatch(Mismatch),
    /// The output requires no gradient although every input does: it was cut on the way.
    NoGradient {
        /// What was checked.
        name: String,
    },
    /// The output has no elements, so there is no derivative to compare: the check would prove nothing.
    EmptyOutput {
        /// What was checked.
        name: String,
        /// The shape of the output.
        output_shape: Shape,
    },
}

/// The first derivative that was found wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// What was checked.
    pub name: String,
    /// Which input, counted from 0.
    pub input: usize,
    /// Which element of that input.
    pub input_index: Vec<usize>,
    /// Which element of the output.
    pub output_index: Vec<usize>,
    /// The derivative by backward.
    pub analytic: f64,
    /// The derivative by central differences.
    pub numeric: f64,
    /// Their distance, divided by the larger of their absolute values.
    pub relative_error: f64,
}

impl fmt::Display for GradcheckFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GradcheckFailure::Mismatch(found) => write!(
                f,
                "gradcheck of `{}`: d output{:?} / d input {}{:?} is {} by backward but {} by central \
                 differences (relative error {:.1e})",
                found.name,
                found.output_index,
                found.input,
                found.input_index,
                found.analytic,
                found.numeric,
                found.relative_error,
            ),
            GradcheckFailure::NoGradient { name } => {
                write!(f, "gradcheck of `{name}`: the output requires no gradient; was it detached?")
            }
            GradcheckFailure::EmptyOutput { name, output_shape } => write!(
                f,
                "gradcheck of `{name}`: the output of shape {output_shape} has no elements, so there is \
                 nothing to compare; sum it to check the way back through it"
            ),
        }
    }
}

impl std::error::Error for GradcheckFailure {}
