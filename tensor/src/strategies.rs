//! Random tensors, shapes and masks for property tests, as strategies of [proptest](https://docs.rs/proptest).
//! Needs the feature `proptest`.
//!
//! A property of an operation has to hold for every rank, for axes of length 0 and 1, for operands that
//! broadcast, and for every way in which the same numbers can stand in memory. Nobody writes all of these down
//! by hand; the strategies of this module draw them, and when a case fails they shrink it to the smallest that
//! still does: axes become 1 and 0 long or go away, numbers become zero, a view becomes plain row-major memory.
//!
//! # A property in ten lines
//!
//! ```
//! use proptest::prelude::*;
//! # use proptest::test_runner::RngSeed;
//! use tensor::strategies::{numbers, shapes, tensors};
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn a_softmax_sums_to_one(x in tensors(shapes(1..=4), numbers())) {
//!         let p = x.softmax(-1);
//!         prop_assert_eq!(&p, &x.contiguous().softmax(-1)); // however x stands in memory
//!         for sum in p.sum(-1, false).to_f64_vec() {
//!             prop_assert!(x.dim(-1) == 0 || (sum - 1.0).abs() < 1e-12);
//!         }
//!     }
//! }
//! # a_softmax_sums_to_one();
//! ```
//!
//! Operands whose shapes have to fit are drawn together, as an array:
//!
//! ```
//! # use proptest::{prelude::*, test_runner::RngSeed};
//! use tensor::strategies::{broadcastable_shapes, integers, operands};
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn addition_commutes([x, y] in operands(broadcastable_shapes(), integers())) {
//!         prop_assert_eq!(&x + &y, &y + &x);
//!     }
//! }
//! # addition_commutes();
//! ```
//!
//! # Choices that do not wait for the shape
//!
//! The obvious way to draw a tensor is in two steps, the shape and then as many numbers as it has elements
//! (`prop_flat_map`). Such cases shrink badly: with each change of the first step the second is drawn anew,
//! and the failure is lost. So here everything is drawn at once, and put together when all of it is known:
//!
//! | drawn | becomes | when told |
//! |---|---|---|
//! | [`Filling`]: numbers and a layout | a [`Tensor`](crate::Tensor) | its shape: [`Filling::tensor`] |
//! | [`Pattern`]: a kind of mask | a [`Mask`](crate::Mask) | its shape: [`Pattern::mask`] |
//! | [`Narrowing`]: axes to give up | a shape that broadcasts to another | that other: [`Narrowing::of`] |
//! | [`AxisChoice`]: a number | an axis, or several | the shape: [`AxisChoice::axis`], [`AxisChoice::axes`] |
//!
//! An operation with demands of its own takes these and `prop_map`:
//!
//! ```
//! # use proptest::prelude::*;
//! use tensor::strategies::{axis_choices, fillings, numbers, shapes};
//!
//! // A tensor with one of its axes.
//! let cases = (shapes(1..=3), axis_choices(), fillings(numbers()))
//!     .prop_map(|(shape, choice, filling)| (filling.tensor(shape), choice.axis(shape)));
//! # let _ = cases;
//! ```
//!
//! Tensors are f64; [`Layout::of`] gives the numbers of another dtype a layout.

mod filling;
mod layout;
mod masks;
mod shapes;
#[cfg(test)]
mod tests;

pub use filling::{Filling, fillings, integers, numbers, numbers_in, operands, tensors};
pub use layout::{Layout, layouts};
pub use masks::{Pattern, PatternKind, masks, patterns};
pub use shapes::{
    AxisChoice, MAX_LEN, Narrowing, axis_choices, broadcastable_shapes, lengths, matmul_shapes, narrowings,
    shapes,
};
