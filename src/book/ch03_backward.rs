//! Chapter 3, the chain rule as a loop: all derivatives of one number, in one walk over a list.
//!
//! **Aim:** read `backward`, which is a dozen lines, and know why it needs no more.
//!
//! # By hand
//!
//! Take `out = (w x + b) w`. A computer does it in steps, and each step is so simple that its derivatives are known:
//!
//! ```text
//! product = w * x          d product / d w = x        d product / d x = w
//! sum     = product + b    d sum / d product = 1      d sum / d b = 1
//! out     = sum * w        d out / d sum = w          d out / d w = sum
//! ```
//!
//! Write `grad v` for the derivative of `out` with respect to `v`. We know `grad out = 1`. From there go back: who
//! was read by a step gets a share, the step's own gradient times the derivative of the step. Whoever is read by
//! several steps gets several shares, and they add up. That is the whole chain rule.
//!
//! The order matters in one way only: before a step hands on its gradient, it must have all of it, from all who read
//! it. But whoever reads a result runs after it was computed. So write down the steps as they run, and walk that list
//! from its end:
//!
//! ```
//! /// A step: the places of its two inputs, and the derivative with respect to each.
//! struct Step { inputs: [usize; 2], slopes: [f64; 2] }
//!
//! let (w, x, b) = (3.0, 2.0, -1.0);                 // places 0, 1, 2
//! let product = w * x;                              // place 3: 6
//! let sum = product + b;                            // place 4: 5
//! let tape = [
//!     Step { inputs: [0, 1], slopes: [x, w] },
//!     Step { inputs: [3, 2], slopes: [1.0, 1.0] },
//!     Step { inputs: [4, 0], slopes: [w, sum] },    // place 5: out = 15
//! ];
//! let mut grad = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0];    // grad out = 1
//! for (i, step) in tape.iter().enumerate().rev() {  // from the end; i is 2, 1, 0
//!     for (place, slope) in step.inputs.iter().zip(step.slopes) {
//!         grad[*place] += grad[3 + i] * slope;
//!     }
//! }
//! // w gets 6 from product and 5 from out
//! assert_eq!(grad, [11.0, 9.0, 3.0, 3.0, 3.0, 1.0]);
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch03.svg")]
//!
//! # By the engine
//!
//! A [`Tape`](autograd::Tape) is that list. A [`Var`](autograd::Var) is a value with its place on it.
//!
//! ```
//! use etudiant::autograd::Tape;
//! use etudiant::tensor::Tensor;
//!
//! let tape = Tape::new();
//! let [w, x, b] = [3.0, 2.0, -1.0].map(|number| tape.var(Tensor::scalar(number)));
//! let out = (&w * &x + &b) * &w;  // computes 15, and writes down three steps
//! assert_eq!(tape.summary(), "\
//! %0  leaf  []
//! %1  leaf  []
//! %2  leaf  []
//! %3  mul   []  of %0, %1
//! %4  add   []  of %3, %2
//! %5  mul   []  of %4, %0
//! ");
//! let gradients = out.backward();
//! let found = [&w, &x, &b].map(|var| gradients.get(var).unwrap().item());
//! assert_eq!(found, [11.0, 9.0, 3.0]);
//! ```
//!
//! (A *leaf* was given, not computed; `[]` is the shape of a single number; `.item()` is that number.)
//!
//! The values are tensors, and the derivative of a step is something that can be applied to a gradient, a *vjp*,
//! rather than a number ([chapter 4](super::ch04_vjp)). All else is as above. A few things to notice:
//!
//! - **A list, no graph.** It is in order already, so nothing has to be sorted; nothing calls itself, so a chain of a
//!   million operations is no deeper than one of three.
//! - **Gradients are returned**, as [`Gradients`](autograd::Gradients). There is nothing to set to zero before the
//!   next step.
//! - **Only numbers with a tape are recorded.** [`Var::constant`](autograd::Var::constant) has none: it wants no
//!   gradient, and what is made of constants alone costs nothing.
//! - **Memory falls while it runs.** A step frees what it kept as soon as it has handed on its gradient. So a second
//!   `backward` through the same steps panics and says to record again.
//! - **The price.** Each step back is about as much work as one or two forward, however many numbers want a gradient.
//!   That is why it is possible to train 63 million.
//!
//! To cut a gradient there is one way, and one can see it in the code:
//!
//! ```
//! # use etudiant::{autograd::Tape, tensor::Tensor};
//! # let tape = Tape::new();
//! let x = tape.var(Tensor::scalar(3.0));
//! let y = &x * x.detach();                                // as if it were x * 3
//! assert_eq!(y.backward().get(&x).unwrap().item(), 3.0);  // and not 2x = 6
//! ```
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch03_backward.rs`; `cargo run --example exercises -- 3` says which are solved.
//!
//! 1. `by_hand`: the three derivatives of `(w x + b)²`, on paper.
//! 2. `backward`: the loop, for a tape of any length.
//! 3. `half_the_gradient`: a value with half the gradient that it should have.
//!
//! # Read on
//!
//! [`Var::backward`](autograd::Var::backward) in `autograd/src/backward.rs`: find the loop, `run_backward`. Then
//! `autograd/src/tape.rs`, what stands on a tape, and [`InputGradients::add`](autograd::InputGradients::add), where
//! the `+=` of our loop is. [`Var::record`](autograd::Var::record) is how a step gets onto the tape. The lesson
//! `e01_backward` does what this chapter did once more, with every gradient beside the one computed by hand.
//!
//! Next: [an operation and its vjp](super::ch04_vjp).
