//! Sums of a row's terms that are computed on the way, in the lanes of [`sum_row`].
//!
//! A plain running sum is a chain in which every addition waits for the one before it, and because
//! floating-point addition is not associative the compiler must keep the chain. Here term `i` goes to
//! lane `i % LANES`, and the lanes are then added in a tree. The order is fixed, so the bits are too; the
//! lanes are independent, so they become vector registers; and a lane adds only `1 / LANES` of the row,
//! so the rounding error is smaller than that of the chain.

use crate::element::Element;
use crate::kernels::reduce::{LANES, sum_row};

/// The sum of `f(x)` over a row; 0 for an empty one.
#[inline(always)]
pub fn sum_of<T: Element>(xs: &[T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::zero(); LANES];
    let (blocks, rest) = xs.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f(x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += f(x);
    }
    sum_row(&lanes)
}

/// Replaces each `x` of a row by `f(x)`, which takes part in vectors, and returns the sum.
///
/// Rows of attention are short, 10 to 30 elements, and a compiler's vector loop begins at some 32. So
/// whole blocks are computed, the last one filled up with zeros.
#[inline(always)]
pub fn map_sum<T: Element>(xs: &mut [T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::zero(); LANES];
    let (blocks, rest) = xs.as_chunks_mut::<LANES>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *x = f(*x);
            *lane += *x;
        }
    }
    if !rest.is_empty() {
        let mut block = [T::zero(); LANES];
        block[..rest.len()].copy_from_slice(rest);
        block.iter_mut().for_each(|x| *x = f(*x));
        rest.copy_from_slice(&block[..rest.len()]);
        for (lane, &x) in lanes.iter_mut().zip(&*rest) {
            *lane += x;
        }
    }
    sum_row(&lanes)
}

/// The sum of `x * y` over two rows.
///
/// # Panics
/// If the rows differ in length.
#[inline(always)]
pub fn dot<T: Element>(xs: &[T], ys: &[T]) -> T {
    assert_eq!(xs.len(), ys.len(), "dot: lengths differ");
    let mut lanes = [T::zero(); LANES];
    let ((x_blocks, x_rest), (y_blocks, y_rest)) = (xs.as_chunks::<LANES>(), ys.as_chunks::<LANES>());
    for (x_block, y_block) in x_blocks.iter().zip(y_blocks) {
        for (lane, (&x, &y)) in lanes.iter_mut().zip(x_block.iter().zip(y_block)) {
            *lane += x * y;
        }
    }
    for (lane, (&x, &y)) in lanes.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *lane += x * y;
    }
    sum_row(&lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers, so that every order of summation is exact.
    fn integers(len: usize, step: usize) -> Vec<f64> {
        (0..len).map(|i| (i * step % 23) as f64 - 11.0).collect()
    }

    #[test]
    fn agrees_with_a_running_sum_for_every_length() {
        for len in 0..100 {
            let (xs, ys) = (integers(len, 7), integers(len, 5));
            assert_eq!(sum_of(&xs, |x| x * x), xs.iter().map(|x| x * x).sum::<f64>(), "squares of {len}");
            let mut squares = xs.clone();
            assert_eq!(map_sum(&mut squares, |x| x * x), sum_of(&xs, |x| x * x), "squares of {len} in place");
            assert!(squares.iter().zip(&xs).all(|(y, x)| *y == x * x));
            assert_eq!(dot(&xs, &ys), xs.iter().zip(&ys).map(|(x, y)| x * y).sum::<f64>(), "dot of {len}");
        }
    }

    #[test]
    fn many_equal_terms_do_not_drift() {
        let terms = vec![0.1f32; 1 << 20];
        let exact = f64::from(0.1f32) * f64::from(1 << 20);
        let drift = |sum: f32| (f64::from(sum) / exact - 1.0).abs();
        assert!(drift(sum_of(&terms, |x| x)) < drift(terms.iter().sum()) / 10.0);
    }
}
