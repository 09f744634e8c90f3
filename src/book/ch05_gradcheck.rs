//! Chapter 5, how we know that a gradient is right: hold it to the definition of the derivative.
//!
//! **Aim:** check any gradient in one line, and know what the answer is worth.
//!
//! # A mistake that nobody sees
//!
//! A wrong gradient does not crash. The loss falls all the same, only less, and a week later somebody wonders. So
//! each vjp is compared with what it claims to be. Here someone forgot the inner derivative of `(2x)²`:
//!
//! ```
//! use etudiant::autograd::{Var, gradcheck};
//! use etudiant::tensor::Tensor;
//!
//! fn square_of_double(x: &Var) -> Var {
//!     let doubled = x.value().mul_scalar(2.0);
//!     Var::record("square_of_double", &[x], doubled.powi(2), move |g, grads| {
//!         // times 2 once more is missing
//!         grads.add(0, || g.mul(&doubled).mul_scalar(2.0));
//!     })
//! }
//!
//! let inputs = [Tensor::from([1.0, -3.0])];
//! // v: the inputs, as variables
//! let checked = gradcheck("square_of_double", &inputs, |v| square_of_double(&v[0]));
//! let said = checked.unwrap_err().to_string();
//! assert!(said.contains("is -12 by backward but -24 by central differences"));
//!
//! let report = gradcheck("by the engine", &inputs, |v| (&v[0] * 2.0).powi(2)).unwrap();
//! // Two results by two inputs; two of these derivatives are truly 0.
//! assert_eq!((report.compared(), report.certified()), (4, 2));
//! ```
//!
//! # How small a step?
//!
//! The difference to both sides, `D(h) = (f(x + h) - f(x - h)) / 2h`, is wrong in two ways. The function bends: by
//! Taylor's series `D(h) = f' + f''' h²/6 + ..`, so that error falls with h². And numbers are rounded: `f` is known
//! to some 16 digits, and dividing by a small `h` makes the error of the last one large. So there is a best `h`, and
//! it is not the smallest:
//!
//! ```
//! let slope = |h: f64| ((1.0 + h).exp() - (1.0 - h).exp()) / (2.0 * h);  // of e^x at 1
//! let error = |h: f64| (slope(h) - 1f64.exp()).abs();
//! assert!(error(1e-1) > 1e-3);                                           // bends
//! assert!(error(1e-5) < 1e-9);
//! assert!(error(1e-11) > 1e-7);                                          // rounds
//!
//! // takes the h² away as well
//! let four_points = |h: f64| (4.0 * slope(h) - slope(2.0 * h)) / 3.0;
//! assert!((four_points(1e-3) - 1f64.exp()).abs() < 1e-11);
//! ```
//!
//! `D(2h)` has four times the bend's error of `D(h)`; the right mixture of both has none, and what is left falls with
//! h⁴. That is the rule [`gradcheck`](fn@autograd::gradcheck) uses, in f64, with a step near 1e-3. In f32, with 7
//! digits, one could hardly tell a slightly wrong gradient from a right one: this is what `f64` is there for.
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch05.svg")]
//!
//! # What a check can miss
//!
//! - **Corners.** `relu`, which is `max(0, x)`, has no derivative at 0. Random numbers hardly ever hit it, numbers
//!   chosen by hand often do. [`Gradcheck::kink`](autograd::Gradcheck::kink) names such places, and inputs are moved
//!   away from them.
//! - **Nothing compared.** If all gradients are 0 the check would pass and mean nothing. So it counts what it
//!   *certified*, compared and found right and not 0, and an input whose gradient vanishes everywhere is a failure
//!   unless you say that it may.
//! - **One shape.** Right for `[2, 3]` may be wrong for an empty tensor, a transposed or a broadcast one. Here every
//!   operation is tried on 256 random cases (`docs/testing.md`); with the feature `proptest` so can yours be.
//! - **Size.** The Jacobian of a large function is not walked number by number. Random directions `v` are compared
//!   instead: one number, `gradient · v`, against one difference along `v`. A wrong gradient agrees with all of them
//!   by a miracle only.
//!
//! # A whole layer
//!
//! The same, by the names of the parameters, for anything that is computed with them ([chapter
//! 6](super::ch06_learning) says what these lines make):
//!
//! ```
//! use etudiant::autograd::{Gradcheck, Var};
//! use etudiant::nn::{LayerNorm, Linear, ParamBuilder, Params, gradcheck_params};
//! use etudiant::tensor::{DType, Seed, Tensor};
//!
//! let mut params = Params::new(DType::F64);
//! let mut builder = ParamBuilder::new(&mut params, Seed::new(1));
//! let linear = Linear::new(&mut builder.scope("linear"), 3, 4, true);
//! let norm = LayerNorm::new(&mut builder.scope("norm"), 4, 1e-5);
//! let x = Var::constant(Tensor::normal([2, 3], 0.0, 1.0, Seed::new(2), DType::F64));
//! let report = gradcheck_params(&Gradcheck::new(), "norm of linear", &params, None, |cx| {
//!     norm.forward(cx, &linear.forward(cx, &x))
//! })
//! .unwrap();
//! assert!(report.worst_relative_error() < 1e-8);
//! ```
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch05_gradcheck.rs`; `cargo run --example exercises -- 5` says which are solved.
//!
//! 1. `four_points`: the rule above, for any function.
//! 2. `mended`: a vjp with a mistake in it; find it, by thought or by check.
//! 3. `along`: the derivative along a direction, from two losses however many numbers there are.
//!
//! # Read on
//!
//! [`autograd::gradcheck`](mod@autograd::gradcheck) is the guide, and [`Gradcheck`](autograd::Gradcheck) what can be
//! told to a check. `autograd/src/gradcheck/numeric.rs` has the four points.
//! [`assert_gradients!`](autograd::assert_gradients!) is the whole in one line. The tests in `tests/planted_bugs/`
//! are about the checks themselves: mistakes that people make, each of which has to be found. The lesson
//! `e03_gradcheck` shows an operation, a mistake, a corner and a whole model.
//!
//! Next: [parameters and optimizers](super::ch06_learning).
