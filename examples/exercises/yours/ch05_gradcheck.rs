//! Exercises of chapter 5, `etudiant::book::ch05_gradcheck`. Write your code where it says `your_turn!`.

use etudiant::autograd::Var;
use etudiant::tensor::Tensor;

/// Exercise 1: The derivative of `f` at `x` from four points: `(4 D(h) - D(2h)) / 3`, with the `D` of the chapter.
pub fn four_points(f: fn(f64) -> f64, x: f64, h: f64) -> f64 {
    your_turn!(f, x, h)
}

/// Exercise 2: The mean of the squares of `x`, one number, as one operation. Someone wrote it so, and there is a
/// mistake in it:
///
/// ```text
/// let value = x.value().clone();
/// Var::record("mean_of_squares", &[x], value.powi(2).mean(.., false), move |g, grads| {
///     grads.add(0, || value.mul(g).mul_scalar(2.0));
/// })
/// ```
///
/// `value.numel()` is how many numbers there are, `numel as f64` makes a number of it that can be divided by.
pub fn mended(x: &Var) -> Var {
    your_turn!(x)
}

/// Exercise 3: How fast `f` grows if all numbers of `x` move along `direction` at once, by a difference to both
/// sides with the step `h`. Call `f` twice. `direction.mul_scalar(h)` is a step.
pub fn along(f: &dyn Fn(&Tensor) -> f64, x: &Tensor, direction: &Tensor, h: f64) -> f64 {
    your_turn!(f, x, direction, h)
}
