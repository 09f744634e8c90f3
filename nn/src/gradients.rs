//! The gradients of a model: a list parallel to its [`Params`].
//!
//! What an optimizer needs from a backward pass is one tensor per parameter. Kept as a plain list, gradients
//! of several batches or shards are added in a fixed order, scaled and clipped without knowing the model.

use std::sync::Arc;

use tensor::Tensor;

use crate::layout::{Layout, ParamId};
use crate::params::Params;

/// One gradient, or none, for each parameter. Made by
/// [`Context::gradients`](crate::context::Context::gradients).
#[derive(Clone, Debug)]
pub struct ParamGradients {
    layout: Arc<Layout>,
    /// Contiguous, so that optimizers walk slices.
    list: Vec<Option<Tensor>>,
    /// Their [`global_norm`](Self::global_norm), while it is known.
    norm: Option<f64>,
}

impl ParamGradients {
    /// No gradient for any of these parameters yet.
    pub fn empty(params: &Params) -> Self {
        ParamGradients { layout: Arc::clone(params.layout()), list: vec![None; params.len()], norm: None }
    }

    /// The parameter's gradient, if it has one.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn get(&self, id: ParamId) -> Option<&Tensor> {
        self.list[self.layout.position(id)].as_ref()
    }

    /// Sets the parameter's gradient.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn set(&mut self, id: ParamId, gradient: Tensor) {
        self.norm = None;
        self.list[self.layout.position(id)] = Some(gradient.contiguous());
    }

    /// Makes sure that the gradients are of parameters of this layout.
    #[track_caller]
    pub(crate) fn assert_of(&self, layout: &Layout, operation: &str) {
        let difference = || layout.difference(&self.layout);
        assert!(*self.layout == *layout, "{operation}: the gradients are of another model: {}", difference());
    }

    /// The gradient of each parameter, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&Tensor>> {
        self.list.iter().map(Option::as_ref)
    }

    /// Adds the gradients of another batch. For the gradient of the mean loss over both, scale each by its
    /// share of the labels first.
    ///
    /// # Panics
    /// If the two are of different models, or two gradients differ in shape.
    #[track_caller]
    pub fn add_assign(&mut self, other: ParamGradients) {
        other.assert_of(&self.layout, "add_assign");
        self.norm = None;
        for (sum, term) in self.list.iter_mut().zip(other.list) {
            match (sum.as_mut(), term) {
                (Some(sum), Some(term)) => sum.add_assign(&term),
                (None, Some(term)) => *sum = Some(term),
                (_, None) => {}
            }
        }
    }

    /// Multiplies every gradient by `factor`.
    pub fn scale(&mut self, factor: f64) {
        self.norm = None;
        self.list.iter_mut().flatten().for_each(|gradient| gradient.mul_scalar_assign(factor));
    }

    /// The length of all gradients seen as one vector: sqrt(sum of squares), summed in f64.
    ///
    /// Chunks have a fixed size and are added in order, so the result is the same for any number of threads.
    pub fn global_norm(&self) -> f64 {
        self.list.iter().flatten().map(Tensor::sum_of_squares).sum::<f64>().sqrt()
    }

    /// Whether no gradient can have an element larger than `size`, as far as the norm tells, which is computed if
    /// [`clip_global_norm`](Self::clip_global_norm) has not.
    pub(crate) fn are_within(&self, size: f64) -> bool {
        self.norm.unwrap_or_else(|| self.global_norm()) <= size
    }

    /// Scales all gradients so that their [`global_norm`](Self::global_norm) is at most `max_norm`, and
    /// returns the norm they had before (Pascanu et al. 2013, algorithm 1).
    ///
    /// A norm that is infinite or not a number has no direction to keep: the gradients are left as they are,
    /// and the caller sees it in the result.
    ///
    /// # Panics
    /// If `max_norm` is not positive.
    #[track_caller]
    pub fn clip_global_norm(&mut self, max_norm: f64) -> f64 {
        assert!(max_norm > 0.0, "clip_global_norm: max_norm must be positive, not {max_norm}");
        let norm = self.global_norm();
        self.norm = Some(norm);
        if norm.is_finite() && norm > max_norm {
            self.scale(max_norm / norm);
            self.norm = Some(max_norm);
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use tensor::threads::GRAIN;
    use tensor::{DType, Seed};

    use super::*;

    fn store() -> (Params, ParamId, ParamId) {
        let mut params = Params::new(DType::F32);
        let a = params.add("a", Tensor::zeros([2], DType::F32));
        let b = params.add("b", Tensor::zeros([1], DType::F32));
        (params, a, b)
    }

    #[test]
    fn adding_moves_the_first_and_sums_the_rest() {
        let (params, a, b) = store();
        let mut sum = ParamGradients::empty(&params);
        let mut one = ParamGradients::empty(&params);
        one.set(a, Tensor::from([1.0f32, 2.0]));
        sum.add_assign(one.clone());
        sum.add_assign(one);
        assert_eq!(sum.get(a), Some(&Tensor::from([2.0f32, 4.0])));
        assert_eq!(sum.get(b), None);
        sum.scale(0.5);
        assert_eq!(sum.get(a), Some(&Tensor::from([1.0f32, 2.0])));
    }

    #[test]
    #[should_panic(expected = "add_assign: the gradients are of another model: 1 instead of 2 parameters")]
    fn gradients_of_another_model_are_not_added() {
        let mut smaller = Params::new(DType::F32);
        smaller.add("a", Tensor::zeros([2], DType::F32));
        ParamGradients::empty(&store().0).add_assign(ParamGradients::empty(&smaller));
    }

    #[test]
    fn clipping_keeps_the_direction_and_returns_the_norm_before() {
        let (params, a, b) = store();
        let mut gradients = ParamGradients::empty(&params);
        gradients.set(a, Tensor::from([2.0f32, 3.0]));
        gradients.set(b, Tensor::from([6.0f32]));
        assert_eq!(gradients.clip_global_norm(10.0), 7.0);
        assert_eq!(gradients.get(b), Some(&Tensor::from([6.0f32])));
        assert_eq!(gradients.clip_global_norm(3.5), 7.0);
        assert_eq!(gradients.get(a), Some(&Tensor::from([1.0f32, 1.5])));
        assert_eq!(gradients.global_norm(), 3.5);
    }

    #[test]
    fn a_norm_that_is_not_finite_changes_nothing() {
        let (params, a, _) = store();
        let mut gradients = ParamGradients::empty(&params);
        gradients.set(a, Tensor::from([f32::INFINITY, 3.0]));
        assert_eq!(gradients.clip_global_norm(1.0), f64::INFINITY);
        assert_eq!(gradients.get(a), Some(&Tensor::from([f32::INFINITY, 3.0])));
    }

    #[test]
    fn the_norm_is_that_of_the_naive_sum_and_independent_of_threads() {
        for numel in [0, 1, 7, 8, 9, GRAIN, GRAIN + 1, 5 * GRAIN + 3] {
            let values = Tensor::normal([numel], 0.0, 1.0, Seed::new(numel as u64), DType::F32);
            let naive = values.to_f64_vec().iter().map(|x| x * x).sum::<f64>().sqrt();
            let mut params = Params::new(DType::F32);
            let id = params.add("values", values.clone());
            let mut gradients = ParamGradients::empty(&params);
            gradients.set(id, values);
            let norm = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| gradients.global_norm())
            };
            assert_relative_eq!(norm(1), naive, max_relative = 1e-12);
            assert_eq!([norm(2), norm(4)].map(f64::to_bits), [norm(1); 2].map(f64::to_bits));
        }
    }
}
