//! One check: in which order what is looked at.

use tensor::{DType, Tensor};

use crate::gradcheck::compare::{Comparing, Comparison};
use crate::gradcheck::invariants;
use crate::gradcheck::kinks::{TooClose, away_from};
use crate::gradcheck::numeric::LADDER;
use crate::gradcheck::report::{Fault, GradcheckFailure, GradcheckReport, InputReport, Method};
use crate::gradcheck::settings::Gradcheck;
use crate::gradcheck::subject::{Subject, largest};
use crate::var::Var;

/// The full Jacobian is compared if the inputs together, and the output, have no more elements than this.
const FULL_LIMIT: usize = 512;

/// How many directions are tried in each input of a larger function.
const DIRECTIONS: usize = 8;

impl Gradcheck {
    /// Checks the gradients of `f` at `inputs`: all that the [module](mod@crate::gradcheck) lists.
    ///
    /// `f` must be a function of its inputs alone: what is random in it comes from a fixed seed. `name` is
    /// for the report.
    ///
    /// # Errors
    /// The first [`Fault`] that was found.
    ///
    /// # Panics
    /// If there is no input, one is not f64, or names were given to more or fewer.
    #[track_caller]
    pub fn run(
        &self,
        name: &str,
        inputs: &[Tensor],
        f: impl Fn(&[Var]) -> Var,
    ) -> Result<GradcheckReport, GradcheckFailure> {
        let (count, named) = (inputs.len(), self.input_names.len());
        assert!(count > 0, "gradcheck of `{name}`: there is no input to differentiate by");
        assert!(named == 0 || named == count, "gradcheck of `{name}`: {named} names for {count} inputs");
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
        let smallest = self.step * LADDER[LADDER.len() - 1];
        let margin = 4.0 * smallest * inputs.iter().map(largest).fold(1.0, f64::max);
        let at_kink = |TooClose { kink, distance }| Fault::AtKink { kink, distance, margin };
        let (inputs, moved) = away_from(&self.kinks, margin, inputs, self.seed).map_err(at_kink)?;
        let subject = Subject::new(&inputs, f);
        let out = invariants::check(self, &subject)?;
        let method = self.method_for(subject.n_inputs(), out.numel());
        let comparing = Comparing::new(self, &subject, &out);
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
        let vanishes = self.may_vanish.iter().any(|name| input.name.ends_with(name));
        input.certified == 0 && input.excused > 0 && !vanishes
    }

    fn method_for(&self, n_inputs: usize, n_outputs: usize) -> Method {
        let small = n_inputs <= FULL_LIMIT && n_outputs <= FULL_LIMIT;
        let usual = if small { Method::FullJacobian } else { Method::Directions(DIRECTIONS) };
        self.method.unwrap_or(usual)
    }
}
