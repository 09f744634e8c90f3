//! The tensors of a file that is to be written: in what numbers, and under which names.
//!
//! In memory a tensor is f32 or f64. In a file a matrix may be smaller, as [`Packing`] has it: in bf16 under its own name; in
//! whole numbers of a byte, and beside it the scales of its rows, under its name and [`SCALE`].

use std::io;

use safetensors::tensor::Dtype;
use tensor::{DType, Packing, Tensor, dispatch};

use super::numbers::{LittleEndian, write_bf16, write_i8};
use crate::named::NamedTensors;

/// What follows the name of a matrix of whole numbers in that of its scales.
pub(super) const SCALE: &str = ".scale";

/// A tensor in a file.
pub(super) struct Entry {
    pub name: String,
    pub dtype: Dtype,
    /// Its numbers, which the dtype holds.
    pub tensor: Tensor,
}

/// The tensors as they stand in a file whose matrices are packed so.
pub(super) fn entries(tensors: &NamedTensors, packing: Packing) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, tensor) in tensors.iter() {
        let is_packed = tensor.rank() == 2 && tensor.dtype() == DType::F32;
        let mut push = |name: String, dtype, tensor| entries.push(Entry { name, dtype, tensor });
        let whole = (packing == Packing::Int8 && is_packed).then(|| tensor.whole_numbers()).flatten();
        match (whole, tensor.dtype()) {
            (Some((whole, scales)), _) => {
                push(name.into(), Dtype::I8, whole);
                push(format!("{name}{SCALE}"), Dtype::F32, scales);
            }
            (None, DType::F32) if packing == Packing::Bf16 && is_packed => {
                push(name.into(), Dtype::BF16, tensor.rounded(packing));
            }
            (None, DType::F32) => push(name.into(), Dtype::F32, tensor.clone()),
            (None, DType::F64) => push(name.into(), Dtype::F64, tensor.clone()),
        }
    }
    entries
}

impl Entry {
    /// The bytes of a number.
    pub fn number_len(&self) -> usize {
        match self.dtype {
            Dtype::F64 => 8,
            Dtype::BF16 => 2,
            Dtype::I8 => 1,
            _ => 4,
        }
    }
}

/// The bytes of all tensors, a block at a time. With each comes the position of its tensor.
pub(super) fn for_each_block(
    entries: &[Entry],
    mut visit: impl FnMut(usize, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    const BLOCK: usize = 1 << 16; // elements
    let mut bytes = Vec::new();
    for (position, Entry { dtype, tensor, .. }) in entries.iter().enumerate() {
        let tensor = tensor.contiguous();
        dispatch!(tensor.dtype(), T => for block in tensor.data::<T>().chunks(BLOCK) {
            match dtype {
                Dtype::BF16 => write_bf16(block, &mut bytes),
                Dtype::I8 => write_i8(block, &mut bytes),
                _ => LittleEndian::write(block, &mut bytes),
            }
            visit(position, &bytes)?;
        });
    }
    Ok(())
}

/// The matrix of these whole numbers and scales.
///
/// # Errors
/// Why they make none.
pub(super) fn joined(mut whole: Tensor, scales: Option<&Tensor>) -> Result<Tensor, String> {
    let scales = scales.ok_or_else(|| {
        format!("it has dtype I8, which is read where its scales stand beside it, as NAME{SCALE}; F64, F32, F16 and BF16 are read; convert it")
    })?;
    let (shape, found) = (whole.shape(), scales.shape());
    if whole.rank() != 2 || found[..] != shape[..1] || scales.dtype() != DType::F32 {
        let problem = format!("its scales are {} {found}, and its whole numbers {shape}", scales.dtype());
        return Err(format!("{problem}; a matrix has an f32 for each row"));
    }
    let (cols, scales) = (whole.dim(1).max(1), scales.contiguous());
    for (row, scale) in whole.data_mut::<f32>().chunks_mut(cols).zip(scales.data::<f32>()) {
        row.iter_mut().for_each(|x| *x *= scale);
    }
    Ok(whole)
}
