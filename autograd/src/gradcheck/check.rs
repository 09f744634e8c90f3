//! The checker itself: its settings, and the order in which it looks.

use std::rc::Rc;

use tensor::{DType, Seed, Tensor};

use crate::gradcheck::compare::{Comparing, Comparison};
use crate::gradcheck::invariants;
use crate::gradcheck::kinks::{Kink, TooClose, away_from};
use crate::gradcheck::report::{Fault, GradcheckFailure, GradcheckReport, InputReport, Method};
use crate::gradcheck::subject::Subject;
use crate::var::Var;

/// The full Jacobian is compared if the inputs together, and the output, have no more elements than this.
const FULL_LIMIT: usize = 512;

/// How many directions are tried in each input of a larger function.
const DIRECTIONS: usize = 8;

/// A gradient check, with its step, its tolerances and what it shall know.
///
/// ```
/// # use {autograd::Gradcheck, autograd::gradcheck::kinks::distance_to, tensor::Tensor};
/// let check = Gradcheck::new()
///     .input_names(["x", "bias"])
///     .kink("relu at 0", |x| distance_to(&x[0].add(&x[1]), 0.0))
///     .f32_tolerance(1e-6);
/// let inputs = [Tensor::from([0.3, -1.0]), Tensor::from([0.2, 1.0])];   // -1 + 1 = 0 is moved away
/// let report = check.run("relu", &inputs, |v| v[0].add(&v[1]).relu()).unwrap();
/// assert!(report.moved > 0);
/// println!("{report}");
/// ```
#[derive(Clone, Debug)]
pub struct Gradcheck {
    pub(super) step: f64,
    pub(super) rtol: f64,
    pub(super) atol: f64,
    pub(super) f32_tolerance: Option<f64>,
    method: Option<Method>,
    pub(super) seed: Seed,
    input_names: Vec<String>,
    kinks: Vec<Kink>,
    pub(super) allow_empty: bool,
}

impl Default for Gradcheck {
    fn default() -> Gradcheck {
        Gradcheck {
            step: 1e-3,
            rtol: 1e-6,
            atol: 1e-9,
            f32_tolerance: None,
            method: None,
            seed: Seed::new(2017),
            input_names: Vec::new(),
            kinks: Vec::new(),
            allow_empty: false,
        }
    }
}

impl Gradcheck {
    /// A check with step 1e-3, relative tolerance 1e-6, absolute tolerance 1e-9 and seed 2017, in f64 only.
    pub fn new() -> Gradcheck {
        Gradcheck::default()
    }

    /// Moves an element x by `step * max(1, |x|)` and by twice that to either side; where the derivative does
    /// not agree, also by 1/32 and 1/1024 of it.
    #[must_use]
    pub fn step(self, step: f64) -> Gradcheck {
        Gradcheck { step, ..self }
    }

    /// Certifies a derivative whose error is up to `rtol` times the larger of the two absolute values.
    #[must_use]
    pub fn rtol(self, rtol: f64) -> Gradcheck {
        Gradcheck { rtol, ..self }
    }

    /// Excuses an error up to `atol`, for derivatives that are zero or nearly so.
    #[must_use]
    pub fn atol(self, atol: f64) -> Gradcheck {
        Gradcheck { atol, ..self }
    }

    /// Also runs the function in f32, and asks value and gradients to be those in f64 up to this, relative to
    /// the larger of 1 and their largest element. The function must not mix in constants of type f64.
    #[must_use]
    pub fn f32_tolerance(self, tolerance: f64) -> Gradcheck {
        Gradcheck { f32_tolerance: Some(tolerance), ..self }
    }

    /// Compares the full Jacobian however large it is.
    #[must_use]
    pub fn full(self) -> Gradcheck {
        Gradcheck { method: Some(Method::FullJacobian), ..self }
    }

    /// Compares so many random directions in each input, however small the function is.
    #[must_use]
    pub fn directions(self, count: usize) -> Gradcheck {
        Gradcheck { method: Some(Method::Directions(count)), ..self }
    }

    /// Draws directions, weights and moves from here.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Gradcheck {
        Gradcheck { seed, ..self }
    }

    /// What to call the inputs; without it, `input 0`, `input 1` and so on.
    #[must_use]
    pub fn input_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Gradcheck {
        Gradcheck { input_names: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Names a place where the function has no derivative. `distance` says how far given inputs are from it;
    /// inputs that are nearer than four steps are moved a little, at random, until they are not.
    /// [`kinks`](super::kinks) measures the distance to a number and to a tie.
    #[must_use]
    pub fn kink(self, name: &str, distance: impl Fn(&[Tensor]) -> f64 + 'static) -> Gradcheck {
        let mut kinks = self.kinks;
        kinks.push(Kink { name: name.to_string(), distance: Rc::new(distance) });
        Gradcheck { kinks, ..self }
    }

    /// Accepts an output without elements. It has no derivatives; its way back is still walked.
    #[must_use]
    pub fn allow_empty(self) -> Gradcheck {
        Gradcheck { allow_empty: true, ..self }
    }

    /// Checks the gradients of `f` at `inputs`: all that the [module](mod@crate::gradcheck) lists.
    ///
    /// `f` must be a function of its inputs alone: what is random in it comes from a fixed seed. `name` is
    /// for the report.
    ///
    /// # Errors
    /// The first [`Fault`] that was found.
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
            let (input, remedy) = (self.input_name(i), "convert it with to_dtype(DType::F64)");
            assert!(dtype == DType::F64, "gradcheck of `{name}`: {input} is {dtype}; {remedy}");
        }
        let fail = |fault| GradcheckFailure { name: name.to_string(), fault, seed: self.seed };
        self.check(name, inputs, &f).map_err(fail)
    }

    fn check(
        &self,
        name: &str,
        inputs: &[Tensor],
        f: &dyn Fn(&[Var]) -> Var,
    ) -> Result<GradcheckReport, Fault> {
        let margin = 4.0 * self.step;
        let at_kink = |TooClose { kink, distance }| Fault::AtKink { kink, distance, margin };
        let (inputs, moved) = away_from(&self.kinks, margin, inputs, self.seed).map_err(at_kink)?;
        let subject = Subject::new(&inputs, f);
        let out = invariants::check(self, &subject)?;
        let method = self.method_for(subject.n_inputs(), out.numel());
        let comparing = Comparing::new(self, &subject, &out);
        let Comparison { inputs, n_wrong, worst } = match method {
            Method::FullJacobian => comparing.full_jacobian(),
            Method::Directions(count) => comparing.directions(count),
        };
        let total = |count: fn(&InputReport) -> usize| inputs.iter().map(count).sum();
        let (compared, certified) = (total(|input| input.compared), total(|input| input.certified));
        if n_wrong > 0 {
            return Err(Fault::Mismatch { compared, wrong: n_wrong, worst });
        }
        if certified == 0 && compared > 0 {
            return Err(Fault::NothingCertified { compared });
        }
        let excused = total(|input| input.excused);
        let worst_relative_error = inputs.iter().map(|input| input.worst_relative_error).fold(0.0, f64::max);
        let (name, seed) = (name.to_string(), self.seed);
        let counts = GradcheckReport {
            name,
            method,
            compared,
            certified,
            excused,
            worst_relative_error,
            inputs,
            moved,
            seed,
        };
        Ok(counts)
    }

    fn method_for(&self, n_inputs: usize, n_outputs: usize) -> Method {
        let small = n_inputs <= FULL_LIMIT && n_outputs <= FULL_LIMIT;
        let usual = if small { Method::FullJacobian } else { Method::Directions(DIRECTIONS) };
        self.method.unwrap_or(usual)
    }

    pub(super) fn input_name(&self, input: usize) -> String {
        self.input_names.get(input).cloned().unwrap_or_else(|| format!("input {input}"))
    }
}
