//! The distribution function and the density of the normal distribution N(0, 1), which gelu is made of.
//!
//! In f32 they are for loops, and as exact as the numbers near 1 that they are made from. In f64 they are for checking,
//! and keep their digits far to the left too, where the distribution function is close to zero: there `1 + erf` cancels,
//! and an argument that is rounded before it is squared in an exponent shows in the result. So the complementary error
//! function is taken, and what rounding took from the argument is put back by the slope.

/// Of f32.
pub mod f32 {
    use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

    use crate::element::math::{erf, exp};

    /// `(1 + erf(x / sqrt 2)) / 2`
    #[inline(always)]
    pub fn cdf(x: f32) -> f32 {
        0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
    }

    /// `exp(-x^2 / 2) / sqrt(2 pi)`
    #[inline(always)]
    pub fn density(x: f32) -> f32 {
        exp(x * x * -0.5) * (0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI)
    }
}

/// Of f64.
pub mod f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

    /// What `1 / sqrt 2` has beyond [`FRAC_1_SQRT_2`].
    const REST: f64 = -4.833_646_656_726_457e-17;
    /// From this square on both functions are 0.
    const FAR: f64 = 1600.0;

    /// `erfc(-x / sqrt 2) / 2`, and right of zero, where nothing cancels, `(1 + erf(x / sqrt 2)) / 2`.
    #[inline(always)]
    pub fn cdf(x: f64) -> f64 {
        if x >= 0.0 {
            return 0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2));
        }
        if x * x > FAR {
            return 0.0;
        }
        let z = -x * FRAC_1_SQRT_2;
        let rest = (-x).mul_add(FRAC_1_SQRT_2, -z) - x * REST; // z + rest is -x / sqrt 2 to twice the digits
        0.5 * (libm::erfc(z) - FRAC_2_SQRT_PI * (-z * z).exp() * rest)
    }

    /// `exp(-x^2 / 2) / sqrt(2 pi)`
    #[inline(always)]
    pub fn density(x: f64) -> f64 {
        let square = x * x;
        if square > FAR {
            return 0.0;
        }
        let rest = x.mul_add(x, -square); // square + rest is x^2
        (square * -0.5).exp() * (1.0 - 0.5 * rest) * (0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI)
    }
}
