//! Adam, and AdamW with decoupled weight decay.

use tensor::threads::GRAIN;
use tensor::{Element, dispatch, simd};

use super::optimizer::{Optimizer, OptimizerState, Rule, Slots, check_gradients, check_memory, run_chunks};
use crate::error::Error;
use crate::gradients::ParamGradients;
use crate::params::Params;

/// Adam (Kingma & Ba 2015, algorithm 1), with bias correction:
///
/// ```text
/// m     = beta1 · m + (1 - beta1) · g           (from 0)
/// v     = beta2 · v + (1 - beta2) · g²          (from 0)
/// m_hat = m / (1 - beta1^t),  v_hat = v / (1 - beta2^t)
/// param = param - learning_rate · m_hat / (sqrt(v_hat) + eps)
/// ```
///
/// The step `t` is counted for the model as a whole: a parameter thawed late starts with the correction of
/// the others.
#[derive(Clone, Debug)]
pub struct Adam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    steps: u64,
    first_moment: Slots,
    second_moment: Slots,
}

impl Adam {
    /// The least eps, about the smallest f32 that is not subnormal. Without eps a parameter whose gradient is zero, as
    /// that of a word that does not occur is, would become 0 / 0.
    pub const MIN_EPS: f64 = 1.2e-38;

    /// With the given decay rates of the two moments.
    ///
    /// # Panics
    /// If a beta is not in [0, 1), or `eps` is not finite or less than [`MIN_EPS`](Self::MIN_EPS).
    #[track_caller]
    pub fn new(beta1: f64, beta2: f64, eps: f64) -> Self {
        assert!((0.0..1.0).contains(&beta1), "adam: beta1 must be in [0, 1), not {beta1}");
        assert!((0.0..1.0).contains(&beta2), "adam: beta2 must be in [0, 1), not {beta2}");
        let (least, valid) = (Self::MIN_EPS, eps.is_finite() && eps >= Self::MIN_EPS);
        assert!(valid, "adam: eps must be at least {least:e}, for example 1e-9, not {eps:e}");
        Adam { beta1, beta2, eps, steps: 0, first_moment: Slots::default(), second_moment: Slots::default() }
    }

    /// One step of Adam in which the parameters are also multiplied by `decay`.
    fn decayed_step(
        &mut self,
        params: &mut Params,
        gradients: &ParamGradients,
        learning_rate: f64,
        decay: f64,
    ) -> Result<(), Error> {
        check_gradients(params, gradients)?;
        dispatch!(params.dtype(), T => {
            let factors = self.factors::<T>(self.steps.saturating_add(1), learning_rate, decay);
            let second_moment = |_, v, g| factors.second_moment(v, g);
            check_memory::<T>(params, gradients, &self.second_moment, "second moment", second_moment)?;
            self.first_moment.fill(params);
            self.second_moment.fill(params);
            self.steps = self.steps.saturating_add(1);
            self.update(params, gradients, &factors);
        });
        Ok(())
    }

    /// What is the same for every element of a step, computed in f64.
    fn factors<T: Element>(&self, step: u64, learning_rate: f64, decay: f64) -> Factors<T> {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Factors {
            beta1: T::of(self.beta1),
            rest1: T::of(1.0 - self.beta1),
            beta2: T::of(self.beta2),
            rest2: T::of(1.0 - self.beta2),
            step_size: T::of(learning_rate / correction(self.beta1)),
            root_correction: T::of(1.0 / correction(self.beta2).sqrt()),
            eps: T::of(self.eps),
            decay: T::of(decay),
        }
    }

    fn update<T: Element>(&mut self, params: &mut Params, gradients: &ParamGradients, factors: &Factors<T>) {
        let numel = params.numel();
        let mut chunks = Vec::with_capacity(numel / GRAIN + params.len());
        let memory = self.first_moment.list.iter_mut().zip(&mut self.second_moment.list);
        for ((param, (m, v)), gradient) in params.trainable_mut().zip(memory).zip(gradients.iter()) {
            let (Some(param), Some(m), Some(v), Some(gradient)) = (param, m, v, gradient) else { continue };
            let param = param.data_mut::<T>().chunks_mut(GRAIN);
            let m = m.data_mut::<T>().chunks_mut(GRAIN);
            let v = v.data_mut::<T>().chunks_mut(GRAIN);
            let gradient = gradient.data::<T>().chunks(GRAIN);
            let zipped = param.zip(m).zip(v).zip(gradient);
            chunks.extend(zipped.map(|(((param, m), v), gradient)| Chunk { param, m, v, gradient }));
        }
        run_chunks(chunks, numel, |chunk| chunk.update(factors));
    }
}

impl Default for Adam {
    /// The values of Vaswani et al. 2017, §5.3: 0.9, 0.98, 1e-9. (Kingma & Ba suggest 0.9, 0.999, 1e-8.)
    fn default() -> Self {
        Adam::new(0.9, 0.98, 1e-9)
    }
}

/// What is the same for every element of a step.
struct Factors<T> {
    beta1: T,
    rest1: T,
    beta2: T,
    rest2: T,
    /// learning_rate / (1 - beta1^t)
    step_size: T,
    /// 1 / sqrt(1 - beta2^t)
    root_correction: T,
    eps: T,
    decay: T,
}

impl<T: Element> Factors<T> {
    #[inline(always)]
    fn second_moment(&self, before: T, gradient: T) -> T {
        self.beta2 * before + self.rest2 * gradient * gradient
    }
}

/// A part of one parameter with what belongs to it.
struct Chunk<'a, T> {
    param: &'a mut [T],
    m: &'a mut [T],
    v: &'a mut [T],
    gradient: &'a [T],
}

impl<T: Element> Chunk<'_, T> {
    /// One pass: each number is read and written once.
    fn update(&mut self, factors: &Factors<T>) {
        let memory = self.m.iter_mut().zip(self.v.iter_mut());
        simd!(for ((param, (m, v)), &g) in self.param.iter_mut().zip(memory).zip(self.gradient) {
            *m = factors.beta1 * *m + factors.rest1 * g;
            *v = factors.second_moment(*v, g);
            let root = v.sqrt() * factors.root_correction + factors.eps;
            *param = factors.decay * *param - factors.step_size * *m / root;
        });
    }
}

impl Optimizer for Adam {
    fn step(
        &mut self,
        params: &mut Params,
        gradients: &ParamGradients,
        learning_rate: f64,
    ) -> Result<(), Error> {
        self.decayed_step(params, gradients, learning_rate, 1.0)
    }

    fn state(&self, params: &Params) -> OptimizerState {
        let memory = [("first_moment", &self.first_moment), ("second_moment", &self.second_moment)];
        OptimizerState::new(self.steps, params, &memory)
    }

    fn restore(&mut self, params: &Params, state: &OptimizerState) -> Result<(), Error> {
        [self.first_moment, self.second_moment] = state.slots(params, ["first_moment", "second_moment"])?;
        self.steps = state.steps;
        Ok(())
    }

    fn rule(&self) -> Option<Rule> {
        Some(Rule::Adam { beta1: self.beta1, beta2: self.beta2, eps: self.eps })
    }
}

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2): before Adam's own change every
/// trainable parameter, biases and norms included as in PyTorch, is multiplied by
/// `1 - learning_rate · weight_decay`.
///
/// Decay added to the gradient instead, as in [`Sgd`](super::Sgd), would be divided by `sqrt(v_hat)` like
/// the rest, and so act least on the parameters whose gradients are large.
#[derive(Clone, Debug)]
pub struct AdamW {
    adam: Adam,
    weight_decay: f64,
}

impl AdamW {
    /// Adds the decay to Adam; `weight_decay` 0.01 is PyTorch's default.
    ///
    /// # Panics
    /// If `weight_decay` is negative or not finite.
    #[track_caller]
    pub fn new(adam: Adam, weight_decay: f64) -> Self {
        let valid = weight_decay.is_finite() && weight_decay >= 0.0;
        assert!(valid, "adamw: weight_decay must be finite and not negative, is {weight_decay}");
        AdamW { adam, weight_decay }
    }
}

impl Optimizer for AdamW {
    fn step(
        &mut self,
        params: &mut Params,
        gradients: &ParamGradients,
        learning_rate: f64,
    ) -> Result<(), Error> {
        let decay = 1.0 - learning_rate * self.weight_decay;
        self.adam.decayed_step(params, gradients, learning_rate, decay)
    }

    fn state(&self, params: &Params) -> OptimizerState {
        self.adam.state(params)
    }

    fn restore(&mut self, params: &Params, state: &OptimizerState) -> Result<(), Error> {
        self.adam.restore(params, state)
    }

    fn rule(&self) -> Option<Rule> {
        let Adam { beta1, beta2, eps, .. } = self.adam;
        Some(Rule::AdamW { beta1, beta2, eps, weight_decay: self.weight_decay })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use tensor::{DType, Tensor};

    use super::*;

    const RATE: f64 = 0.1;

    /// The paper's algorithm with explicit m_hat and v_hat, one number at a time, on the loss (x - 3)².
    fn reference(beta1: f64, beta2: f64, eps: f64, weight_decay: f64) -> Vec<f64> {
        let (mut x, mut m, mut v) = (1.0f64, 0.0, 0.0);
        let mut path = Vec::new();
        for t in 1..=20 {
            let g = 2.0 * (x - 3.0);
            x -= RATE * weight_decay * x;
            m = beta1 * m + (1.0 - beta1) * g;
            v = beta2 * v + (1.0 - beta2) * g * g;
            let m_hat = m / (1.0 - beta1.powi(t));
            let v_hat: f64 = v / (1.0 - beta2.powi(t));
            x -= RATE * m_hat / (v_hat.sqrt() + eps);
            path.push(x);
        }
        path
    }

    fn follow(mut optimizer: impl Optimizer, expected: &[f64]) {
        let mut params = Params::new(DType::F64);
        let x = params.add("x", Tensor::from([1.0f64]));
        for expected in expected {
            let mut gradients = ParamGradients::empty(&params);
            gradients.set(x, params.get(x).add_scalar(-3.0).mul_scalar(2.0));
            optimizer.step(&mut params, &gradients, RATE).unwrap();
            assert_relative_eq!(params.get(x).item(), *expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn adam_follows_the_paper_for_twenty_steps() {
        follow(Adam::default(), &reference(0.9, 0.98, 1e-9, 0.0));
        follow(Adam::new(0.5, 0.999, 1e-3), &reference(0.5, 0.999, 1e-3, 0.0));
        follow(Adam::new(0.0, 0.0, 1e-8), &reference(0.0, 0.0, 1e-8, 0.0));
    }

    #[test]
    fn adamw_decays_beside_the_gradient() {
        follow(AdamW::new(Adam::default(), 0.3), &reference(0.9, 0.98, 1e-9, 0.3));
        follow(AdamW::new(Adam::default(), 0.0), &reference(0.9, 0.98, 1e-9, 0.0));
    }

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate() {
        // m_hat / sqrt(v_hat) = g / |g| at t = 1, whatever the size of g.
        let mut params = Params::new(DType::F32);
        let x = params.add("x", Tensor::from([0.0f32, 0.0, 0.0]));
        let mut gradients = ParamGradients::empty(&params);
        gradients.set(x, Tensor::from([1e-3f32, -20.0, 0.0]));
        Adam::default().step(&mut params, &gradients, 0.5).unwrap();
        for (found, expected) in params.get(x).to_f64_vec().iter().zip([-0.5, 0.5, 0.0]) {
            assert_relative_eq!(*found, expected, max_relative = 1e-5);
        }
    }
}
