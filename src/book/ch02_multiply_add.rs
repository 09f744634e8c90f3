//! Chapter 2, the multiply-add: the one line in which nearly all the time goes, and how it is kept from waiting.
//!
//! **Aim:** say why three loops are enough to be right, and what more it takes to be fast.
//!
//! # Three loops
//!
//! A matrix product is three loops around a multiply-add. This is nearly all that a computer has to do for a
//! Transformer: of a training step of the paper's base model more than nine tenths of the time goes into
//! layers that are such products ([chapter 12](super::ch12_beyond) shows where).
//!
//! ```
//! use etudiant::tensor::Tensor;
//!
//! /// `[m, k] x [k, n] -> [m, n]`, all of them row after row.
//! fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
//!     let mut out = vec![0.0; m * n];
//!     for i in 0..m {
//!         for j in 0..n {
//!             for l in 0..k {
//!                 out[i * n + j] += a[i * k + l] * b[l * n + j];  // the multiply-add
//!             }
//!         }
//!     }
//!     out
//! }
//!
//! let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 1.0, 2.0, 0.0, 3.0]);
//! let by_tensor = Tensor::from_slice(&a, [2, 3]).matmul(&Tensor::from_slice(&b, [3, 2]));
//! assert_eq!(by_tensor.to_vec::<f64>(), product(&a, &b, [2, 3, 2]));
//! ```
//!
//! # Why that is slow
//!
//! A core computes with numbers in its *registers*, some dozens of places. Memory is large and far away; *caches*,
//! small and near, hold what was fetched last, always a line of some neighbouring numbers. A core can do very many
//! multiply-adds in the time that one number takes to come from memory. The loops above read two numbers for each,
//! and walk down a column of `b`, from row to row, so that of each line that the cache fetches one number is used.
//! The arithmetic waits.
//!
//! But there is much to gain: a product of two n x n matrices has n³ multiply-adds and only 2 n² numbers to read.
//! Each number is used n times. The art is to use it often while it is near:
//!
//! - **Registers.** Compute a small block of the result at once, say 6 rows by 16 columns, and keep its sums in
//!   registers. Each step along k reads 6 numbers of `a` and 16 of `b`, and does 96 multiply-adds with them.
//! - **Vectors.** One instruction multiplies and adds 8 numbers of 32 bits, or 16 (on processors with AVX2, or with
//!   AVX-512), if they stand in a row.
//! - **Packing.** So first copy each operand into the order in which it will be read. A copy is n² work, the product
//!   n³. A transpose costs nothing then: the copy reads by strides, whatever they are.
//! - **Caches.** Take so much of k, of the rows and of the columns at a time that the packed parts stay in the
//!   caches.
//! - **Threads.** Cut the result into panels, and give each to a thread. No sum is cut: each element takes its terms in
//!   the same order wherever its panel begins and ends, and results are the same bits with one thread or with 64.
//!
//! The innermost part, with packed operands:
//!
//! ```
//! /// R x C results. At each step along k stand R numbers of `a` and C of `b` in a row.
//! fn block<const R: usize, const C: usize>(
//!     a: &[f64], b: &[f64], k: usize,
//! ) -> [[f64; C]; R] {
//!     let mut sums = [[0.0; C]; R];        // few enough for registers
//!     for l in 0..k {
//!         for i in 0..R {
//!             for j in 0..C {
//!                 sums[i][j] += a[l * R + i] * b[l * C + j];
//!             }
//!         }
//!     }
//!     sums
//! }
//!
//! let a = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];  // [[1, 2, 3], [4, 5, 6]], packed by columns
//! // [[1, 0], [1, 2], [0, 3]]: rows are in order already
//! let b = [1.0, 0.0, 1.0, 2.0, 0.0, 3.0];
//! assert_eq!(block::<2, 2>(&a, &b, 3), [[3.0, 13.0], [9.0, 28.0]]);
//! ```
//!
//! (`const R: usize` makes the size a part of the type: the compiler unrolls the loops and knows what fits.)
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch02.svg")]
//!
//! # Three products for one
//!
//! A linear layer, `y = x Wᵀ`, is one product forward. Its two gradients are two more of the same size, with a
//! transpose here and there, which is a view:
//!
//! ```
//! use etudiant::tensor::{DType, Seed, Tensor};
//!
//! let random = |shape: [usize; 2], name| {
//!     Tensor::normal(shape, 0.0, 1.0, Seed::new(1).derive(name), DType::F32)
//! };
//! // five rows of input; weights are [d_out, d_in]
//! let (x, w) = (random([5, 8], "x"), random([3, 8], "w"));
//! let y = x.matmul(&w.transpose(0, 1));            // [5, 8] x [8, 3] -> [5, 3]
//! let grad_y = random([5, 3], "gradient");
//! let grad_x = grad_y.matmul(&w);                  // [5, 3] x [3, 8] -> [5, 8]
//! let grad_w = grad_y.transpose(0, 1).matmul(&x);  // [3, 5] x [5, 8] -> [3, 8]
//! assert_eq!((grad_x.shape(), grad_w.shape()), (x.shape(), w.shape()));
//! assert_eq!(y.shape(), [5, 3].into());
//! ```
//!
//! So the way back through a layer costs twice what the way forward does; `docs/performance.md` has both, measured.
//! Why these are the gradients is the subject of the next two chapters.
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch02_multiply_add.rs`; `cargo run --example exercises -- 2` says which are solved.
//!
//! 1. `multiply_adds_per_number`: how often is a number used?
//! 2. `pack`: a matrix in the order in which the block reads it.
//! 3. `transposed_product`: `aᵀ b`, without transposing anything.
//!
//! # Read on
//!
//! [`Tensor::matmul`](tensor::Tensor::matmul) checks shapes and turns the dtype into a type;
//! [`Tensor::add_matmul_assign`](tensor::Tensor::add_matmul_assign) adds a product to what is there, as backward
//! does. Both end in `tensor/src/kernels/gemm.rs`: a product as `out = alpha * a b + beta * out` over views, whose
//! head says which loops run on which processor; beside it, `tensor/src/kernels/gemm/panels.rs` has the cut into
//! panels and `tensor/src/kernels/gemm/matrix.rs` a matrix in memory. [`tensor::threads`] is the only door to
//! threads, and [`tensor::peak`] measures how fast multiply-adds could be at best. The long version is Goto and van
//! de Geijn 2008, *Anatomy of High-Performance Matrix Multiplication*.
//!
//! Next: [the chain rule as a loop](super::ch03_backward).
