//! What a gradient check can be told.

use std::rc::Rc;

use tensor::{Seed, Tensor};

use crate::gradcheck::kinks::Kink;
use crate::gradcheck::report::Method;

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
    pub(super) nondet_tol: f64,
    pub(super) f32_tolerance: Option<f64>,
    pub(super) method: Option<Method>,
    pub(super) seed: Seed,
    pub(super) input_names: Vec<String>,
    pub(super) kinks: Vec<Kink>,
    pub(super) may_vanish: Vec<String>,
    pub(super) held: Vec<String>,
    pub(super) allow_empty: bool,
}

impl Default for Gradcheck {
    fn default() -> Gradcheck {
        Gradcheck {
            step: 1e-3,
            rtol: 1e-6,
            atol: 1e-9,
            nondet_tol: 0.0,
            f32_tolerance: None,
            method: None,
            seed: Seed::new(2017),
            input_names: Vec::new(),
            kinks: Vec::new(),
            may_vanish: Vec::new(),
            held: Vec::new(),
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
    ///
    /// # Panics
    /// If it is not positive, or infinite.
    #[must_use]
    #[track_caller]
    pub fn step(self, step: f64) -> Gradcheck {
        assert!(step > 0.0 && step.is_finite(), "step: {step} is not positive and finite");
        Gradcheck { step, ..self }
    }

    /// Certifies a derivative whose error is up to `rtol` times the larger of the two absolute values.
    ///
    /// # Panics
    /// If it is negative, infinite or NaN.
    #[must_use]
    #[track_caller]
    pub fn rtol(self, rtol: f64) -> Gradcheck {
        check_tolerance("rtol", rtol);
        Gradcheck { rtol, ..self }
    }

    /// Excuses an error up to `atol`, for derivatives that are zero or nearly so.
    ///
    /// # Panics
    /// If it is negative, infinite or NaN.
    #[must_use]
    #[track_caller]
    pub fn atol(self, atol: f64) -> Gradcheck {
        check_tolerance("atol", atol);
        Gradcheck { atol, ..self }
    }

    /// Accepts that value and gradients differ by up to `nondet_tol` when they are computed again, as sums do that
    /// are taken in whatever order threads are ready; without it they must be the same bits. Then backward and the
    /// differences may also differ by that much more: a derivative a thousand times as large is certified all the
    /// same, a smaller one excused. What the value differs by, differences divide by the step.
    ///
    /// # Panics
    /// If it is negative, infinite or NaN.
    #[must_use]
    #[track_caller]
    pub fn nondet_tol(self, nondet_tol: f64) -> Gradcheck {
        check_tolerance("nondet_tol", nondet_tol);
        Gradcheck { nondet_tol, ..self }
    }

    /// Also runs the function in f32, and asks value and gradients to be those in f64 up to this. An error of
    /// the value is relative to its largest element, or a tenth of the inputs' if that is more; an error of a
    /// gradient to the largest element of all gradients, or a tenth of the value's or the inputs'. The
    /// function must not mix in constants of type f64.
    ///
    /// # Panics
    /// If it is not positive, or infinite.
    #[must_use]
    #[track_caller]
    pub fn f32_tolerance(self, tolerance: f64) -> Gradcheck {
        assert!(
            tolerance > 0.0 && tolerance.is_finite(),
            "f32_tolerance: {tolerance} is not positive and finite"
        );
        Gradcheck { f32_tolerance: Some(tolerance), ..self }
    }

    /// Compares the full Jacobian however large it is.
    #[must_use]
    pub fn full(self) -> Gradcheck {
        Gradcheck { method: Some(Method::FullJacobian), ..self }
    }

    /// Compares so many random directions in each input, however small the function is.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    #[track_caller]
    pub fn directions(self, count: usize) -> Gradcheck {
        assert!(count > 0, "directions: a check needs at least one");
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
    /// inputs that are nearer than four of the smallest steps (4e-6, times their largest element) are moved
    /// a little, at random, until they are not. [`kinks`](super::kinks) measures the distance to a number
    /// and to a tie.
    #[must_use]
    pub fn kink(self, name: &str, distance: impl Fn(&[Tensor]) -> f64 + 'static) -> Gradcheck {
        let mut kinks = self.kinks;
        kinks.push(Kink { name: name.to_string(), distance: Rc::new(distance) });
        Gradcheck { kinks, ..self }
    }

    /// Accepts inputs of these names whose gradient is zero but for rounding, so that every derivative is
    /// excused and none certified: the key's bias in attention, for instance, whose effect the softmax takes
    /// away. A name stands for all that end in it, `bias` for `linear.bias`.
    #[must_use]
    pub fn may_vanish(self, names: impl IntoIterator<Item = impl Into<String>>) -> Gradcheck {
        Gradcheck { may_vanish: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Does not differentiate by the inputs of these names: the function gets them as constants, as it gets data
    /// beside parameters, and no kink moves them. Inputs without a name of their own are `input 0`, `input 1` and so
    /// on. A name stands for all that end in it, `bias` for `linear.bias`.
    ///
    /// ```
    /// # use {autograd::{Gradcheck, assert_gradients}, tensor::Tensor};
    /// let (guess, label) = (Tensor::from([0.5, -1.5]), Tensor::from([1.0, 0.0]));
    /// let check = Gradcheck::new().hold_constant(["label"]);
    /// assert_gradients!(check; |guess, label| (guess - label.detach()).powi(2), guess, label); // no way to the label
    /// ```
    #[must_use]
    pub fn hold_constant(self, names: impl IntoIterator<Item = impl Into<String>>) -> Gradcheck {
        Gradcheck { held: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Accepts that there is nothing to compare, because the output or the inputs have no elements. The way
    /// back is still walked.
    #[must_use]
    pub fn allow_empty(self) -> Gradcheck {
        Gradcheck { allow_empty: true, ..self }
    }

    pub(super) fn input_name(&self, input: usize) -> String {
        self.input_names.get(input).cloned().unwrap_or_else(|| format!("input {input}"))
    }

    /// Which of so many inputs are constants.
    ///
    /// # Panics
    /// If no input has a name that is to be held.
    #[track_caller]
    pub(super) fn held(&self, name: &str, count: usize) -> Vec<bool> {
        let names: Vec<String> = (0..count).map(|input| self.input_name(input)).collect();
        for held in &self.held {
            let known = names.join(", ");
            assert!(
                names.iter().any(|input| stands_for(held, input)),
                "gradcheck of `{name}`: no input is called {held:?}, to be held constant; there are {known}"
            );
        }
        names.iter().map(|input| self.held.iter().any(|held| stands_for(held, input))).collect()
    }
}

/// Panics if a tolerance accepts nothing, or everything.
#[track_caller]
fn check_tolerance(name: &str, tolerance: f64) {
    assert!(tolerance >= 0.0 && tolerance.is_finite(), "{name}: {tolerance} is not a tolerance");
}

/// Whether a setting's name is that of an input, or of the end of its path.
pub(super) fn stands_for(name: &str, input: &str) -> bool {
    input.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
