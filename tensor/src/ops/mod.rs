//! Operations on tensors, one file per operation or close family. An operation has one name: the
//! method, the file and what the autograd tape prints.

pub mod arithmetic;
pub mod attention;
pub mod compare;
pub mod cross_entropy;
pub mod dropout;
pub mod gather;
pub mod join;
pub mod layer_norm;
pub mod linear;
pub mod masked_softmax;
pub mod matmul;
pub mod reduce;
pub mod select;
pub mod softmax;
pub mod unary;
