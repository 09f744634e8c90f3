//! Products of numbers rounded to bf16: the upper half of an f32, its range and 8 bits of its digits.
//!
//! Some processors multiply pairs of them and add to a sum in f32, twice as many a cycle as they do in f32
//! (`vdpbf16ps` of AVX-512-BF16; on others it is slower). One instruction makes two steps of a sum, first by the second
//! numbers of the pairs, then by the first, each rounded to f32, and what is below the smallest normal number becomes zero:
//!
//! `sum = flush(x[1] y[1] + sum)`, then `sum = flush(x[0] y[0] + sum)`.
//!
//! Without the flush that is what [tiles](super::tile) in f32 do with operands whose terms are rounded and stand in the order
//! 1, 0, 3, 2, ... So both operands are copied once, rounded, in one of two [forms](Form), and then the product is any other
//! product: by tiles of pairs, or by those in f32. The bits are the same.
//!
//! That leaves the flush, which in f32 would take three more instructions a term. It is almost never needed. If the smallest
//! exponents in the operands are i and j, every term is a multiple of `2^(i - 7 + j - 7)`, and so is every sum of terms,
//! rounded or not, of which the smallest but zero is then no smaller. Where this is a normal number nothing is ever flushed.
//! Elsewhere the tiles [flush](tiles::FLUSHING), and take their time.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::driver::{Product, Right, stands_well};
use super::matrix::{AddTo, MatRef};
use super::pack::Packed;
use super::panels::in_pieces;
use super::rounding::{MAGNITUDE, multiply_add_flushed, round, rounded};
use super::tile::Tiles;
use crate::kernels::isa::Isa;
use crate::pool::{Buffer, take};
use crate::simd;
use crate::threads::{GRAIN, for_each_chunk, for_each_index, rows_per_chunk};

mod tiles;

/// How operands are written for the tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Two rounded terms in the place of one f32, the first in the lower half.
    Pairs,
    /// Rounded terms, the second of each pair before the first.
    Swapped,
}

impl Form {
    /// The form with the faster tiles here.
    fn fastest() -> Form {
        static FASTEST: OnceLock<Form> = OnceLock::new();
        *FASTEST.get_or_init(|| match tiles::pairs_pay() && pairs_are_as_said() {
            true => Form::Pairs,
            false => Form::Swapped,
        })
    }

    /// How many places so many terms take, in pairs, the last of which may be half empty.
    fn places(self, terms: usize) -> usize {
        match self {
            Form::Pairs => terms.div_ceil(2),
            Form::Swapped => terms.next_multiple_of(2),
        }
    }

    /// Writes a line of terms.
    #[inline(always)]
    fn write_line(self, terms: &[f32], out: &mut [f32]) {
        let (pairs, last) = terms.as_chunks();
        let last = last.first().map(|&last| [last, 0.0]);
        match self {
            Form::Pairs => pairs
                .iter()
                .chain(&last)
                .zip(out)
                .for_each(|(&[first, second], out)| *out = pair(first, second)),
            Form::Swapped => {
                let out = out.as_chunks_mut().0;
                pairs.iter().chain(&last).zip(out).for_each(|(&[x, y], out)| *out = [round(y), round(x)])
            }
        }
    }

    /// Writes a pair of terms of many lines.
    #[inline(always)]
    fn write_pair(self, first: &[f32], second: &[f32], out: &mut [f32]) {
        match self {
            Form::Pairs => first.iter().zip(second).zip(out).for_each(|((&x, &y), out)| *out = pair(x, y)),
            Form::Swapped => {
                let (before, after) = out.split_at_mut(first.len());
                second.iter().zip(before).for_each(|(&x, out)| *out = round(x));
                first.iter().zip(after).for_each(|(&x, out)| *out = round(x));
            }
        }
    }
}

/// Whether the processor's instruction rounds and flushes as is said above, at the edges of what numbers there are. All that
/// is known do; one that did not would train other models, and is not used.
fn pairs_are_as_said() -> bool {
    let edges =
        [0.0, 1.0, 1.0078125, -1.5, 3e38, 1e-20, -1.3e-20, 2e-19, f32::MIN_POSITIVE, -1e-45, f32::EPSILON];
    let starts = edges.iter().chain(&[16_777_215.0, -f32::MIN_POSITIVE, 1e-44]);
    let cases = starts.flat_map(|&start| edges.iter().flat_map(move |&x| edges.map(|y| (start, x, y))));
    cases.into_iter().all(|(start, x, y)| {
        let (a, b, mut found) = ([x, y], [y, 1.0], [start]);
        in_form(
            Form::Pairs,
            MatRef::row_major(&a, 1, 2),
            MatRef::row_major(&b, 2, 1),
            AddTo::Out,
            &mut found,
        );
        let expected =
            [1, 0].iter().fold(start, |sum, &l| multiply_add_flushed(sum, round(a[l]), round(b[l])));
        found[0].to_bits() == expected.to_bits() || found[0].is_nan() && expected.is_nan()
    })
}

/// Two rounded terms in the place of one f32.
#[inline(always)]
fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(rounded(second) | rounded(first) >> 16)
}

/// An operand of a product, `[lines, terms]`, rounded, its terms made even by a zero.
struct Operand {
    data: Buffer<f32>,
    lines: usize,
    places: usize,
    /// Whether the places of a line follow one another; else the lines at a place do.
    along: bool,
    /// The least magnitude but zero that its terms have, less 1, in bits; only in the form `Swapped`.
    least: u32,
}

impl Operand {
    /// Copies a matrix; threads share the work.
    fn new(x: MatRef<f32>, form: Form) -> Operand {
        let (lines, places, along) = (x.rows, form.places(x.cols), x.col_stride == 1);
        let mut data = take(lines * places);
        let least = AtomicU32::new(u32::MAX);
        let note = |out: &[f32]| {
            if form == Form::Swapped {
                least.fetch_min(simd!(least_magnitude(out)), Ordering::Relaxed);
            }
        };
        if along {
            let together = rows_per_chunk(places);
            for_each_chunk(&mut data, (together * places).max(1), |chunk, out| {
                for (line, out) in (chunk * together..).zip(out.chunks_exact_mut(places)) {
                    simd!(form.write_line(&x.data[line * x.row_stride..][..x.cols], out));
                }
                note(out);
            });
        } else {
            let pair_len = lines * form.places(1);
            for_each_chunk(&mut data, pair_len.max(1), |pair, out| {
                let [first, second] = [2 * pair, 2 * pair + 1].map(|term| lines_at(x, term));
                simd!(form.write_pair(&first, &second, out));
                note(out);
            });
        }
        Operand { data: Buffer::new(data), lines, places, along, least: least.into_inner() }
    }

    /// `[lines, places]`
    fn matrix(&self) -> MatRef<'_, f32> {
        match self.along {
            true => MatRef::row_major(&self.data, self.lines, self.places),
            false => MatRef::row_major(&self.data, self.places, self.lines).t(),
        }
    }

    /// The exponent of the least magnitude but zero.
    fn exponent(&self) -> i32 {
        (self.least.saturating_add(1) >> 23) as i32 - 127
    }
}

/// All lines of one term; zeros beyond the last.
fn lines_at(x: MatRef<'_, f32>, term: usize) -> Cow<'_, [f32]> {
    if term == x.cols {
        return Cow::Owned(vec![0.0; x.rows]);
    }
    let from = x.data.get(term * x.col_stride..).unwrap_or_default(); // without lines there is nothing
    match x.row_stride {
        1 => Cow::Borrowed(&from[..x.rows]),
        apart => (0..x.rows).map(|line| from[line * apart]).collect(),
    }
}

/// The least magnitude but zero, less 1, in bits.
#[inline(always)]
fn least_magnitude(x: &[f32]) -> u32 {
    x.iter().fold(u32::MAX, |least, x| least.min((x.to_bits() & MAGNITUDE).wrapping_sub(1)))
}

/// Whether no sum of terms of `a` and `b` that starts from `add_to` can be below the smallest normal number and not zero.
fn never_tiny(a: &Operand, b: &Operand, add_to: AddTo<f32>, out: &[f32]) -> bool {
    let least = match add_to {
        AddTo::Zero => u32::MAX,
        AddTo::Row(row) => least_magnitude(row),
        AddTo::Out => {
            let found = AtomicU32::new(u32::MAX);
            for_each_index(out.len().div_ceil(GRAIN), |chunk| {
                let part = &out[chunk * GRAIN..out.len().min((chunk + 1) * GRAIN)];
                found.fetch_min(simd!(least_magnitude(part)), Ordering::Relaxed);
            });
            found.into_inner()
        }
    };
    let smallest = -126;
    let start = (least.saturating_add(1) >> 23) as i32 - 127;
    a.exponent() - 7 + b.exponent() - 7 >= smallest && start - 23 >= smallest
}

/// `out = a b + add_to` into row-major `out` `[m, n]`, with the terms of `a` `[m, k]` and `b` `[k, n]` rounded to bf16, in
/// pieces that threads share.
///
/// # Panics
/// As [`gemm_parallel`](super::panels::gemm_parallel).
pub fn gemm_bf16(a: MatRef<f32>, b: MatRef<f32>, add_to: AddTo<f32>, out: &mut [f32]) {
    in_form(Form::fastest(), a, b, add_to, out);
}

/// Whether this processor multiplies pairs, and that faster than as many numbers in f32.
pub fn pays() -> bool {
    Form::fastest() == Form::Pairs
}

/// [`gemm_bf16`] with operands in a given form.
fn in_form(form: Form, a: MatRef<f32>, b: MatRef<f32>, add_to: AddTo<f32>, out: &mut [f32]) {
    assert!(a.cols == b.rows, "gemm: inner dimensions");
    let fits = a.extent() <= a.data.len() && b.extent() <= b.data.len();
    assert!(fits, "gemm: an operand is too short");
    let (a, b) = (Operand::new(a, form), Operand::new(b.t(), form));
    let tiles = match form {
        Form::Pairs => tiles::pairs().expect("tiles of pairs"),
        Form::Swapped if never_tiny(&a, &b, add_to, out) => {
            Tiles::current().unwrap_or(Tiles::of(Isa::Portable))[0]
        }
        Form::Swapped => tiles::flushing(),
    };
    let b = b.matrix().t();
    let right =
        |share| if share && !stands_well(&b) { Right::Packed(Packed::new(b)) } else { Right::Matrix(b) };
    in_pieces(a.matrix(), [b.rows, b.cols], right, add_to, out, |a, b, out, cols| {
        // SAFETY: the tiles are this processor's, and the pieces are as `in_pieces` promises.
        unsafe { Product { tiles, a, b, add_to, out }.compute(cols) }
    });
}

#[cfg(test)]
mod tests;
