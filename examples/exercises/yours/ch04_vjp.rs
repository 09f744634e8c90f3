//! Exercises of chapter 4, `etudiant::book::ch04_vjp`. Write your code where it says `your_turn!`.

use etudiant::autograd::Var;
use etudiant::tensor::Tensor;

/// Exercise 1: `ln(1 + e^x)`, as one operation with its vjp. The derivative is `sigmoid(x)`,
/// which is `1 / (1 + e^-x)`.
///
/// Tensors have `exp()`, `add_scalar(1.0)`, `log()`, `sigmoid()`, `mul(&other)`; `Var::record` is in the chapter.
pub fn softplus(x: &Var) -> Var {
    your_turn!(x)
}

/// Exercise 2: The gradients of `a` and `b`, where `out = a b` and `g` is the gradient of `out`: `a` is `[m, k]`,
/// `b` `[k, n]`, `g` `[m, n]`. `(one, other)` is a pair.
pub fn matmul_vjp(g: &Tensor, a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    your_turn!(g, a, b)
}

/// Exercise 3: The gradient of `x`, where `out = x - ln(sum of e^x)` along the last axis, and `g` is the gradient
/// of `out`.
///
/// Derive it: `d out[o] / d x[i]` is `(1 if o = i, else 0) - softmax(x)[i]`, and the softmax can be had from `out`.
/// `g.sum(-1, true)` sums along the last axis and keeps it.
pub fn log_softmax_vjp(out: &Tensor, g: &Tensor) -> Tensor {
    your_turn!(out, g)
}
