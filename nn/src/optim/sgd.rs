//! Stochastic gradient descent, with momentum and weight decay.

use tensor::threads::GRAIN;
use tensor::{Element, dispatch, simd};

use super::optimizer::{Optimizer, OptimizerState, Rule, Slots, check_gradients, check_memory, run_chunks};
use crate::error::Error;
use crate::gradients::ParamGradients;
use crate::params::Params;

/// Gradient descent in the definition of PyTorch (Sutskever et al. 2013, with the learning rate outside the
/// velocity):
///
/// ```text
/// g        = gradient + weight_decay · param
/// velocity = momentum · velocity + g            (from 0)
/// param    = param - learning_rate · velocity
/// ```
///
/// The default is plain gradient descent: no momentum, no decay. (The velocity is kept all the same; without
/// momentum it is the last `g`.)
#[derive(Clone, Debug, Default)]
pub struct Sgd {
    momentum: f64,
    weight_decay: f64,
    steps: u64,
    velocity: Slots,
}

impl Sgd {
    /// With the given `momentum` (0: none, 0.9 is usual) and `weight_decay` (0: none).
    ///
    /// # Panics
    /// If `momentum` is not in [0, 1), or `weight_decay` is negative or not finite.
    #[track_caller]
    pub fn new(momentum: f64, weight_decay: f64) -> Self {
        assert!((0.0..1.0).contains(&momentum), "sgd: momentum must be in [0, 1), not {momentum}");
        let valid = weight_decay.is_finite() && weight_decay >= 0.0;
        assert!(valid, "sgd: weight_decay must be finite and not negative, is {weight_decay}");
        Sgd { momentum, weight_decay, ..Sgd::default() }
    }

    /// Makes sure that the step leaves velocities and parameters finite.
    fn check_velocity<T: Element>(
        &self,
        params: &Params,
        gradients: &ParamGradients,
        learning_rate: f64,
    ) -> Result<(), Error> {
        let (momentum, weight_decay) = (T::of(self.momentum), T::of(self.weight_decay));
        let velocity = |param: T, before: T, gradient: T| momentum * before + gradient + weight_decay * param;
        check_memory(params, gradients, &self.velocity, "velocity", velocity)?;
        check_memory(params, gradients, &self.velocity, "new value", |param, before, gradient| {
            param - T::of(learning_rate) * velocity(param, before, gradient)
        })
    }

    fn update<T: Element>(&mut self, params: &mut Params, gradients: &ParamGradients, learning_rate: f64) {
        let (momentum, weight_decay) = (T::of(self.momentum), T::of(self.weight_decay));
        let learning_rate = T::of(learning_rate);
        let numel = params.numel();
        let mut chunks = Vec::with_capacity(numel / GRAIN + params.len());
        let memory = self.velocity.list.iter_mut();
        for ((param, velocity), gradient) in params.trainable_mut().zip(memory).zip(gradients.iter()) {
            let (Some(param), Some(velocity), Some(gradient)) = (param, velocity, gradient) else { continue };
            let param_chunks = param.data_mut::<T>().chunks_mut(GRAIN);
            let velocity_chunks = velocity.data_mut::<T>().chunks_mut(GRAIN);
            chunks.extend(param_chunks.zip(velocity_chunks).zip(gradient.data::<T>().chunks(GRAIN)));
        }
        run_chunks(chunks, numel, |((params, velocities), gradients)| {
            simd!(for ((param, velocity), gradient) in
                params.iter_mut().zip(velocities.iter_mut()).zip(*gradients)
            {
                *velocity = momentum * *velocity + *gradient + weight_decay * *param;
                *param -= learning_rate * *velocity;
            });
        });
    }
}

impl Optimizer for Sgd {
    fn step(
        &mut self,
        params: &mut Params,
        gradients: &ParamGradients,
        learning_rate: f64,
    ) -> Result<(), Error> {
        check_gradients(params, gradients)?;
        dispatch!(params.dtype(), T => self.check_velocity::<T>(params, gradients, learning_rate))?;
        self.velocity.fill(params);
        self.steps = self.steps.saturating_add(1);
        dispatch!(params.dtype(), T => self.update::<T>(params, gradients, learning_rate));
        Ok(())
    }

    fn state(&self, params: &Params) -> OptimizerState {
        OptimizerState::new(self.steps, params, &[("velocity", &self.velocity)])
    }

    fn restore(&mut self, params: &Params, state: &OptimizerState) -> Result<(), Error> {
        [self.velocity] = state.slots(params, ["velocity"])?;
        self.steps = state.steps;
        Ok(())
    }

    fn rule(&self) -> Option<Rule> {
        Some(Rule::Sgd { momentum: self.momentum, weight_decay: self.weight_decay })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use tensor::{DType, Tensor};

    use super::*;

    /// PyTorch's definition, one number at a time, on the loss (x - 3)².
    fn reference(momentum: f64, weight_decay: f64, learning_rate: f64, steps: usize) -> Vec<f64> {
        let (mut x, mut velocity) = (1.0, 0.0);
        let mut path = Vec::new();
        for _ in 0..steps {
            let g = 2.0 * (x - 3.0) + weight_decay * x;
            velocity = momentum * velocity + g;
            x -= learning_rate * velocity;
            path.push(x);
        }
        path
    }

    #[test]
    fn follows_the_definition_for_ten_steps() {
        for (momentum, weight_decay) in [(0.0, 0.0), (0.9, 0.0), (0.0, 0.1), (0.8, 0.05)] {
            let mut params = Params::new(DType::F64);
            let x = params.add("x", Tensor::from([1.0f64]));
            let mut sgd = Sgd::new(momentum, weight_decay);
            for expected in reference(momentum, weight_decay, 0.05, 10) {
                let mut gradients = ParamGradients::empty(&params);
                gradients.set(x, params.get(x).add_scalar(-3.0).mul_scalar(2.0));
                sgd.step(&mut params, &gradients, 0.05).unwrap();
                assert_relative_eq!(params.get(x).item(), expected, max_relative = 1e-13);
            }
        }
    }

    #[test]
    fn the_first_two_steps_by_hand() {
        let mut params = Params::new(DType::F32);
        let x = params.add("x", Tensor::from([1.0f32, 2.0]));
        let mut gradients = ParamGradients::empty(&params);
        gradients.set(x, Tensor::from([1.0f32, -2.0]));
        let mut sgd = Sgd::new(0.5, 0.0);
        sgd.step(&mut params, &gradients, 0.25).unwrap();
        assert_eq!(params.get(x), &Tensor::from([0.75f32, 2.5]));
        sgd.step(&mut params, &gradients, 0.25).unwrap(); // velocity 1.5 times the gradient
        assert_eq!(params.get(x), &Tensor::from([0.375f32, 3.25]));
    }
}
