//! How rounded operands are written for the tiles.

use super::matrix::MatRef;
use super::pack::{STRIP, Strip, TERMS, pack_panels};
use super::rounding::round_all;
use super::tile::{MAX_ROWS, PANEL, Tiles};
use crate::simd;

/// How operands are written: in which places their terms stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Two rounded terms in the place of one f32, the first in the lower half.
    Pairs,
    /// Rounded terms, the second of each pair before the first.
    Swapped,
}

/// The distance between the rows of a strip that are written one after the other: not a power of two, lest all of them want the
/// same few places of a cache.
const APART: usize = TERMS + 16;
/// How many terms of a panel are put together before they are rounded: 8 KB of them.
const TOGETHER: usize = 64;

impl Form {
    /// How many places so many terms take, in pairs, the last of which may be half empty.
    pub fn places(self, terms: usize) -> usize {
        match self {
            Form::Pairs => terms.div_ceil(2),
            Form::Swapped => terms.next_multiple_of(2),
        }
    }

    /// How many terms stand in so many places.
    pub fn terms(self, places: usize) -> usize {
        match self {
            Form::Pairs => 2 * places,
            Form::Swapped => places,
        }
    }

    /// Arranges the terms of a line, which are rounded.
    #[inline(always)]
    fn arrange_line(self, terms: &[f32], out: &mut [f32]) {
        match self {
            Form::Pairs => {
                let (pairs, last) = terms.as_chunks();
                let last = last.first().map(|&last| [last, 0.0]);
                let pairs = pairs.iter().chain(&last);
                pairs.zip(out).for_each(|(&[first, second], out)| *out = pair(first, second));
            }
            Form::Swapped => {
                // Four pairs at a time, by one instruction; one pair at a time takes about as many as there are numbers.
                let (eights, rest) = terms.as_chunks::<8>();
                let (out, rest_out) = out.split_at_mut(8 * eights.len());
                for (&[a, b, c, d, e, f, g, h], out) in eights.iter().zip(out.as_chunks_mut().0) {
                    *out = [b, a, d, c, f, e, h, g];
                }
                for (pair, out) in rest.chunks(2).zip(rest_out.as_chunks_mut().0) {
                    *out = [pair.get(1).copied().unwrap_or(0.0), pair[0]];
                }
            }
        }
    }

    /// Arranges terms of `WIDTH` lines, which are rounded: `[terms, WIDTH]` to `[places, WIDTH]`.
    #[inline(always)]
    fn arrange_lines<const WIDTH: usize>(self, terms: &[[f32; WIDTH]], out: &mut [f32]) {
        let (pairs, _) = terms.as_chunks();
        let out = out.as_chunks_mut().0;
        match self {
            Form::Pairs => pairs.iter().zip(out).for_each(|([first, second], out)| {
                *out = std::array::from_fn(|line| pair(first[line], second[line]));
            }),
            Form::Swapped => {
                pairs.iter().zip(out.as_chunks_mut().0).for_each(|(&[x, y], out)| *out = [y, x]);
            }
        }
    }

    /// Writes a strip `[rows, terms]` of at most `STRIP` rows and `TERMS` places into `out`.
    pub fn strip(self, a: MatRef<f32>, out: &mut [f32]) -> Strip {
        const { assert!(MAX_ROWS * APART <= TERMS * STRIP) }
        assert!(a.rows <= MAX_ROWS && out.len() >= TERMS * STRIP, "a strip has room");
        if a.cols == 0 {
            return Strip::at(out.as_ptr(), 0, 0); // and `a` may have no numbers to point at
        }
        let mut least = u32::MAX;
        if a.col_stride == 1 {
            let mut terms = [0.0; 2 * TERMS];
            let terms = &mut terms[..a.cols];
            for (row, out) in out.chunks_exact_mut(APART).take(a.rows).enumerate() {
                terms.copy_from_slice(&a.data[row * a.row_stride..][..a.cols]);
                least = least.min(round_all(terms));
                simd!(self.arrange_line(terms, out));
            }
            return Strip { least, ..Strip::at(out.as_ptr(), APART, 1) };
        }
        let mut lines = [[0.0; STRIP]; TOGETHER];
        for first in (0..a.cols).step_by(TOGETHER) {
            let count = TOGETHER.min(a.cols - first);
            simd!((0..count).for_each(|term| lines[term] = line(a, first + term)));
            lines[count..].iter_mut().take(1).for_each(|line| *line = [0.0; STRIP]); // the second of a pair, if there is none
            least = least.min(round_all(lines[..count].as_flattened_mut()));
            simd!(
                self.arrange_lines(
                    &lines[..count.next_multiple_of(2)],
                    &mut out[self.places(first) * STRIP..]
                )
            );
        }
        // As of a strip that is packed as it is; but a place may have two lines.
        let next = a.data.as_ptr().wrapping_add(STRIP + a.rows);
        Strip { next, next_term: self.terms(1) * a.col_stride, least, ..Strip::at(out.as_ptr(), 1, STRIP) }
    }

    /// Packs panels of `b` `[terms, n]` from the column `first` on, as many as `out` holds, each `[places, PANEL]`. Returns the
    /// [least magnitude](super::rounding::least_magnitude) of their numbers.
    pub fn pack_panels(self, b: MatRef<f32>, first: usize, out: &mut [f32]) -> u32 {
        let (panel_len, mut least) = (self.places(b.rows) * PANEL, u32::MAX);
        let mut lines = [[0.0; PANEL]; TOGETHER];
        for term in (0..b.rows).step_by(TOGETHER) {
            let terms = b.row_panel(term, TOGETHER.min(b.rows - term));
            for (panel, out) in out.chunks_exact_mut(panel_len).enumerate() {
                let there = lines[..terms.rows].as_flattened_mut();
                pack_panels(terms, first + panel * PANEL, there);
                least = least.min(round_all(there));
                lines[terms.rows..].iter_mut().take(1).for_each(|line| *line = [0.0; PANEL]); // as above
                let lines = &lines[..terms.rows.next_multiple_of(2)];
                simd!(self.arrange_lines(lines, &mut out[self.places(term) * PANEL..]));
            }
        }
        least
    }
}

/// How the operands of a product are rounded, the right one while it is packed, the left one a strip at a time; and which strips
/// need tiles that flush.
#[derive(Clone, Copy)]
pub struct Rounding {
    pub form: Form,
    flushing: &'static [Tiles],
    /// The exponent that the terms of a strip must have at least for no sum to become tiny.
    least: i32,
}

impl Rounding {
    /// By the least magnitudes of the right operand and of what sums start from, and the tiles that flush.
    pub fn new(form: Form, least: u32, start: u32, flushing: &'static [Tiles]) -> Rounding {
        let smallest = -126;
        let least = match form {
            Form::Pairs => i32::MIN, // the processor flushes
            Form::Swapped if exponent(start) - 23 < smallest => i32::MAX,
            Form::Swapped => smallest + 14 - exponent(least),
        };
        Rounding { form, flushing, least }
    }

    /// Tiles that flush, if sums may be tiny, or become so by terms of the least magnitude `least`.
    pub fn flushing(&self, tiny: bool, least: u32) -> Option<&'static [Tiles]> {
        (tiny || exponent(least) < self.least).then_some(self.flushing)
    }
}

/// A term of all rows of a strip; where there are more rows behind them, of these too, and zeros elsewhere.
#[inline(always)]
fn line(a: MatRef<f32>, term: usize) -> [f32; STRIP] {
    let terms = &a.data[term * a.col_stride..];
    match terms.first_chunk() {
        Some(terms) if a.row_stride == 1 => *terms,
        _ => std::array::from_fn(|row| if row < a.rows { terms[row * a.row_stride] } else { 0.0 }),
    }
}

/// Two rounded terms in the place of one f32.
#[inline(always)]
fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(second.to_bits() | first.to_bits() >> 16)
}

/// The exponent of a [least magnitude](super::rounding::least_magnitude).
fn exponent(least: u32) -> i32 {
    (least.saturating_add(1) >> 23) as i32 - 127
}
