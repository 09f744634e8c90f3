//! What a header says of sizes: the shapes of tensors, and the memory that they take.

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use tensor::Shape;
use tensor::shape::MAX_RANK;

/// About how many bytes the tensors take in memory: those smaller than f32 become such.
pub(super) fn memory(header: &Metadata, names: &[String]) -> usize {
    let of = |info: &TensorInfo| {
        let len = info.data_offsets.1 - info.data_offsets.0;
        match info.dtype {
            Dtype::I8 => len.saturating_mul(4),
            Dtype::F16 | Dtype::BF16 => len.saturating_mul(2),
            _ => len,
        }
    };
    names.iter().filter_map(|name| header.info(name)).fold(0, |sum, info| sum.saturating_add(of(info)))
}

/// A tensor's shape, or why it cannot be represented.
pub(super) fn shape(info: &TensorInfo) -> Result<Shape, String> {
    if info.shape.len() > MAX_RANK {
        return Err(format!("it has {} axes, at most {MAX_RANK} are supported", info.shape.len()));
    }
    // The number of elements was checked, but of lengths [0, huge, huge] it is 0.
    match info.shape.iter().try_fold(1usize, |numel, &len| numel.checked_mul(len.max(1))) {
        Some(_) => Ok(Shape::from(info.shape.as_slice())),
        None => Err(format!("its shape {:?} overflows", info.shape)),
    }
}
