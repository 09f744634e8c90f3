//! Products by a matrix of whole numbers: a weight in a quarter of its memory, for using a model.
//!
//! Decoding a sentence reads every weight for every token, and waits for memory. Here a weight is a whole number of -127..=127,
//! and each column of the matrix has a scale, its largest magnitude by 127 (symmetric, per output: Jacob et al. 2018, section 2). The rows that are
//! multiplied by it are rounded in the same way when they come, each with a scale of its own:
//!
//! `out[i, j] = (sum over l of a[i, l] b[l, j]) * a_scale[i] * b_scale[j] + bias[j]`, the sum being of whole numbers and exact.
//!
//! So results are the same bits in any order, on any processor. AVX-512-VNNI has an instruction for four terms of sixteen columns at
//! a time (`vpdpbusd`). Its left factors have no sign: 128 is added to each, and what that adds to a sum, 128 times that of a
//! column, is known when the matrix is packed.

use std::slice;

use super::matrix::{MatRef, Out};
use super::panels::{most_pieces, piece_size};
use super::tile::PANEL;
use crate::kernels::pages::Pages;
use crate::simd;
use crate::threads::{for_each_chunk, for_each_index, rows_per_chunk};

mod dots;

use dots::GROUP;

/// The largest magnitude of a whole number.
const MOST: f32 = 127.0;
/// What is added to left factors.
const SHIFT: i32 = 128;
/// The most terms whose sum, of products of up to 255 and 127, an i32 is sure to hold.
pub const MOST_TERMS: usize = (i32::MAX / (255 * 127)) as usize; // 66,311

/// The right operand of products, `[k, n]`, in whole numbers: panels of `PANEL` columns, in each groups of four terms, in each
/// column after column the four. What is missing is zeros.
pub struct PackedInt8 {
    data: Pages<i8>,
    dims: [usize; 2],
    /// Of each column. `[n]`
    scales: Vec<f32>,
    /// `SHIFT` times the sum of each column. `[n]`
    shifts: Vec<i32>,
}

/// The scale of numbers: their largest magnitude by `MOST`, rounded up to 16 binary digits; NaN, where one is not finite. So a multiple
/// of it by a whole number is exact, and has itself for its nearest multiple when it is packed again.
#[inline(always)]
pub fn scale_of(x: impl Iterator<Item = f32>) -> f32 {
    let most = f32::from_bits(x.fold(0, |most, x| most.max(x.to_bits() & 0x7fff_ffff))); // as magnitudes, their bits are in order
    let scale = f32::from_bits(((most / MOST).to_bits() + 0xff) & !0xff);
    if most.is_finite() { scale } else { f32::NAN }
}

/// The nearest whole number to a multiple of `scale`; 0 where there is no scale.
#[inline(always)]
pub fn whole(x: f32, scale: f32) -> i32 {
    if scale == 0.0 { 0 } else { (x / scale).round_ties_even() as i32 } // which makes 0 of NaN
}

impl PackedInt8 {
    /// Packs a matrix; threads share the work. None if it has too many rows for exact sums, or a number that is not finite.
    ///
    /// # Panics
    /// If the slice is too short for the dimensions.
    pub fn new(b: MatRef<f32>) -> Option<PackedInt8> {
        assert!(b.extent() <= b.data.len(), "PackedInt8: the operand is too short");
        let (k, n, groups) = (b.rows, b.cols, b.rows.div_ceil(GROUP));
        let at = |term: usize, col: usize| b.data[term * b.row_stride + col * b.col_stride];
        let mut scales = vec![0.0; n];
        for_each_chunk(&mut scales, rows_per_chunk(k), |chunk, scales| {
            for (col, scale) in (chunk * rows_per_chunk(k)..).zip(scales) {
                *scale = scale_of((0..k).map(|term| at(term, col)));
            }
        });
        if k > MOST_TERMS || scales.iter().any(|scale| scale.is_nan()) {
            return None;
        }
        let panel_len = groups * PANEL * GROUP;
        let mut data = vec![0; n.div_ceil(PANEL) * panel_len];
        for_each_chunk(&mut data, panel_len.max(1), |panel, out| {
            for (i, out) in out.iter_mut().enumerate() {
                let (term, col) =
                    (i / (PANEL * GROUP) * GROUP + i % GROUP, panel * PANEL + i / GROUP % PANEL);
                if term < k && col < n {
                    *out = whole(at(term, col), scales[col]) as i8;
                }
            }
        });
        let shift = |col: usize| {
            let panel = &data[col / PANEL * panel_len..][..panel_len];
            let column = panel.chunks_exact(GROUP).skip(col % PANEL).step_by(PANEL).flatten();
            SHIFT * column.map(|&x| i32::from(x)).sum::<i32>()
        };
        let shifts = (0..n).map(shift).collect();
        Some(PackedInt8 { data: Pages::of(&data), dims: [k, n], scales, shifts })
    }

    /// The matrix that products are by, `[k, n]`: at `(term, col)`.
    #[cfg(test)]
    fn at(&self, term: usize, col: usize) -> i32 {
        let groups = self.dims[0].div_ceil(GROUP);
        let group = (col / PANEL * groups + term / GROUP) * PANEL + col % PANEL;
        i32::from(self.data[group * GROUP + term % GROUP])
    }

    /// The columns' scales. `[n]`
    #[cfg(test)]
    fn scales(&self) -> &[f32] {
        &self.scales
    }
}

/// Rows in whole numbers, to which `SHIFT` has been added. `[rows, k]`, each row filled up to whole groups.
struct Rows {
    data: Vec<u8>,
    len: usize,
    scales: Vec<f32>,
}

impl Rows {
    fn new(a: MatRef<f32>) -> Rows {
        let (len, rows_at_once) = (a.cols.next_multiple_of(GROUP), rows_per_chunk(a.cols));
        let mut scales = vec![0.0; a.rows];
        for_each_chunk(&mut scales, rows_at_once, |chunk, scales| {
            for (row, scale) in (chunk * rows_at_once..).zip(scales) {
                *scale = simd!(scale_of(a.data[row * a.row_stride..][..a.cols].iter().copied()));
            }
        });
        let mut data = vec![SHIFT as u8; a.rows * len];
        for_each_chunk(&mut data, (rows_at_once * len).max(1), |chunk, out| {
            for (row, out) in (chunk * rows_at_once..).zip(out.chunks_exact_mut(len)) {
                let (terms, scale) = (&a.data[row * a.row_stride..][..a.cols], scales[row]);
                simd!(terms.iter().zip(out).for_each(|(&x, out)| *out = (whole(x, scale) + SHIFT) as u8));
            }
        });
        Rows { data, len, scales }
    }
}

/// `out = a b + bias` into row-major `out` `[m, n]`, with `a` `[m, k]` rounded too; threads share the work.
///
/// # Panics
/// If the dimensions do not match, or rows of `a` are not contiguous.
pub fn gemm_int8(a: MatRef<f32>, b: &PackedInt8, bias: Option<&[f32]>, out: &mut [f32]) {
    let (m, [k, n]) = (a.rows, b.dims);
    assert!(
        a.cols == k && (a.col_stride == 1 || k < 2),
        "gemm_int8: inner dimensions, and rows that are contiguous"
    );
    assert!(a.extent() <= a.data.len(), "gemm_int8: an operand is too short");
    assert!(Some(out.len()) == m.checked_mul(n), "gemm_int8: out does not hold [{m}, {n}]");
    assert!(bias.is_none_or(|bias| bias.len() == n), "gemm_int8: the bias is not [{n}]");
    let rows = Rows::new(a);
    let (down, cols) = piece_size([m, k, n], true, most_pieces(true));
    let across = n.div_ceil(cols.max(1));
    let out = Out { data: out.as_mut_ptr(), rows: m, cols: n, row_stride: n };
    for_each_index(m.div_ceil(down) * across, |piece| {
        let (top, piece) = (piece / across * down, piece % across);
        let bottom = m.min(top + down);
        let mut sums = [[0; PANEL]; dots::ROWS];
        for first in (piece * cols..n.min((piece + 1) * cols)).step_by(PANEL) {
            for row in (top..bottom).step_by(dots::ROWS) {
                let count = dots::ROWS.min(bottom - row);
                let panel_len = rows.len * PANEL;
                let panel = &b.data[first / PANEL * panel_len..][..panel_len];
                dots::dots(&rows.data[row * rows.len..][..count * rows.len], panel, &mut sums[..count]);
                for (row, sums) in (row..).zip(&sums[..count]) {
                    // SAFETY: `out` is m * n elements that this function borrows uniquely until the loop has ended; the row is
                    // below m and the columns below n, and no other piece has them both.
                    let out = unsafe { slice::from_raw_parts_mut(out.at(row, first), PANEL.min(n - first)) };
                    let columns = first..first + out.len();
                    let (scales, shifts) = (&b.scales[columns.clone()], &b.shifts[columns.clone()]);
                    let scale = rows.scales[row];
                    simd!(for ((out, sum), (b_scale, shift)) in
                        out.iter_mut().zip(sums).zip(scales.iter().zip(shifts))
                    {
                        *out = (sum - shift) as f32 * scale * b_scale; // where the scales' product may be too large
                    });
                    if let Some(bias) = bias {
                        simd!(out.iter_mut().zip(&bias[columns]).for_each(|(out, bias)| *out += bias));
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests;
