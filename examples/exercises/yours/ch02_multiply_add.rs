//! Exercises of chapter 2, `etudiant::book::ch02_multiply_add`. Write your code where it says `your_turn!`.

/// Exercise 1: How many multiply-adds the product `[m, k] x [k, n]` has for each number of its three matrices.
///
/// The check takes two cases. Compare what you get: why is a product of one row hard to make fast?
pub fn multiply_adds_per_number(m: usize, k: usize, n: usize) -> f64 {
    your_turn!(m, k, n)
}

/// Exercise 2: The matrix `a` `[rows, cols]`, row after row, in the order in which a block of `height` rows reads
/// it: the first `height` rows column by column, then the next `height` rows, and so on. `rows` is a multiple of
/// `height`.
///
/// `let mut packed = Vec::with_capacity(a.len());` makes an empty list with room, `packed.push(number)` appends to
/// it.
pub fn pack(a: &[f64], rows: usize, cols: usize, height: usize) -> Vec<f64> {
    your_turn!(a, rows, cols, height)
}

/// Exercise 3: The product `aᵀ b` `[m, n]`, where `a` is stored as `[k, m]` and `b` as `[k, n]`, all row after row.
/// It takes the three loops of the chapter and one other index. `sizes` is `[m, k, n]`.
pub fn transposed_product(a: &[f64], b: &[f64], sizes: [usize; 3]) -> Vec<f64> {
    your_turn!(a, b, sizes)
}
