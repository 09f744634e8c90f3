//! Packing: operands copied to where the tiles read them, one after the other.
//!
//! A tile takes, term by term, a row of `PANEL` numbers of `b`. In memory they may be as far apart as the matrix is wide or
//! high, each in a cache line, and every so many in a page, of its own; packed they follow one another, and the processor
//! fetches ahead. Packing reads and writes each number once, and a product uses it once for every row of `a`: so it costs
//! little where there are many rows, more than the product itself where there is one, and nothing where it was done before.
//!
//! `a` needs it less. A tile takes `rows` numbers of it for each term, and a row that is contiguous is `rows` streams of
//! memory. Only where its terms lie far apart are they put together.

use std::ops::Deref;

use super::matrix::MatRef;
use super::rounding::rounded;
use super::tile::{MAX_ROWS, PANEL};
use super::transpose::{BLOCK, transpose};
use crate::kernels::pages::Pages;
use crate::pool::{Buffer, take};
use crate::simd;
use crate::threads::for_each_chunk;

/// The most terms that are taken at a time.
pub(super) const TERMS: usize = 256;
/// How many numbers are packed by one thread after another.
const PACK_WORK: usize = 1 << 14;

/// The right operand of products, `[k, n]`, packed: blocks of `TERMS` terms, in each panel after panel of `PANEL` columns,
/// in each term after term. What is missing in the last panel is zeros.
pub struct Packed<D = Buffer<f32>> {
    data: D,
    k: usize,
    panels: usize,
}

impl Packed {
    /// Packs a matrix; threads share the work.
    pub fn new(b: MatRef<f32>) -> Packed {
        Packed::by(b, b.rows, TERMS, pack_panels)
    }

    /// Packs a matrix whose terms take `k` places, `terms` of them those of a block. `pack` is told some terms, a column, and where
    /// panels from this column on are to stand.
    pub fn by(
        b: MatRef<f32>,
        k: usize,
        terms: usize,
        pack: impl Fn(MatRef<f32>, usize, &mut [f32]) + Sync + Send,
    ) -> Packed {
        let panels = b.cols.div_ceil(PANEL);
        let len = k
            .checked_mul(panels)
            .and_then(|len| len.checked_mul(PANEL))
            .expect("a size that memory can have");
        let mut data = take(len);
        let mut tasks = Vec::new();
        for (block, out) in data.chunks_mut((TERMS * panels * PANEL).max(1)).enumerate() {
            let b = b.row_panel(block * terms, terms.min(b.rows - block * terms));
            let panel_len = out.len() / panels;
            let together = PACK_WORK / (TERMS * PANEL);
            let parts = out.chunks_mut(together * panel_len).enumerate();
            tasks.extend(parts.map(|(part, out)| (b, part * together * PANEL, out)));
        }
        for_each_chunk(&mut tasks, 1, |_, tasks| {
            tasks.iter_mut().for_each(|(b, first, out)| pack(*b, *first, out))
        });
        Packed { data: Buffer::new(data), k, panels }
    }

    /// The same rounded to bf16, to be kept.
    pub fn halves(&self) -> Packed<Pages<u16>> {
        let mut data = vec![0; self.data.len()];
        for_each_chunk(&mut data, PACK_WORK, |chunk, out| {
            let from = &self.data[chunk * PACK_WORK..];
            simd!(from.iter().zip(out).for_each(|(&x, out)| *out = (rounded(x) >> 16) as u16));
        });
        self.with(Pages::of(&data))
    }

    /// The same, to be kept.
    pub fn kept(&self) -> Packed<Pages<f32>> {
        self.with(Pages::of(&self.data))
    }

    fn with<D>(&self, data: D) -> Packed<D> {
        Packed { data, k: self.k, panels: self.panels }
    }
}

impl<T, D: Deref<Target = [T]>> Packed<D> {
    /// The block of the terms from `first` on, a multiple of `TERMS`, from a panel on. Panels follow one another.
    pub fn block(&self, first: usize, panel: usize) -> &[T] {
        let terms = TERMS.min(self.k - first);
        &self.data[(first * self.panels + panel * terms) * PANEL..]
    }
}

/// Packs panels of `b` `[k, n]` from the column `first` on, as many as `out` holds: each `[k, PANEL]`.
pub(super) fn pack_panels(b: MatRef<f32>, first: usize, out: &mut [f32]) {
    let panel_len = b.rows * PANEL;
    if panel_len == 0 {
        return;
    }
    let whole = (b.cols - first) / PANEL * panel_len; // of panels without a missing column
    let (whole, edge) = out.split_at_mut(whole.min(out.len()));
    if b.col_stride == 1 {
        simd!(pack_rows(b.data, first, b.row_stride, panel_len, whole)); // in the order of memory
    } else {
        for (panel, out) in whole.chunks_exact_mut(panel_len).enumerate() {
            pack_columns(b, first + panel * PANEL, PANEL, out);
        }
    }
    if !edge.is_empty() {
        let first = first + whole.len() / b.rows;
        pack_columns(b, first, b.cols - first, edge);
    }
}

/// Packs rows that are contiguous, `apart` from each other, into whole panels.
#[inline(always)]
fn pack_rows(data: &[f32], first: usize, apart: usize, panel_len: usize, out: &mut [f32]) {
    for term in 0..panel_len / PANEL {
        let panels = out.chunks_exact_mut(panel_len);
        let row = &data[term * apart + first..][..panels.len() * PANEL];
        for (row, out) in row.chunks_exact(PANEL).zip(panels) {
            out[term * PANEL..][..PANEL].copy_from_slice(row);
        }
    }
}

/// Packs `cols` columns from `first` on into a panel, and zeros beside them.
fn pack_columns(b: MatRef<f32>, first: usize, cols: usize, out: &mut [f32]) {
    if b.row_stride == 1 {
        simd!(pack_transposed(b.data, first * b.col_stride, b.col_stride, cols, out));
    } else {
        for (term, out) in out.chunks_exact_mut(PANEL).enumerate() {
            let from = term * b.row_stride + first * b.col_stride;
            let (there, missing) = out.split_at_mut(cols);
            match b.col_stride {
                1 => there.copy_from_slice(&b.data[from..][..cols]),
                apart => {
                    there.iter_mut().enumerate().for_each(|(col, out)| *out = b.data[from + col * apart])
                }
            }
            missing.fill(0.0);
        }
    }
}

/// Packs `cols` columns that are contiguous, from `first` on and `apart`: `out[term, col] = data[first + col * apart + term]`.
#[inline(always)]
fn pack_transposed(data: &[f32], first: usize, apart: usize, cols: usize, out: &mut [f32]) {
    let k = out.len() / PANEL;
    for col in (0..PANEL).step_by(BLOCK) {
        // The terms of a column from one on; of a missing one, zeros.
        let terms = |i: usize, term: usize| match col + i < cols {
            true => &data[first + (col + i) * apart + term..],
            false => &[0.0; BLOCK],
        };
        for term in (0..k / BLOCK * BLOCK).step_by(BLOCK) {
            let lines: [&[f32; BLOCK]; BLOCK] =
                std::array::from_fn(|i| terms(i, term).first_chunk().expect("a line of the block"));
            transpose(lines, PANEL, &mut out[term * PANEL + col..]);
        }
        for (term, i) in (k / BLOCK * BLOCK..k).flat_map(|term| (0..BLOCK).map(move |i| (term, i))) {
            out[term * PANEL + col + i] = terms(i, term)[0];
        }
    }
}

/// The distance between terms in a packed strip.
pub(super) const STRIP: usize = MAX_ROWS.next_multiple_of(16);

/// Some rows of `a`, as tiles read them.
pub(super) struct Strip {
    pub data: *const f32,
    /// The distances between rows and between terms.
    pub row: usize,
    pub term: usize,
    /// What the next strip is copied from, a line for each term.
    pub next: *const f32,
    pub next_term: usize,
    /// The [least magnitude](super::rounding::least_magnitude) of its numbers, if they are rounded and it matters.
    pub least: u32,
}

impl Strip {
    /// One whose numbers have come.
    pub fn at(data: *const f32, row: usize, term: usize) -> Strip {
        Strip { data, row, term, next: data, next_term: 0, least: u32::MAX }
    }
}

/// Packs a strip, `[rows, k]` with at most `MAX_ROWS` rows, into `out` `[k, STRIP]`; what is left of each line is any number.
pub(super) fn pack_strip(a: MatRef<f32>, out: &mut [f32]) {
    simd!(for (term, out) in out.chunks_exact_mut(STRIP).take(a.cols).enumerate() {
        let terms = &a.data[term * a.col_stride..];
        let out: &mut [f32; STRIP] = out.first_chunk_mut().expect("a line of the strip");
        match terms.first_chunk() {
            Some(terms) if a.row_stride == 1 => *out = *terms,
            _ => (0..a.rows).for_each(|row| out[row] = terms[row * a.row_stride]),
        }
    });
}
