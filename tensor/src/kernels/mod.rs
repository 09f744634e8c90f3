//! The loops. Kernels take slices and dimensions, never a tensor, and write contiguous results.
//!
//! Each states what it computes as a naive twin, which is its oracle in the tests. Work is shared as
//! [`threads`](crate::threads) describes, so that results are the same bits for any number of threads. The
//! only `unsafe` code of the project is here.

pub mod attention;
pub mod block;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod fold;
pub mod gather;
pub mod gemm;
pub mod isa;
pub mod layer_norm;
mod pages;
pub mod peak;
pub mod reduce;
pub mod simd;
pub mod softmax;
pub mod trim;
