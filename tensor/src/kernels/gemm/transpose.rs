//! A block of a transpose, in registers.

#[cfg(target_arch = "x86_64")]
use crate::kernels::isa::{self, Isa};

/// How many rows and columns are transposed at a time.
pub(super) const BLOCK: usize = 8;

/// `out[i * apart + j] = lines[j][i]`.
///
/// # Panics
/// If `out` is too short.
#[inline(always)]
pub(super) fn transpose(lines: [&[f32; BLOCK]; BLOCK], apart: usize, out: &mut [f32]) {
    assert!(out.len() >= (BLOCK - 1) * apart + BLOCK, "transpose: out is too short");
    #[cfg(target_arch = "x86_64")]
    if isa::current() != Isa::Portable {
        // SAFETY: the processor has AVX2, and `out` was just checked.
        return unsafe { x86::transpose(lines, apart, out) };
    }
    plain(lines, apart, out);
}

/// The same, number by number.
fn plain(lines: [&[f32; BLOCK]; BLOCK], apart: usize, out: &mut [f32]) {
    for (i, j) in (0..BLOCK).flat_map(|i| (0..BLOCK).map(move |j| (i, j))) {
        out[i * apart + j] = lines[j][i];
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::BLOCK;
    use std::arch::x86_64::*;

    /// Pairs of lines are interleaved by one number, then by two, then by four: three times eight registers.
    ///
    /// # Safety
    /// The processor has AVX2, and `out` has `(BLOCK - 1) * apart + BLOCK` numbers.
    #[target_feature(enable = "avx2")]
    pub unsafe fn transpose(lines: [&[f32; BLOCK]; BLOCK], apart: usize, out: &mut [f32]) {
        // SAFETY: a line has eight numbers, and `out` has eight from each of the places written to, as the caller promises.
        unsafe {
            let x = lines.map(|line| _mm256_loadu_ps(line.as_ptr()));
            let [ones, twos] = [(x[0], x[1]), (x[4], x[5])]
                .map(|(a, b)| [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)]);
            let [more_ones, more_twos] = [(x[2], x[3]), (x[6], x[7])]
                .map(|(a, b)| [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)]);
            // Four lines interleaved: numbers i and i + 4 of lines 0..4, and of lines 4..8.
            let four = |low: [__m256; 2], high: [__m256; 2]| {
                [
                    _mm256_shuffle_ps::<0x44>(low[0], high[0]),
                    _mm256_shuffle_ps::<0xee>(low[0], high[0]),
                    _mm256_shuffle_ps::<0x44>(low[1], high[1]),
                    _mm256_shuffle_ps::<0xee>(low[1], high[1]),
                ]
            };
            let (first, second) = (four(ones, more_ones), four(twos, more_twos));
            for i in 0..4 {
                let (a, b) = (first[i], second[i]);
                _mm256_storeu_ps(out.as_mut_ptr().add(i * apart), _mm256_permute2f128_ps::<0x20>(a, b));
                _mm256_storeu_ps(out.as_mut_ptr().add((i + 4) * apart), _mm256_permute2f128_ps::<0x31>(a, b));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let lines: [[f32; BLOCK]; BLOCK] =
            std::array::from_fn(|j| std::array::from_fn(|i| (10 * j + i) as f32));
        let by = |transpose: fn([&[f32; BLOCK]; BLOCK], usize, &mut [f32])| {
            let mut out = vec![-1.0; 7 * 11 + 9];
            transpose(lines.each_ref(), 11, &mut out);
            out
        };
        let (found, expected) = (by(transpose), by(plain));
        assert_eq!(found, expected);
        assert_eq!((found[3 * 11 + 5], found[8], found[7 * 11 + 8]), (53.0, -1.0, -1.0));
    }
}
