//! Inputs and comparisons that the tests of the operations share.

use tensor::{DType, Seed, Shape, Tensor};

use crate::gradcheck::Gradcheck;
use crate::tape::Tape;
use crate::var::Var;

/// Numbers from N(0, 1), in f64, the same for the same name.
pub fn normal(name: &str, shape: impl Into<Shape>) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, Seed::new(1).derive(name), DType::F64)
}

/// Numbers between 0.5 and 2, in f64, the same for the same name.
pub fn positive(name: &str, shape: impl Into<Shape>) -> Tensor {
    Tensor::uniform(shape, 0.5, 2.0, Seed::new(1).derive(name), DType::F64)
}

/// `x` as it is, with its axes reversed in memory, and as a slice out of something larger.
fn layouts(x: &Tensor) -> [Tensor; 3] {
    let reversed: Vec<isize> = (0..x.rank() as isize).rev().collect();
    let transposed = x.permute(&reversed).contiguous().permute(&reversed);
    let sliced = (0..x.rank() as isize).fold(x.clone(), |sliced, axis| {
        let len = sliced.dim(axis);
        sliced.pad(axis, 2, 1, f64::NAN).slice(axis, 2..len + 2)
    });
    [x.clone(), transposed, sliced]
}

/// `x` with every element of its longest axis replaced by the first, as a view of stride 0.
fn repeated(x: &Tensor) -> Tensor {
    match (0..x.rank()).max_by_key(|&axis| x.shape()[axis]) {
        Some(axis) if x.numel() > 0 => x.slice(axis as isize, 0..1).broadcast_to(x.shape()),
        _ => x.clone(),
    }
}

/// Gradcheck of `f` at `inputs` in every layout: all inputs in the same one, each in a different one,
/// and with axes of stride 0, where gradients may cancel.
#[track_caller]
pub fn check(name: &str, inputs: &[Tensor], f: impl Fn(&[Var]) -> Var) {
    check_layouts(name, inputs, &f);
    let repeated: Vec<Tensor> = inputs.iter().map(repeated).collect();
    passes(Gradcheck::new().may_vanish(["input 0", "input 1", "input 2"]), name, &repeated, &f);
}

/// As [`check`], without stride 0, which repeats elements, for operations that have kinks at ties.
#[track_caller]
pub fn check_layouts(name: &str, inputs: &[Tensor], f: impl Fn(&[Var]) -> Var) {
    for spread in [0, 1] {
        for first in 0..3 {
            let choose = |(i, x): (usize, &Tensor)| layouts(x)[(first + spread * i) % 3].clone();
            let chosen: Vec<Tensor> = inputs.iter().enumerate().map(choose).collect();
            passes(Gradcheck::new(), name, &chosen, &f);
        }
    }
}

#[track_caller]
fn passes(check: Gradcheck, name: &str, inputs: &[Tensor], f: &dyn Fn(&[Var]) -> Var) {
    if let Err(failure) = check.allow_empty().run(name, inputs, f) {
        panic!("{failure}");
    }
}

/// Asserts that two functions have the same value and the same gradients at `inputs`, to 1e-12.
#[track_caller]
pub fn assert_agree(inputs: &[Tensor], fused: impl Fn(&[Var]) -> Var, composed: impl Fn(&[Var]) -> Var) {
    let (fused, fused_grads) = value_and_gradients(inputs, fused);
    let (composed, composed_grads) = value_and_gradients(inputs, composed);
    assert_close("value", &fused, &composed);
    for (i, (fused, composed)) in fused_grads.iter().zip(&composed_grads).enumerate() {
        assert_close(&format!("gradient of input {i}"), fused, composed);
    }
}

/// The value of `f`, and the gradients of its elements weighed by fixed random numbers.
pub fn value_and_gradients(inputs: &[Tensor], f: impl Fn(&[Var]) -> Var) -> (Tensor, Vec<Tensor>) {
    let tape = Tape::new();
    let vars: Vec<Var> = inputs.iter().map(|x| tape.var(x.clone())).collect();
    let out = f(&vars);
    let grad_out = normal("grad_out", out.shape()).to_dtype(out.dtype());
    let mut gradients = out.backward_with(grad_out);
    let zeros = |var: &Var| Tensor::zeros(var.shape(), var.dtype());
    let grads = vars.iter().map(|var| gradients.take(var).unwrap_or_else(|| zeros(var))).collect();
    (out.into_value(), grads)
}

/// Asserts that two tensors agree to 1e-12, relative to the larger of 1 and the elements.
#[track_caller]
pub fn assert_close(what: &str, left: &Tensor, right: &Tensor) {
    assert_eq!(left.shape(), right.shape(), "{what}: shapes differ");
    for (i, (x, y)) in left.to_f64_vec().into_iter().zip(right.to_f64_vec()).enumerate() {
        let tolerance = 1e-12 * x.abs().max(y.abs()).max(1.0);
        assert!((x - y).abs() <= tolerance, "{what}: element {i} differs: {x} and {y}");
    }
}
