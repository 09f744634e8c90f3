//! One check: in which order what is looked at.

use tensor::{DType, Tensor};

use crate::gradcheck::compare::{Comparing, Comparison};
use crate::gradcheck::invariants;
use crate::gradcheck::kinks::{TooClose, away_from};
use crate::gradcheck::numeric::LADDER;
use crate::gradcheck::outputs::Outputs;
use crate::gradcheck::report::{Fault, GradcheckFailure, GradcheckReport, InputReport, Method};
use crate::gradcheck::settings::{Gradcheck, stands_for};
use crate::gradcheck::subject::{Subject, largest};
use crate::var::Var;

/// The full Jacobian is compared if the inputs together, and the output, have no more elements than this.
const FULL_LIMIT: usize = 512;

/// How many directions are tried in each input of a larger function.
const DIRECTIONS: usize = 8;

impl Gradcheck {
    /// Checks the gradients of `f` at `inputs`: all that the [module](mod@crate::gradcheck) lists.
    ///
    /// `f` must be a function of its inputs alone: what is random in it comes from a fixed seed. It gives one
    /// variable, or several, all of which are checked: [`Outputs`]. `name` is for the report.
    ///
    /// # Errors
    /// The first [`Fault`] that was found.
    ///
    /// # Panics
    /// If there is no input to differentiate by, one is not f64, names were given to more or fewer, or one is to be
    /// held constant that there is not; if `f` gives no variable at all.
    #[track_caller]
    pub fn run<O: Outputs>(
        &self,
        name: &str,
        inputs: &[Tensor],
        f: impl Fn(&[Var]) -> O,
    ) -> Result<GradcheckReport, GradcheckFailure> {
        let (count, named) = (inputs.len(), self.input_names.len());
        assert!(named == 0 || named == count, "gradcheck of `{name}`: {named} names for {count} inputs");
        let held = self.held(name, count);
        assert!(held.contains(&false), "gradcheck of `{name}`: there is no input to differentiate by");
        for (i, dtype) in inputs.iter().map(Tensor::dtype).enumerate() {
            let (input, remedy) = (self.input_name(i), "convert it with to_dtype(DType::F64)");
            assert!(dtype == DType::F64, "gradcheck of `{name}`: {input} is {dtype}; {remedy}");
        }
        let fail = |fault| GradcheckFailure { name: name.to_string(), fault, seed: self.seed };
        let outputs = |vars: &[Var]| {
            let outputs = f(vars).into_vars();
            assert!(!outputs.is_empty(), "gradcheck of `{name}`: the function gives no variable");
            outputs
        };
        self.check(name, inputs, &held, &outputs).map_err(fail)
    }

    fn check(
        &self,
        name: &str,
        inputs: &[Tensor],
        held: &[bool],
        f: &dyn Fn(&[Var]) -> Vec<Var>,
    ) -> Result<GradcheckReport, Fault> {
        let smallest = self.step * LADDER[LADDER.len() - 1];
        let moving = inputs.iter().zip(held).filter(|(_, held)| !**held);
        let margin = 4.0 * smallest * moving.map(|(x, _)| largest(x)).fold(1.0, f64::max);
        let at_kink = |TooClose { kink, distance }| Fault::AtKink { kink, distance, margin };
        let (inputs, moved) = away_from(&self.kinks, margin, inputs, held, self.seed).map_err(at_kink)?;
        let subject = Subject::new(&inputs, held, f);
        let values = invariants::check(self, &subject)?;
        let method = self.method_for(subject.n_inputs(), values.numel());
        let comparing = Comparing::new(self, &subject, &values);
        let Comparison { inputs, worst } = match method {
            Method::FullJacobian => comparing.full_jacobian(),
            Method::Directions(count) => comparing.directions(count),
        };
        if !worst.is_empty() {
            let undecided = worst.iter().all(|found| found.doubt.is_some());
            return Err(match undecided {
                true => Fault::Undecided { inputs, some: worst },
                false => Fault::Mismatch { inputs, worst },
            });
        }
        let report = GradcheckReport { name: name.to_string(), method, inputs, moved, seed: self.seed };
        match report.inputs.iter().find(|input| self.shows_nothing(input)) {
            _ if report.compared() == 0 && !self.allow_empty => Err(Fault::NothingToCompare),
            Some(InputReport { name, excused, .. }) => {
                Err(Fault::NothingCertified { input: name.clone(), excused: *excused })
            }
            None => Ok(report),
        }
    }

    /// Whether all that is known of an input is that its gradient may be wrong by no more than `atol`.
    fn shows_nothing(&self, input: &InputReport) -> bool {
        let vanishes = self.may_vanish.iter().any(|name| stands_for(name, &input.name));
        input.certified == 0 && input.excused > 0 && !vanishes
    }

    fn method_for(&self, n_inputs: usize, n_outputs: usize) -> Method {
        let small = n_inputs <= FULL_LIMIT && n_outputs <= FULL_LIMIT;
        let usual = if small { Method::FullJacobian } else { Method::Directions(DIRECTIONS) };
        self.method.unwrap_or(usual)
    }
}
