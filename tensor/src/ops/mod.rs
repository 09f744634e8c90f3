//! Operations on tensors, one file per operation or close family. An operation has one name: the
//! method, the file and what the autograd tape prints.

pub mod arithmetic;
pub mod compare;
pub mod join;
pub mod linear;
pub mod matmul;
pub mod reduce;
pub mod select;
pub mod unary;
