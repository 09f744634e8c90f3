//! Layer normalisation over rows (Ba, Kiros and Hinton 2016, §3, eq. 4):
//! `y = gamma * (x - mean) / sqrt(variance + eps) + beta`.
//!
//! The variance is the biased one (divided by d) and eps stands inside the root, as in PyTorch and
//! tensor2tensor. The variance is summed from the deviations, in a second pass over a row that is still
//! in cache: the one-pass form `mean(x^2) - mean(x)^2` cancels when the mean is large.
//!
//! The mean is rounded to the elements' type, and a row may vary by little more than that rounding. So the mean is taken
//! of the differences from the row's first element, which are small where the row is nearly constant, and it is used in
//! two parts: what a number of that type can hold, and the rest; or as f64, which holds both.

use crate::element::Element;
use crate::kernels::fold::{dot, sum_of};
use crate::pool::{take, take_zeroed};
use crate::simd;
use crate::threads::{for_each_chunk, rows_per_chunk};

/// How many rows' gradients of gamma and beta are summed in their own type, before they are taken to f64.
const GROUP: usize = 16;

/// Normalises rows `[rows, d]`, d being the length of `gamma` and `beta`. Returns the result `[rows, d]`, and
/// what the vjp needs: each row's mean and reciprocal standard deviation `1 / sqrt(variance + eps)`,
/// `[rows]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn layer_norm<T: Element>(
    x: &[T],
    rows: usize,
    gamma: &[T],
    beta: &[T],
    eps: T,
) -> (Vec<T>, Vec<f64>, Vec<T>) {
    let d = gamma.len();
    assert!(x.len() == rows * d && beta.len() == d, "layer_norm: lengths of x and beta");
    let (mut out, mut mean, mut rstd) = (take(rows * d), take_zeroed(rows), take_zeroed(rows));
    let (chunk_rows, share) = (rows_per_chunk(d), 1.0 / d as f64);
    let stats = mean.chunks_mut(chunk_rows).zip(rstd.chunks_mut(chunk_rows));
    let mut tasks: Vec<_> = out.chunks_mut((chunk_rows * d).max(1)).zip(stats).collect();
    for_each_chunk(&mut tasks, 1, |chunk, tasks| {
        for (out, (mean, rstd)) in tasks {
            let x = &x[chunk * chunk_rows * d..][..out.len()];
            let stats = mean.iter_mut().zip(rstd.iter_mut());
            let rows = x.chunks_exact(d).zip(out.chunks_exact_mut(d)).zip(stats);
            simd!(for ((x, out), (mean, rstd)) in rows {
                *mean = x[0].f64() + sum_of(x, |other| other - x[0]) * share;
                let (centre, rest) = in_parts::<T>(*mean);
                let variance = sum_of(
                    x,
                    #[inline(always)]
                    |x| ((x - centre) - rest) * ((x - centre) - rest),
                ) * share;
                let scale = (T::of(variance) + eps).sqrt().recip();
                *rstd = scale;
                for ((out, &x), (&gamma, &beta)) in out.iter_mut().zip(x).zip(gamma.iter().zip(beta)) {
                    *out = ((x - centre) - rest) * scale * gamma + beta;
                }
            });
        }
    });
    (out, mean, rstd)
}

/// What a number of the elements' type can hold of a mean, and the rest.
#[inline(always)]
fn in_parts<T: Element>(mean: f64) -> (T, T) {
    let centre = T::of(mean);
    (centre, T::of(mean - centre.f64()))
}

/// The vjp of [`layer_norm`] from its input `[rows, d]`, gamma `[d]` and saved statistics `[rows]`. With
/// `n = (x - mean) * rstd` and `h = grad_out * gamma`, per row
///
/// `grad_x = rstd * (h - mean(h) - n * mean(h * n))`,
///
/// where the two means are the paths through the row's mean and variance. Summed over the rows,
/// `grad_gamma = sum(grad_out * n)` and `grad_beta = sum(grad_out)`. Returns the three in this order.
///
/// # Panics
/// If the lengths do not fit.
pub fn layer_norm_vjp<T: Element>(
    x: &[T],
    gamma: &[T],
    mean: &[f64],
    rstd: &[T],
    grad_out: &[T],
) -> (Vec<T>, Vec<T>, Vec<T>) {
    let (rows, d) = (mean.len(), gamma.len());
    assert!(x.len() == rows * d && grad_out.len() == rows * d, "layer_norm_vjp: lengths of x and grad_out");
    let mut grad_x = take(rows * d);
    let chunk_rows = rows_per_chunk(d);
    let chunk_len = (chunk_rows * d).max(1);
    // Every chunk sums its rows into its own [grad_gamma, grad_beta]; these are then added in order.
    let mut partial = vec![0.0; rows.div_ceil(chunk_rows) * 2 * d];
    let mut tasks: Vec<_> = grad_x.chunks_mut(chunk_len).zip(partial.chunks_mut((2 * d).max(1))).collect();
    for_each_chunk(&mut tasks, 1, |chunk, tasks| {
        for (grad_x, partial) in tasks {
            let elements = chunk * chunk_len..chunk * chunk_len + grad_x.len();
            let stats = mean[chunk * chunk_rows..].iter().zip(&rstd[chunk * chunk_rows..]);
            let rows = x[elements.clone()].chunks_exact(d).zip(grad_out[elements].chunks_exact(d)).zip(stats);
            simd!(vjp_of_rows(rows, gamma, grad_x, partial.split_at_mut(d)));
        }
    });
    let mut total = vec![0.0; 2 * d];
    for partial in partial.chunks((2 * d).max(1)) {
        total.iter_mut().zip(partial).for_each(|(total, &partial)| *total += partial);
    }
    let (grad_gamma, grad_beta) = total.split_at(d);
    let rounded = |sums: &[f64]| sums.iter().map(|&sum| T::of(sum)).collect();
    (grad_x, rounded(grad_gamma), rounded(grad_beta))
}

/// [`layer_norm_vjp`] for `rows` of ((x, grad_out), (mean, rstd)). Adds to `grad_gamma` and `grad_beta`.
#[inline(always)]
fn vjp_of_rows<'a, T: Element>(
    rows: impl Iterator<Item = ((&'a [T], &'a [T]), (&'a f64, &'a T))>,
    gamma: &[T],
    grad_x: &mut [T],
    (grad_gamma, grad_beta): (&mut [f64], &mut [f64]),
) {
    let (d, share) = (gamma.len(), 1.0 / gamma.len() as f64);
    let mut rows = rows.zip(grad_x.chunks_exact_mut(d)).peekable();
    let mut room = vec![T::zero(); 3 * d];
    while rows.peek().is_some() {
        room.fill(T::zero());
        let (normal, sums) = room.split_at_mut(d);
        let (gamma_sums, beta_sums) = sums.split_at_mut(d);
        for (((x, grad_out), (&mean, &rstd)), grad_x) in rows.by_ref().take(GROUP) {
            let (centre, rest) = in_parts::<T>(mean);
            normal.iter_mut().zip(x).for_each(|(n, &x)| *n = ((x - centre) - rest) * rstd);
            gamma_sums
                .iter_mut()
                .zip(grad_out.iter().zip(&*normal))
                .for_each(|(sum, (&g, &n))| *sum += g * n);
            beta_sums.iter_mut().zip(grad_out).for_each(|(sum, &g)| *sum += g);

            grad_x.iter_mut().zip(grad_out.iter().zip(gamma)).for_each(|(h, (&g, &gamma))| *h = g * gamma);
            let mean = |sum: f64| T::of(sum * share);
            let (through_mean, through_variance) = (mean(sum_of(grad_x, |h| h)), mean(dot(grad_x, normal)));
            for (h, &n) in grad_x.iter_mut().zip(&*normal) {
                *h = rstd * (*h - through_mean - n * through_variance);
            }
        }
        grad_gamma.iter_mut().zip(&*gamma_sums).for_each(|(total, sum)| *total += sum.f64());
        grad_beta.iter_mut().zip(&*beta_sums).for_each(|(total, sum)| *total += sum.f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// What layer normalisation computes for one row.
    fn naive_layer_norm(x: &[f64], gamma: &[f64], beta: &[f64], eps: f64) -> Vec<f64> {
        let d = x.len() as f64;
        let mean = x.iter().sum::<f64>() / d;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / d;
        (0..x.len()).map(|j| gamma[j] * (x[j] - mean) / (variance + eps).sqrt() + beta[j]).collect()
    }

    fn wave(len: usize, seed: f64) -> Vec<f64> {
        (0..len).map(|i| 3.0 * (seed + i as f64 * 0.7).sin()).collect()
    }

    const EPS: f64 = 1e-5;

    #[test]
    fn forward_agrees_with_the_naive_twin() {
        for (rows, d) in [(0, 3), (3, 0), (1, 1), (5, 1), (1, 7), (4, 16), (3, 33), (700, 65)] {
            let (x, gamma, beta) = (wave(rows * d, 0.3), wave(d, 1.3), wave(d, 2.3));
            let (out, mean, rstd) = layer_norm(&x, rows, &gamma, &beta, EPS);
            assert!(mean.iter().chain(&rstd).all(|x| x.is_finite()), "rows of nothing, too");
            for r in 0..rows {
                let expected = naive_layer_norm(&x[r * d..(r + 1) * d], &gamma, &beta, EPS);
                assert_relative_eq!(out[r * d..(r + 1) * d], expected[..], epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn vjp_agrees_with_differences_of_the_naive_twin() {
        const STEP: f64 = 1e-5;
        for (rows, d) in [(1, 1), (2, 3), (3, 7), (2, 17)] {
            let (x, gamma, beta, grad_out) =
                (wave(rows * d, 0.3), wave(d, 1.3), wave(d, 2.3), wave(rows * d, 3.3));
            let (_, mean, rstd) = layer_norm(&x, rows, &gamma, &beta, EPS);
            let (grad_x, grad_gamma, grad_beta) = layer_norm_vjp(&x, &gamma, &mean, &rstd, &grad_out);
            let loss = |x: &[f64], gamma: &[f64], beta: &[f64]| -> f64 {
                let out = x.chunks_exact(d).flat_map(|x| naive_layer_norm(x, gamma, beta, EPS));
                out.zip(&grad_out).map(|(y, g)| y * g).sum()
            };
            let slope = |values: &[f64], i: usize, loss: &dyn Fn(&[f64]) -> f64| {
                let (mut up, mut down) = (values.to_vec(), values.to_vec());
                up[i] += STEP;
                down[i] -= STEP;
                (loss(&up) - loss(&down)) / (2.0 * STEP)
            };
            for (i, &grad) in grad_x.iter().enumerate() {
                let expected = slope(&x, i, &|x| loss(x, &gamma, &beta));
                assert_relative_eq!(grad, expected, epsilon = 1e-6, max_relative = 1e-6);
            }
            for j in 0..d {
                let expected = slope(&gamma, j, &|gamma| loss(&x, gamma, &beta));
                assert_relative_eq!(grad_gamma[j], expected, epsilon = 1e-6, max_relative = 1e-6);
                let expected = slope(&beta, j, &|beta| loss(&x, &gamma, beta));
                assert_relative_eq!(grad_beta[j], expected, epsilon = 1e-6, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn chunks_of_rows_add_up() {
        let (rows, d) = (2 * rows_per_chunk(65) + 1, 65);
        let (x, gamma, beta, grad_out) =
            (wave(rows * d, 0.3), wave(d, 1.3), wave(d, 2.3), wave(rows * d, 3.3));
        let (out, mean, rstd) = layer_norm(&x, rows, &gamma, &beta, EPS);
        let (_, grad_gamma, grad_beta) = layer_norm_vjp(&x, &gamma, &mean, &rstd, &grad_out);
        for j in 0..d {
            let column = |values: &[f64]| values.iter().skip(j).step_by(d).copied().collect::<Vec<_>>();
            assert_relative_eq!(grad_beta[j], column(&grad_out).iter().sum::<f64>(), epsilon = 1e-9);
            let normal = column(&out).into_iter().map(|y| (y - beta[j]) / gamma[j]);
            let expected: f64 = normal.zip(column(&grad_out)).map(|(n, g)| n * g).sum();
            assert_relative_eq!(grad_gamma[j], expected, epsilon = 1e-8);
        }
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let (rows, d) = (1000, 65);
        let (x, gamma) = (wave(rows * d, 0.3), wave(d, 1.3));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (out, mean, rstd) = layer_norm(&x, rows, &gamma, &gamma, EPS);
                (layer_norm_vjp(&x, &gamma, &mean, &rstd, &x), out)
            })
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn a_large_mean_does_not_cancel() {
        let x: Vec<f32> = [1.0, 2.0, 3.0, 4.0].map(|x| x + 4096.0).to_vec();
        let (out, mean, _) = layer_norm(&x, 1, &[1.0; 4], &[0.0; 4], 0.0);
        assert_eq!(mean, [4098.5]);
        assert_relative_eq!(
            out[..],
            [-1.341_640_8, -0.447_213_6, 0.447_213_6, 1.341_640_8][..],
            epsilon = 1e-6
        );
    }

    #[test]
    fn the_variance_of_a_row_far_from_zero_keeps_its_digits() {
        let x: Vec<f32> = wave(64, 0.3).into_iter().map(|x| (x + 16_384.0) as f32).collect();
        let exact: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let (_, _, rstd) = layer_norm(&x, 1, &[1.0; 64], &[0.0; 64], 0.0);
        let (_, _, expected) = layer_norm(&exact, 1, &[1.0; 64], &[0.0; 64], 0.0);
        assert_relative_eq!(f64::from(rstd[0]), expected[0], max_relative = 2e-6);
    }

    #[test]
    fn rows_that_are_nearly_constant_are_not_made_of_rounding() {
        for d in [3, 512, 1000] {
            for value in [1000.7f32, -0.1, 3e30] {
                let (out, ..) = layer_norm(&vec![value; d], 1, &vec![1.0; d], &vec![1.0; d], 1e-5);
                assert_eq!(out, vec![1.0; d], "{d} times {value}");
            }
            let constant = layer_norm(&vec![1000.7; d], 1, &vec![1.0; d], &vec![1.0; d], EPS);
            assert_eq!(constant.0, vec![1.0; d], "{d} in f64");
            // An ulp apart, and the mean is no f32: as in f64, value and gradients.
            let x: Vec<f32> = (0..d).map(|i| if i % 3 == 0 { 1000.7 } else { 1000.7f32.next_up() }).collect();
            let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            let (out, mean, rstd) = layer_norm(&x, 1, &vec![1.0; d], &vec![0.0; d], 1e-12);
            let (expected, wide_mean, wide_rstd) = layer_norm(&wide, 1, &vec![1.0; d], &vec![0.0; d], 1e-12);
            let close = |found: &[f32], expected: &[f64]| {
                let found: Vec<f64> = found.iter().map(|&x| f64::from(x)).collect();
                assert_relative_eq!(found[..], expected[..], epsilon = 1e-5, max_relative = 1e-5);
            };
            close(&out, &expected);
            let grad = wave(d, 0.3);
            let narrow: Vec<f32> = grad.iter().map(|&x| x as f32).collect();
            let (_, grad_gamma, _) = layer_norm_vjp(&x, &vec![1.0; d], &mean, &rstd, &narrow);
            let (_, expected, _) = layer_norm_vjp(&wide, &vec![1.0; d], &wide_mean, &wide_rstd, &grad);
            close(&grad_gamma, &expected);
        }
    }

    #[test]
    fn gradients_of_many_rows_do_not_drift() {
        let (rows, d) = (1_000_000, 2);
        let (x, grad_out) = ([1.0f32, -1.0].repeat(rows), vec![0.1f32; rows * d]);
        let (_, mean, rstd) = layer_norm(&x, rows, &[1.0; 2], &[0.0; 2], 0.0);
        let (_, grad_gamma, grad_beta) = layer_norm_vjp(&x, &[1.0; 2], &mean, &rstd, &grad_out);
        let sum = (f64::from(0.1f32) * rows as f64) as f32;
        assert_relative_eq!(grad_gamma[..], [sum, -sum][..], max_relative = 5e-7);
        assert_relative_eq!(grad_beta[..], [sum, sum][..], max_relative = 5e-7);
    }
}
