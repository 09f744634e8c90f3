//! Parameters, layers, initialisers, optimizers, learning-rate schedules and checkpoints: what stands between
//! differentiable operations and a model that learns.
//!
//! A line fitted to points, with everything a training loop has:
//!
//! ```
//! use autograd::{Tape, Var};
//! use nn::{Adam, Context, Linear, Optimizer, ParamBuilder, Params};
//! use tensor::{DType, Seed, Tensor};
//!
//! let seed = Seed::new(1);
//! let mut params = Params::new(DType::F32);
//! let line = Linear::new(&mut ParamBuilder::new(&mut params, seed).scope("line"), 1, 1, true);
//! let x = Var::constant(Tensor::from([[-1.0f32], [0.0], [1.0], [2.0]]));
//! let y = Var::constant(Tensor::from([[-5.0f32], [-2.0], [1.0], [4.0]])); // y = 3 x - 2
//!
//! let mut adam = Adam::default();
//! for step in 1..=400 {
//!     let tape = Tape::new();
//!     let cx = Context::training(&params, &tape, seed.derive_index(step));
//!     let error = line.forward(&cx, &x).sub(&y);
//!     let loss = error.mul(&error).mean(.., false);
//!     let gradients = cx.gradients(loss.backward());
//!     adam.step(&mut params, &gradients, 0.05)?;
//! }
//! assert!((params.get(line.weight).item() - 3.0).abs() < 1e-2);
//! assert!((params.get(line.bias.unwrap()).item() + 2.0).abs() < 1e-2);
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! Where to read:
//!
//! 1. [`params`]: the one store of all parameters, and [`layout`], their names and shapes; [`builder`], which
//!    makes both; [`init`].
//! 2. [`context`]: what goes through every forward pass, and how gradients come back ([`gradients`]); who may look on
//!    ([`trace`]).
//! 3. [`layers`]: [`Linear`], [`Embedding`], [`LayerNorm`], [`Dropout`].
//! 4. [`optim`]: rules of a step, [`Adam`] among them, and the [`Average`] of what they found; their learning rates:
//!    [`schedule`].
//! 5. [`gradcheck`](mod@gradcheck): the gradients of all that, against central differences.
//! 6. [`checkpoint`]: named tensors ([`named`]) to a file and back ([`atomic`]).
//!
//! Imports run one way: error <- named, layout <- params <- gradients <- context, builder <- layers; trace <- context.
//! optim needs params and gradients, gradcheck context, checkpoint named and atomic, schedule nothing at all.

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod atomic;
pub mod builder;
pub mod checkpoint;
pub mod context;
pub mod error;
pub mod gradcheck;
pub mod gradients;
pub mod init;
pub mod layers;
pub mod layout;
pub mod named;
pub mod optim;
pub mod params;
pub mod schedule;
pub mod trace;

pub use builder::ParamBuilder;
pub use checkpoint::Checkpoint;
pub use context::Context;
pub use error::Error;
pub use gradcheck::gradcheck_params;
pub use gradients::ParamGradients;
pub use init::Init;
pub use layers::{Dropout, Embedding, LayerNorm, Linear};
pub use layout::{Layout, ParamId};
pub use named::NamedTensors;
pub use optim::{Adam, AdamW, Average, Optimizer, OptimizerState, Rule, Sgd};
pub use params::Params;
pub use schedule::{Constant, Cosine, InverseSqrt, Noam, ReduceOnPlateau, Schedule};
pub use trace::{Scope, Trace};
