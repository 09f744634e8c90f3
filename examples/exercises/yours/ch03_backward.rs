//! Exercises of chapter 3, `etudiant::book::ch03_backward`. Write your code where it says `your_turn!`.

use etudiant::autograd::Var;

use crate::checks::ch03_backward::Step;

/// Exercise 1: The derivatives of `(w x + b)²` with respect to w, x and b, in that order. On paper first.
pub fn by_hand(w: f64, x: f64, b: f64) -> [f64; 3] {
    your_turn!(w, x, b)
}

/// Exercise 2: The derivative of the last step with respect to everything: first the leaves, places `0..leaves`,
/// then the result of each step. A step is as in the chapter: `step.inputs` are two places, `step.slopes` the
/// derivative by each.
///
/// `vec![0.0; n]` is a list of n zeros.
pub fn backward(leaves: usize, tape: &[Step]) -> Vec<f64> {
    your_turn!(leaves, tape)
}

/// Exercise 3: A variable with the value of `x` through which half the gradient flows back to `x`.
pub fn half_the_gradient(x: &Var) -> Var {
    your_turn!(x)
}
