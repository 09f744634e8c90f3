//! Exercises of chapter 6, `etudiant::book::ch06_learning`. Write your code where it says `your_turn!`.

use etudiant::tensor::Tensor;

use crate::checks::ch06_learning::Moments;

/// Exercise 1: One step of gradient descent with momentum: the velocity becomes `momentum * velocity + gradient`,
/// and the parameter moves by `-learning_rate * velocity`. Returns the new parameter.
///
/// `velocity` is a place to be written to: `*velocity = ...;`. `x.mul_scalar(2.0)`, `&x + &y` and `&x - &y` are the
/// arithmetic of tensors, without the `&` where something is lent already, as `gradient` is.
pub fn sgd(
    param: &Tensor,
    velocity: &mut Tensor,
    gradient: &Tensor,
    momentum: f64,
    learning_rate: f64,
) -> Tensor {
    your_turn!(param, velocity, gradient, momentum, learning_rate)
}

/// Exercise 2: One step of Adam for one number; returns what is to be added to it. Steps are counted from 1. With
/// the paper's beta1 = 0.9, beta2 = 0.98 and eps = 1e-9:
///
/// ```text
/// m = beta1 m + (1 - beta1) gradient             both start at 0, and so are too small at first;
/// v = beta2 v + (1 - beta2) gradient²            divided by 1 - beta^step they are not
/// change = -learning_rate * m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + eps)
/// ```
///
/// `moments.m` and `moments.v` can be read and assigned to. `let beta1: f64 = 0.9;` says the type, and then
/// `beta1.powi(step)` is a power; `x.sqrt()` is a root.
pub fn adam(moments: &mut Moments, gradient: f64, step: i32, learning_rate: f64) -> f64 {
    your_turn!(moments, gradient, step, learning_rate)
}

/// Exercise 3: The learning rate of the paper: `d_model^-0.5 * min(step^-0.5, step * warmup_steps^-1.5)`.
///
/// `step as f64` converts, `x.powf(-0.5)` is a power, `x.min(y)` the smaller.
pub fn noam(step: u64, d_model: usize, warmup_steps: u64) -> f64 {
    your_turn!(step, d_model, warmup_steps)
}
