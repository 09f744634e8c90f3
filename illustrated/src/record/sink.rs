//! What the trace of a pass gives.

use std::cell::RefCell;

use autograd::Var;
use nn::Trace;
use tensor::{DType, Tensor};

use crate::recording::Array;

/// Keeps all that is traced, in order.
#[derive(Default)]
pub(super) struct Sink {
    vars: RefCell<Vec<(String, Var)>>,
    seen: RefCell<Vec<(bool, Array)>>,
}

impl Trace for Sink {
    fn wants(&self, path: &str) -> bool {
        path != "logits" // they are outputs
    }

    fn record(&self, path: &str, value: &Var) {
        value.retain_grad();
        self.seen.borrow_mut().push((false, array(path, value.value())));
        self.vars.borrow_mut().push((path.to_owned(), value.clone()));
    }
}

impl Sink {
    /// Adds the gradients of the loss at all that was seen.
    pub fn differentiate(&self, loss: &Var) {
        let gradients = loss.backward();
        for (path, var) in self.vars.borrow().iter() {
            if let Some(gradient) = gradients.get(var) {
                self.seen.borrow_mut().push((true, array(path, gradient)));
            }
        }
    }

    /// Values, and gradients with `true`.
    pub fn into_seen(self) -> Vec<(bool, Array)> {
        self.seen.into_inner()
    }
}

/// A traced tensor of a batch of one sentence, without that axis.
fn array(path: &str, tensor: &Tensor) -> Array {
    let mut shape = tensor.shape().to_vec();
    if shape.len() > 2 && shape[0] == 1 {
        shape.remove(0);
    }
    Array { path: path.into(), shape, rows: None, data: numbers(tensor) }
}

/// The numbers of a tensor.
pub(super) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_dtype(DType::F32).to_vec()
}

/// Rounds to so many significant digits.
pub(super) fn round(data: &mut [f32], digits: Option<u32>) {
    let Some(digits) = digits else { return };
    for number in data.iter_mut().filter(|number| number.is_finite()) {
        let text = format!("{:.*e}", digits.max(1) as usize - 1, number);
        *number = text.parse().expect("a number as it was written");
    }
}
