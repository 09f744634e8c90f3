//! What a forward pass needs besides its input: parameters, tape, mode, randomness and a trace.
//!
//! Every layer is `fn forward(&self, cx: &Context, x: &Var) -> Var`. The refused alternatives are a global
//! "training mode" and a global random generator: with an explicit context a run depends on its arguments
//! alone, so it can be repeated bit for bit, resumed, and run on several threads at once.

use std::cell::RefCell;
use std::fmt::{self, Display};

use autograd::{Gradients, Tape, Var};
use tensor::{Seed, Tensor};

use crate::gradients::ParamGradients;
use crate::layout::ParamId;
use crate::params::Params;
use crate::trace::{Scope, Trace};

/// One forward pass over the parameters, and the way back.
///
/// ```
/// use autograd::Tape;
/// use nn::{Context, Params};
/// use tensor::{DType, Seed, Tensor};
///
/// let mut params = Params::new(DType::F32);
/// let weight = params.add("weight", Tensor::from([3.0f32]));
///
/// let tape = Tape::new();
/// let cx = Context::training(&params, &tape, Seed::new(0));
/// let w = cx.param(weight);
/// let loss = w.mul(&w).sum(.., false);
/// let gradients = cx.gradients(loss.backward());
/// assert_eq!(gradients.get(weight), Some(&Tensor::from([6.0f32])));
/// ```
pub struct Context<'a> {
    params: &'a Params,
    tape: Option<&'a Tape>,
    /// The seed of this training step; `None` at inference.
    step_seed: Option<Seed>,
    /// One leaf per parameter, made when it is first asked for.
    leaves: RefCell<Vec<Option<Var>>>,
    trace: Option<&'a dyn Trace>,
    /// The scopes entered so far: empty, or ending in a dot.
    path: RefCell<String>,
    /// What the trace is told once gradients are known, in the order of the pass.
    told_after: RefCell<Vec<(Var, Tell<'a>)>>,
}

/// Takes the gradient at a traced value.
type Tell<'a> = Box<dyn FnOnce(&Tensor) + 'a>;

impl<'a> Context<'a> {
    /// For using a model: nothing is recorded, nothing is random.
    pub fn inference(params: &'a Params) -> Self {
        Context {
            params,
            tape: None,
            step_seed: None,
            leaves: RefCell::new(vec![None; params.len()]),
            trace: None,
            path: RefCell::default(),
            told_after: RefCell::default(),
        }
    }

    /// For a training step: operations are recorded on `tape`, and dropout draws from `step_seed`, which
    /// should differ from step to step: `seed.derive_index(step)`.
    pub fn training(params: &'a Params, tape: &'a Tape, step_seed: Seed) -> Self {
        Context::inference(params).with_tape(tape).with_step_seed(step_seed)
    }

    /// The same, behaving as in training: dropout draws from `step_seed`.
    pub fn with_step_seed(self, step_seed: Seed) -> Self {
        Context { step_seed: Some(step_seed), ..self }
    }

    /// The same, recording on `tape`. On [`Context::inference`] it gives gradients without dropout: to check
    /// them, or to ask a trained model what it depends on.
    pub fn with_tape(self, tape: &'a Tape) -> Self {
        Context { tape: Some(tape), ..self }
    }

    /// The same, with these variables as its parameters, one for each in their order: the model becomes a
    /// function of them, to be checked or to be differentiated together with what they were computed from.
    /// Gradients are then asked of the variables themselves, not of [`Context::gradients`].
    ///
    /// # Panics
    /// If there is not one variable for each parameter, of its shape and dtype.
    #[track_caller]
    pub fn with_leaves(self, leaves: &[Var]) -> Self {
        let (found, expected) = (leaves.len(), self.params.len());
        assert!(found == expected, "with_leaves: {found} variables for {expected} parameters");
        for ((_, name, tensor), leaf) in self.params.iter().zip(leaves) {
            let (found, expected) = ((leaf.dtype(), leaf.shape()), (tensor.dtype(), tensor.shape()));
            assert!(
                found == expected,
                "with_leaves: a variable {} {} for {name} {} {}",
                found.0,
                found.1,
                expected.0,
                expected.1,
            );
        }
        Context { leaves: RefCell::new(leaves.iter().cloned().map(Some).collect()), ..self }
    }

    /// The same, handing intermediate values to `trace`.
    pub fn with_trace(self, trace: &'a dyn Trace) -> Self {
        Context { trace: Some(trace), ..self }
    }

    /// The parameter, as a leaf of the tape if it is trainable and there is a tape, else as a constant.
    ///
    /// There is one leaf per parameter and context, so the gradients of all uses of a tied weight add up. A trace that
    /// [wants](Trace::wants_parameter) the parameter is handed it when it is first asked for.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn param(&self, id: ParamId) -> Var {
        let position = self.params.layout().position(id);
        let make_leaf = || {
            let value = self.params.get(id).clone();
            let leaf = match self.tape {
                Some(tape) if self.params.is_trainable(id) => tape.var(value),
                Some(tape) => tape.constant(value),
                None => Var::constant(value),
            };
            let name = self.params.name(id);
            if let Some(trace) = self.trace.filter(|trace| trace.wants_parameter(name)) {
                self.show(trace, name.into(), &leaf);
            }
            leaf
        };
        self.leaves.borrow_mut()[position].get_or_insert_with(make_leaf).clone()
    }

    /// The parameters of this pass.
    pub fn params(&self) -> &'a Params {
        self.params
    }

    /// Whether layers behave as in training (dropout on).
    pub fn is_training(&self) -> bool {
        self.step_seed.is_some()
    }

    /// The random stream of that name in this training step; `None` at inference, where nothing is random.
    pub fn seed(&self, name: &str) -> Option<Seed> {
        self.step_seed.map(|seed| seed.derive(name))
    }

    /// The parameters' gradients out of a backward pass. Parameters that took no part have none. A trace that wants
    /// gradients is handed those of what it saw.
    ///
    /// The context ends here, and with it its hold on the parameters: an optimizer may now change them in
    /// place.
    pub fn gradients(self, mut gradients: Gradients) -> ParamGradients {
        for (value, tell) in self.told_after.into_inner() {
            if let Some(gradient) = gradients.get(&value) {
                tell(gradient);
            }
        }
        let mut list = ParamGradients::empty(self.params);
        for ((id, ..), leaf) in self.params.iter().zip(self.leaves.into_inner()) {
            if let Some(gradient) = leaf.and_then(|leaf| gradients.take(&leaf)) {
                list.set(id, gradient);
            }
        }
        list
    }

    /// Enters a scope of the trace: until the guard is dropped, paths begin with `name` and a dot. Free when
    /// nothing is traced.
    pub fn enter(&self, name: impl Display) -> Scope<'_> {
        if self.trace.is_none() {
            return Scope { entered: None };
        }
        let mut path = self.path.borrow_mut();
        let outer_len = path.len();
        path.push_str(&format!("{name}."));
        Scope { entered: Some((&self.path, outer_len)) }
    }

    /// Whether a trace wants the value of this name, under the scopes entered. What only a trace would see need not be
    /// computed where none does. Free when nothing is traced.
    pub fn is_traced(&self, name: &str) -> bool {
        self.trace.is_some_and(|trace| trace.wants(&self.full_name(name)))
    }

    /// Whether a trace wants gradients.
    pub fn traces_gradients(&self) -> bool {
        self.trace.is_some_and(|trace| trace.wants_gradients())
    }

    /// Hands an intermediate value to the trace if that wants it, under the scopes entered, and its gradient when that
    /// is known. Free when nothing is traced.
    pub fn trace(&self, name: &str, value: &Var) {
        let Some(trace) = self.trace else { return };
        let path = self.full_name(name);
        if trace.wants(&path) {
            self.show(trace, path, value);
        }
    }

    /// Hands to the trace, under the scopes entered, values of these names that the pass itself does without, and, when
    /// the gradient at `at` is known, the gradients that `gradients` computes of it, one for each name.
    ///
    /// Ask [`Context::is_traced`] first, so as not to compute what nobody wants.
    pub fn trace_apart<const N: usize>(
        &self,
        names: [&str; N],
        values: [Tensor; N],
        at: &Var,
        gradients: impl FnOnce(&Tensor) -> [Tensor; N] + 'a,
    ) {
        let Some(trace) = self.trace else { return };
        let paths = names.map(|name| self.full_name(name));
        for (path, value) in paths.iter().zip(values).filter(|(path, _)| trace.wants(path)) {
            trace.record(path, &Var::constant(value));
        }
        if trace.wants_gradients() {
            self.after_backward(at, move |gradient| {
                let wanted = paths.iter().zip(gradients(gradient)).filter(|(path, _)| trace.wants(path));
                wanted.for_each(|(path, gradient)| trace.gradient(path, &gradient));
            });
        }
    }

    /// Hands a value to the trace, and its gradient when that is known.
    fn show(&self, trace: &'a dyn Trace, path: String, value: &Var) {
        trace.record(&path, value);
        if trace.wants_gradients() {
            self.after_backward(value, move |gradient| trace.gradient(&path, gradient));
        }
    }

    /// Calls `tell` with the gradient at `value` once there is one.
    fn after_backward(&self, value: &Var, tell: impl FnOnce(&Tensor) + 'a) {
        if value.requires_grad() {
            value.retain_grad();
            self.told_after.borrow_mut().push((value.clone(), Box::new(tell)));
        }
    }

    /// The path of `name` under the scopes entered.
    fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.path.borrow())
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("params", &self.params.len())
            .field("recording", &self.tape.is_some())
            .field("step_seed", &self.step_seed)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
