//! A strided CPU tensor: shapes, views, broadcasting and rayon-parallel kernels. It knows nothing of
//! gradients; the `autograd` crate differentiates what this one computes.
//!
//! ```
//! use tensor::{DType, Seed, Tensor};
//!
//! let x = Tensor::normal([2, 3], 0.0, 1.0, Seed::new(1), DType::F32);
//! let weight = Tensor::from([[1.0f32, 0.0, 1.0], [0.0, 2.0, 0.0]]);  // [2, 3]
//! let y = x.matmul(&weight.transpose(0, 1));                         // [2, 2]
//! let probabilities = y.softmax(-1);
//! assert!((probabilities.sum(.., false).item() - 2.0).abs() < 1e-6);
//! println!("{probabilities:.2}");
//! ```
//!
//! Where to read: a [`Tensor`] is storage with a shape and strides ([`mod@tensor`]); views change those
//! ([`view`]); operations ([`ops`]) check shapes, make room for the result and call a loop of
//! `kernels/`, which are this crate's own affair. Random numbers come from named streams ([`random`]).
//!
//! Results are the same, bit for bit, for any number of threads ([`threads`]).

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod clock;
pub mod create;
pub mod display;
pub mod element;
mod kernels;
pub mod mask;
pub mod ops;
pub mod packing;
pub mod pool;
pub mod precision;
pub mod random;
pub mod shape;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod tensor;
#[cfg(test)]
mod testing;
pub mod threads;
pub mod view;

pub use element::{DType, Element};
#[doc(hidden)]
pub use kernels::simd::widest; // what `simd!` calls
pub use kernels::trim::trim;
pub use kernels::{isa, peak};
pub use mask::Mask;
pub use packing::Packing;
pub use precision::Precision;
pub use random::Seed;
pub use shape::{Axes, MAX_RANK, Shape};
pub use tensor::Tensor;
