//! Reverse-mode automatic differentiation on a tape.
//!
//! A [`Tape`] records the operations that ran; a [`Var`] is a value with its place on the tape;
//! [`Var::backward`] walks the tape from its end and returns the [`Gradients`].
//!
//! ```
//! use autograd::Tape;
//! use tensor::Tensor;
//!
//! let tape = Tape::new();
//! let w = tape.var(Tensor::from([[1.0, -2.0], [3.0, 0.5]]));   // [2, 2]
//! let x = tape.var(Tensor::from([[2.0], [1.0]]));              // [2, 1]
//! let loss = w.matmul(&x).relu().sum(.., false);               // [[0], [6.5]] summed
//!
//! let gradients = loss.backward();
//! assert_eq!(gradients.get(&w), Some(&Tensor::from([[0.0, 0.0], [2.0, 1.0]])));
//! assert_eq!(gradients.get(&x), Some(&Tensor::from([[3.0], [0.5]])));
//! ```
//!
//! # Where to read
//!
//! 1. `tape.rs`: what is recorded, and why a list; where a vjp, a vector-Jacobian product, puts gradients.
//! 2. `var.rs`: a value and its place on the tape.
//! 3. `record.rs`: how an operation is recorded with its vjp.
//! 4. `backward.rs`: the chain rule, as one loop of a dozen lines.
//! 5. [`ops`]: the table of all operations; each is one function, the vjp right under the forward pass.
//! 6. [`gradcheck`](mod@gradcheck): how we know that the vjps are right.
//!
//! Tests aside, each imports only from those further up the list; an operation also from other operations.
//!
//! A tape can be told to look at more on the way (`tape/watch.rs`): where the first NaN came from ([`NonFinite`]), and
//! where the time goes ([`profile`](mod@profile)). What it finds is defined in files that import nothing of this crate.
//!
//! # Decisions
//!
//! Gradients are returned, not stored in the variables: there is nothing to zero between steps and no
//! interior mutability in parameters. Each vjp runs once and is used up, so memory falls while backward
//! runs; differentiating twice means recording twice. Gradients are tensors, not variables: there are no
//! second derivatives.

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod backward;
pub mod gradcheck;
mod non_finite;
mod operators;
pub mod ops;
pub mod profile;
pub mod record;
pub mod tape;
#[cfg(test)]
mod testing;
pub mod var;
mod wrong_shape;

pub use backward::Gradients;
pub use gradcheck::{Gradcheck, GradcheckFailure, GradcheckReport, assert_gradients, gradcheck};
pub use non_finite::NonFinite;
pub use ops::cross_entropy::{CrossEntropy, LossStats};
pub use profile::Profile;
pub use record::Saved;
pub use tape::{InputGradients, Tape};
pub use var::Var;
pub use wrong_shape::WrongShape;
