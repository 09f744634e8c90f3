//! Checks of chapter 5.

use etudiant::autograd::{Tape, Var};
use etudiant::tensor::Tensor;

use crate::checks::ch04_vjp::gradient_is_right;
use crate::kit::{Verdict, close, tensors};

type Slope = fn(fn(f64) -> f64, f64, f64) -> f64;
type SlopeAlong = fn(&dyn Fn(&Tensor) -> f64, &Tensor, &Tensor, f64) -> f64;

pub fn four_points(four_points: Slope) -> Verdict {
    // Exact up to the fourth power, whatever the step.
    close("of x⁴ at 1, with a step of 0.5", four_points(|x| x.powi(4), 1.0, 0.5), 4.0, 1e-12)?;
    close("of e^x at 1, with a step of 1e-3", four_points(f64::exp, 1.0, 1e-3), 1f64.exp(), 1e-11)
}

pub fn mended(mended: fn(&Var) -> Var) -> Verdict {
    for x in [Tensor::from([1.0, -2.0, 3.0]), Tensor::from([0.5, 1.5, -1.0, 2.0])] {
        let out = mended(&Tape::new().var(x.clone()));
        tensors("the value", out.value(), &x.powi(2).mean(.., false))?;
        gradient_is_right("mean_of_squares", &x, mended)?;
    }
    Ok(())
}

pub fn along(along: SlopeAlong) -> Verdict {
    let (x, direction) = (Tensor::from([1.0, -2.0, 0.5]), Tensor::from([0.5, 1.0, -1.0]));
    let sum_of_cubes = |x: &Tensor| x.powi(3).sum(.., false).item();
    let gradient = x.powi(2).mul_scalar(3.0);
    let expected = gradient.mul(&direction).sum(.., false).item();
    close("of the sum of cubes", along(&sum_of_cubes, &x, &direction, 1e-5), expected, 1e-8)
}
