//! Chapter 4, an operation and its vjp: a forward pass, and right under it the way back.
//!
//! **Aim:** add an operation of your own, and derive its gradient without ever writing down a Jacobian.
//!
//! # What goes back
//!
//! An operation takes a tensor `x` and makes a tensor `out` of it. Its derivative is a matrix, the Jacobian: how each
//! number of `out` changes with each of `x`. For a layer of a Transformer that is millions by millions, and nobody
//! wants it. What backward needs is less: it has the gradient of `out`, call it `g`, and wants that of `x`:
//!
//! ```text
//! grad_x[i] = sum over o of g[o] * d out[o] / d x[i]
//! ```
//!
//! a vector times the Jacobian, in short a *vjp*. For most operations it is a formula as short as the operation's
//! own. Where each number goes its own way, as in `exp`, the Jacobian is a diagonal and the vjp a product, number by
//! number.
//!
//! ```
//! use etudiant::autograd::{Tape, Var};
//! use etudiant::tensor::Tensor;
//!
//! /// `x³`. vjp: `grad_x = g * 3x²`.
//! fn cube(x: &Var) -> Var {
//!     let value = x.value().clone();  // one of its own for the way back; no numbers are copied
//!     Var::record("cube", &[x], x.value().powi(3), move |g, grads| {
//!         grads.add(0, || g.mul(&value.powi(2).mul_scalar(3.0)));  // to input 0
//!     })
//! }
//!
//! let x = Tape::new().var(Tensor::from([1.0, -2.0]));
//! let gradients = cube(&x).sum(.., false).backward();
//! assert_eq!(gradients.get(&x), Some(&Tensor::from([3.0, 12.0])));
//! ```
//!
//! [`Var::record`](autograd::Var::record) takes a name, the inputs, the result, and the vjp as a closure. (`move`
//! hands `value` over to it.) There is no way to record an operation without one. The inner closure `|| ..` is run
//! only if that input wants a gradient.
//!
//! # Three that matter
//!
//! **Softmax** makes numbers positive and their sum 1: `out = e^x / sum of e^x`. Every result depends on every input,
//! and yet:
//!
//! ```text
//! d out[o] / d x[i] = out[o] ((1 if o = i, else 0) - out[i])
//! grad_x[i]         = g[i] out[i] - (sum over o of g[o] out[o]) out[i]
//! grad_x            = out * (g - sum of g * out)
//! ```
//!
//! ```
//! use etudiant::autograd::Tape;
//! use etudiant::tensor::Tensor;
//!
//! let x = Tape::new().var(Tensor::from([1.0, 2.0, 3.0]));
//! let (p, g) = (x.softmax(-1), Tensor::from([1.0, 0.0, -1.0]));
//! // sum of g * out; `true` keeps the axis, of length 1
//! let weighed = g.mul(p.value()).sum(.., true);
//! let expected = p.value().mul(&g.sub(&weighed));
//! // backward, with the gradient of the result given
//! let found = p.backward_with(g).take(&x).unwrap();
//! assert!((&found - &expected).powi(2).sum(.., false).item() < 1e-30);
//! // push all inputs up alike, and nothing changes
//! assert!(found.sum(.., false).item().abs() < 1e-15);
//! ```
//!
//! **A matrix product** `out = a b` reads `a[i, l]` once for each column j of `b`, and multiplies it by `b[l, j]`. So
//! its gradient is the sum over j of `g[i, j] b[l, j]`: `grad_a = g bᵀ`, and likewise `grad_b = aᵀ g`. If you forget,
//! let the shapes remind you; there is one way to put `[m, n]` and `[k, n]` together that gives `[m, k]`.
//!
//! **A broadcast** repeats a number. Each copy gets a gradient, and what is repeated gets their sum. So the *bias* of
//! a layer, a vector that is added to every row, gets the sum over rows:
//!
//! ```
//! # use etudiant::{autograd::{Tape, Var}, tensor::Tensor};
//! let bias = Tape::new().var(Tensor::from([0.0, 0.0]));
//! let rows = Var::constant(Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
//! let g = Tensor::from([[1.0, 0.0], [1.0, 0.0], [1.0, 2.0]]);
//! assert_eq!((rows + &bias).backward_with(g).take(&bias), Some(Tensor::from([3.0, 2.0])));
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch04.svg")]
//!
//! # What to keep
//!
//! Memory in training is what the vjps keep. `exp` keeps its result, because `e^x` is its own derivative; a sum keeps
//! nothing; a product keeps both factors, but each only if the other wants a gradient
//! ([`Var::save_for`](autograd::Var::save_for)). Dropout ([chapter 12](super::ch12_beyond)) keeps the seed of its
//! random numbers and draws them again. Attention ([chapter 7](super::ch07_attention)) computes its weights again,
//! because they would be the largest thing of all.
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch04_vjp.rs`; `cargo run --example exercises -- 4` says which are solved.
//!
//! 1. `softplus`: `ln(1 + e^x)`, a smooth `max(0, x)`, with its vjp.
//! 2. `matmul_vjp`: both gradients of a matrix product.
//! 3. `log_softmax_vjp`: derive it as that of softmax was.
//!
//! # Read on
//!
//! [`autograd::ops`] has the table of all operations: formula, vjp, file. Begin with `autograd/src/ops/unary.rs`,
//! then `autograd/src/ops/linear.rs`, where a gradient is added in place where others have arrived before it
//! ([`InputGradients::accumulate`](autograd::InputGradients::accumulate)), then
//! [`Var::layer_norm`](autograd::Var::layer_norm), whose doc comment derives a harder one. The arithmetic of a vjp is
//! the tensor crate's, such as [`softmax_vjp`](tensor::ops::softmax::softmax_vjp).
//!
//! Next: [how we know that a gradient is right](super::ch05_gradcheck).
