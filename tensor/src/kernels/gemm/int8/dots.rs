//! The sums of whole numbers: of some rows and a panel of columns.

use super::super::tile::PANEL;
use crate::simd;

/// How many terms are taken at a time.
pub(super) const GROUP: usize = 4;

/// The most rows at a time.
pub(super) const ROWS: usize = 8;

/// `sums[i][j] = sum over l of rows[i, l] panel[l, j]`, for as many rows as there are sums, at most `ROWS`. Rows are `[rows, k]`, the
/// panel is packed.
///
/// # Panics
/// If the lengths do not fit.
pub(super) fn dots(rows: &[u8], panel: &[i8], sums: &mut [[i32; PANEL]]) {
    let len = panel.len() / PANEL;
    assert!(
        rows.len() == sums.len() * len && sums.len() <= ROWS && len.is_multiple_of(GROUP),
        "dots: lengths"
    );
    #[cfg(target_arch = "x86_64")]
    if x86::has_vnni() {
        // SAFETY: the processor has the instructions, and the lengths were just checked.
        unsafe {
            match sums.len() {
                0 => {}
                1 => x86::dots::<1>(rows, panel, sums),
                2 => x86::dots::<2>(rows, panel, sums),
                3 => x86::dots::<3>(rows, panel, sums),
                4 => x86::dots::<4>(rows, panel, sums),
                5 => x86::dots::<5>(rows, panel, sums),
                6 => x86::dots::<6>(rows, panel, sums),
                7 => x86::dots::<7>(rows, panel, sums),
                _ => x86::dots::<ROWS>(rows, panel, sums),
            }
        }
        return;
    }
    plain(rows, panel, sums);
}

/// [`dots`] as every processor can.
pub(super) fn plain(rows: &[u8], panel: &[i8], sums: &mut [[i32; PANEL]]) {
    let len = panel.len() / PANEL;
    for (i, sums) in sums.iter_mut().enumerate() {
        *sums = [0; PANEL];
        let row = &rows[i * len..][..len];
        simd!(for (terms, factors) in
            row.as_chunks::<GROUP>().0.iter().zip(panel.as_chunks::<GROUP>().0.as_chunks::<PANEL>().0)
        {
            for (sum, factors) in sums.iter_mut().zip(factors) {
                for (&term, &factor) in terms.iter().zip(factors) {
                    *sum += i32::from(term) * i32::from(factor);
                }
            }
        });
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use crate::kernels::isa::{self, Isa};
    use std::arch::x86_64::*;

    pub fn has_vnni() -> bool {
        isa::current() == Isa::Avx512 && is_x86_feature_detected!("avx512vnni")
    }

    /// [`super::dots`] for so many rows.
    ///
    /// # Safety
    /// The processor has AVX-512-VNNI, and the lengths fit.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub unsafe fn dots<const ROWS: usize>(rows: &[u8], panel: &[i8], out: &mut [[i32; PANEL]]) {
        let len = panel.len() / PANEL;
        let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
        // SAFETY: there are `ROWS` rows of `len` numbers, and in the panel 128 for each four of them, by the caller's promise.
        unsafe {
            for group in 0..len / GROUP {
                let factors = panel.as_ptr().add(group * GROUP * PANEL);
                let factors =
                    [_mm512_loadu_si512(factors.cast()), _mm512_loadu_si512(factors.add(64).cast())];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let terms = rows.as_ptr().add(row * len + group * GROUP).cast::<i32>().read_unaligned();
                    let terms = _mm512_set1_epi32(terms);
                    for (sum, factors) in sums.iter_mut().zip(factors) {
                        *sum = _mm512_dpbusd_epi32(*sum, terms, factors);
                    }
                }
            }
            for (sums, out) in sums.iter().zip(out) {
                let out = out.as_mut_ptr();
                _mm512_storeu_si512(out.cast(), sums[0]);
                _mm512_storeu_si512(out.add(16).cast(), sums[1]);
            }
        }
    }
}
