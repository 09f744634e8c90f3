//! Right operands that are packed once and multiplied by many times: [`PackedMatrix`].

use super::driver::Right;
use super::element::Gemm;
use super::int8::{PackedInt8, gemm_int8};
use super::matrix::{AddTo, MatRef};
use super::pack::Packed;
use super::panels::in_pieces;
use super::tile::Tiles;
use crate::packing::Packing;

/// The right operand of products of rows in f32, `[k, n]`, packed once.
pub struct PackedMatrix(Kept);

enum Kept {
    /// In f32 or bf16, with its dimensions.
    Floats([usize; 2], Right<'static>),
    /// In whole numbers.
    Whole(PackedInt8),
}

impl PackedMatrix {
    /// Packs a matrix; threads share the work. None where nothing is multiplied by ones that are packed so, or the matrix
    /// cannot be.
    ///
    /// # Panics
    /// If the slice is too short for the dimensions.
    pub fn new(b: MatRef<f32>, packing: Packing) -> Option<PackedMatrix> {
        assert!(b.extent() <= b.data.len(), "PackedMatrix: the operand is too short");
        match packing {
            Packing::F32 => PackedMatrix::floats(b, |packed| Right::Kept(packed.kept())),
            Packing::Bf16 => PackedMatrix::floats(b, |packed| Right::Halves(packed.halves())),
            Packing::Int8 => PackedInt8::new(b).map(|packed| PackedMatrix(Kept::Whole(packed))),
        }
    }

    /// One in f32 for some products, in memory that is used again.
    ///
    /// # Panics
    /// As [`PackedMatrix::new`].
    pub fn for_now(b: MatRef<f32>) -> Option<PackedMatrix> {
        assert!(b.extent() <= b.data.len(), "PackedMatrix: the operand is too short");
        PackedMatrix::floats(b, Right::Packed)
    }

    fn floats(b: MatRef<f32>, right: fn(Packed) -> Right<'static>) -> Option<PackedMatrix> {
        let packed = Tiles::current().map(|_| Packed::new(b))?;
        Some(PackedMatrix(Kept::Floats([b.rows, b.cols], right(packed))))
    }
}

/// `out = a b + bias` by an operand that was packed before: for one in f32 the bits of [`gemm_parallel`], for one in bf16 those of
/// [`gemm_parallel`] with it rounded, and for whole numbers [`gemm_int8`].
///
/// # Panics
/// As [`gemm_parallel`], or if rows of `a` are not contiguous.
pub fn gemm_packed(a: MatRef<f32>, b: &PackedMatrix, bias: Option<&[f32]>, out: &mut [f32]) {
    match &b.0 {
        Kept::Floats(dims, right) => {
            let add_to = bias.map_or(AddTo::Zero, AddTo::Row);
            in_pieces(
                a,
                *dims,
                |_| right,
                add_to,
                out,
                |a, b, out, cols| {
                    // SAFETY: the pieces are as `in_pieces` promises, and `b` was checked when it was packed.
                    unsafe { f32::product(a, b, add_to, out, cols) }
                },
            );
        }
        Kept::Whole(b) => gemm_int8(a, b, bias, out),
    }
}
