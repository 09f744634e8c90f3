//! The registers that products in bf16 run in beside those in f32: of pairs, and such that flush.

use super::super::lanes::{Lanes, MOST_LANES};
use super::super::rounding::{MAGNITUDE, SMALLEST, multiply_add_flushed};
use super::super::tile::{Tile, Tiles, by_rows, strips};
#[cfg(target_arch = "x86_64")]
use crate::kernels::isa::{self, Isa};

/// Registers that flush.
#[derive(Clone, Copy)]
struct Flushing<V>(V);

#[allow(clippy::undocumented_unsafe_blocks)] // what is asked for is what the register inside asks for
impl<V: Lanes> Lanes for Flushing<V> {
    const LEN: usize = V::LEN;

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Flushing(V::zero()) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        unsafe { Flushing(V::splat(from)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Flushing(V::load(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { self.0.store(to) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, x: Self, y: Self) -> Self {
        let [mut sums, mut xs, mut ys, mut found] = [[0.0; MOST_LANES]; 4];
        unsafe {
            let sum = self.0.multiply_add(x.0, y.0);
            sum.store(found.as_mut_ptr());
            self.0.store(sums.as_mut_ptr());
            let tiny = |x: f32| (x.to_bits() & MAGNITUDE).wrapping_sub(1) < SMALLEST;
            if (0..V::LEN).fold(false, |any, i| any | tiny(found[i]) | tiny(sums[i])) {
                x.0.store(xs.as_mut_ptr());
                y.0.store(ys.as_mut_ptr());
                found = std::array::from_fn(|i| multiply_add_flushed(sums[i], xs[i], ys[i]));
                return Flushing(V::load(found.as_ptr()));
            }
            Flushing(sum)
        }
    }
}

/// Tiles whose sums are flushed.
pub(super) fn flushing() -> &'static [Tiles] {
    #[cfg(target_arch = "x86_64")]
    if isa::current() != Isa::Portable {
        return x86::FLUSHING;
    }
    FLUSHING
}

/// In registers that every processor has.
static FLUSHING: &[Tiles] = {
    unsafe fn portable<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the tile is as the caller promises.
        unsafe { strips::<Flushing<[f32; 4]>, ROWS, 2, HALVES>(t) }
    }
    by_rows!(portable, false, 1 x 1, 2 x 1, 3 x 1, 4 x 1)
};

/// Tiles of pairs; None where the processor in use has none.
pub(super) fn pairs() -> Option<&'static [Tiles]> {
    #[cfg(target_arch = "x86_64")]
    if isa::current() == Isa::Avx512 && is_x86_feature_detected!("avx512bf16") {
        return Some(x86::PAIRS);
    }
    None
}

/// Whether products of pairs take less time than those in f32, by a third at least.
pub(super) fn pairs_pay() -> bool {
    #[cfg(target_arch = "x86_64")]
    if pairs().is_some() {
        // SAFETY: the processor has the instructions of both.
        return unsafe { x86::time::<Pairs>() * 2 < x86::time::<__m512>() * 3 };
    }
    false
}

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m512;
#[cfg(target_arch = "x86_64")]
use x86::Pairs;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::super::tile::tile;
    use super::*;
    use std::arch::x86_64::*;
    use std::hint::black_box;
    use std::mem::transmute;
    use std::time::{Duration, Instant};

    /// Sums in f32, and factors that are pairs.
    #[derive(Clone, Copy)]
    pub struct Pairs(__m512);

    #[allow(clippy::undocumented_unsafe_blocks)] // what is asked for is AVX-512, and for products AVX-512-BF16
    impl Lanes for Pairs {
        const LEN: usize = <__m512 as Lanes>::LEN;

        #[inline(always)]
        unsafe fn zero() -> Self {
            unsafe { Pairs(<__m512 as Lanes>::zero()) }
        }

        #[inline(always)]
        unsafe fn splat(from: *const f32) -> Self {
            unsafe { Pairs(<__m512 as Lanes>::splat(from)) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            unsafe { Pairs(<__m512 as Lanes>::load(from)) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { self.0.store(to) }
        }

        #[inline(always)]
        unsafe fn multiply_add(self, x: Self, y: Self) -> Self {
            unsafe {
                Pairs(_mm512_dpbf16_ps(
                    self.0,
                    transmute::<__m512, __m512bh>(x.0),
                    transmute::<__m512, __m512bh>(y.0),
                ))
            }
        }

        #[inline(always)]
        unsafe fn prefetch(from: *const f32) {
            unsafe { <__m512 as Lanes>::prefetch(from) }
        }
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn pairs<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the processor has both, and the tile is as the caller promises.
        unsafe { tile::<Pairs, ROWS, PANELS, 2, HALVES>(t) }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn flushing<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the processor has both, and the tile is as the caller promises.
        unsafe { strips::<Flushing<__m256>, ROWS, 2, HALVES>(t) }
    }

    pub static PAIRS: &[Tiles] = by_rows!(pairs, false, 1 x 4, 2 x 4, 3 x 4, 4 x 2, 5 x 2, 6 x 2, 7 x 1, 8 x 1, 9 x 1, 10 x 1, 11 x 1, 12 x 1, 13 x 1, 14 x 1
    );
    pub static FLUSHING: &[Tiles] = by_rows!(flushing, false, 1 x 1, 2 x 1, 3 x 1, 4 x 1);

    /// How long a number of products and sums take in registers, the shortest of some tries.
    ///
    /// # Safety
    /// The processor has AVX-512-BF16.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub unsafe fn time<V: Lanes>() -> Duration {
        let one = black_box([1.0f32; MOST_LANES]);
        let once = || {
            let started = Instant::now();
            // SAFETY: the processor has the registers, and `one` is as long as they are.
            unsafe {
                let (x, mut sums) = (V::load(one.as_ptr()), [V::zero(); 12]);
                for _ in 0..1000 {
                    for sum in &mut sums {
                        *sum = sum.multiply_add(x, x);
                    }
                }
                black_box(sums);
            }
            started.elapsed()
        };
        (0..5).map(|_| once()).min().expect("five tries")
    }
}
