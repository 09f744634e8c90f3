//! Solutions of chapter 6.

use etudiant::tensor::Tensor;

use crate::checks::ch06_learning::Moments;

pub fn sgd(
    param: &Tensor,
    velocity: &mut Tensor,
    gradient: &Tensor,
    momentum: f64,
    learning_rate: f64,
) -> Tensor {
    *velocity = velocity.mul_scalar(momentum).add(gradient);
    param.sub(&velocity.mul_scalar(learning_rate))
}

pub fn adam(moments: &mut Moments, gradient: f64, step: i32, learning_rate: f64) -> f64 {
    let (beta1, beta2, eps) = (0.9, 0.98, 1e-9);
    moments.m = beta1 * moments.m + (1.0 - beta1) * gradient;
    moments.v = beta2 * moments.v + (1.0 - beta2) * gradient * gradient;
    let mean = moments.m / (1.0 - f64::powi(beta1, step));
    let square = moments.v / (1.0 - f64::powi(beta2, step));
    -learning_rate * mean / (square.sqrt() + eps)
}

pub fn noam(step: u64, d_model: usize, warmup_steps: u64) -> f64 {
    let step = step as f64;
    let rises = step * (warmup_steps as f64).powf(-1.5);
    (d_model as f64).powf(-0.5) * step.powf(-0.5).min(rises)
}
