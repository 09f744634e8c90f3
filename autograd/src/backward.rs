//! The chain rule, as one loop.
//!
//! Let `y` be the variable that backward starts from, and write `grad v` for the gradient of `y` (weighed
//! by `grad_out`, if it is not a single number) with respect to `v`. The chain rule says
//!
//! ```text
//! grad v  =  sum over the operations o that read v  of  (d o / d v)^T  grad o
//! ```
//!
//! Each operation brings its own product `(d o / d v)^T grad o`, its vjp. The tape holds the operations
//! in the order in which they ran; walking it from the end, every operation that reads `v` is met before
//! the one that computed `v`, so when the walk arrives at `v`, its sum is complete.

use std::collections::HashMap;

use tensor::Tensor;

use crate::tape::{InputGradients, Kind, Tape, Vjp};
use crate::var::Var;

impl Var {
    /// The gradients of this one number with respect to everything it was computed from.
    ///
    /// Uses up the operations it passes through: each frees what it saved as soon as it was
    /// differentiated.
    ///
    /// # Panics
    /// If this variable has more or fewer than one element, needs no gradient, or depends on an operation
    /// that an earlier backward used up.
    #[track_caller]
    pub fn backward(&self) -> Gradients {
        let shape = self.shape();
        assert!(
            self.numel() == 1,
            "backward: shape {shape} is not one number; sum it, or weigh its elements with backward_with"
        );
        self.backward_with(Tensor::ones(shape, self.dtype()))
    }

    /// As [`Var::backward`], for a result of any shape: the gradients of the sum of its elements weighed
    /// by `grad_out`, which has the shape and dtype of this variable.
    ///
    /// # Panics
    /// If `grad_out` has another shape or dtype, or this variable needs no gradient, or depends on an
    /// operation that an earlier backward used up.
    #[track_caller]
    pub fn backward_with(&self, grad_out: Tensor) -> Gradients {
        let (Some(tape), Some(index)) = (self.tape(), self.index()) else {
            panic!(
                "backward: nothing that this variable of shape {} was computed from requires a gradient",
                self.shape()
            );
        };
        assert!(
            grad_out.shape() == self.shape() && grad_out.dtype() == self.dtype(),
            "backward_with: a gradient of shape {} ({}) for a variable of shape {} ({})",
            grad_out.shape(),
            grad_out.dtype(),
            self.shape(),
            self.dtype(),
        );
        run_backward(tape, index, grad_out)
    }
}

/// Walks `tape` from the operation at `start` to its beginning.
#[track_caller]
fn run_backward(tape: &Tape, start: usize, grad_out: Tensor) -> Gradients {
    let mut pending: Vec<Option<Tensor>> = vec![None; start + 1];
    let mut by_place = HashMap::new();
    pending[start] = Some(grad_out);
    let profiling = tape.restart_clock();
    for place in (0..=start).rev() {
        let Some(grad) = pending[place].take() else { continue }; // nothing on the way to `start` reads it
        let (vjp, keep_grad) = use_up(tape, place);
        if let Some(vjp) = vjp {
            let nodes = tape.nodes();
            let (operation, inputs) = (nodes.node(place).name, nodes.inputs(place));
            let pending = &mut pending;
            vjp(&grad, &mut InputGradients { operation, place, inputs, nodes: &nodes, pending });
        }
        if keep_grad {
            by_place.insert(place, grad.contiguous());
        }
        drop(grad); // freeing it is part of the operation's time
        if profiling {
            tape.note_backward(place);
        }
    }
    Gradients { tape: tape.clone(), by_place }
}

/// Takes the vjp of the operation at `place` off the tape (a leaf has none), and says whether to keep
/// its gradient. What the vjp saved is freed once it has run.
#[track_caller]
fn use_up(tape: &Tape, place: usize) -> (Option<Vjp>, bool) {
    let found = tape.update(place, |node| match &mut node.kind {
        Kind::Leaf => Ok((None, node.keep_grad)),
        Kind::Operation(vjp) => vjp.take().map(|vjp| (Some(vjp), node.keep_grad)).ok_or(node.name),
    });
    match found {
        Ok(found) => found,
        Err(name) => {
            panic!("backward: `{name}` (%{place}) was used up by an earlier backward; record it again")
        }
    }
}

/// What backward found: the gradient of each leaf that the result depends on, and of each intermediate
/// result that asked for it with [`Var::retain_grad`].
pub struct Gradients {
    tape: Tape,
    by_place: HashMap<usize, Tensor>,
}

impl Gradients {
    /// The gradient with respect to `var`, contiguous and of its shape and dtype. `None` if the result
    /// does not depend on `var`, if `var` is a constant, or if it is an intermediate result that did not
    /// ask to keep it.
    ///
    /// # Panics
    /// If `var` was recorded on another tape.
    #[track_caller]
    pub fn get(&self, var: &Var) -> Option<&Tensor> {
        self.by_place.get(&self.place(var)?)
    }

    /// As [`Gradients::get`], giving the gradient away.
    ///
    /// # Panics
    /// If `var` was recorded on another tape.
    #[track_caller]
    pub fn take(&mut self, var: &Var) -> Option<Tensor> {
        let place = self.place(var)?;
        self.by_place.remove(&place)
    }

    #[track_caller]
    fn place(&self, var: &Var) -> Option<usize> {
        let tape = var.tape()?;
        assert!(tape.is(&self.tape), "gradients: the variable of shape {} is on another tape", var.shape());
        var.index()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    use tensor::DType;

    #[test]
    fn hand_computed_gradients() {
        // f = (a b + c)^2 / b at a = 2, b = 4, c = 1: u = ab + c = 9, f = 81 / 4.
        let tape = Tape::new();
        let [a, b, c] = [2.0, 4.0, 1.0].map(|x| tape.var(Tensor::scalar(x)));
        let f = (&a * &b + &c).powi(2) / &b;
        assert_eq!(f.item(), 20.25);
        let gradients = f.backward();
        let grad = |var| gradients.get(var).unwrap().item();
        assert_eq!(grad(&a), 18.0); // 2u b / b = 2u
        assert_eq!(grad(&b), 3.9375); // 2u a / b - u^2 / b^2 = 9 - 81 / 16
        assert_eq!(grad(&c), 4.5); // 2u / b
    }

    #[test]
    fn contributions_add_up_and_broadcast_gradients_are_handed_out_contiguous() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([1.0, 2.0, 3.0]));
        let sum = x.sum(.., false); // its vjp gives a broadcast view
        let gradients = sum.backward();
        assert!(gradients.get(&x).unwrap().is_contiguous());
        let y = x.sum(.., false) + x.sum(.., false) + (&x * &x).sum(.., false);
        assert_eq!(y.backward().get(&x), Some(&Tensor::from([4.0, 6.0, 8.0])));
    }

    #[test]
    fn an_unused_leaf_and_a_constant_have_no_gradient() {
        let tape = Tape::new();
        let [x, unused] = [1.0, 2.0].map(|x| tape.var(Tensor::scalar(x)));
        let constant = Var::constant(Tensor::scalar(3.0));
        let gradients = (&x * &constant).backward();
        assert!(gradients.get(&x).is_some());
        assert!(gradients.get(&unused).is_none() && gradients.get(&constant).is_none());
    }

    #[test]
    fn a_leaf_is_its_own_gradient_s_end() {
        let x = Tape::new().var(Tensor::scalar(5.0));
        assert_eq!(x.backward().take(&x), Some(Tensor::scalar(1.0)));
    }

    #[test]
    fn intermediate_gradients_are_kept_only_on_request() {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(2.0));
        let (kept, freed) = (&x * 3.0, &x * 5.0);
        kept.retain_grad();
        let gradients = (&kept * &freed).backward();
        assert_eq!(gradients.get(&kept).unwrap().item(), 10.0);
        assert!(gradients.get(&freed).is_none());
        assert_eq!(gradients.get(&x).unwrap().item(), 60.0);
    }

    #[test]
    #[should_panic(expected = "backward: shape [2] is not one number")]
    fn backward_of_many_numbers_panics() {
        Tape::new().var(Tensor::from([1.0, 2.0])).backward();
    }

    #[test]
    #[should_panic(
        expected = "backward_with: a gradient of shape [3] (f64) for a variable of shape [2] (f64)"
    )]
    fn backward_with_another_shape_panics() {
        Tape::new().var(Tensor::from([1.0, 2.0])).backward_with(Tensor::ones([3], DType::F64));
    }

    #[test]
    #[should_panic(
        expected = "backward: nothing that this variable of shape [] was computed from requires a gradient"
    )]
    fn backward_of_a_constant_panics() {
        Var::constant(Tensor::scalar(1.0)).backward();
    }

    #[test]
    #[should_panic(expected = "backward: `exp` (%1) was used up by an earlier backward; record it again")]
    fn backward_twice_panics() {
        let x = Tape::new().var(Tensor::scalar(2.0));
        let y = x.exp();
        y.backward();
        y.backward();
    }

    #[test]
    fn results_that_share_only_leaves_can_each_run_backward() {
        let x = Tape::new().var(Tensor::scalar(2.0));
        let (y, z) = (x.powi(2), x.powi(3));
        assert_eq!(y.backward().get(&x).unwrap().item(), 4.0);
        assert_eq!(z.backward().get(&x).unwrap().item(), 12.0);
    }

    #[test]
    fn backward_frees_what_operations_saved_as_it_goes() {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(1.0));
        let saved = Rc::new(());
        let mut y = x.clone();
        for still_held in 1..=3 {
            let (held, watch) = (saved.clone(), Rc::downgrade(&saved));
            y = Var::record("custom", &[&y], y.value().clone(), move |grad_out, grads| {
                let _ = &held;
                assert_eq!(watch.strong_count(), 1 + still_held, "later operations have let go");
                grads.add(0, || grad_out.clone());
            });
        }
        assert_eq!(Rc::strong_count(&saved), 4);
        y.backward();
        assert_eq!(Rc::strong_count(&saved), 1);
    }

    #[test]
    #[should_panic(expected = "gradients: the variable of shape [2] is on another tape")]
    fn asking_for_a_variable_of_another_tape_panics() {
        let x = Tape::new().var(Tensor::scalar(1.0));
        let stranger = Tape::new().var(Tensor::ones([2], DType::F64));
        x.backward().get(&stranger);
    }

    #[test]
    fn a_chain_of_a_million_operations() {
        let x = Tape::new().var(Tensor::scalar(0.0));
        let mut y = x.clone();
        for _ in 0..500_000 {
            y = (y + 1.0) * 1.0;
        }
        assert_eq!(y.item(), 500_000.0);
        assert_eq!(y.backward().get(&x).unwrap().item(), 1.0);
    }
}
