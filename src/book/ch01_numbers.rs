//! Chapter 1, numbers and views: what a derivative is for, and how a tensor keeps many numbers.
//!
//! **Aim:** ask of one number how it should change, and find any of many in memory.
//!
//! # One number
//!
//! A model is numbers, and a loss says in one more number how wrong they are. Learning is to change them so that the
//! loss falls. Which way, and how much? That is what a derivative answers. Move the number a little to either side:
//!
//! ```
//! fn loss(w: f64) -> f64 {
//!     (3.0 * w - 6.0).powi(2)             // smallest at w = 2
//! }
//!
//! let (w, h) = (1.0, 1e-5);
//! let slope = (loss(w + h) - loss(w - h)) / (2.0 * h);
//! assert!((slope - -18.0).abs() < 1e-8);  // by hand: 2 (3w - 6) 3 = -18
//! let better = w - 0.05 * slope;          // a step against the slope
//! assert!(loss(w) == 9.0 && loss(better) < 0.1);
//! ```
//!
//! The slope is negative: the loss falls as `w` grows, so `w` should grow. A step against the slope takes the loss
//! from 9 to 0.09. Nothing more happens in training; there is only more of it. The paper's base model has 63 million
//! numbers ([chapter 9](super::ch09_encoder_decoder) counts them). To move each of them a little would take 126
//! million losses for one step. [Chapter 3](super::ch03_backward) finds all those slopes for about the price of three
//! losses.
//!
//! # Many numbers
//!
//! A [`Tensor`](tensor::Tensor) is numbers in a row in memory, and a way to walk them: a *shape*, the length of each
//! axis, and *strides*, how far apart in memory neighbours along each axis stand.
//!
//! ```
//! use etudiant::tensor::Tensor;
//!
//! let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]); // shape [2, 3]
//! assert_eq!(x.strides(), [3, 1].into());  // a row further is 3 numbers further
//! assert_eq!(x.at(&[1, 2]), 6.0);          // the number at 1 * 3 + 2 * 1 = 5
//!
//! let t = x.transpose(0, 1);               // shape [3, 2]
//! assert_eq!(t.strides(), [1, 3].into());  // two numbers swapped, nothing copied
//! assert_eq!(t.at(&[2, 1]), 6.0);          // at 2 * 1 + 1 * 3 = 5 again
//! ```
//!
//! Such a second look at the same numbers is a *view*. A slice begins elsewhere, at an *offset*. A broadcast repeats
//! numbers, as NumPy does, without having them twice: its stride is 0.
//!
//! ```
//! # use etudiant::tensor::Tensor;
//! # let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
//! let last = x.slice(1, 2..3);               // [2, 1]: the third column
//! assert_eq!((last.strides(), last.at(&[1, 0])), ([3, 1].into(), 6.0));
//!
//! let row = Tensor::from([10.0, 20.0, 30.0]).broadcast_to([2, 3]);
//! assert_eq!(row.strides(), [0, 1].into());  // the next row is the same row
//! assert_eq!(&x + &row, Tensor::from([[11.0, 22.0, 33.0], [14.0, 25.0, 36.0]]));
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch01.svg")]
//!
//! # A tensor is a value
//!
//! Cloning a tensor copies no numbers, and yet nobody can change yours: who writes while others look gets a copy
//! first.
//!
//! ```
//! # use etudiant::tensor::Tensor;
//! let x = Tensor::from([1.0, 2.0]);
//! let mut y = x.clone();      // the same numbers in the same place
//! y.mul_scalar_assign(10.0);  // now y has its own
//! assert_eq!((x.at(&[0]), y.at(&[0])), (1.0, 10.0));
//! ```
//!
//! The numbers are `f32` to train, because twice as many fit into a register, and `f64` to check gradients ([chapter
//! 5](super::ch05_gradcheck)). Which of the two, its [`DType`](tensor::DType), is known when the program runs and is
//! no part of the type, so that a layer's signature reads as in the paper.
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch01_numbers.rs`; `cargo run --example exercises -- 1` says which are solved.
//!
//! 1. `slope`: the derivative of any function of one number, by a difference to both sides.
//! 2. `place`: where in memory does an element stand?
//! 3. `outer`: the products of all pairs of two vectors, by views and one multiplication.
//!
//! # Read on
//!
//! [`Tensor`](tensor::Tensor) itself is four fields and how to ask for them. [`Shape`](tensor::Shape) is a short list
//! of lengths; [`Tensor::reshape`](tensor::Tensor::reshape) and its neighbours in `tensor/src/view.rs` are a few
//! lines each, for all they change are those lists. [`tensor::create`] makes tensors, and draws random ones from a
//! [`Seed`](tensor::Seed): every random number of the project comes from (seed, name), so that a run can be repeated.
//!
//! Next: [the multiply-add](super::ch02_multiply_add).
