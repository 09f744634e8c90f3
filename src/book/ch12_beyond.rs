//! Chapter 12, speed, and the rest: what made it fast, what the article leaves out, and where to go from here.
//!
//! **Aim:** know what separates a model that is right from one that is used.
//!
//! # What made it fast
//!
//! Gains are of training steps on two cores, of the paper's base model if nothing else is said. `docs/performance.md`
//! has the tables, how they were measured, and what did not help.
//!
//! | idea | where | what it gave |
//! |---|---|---|
//! | the multiply-add is kept busy | [chapter 2](super::ch02_multiply_add) | nearly all of it: products are most of the step |
//! | logits never whole | [`linear_cross_entropy`](autograd::Var::linear_cross_entropy) | room for 32,000 words and long batches |
//! | attention in tiles, weights computed twice | [`attention`](autograd::Var::attention) | memory grows with the length, not its square |
//! | memory is used again | [`tensor::pool`] | 1.15 times as fast |
//! | vectors in every loop | `tensor/src/kernels/simd.rs` | `relu` and its vjp 10 times, Adam 1.85 times as fast |
//! | halves of a batch, a tape each | [`TrainOptions`](transformer::TrainOptions) | small models 1.1 times as fast |
//! | what was said is remembered | [`DecoderState`](transformer::layers::cache::DecoderState) | a step of decoding reads one word |
//!
//! None of it may change what is computed. So each fast form has a plain one beside it that it is held to:
//!
//! ```
//! use etudiant::autograd::Tape;
//! use etudiant::tensor::{DType, Seed, Tensor};
//!
//! let tape = Tape::new();
//! let random = |shape: [usize; 2], name| {
//!     tape.var(Tensor::normal(shape, 0.0, 1.0, Seed::new(1).derive(name), DType::F64))
//! };
//! let (hidden, weight) = (random([4, 8], "hidden"), random([5, 8], "weight"));
//! let labels = [0, 3, 1, 4];
//! let fused = hidden.linear_cross_entropy(&weight, None, &labels, 0.1).loss;
//! let composed = hidden.linear(&weight, None).cross_entropy(&labels, 0.1).loss;
//! assert!((fused.item() - composed.item()).abs() < 1e-14);
//! let (fused, composed) = (fused.backward(), composed.backward());
//! let difference = fused.get(&weight).unwrap() - composed.get(&weight).unwrap();
//! assert!(difference.powi(2).sum(.., false).item() < 1e-28);
//! ```
//!
//! And none of it may depend on how many threads there are. Sums of rounded numbers depend on their order, so the
//! order is decided by the size of a problem alone: every chunk is summed by one thread, and chunks are added in
//! their order.
//!
//! ```
//! let numbers = [1.0f32, 1e8, -1e8, 1.0];
//! assert_eq!(numbers.iter().sum::<f32>(), 1.0);    // ((1 + 1e8) - 1e8) + 1
//! assert_eq!((1.0f32 + 1e8) + (-1e8 + 1.0), 0.0);  // in two halves: another sum
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch12.svg")]
//!
//! # What the article leaves out
//!
//! - **Where training starts.** Matrices from [`Init::XavierUniform`](nn::Init::XavierUniform), so that the size of
//!   numbers survives a product; and a learning rate that rises before it falls.
//! - **Dropout.** In training a share of the numbers is set to 0 and the rest made larger, at every step others, so
//!   that no number relies on one neighbour ([`Dropout`](nn::Dropout)).
//! - **Ties.** The table of words below and the matrix above are one matrix where the languages share their words:
//!   fewer parameters, and a gradient from both ends ([`TieEmbeddings`](transformer::TieEmbeddings)).
//! - **Subwords.** A word that was never seen is spelt from pieces that were ([`text`]).
//! - **The mean of checkpoints.** The paper's results are of the mean of the last few ([`Average`](nn::Average)).
//! - **How good it is.** BLEU compares with human translations by what they share, and numbers of two BLEUs must not
//!   be compared: a [`signature`](translate::metrics::signature) says which it is.
//! - **Norms first.** Deep models since put the norm in front of each sublayer
//!   ([`NormPlacement::Pre`](transformer::NormPlacement::Pre)).
//! - **What attention weights mean.** Less than it looks. They say where a layer looks, not what a word hangs on; the
//!   lesson `e09_decoding` shows a case.
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch12_beyond.rs`; `cargo run --example exercises -- 12` says which are solved.
//!
//! 1. `sum_in_chunks`: a sum whose bits do not depend on the number of threads.
//! 2. `dropout`: given the random numbers.
//! 3. `clipped_matches`: the heart of BLEU, how many words two sentences share.
//!
//! # Read on
//!
//! You have seen every crate from its door. What next?
//!
//! - Train on text of your own: `docs/training.md`.
//! - See the numbers of a run behind the article's figures: `cargo run --release --example je_suis_etudiant --
//!   --report toy.html`.
//! - Add an operation, a layer, an option: `CONTRIBUTING.md` has the order of work, and `docs/testing.md` what will
//!   be asked of it.
//! - Find where things are: `docs/ARCHITECTURE.md`; and why they are so: `docs/adr/`.
