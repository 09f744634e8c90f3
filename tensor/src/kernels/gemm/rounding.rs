//! The arithmetic of products in bf16, one number at a time: what every kind of register is held to.

/// The bits of an infinity: the least that are no number's.
pub const INFINITY: u32 = 0x7f80_0000;
/// The bits of the smallest normal number.
pub const SMALLEST: u32 = 0x0080_0000;
/// All bits but the sign.
pub const MAGNITUDE: u32 = 0x7fff_ffff;

/// `x` rounded to the nearest bf16, to the even one of two, as an f32; zero instead of a subnormal number.
#[inline(always)]
pub fn round(x: f32) -> f32 {
    f32::from_bits(rounded(x))
}

/// The bits of [`round`].
#[inline(always)]
pub fn rounded(x: f32) -> u32 {
    let bits = x.to_bits();
    let magnitude = bits & MAGNITUDE;
    let nearest = if magnitude > INFINITY {
        magnitude | 0x0040_0000 // still no number, whose lower digits may be all it has
    } else {
        magnitude + 0x7fff + (magnitude >> 16 & 1)
    };
    let normal = if nearest < SMALLEST { 0 } else { nearest };
    (bits & !MAGNITUDE | normal) & 0xffff_0000
}

/// `x y + sum`, rounded once; what is smaller than the smallest normal number is a zero of its sign, before (`sum`) and after.
/// Smaller is, as x86-64 has it, what would be if numbers had smaller exponents: the largest such can round to the smallest
/// normal number where subnormal ones stand in between.
pub fn multiply_add_flushed(sum: f32, x: f32, y: f32) -> f32 {
    let sum = if sum.to_bits() & MAGNITUDE < SMALLEST { 0.0f32.copysign(sum) } else { sum };
    let found = x.mul_add(y, sum);
    let magnitude = found.to_bits() & MAGNITUDE;
    let smaller = magnitude < SMALLEST
        || magnitude == SMALLEST && {
            // The product of two bf16 is exact in f64, and their sum is as near as this needs.
            let exact = f64::from(x) * f64::from(y) + f64::from(sum);
            exact.abs() < f64::from(f32::MIN_POSITIVE) * (1.0 - 0.5f64.powi(25))
        };
    if smaller { 0.0f32.copysign(found) } else { found }
}
