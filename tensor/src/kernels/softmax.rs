//! Softmax over rows: `y_j = exp(s_j) / sum_k exp(s_k)` with `s = scale * x` (Vaswani et al. 2017, §3.2.1).
//!
//! The row's largest score is subtracted before the exponential, which changes nothing in exact
//! arithmetic and keeps it from overflowing. Masked scores become negative infinity, whose exponential
//! is exactly zero. Adding a large negative number instead, as is often done, turns a fully masked row
//! into a uniform one (or NaN); here such a row is all zeros, and so is its gradient.
//!
//! The `_rows` functions work in place, so that attention can use them on the scores it has just
//! computed; the others run them over chunks of a tensor's rows.

use crate::element::Element;
use crate::kernels::elementwise::Strided;
use crate::kernels::fold::{dot, map_sum, max_row, sum_of, sum_row};
use crate::pool::take;
use crate::simd;
use crate::threads::{for_each_chunk, rows_per_chunk};

/// `softmax(scale * x)` over rows of `row_len`, where `mask` (see [`mask_row`]) is true.
pub fn softmax<T: Element>(x: &[T], row_len: usize, scale: T, mask: Option<Strided<bool>>) -> Vec<T> {
    map_rows(x, row_len, |first, rows| softmax_rows(rows, row_len, scale, mask, first))
}

/// Rows of scores replaced by `softmax(scale * row)` where `mask` is true, and by zero elsewhere; the first is
/// row `first` of the mask. A row in which nothing remains (all masked, or all negative infinity) becomes
/// zeros.
pub fn softmax_rows<T: Element>(
    rows: &mut [T],
    row_len: usize,
    scale: T,
    mask: Option<Strided<bool>>,
    first: usize,
) {
    simd!(for (r, row) in rows.chunks_exact_mut(row_len).enumerate() {
        softmax_row(row, scale, mask.map(|mask| mask_row(mask, first + r)));
    });
}

/// One row of [`softmax_rows`].
#[inline(always)]
fn softmax_row<T: Element>(row: &mut [T], scale: T, mask: Option<&[bool]>) {
    match mask {
        None => row.iter_mut().for_each(|x| *x *= scale),
        Some(mask) => {
            for (x, &attend) in row.iter_mut().zip(mask) {
                *x = if attend { *x * scale } else { T::neg_infinity() };
            }
        }
    }
    let max = max_row(row);
    if max == T::neg_infinity() {
        return row.fill(T::zero());
    }
    let sum = map_sum(
        row,
        #[inline(always)]
        |x| (x - max).fast_exp(),
    );
    let normalizer = T::of(sum.recip());
    row.iter_mut().for_each(|x| *x *= normalizer);
}

/// The vjp of [`softmax`] from its output: `grad = scale * y * (grad_out - sum(grad_out * y))`.
///
/// The Jacobian of a row is `dy_j/dx_k = scale * y_j * ((j = k) - y_k)`. Masked places have `y = 0` and so
/// no gradient, without a second look at the mask.
pub fn softmax_vjp<T: Element>(out: &[T], grad_out: &[T], row_len: usize, scale: T) -> Vec<T> {
    map_rows(grad_out, row_len, |first, grad| {
        softmax_vjp_rows(&out[first * row_len..][..grad.len()], row_len, scale, grad);
    })
}

/// [`softmax_vjp`] in place: `grad` holds the gradient of `out` and receives that of the scores.
pub fn softmax_vjp_rows<T: Element>(out: &[T], row_len: usize, scale: T, grad: &mut [T]) {
    simd!(for (out, grad) in out.chunks_exact(row_len).zip(grad.chunks_exact_mut(row_len)) {
        let mean = T::of(dot(out, grad));
        for (grad, &y) in grad.iter_mut().zip(out) {
            *grad = scale * y * (*grad - mean);
        }
    });
}

/// `x - log(sum(exp(x)))` over rows of `row_len`: the logarithm of [`softmax`] without forming it, so that
/// very unlikely entries keep their digits. So do rows far from zero, where `log(sum(exp(x)))` would be rounded
/// as coarsely as x is: from x the maximum is subtracted first, which is exact near it.
pub fn log_softmax<T: Element>(x: &[T], row_len: usize) -> Vec<T> {
    map_rows(x, row_len, |_, rows| log_softmax_rows(rows, row_len))
}

/// [`log_softmax`] in place.
pub fn log_softmax_rows<T: Element>(rows: &mut [T], row_len: usize) {
    simd!(for row in rows.chunks_exact_mut(row_len) {
        let (max, log_sum) = log_sum_exp(row);
        let log_sum = T::of(log_sum);
        row.iter_mut().for_each(|x| *x = (*x - max) - log_sum);
    });
}

/// The vjp of [`log_softmax`] from its output: `grad = grad_out - exp(y) * sum(grad_out)`.
pub fn log_softmax_vjp<T: Element>(out: &[T], grad_out: &[T], row_len: usize) -> Vec<T> {
    map_rows(grad_out, row_len, |first, grad| {
        let out = out[first * row_len..].chunks_exact(row_len);
        simd!(for (grad, out) in grad.chunks_exact_mut(row_len).zip(out) {
            let sum = T::of(sum_row(grad));
            for (grad, &y) in grad.iter_mut().zip(out) {
                *grad -= y.fast_exp() * sum;
            }
        });
    })
}

/// The logarithm of what normalises the row's softmax, `log(sum(exp(row)))`, in two parts: the largest element, and
/// what is to be added to it, `log(sum(exp(row - largest)))`. Their sum may be too large to keep the second.
#[inline(always)]
pub fn log_sum_exp<T: Element>(row: &[T]) -> (T, f64) {
    let max = max_row(row);
    let sum = sum_of(
        row,
        #[inline(always)]
        |x| (x - max).fast_exp(),
    );
    (max, sum.ln())
}

/// A copy of `x` after `f(first, rows)` has changed every chunk of rows, `first` being the number of its first.
fn map_rows<T: Element>(x: &[T], row_len: usize, f: impl Fn(usize, &mut [T]) + Sync + Send) -> Vec<T> {
    let mut out = take(x.len());
    let rows = rows_per_chunk(row_len);
    for_each_chunk(&mut out, (rows * row_len).max(1), |chunk, out| {
        let first = chunk * rows;
        out.copy_from_slice(&x[first * row_len..][..out.len()]);
        f(first, out);
    });
    out
}

/// Row `r` of a mask that has the shape of the scores, rows counted in row-major order. Its last axis must
/// be contiguous; the others may have any strides, so a mask that is broadcast over batch and heads is
/// never written out.
pub fn mask_row(mask: Strided<'_, bool>, r: usize) -> &[bool] {
    let last = mask.shape.rank() - 1;
    debug_assert!(mask.strides[last] == 1 || mask.shape[last] <= 1);
    let (mut start, mut rest) = (0, r);
    for axis in (0..last).rev() {
        start += rest % mask.shape[axis] * mask.strides[axis];
        rest /= mask.shape[axis];
    }
    &mask.data[start..][..mask.shape[last]]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// What a masked softmax computes for one row, straight from its definition.
    pub(crate) fn naive_softmax(row: &[f64], scale: f64, attend: impl Fn(usize) -> bool) -> Vec<f64> {
        let exp = |j: usize| if attend(j) { (scale * row[j]).exp() } else { 0.0 };
        let sum: f64 = (0..row.len()).map(exp).sum();
        (0..row.len()).map(|j| if sum > 0.0 { exp(j) / sum } else { 0.0 }).collect()
    }

    /// The vjp of a softmax as a product with its Jacobian.
    pub(crate) fn naive_softmax_vjp(y: &[f64], grad_out: &[f64], scale: f64) -> Vec<f64> {
        let jacobian = |j: usize, k: usize| scale * y[j] * (f64::from(u8::from(j == k)) - y[k]);
        (0..y.len()).map(|k| (0..y.len()).map(|j| grad_out[j] * jacobian(j, k)).sum()).collect()
    }

    fn wave(len: usize, seed: f64) -> Vec<f64> {
        (0..len).map(|i| 3.0 * (seed + i as f64 * 0.7).sin()).collect()
    }

    const SIZES: [(usize, usize); 8] = [(0, 3), (3, 0), (1, 1), (5, 1), (1, 7), (4, 16), (3, 33), (700, 65)];

    #[test]
    fn softmax_and_its_vjp_agree_with_the_naive_twins() {
        for (rows, len) in SIZES {
            let (x, grad_out) = (wave(rows * len, 0.3), wave(rows * len, 1.1));
            let bits: Vec<bool> = (0..3 * len).map(|i| i % 3 != 1).collect();
            // Three rows of mask, repeated over the rows of x; then all of x under the first of them.
            let repeated = |rows: usize, stride: usize| Strided {
                data: &bits[..],
                shape: [rows / 3, 3.min(rows), len].into(),
                strides: [0, stride, 1].into(),
            };
            let masks = [None, Some(repeated(rows, len)), Some(repeated(rows, 0))];
            for mask in masks.into_iter().filter(|mask| mask.is_none() || rows % 3 == 0) {
                let out = softmax(&x, len, 0.5, mask);
                let grad = softmax_vjp(&out, &grad_out, len, 0.5);
                for r in 0..rows {
                    let row = r * len..(r + 1) * len;
                    let attend = |j: usize| mask.is_none_or(|mask| bits[r % 3 * mask.strides[1] + j]);
                    let expected = naive_softmax(&x[row.clone()], 0.5, attend);
                    assert_relative_eq!(out[row.clone()], expected[..], epsilon = 1e-14);
                    let expected = naive_softmax_vjp(&expected, &grad_out[row.clone()], 0.5);
                    assert_relative_eq!(grad[row], expected[..], epsilon = 1e-13);
                }
            }
        }
    }

    #[test]
    fn log_softmax_and_its_vjp_agree_with_the_naive_twins() {
        for (rows, len) in SIZES {
            let (x, grad_out) = (wave(rows * len, 0.3), wave(rows * len, 1.1));
            let out = log_softmax(&x, len);
            let grad = log_softmax_vjp(&out, &grad_out, len);
            for r in 0..rows {
                let row = r * len..(r + 1) * len;
                let y = naive_softmax(&x[row.clone()], 1.0, |_| true);
                let logs: Vec<f64> = y.iter().map(|y| y.ln()).collect();
                assert_relative_eq!(out[row.clone()], logs[..], epsilon = 1e-13);
                // log y = log(softmax): the chain rule through the softmax, one factor 1 / y more.
                let through: Vec<f64> = grad_out[row.clone()].iter().zip(&y).map(|(g, y)| g / y).collect();
                assert_relative_eq!(grad[row], naive_softmax_vjp(&y, &through, 1.0)[..], epsilon = 1e-11);
            }
        }
    }

    #[test]
    fn f32_agrees_with_f64() {
        let x = wave(3 * 50, 2.0);
        let x32: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let (out, out32) = (softmax(&x, 50, 0.125, None), softmax(&x32, 50, 0.125, None));
        out.iter().zip(&out32).for_each(|(&a, &b)| assert_relative_eq!(a as f32, b, max_relative = 1e-5));
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let mut row = [1000.0f32, 999.0, -1000.0];
        softmax_row(&mut row, 1.0, None);
        assert_relative_eq!(row[..], [0.731_058_6, 0.268_941_43, 0.0][..], epsilon = 1e-6);
        assert_eq!(log_sum_exp(&[1000.0f64, 1000.0]), (1000.0, 2f64.ln()));
    }

    #[test]
    fn log_softmax_of_rows_far_from_zero_keeps_its_digits() {
        let near = [0.0f32, 1.0, 2.0, 3.0];
        let expected = log_softmax(&near.map(f64::from), 4);
        for offset in [1e4f32, -1e4, 1e6] {
            let out = log_softmax(&near.map(|x| x + offset), 4);
            let grad = log_softmax_vjp(&out, &[1.0, 0.0, 0.0, 0.0], 4);
            for (j, expected) in expected.iter().enumerate() {
                assert_relative_eq!(f64::from(out[j]), *expected, max_relative = 1e-6);
                let one_hot = if j == 0 { 1.0 } else { 0.0 };
                assert_relative_eq!(f64::from(grad[j]), one_hot - expected.exp(), max_relative = 1e-6);
            }
        }
        let out = log_softmax(&[3e38f32, 3e38, 0.0], 3);
        assert_relative_eq!(out[..], [-2f32.ln(), -2f32.ln(), -3e38][..], max_relative = 1e-6);
    }

    #[test]
    fn long_rows_of_f32_are_summed_in_f64() {
        let len = 3_000_000;
        let even = softmax(&vec![0.3f32; len], len, 1.0, None);
        assert!(even.iter().all(|&y| (f64::from(y) * len as f64 - 1.0).abs() < 1e-6));
        let log = log_softmax(&vec![0.3f32; len], len)[0];
        assert_relative_eq!(f64::from(log), -(len as f64).ln(), max_relative = 1e-7);
        let grad = softmax_vjp(&even, &vec![0.1f32; len], len, 1.0);
        assert!(grad.iter().all(|grad| (grad * len as f32).abs() < 1e-6), "the same everywhere, so 0");
    }

    #[test]
    fn a_row_with_nothing_left_is_zeros_and_nan_is_not_swallowed() {
        let mut row = [1.0, f32::NAN];
        softmax_row(&mut row, 1.0, Some(&[false, false]));
        assert_eq!(row, [0.0, 0.0], "what is masked does not matter, not even NaN");
        let mut row = [f32::NEG_INFINITY; 2];
        softmax_row(&mut row, 1.0, None);
        assert_eq!(row, [0.0, 0.0]);
        let mut row = [f32::NAN; 2];
        softmax_row(&mut row, 1.0, None);
        assert!(row.iter().all(|x| x.is_nan()));
    }
}
