//! What a gradient check has to say.

use std::fmt;

use tensor::{Seed, Shape};

use crate::non_finite::NonFinite;

/// What a passed check saw. Displayed, it is a small table.
#[derive(Clone, Debug, PartialEq)]
pub struct GradcheckReport {
    /// What was checked.
    pub name: String,
    /// How derivatives were compared.
    pub method: Method,
    /// How many derivatives were compared: `certified + excused`.
    pub compared: usize,
    /// How many of them agreed to the relative tolerance.
    pub certified: usize,
    /// How many did not, but differed by less than the absolute tolerance, which says nothing of them.
    pub excused: usize,
    /// The largest relative error among the certified.
    pub worst_relative_error: f64,
    /// The same for each input.
    pub inputs: Vec<InputReport>,
    /// How often the inputs had to be moved to get away from a kink.
    pub moved: usize,
    /// What everything random was drawn from.
    pub seed: Seed,
}

/// How derivatives are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Each output element by each input element.
    FullJacobian,
    /// Random directions, so many for each input.
    Directions(usize),
}

/// What a passed check saw of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputReport {
    /// The input's name, or its number.
    pub name: String,
    /// How many derivatives were compared.
    pub compared: usize,
    /// How many of them agreed to the relative tolerance.
    pub certified: usize,
    /// How many differed by less than the absolute tolerance only.
    pub excused: usize,
    /// The largest relative error among the certified.
    pub worst_relative_error: f64,
}

impl InputReport {
    pub(crate) fn new(name: String) -> InputReport {
        InputReport { name, compared: 0, certified: 0, excused: 0, worst_relative_error: 0.0 }
    }
}

/// Why a check failed. Displayed, it says what is wrong and how to see it again; Debug shows the same, so
/// that `unwrap` does.
#[derive(Clone, PartialEq)]
pub struct GradcheckFailure {
    /// What was checked.
    pub name: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// What everything random was drawn from; [`Gradcheck::seed`](super::Gradcheck::seed) repeats it.
    pub seed: Seed,
}

/// What can be wrong with a gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Derivatives differ from their central differences, or one of the two is NaN or infinite.
    Mismatch {
        /// How many were compared.
        compared: usize,
        /// How many of them are wrong.
        wrong: usize,
        /// A few of these, the worst first.
        worst: Vec<Mismatch>,
    },
    /// The output requires no gradient although every input does: it was cut on the way.
    NoGradient,
    /// The output has no elements, so there is no derivative to compare: the check would prove nothing.
    EmptyOutput {
        /// The shape of the output.
        output_shape: Shape,
    },
    /// Every derivative was excused by the absolute tolerance, none agreed to the relative one.
    NothingCertified {
        /// How many were compared.
        compared: usize,
    },
    /// The value or a gradient is not finite.
    NonFinite(Box<NonFinite>),
    /// The inputs are at a kink, and so is all that was tried near them.
    AtKink {
        /// The kink's name.
        kink: String,
        /// How far the inputs are from it.
        distance: f64,
        /// How far they should be.
        margin: f64,
    },
    /// Two runs at the same inputs gave different values.
    ValueNotRepeatable,
    /// Two runs gave the same value but different gradients.
    GradientNotRepeatable {
        /// The input whose gradient differs.
        input: String,
    },
    /// The check changed what was given to it.
    InputMutated {
        /// The input that was changed.
        input: String,
    },
    /// A gradient of zeros came back as something else.
    ZeroCotangent {
        /// The input that got it.
        input: String,
        /// The first element that is not zero.
        index: Vec<usize>,
        /// That element.
        gradient: f64,
    },
    /// `vjp(2 u - 3 w)` is not `2 vjp(u) - 3 vjp(w)`.
    NotLinear {
        /// The input whose gradient it is.
        input: String,
        /// The difference, relative to the largest gradient.
        error: f64,
    },
    /// An input that is used several times does not get the sum of the gradients of its uses.
    NotAccumulated {
        /// The input.
        input: String,
        /// How often it was used.
        uses: usize,
        /// The difference, relative to the largest gradient.
        error: f64,
    },
    /// Computed in f32 the result is another than in f64.
    SinglePrecision {
        /// The value, or which gradient.
        what: String,
        /// The difference, relative to the larger of 1 and the largest element.
        error: f64,
        /// What it may be.
        tolerance: f64,
    },
}

/// A derivative that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Which input, counted from 0.
    pub input: usize,
    /// The input's name, or its number.
    pub input_name: String,
    /// Which element of that input.
    pub input_index: Vec<usize>,
    /// Which element of the output; `None` if it is the derivative of a random weighted sum of them all.
    pub output_index: Option<Vec<usize>>,
    /// The derivative by backward.
    pub analytic: f64,
    /// The derivative by central differences.
    pub numeric: f64,
    /// Their distance, divided by the larger of their absolute values.
    pub relative_error: f64,
    /// Whether the slopes to the left and to the right of the input differ, so that there is no derivative.
    pub kink: bool,
}

impl fmt::Display for GradcheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GradcheckReport { name, compared, worst_relative_error, seed, .. } = self;
        let method = match self.method {
            Method::FullJacobian => "derivatives (the full Jacobian)".to_string(),
            Method::Directions(count) => format!("slopes ({count} random directions for each input)"),
        };
        writeln!(f, "gradcheck of `{name}`: {compared} {method}, seed {}", seed.0)?;
        writeln!(f, "worst relative error {worst_relative_error:.1e}")?;
        let width = self.inputs.iter().map(|input| input.name.len()).max().unwrap_or(0);
        for InputReport { name, certified, excused, worst_relative_error, .. } in &self.inputs {
            let error = format!("worst {worst_relative_error:.1e}");
            writeln!(f, "  {name:width$}  {certified:>6} certified  {excused:>6} excused  {error}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { input_name, input_index, analytic, numeric, relative_error, .. } = self;
        match &self.output_index {
            Some(index) => write!(f, "d output{index:?}")?,
            None => write!(f, "d (weighted sum of the output)")?,
        }
        write!(
            f,
            " / d {input_name}{input_index:?} is {analytic} by backward but {numeric} by central differences \
             (relative error {relative_error:.1e})"
        )?;
        match self.kink {
            true => write!(f, "; there is a corner here: if it belongs there, name it with Gradcheck::kink"),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Mismatch { compared, wrong, worst } => {
                write!(f, "{wrong} of {compared} derivatives are wrong")?;
                worst.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}"))
            }
            Fault::NoGradient => write!(f, "the output requires no gradient; was it detached?"),
            Fault::EmptyOutput { output_shape } => write!(
                f,
                "the output of shape {output_shape} has no elements, so there is nothing to compare; where \
                 that may be, say so with Gradcheck::allow_empty"
            ),
            Fault::NothingCertified { compared } => write!(
                f,
                "all {compared} derivatives are so small that the absolute tolerance excuses them, so nothing \
                 was shown; scale the output up, or choose a smaller Gradcheck::atol"
            ),
            Fault::NonFinite(found) => write!(f, "{found}"),
            Fault::AtKink { kink, distance, margin } => write!(
                f,
                "the inputs are {distance:.1e} from the kink `{kink}`, and nothing was found near them that \
                 is {margin:.1e} away"
            ),
            Fault::ValueNotRepeatable => write!(
                f,
                "the function gives another value when it runs again; give what is random in it a fixed seed"
            ),
            Fault::GradientNotRepeatable { input } => {
                write!(f, "the gradient of {input} is another when backward runs again")
            }
            Fault::InputMutated { input } => write!(f, "{input} was changed by the function or its vjp"),
            Fault::ZeroCotangent { input, index, gradient } => write!(
                f,
                "where the gradient of the output is zero, that of {input}{index:?} is {gradient} by backward"
            ),
            Fault::NotLinear { input, error } => write!(
                f,
                "the vjp is not linear: vjp(2 u - 3 w) and 2 vjp(u) - 3 vjp(w) differ for {input} (relative \
                 error {error:.1e})"
            ),
            Fault::NotAccumulated { input, uses, error } => write!(
                f,
                "used {uses} times, {input} does not get {uses} times its gradient (relative error {error:.1e})"
            ),
            Fault::SinglePrecision { what, error, tolerance } => write!(
                f,
                "the {what} in f32 differs from that in f64 by {error:.1e}, which is more than {tolerance:.1e}"
            ),
        }
    }
}

impl fmt::Display for GradcheckFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GradcheckFailure { name, fault, seed } = self;
        write!(
            f,
            "gradcheck of `{name}`: {fault}\nto repeat it: Gradcheck::new().seed(Seed::new({}))",
            seed.0
        )
    }
}

impl fmt::Debug for GradcheckFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for GradcheckFailure {}
