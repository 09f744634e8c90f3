//! Whether a derivative that disagrees is wrong, or the differences it was held to.
//!
//! Differences fail where the function is not finite within the step (`log` nearer to 0 than that), where it is another
//! within the step than at the input (`1 / x` on both sides of 0), and where its values are so large that their rounding
//! drowns the change (`x + 1e12`). Then they say nothing of the vjp. How much they can be trusted shows when the step is
//! changed a little: what depends on the step is no derivative.

use std::ops::Range;

use crate::gradcheck::judge::Pair;
use crate::gradcheck::numeric::{Difference, Direction, LADDER};
use crate::gradcheck::report::Doubt;
use crate::gradcheck::subject::Subject;

/// The steps around one at which differences are taken again, as parts of it.
const AROUND: [f64; 9] = [1.0, 0.93, 1.07, 0.86, 1.14, 0.79, 1.21, 0.72, 1.28];

/// The powers of ten among which a better step is looked for.
const POWERS: Range<i32> = -15..7;

/// How far a derivative has to be from the differences to be called wrong, in their own noise.
const CLEARLY: f64 = 2.0;

/// A derivative that disagrees with its differences.
pub struct Disputed<'a> {
    pub subject: &'a Subject<'a>,
    pub direction: &'a Direction<'a>,
    /// The step of the check.
    pub step: f64,
    /// The relative tolerance of the check.
    pub rtol: f64,
    /// How large the result is, for each unit that the element moves by in one step: of what its rounding is a part.
    pub size: f64,
}

/// What comes of a dispute.
pub struct Settled {
    /// The derivative, and what to hold against it: where noise is more than the tolerance, the difference with the least
    /// of it, and not the one that happens to be nearest.
    pub pair: Pair,
    /// By how much that difference changes with the step, if that is more than the tolerance.
    pub noise: Option<f64>,
    /// What speaks against the differences, if they do not clearly contradict the derivative.
    pub doubt: Option<Doubt>,
}

/// What the differences around a step are.
struct Estimate {
    /// The mean.
    value: f64,
    /// How far apart they are, and what the rounding of the result alone may make.
    noise: f64,
}

impl Estimate {
    /// Whether nothing was seen to change.
    fn is_still(&self) -> bool {
        self.value == 0.0
    }
}

impl Disputed<'_> {
    /// Whether the differences with the least noise clearly contradict the derivative by backward. `numeric` is the
    /// derivative that a difference amounts to.
    pub fn settle(&self, pair: Pair, numeric: impl Fn(&Difference) -> f64) -> Settled {
        let as_it_was = |doubt| Settled { pair, noise: None, doubt };
        if !pair.analytic.is_finite() {
            return as_it_was(None);
        }
        let mut estimates: Vec<Estimate> =
            LADDER.iter().filter_map(|part| self.estimate(self.step * part, &numeric)).collect();
        if !estimates.iter().all(Estimate::is_still) {
            estimates.retain(|found| !found.is_still()); // steps too small to change anything
        }
        match estimates.iter().min_by(|a, b| a.noise.total_cmp(&b.noise)) {
            None if !self.moves() => {
                as_it_was(Some(Doubt::TooSmall { steadier: self.steadier(POWERS, &numeric) }))
            }
            None => as_it_was(Some(Doubt::NotFinite { steadier: self.steadier(POWERS, &numeric) })),
            Some(&Estimate { value, noise }) if (pair.analytic - value).abs() <= CLEARLY * noise => {
                as_it_was(Some(Doubt::TooNoisy { noise, steadier: self.steadier(POWERS, &numeric) }))
            }
            Some(&Estimate { value, noise }) if noise > self.rtol * value.abs() => {
                match self.agreeing_within(pair.analytic, &numeric) {
                    Some(steadier) => as_it_was(Some(Doubt::TooWide { steadier })),
                    None => {
                        Settled { pair: Pair { numeric: value, ..pair }, noise: Some(noise), doubt: None }
                    }
                }
            }
            Some(_) => as_it_was(None),
        }
    }

    /// Whether the step is large enough to change the element.
    fn moves(&self) -> bool {
        self.direction.difference(self.subject, self.step).of_input.iter().any(|&moved| moved != 0.0)
    }

    /// A step below all that were tried at which the differences are steady, and those that backward claims.
    fn agreeing_within(&self, analytic: f64, numeric: &impl Fn(&Difference) -> f64) -> Option<f64> {
        let smallest = self.step * LADDER[LADDER.len() - 1];
        let below = POWERS.start..smallest.log10().floor() as i32;
        let step = self.steadier(below, numeric)?;
        let found = self.estimate(step, numeric)?;
        ((analytic - found.value).abs() <= self.rtol * found.value.abs()).then_some(step)
    }

    /// `None` if the function is not finite there.
    fn estimate(&self, step: f64, numeric: &impl Fn(&Difference) -> f64) -> Option<Estimate> {
        let found = AROUND.map(|part| numeric(&self.direction.difference(self.subject, step * part)));
        let least = found.iter().copied().fold(f64::INFINITY, f64::min);
        let most = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let finite = found.iter().all(|x| x.is_finite());
        let value = found.iter().sum::<f64>() / AROUND.len() as f64;
        finite.then_some(Estimate { value, noise: most - least + f64::EPSILON * self.size / step })
    }

    /// The step, among these powers of ten, at which the differences are steadiest, if they are to the tolerance there.
    fn steadier(&self, powers: Range<i32>, numeric: &impl Fn(&Difference) -> f64) -> Option<f64> {
        let powers = powers.map(|power| 10f64.powi(power));
        let relative =
            |step| self.estimate(step, numeric).map(|found| (found.noise / found.value.abs(), step));
        let steady = powers.filter_map(relative).filter(|(noise, _)| *noise <= self.rtol);
        steady.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, step)| step)
    }
}
