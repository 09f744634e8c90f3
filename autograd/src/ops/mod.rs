//! The operations: each one function, its vjp right under its forward pass.
//!
#![doc = include_str!("table.md")]
//!
//! # How to add an operation
//!
//! 1. Compute the result from the inputs' values, with operations of [`tensor::Tensor`].
//! 2. Derive the vjp on paper: `grad_x[i] = Σ over o of grad_out[o] * d out[o] / d x[i]`.
//! 3. Save what it needs: [`Var::save_for`] keeps an input only if another one wants a gradient.
//! 4. Hand both to [`Var::record`]; in the vjp, add each input's gradient with
//!    [`InputGradients::add`](crate::InputGradients::add).
//! 5. Hold it to central differences with [`gradcheck`](mod@crate::gradcheck).
//!
//! ```
//! use autograd::{Var, gradcheck};
//! use tensor::Tensor;
//!
//! /// `x * sigmoid(x)`. vjp: `grad_x = grad_out * s (1 + x (1 - s))` with `s = sigmoid(x)`.
//! fn swish(x: &Var) -> Var {
//!     let (value, s) = (x.value().clone(), x.value().sigmoid());
//!     Var::record("swish", &[x], value.mul(&s), move |grad_out, grads| {
//!         grads.add(0, || {
//!             let inner = value.mul(&s.neg().add_scalar(1.0)).add_scalar(1.0);
//!             grad_out.mul(&s).mul(&inner)
//!         });
//!     })
//! }
//!
//! gradcheck("swish", &[Tensor::from([-1.5, 0.0, 2.0])], |v| swish(&v[0])).unwrap();
//! ```
//!
//! One that is to be among these also gets a row in the table and an entry in the registry of the tests; `CONTRIBUTING.md`
//! in the repository has the order of work.

// The table is shown by other crates too, so its links begin with this crate's name.
#[cfg(doc)]
extern crate self as autograd;
#[cfg(doc)]
use crate::var::Var;

pub mod arithmetic;
pub mod attention;
pub mod cross_entropy;
pub mod dropout;
pub mod gather;
pub mod join;
pub mod layer_norm;
pub mod linear;
pub mod linear_cross_entropy;
pub mod matmul;
pub mod reduce;
pub mod select;
pub mod softmax;
pub mod unary;
pub mod views;
