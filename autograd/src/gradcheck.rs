//! Checks vjps against central differences.
//!
//! A wrong vjp does not crash; the model merely learns worse. So every operation is held to the
//! definition of the derivative. For each element x of each input and each element f of the output,
//!
//! ```text
//! numeric = (f(x + h) - f(x - h)) / ((x + h) - (x - h))
//! ```
//!
//! is compared with the element of the Jacobian that backward gives ("analytic"). The error of the
//! central difference is of order h^2 from the third derivative and u/h from rounding (u = 1.1e-16, the
//! unit roundoff of f64); the two balance near h = u^(1/3), about 5e-6, which leaves errors near 1e-10.
//! The step is that times max(1, |x|), and the divisor is the distance between the two numbers that were
//! really used, since x + h is rounded. f32 has too few digits for this: inputs must be f64.
//!
//! Central differences see a neighbourhood, so keep inputs away from kinks and ties (`relu` at 0, `max`
//! of equal elements) by more than the step.
//!
//! ```
//! use autograd::{Var, gradcheck};
//! use tensor::Tensor;
//!
//! let x = [Tensor::from([0.5, -1.5])];
//! let report = gradcheck("cube", &x, |v| v[0].powi(3)).unwrap();
//! assert_eq!(report.compared, 4);   // the Jacobian of two outputs by two inputs
//!
//! // A vjp that forgot the inner derivative of (2x)^2 = 4 x^2:
//! let failure = gradcheck("forgetful", &x, |v| {
//!     let doubled = v[0].value().mul_scalar(2.0);
//!     let out = doubled.powi(2);
//!     Var::record("forgetful", &[&v[0]], out, move |grad_out, grads| {
//!         grads.add(0, || grad_out.mul(&doubled).mul_scalar(2.0));
//!     })
//! });
//! let report = failure.unwrap_err().to_string();
//! assert!(report.starts_with("gradcheck of `forgetful`: d output[0] / d input 0[0] is 2 by backward but"));
//! ```

mod report;
#[cfg(test)]
mod tests;

pub use report::{GradcheckFailure, GradcheckReport, Mismatch};

use tensor::{DType, Shape, Tensor};

use crate::tape::Tape;
use crate::var::Var;

/// Checks the gradients of `f` at `inputs` with the default step and tolerances; see [`Gradcheck::run`].
///
/// # Errors
/// If a gradient is wrong or missing; the failure says which.
///
/// # Panics
/// If an input is not f64.
#[track_caller]
pub fn gradcheck(
    name: &str,
    inputs: &[Tensor],
    f: impl Fn(&[Var]) -> Var,
) -> Result<GradcheckReport, GradcheckFailure> {
    Gradcheck::default().run(name, inputs, f)
}

/// As [`gradcheck`](fn@gradcheck), for tests.
///
/// # Panics
/// If a gradient is wrong or missing, with the failure's report.
#[track_caller]
pub fn assert_gradients(name: &str, inputs: &[Tensor], f: impl Fn(&[Var]) -> Var) {
    if let Err(failure) = gradcheck(name, inputs, f) {
        panic!("{failure}");
    }
}

/// A gradient check with its step and tolerances.
///
/// ```
/// # use {autograd::Gradcheck, tensor::Tensor};
/// let check = Gradcheck::new().step(1e-4).rtol(1e-5);
/// assert!(check.run("exp", &[Tensor::from([0.3, 1.2])], |v| v[0].exp()).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradcheck {
    step: f64,
    rtol: f64,
    atol: f64,
}

impl Default for Gradcheck {
    fn default() -> Gradcheck {
        Gradcheck { step: 5e-6, rtol: 1e-6, atol: 1e-8 }
    }
}

impl Gradcheck {
    /// A check with step 5e-6, relative tolerance 1e-6 and absolute tolerance 1e-8.
    pub fn new() -> Gradcheck {
        Gradcheck::default()
    }

    /// Moves an element x by `step * max(1, |x|)` to either side.
    #[must_use]
    pub fn step(self, step: f64) -> Gradcheck {
        Gradcheck { step, ..self }
    }

    /// Accepts an error up to `rtol` times the larger of the two absolute values.
    #[must_use]
    pub fn rtol(self, rtol: f64) -> Gradcheck {
        Gradcheck { rtol, ..self }
    }

    /// Accepts an error up to `atol`, for derivatives that are zero or nearly so.
    #[must_use]
    pub fn atol(self, atol: f64) -> Gradcheck {
        Gradcheck { atol, ..self }
    }

    /// Compares the full Jacobian of `f` at `inputs`, given by backward, with central differences.
    ///
    /// `f` must be a function of its inputs alone: any randomness comes from a fixed seed. It runs once
    /// and once more per output element for backward and twice per input element for the differences,
    /// which is meant for small inputs. The differences are taken on contiguous copies, the gradients on
    /// the inputs as they are, so a strided input also checks that the layout does not matter. `name` is
    /// for the report.
    ///
    /// # Errors
    /// If a derivative is wrong, NaN or infinite, or `f`'s output requires no gradient or has no elements.
    ///
    /// # Panics
    /// If an input is not f64.
    #[track_caller]
    pub fn run(
        &self,
        name: &str,
        inputs: &[Tensor],
        f: impl Fn(&[Var]) -> Var,
    ) -> Result<GradcheckReport, GradcheckFailure> {
        for (i, dtype) in inputs.iter().map(Tensor::dtype).enumerate() {
            let remedy = "convert it with to_dtype(DType::F64)";
            assert!(dtype == DType::F64, "gradcheck of `{name}`: input {i} is {dtype}; {remedy}");
        }
        let analytic = analytic_jacobian(name, inputs, &f)?;
        let mut report = GradcheckReport { name: name.to_string(), compared: 0, worst_relative_error: 0.0 };
        for (input, jacobian) in analytic.by_input.iter().enumerate() {
            for element in 0..inputs[input].numel() {
                let numeric = self.numeric_column(inputs, input, element, &f);
                for (output, row) in jacobian.iter().enumerate() {
                    let pair = Pair { analytic: row[element], numeric: numeric[output] };
                    report.compared += 1;
                    let error = pair.error() / pair.magnitude().max(self.atol / self.rtol);
                    report.worst_relative_error = report.worst_relative_error.max(error);
                    if !self.accepts(pair) {
                        return Err(GradcheckFailure::Mismatch(Mismatch {
                            name: name.to_string(),
                            input,
                            input_index: index_of(element, inputs[input].shape()),
                            output_index: index_of(output, analytic.output_shape),
                            analytic: pair.analytic,
                            numeric: pair.numeric,
                            relative_error: pair.relative_error(),
                        }));
                    }
                }
            }
        }
        Ok(report)
    }

    /// Derivatives of all output elements with respect to one element of one input.
    fn numeric_column(
        &self,
        inputs: &[Tensor],
        input: usize,
        element: usize,
        f: &impl Fn(&[Var]) -> Var,
    ) -> Vec<f64> {
        let x = inputs[input].to_f64_vec()[element];
        let h = self.step * x.abs().max(1.0);
        let (above, below) = (x + h, x - h);
        let at = |moved: f64| {
            let mut values: Vec<Var> =
                inputs.iter().map(|tensor| Var::constant(tensor.contiguous())).collect();
            let mut data = inputs[input].to_f64_vec();
            data[element] = moved;
            values[input] = Var::constant(Tensor::from_vec(data, inputs[input].shape()));
            f(&values).value().to_f64_vec()
        };
        at(above).iter().zip(at(below)).map(|(high, low)| (high - low) / (above - below)).collect()
    }

    /// Whether the two agree. A NaN or infinity on either side never does.
    fn accepts(&self, pair: Pair) -> bool {
        pair.analytic.is_finite()
            && pair.numeric.is_finite()
            && (pair.error() <= self.atol || pair.relative_error() <= self.rtol)
    }
}

/// A derivative from two sources.
#[derive(Clone, Copy)]
struct Pair {
    analytic: f64,
    numeric: f64,
}

impl Pair {
    fn error(self) -> f64 {
        (self.analytic - self.numeric).abs()
    }

    fn relative_error(self) -> f64 {
        self.error() / self.magnitude()
    }

    fn magnitude(self) -> f64 {
        self.analytic.abs().max(self.numeric.abs())
    }
}

/// What backward says: for each input, one row per output element with the derivatives of that element.
struct Jacobian {
    output_shape: Shape,
    by_input: Vec<Vec<Vec<f64>>>,
}

/// Runs `f` and backward once per output element, each time with a `grad_out` that is one at that
/// element and zero elsewhere.
fn analytic_jacobian(
    name: &str,
    inputs: &[Tensor],
    f: &impl Fn(&[Var]) -> Var,
) -> Result<Jacobian, GradcheckFailure> {
    let run = || {
        let tape = Tape::new();
        let vars: Vec<Var> = inputs.iter().map(|tensor| tape.var(tensor.clone())).collect();
        let out = f(&vars);
        (vars, out)
    };
    let (_, out) = run(); // before the loop, which an output without elements never enters
    if !out.requires_grad() {
        return Err(GradcheckFailure::NoGradient { name: name.to_string() });
    }
    let output_shape = out.shape();
    if output_shape.numel() == 0 {
        return Err(GradcheckFailure::EmptyOutput { name: name.to_string(), output_shape });
    }
    let mut by_input = vec![Vec::new(); inputs.len()];
    for output in 0..output_shape.numel() {
        let (vars, out) = run();
        let mut one_hot = vec![0.0; output_shape.numel()];
        one_hot[output] = 1.0;
        let gradients = out.backward_with(Tensor::from_vec(one_hot, output_shape));
        for (var, rows) in vars.iter().zip(&mut by_input) {
            let zeros = || vec![0.0; var.numel()]; // the output does not depend on this input
            rows.push(gradients.get(var).map_or_else(zeros, Tensor::to_f64_vec));
        }
    }
    Ok(Jacobian { output_shape, by_input })
}

/// The index of the `element`-th element in row-major order.
fn index_of(mut element: usize, shape: Shape) -> Vec<usize> {
    let mut index = vec![0; shape.rank()];
    for axis in (0..shape.rank()).rev() {
        index[axis] = element % shape[axis];
        element /= shape[axis];
    }
    index
}
