//! Registers of several f32, of every kind that a product runs in: [`Lanes`].
//!
//! A kernel is written once, over `Lanes`, and compiled for each kind. All multiply and add with one rounding, so that a
//! sum has the same bits in all of them; only where WebAssembly is the processor, which has no such instruction, are there
//! two roundings, and other bits.

/// The most numbers a register holds.
pub(super) const MOST_LANES: usize = 16;

/// A register of `LEN` numbers. The methods are inlined into functions that are compiled for processors that have it.
///
/// # Safety
/// Each method may only be called where the processor has the kind of register; pointers must be valid for as many
/// numbers as the method says.
#[allow(clippy::undocumented_unsafe_blocks)] // what a method calls asks for what it asks for
pub(super) trait Lanes: Copy {
    /// How many numbers a register holds.
    const LEN: usize;

    /// `LEN` zeros.
    unsafe fn zero() -> Self;

    /// `LEN` times the number at `from`.
    unsafe fn splat(from: *const f32) -> Self;

    /// The `LEN` numbers from `from` on.
    unsafe fn load(from: *const f32) -> Self;

    /// The `LEN` numbers from `from` on, in bf16: each the upper half of an f32.
    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> Self {
        let mut numbers = [0.0; MOST_LANES];
        unsafe {
            for (i, number) in numbers[..Self::LEN].iter_mut().enumerate() {
                *number = f32::from_bits(u32::from(*from.add(i)) << 16);
            }
            Self::load(numbers.as_ptr())
        }
    }

    /// Writes the numbers to the `LEN` places from `to` on.
    unsafe fn store(self, to: *mut f32);

    /// `self + x * y`, rounded once.
    unsafe fn multiply_add(self, x: Self, y: Self) -> Self;

    /// Asks for the cache line at `from`, which will be read soon; it need not be valid.
    #[inline(always)]
    unsafe fn prefetch(_from: *const f32) {}
}

/// Implements [`Lanes`] with a processor's own functions.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
macro_rules! lanes {
    ($Register:ty, $len:literal, $zero:expr, $splat:expr, $load:expr, $store:expr, $multiply_add:expr, $prefetch:expr
     $(, $load_halves:expr)?) => {
        #[allow(clippy::undocumented_unsafe_blocks)] // all ask of their callers what the functions ask that they call,
        #[allow(unused_unsafe)] // and some nothing
        impl Lanes for $Register {
            const LEN: usize = $len;

            #[inline(always)]
            unsafe fn zero() -> Self {
                unsafe { $zero }
            }

            #[inline(always)]
            unsafe fn splat(from: *const f32) -> Self {
                unsafe { $splat(*from) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            unsafe fn multiply_add(self, x: Self, y: Self) -> Self {
                unsafe { $multiply_add(self, x, y) }
            }

            #[inline(always)]
            unsafe fn prefetch(from: *const f32) {
                unsafe { $prefetch(from) }
            }

            $(#[inline(always)]
            unsafe fn load_halves(from: *const u16) -> Self {
                unsafe { $load_halves(from) }
            })?
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    lanes!(
        __m512,
        16,
        _mm512_setzero_ps(),
        _mm512_set1_ps,
        |from| _mm512_loadu_ps(from),
        |to, lanes| _mm512_storeu_ps(to, lanes),
        |sum, x, y| _mm512_fmadd_ps(x, y, sum),
        |from: *const f32| _mm_prefetch::<_MM_HINT_T0>(from.cast()),
        |from: *const u16| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(
            _mm256_loadu_si256(from.cast())
        )))
    );
    lanes!(
        __m256,
        8,
        _mm256_setzero_ps(),
        _mm256_set1_ps,
        |from| _mm256_loadu_ps(from),
        |to, lanes| _mm256_storeu_ps(to, lanes),
        |sum, x, y| _mm256_fmadd_ps(x, y, sum),
        |from: *const f32| _mm_prefetch::<_MM_HINT_T0>(from.cast()),
        |from: *const u16| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(
            _mm_loadu_si128(from.cast())
        )))
    );
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Lanes;
    use std::arch::aarch64::*;

    lanes!(float32x4_t, 4, vdupq_n_f32(0.0), vdupq_n_f32, vld1q_f32, vst1q_f32, vfmaq_f32, |_| ());
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::Lanes;
    use std::arch::wasm32::*;

    lanes!(
        v128,
        4,
        f32x4_splat(0.0),
        f32x4_splat,
        |from: *const f32| v128_load(from.cast()),
        |to: *mut f32, lanes| v128_store(to.cast(), lanes),
        |sum, x, y| f32x4_add(sum, f32x4_mul(x, y)),
        |_| ()
    );
}

/// What every processor has: an array. Where there is no instruction for it, a fused multiply-add is a call, and slow.
#[allow(clippy::undocumented_unsafe_blocks)] // the pointers are valid by the trait's contract, and nothing else is asked
impl Lanes for [f32; 4] {
    const LEN: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        [0.0; 4]
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        unsafe { [*from; 4] }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, x: Self, y: Self) -> Self {
        let fused = !cfg!(target_arch = "wasm32");
        std::array::from_fn(|i| if fused { x[i].mul_add(y[i], self[i]) } else { self[i] + x[i] * y[i] })
    }
}
