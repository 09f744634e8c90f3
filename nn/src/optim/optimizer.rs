//! What all optimizers have in common: the trait, their memory, and how a step is cut.

use tensor::threads::{GRAIN, for_each_chunk};
use tensor::{Element, Tensor};

use crate::error::Error;
use crate::gradients::ParamGradients;
use crate::layout::ParamId;
use crate::named::NamedTensors;
use crate::params::Params;

/// A rule that turns gradients into new parameters. `Send`, because a step runs on a thread of the pool.
pub trait Optimizer: Send {
    /// Changes every trainable parameter by one step.
    ///
    /// [`ParamGradients::clip_global_norm`] notices gradients that are not finite before the step.
    ///
    /// # Errors
    /// [`Error::MissingGradient`] if a trainable parameter has no gradient, [`Error::NotFinite`] if a gradient is not
    /// finite or so large that what the optimizer remembers of it would not be. Nothing has been changed then: a
    /// part of a model that silently stopped learning is the mistake this is for.
    ///
    /// # Panics
    /// If the gradients are of another model, or one has another shape than its parameter.
    fn step(
        &mut self,
        params: &mut Params,
        gradients: &ParamGradients,
        learning_rate: f64,
    ) -> Result<(), Error>;

    /// What the optimizer remembers, to be saved beside the parameters.
    fn state(&self, params: &Params) -> OptimizerState;

    /// Goes on from a saved state: a run that stops and resumes takes the same steps, bit for bit.
    ///
    /// # Errors
    /// If the state does not fit the parameters: a name, a shape or the dtype. Nothing has been changed then.
    fn restore(&mut self, params: &Params, state: &OptimizerState) -> Result<(), Error>;

    /// Which of the known rules it follows, for those who look on; none, unless this is said otherwise.
    fn rule(&self) -> Option<Rule> {
        None
    }
}

/// The rule that an optimizer follows, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// That of [`Sgd`](super::Sgd).
    Sgd {
        /// How much of the velocity stays.
        momentum: f64,
        /// What is added to a gradient for each weight.
        weight_decay: f64,
    },
    /// That of [`Adam`](super::Adam).
    Adam {
        /// How much of the first moment stays.
        beta1: f64,
        /// How much of the second moment stays.
        beta2: f64,
        /// What is added to the root of the second moment.
        eps: f64,
    },
    /// That of [`AdamW`](super::AdamW).
    AdamW {
        /// How much of the first moment stays.
        beta1: f64,
        /// How much of the second moment stays.
        beta2: f64,
        /// What is added to the root of the second moment.
        eps: f64,
        /// What a weight loses of itself at a learning rate of 1.
        weight_decay: f64,
    },
}

/// An optimizer chosen while the program runs: `Box<dyn Optimizer>`.
impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    fn step(
        &mut self,
        params: &mut Params,
        gradients: &ParamGradients,
        learning_rate: f64,
    ) -> Result<(), Error> {
        (**self).step(params, gradients, learning_rate)
    }

    fn state(&self, params: &Params) -> OptimizerState {
        (**self).state(params)
    }

    fn restore(&mut self, params: &Params, state: &OptimizerState) -> Result<(), Error> {
        (**self).restore(params, state)
    }

    fn rule(&self) -> Option<Rule> {
        (**self).rule()
    }
}

/// What an optimizer remembers between steps.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    /// How many steps were taken.
    pub steps: u64,
    /// The memory, named like `first_moment.encoder.layers.0.norm.weight`.
    pub tensors: NamedTensors,
}

impl OptimizerState {
    /// The state after `steps` steps whose memory consists of the labelled lists.
    pub(super) fn new(steps: u64, params: &Params, memory: &[(&str, &Slots)]) -> Self {
        let mut tensors = NamedTensors::new("the optimizer");
        for (label, slots) in memory {
            for ((_, name, _), slot) in params.iter().zip(&slots.list) {
                if let Some(slot) = slot {
                    tensors.insert(format!("{label}.{name}"), slot.clone());
                }
            }
        }
        OptimizerState { steps, tensors }
    }

    /// The labelled lists, once every tensor has been found to belong to one of them.
    pub(super) fn slots<const N: usize>(
        &self,
        params: &Params,
        labels: [&str; N],
    ) -> Result<[Slots; N], Error> {
        let mut memory: [Slots; N] = std::array::from_fn(|_| Slots::default());
        for (slots, label) in memory.iter_mut().zip(labels) {
            for (id, name, param) in params.iter().filter(|_| self.steps > 0) {
                let slot = self.tensors.matching(&format!("{label}.{name}"), param.shape(), params.dtype());
                slots.list.push(match slot {
                    Ok(slot) => Some(slot.clone()),
                    Err(Error::MissingTensor { .. }) if !params.is_trainable(id) => None,
                    Err(error) => return Err(error),
                });
            }
        }
        let belongs = |full_name: &str| {
            full_name
                .split_once('.')
                .is_some_and(|(label, name)| labels.contains(&label) && params.id(name).is_some())
        };
        match self.tensors.iter().find(|(name, _)| self.steps == 0 || !belongs(name)) {
            Some((name, _)) => {
                Err(Error::UnexpectedTensor { origin: self.tensors.origin().into(), name: name.into() })
            }
            None => Ok(memory),
        }
    }
}

/// One tensor per trainable parameter, zeros at first: all velocities, or all first moments.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    pub(super) list: Vec<Option<Tensor>>,
}

impl Slots {
    /// Makes the list parallel to the parameters: who is trainable and has no slot gets one of zeros.
    ///
    /// # Panics
    /// If what it remembers is of parameters of other shapes.
    #[track_caller]
    pub(super) fn fill(&mut self, params: &Params) {
        let (slots, expected) = (self.list.len(), params.len());
        assert!(
            slots <= expected,
            "step: the optimizer remembers {slots} parameters, the model has {expected}"
        );
        self.list.resize(expected, None);
        for (slot, (id, name, param)) in self.list.iter_mut().zip(params.iter()) {
            match slot {
                Some(slot) => assert!(
                    slot.shape() == param.shape(),
                    "step: parameter `{name}` is {}, but the optimizer remembers one of {}",
                    param.shape(),
                    slot.shape()
                ),
                None if params.is_trainable(id) => *slot = Some(Tensor::zeros(param.shape(), param.dtype())),
                None => {}
            }
        }
    }
}

/// Makes sure that each parameter that a step changes has a gradient of its own shape and dtype.
pub(super) fn check_gradients(params: &Params, gradients: &ParamGradients) -> Result<(), Error> {
    gradients.assert_of(params.layout(), "step");
    let trainable = |(id, _, _): &(ParamId, &str, &Tensor)| params.is_trainable(*id);
    for (id, name, param) in params.iter().filter(trainable) {
        let Some(gradient) = gradients.get(id) else {
            return Err(Error::MissingGradient { name: name.into() });
        };
        assert!(
            gradient.shape() == param.shape() && gradient.dtype() == param.dtype(),
            "step: parameter `{name}` is {} {}, its gradient {} {}",
            param.dtype(),
            param.shape(),
            gradient.dtype(),
            gradient.shape()
        );
    }
    Ok(())
}

/// Gradients up to this size leave all that an optimizer remembers finite: their squares are far from the largest f32.
const HARMLESS: f64 = 1e18;

/// Makes sure that a step leaves an optimizer's memory finite. `memory(param, remembered, gradient)` is what an element
/// of it will be. It is computed only where gradients are so large that it might not be.
pub(super) fn check_memory<T: Element>(
    params: &Params,
    gradients: &ParamGradients,
    slots: &Slots,
    label: &'static str,
    memory: impl Fn(T, T, T) -> T,
) -> Result<(), Error> {
    if gradients.are_within(HARMLESS) {
        return Ok(());
    }
    for (position, (id, name, param)) in params.iter().enumerate() {
        let Some(gradient) = gradients.get(id).filter(|_| params.is_trainable(id)) else { continue };
        let zeros = || vec![T::zero(); param.numel()];
        let remembered =
            slots.list.get(position).and_then(Option::as_ref).map_or_else(zeros, Tensor::to_vec::<T>);
        let elements = param.to_vec::<T>().into_iter().zip(remembered).zip(gradient.data::<T>());
        for ((param, remembered), &gradient) in elements {
            if !memory(param, remembered, gradient).is_finite() {
                return Err(Error::NotFinite { memory: label, name: name.into(), gradient: gradient.f64() });
            }
        }
    }
    Ok(())
}

/// Runs the chunks of a step: in parallel unless all of them together are small.
pub(super) fn run_chunks<Chunk: Send>(
    mut chunks: Vec<Chunk>,
    numel: usize,
    update: impl Fn(&mut Chunk) + Sync + Send,
) {
    let chunks_per_task = if numel <= GRAIN { chunks.len().max(1) } else { 1 };
    for_each_chunk(&mut chunks, chunks_per_task, |_, chunks| chunks.iter_mut().for_each(&update));
}
