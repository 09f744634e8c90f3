//! Chapter 7, attention: how a word takes from other words what it needs.
//!
//! **Aim:** build attention from two matrix products and a softmax, and recognise it in one fused operation.
//!
//! # Three vectors for a word
//!
//! A sentence is a matrix `x`, `[len, d_model]`: a row of numbers for each word. Three matrices make three vectors of
//! each: a *query*, what it looks for, a *key*, what it is found by, and a *value*, what it gives. The product of a
//! query with a key is a score. A softmax over the keys turns scores into weights, which are positive and sum to 1,
//! and the word takes the values in these parts (Vaswani et al. 2017, §3.2.1):
//!
//! ```
//! use etudiant::tensor::{DType, Seed, Tensor};
//!
//! let seed = Seed::new(1);
//! let random = |name| Tensor::normal([3, 4], 0.0, 1.0, seed.derive(name), DType::F64);
//! // in a model x times a matrix each; here random, [3, 4]: three words
//! let [query, key, value] = ["query", "key", "value"].map(random);
//! // [3, 3]; row: who asks, column: who is asked
//! let scores = query.matmul(&key.transpose(0, 1));
//! let weights = scores.mul_scalar(0.5).softmax(-1);  // [3, 3]; 0.5 is 1 / sqrt(4)
//! let context = weights.matmul(&value);              // [3, 4]
//! let sums = weights.sum(-1, false);                 // rows sum to one; columns need not
//! assert!((0..3).all(|row| (sums.at(&[row]) - 1.0).abs() < 1e-15));
//! # assert_eq!(context.shape(), [3, 4].into());
//! ```
//!
//! Nothing here is chosen by hand but the shapes: training finds the matrices, and with them who looks at whom. Nor
//! does anything make a word attend to itself most; a query meets the key of its own word as it meets any other.
//!
//! # Why divide by the root
//!
//! A score is a sum of `d` products. If the numbers are of size 1, so is each product, and their sum is of size
//! `sqrt(d)`: 8 for 64. Softmax of such numbers gives nearly all to one word, and where it does, it passes hardly any
//! gradient, for `out * (g - ..)` is small when `out` is nearly 0 or nearly 1 ([chapter 4](super::ch04_vjp)).
//!
//! ```
//! # use etudiant::tensor::{DType, Seed, Tensor};
//! # let seed = Seed::new(1);
//! let random = |name| Tensor::normal([2000, 64], 0.0, 1.0, seed.derive(name), DType::F64);
//! // 2000 scores of 64 products
//! let scores = random("query").mul(&random("key")).sum(-1, false);
//! let deviation = scores.variance(.., false).item().sqrt();
//! assert!((deviation - 8.0).abs() < 0.5);
//! let (raw, scaled) = (Tensor::from([8.0, 0.0, -8.0]), Tensor::from([1.0, 0.0, -1.0]));
//! assert!(raw.softmax(-1).at(&[0]) > 0.999 && scaled.softmax(-1).at(&[0]) < 0.67);
//! ```
//!
//! # Heads
//!
//! One softmax can look at one thing. So queries, keys and values are cut into heads, of 64 columns each in the
//! paper, and each head attends for itself. The heads do not slice the input: each column of a query is made of all
//! of `x`. What is cut are the columns of the result, and a head in memory is a view: the same rows, starting further
//! to the right. What the heads took is put side by side again, `[len, d_model]`, and a fourth matrix mixes it.
//!
//! Masks say who may attend to whom. True means "may". The decoder's causal mask lets a word see itself and all
//! before it.
//!
//! All of this is one operation, with one vjp. It never holds the weights of all heads at once:
//!
//! ```
//! use etudiant::autograd::Var;
//! use etudiant::tensor::ops::attention::{AttentionSpec, attention_weights};
//! use etudiant::tensor::{DType, Mask, Seed, Tensor};
//!
//! // [batch, len, d_model]: a batch of one sentence, three words, two heads of 4 columns
//! let x = Tensor::normal([1, 3, 8], 0.0, 1.0, Seed::new(1), DType::F64);
//! let mask = Mask::causal(3);
//! let spec = AttentionSpec { n_heads: 2, scale: 0.5, mask: Some(&mask), dropout: None };
//! let var = Var::constant(x.clone());
//! let fused = var.attention(&var, &var, &spec).into_value();  // [1, 3, 8]
//!
//! let head = x.squeeze(0).slice(1, 4..8);               // [3, 4]: the second head, a view
//! let scores = head.matmul(&head.transpose(0, 1));
//! // scaled by 0.5; what the mask keeps out gets 0
//! let by_hand = scores.masked_softmax(0.5, Some(&mask)).matmul(&head);  // [3, 4]
//! let difference = &fused.squeeze(0).slice(1, 4..8) - &by_hand;
//! assert!(difference.powi(2).sum(.., false).item() < 1e-28);
//! // head 1: word 0 sees nothing of word 2
//! assert_eq!(attention_weights(&x, &x, &spec).at(&[0, 1, 0, 2]), 0.0);
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch07.svg")]
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch07_attention.rs`; `cargo run --example exercises -- 7` says which are solved.
//!
//! 1. `attention`: the whole, for one head.
//! 2. `causal`: who may attend to whom.
//! 3. `heads`: the columns of a matrix as heads, without a copy.
//!
//! # Read on
//!
//! [`MultiHeadAttention`](transformer::layers::attention::MultiHeadAttention) is the layer: four projections around
//! [`Var::attention`](autograd::Var::attention), whose doc comment has the vjp. What is computed for a tile of
//! queries, and again on the way back, stands in `tensor/src/kernels/attention.rs` and the files below it.
//! [`masks`](transformer::layers::masks) has the two masks of the model. The lesson `e02_attention` goes through the
//! six steps of *The Illustrated Transformer* with numbers to check in your head, `e05_heads` shows two heads that
//! look at different words, `e08_masks` what a mask keeps out.
//!
//! Next: [positions](super::ch08_positions).
