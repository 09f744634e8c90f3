//! What is checked: a function, the place it is checked at, and the two ways to evaluate it.

use tensor::{DType, Seed, Shape, Tensor};

use crate::backward::Gradients;
use crate::gradcheck::outputs::{Values, joined};
use crate::tape::Tape;
use crate::var::Var;

/// A function at a point. The function is a trait object, so that the checker is compiled once and not again
/// for every function that is checked.
pub struct Subject<'a> {
    /// As the caller gave them, in whatever layout.
    pub inputs: &'a [Tensor],
    /// Which of them are constants, not to be differentiated by.
    held: &'a [bool],
    /// Contiguous copies, for the differences.
    copies: Vec<Var>,
    f: &'a dyn Fn(&[Var]) -> Vec<Var>,
}

/// One run of the function with a tape.
pub struct Run {
    pub tape: Tape,
    pub leaves: Vec<Var>,
    pub outputs: Vec<Var>,
}

impl<'a> Subject<'a> {
    pub fn new(inputs: &'a [Tensor], held: &'a [bool], f: &'a dyn Fn(&[Var]) -> Vec<Var>) -> Self {
        let copies = inputs.iter().map(|x| Var::constant(x.contiguous())).collect();
        Subject { inputs, held, copies, f }
    }

    /// The same function elsewhere.
    pub fn at<'b>(&'b self, inputs: &'b [Tensor]) -> Subject<'b> {
        Subject::new(inputs, self.held, self.f)
    }

    /// Runs the function on a tape that notes what is wrong.
    pub fn record(&self) -> Run {
        let tape = Tape::new();
        tape.watch_non_finite();
        tape.note_wrong_shapes();
        let leaf = |(x, &held): (&Tensor, &bool)| match held {
            true => Var::constant(x.clone()),
            false => tape.var(x.clone()),
        };
        let leaves: Vec<Var> = self.inputs.iter().zip(self.held).map(leaf).collect();
        let outputs = (self.f)(&leaves);
        Run { tape, leaves, outputs }
    }

    /// Runs the function `times` times on the same leaves, and adds up the results.
    pub fn record_sum(&self, times: usize) -> Run {
        let Run { tape, leaves, mut outputs } = self.record();
        for _ in 1..times {
            outputs = outputs.iter().zip((self.f)(&leaves)).map(|(sum, output)| sum.add(&output)).collect();
        }
        Run { tape, leaves, outputs }
    }

    /// The gradients of the elements of the result weighed by `grad_out`, in the shape of the joined outputs.
    pub fn gradients(&self, grad_out: &Tensor) -> Vec<Tensor> {
        self.record().gradients(grad_out)
    }

    /// Whether a gradient of that output arrives at an input at all, be it of zeros.
    pub fn is_reached(&self, input: usize, output: usize) -> bool {
        let Run { leaves, outputs, .. } = self.record();
        let out = &outputs[output];
        let arrives =
            || out.backward_with(Tensor::ones(out.shape(), out.dtype())).get(&leaves[input]).is_some();
        out.requires_grad() && arrives()
    }

    /// The result on the contiguous copies.
    pub fn value_on_copies(&self) -> Values {
        Values::of(&(self.f)(&self.copies))
    }

    /// The elements of all outputs, where one input has other values.
    pub fn value_at(&self, input: usize, values: Vec<f64>) -> Vec<f64> {
        let mut inputs = self.copies.clone();
        inputs[input] = Var::constant(Tensor::from_vec(values, self.inputs[input].shape()));
        Values::of(&(self.f)(&inputs)).elements()
    }

    /// Whether an input is a constant.
    pub fn is_held(&self, input: usize) -> bool {
        self.held[input]
    }

    /// The inputs to differentiate by.
    pub fn differentiated(&self) -> impl Iterator<Item = usize> {
        (0..self.inputs.len()).filter(|&input| !self.is_held(input))
    }

    /// The number of elements of the inputs to differentiate by.
    pub fn n_inputs(&self) -> usize {
        self.differentiated().map(|input| self.inputs[input].numel()).sum()
    }
}

impl Run {
    /// The gradient of each input; zeros where the result does not depend on one, and for constants.
    pub fn gradients(&self, grad_out: &Tensor) -> Vec<Tensor> {
        let mut gradients: Gradients = joined(&self.outputs).backward_with(grad_out.clone());
        let zeros = |leaf: &Var| Tensor::zeros(leaf.shape(), leaf.dtype());
        self.leaves.iter().map(|leaf| gradients.take(leaf).unwrap_or_else(|| zeros(leaf))).collect()
    }
}

/// Random numbers of both signs, none near zero: 0.5 to 1 and -1 to -0.5. With one sign only, a vjp that lost
/// a minus might cancel unseen; near zero, an element would hardly count.
pub fn signed(shape: Shape, seed: Seed) -> Tensor {
    let values = Tensor::uniform(shape, -0.5, 0.5, seed, DType::F64).to_f64_vec();
    Tensor::from_vec(values.into_iter().map(|x| x + 0.5f64.copysign(x)).collect(), shape)
}

/// Every number as its bits: two NaN are the same, 0 and -0 are not.
pub fn bits(x: &Tensor) -> Vec<u64> {
    x.to_f64_vec().into_iter().map(f64::to_bits).collect()
}

/// The largest absolute value; 0 of nothing.
pub fn largest(x: &Tensor) -> f64 {
    x.to_f64_vec().into_iter().fold(0.0, |largest, x| x.abs().max(largest))
}
