//! Solutions of chapter 3.

use etudiant::autograd::Var;

use crate::checks::ch03_backward::Step;

pub fn by_hand(w: f64, x: f64, b: f64) -> [f64; 3] {
    let guess = w * x + b;
    [2.0 * guess * x, 2.0 * guess * w, 2.0 * guess]
}

pub fn backward(leaves: usize, tape: &[Step]) -> Vec<f64> {
    let mut grad = vec![0.0; leaves + tape.len()];
    grad[leaves + tape.len() - 1] = 1.0;
    for (i, step) in tape.iter().enumerate().rev() {
        for (place, slope) in step.inputs.iter().zip(step.slopes) {
            grad[*place] += grad[leaves + i] * slope;
        }
    }
    grad
}

pub fn half_the_gradient(x: &Var) -> Var {
    x * 0.5 + x.detach() * 0.5
}
