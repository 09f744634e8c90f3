//! What a derivative by backward and the same by differences amount to.

use crate::gradcheck::settings::Gradcheck;

/// How large a derivative has to be beside what two runs may differ by, for agreement to show something.
const ABOVE_NOISE: f64 = 1e3;

/// A derivative from two sources.
#[derive(Clone, Copy)]
pub struct Pair {
    pub analytic: f64,
    pub numeric: f64,
}

impl Pair {
    pub const NONE: Pair = Pair { analytic: f64::NAN, numeric: f64::NAN };

    pub fn error(self) -> f64 {
        (self.analytic - self.numeric).abs()
    }

    /// Infinite if one of them is not finite. Zeros are never asked.
    pub fn relative_error(self) -> f64 {
        match self.error() {
            error if error.is_finite() => error / self.analytic.abs().max(self.numeric.abs()),
            _ => f64::INFINITY,
        }
    }
}

/// What a pair of derivatives amounts to.
#[derive(PartialEq)]
pub enum Verdict {
    /// Both are exactly zero.
    Zero,
    /// They agree to the relative tolerance, and are not zero.
    Certified,
    /// They differ by less than the absolute tolerance: nothing is known.
    Excused,
    Wrong,
}

impl Gradcheck {
    /// What is to be thought of a pair.
    pub(super) fn judge(&self, pair: Pair) -> Verdict {
        let (size, noise) = (pair.analytic.abs().max(pair.numeric.abs()), self.nondet_tol);
        match pair {
            Pair { analytic: 0.0, numeric: 0.0 } => Verdict::Zero,
            _ if pair.relative_error() <= self.rtol => Verdict::Certified,
            _ if pair.relative_error() <= self.rtol + noise / size && size >= ABOVE_NOISE * noise => {
                Verdict::Certified
            }
            _ if pair.error() <= self.atol + noise => Verdict::Excused,
            _ => Verdict::Wrong,
        }
    }
}
