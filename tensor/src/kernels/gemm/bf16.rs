//! Products of numbers rounded to bf16: the upper half of an f32, its range and 8 bits of its digits.
//!
//! Some processors multiply pairs of them and add to a sum in f32, twice as many a cycle as they do in f32
//! (`vdpbf16ps` of AVX-512-BF16; on others it is slower). One instruction makes two steps of a sum, first by the second
//! numbers of the pairs, then by the first, each rounded to f32, and what is below the smallest normal number becomes zero:
//!
//! `sum = flush(x[1] y[1] + sum)`, then `sum = flush(x[0] y[0] + sum)`.
//!
//! Without the flush that is what [tiles](super::tile) in f32 do with operands whose terms are rounded and stand in the order
//! 1, 0, 3, 2, ... So both operands are rounded as they are packed, in one of two [forms](Form), and the product is any other
//! product: by tiles of pairs, or by those in f32. The bits are the same.
//!
//! That leaves the flush, which in f32 would take three more instructions a term. It is almost never needed. If the smallest
//! exponents in the operands are i and j, every term is a multiple of `2^(i - 7 + j - 7)`, and so is every sum of terms,
//! rounded or not, of which the smallest but zero is then no smaller. Where this is a normal number nothing is ever flushed.
//! Elsewhere the tiles [flush](tiles::FLUSHING), and take their time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::driver::{Product, Right};
use super::form::{Form, Rounding};
use super::matrix::{AddTo, MatRef};
use super::pack::{Packed, TERMS};
use super::panels::in_pieces;
use super::rounding::{least_magnitude, multiply_add_flushed, round};
use super::tile::Tiles;
use crate::kernels::isa::Isa;
use crate::simd;
use crate::threads::{GRAIN, for_each_index};

mod tiles;

/// The form with the faster tiles here.
fn fastest() -> Form {
    static FASTEST: OnceLock<Form> = OnceLock::new();
    *FASTEST.get_or_init(|| match tiles::pairs_pay() && pairs_are_as_said() {
        true => Form::Pairs,
        false => Form::Swapped,
    })
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

/// The least magnitude of what sums start from.
fn least_start(add_to: AddTo<f32>, out: &[f32]) -> u32 {
    match add_to {
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
    }
}

/// `out = a b + add_to` into row-major `out` `[m, n]`, with the terms of `a` `[m, k]` and `b` `[k, n]` rounded to bf16, in
/// pieces that threads share.
///
/// # Panics
/// As [`gemm_parallel`](super::panels::gemm_parallel).
pub fn gemm_bf16(a: MatRef<f32>, b: MatRef<f32>, add_to: AddTo<f32>, out: &mut [f32]) {
    in_form(fastest(), a, b, add_to, out);
}

/// Whether this processor multiplies pairs, and that faster than as many numbers in f32.
pub fn pays() -> bool {
    fastest() == Form::Pairs
}

/// [`gemm_bf16`] with operands in a given form.
fn in_form(form: Form, a: MatRef<f32>, b: MatRef<f32>, add_to: AddTo<f32>, out: &mut [f32]) {
    assert!(a.cols == b.rows, "gemm: inner dimensions");
    let fits = a.extent() <= a.data.len() && b.extent() <= b.data.len();
    assert!(fits, "gemm: an operand is too short");
    let least = AtomicU32::new(u32::MAX);
    let packed = Packed::by(b, form.places(b.rows), form.terms(TERMS), |b, first, out| {
        least.fetch_min(form.pack_panels(b, first, out), Ordering::Relaxed);
    });
    let start = if form == Form::Swapped { least_start(add_to, out) } else { u32::MAX };
    let rounding = Some(Rounding::new(form, least.into_inner(), start, tiles::flushing()));
    let tiles = match form {
        Form::Pairs => tiles::pairs().expect("tiles of pairs"),
        Form::Swapped => Tiles::current().unwrap_or(Tiles::of(Isa::Portable))[0],
    };
    let right = Right::Packed(packed);
    in_pieces(
        a,
        [b.rows, b.cols],
        |_| &right,
        add_to,
        out,
        |a, b, out, cols| {
            // SAFETY: the tiles are this processor's, and the pieces are as `in_pieces` promises.
            unsafe { Product { tiles, a, b, add_to, out, rounding }.compute(cols) }
        },
    );
}

#[cfg(test)]
mod tests;
