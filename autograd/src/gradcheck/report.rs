//! What a gradient check has to say.

use tensor::{DType, Seed};

use crate::non_finite::NonFinite;
use crate::wrong_shape::WrongShape;

/// What a passed check saw. Displayed, it is a small table.
#[derive(Clone, Debug, PartialEq)]
pub struct GradcheckReport {
    /// What was checked.
    pub name: String,
    /// How derivatives were compared.
    pub method: Method,
    /// What was seen of each input.
    pub inputs: Vec<InputReport>,
    /// How often the inputs had to be moved to get away from a kink.
    pub moved: usize,
    /// What everything random was drawn from.
    pub seed: Seed,
}

impl GradcheckReport {
    /// How many derivatives were compared: certified, zero or excused.
    pub fn compared(&self) -> usize {
        self.inputs.iter().map(|input| input.compared).sum()
    }

    /// How many derivatives are not zero and agreed to the relative tolerance.
    pub fn certified(&self) -> usize {
        self.inputs.iter().map(|input| input.certified).sum()
    }

    /// How many derivatives are exactly zero by backward and by differences.
    pub fn zero(&self) -> usize {
        self.inputs.iter().map(|input| input.zero).sum()
    }

    /// How many derivatives differed by less than the absolute tolerance only, which says nothing of them.
    pub fn excused(&self) -> usize {
        self.inputs.iter().map(|input| input.excused).sum()
    }

    /// The largest relative error among the certified.
    pub fn worst_relative_error(&self) -> f64 {
        self.inputs.iter().map(|input| input.worst_relative_error).fold(0.0, f64::max)
    }
}

/// How derivatives are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Each output element by each input element.
    FullJacobian,
    /// Random directions, so many for each input and each output.
    Directions(usize),
}

/// What a check saw of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputReport {
    /// The input's name, or its number.
    pub name: String,
    /// Whether it was held constant, and nothing compared.
    pub held: bool,
    /// How many derivatives were compared.
    pub compared: usize,
    /// How many of them are not zero and agreed to the relative tolerance.
    pub certified: usize,
    /// How many are exactly zero by backward and by differences.
    pub zero: usize,
    /// How many differed by less than the absolute tolerance only, which says nothing of them.
    pub excused: usize,
    /// How many are wrong.
    pub wrong: usize,
    /// The largest relative error among the certified.
    pub worst_relative_error: f64,
}

impl InputReport {
    pub(crate) fn new(name: String, held: bool) -> InputReport {
        InputReport {
            name,
            held,
            compared: 0,
            certified: 0,
            zero: 0,
            excused: 0,
            wrong: 0,
            worst_relative_error: 0.0,
        }
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
        /// How many of how many are wrong, for each input.
        inputs: Vec<InputReport>,
        /// A few of the wrong ones, the worst first.
        worst: Vec<Mismatch>,
    },
    /// Derivatives differ from their central differences, but these cannot be relied on: nothing is shown.
    Undecided {
        /// How many of how many differ, for each input.
        inputs: Vec<InputReport>,
        /// A few of them.
        some: Vec<Mismatch>,
    },
    /// No output requires a gradient although inputs do: it was cut on the way.
    NoGradient,
    /// The outputs have no elements, or the inputs have none, so the check would prove nothing.
    NothingToCompare,
    /// Every derivative by this input was excused by the absolute tolerance, none agreed to the relative one.
    NothingCertified {
        /// The input.
        input: String,
        /// How many derivatives were excused.
        excused: usize,
    },
    /// A vjp gives a gradient that has not the shape or dtype of the input.
    WrongShape(Box<WrongShape>),
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
    /// The value is another when the inputs stand in memory in another layout.
    LayoutMatters {
        /// The difference, relative to the largest element.
        error: f64,
    },
    /// Two runs at the same inputs gave different values.
    ValueNotRepeatable {
        /// The largest difference.
        difference: f64,
    },
    /// Two runs gave the same value but different gradients.
    GradientNotRepeatable {
        /// The input whose gradient differs.
        input: String,
        /// The largest difference.
        difference: f64,
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
    /// The vjp of a sum is not the sum of the vjps, or that of a multiple not the multiple.
    NotLinear {
        /// Which equation does not hold.
        equation: &'static str,
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
    /// On inputs in f64 an output is not in f64.
    NotDoublePrecision {
        /// Which output.
        output: String,
        /// What it is in.
        dtype: DType,
    },
    /// Computed in f32 the result is another than in f64.
    SinglePrecision {
        /// The value, or which gradient.
        what: String,
        /// The difference; [`Gradcheck::f32_tolerance`](super::Gradcheck::f32_tolerance) says relative to what.
        error: f64,
        /// What it may be.
        tolerance: f64,
        /// If there is a NaN or infinity in f32, where it first appeared.
        made_by: Option<String>,
    },
    /// On inputs in f32 the result is not in f32, or has another shape.
    NotSinglePrecision {
        /// The value, or which gradient.
        what: String,
        /// What it is in.
        dtype: DType,
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
    /// Which output, counted from 0; `None` if there is but one.
    pub output: Option<usize>,
    /// Which element of that output; `None` if it is the derivative of a random weighted sum of them all.
    pub output_index: Option<Vec<usize>>,
    /// The derivative by backward.
    pub analytic: f64,
    /// The derivative by central differences.
    pub numeric: f64,
    /// Their distance, divided by the larger of their absolute values.
    pub relative_error: f64,
    /// By how much the differences change with the step, if that is more than the tolerance: `numeric` is true to that.
    pub noise: Option<f64>,
    /// Whether the slopes to the left and to the right of the input differ, so that there is no derivative.
    pub kink: bool,
    /// Whether no gradient of that output arrives at the input at all.
    pub unreached: bool,
    /// Why the differences cannot be relied on, if they cannot.
    pub doubt: Option<Doubt>,
}

/// Why central differences cannot be relied on.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// The function is not finite within the step, whichever of those that are tried.
    NotFinite {
        /// A [`Gradcheck::step`](super::Gradcheck::step) at which they can, if one was found.
        steadier: Option<f64>,
    },
    /// When the step is changed a little they change by as much as they differ from backward.
    TooNoisy {
        /// By how much they change.
        noise: f64,
        /// A [`Gradcheck::step`](super::Gradcheck::step) at which they can, if one was found.
        steadier: Option<f64>,
    },
    /// The function is another within the step than at the input, as `1 / x` is beyond 0: at this smaller
    /// [`Gradcheck::step`](super::Gradcheck::step) they are steady, and those that backward claims.
    TooWide {
        /// That step.
        steadier: f64,
    },
    /// The step is lost to the rounding of the input: nothing moves.
    TooSmall {
        /// A [`Gradcheck::step`](super::Gradcheck::step) at which they can, if one was found.
        steadier: Option<f64>,
    },
}

impl Mismatch {
    /// Whether both are the same derivative.
    pub(crate) fn is_at(&self, other: &Mismatch) -> bool {
        let place = |found: &Mismatch| {
            (found.input, found.input_index.clone(), found.output, found.output_index.clone())
        };
        place(self) == place(other)
    }
}

impl std::error::Error for GradcheckFailure {}
