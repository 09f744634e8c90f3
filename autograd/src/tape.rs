//! The tape: a list of the operations that ran, in the order in which they ran.
//!
//! An operation can only use what was computed before it, so this order is already a topological
//! order, and the chain rule is one walk over the list from its end ([`crate::backward`]). Compare the
//! graph of nodes that point at each other (micrograd, PyTorch): it must be sorted before it can be
//! walked, and a long chain of owned pointers overflows the stack when it is dropped. A list needs
//! neither sorting nor recursion.
//!
//! The tape holds no values. An operation's vjp owns what it saved, a [`Var`](crate::var::Var) owns its
//! value, and nothing else does: memory is what backward needs and no more.

use std::cell::{Ref, RefCell};
use std::ops::Range;
use std::rc::Rc;

use tensor::{DType, Shape, Tensor};

use crate::non_finite::NonFinite;
use crate::profile::{Clock, Profile};
use crate::wrong_shape::WrongShape;

/// A vector-Jacobian product: from the gradient of an operation's output, the gradients of its inputs.
pub(crate) type Vjp = Box<dyn FnOnce(&Tensor, &mut InputGradients)>;

/// A list of operations that wait to be differentiated. Clones share the list.
///
/// A tape belongs to one thread; to train on several, give each its own.
///
/// ```
/// use autograd::Tape;
/// use tensor::Tensor;
/// let tape = Tape::new();
/// let x = tape.var(Tensor::from([1.0, 2.0]));
/// let y = (&x * &x).sum(.., false);
/// assert_eq!(y.item(), 5.0);
/// assert_eq!(tape.len(), 3);   // the leaf x, mul, sum
/// ```
#[derive(Clone, Default)]
pub struct Tape {
    list: Rc<RefCell<Nodes>>,
}

/// What a tape holds.
#[derive(Default)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    /// The inputs of all operations, one after the other: [`Node::inputs`] says which are whose. `None`
    /// stands for an input that needs no gradient.
    inputs: Vec<Option<usize>>,
    /// Whether to look at every number for NaN and infinity.
    pub(crate) watching: bool,
    /// The first that was found.
    pub(crate) first_non_finite: RefCell<Option<NonFinite>>,
    /// Whether a gradient of the wrong shape is noted and left out, for a check to report, and no panic.
    pub(crate) noting_shapes: bool,
    /// The first that was noted.
    pub(crate) first_wrong_shape: RefCell<Option<WrongShape>>,
    /// What takes the operations' times, if the tape was told to.
    clock: Option<Clock>,
}

/// A leaf or an operation.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) dtype: DType,
    pub(crate) kind: Kind,
    /// Whether [`Gradients`](crate::Gradients) shall hold this node's gradient after backward.
    pub(crate) keep_grad: bool,
    inputs: Range<usize>,
}

/// What stands at a place of the tape.
pub(crate) enum Kind {
    /// A variable that the user put there.
    Leaf,
    /// An operation, with its vjp until backward has used it.
    Operation(Option<Vjp>),
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Tape {
        Tape::default()
    }

    /// The number of leaves and operations.
    pub fn len(&self) -> usize {
        self.list.borrow().nodes.len()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One line per leaf and operation: its place, its name, its shape and the places of its inputs.
    ///
    /// ```
    /// use autograd::{Tape, Var};
    /// use tensor::{DType, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::ones([2, 3], DType::F32));
    /// let w = Var::constant(Tensor::ones([3, 4], DType::F32));
    /// let _ = x.matmul(&w).mean(.., false);
    /// assert_eq!(tape.summary(), "\
    /// %0  leaf    [2, 3]
    /// %1  matmul  [2, 4]  of %0, constant
    /// %2  mean    []      of %1
    /// ");
    /// ```
    pub fn summary(&self) -> String {
        self.to_string()
    }

    /// Looks at everything recorded from now on, and at the gradients on the way back, for NaN and
    /// infinity. Costs a pass over every result; without it nothing is looked at.
    ///
    /// ```
    /// # use {autograd::Tape, tensor::Tensor};
    /// let tape = Tape::new();
    /// tape.watch_non_finite();
    /// let x = tape.var(Tensor::from([4.0, 0.0]));
    /// let loss = x.sqrt().sum(.., false);   // finite, but the root of 0 has no derivative
    /// assert!(tape.first_non_finite().is_none());
    /// loss.backward();
    /// let found = tape.first_non_finite().unwrap().to_string();
    /// assert_eq!(found, "the gradient of input 0 of `sqrt` (%1), [2], is inf at [1]");
    /// ```
    pub fn watch_non_finite(&self) {
        self.list.borrow_mut().watching = true;
    }

    /// The first number that was not finite since the tape was told to watch.
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        self.list.borrow().first_non_finite.borrow().clone()
    }

    /// Takes the time of every operation recorded from now on, and of the way back through any, until
    /// [`Tape::take_profile`]. Starts anew if it was profiling. Costs two looks at the clock for each; without it no clock is looked at.
    ///
    /// # Panics
    /// Where there is no [clock](tensor::clock).
    #[track_caller]
    pub fn start_profile(&self) {
        self.list.borrow_mut().clock = Some(Clock::start());
    }

    /// Where the time went since [`Tape::start_profile`], as [`profile`](mod@crate::profile) explains, and the
    /// end of profiling. Empty if the tape was not profiling.
    pub fn take_profile(&self) -> Profile {
        self.list.borrow_mut().clock.take().map(Clock::into_profile).unwrap_or_default()
    }

    /// Whether the tape is profiling. The time so far goes to no operation then.
    pub(crate) fn restart_clock(&self) -> bool {
        let mut list = self.list.borrow_mut();
        list.clock.as_mut().map(Clock::restart).is_some()
    }

    /// Gives the time since the last event to the way back through the node at `place`.
    pub(crate) fn note_backward(&self, place: usize) {
        let Nodes { nodes, clock, .. } = &mut *self.list.borrow_mut();
        if let Some(clock) = clock {
            clock.differentiated(nodes[place].name);
        }
    }

    /// Lets a check report gradients of the wrong shape, which are left out then.
    pub(crate) fn note_wrong_shapes(&self) {
        self.list.borrow_mut().noting_shapes = true;
    }

    /// The first gradient of the wrong shape that was noted.
    pub(crate) fn first_wrong_shape(&self) -> Option<WrongShape> {
        self.list.borrow().first_wrong_shape.borrow().clone()
    }

    /// Appends a node and returns its place.
    #[track_caller]
    pub(crate) fn push(
        &self,
        name: &'static str,
        out: &Tensor,
        inputs: impl Iterator<Item = Option<usize>>,
        kind: Kind,
    ) -> usize {
        let Ok(mut list) = self.list.try_borrow_mut() else {
            panic!("{name}: recorded inside a vjp; a vjp computes with tensors, not with variables");
        };
        list.look_at(out, name, list.nodes.len(), None);
        let start = list.inputs.len();
        list.inputs.extend(inputs);
        let inputs = start..list.inputs.len();
        let keep_grad = matches!(kind, Kind::Leaf);
        list.nodes.push(Node { name, shape: out.shape(), dtype: out.dtype(), kind, keep_grad, inputs });
        if let Some(clock) = &mut list.clock {
            clock.recorded(name);
        }
        list.nodes.len() - 1
    }

    /// Changes the node at `index`.
    pub(crate) fn update<T>(&self, index: usize, change: impl FnOnce(&mut Node) -> T) -> T {
        change(&mut self.list.borrow_mut().nodes[index])
    }

    /// Read access to the list. Recording is refused while it lasts.
    pub(crate) fn nodes(&self) -> Ref<'_, Nodes> {
        self.list.borrow()
    }

    /// Whether both are handles of the same list.
    pub(crate) fn is(&self, other: &Tape) -> bool {
        Rc::ptr_eq(&self.list, &other.list)
    }
}

impl Nodes {
    /// The node at `index`.
    pub(crate) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// The places of the inputs of the operation at `index`; `None` for inputs that need no gradient.
    pub(crate) fn inputs(&self, index: usize) -> &[Option<usize>] {
        &self.inputs[self.nodes[index].inputs.clone()]
    }

    /// Notes a gradient of the wrong shape, or panics.
    #[track_caller]
    fn refuse(&self, wrong: WrongShape) {
        assert!(self.noting_shapes, "{wrong}");
        self.first_wrong_shape.borrow_mut().get_or_insert(wrong);
    }

    /// If watching, notes the first number of `tensor` that is not finite, unless one was found before.
    fn look_at(&self, tensor: &Tensor, operation: &'static str, place: usize, gradient_of: Option<usize>) {
        if self.watching && self.first_non_finite.borrow().is_none() && !tensor.all_finite() {
            self.first_non_finite.replace(NonFinite::find(tensor, operation, place, gradient_of));
        }
    }
}

/// Where a vjp puts the gradients of its operation's inputs.
pub struct InputGradients<'a> {
    pub(crate) operation: &'static str,
    /// The place of the operation.
    pub(crate) place: usize,
    /// The places of the operation's inputs.
    pub(crate) inputs: &'a [Option<usize>],
    pub(crate) nodes: &'a Nodes,
    /// The gradients on their way, by place.
    pub(crate) pending: &'a mut [Option<Tensor>],
}

impl InputGradients<'_> {
    /// Adds to the gradient of `input`, counted from 0 in the order of the inputs given to
    /// [`Var::record`](crate::var::Var::record). `grad` is evaluated only if that input requires a gradient.
    ///
    /// The first contribution is moved into place; later ones are added to it.
    ///
    /// # Panics
    /// If the operation has no such input, or the gradient does not have the input's shape and dtype.
    #[track_caller]
    pub fn add(&mut self, input: usize, grad: impl FnOnce() -> Tensor) {
        let Some(place) = self.place_of(input) else { return };
        let grad = grad();
        if !self.fits(input, place, &grad) {
            return;
        }
        let sum = match self.pending[place].take() {
            Some(mut sum) => {
                sum.add_assign(&grad);
                sum
            }
            None => grad,
        };
        self.put(input, place, sum);
    }

    /// As [`InputGradients::add`], for a contribution that can be added in place without standing in memory by
    /// itself: `add_onto` is given the sum of those before it, if there are any, and returns it with its own.
    ///
    /// # Panics
    /// As [`InputGradients::add`].
    #[track_caller]
    pub fn accumulate(&mut self, input: usize, add_onto: impl FnOnce(Option<Tensor>) -> Tensor) {
        let Some(place) = self.place_of(input) else { return };
        let sum = add_onto(self.pending[place].take());
        if self.fits(input, place, &sum) {
            self.put(input, place, sum);
        }
    }

    /// The place of an input, if it requires a gradient.
    #[track_caller]
    fn place_of(&self, input: usize) -> Option<usize> {
        let (operation, count) = (self.operation, self.inputs.len());
        assert!(input < count, "{operation}: the vjp gives a gradient to input {input} of {count}");
        self.inputs[input]
    }

    /// Whether a gradient has the shape and dtype of what it is the gradient of.
    #[track_caller]
    fn fits(&self, input: usize, place: usize, grad: &Tensor) -> bool {
        let node = self.nodes.node(place);
        let (found, expected) = ((grad.shape(), grad.dtype()), (node.shape, node.dtype));
        if found != expected {
            self.nodes.refuse(WrongShape { operation: self.operation, input, found, expected });
        }
        found == expected
    }

    fn put(&mut self, input: usize, place: usize, sum: Tensor) {
        self.nodes.look_at(&sum, self.operation, self.place, Some(input));
        self.pending[place] = Some(sum);
    }
}

mod summary;
#[cfg(test)]
mod tests;
