//! Which products serve which type: [`Gemm`].

use std::ops::Range;

use super::driver::{Product, Right, stands_well};
use super::library;
use super::matrix::{AddTo, MatRef, Out};
use super::pack::Packed;
use super::tile::Tiles;
use crate::element::Element;

/// Elements that there are products of: `f32` and `f64`.
pub trait Gemm: Element {
    /// The right operand of a product.
    type Right<'a>: Sync;

    /// Whether products have the same bits however they are cut into rows and columns.
    fn any_cut() -> bool;

    /// The operand `b`; packed, if several pieces of a product `share` it and that pays.
    fn right(b: MatRef<'_, Self>, share: bool) -> Self::Right<'_>;

    /// `out = add_to + a b` for some columns of `b` and `out`, the first a multiple of 32, on the calling thread.
    ///
    /// # Safety
    /// The dimensions fit; all elements of `a` and `b` lie in their slices; those of `out` in these columns may be written,
    /// and nobody else looks at them.
    unsafe fn product(
        a: MatRef<Self>,
        b: &Self::Right<'_>,
        add_to: AddTo<Self>,
        out: Out<Self>,
        cols: Range<usize>,
    );
}

impl Gemm for f32 {
    type Right<'a> = Right<'a>;

    fn any_cut() -> bool {
        Tiles::current().is_some()
    }

    fn right(b: MatRef<'_, f32>, share: bool) -> Right<'_> {
        match Tiles::current() {
            Some(_) if share && !stands_well(&b) => Right::Packed(Packed::new(b)),
            _ => Right::Matrix(b),
        }
    }

    unsafe fn product(a: MatRef<f32>, b: &Right<'_>, add_to: AddTo<f32>, out: Out<f32>, cols: Range<usize>) {
        match (Tiles::current(), b) {
            // SAFETY: these are the tiles of this processor; the rest the caller promises.
            (Some([whole, halves]), b) => unsafe {
                let tiles = if matches!(b, Right::Halves(_)) { halves } else { whole };
                Product { tiles, a, b, add_to, out, rounding: None }.compute(cols)
            },
            // SAFETY: the caller promises it.
            (None, Right::Matrix(b)) => unsafe { library::product(a, *b, add_to, out, cols) },
            (None, Right::Packed(_) | Right::Kept(_) | Right::Halves(_)) => {
                unreachable!("nothing is packed where there are no tiles")
            }
        }
    }
}

impl Gemm for f64 {
    type Right<'a> = MatRef<'a, f64>;

    fn any_cut() -> bool {
        false // the library's tiles are another matter
    }

    fn right(b: MatRef<'_, f64>, _share: bool) -> MatRef<'_, f64> {
        b
    }

    unsafe fn product(
        a: MatRef<f64>,
        b: &MatRef<'_, f64>,
        add_to: AddTo<f64>,
        out: Out<f64>,
        cols: Range<usize>,
    ) {
        // SAFETY: the caller promises it.
        unsafe { library::product(a, *b, add_to, out, cols) }
    }
}
