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

use tensor::{DType, Precision, Shape, Tensor};

use crate::non_finite::NonFinite;
use crate::profile::Clock;
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
    precision: Precision,
}

/// What a tape holds.
#[derive(Default)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    /// The inputs of all operations, one after the other: [`Node::inputs`] says which are whose. `None`
    /// stands for an input that needs no gradient.
    inputs: Vec<Option<usize>>,
    /// Whether to look at every number for NaN and infinity.
    watching: bool,
    /// The first that was found.
    first_non_finite: RefCell<Option<NonFinite>>,
    /// Whether a gradient of the wrong shape is noted and left out, for a check to report, and no panic.
    noting_shapes: bool,
    /// The first that was noted.
    first_wrong_shape: RefCell<Option<WrongShape>>,
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

    /// The same tape, on which the products of layers, [`Var::linear`](crate::Var::linear) and
    /// [`Var::linear_cross_entropy`](crate::Var::linear_cross_entropy), take their operands as finely as `precision` says, forward and
    /// backward. What they multiply is rounded; what is kept, added and returned is f32, and other operations, attention
    /// among them, are as always.
    ///
    /// ```
    /// use autograd::{Tape, Var};
    /// use tensor::{Precision, Tensor};
    /// let tape = Tape::new().with_precision(Precision::Bf16);
    /// let x = tape.var(Tensor::from([[1.001f32, 256.0]]));            // rounded to 1 and 256
    /// let weight = tape.var(Tensor::from([[1.0f32, 1.01]]));          // and to 1 and 1.0078125
    /// let y = x.linear(&weight, None);
    /// assert_eq!(y.item(), 259.0);                                     // 1 * 1 + 256 * 1.0078125
    /// assert_eq!(y.backward().get(&x), Some(&Tensor::from([[1.0f32, 1.0078125]])));
    /// ```
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Tape {
        Tape { precision, ..self }
    }

    /// How finely products of layers take their operands.
    pub fn precision(&self) -> Precision {
        self.precision
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
        assert!(
            input < count,
            "{operation}: the vjp gives a gradient to input {input}, but the operation has {count}, counted from 0"
        );
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
mod watch;
