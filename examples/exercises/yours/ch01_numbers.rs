//! Exercises of chapter 1, `etudiant::book::ch01_numbers`. Write your code where it says `your_turn!`.

use etudiant::tensor::Tensor;

/// Exercise 1: The derivative of `f` at `x`, by a difference to both sides. It should be right to 1e-8; the step is
/// yours to choose.
pub fn slope(f: fn(f64) -> f64, x: f64) -> f64 {
    your_turn!(f, x)
}

/// Exercise 2: The place in memory of the element `index` = [row, column] of a matrix with these strides, whose
/// first element stands at `offset`.
pub fn place(index: [usize; 2], strides: [usize; 2], offset: usize) -> usize {
    your_turn!(index, strides, offset)
}

/// Exercise 3: All products of two vectors: `a` `[m]` and `b` `[n]` give `[m, n]`, with `a[i] * b[j]` at (i, j).
///
/// No loop: `a.unsqueeze(1)` is a view of shape `[m, 1]`, and `&x * b` broadcasts as in NumPy. (`b`
/// is lent already, so it goes without another `&`.)
pub fn outer(a: &Tensor, b: &Tensor) -> Tensor {
    your_turn!(a, b)
}
