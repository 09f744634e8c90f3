//! How an operation gets onto the tape, and what its vjp may keep.
//!
//! There is no way to record an operation without a vjp. (Where there is one, a fused operation that
//! forgot its gradient silently stops training everything before it.) The only way to cut a gradient is
//! [`Var::detach`], which is visible in the code.

use std::ops::Deref;

use tensor::Tensor;

use crate::tape::{InputGradients, Kind, Tape};
use crate::var::Var;

impl Var {
    /// Records the operation `name`, which computed `out` from `inputs`, and returns its result.
    ///
    /// `vjp` is given the gradient of the output, `grad_out`, and adds to the gradients of the inputs:
    /// for input i the vector-Jacobian product `sum over o of grad_out[o] * d out[o] / d input_i`. It
    /// runs at most once and owns what it needs; [`Var::save_for`] keeps only what will be used. It
    /// should capture tensors, never variables: a variable holds its tape, and a tape that holds itself
    /// is never freed.
    ///
    /// Nothing is recorded, and `vjp` is dropped at once, if no input requires a gradient.
    /// See [how to add an operation](crate::ops#how-to-add-an-operation) for an example.
    ///
    /// # Panics
    /// If the inputs were recorded on different tapes.
    #[track_caller]
    pub fn record(
        name: &'static str,
        inputs: &[&Var],
        out: Tensor,
        vjp: impl FnOnce(&Tensor, &mut InputGradients) + 'static,
    ) -> Var {
        let Some(tape) = common_tape(name, inputs) else { return Var::constant_of(out, inputs) };
        let places = inputs.iter().map(|input| input.index());
        let index = tape.push(name, &out, places, Kind::Operation(Some(Box::new(vjp))));
        Var::on_tape(out, tape.clone(), index)
    }

    /// This variable's value for use in a vjp, kept only if `other` requires a gradient: most products
    /// need one input to differentiate with respect to the *other*.
    pub fn save_for(&self, other: &Var) -> Saved {
        Saved(other.requires_grad().then(|| self.value().clone()))
    }
}

/// The tape that all inputs with a tape are on.
#[track_caller]
fn common_tape<'a>(name: &str, inputs: &[&'a Var]) -> Option<&'a Tape> {
    let mut tapes = inputs.iter().filter_map(|input| input.tape());
    let first = tapes.next()?;
    assert!(tapes.all(|tape| tape.is(first)), "{name}: inputs were recorded on different tapes");
    Some(first)
}

/// A tensor that a vjp may need; see [`Var::save_for`]. Dereferences to the tensor.
pub struct Saved(Option<Tensor>);

impl Deref for Saved {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        self.0.as_ref().expect("a vjp read a value that it saved for an input which needs no gradient")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn an_input_that_needs_no_gradient_costs_nothing() {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(2.0));
        let constant = Var::constant(Tensor::scalar(3.0));
        let evaluated = Rc::new(Cell::new(0));
        let count = evaluated.clone();
        let y = Var::record("custom", &[&x, &constant], Tensor::scalar(6.0), move |grad_out, grads| {
            for input in 0..2 {
                grads.add(input, || {
                    count.set(count.get() + 1);
                    grad_out.clone()
                });
            }
        });
        y.backward();
        assert_eq!(evaluated.get(), 1);
    }

    #[test]
    fn nothing_is_recorded_without_a_gradient_to_find() {
        let constant = Var::constant(Tensor::scalar(3.0));
        let saved = Rc::new(());
        let held = saved.clone();
        let out = Var::record("custom", &[&constant], Tensor::scalar(1.0), move |_, _| drop(held));
        assert!(!out.requires_grad());
        assert_eq!(Rc::strong_count(&saved), 1, "the vjp was dropped at once");
    }

    #[test]
    fn saved_only_for_those_who_want_a_gradient() {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(2.0));
        let constant = Var::constant(Tensor::scalar(3.0));
        assert_eq!(constant.save_for(&x).item(), 3.0);
        assert!(x.save_for(&constant).0.is_none());
    }

    #[test]
    #[should_panic(expected = "mul: inputs were recorded on different tapes")]
    fn two_tapes_panic() {
        let _ = Tape::new().var(Tensor::scalar(1.0)).mul(&Tape::new().var(Tensor::scalar(1.0)));
    }

    #[test]
    #[should_panic(
        expected = "custom: the vjp gives a gradient of shape [3] (f64) to input 0 of shape [] (f64)"
    )]
    fn a_gradient_of_the_wrong_shape_panics() {
        let x = Tape::new().var(Tensor::scalar(1.0));
        Var::record("custom", &[&x], Tensor::scalar(1.0), |_, grads| {
            grads.add(0, || Tensor::from([1.0, 2.0, 3.0]));
        })
        .backward();
    }

    #[test]
    #[should_panic(
        expected = "custom: the vjp gives a gradient in f32 to input 0 in f64, both of shape [2]; convert it"
    )]
    fn a_gradient_of_the_wrong_dtype_panics() {
        let x = Tape::new().var(Tensor::from([1.0, 2.0]));
        Var::record("custom", &[&x], x.value().clone(), |grad_out, grads| {
            grads.add(0, || grad_out.to_dtype(tensor::DType::F32));
        })
        .backward_with(Tensor::from([1.0, 1.0]));
    }

    #[test]
    #[should_panic(
        expected = "custom: the vjp gives a gradient to input 1, but the operation has 1, counted from 0"
    )]
    fn a_gradient_to_an_input_that_is_not_there_panics() {
        let x = Tape::new().var(Tensor::scalar(1.0));
        Var::record("custom", &[&x], Tensor::scalar(1.0), |grad_out, grads| {
            grads.add(1, || grad_out.clone());
        })
        .backward();
    }

    #[test]
    #[should_panic(expected = "exp: recorded inside a vjp")]
    fn recording_inside_a_vjp_panics() {
        let x = Tape::new().var(Tensor::scalar(1.0));
        let captured = x.clone();
        Var::record("custom", &[&x], Tensor::scalar(1.0), move |_, grads| {
            grads.add(0, || captured.exp().value().clone());
        })
        .backward();
    }
}
