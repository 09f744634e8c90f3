//! Derivatives by central differences.
//!
//! With `D(h) = (f(x + h) - f(x - h)) / 2h`, the four-point rule is `(4 D(h) - D(2h)) / 3`: its error is
//! of order h^4 from the fifth derivative and u/h from rounding (u = 1.1e-16). A step near 1e-3 makes both
//! about 1e-13. Where a function bends sharply or has a kink nearby that is too far, so smaller steps are
//! tried after it: the [`LADDER`].

use crate::gradcheck::subject::Subject;

/// The steps to try, as parts of the chosen one.
pub const LADDER: [f64; 3] = [1.0, 1.0 / 32.0, 1.0 / 1024.0];

/// A direction in which one input is moved, element by element.
pub struct Direction<'a> {
    pub input: usize,
    /// The values that the input has.
    pub x: &'a [f64],
    /// How far each element moves, in steps of `h * max(1, |x|)`.
    pub along: &'a [f64],
}

/// A difference quotient, before the division: what the result changed by, and what each element of the
/// input really moved by, `(x + h) - (x - h)` after rounding. Both are scaled to one unit of the direction.
pub struct Difference {
    pub of_result: Vec<f64>,
    pub of_input: Vec<f64>,
}

impl Direction<'_> {
    /// The four-point rule with the step `h`.
    pub fn difference(&self, subject: &Subject, h: f64) -> Difference {
        let (near, far) = (self.central(subject, h), self.central(subject, 2.0 * h));
        let combine = |near: &[f64], far: &[f64]| -> Vec<f64> {
            near.iter().zip(far).map(|(near, far)| (4.0 * near - far) / 3.0).collect()
        };
        Difference {
            of_result: combine(&near.of_result, &far.of_result),
            of_input: combine(&near.of_input, &far.of_input),
        }
    }

    /// The two-point rule.
    fn central(&self, subject: &Subject, h: f64) -> Difference {
        let (above, below) = (self.moved(h), self.moved(-h));
        let of_input = per_unit(&above, &below, h);
        let value_at = |values| subject.value_at(self.input, values);
        Difference { of_result: per_unit(&value_at(above), &value_at(below), h), of_input }
    }

    fn moved(&self, h: f64) -> Vec<f64> {
        self.x.iter().zip(self.along).map(|(x, along)| x + h * along * x.abs().max(1.0)).collect()
    }

    /// Whether the result has a corner here: its slope jumps from the left to the right, and by as much when
    /// the step is an eighth, where a mere bend would show an eighth of the jump.
    pub fn has_kink(&self, subject: &Subject, h: f64, weights: &[f64]) -> bool {
        let value_at = |h: f64| dot(&subject.value_at(self.input, self.moved(h)), weights);
        let here = value_at(0.0);
        let slopes = |h: f64| ((here - value_at(-h)) / h, (value_at(h) - here) / h);
        let ((left, right), (nearer_left, nearer_right)) = (slopes(h), slopes(h / 8.0));
        let (jump, nearer) = ((right - left).abs(), (nearer_right - nearer_left).abs());
        let noise = 1e4 * f64::EPSILON * here.abs() / h;
        nearer > 0.5 * jump && jump > noise && jump > 0.01 * left.abs().max(right.abs())
    }
}

/// `(above - below) / 2h`
fn per_unit(above: &[f64], below: &[f64], h: f64) -> Vec<f64> {
    above.iter().zip(below).map(|(above, below)| (above - below) / (2.0 * h)).collect()
}

pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}
