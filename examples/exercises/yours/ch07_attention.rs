//! Exercises of chapter 7, `etudiant::book::ch07_attention`. Write your code where it says `your_turn!`.

use etudiant::tensor::{Mask, Tensor};

/// Exercise 1: Attention of one head: query `[q_len, d]`, key and value `[k_len, d]` give `[q_len, d]`.
/// `query.dim(1)` is d, and `(d as f64).sqrt()` its root.
pub fn attention(query: &Tensor, key: &Tensor, value: &Tensor) -> Tensor {
    your_turn!(query, key, value)
}

/// Exercise 2: Who may attend to whom in the decoder: `[len, len]`, true at `[i, j]` if word i may see word j,
/// which is itself and all before it.
///
/// `Mask::from_fn([len, len], |index| ...)` asks the closure at each index; `index[0]` is the row. (There is a
/// ready one, `Mask::causal`, to which yours is held.)
pub fn causal(len: usize) -> Mask {
    your_turn!(len)
}

/// Exercise 3: The columns of `x` `[len, d_model]` as heads, `[n_heads, len, d_head]`: head h has the columns from
/// `h * d_head` on. As a view, without a copy: first a `reshape` to three axes, then a `transpose` of two.
pub fn heads(x: &Tensor, n_heads: usize) -> Tensor {
    your_turn!(x, n_heads)
}
