//! The innermost loops: a tile of the product, kept in registers while the sums grow.
//!
//! For each of the `k` terms a row of `b` is loaded once and multiplied by one number of each row of `a`. A tile of `rows`
//! x `cols` takes `rows + cols` numbers from memory for `rows * cols` multiply-adds: the larger it is, the less it waits,
//! and the registers say how large it can be. Half a tile's worth of sums would do to hide the four cycles that a
//! multiply-add takes, so that with AVX-512 tiles of fewer rows lose little.
//!
//! | registers | numbers in each | tile | sums in | beside them |
//! |---|---|---|---|---|
//! | AVX-512 | 16, of 32 | 14 x 32 | 28 | 2 of `b`, 1 of `a` |
//! | AVX2 | 8, of 16 | 6 x 16 | 12 | 2 of `b`, 1 of `a` |
//! | NEON | 4, of 32 | 6 x 16 | 24 | 4 of `b`, 1 of `a` |
//!
//! Each element has one sum, which takes its terms in the order of `k`. It starts from zero, from a bias, or from what
//! stands in memory already: so a long `k` can be taken in pieces, and no cut of any kind changes a bit.

use super::lanes::Lanes;
use crate::kernels::isa::{self, Isa};

/// The number of columns of a panel: of what a tile takes of `b` at a time.
pub(super) const PANEL: usize = 32;

/// How many terms ahead `b` is asked for: it may come from memory, which takes some hundred cycles, of which a term takes about ten.
const AHEAD: usize = 32;

/// How many rows of `a` are found from one address: an instruction can add one or two distances to it by itself.
const NEAR: usize = 3;

/// The bytes of a cache line.
const LINE: usize = 64;

/// The most rows a tile can have.
pub(super) const MAX_ROWS: usize = 14;

/// One tile: where its operands begin, and how far apart the elements are.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// The number of terms of each sum.
    pub k: usize,
    /// `[rows, k]`, with the distances between rows and between terms.
    pub a: *const f32,
    pub a_row: usize,
    pub a_term: usize,
    /// What is going to be packed next, a line for each term: fetched meanwhile.
    pub next: *const f32,
    pub next_term: usize,
    /// `panels` blocks `[k, PANEL]`, with the distances in bytes between blocks and between terms.
    pub b: *const u8,
    pub b_panel: usize,
    pub b_term: usize,
    /// What the sums start from, `[rows, panels * PANEL]`, and the distance between rows; null for zeros.
    pub start: *const f32,
    pub start_row: usize,
    /// `[rows, panels * PANEL]`, and the distance between rows.
    pub out: *mut f32,
    pub out_row: usize,
}

/// Computes a tile.
///
/// # Safety
/// The processor has the registers that the function is compiled for, and all elements are where the tile says.
pub(super) type TileFn = unsafe fn(&Tile);

/// The tile functions for one number of rows.
pub(super) struct Tiles {
    /// Of one panel.
    pub narrow: TileFn,
    /// Of `panels` panels: more than one where so few rows would not keep the processor busy.
    pub wide: TileFn,
    pub panels: usize,
}

/// `start + a b` for `ROWS` rows, `PANELS` panels, and of each panel `COLS` registers; `HALVES` of `b` in bf16.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
pub(super) unsafe fn tile<
    V: Lanes,
    const ROWS: usize,
    const PANELS: usize,
    const COLS: usize,
    const HALVES: bool,
>(
    t: &Tile,
) {
    const { assert!(COLS * V::LEN == PANEL || PANELS == 1 && COLS * V::LEN < PANEL) }
    // SAFETY: the tile's elements are where it says, by the caller's promise; all offsets below are to elements of it.
    unsafe {
        ask_for_place::<V>(t, ROWS, PANELS * COLS * V::LEN);
        let mut sums = begun::<V, ROWS, PANELS, COLS>(t);
        let mut a: [*const f32; MAX_ROWS.div_ceil(NEAR)] =
            std::array::from_fn(|group| t.a.wrapping_add(group * NEAR * t.a_row));
        let (mut b, mut next) = (t.b, t.next);
        let (size, ahead) = (if HALVES { 2 } else { 4 }, AHEAD * t.b_term);
        for _ in 0..t.k {
            V::prefetch(next);
            for panel in 0..PANELS {
                for line in (0..COLS * V::LEN * size).step_by(LINE) {
                    V::prefetch(b.wrapping_add(ahead + panel * t.b_panel + line).cast());
                }
            }
            let mut factors = [[V::zero(); COLS]; PANELS];
            for (panel, factors) in factors.iter_mut().enumerate() {
                for (col, factor) in factors.iter_mut().enumerate() {
                    let from = b.wrapping_add(panel * t.b_panel);
                    *factor = match HALVES {
                        true => V::load_halves(from.cast::<u16>().wrapping_add(col * V::LEN)),
                        false => V::load(from.cast::<f32>().wrapping_add(col * V::LEN)),
                    };
                }
            }
            for (a, sums) in a.iter_mut().zip(sums.chunks_mut(NEAR)) {
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = V::splat(a.wrapping_add(row * t.a_row));
                    for (sums, factors) in sums.iter_mut().zip(&factors) {
                        for (sum, b) in sums.iter_mut().zip(factors) {
                            *sum = sum.multiply_add(factor, *b);
                        }
                    }
                }
                *a = hidden(a.wrapping_add(t.a_term));
            }
            b = b.wrapping_add(t.b_term);
            next = next.wrapping_add(t.next_term);
        }
        for (row, sums) in sums.iter().enumerate() {
            for (panel, sums) in sums.iter().enumerate() {
                for (col, sum) in sums.iter().enumerate() {
                    sum.store(t.out.add(row * t.out_row + panel * PANEL + col * V::LEN));
                }
            }
        }
    }
}

/// What the sums of a tile start from.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
unsafe fn begun<V: Lanes, const ROWS: usize, const PANELS: usize, const COLS: usize>(
    t: &Tile,
) -> [[[V; COLS]; PANELS]; ROWS] {
    // SAFETY: the processor has the registers; if there is something to start from, it has as many numbers as the tile.
    unsafe {
        let mut sums = [[[V::zero(); COLS]; PANELS]; ROWS];
        if !t.start.is_null() {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (panel, sums) in sums.iter_mut().enumerate() {
                    for (col, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load(t.start.add(row * t.start_row + panel * PANEL + col * V::LEN));
                    }
                }
            }
        }
        sums
    }
}

/// An address of which the compiler does not know how it came about. It would find those of all rows from one, by an
/// addition a row, each after the other: as long a chain for each term as its multiply-adds take.
#[allow(clippy::pointers_in_nomem_asm_block)] // nothing is read at the address
#[inline(always)]
fn hidden(address: *const f32) -> *const f32 {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    let address = {
        let mut address = address;
        // SAFETY: no instruction at all, which leaves everything as it was.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags))
        }
        address
    };
    address
}

/// Asks for where the sums of a tile are going to stand, to have it when they are written.
///
/// # Safety
/// The processor has the registers.
#[inline(always)]
unsafe fn ask_for_place<V: Lanes>(t: &Tile, rows: usize, cols: usize) {
    for row in 0..rows {
        for line in (0..cols).step_by(LINE / size_of::<f32>()) {
            // SAFETY: any address may be asked for.
            unsafe { V::prefetch(t.out.wrapping_add(row * t.out_row + line)) }
        }
    }
}

/// A [`tile`] in strips of `COLS` registers, for registers too few for a panel.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
pub(super) unsafe fn strips<V: Lanes, const ROWS: usize, const COLS: usize, const HALVES: bool>(t: &Tile) {
    const { assert!(PANEL.is_multiple_of(COLS * V::LEN)) }
    for first in (0..PANEL).step_by(COLS * V::LEN) {
        let start = if t.start.is_null() { t.start } else { t.start.wrapping_add(first) };
        let b = t.b.wrapping_add(first * if HALVES { 2 } else { 4 });
        let out = t.out.wrapping_add(first);
        // SAFETY: as the caller promises, of these columns of the tile.
        unsafe { tile::<V, ROWS, 1, COLS, HALVES>(&Tile { start, b, out, ..*t }) }
    }
}

/// The functions for each number of rows from 1 on, and of how many panels the wide ones are; for `b` in f32, or in halves.
macro_rules! by_rows {
    ($function:ident, $halves:literal, $($rows:literal x $panels:literal),+) => {
        &[$(Tiles {
            narrow: $function::<$rows, 1, $halves>,
            wide: $function::<$rows, $panels, $halves>,
            panels: $panels,
        }),+]
    };
    ($function:ident, $($rows:literal x $panels:literal),+) => {
        [by_rows!($function, false, $($rows x $panels),+), by_rows!($function, true, $($rows x $panels),+)]
    };
}

pub(super) use by_rows;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::{__m256, __m512};

    #[target_feature(enable = "avx512f")]
    unsafe fn avx512<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the processor has AVX-512, and the tile is as the caller promises.
        unsafe { tile::<__m512, ROWS, PANELS, 2, HALVES>(t) }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the processor has AVX2 and FMA, and the tile is as the caller promises.
        unsafe {
            match ROWS {
                1 => tile::<__m256, ROWS, PANELS, 4, HALVES>(t),
                _ => strips::<__m256, ROWS, 2, HALVES>(t),
            }
        }
    }

    pub static AVX512: [&[Tiles]; 2] = by_rows!(
        avx512, 1 x 4, 2 x 4, 3 x 4, 4 x 2, 5 x 2, 6 x 2, 7 x 1, 8 x 1, 9 x 1, 10 x 1, 11 x 1, 12 x 1, 13 x 1, 14 x 1
    );
    pub static AVX2: [&[Tiles]; 2] = by_rows!(avx2, 1 x 2, 2 x 1, 3 x 1, 4 x 1, 5 x 1, 6 x 1);
}

#[cfg(target_arch = "aarch64")]
static NEON: [&[Tiles]; 2] = {
    unsafe fn neon<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: every aarch64 has NEON, and the tile is as the caller promises.
        unsafe {
            match ROWS {
                1 => tile::<std::arch::aarch64::float32x4_t, ROWS, PANELS, 8, HALVES>(t),
                _ => strips::<std::arch::aarch64::float32x4_t, ROWS, 4, HALVES>(t),
            }
        }
    }
    by_rows!(neon, 1 x 1, 2 x 1, 3 x 1, 4 x 1, 5 x 1, 6 x 1)
};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
static WASM: [&[Tiles]; 2] = {
    unsafe fn wasm<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the module is compiled for 128-bit vectors, and the tile is as the caller promises.
        unsafe { strips::<std::arch::wasm32::v128, ROWS, 2, HALVES>(t) }
    }
    by_rows!(wasm, 1 x 1, 2 x 1, 3 x 1, 4 x 1)
};

static PORTABLE: [&[Tiles]; 2] = {
    unsafe fn portable<const ROWS: usize, const PANELS: usize, const HALVES: bool>(t: &Tile) {
        // SAFETY: the tile is as the caller promises.
        unsafe { strips::<[f32; 4], ROWS, 2, HALVES>(t) }
    }
    by_rows!(portable, 1 x 1, 2 x 1, 3 x 1, 4 x 1)
};

impl Tiles {
    /// The tiles in the registers in use. None on processors that cannot multiply and add in one instruction; but in
    /// WebAssembly, which cannot either, these tiles round twice.
    pub fn current() -> Option<[&'static [Tiles]; 2]> {
        #[cfg(target_arch = "x86_64")]
        let fits = is_x86_feature_detected!("fma");
        #[cfg(not(target_arch = "x86_64"))]
        let fits = cfg!(any(target_arch = "aarch64", target_arch = "wasm32"));
        fits.then(|| Tiles::of(isa::current()))
    }

    /// The tiles in the registers of `isa`, for each number of rows from 1 on; those whose `b` is in f32, and in halves.
    pub fn of(isa: Isa) -> [&'static [Tiles]; 2] {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86::AVX512,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::AVX2,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => NEON,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128 => WASM,
            Isa::Portable => PORTABLE,
        }
    }
}
