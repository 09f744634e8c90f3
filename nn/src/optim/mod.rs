//! Optimizers: from gradients to new parameters.
//!
//! An optimizer's memory is one or two lists of tensors parallel to the parameters, all zeros until the first
//! step. A step is one pass over the numbers: parameter, gradient and memory are read and written once,
//! chunk by chunk. An element's new value depends on that element alone, so the result is the same for any
//! number of threads.
//!
//! The learning rate is an argument of each step and comes from a [`Schedule`](crate::schedule::Schedule).

mod adam;
mod average;
mod optimizer;
mod sgd;

pub use adam::{Adam, AdamW};
pub use average::Average;
pub use optimizer::{Optimizer, OptimizerState, Rule};
pub use sgd::Sgd;

#[cfg(test)]
mod limits;
#[cfg(test)]
mod tests;
