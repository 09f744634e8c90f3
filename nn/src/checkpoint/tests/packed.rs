//! Matrices in smaller numbers.

use super::*;
use crate::checkpoint::{from_bytes, to_bytes_packed};
use tensor::Packing;

fn model() -> NamedTensors {
    let mut tensors = NamedTensors::new("test");
    let normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, Seed::new(3), DType::F32);
    tensors.insert("matrix", normal(&[7, 33]));
    tensors.insert("bias", normal(&[7]));
    tensors.insert("transposed", normal(&[5, 4]).transpose(0, 1));
    tensors.insert("empty", normal(&[0, 4]));
    tensors.insert("exact", normal(&[2, 2]).to_dtype(DType::F64));
    tensors
}

#[test]
fn what_is_read_is_what_was_rounded_and_rounds_to_itself() {
    let tensors = model();
    let whole = to_bytes_packed(&tensors, &BTreeMap::new(), Packing::F32).unwrap();
    assert_eq!(whole, to_bytes(&tensors, &BTreeMap::new()).unwrap());
    for packing in [Packing::Bf16, Packing::Int8] {
        let bytes = to_bytes_packed(&tensors, &BTreeMap::new(), packing).unwrap();
        let read = from_bytes("packed", &bytes).unwrap().tensors;
        assert_eq!(read.len(), tensors.len());
        for (name, tensor) in tensors.iter() {
            let is_matrix = tensor.rank() == 2 && tensor.dtype() == DType::F32;
            let expected = if is_matrix { tensor.rounded(packing) } else { tensor.clone() };
            assert_eq!(read.get(name), Some(&expected), "{name} in {packing}");
        }
        assert_eq!(to_bytes_packed(&read, &BTreeMap::new(), packing).unwrap(), bytes, "written again");
        assert!(bytes.len() < whole.len());
    }
}

#[test]
fn a_changed_byte_of_a_scale_or_a_whole_number_is_found() {
    let bytes = to_bytes_packed(&model(), &BTreeMap::new(), Packing::Int8).unwrap();
    for position in (0..bytes.len()).rev().step_by(5).take(60) {
        let mut bytes = bytes.clone();
        bytes[position] ^= 4;
        assert!(matches!(from_bytes("packed", &bytes), Err(Error::Damaged { .. })), "byte {position}");
    }
}

#[test]
fn a_name_that_scales_would_have_too_is_refused() {
    let mut tensors = model();
    tensors.insert("matrix.scale", Tensor::from([1.0f32]));
    let problem = to_bytes_packed(&tensors, &BTreeMap::new(), Packing::Int8).unwrap_err().to_string();
    assert!(problem.contains("two tensors would be named `matrix.scale`"), "{problem}");
    assert!(to_bytes_packed(&tensors, &BTreeMap::new(), Packing::Bf16).is_ok());
}

#[test]
fn whole_numbers_without_their_scales_are_refused() {
    let file = |header: &str, numbers: &[u8]| {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
    };
    let alone = file(r#"{"x":{"dtype":"I8","shape":[1,2],"data_offsets":[0,2]}}"#, &[1, 255]);
    let message = from_bytes("x", &alone).unwrap_err().to_string();
    assert!(
        message.contains("tensor `x`: it has dtype I8, which is read where its scales stand beside it"),
        "{message}"
    );
    for (shape, scales) in [("[1,2]", "[2]"), ("[2]", "[2]"), ("[2,1]", "[1,2]")] {
        let header = format!(
            r#"{{"x":{{"dtype":"I8","shape":{shape},"data_offsets":[0,2]}},"x.scale":{{"dtype":"F32","shape":{scales},"data_offsets":[2,10]}}}}"#
        );
        let message = from_bytes("x", &file(&header, &[0; 10])).unwrap_err().to_string();
        assert!(message.contains("its scales are f32"), "{shape} {scales}: {message}");
    }
}
