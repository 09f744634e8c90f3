//! `exp`, `tanh` and `erf` of f32 for loops: polynomials without a branch, a table or a call, so that a
//! loop over them becomes vector instructions ([`simd!`](crate::simd)). The system's functions are a call for
//! each element, and 4 (exp) to 12 (tanh) times as slow.
//!
//! Each is within 1.51 units in the last place of the exact value, for every f32: of all 2^32, the worst
//! are 1.05 off for exp, 1.34 for tanh and 1.51 for erf (the tests try every 997th). Infinities, NaN and
//! subnormal results are what they are in IEEE 754. The polynomials interpolate at Chebyshev nodes. For f64
//! there is no such thing here: it is for checking, and takes the library's functions.

use std::f32::consts::LOG2_E;

/// `e^x`.
///
/// With `n` the integer nearest to `x / ln 2` and `r = x - n ln 2`, `e^x = 2^n e^r`, where `|r| <= ln 2 / 2` is
/// small enough for `1 + r + r^2 q(r)` with q of degree 4 (Cody and Waite 1980, chapter 6).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding this to a small number rounds it to an integer, which then stands in the low bits: 1.5 * 2^23.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts. The first has so few digits that its product with n is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    /// From here on down the result is 0; above 89 it is infinite.
    const LOWEST: f32 = -104.0;

    let bounded = x.clamp(LOWEST, 89.0); // NaN stays
    let rounded = bounded * LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (bounded - n * LN_2[0]) - n * LN_2[1];
    let q = polynomial(r, [1.392_617_6e-3, 8.363_173e-3, 4.166_655_5e-2, 1.666_657_7e-1, 0.5]);
    let power = 1.0 + (r + r * r * q);
    // Zero is chosen, not reached by underflow, which takes some processors a hundred cycles.
    let power = if x <= LOWEST { 0.0 } else { power };
    // 2^n may be too large or too small for a float where the result is not; its halves never are.
    let n = rounded.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let half = n >> 1;
    power * two_to(half) * two_to(n.wrapping_sub(half))
}

/// `2^n` for n from -126 to 127; some number otherwise.
#[inline(always)]
fn two_to(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

/// The hyperbolic tangent: an odd polynomial near zero, else `1 - 2 / (e^(2 |x|) + 1)` with the sign of x.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let (size, square) = (x.abs(), x * x);
    let near = [-6.096_714e-3, 2.099_718e-2, -5.385_091e-2, 1.333_277e-1, -3.333_333e-1];
    let near = x + x * (square * polynomial(square, near));
    let far = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
    if size < 0.625 { near } else { far }.copysign(x) // -0 keeps its sign
}

/// The error function: an odd polynomial near zero, else `1 - e^p(|x|)` with the sign of x, where p is the
/// logarithm of the complementary error function.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let (size, square) = (x.abs(), x * x);
    let near = [
        7.875_875e-5,
        -8.016_864_3e-4,
        5.189_087e-3,
        -2.685_421_2e-2,
        1.128_359_5e-1,
        -3.761_262_7e-1,
        1.283_791_7e-1,
    ];
    let near = x + x * polynomial(square, near);
    let far = [
        1.643_063_7e-6,
        -4.616_386e-5,
        5.975_858e-4,
        -4.762_626e-3,
        2.642_763_7e-2,
        -1.100_871_7e-1,
        -6.318_239e-1,
        -1.130_231,
        3.185_396_6e-4,
    ];
    let far = 1.0 - exp(polynomial(size.clamp(0.0, 4.0), far)); // from 4 on it rounds to 1
    if size < 1.0 { near } else { far }.copysign(x)
}

/// A polynomial by Horner's rule, the highest power's coefficient first.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error bound of each function here, in units in the last place of the result.
    const ULP: f64 = 1.51;

    /// The error of `found` in units in the last place of `exact`; subnormal numbers have one unit.
    fn ulps(found: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        if found == nearest || (found.is_nan() && exact.is_nan()) {
            return 0.0;
        }
        let exponent = exact.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor();
        (f64::from(found) - exact).abs() / (exponent - 23.0).exp2()
    }

    /// The largest error over every `step`-th f32, infinities and NaN among them, and where it is.
    fn worst(found: fn(f32) -> f32, exact: fn(f64) -> f64, step: usize) -> (f64, f32) {
        let specials = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0, f32::MAX, f32::MIN];
        let numbers = (0..=u32::MAX).step_by(step).map(f32::from_bits).chain(specials);
        let errors = numbers.map(|x| (ulps(found(x), exact(f64::from(x))), x));
        errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
    }

    fn assert_within(name: &str, (error, x): (f64, f32)) {
        assert!(error <= ULP, "{name}({x:e}) is {error} units in the last place off");
    }

    const STEP: usize = 997;

    #[test]
    fn exp_is_exact_to_its_bound() {
        assert_within("exp", worst(exp, f64::exp, STEP));
    }

    #[test]
    fn tanh_is_exact_to_its_bound() {
        assert_within("tanh", worst(tanh, f64::tanh, STEP));
    }

    #[test]
    fn erf_is_exact_to_its_bound() {
        assert_within("erf", worst(erf, libm::erf, STEP));
    }

    #[test]
    fn the_ends_of_exp() {
        assert_eq!([f32::NEG_INFINITY, f32::MIN, -104.0].map(exp), [0.0; 3]);
        assert_eq!([f32::INFINITY, f32::MAX, 88.73].map(exp), [f32::INFINITY; 3]);
        assert_eq!([0.0, -0.0].map(exp), [1.0; 2]);
        assert_eq!(exp(-103.9), f32::from_bits(1), "the smallest number above zero");
        assert!(exp(88.72) < f32::INFINITY && exp(f32::NAN).is_nan());
    }

    #[test]
    fn odd_functions_keep_the_sign_of_zero_and_reach_one() {
        for odd in [tanh, erf] {
            assert_eq!(odd(-0.0).to_bits(), (-0.0f32).to_bits());
            assert_eq!([f32::NEG_INFINITY, f32::INFINITY].map(odd), [-1.0, 1.0]);
            assert!(odd(f32::NAN).is_nan());
        }
    }
}
