//! Chapter 8, positions: how a word knows where it stands.
//!
//! **Aim:** see what attention cannot see, and read the sines and cosines as the hands of clocks.
//!
//! # A bag of words
//!
//! Attention takes a weighted sum, and a sum does not care for order. Mix up the words, and each gets the very vector
//! that it had before:
//!
//! ```
//! use etudiant::tensor::{DType, Seed, Tensor};
//!
//! /// Each row attends to all. `[len, d] -> [len, d]`
//! fn attend(x: &Tensor) -> Tensor {
//!     x.matmul(&x.transpose(0, 1)).mul_scalar(0.5).softmax(-1).matmul(x)
//! }
//!
//! let x = Tensor::normal([3, 4], 0.0, 1.0, Seed::new(1), DType::F64);
//! let backwards = [2, 1, 0];  // rows in this order
//! let mixed = attend(&x.gather_rows(&backwards));
//! let straight = attend(&x).gather_rows(&backwards);
//! assert!((&mixed - &straight).powi(2).sum(.., false).item() < 1e-28);
//! ```
//!
//! "The dog bites the man" would be "the man bites the dog". So something that depends on the place is added to each
//! word's vector before the first layer.
//!
//! # Clocks
//!
//! The paper adds sines and cosines (§3.5). Columns come in pairs, and each pair is the hand of a clock: `sin` and
//! `cos` of an angle that grows from word to word. The first turns by one radian a word, the next more slowly, the
//! last hardly at all:
//!
//! ```text
//! column 2i     sin(position * frequency)
//! column 2i + 1 cos(position * frequency)     frequency = 10000^(-2i / d_model)
//! ```
//!
//! ```
//! use etudiant::tensor::DType;
//! use etudiant::transformer::layers::positions::interleaved;
//!
//! let table = interleaved(0..3, 4, DType::F64);  // [3, 4]: three places, two clocks
//! let expected = [1f64.sin(), 1f64.cos(), 0.01f64.sin(), 0.01f64.cos()];
//! assert_eq!(table.slice(0, 1..2).to_vec::<f64>(), expected);
//! ```
//!
//! Why clocks? To go k words further is to turn every hand by the same angle, wherever one starts. So the product of
//! two places depends on their distance alone, and a matrix can learn "the word before":
//!
//! ```
//! # use etudiant::tensor::DType;
//! # use etudiant::transformer::layers::positions::interleaved;
//! let table = interleaved(0..40, 64, DType::F64);
//! let products = table.matmul(&table.transpose(0, 1));   // [40, 40]
//! for place in 0..30 {
//!     assert!((products.at(&[place, place + 7]) - products.at(&[0, 7])).abs() < 1e-12);
//! }
//! assert!((products.at(&[0, 0]) - 32.0).abs() < 1e-12);  // 32 hands of length 1
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch08.svg")]
//!
//! # Added, not put beside
//!
//! The next thing that happens to the sum is a matrix, and `(word + place) W = word W + place W`: the matrix can
//! treat the two apart, if it learns to use different directions for them. To put them beside each other would do the
//! same with a wider matrix. For neither to drown the other, word vectors, whose numbers start at a size of `1 /
//! sqrt(d_model)`, are multiplied by `sqrt(d_model)` first, which brings them to size 1, the size of sines.
//!
//! The article says that the model learns this pattern. It does not: nothing in it is trained. It draws two different
//! ones, too. That of the authors' code has all sines in the left half and all cosines in the right, and other
//! frequencies ([`concatenated`](transformer::layers::positions::concatenated)). Places that *are* learned, a row of
//! parameters for each, work as well, the paper says, but end where the table ends
//! ([`Positions::Learned`](transformer::Positions::Learned)).
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch08_positions.rs`; `cargo run --example exercises -- 8` says which are solved.
//!
//! 1. `sinusoid`: one number of the table.
//! 2. `turn`: from the hand of one place to that of another.
//! 3. `similarity`: the product of two places, from their distance alone.
//!
//! # Read on
//!
//! [`positions`](transformer::layers::positions) is one page. [`Embed`](transformer::layers::embed::Embed) looks
//! words up and adds their places; [`Embedding`](nn::Embedding) is the table of words, whose rows are where a
//! gradient ends. The lesson `e06_positions` compares the paper's table with that of the article's figure, digit by
//! digit.
//!
//! Next: [encoder and decoder](super::ch09_encoder_decoder).
