//! Vector instructions, chosen while the program runs: [`simd!`](crate::simd).
//!
//! A program that runs on any x86-64 is compiled for SSE2, four numbers at a time. Most processors have
//! AVX2, which takes eight. So a hot loop is compiled twice, and the processor is asked [which to run](super::isa). There
//! are no intrinsics: the loops are plain Rust without calls, which the compiler turns into vector
//! instructions of any width. On other architectures (NEON is part of every aarch64) nothing is asked.
//! AVX-512 would be one more level; it has not been measured yet.
//!
//! Results are the same bits whatever is chosen. Sums have a fixed number of lanes ([`fold`](super::fold)),
//! wider than any register, and multiplication and addition are not fused: a fused multiply-add rounds once
//! instead of twice, and saves little in loops that wait for memory. (The matrix product, which lives by it,
//! is elsewhere.)
//!
//! The crates for this were weighed. `multiversion` cannot name a generic method's receiver and brings syn;
//! `pulp` and `fearless_simd` bring vector types that these loops don't need, and choose among more levels than
//! pay here. What is left of them is one function per level.

/// Runs an expression with the widest vector instructions that the processor has; its value is the
/// expression's, bit for bit.
///
/// What the expression calls takes part as far as it is inlined: loops and small closures are, a
/// function that must be is marked `#[inline(always)]`. The choice costs about a nanosecond, so it
/// belongs around a loop, not into one.
///
/// ```
/// let mut x = [1.0f32, 2.0, 3.0];
/// tensor::simd!(for x in &mut x {
///     *x *= 2.0;
/// });
/// assert_eq!(x, [2.0, 4.0, 6.0]);
/// ```
#[macro_export]
macro_rules! simd {
    ($body:expr) => {
        // Without the attribute a long loop might be called from both places, compiled once for SSE2.
        $crate::widest(
            #[inline(always)]
            || $body,
        )
    };
}

/// Calls `f` where it is compiled for the widest vectors that this processor has. See [`simd!`](crate::simd),
/// which makes sure that `f` is inlined.
#[inline(always)]
pub fn widest<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        use crate::kernels::isa::{self, Isa};
        if isa::current() != Isa::Portable {
            // SAFETY: the processor has the feature that the function is compiled for: every wider kind includes it.
            return unsafe { avx2(f) };
        }
    }
    f()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<R>(f: impl FnOnce() -> R) -> R {
    f()
}

#[cfg(test)]
mod tests {
    use crate::element::Element;
    use crate::kernels::fold::{dot, max_row, sum_of};

    /// Everything that elementwise kernels and reductions are made of.
    #[inline(always)]
    fn numbers<T: Element>(x: &[T]) -> Vec<T> {
        let mut out = vec![T::of(sum_of(x, |x| (x * x).fast_exp())), T::of(dot(x, x)), max_row(x)];
        for &x in x {
            out.extend([x.fast_exp(), x.fast_tanh(), x.erf(), x.abs().sqrt(), x / (x + T::of(3.0))]);
        }
        out
    }

    #[inline(never)]
    fn baseline<T: Element>(x: &[T]) -> Vec<T> {
        numbers(x)
    }

    #[test]
    fn bits_do_not_depend_on_the_width_of_vectors() {
        for len in [0, 1, 7, 16, 1000, 1037] {
            let x: Vec<f64> = (0..len).map(|i| 3.0 * (i as f64 * 0.7).sin()).collect();
            let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            assert_eq!(simd!(numbers(&narrow)), baseline(&narrow));
            assert_eq!(simd!(numbers(&x)), baseline(&x));
        }
    }
}
