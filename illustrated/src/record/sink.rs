//! What the trace of a pass gives.

use std::cell::RefCell;

use autograd::Var;
use nn::Trace;
use tensor::{DType, Tensor};

use crate::recording::Array;

/// Keeps all that is traced, in order: values, and gradients with `true`.
#[derive(Default)]
pub(super) struct Sink(RefCell<Vec<(bool, Array)>>);

impl Trace for Sink {
    fn wants(&self, path: &str) -> bool {
        // Logits are outputs; what goes into a nonlinearity follows from the rule of its path, and is as wide as d_ff.
        path != "logits" && !path.ends_with(".pre_activation")
    }

    fn wants_gradients(&self) -> bool {
        true
    }

    fn record(&self, path: &str, value: &Var) {
        self.0.borrow_mut().push((false, array(path, value.value())));
    }

    fn gradient(&self, path: &str, gradient: &Tensor) {
        self.0.borrow_mut().push((true, array(path, gradient)));
    }
}

impl Sink {
    /// What was seen.
    pub fn into_seen(self) -> Vec<(bool, Array)> {
        self.0.into_inner()
    }
}

/// Keeps the masked scores and the weights of one attention, with the axis of the batch.
pub(super) struct Attention {
    paths: [String; 2],
    seen: RefCell<Vec<Array>>,
}

impl Attention {
    /// That of this scope.
    pub fn of(scope: &str) -> Attention {
        let paths = ["masked_scores", "weights"].map(|name| format!("{scope}.{name}"));
        Attention { paths, seen: RefCell::default() }
    }

    /// What was seen.
    pub fn into_seen(self) -> Vec<Array> {
        self.seen.into_inner()
    }
}

impl Trace for Attention {
    fn wants(&self, path: &str) -> bool {
        self.paths.iter().any(|wanted| wanted == path)
    }

    fn record(&self, path: &str, value: &Var) {
        let (shape, data) = (value.shape().to_vec(), numbers(value.value()));
        self.seen.borrow_mut().push(Array { path: path.into(), shape, rows: None, data });
    }
}

/// Watches a step for its parameters alone.
pub(super) struct Nothing;

impl Trace for Nothing {
    fn wants(&self, _: &str) -> bool {
        false
    }

    fn record(&self, _: &str, _: &Var) {}
}

/// A traced tensor of a batch of one sentence, without that axis.
fn array(path: &str, tensor: &Tensor) -> Array {
    let mut shape = tensor.shape().to_vec();
    if shape.len() > 2 && shape[0] == 1 {
        shape.remove(0);
    }
    Array { path: path.into(), shape, rows: None, data: numbers(tensor) }
}

/// Whether all that was seen are numbers, or minus infinity where a score is masked.
///
/// # Errors
/// [`transformer::Error::NotFinite`] with the first path that is not.
pub(super) fn check(seen: &[(bool, Array)], loss: f64) -> Result<(), transformer::Error> {
    let is_number = |array: &Array| {
        let masked = array.path.ends_with("masked_scores");
        array.data.iter().all(|number| number.is_finite() || (masked && *number == f32::NEG_INFINITY))
    };
    match seen.iter().find(|(_, array)| !is_number(array)) {
        Some((is_gradient, array)) => {
            let what = if *is_gradient { "the gradient at" } else { "the value of" };
            Err(transformer::Error::NotFinite(format!("{what} {}", array.path)))
        }
        None if loss.is_finite() => Ok(()),
        None => Err(transformer::Error::NotFinite(format!("the loss is {loss}"))),
    }
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
