//! Looking at a pass: who is handed what a model computes on the way, and under which names.

use std::cell::RefCell;

use autograd::Var;
use tensor::Tensor;

/// A sink for intermediate values: an illustrated report, a test, a curious user.
///
/// ```
/// use std::cell::RefCell;
/// # use {autograd::{Tape, Var}, nn::{Context, Params, Trace}, tensor::{Seed, DType, Tensor}};
///
/// #[derive(Default)]
/// struct Seen(RefCell<Vec<String>>);
///
/// impl Trace for Seen {
///     fn record(&self, path: &str, value: &Var) {
///         self.0.borrow_mut().push(format!("{path} = {}", value.item()));
///     }
///     fn wants_gradients(&self) -> bool {
///         true
///     }
///     fn gradient(&self, path: &str, gradient: &Tensor) {
///         self.0.borrow_mut().push(format!("d loss / d {path} = {}", gradient.item()));
///     }
/// }
///
/// let (seen, tape, params) = (Seen::default(), Tape::new(), Params::new(DType::F64));
/// let cx = Context::training(&params, &tape, Seed::new(1)).with_trace(&seen);
/// let x = tape.var(Tensor::scalar(3.0));
/// let hidden = {
///     let _scope = cx.enter("layer"); // as a layer does that has something to show
///     let hidden = x.powi(2);
///     cx.trace("hidden", &hidden);
///     hidden
/// };
/// let loss = hidden * 5.0;
/// cx.gradients(loss.backward());
/// assert_eq!(*seen.0.borrow(), ["layer.hidden = 9", "d loss / d layer.hidden = 5"]);
/// ```
///
/// It sees values as they are computed, and their gradients, in the same order, when
/// [`Context::gradients`](crate::Context::gradients) has them. What no gradient reaches, as a constant, has none. Looking
/// changes no bit.
pub trait Trace {
    /// Whether it wants the value of that path: what none wants and only a trace would see is not computed. All, unless
    /// this is said otherwise.
    fn wants(&self, path: &str) -> bool {
        let _ = path;
        true
    }

    /// Whether it wants this parameter too, which is seen under its own name, once, when the pass first uses it; its
    /// gradient is the sum over all its uses. None, unless this is said otherwise.
    ///
    /// Variables that [stand for parameters](crate::Context::with_leaves) are whose they are, and not shown.
    fn wants_parameter(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Whether it wants the gradients of what it sees. They are kept for it until backward has ended. Not unless this
    /// is said otherwise.
    fn wants_gradients(&self) -> bool {
        false
    }

    /// Receives one value; `path` names its place as parameters are named, e.g. `decoder.layers.1.cross_attn.weights`.
    fn record(&self, path: &str, value: &Var);

    /// Receives the gradient of what [`Var::backward`] started from at the value of that path.
    fn gradient(&self, path: &str, gradient: &Tensor) {
        let _ = (path, gradient);
    }
}

/// A scope of the trace, left when it is dropped. Made by [`Context::enter`](crate::Context::enter).
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped: bind it to a name"]
pub struct Scope<'c> {
    /// The path, and its length before this scope was entered.
    pub(crate) entered: Option<(&'c RefCell<String>, usize)>,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        if let Some((path, outer_len)) = self.entered {
            path.borrow_mut().truncate(outer_len);
        }
    }
}
