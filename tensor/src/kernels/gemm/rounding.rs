//! The arithmetic of products in bf16, one number at a time: what every kind of register is held to.

#[cfg(target_arch = "x86_64")]
use crate::kernels::isa::{self, Isa};
use crate::simd;

/// The bits of an infinity: the least that are no number's.
pub const INFINITY: u32 = 0x7f80_0000;
/// The bits of the smallest normal number.
pub const SMALLEST: u32 = 0x0080_0000;
/// All bits but the sign.
pub const MAGNITUDE: u32 = 0x7fff_ffff;

/// `x` rounded to the nearest bf16, to the even one of two, as an f32; a subnormal number to zero.
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
    let normal = if magnitude < SMALLEST { 0 } else { nearest };
    (bits & !MAGNITUDE | normal) & 0xffff_0000
}

/// [Rounds](round) all numbers, and returns the [least magnitude](least_magnitude) of what they became.
pub fn round_all(x: &mut [f32]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if isa::current() == Isa::Avx512 && is_x86_feature_detected!("avx512bf16") {
        // SAFETY: the processor has both.
        return unsafe { x86::round_all(x) };
    }
    simd!(plain(x))
}

/// The same, number by number.
#[inline(always)]
fn plain(x: &mut [f32]) -> u32 {
    x.iter_mut().for_each(|x| *x = round(*x));
    least_magnitude(x)
}

/// The least magnitude but zero, less 1, in bits.
#[inline(always)]
pub fn least_magnitude(x: &[f32]) -> u32 {
    x.iter().fold(u32::MAX, |least, x| least.min((x.to_bits() & MAGNITUDE).wrapping_sub(1)))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::*;

    /// By the processor's own conversion, sixteen numbers at a time.
    ///
    /// # Safety
    /// The processor has AVX-512-BF16.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub unsafe fn round_all(x: &mut [f32]) -> u32 {
        let (sixteens, rest) = x.as_chunks_mut::<16>();
        let mut least = _mm512_set1_epi32(-1);
        for x in sixteens {
            // SAFETY: sixteen numbers are read and written; and sixteen halves have the bits of a `__m256i`.
            unsafe {
                let halves =
                    std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(x.as_ptr())));
                let bits = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves));
                _mm512_storeu_ps(x.as_mut_ptr(), _mm512_castsi512_ps(bits));
                let magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(MAGNITUDE as i32));
                least = _mm512_min_epu32(least, _mm512_sub_epi32(magnitude, _mm512_set1_epi32(1)));
            }
        }
        _mm512_reduce_min_epu32(least).min(plain(rest))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_numbers_are_rounded_as_one_is() {
        // All upper halves, with lower halves at and beside the ties; and all lengths up to some registers.
        let lower = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
        let numbers: Vec<f32> = (0..=0xffff_u32)
            .flat_map(|upper| lower.map(|lower| f32::from_bits(upper << 16 | lower)))
            .collect();
        for len in (0..=50).chain([numbers.len()]) {
            let (mut found, mut expected) =
                (numbers[numbers.len() - len..].to_vec(), numbers[numbers.len() - len..].to_vec());
            assert_eq!(round_all(&mut found), plain(&mut expected), "{len}");
            for ((x, found), expected) in numbers[numbers.len() - len..].iter().zip(found).zip(expected) {
                assert_eq!(found.to_bits(), expected.to_bits(), "{:#x}", x.to_bits());
            }
        }
        assert_eq!(round_all(&mut [0.0, -0.0, 1e-40, 2.0, -1.5]), 1.5f32.to_bits() - 1);
    }
}
