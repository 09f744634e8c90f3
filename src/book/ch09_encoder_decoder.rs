//! Chapter 9, encoder and decoder: the whole model, from parts that you know.
//!
//! **Aim:** name every part of the model, with its shape and its parameters.
//!
//! # Around every sublayer
//!
//! A layer is two or three *sublayers*, attention and a small network. None of them replaces what it is given; it
//! adds to it. Then the sum is normalised (§3.1):
//!
//! ```text
//! x  ->  LayerNorm(x + Sublayer(x))
//! ```
//!
//! A sum hands its gradient on to both its parts whole ([chapter 3](super::ch03_backward)), so through the `x +` a
//! gradient reaches the lowest layer however many stand above. The norm brings each word's vector to mean 0 and
//! variance 1, so that the next sublayer sees numbers of the size it is used to:
//!
//! ```
//! use etudiant::tensor::{DType, Tensor};
//!
//! // mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5
//! let x = Tensor::from([[1.0, 2.0, 3.0, 6.0]]);
//! // A scale and an offset, which are learned.
//! let (gamma, beta) = (Tensor::ones([4], DType::F64), Tensor::zeros([4], DType::F64));
//! let out = x.layer_norm(&gamma, &beta, 0.0).out;  // the 0 is eps, added to the variance
//! assert!((out.at(&[0, 3]) - 3.0 / 3.5f64.sqrt()).abs() < 1e-15);
//! ```
//!
//! # The parts
//!
//! | part | sublayers | attends to |
//! |---|---|---|
//! | encoder layer | self-attention, feed-forward | all words of the source |
//! | decoder layer | self-attention | the words said so far |
//! | | cross-attention | the words of the source, as the *top* encoder layer gives them |
//! | | feed-forward | nothing: each position goes through alone |
//!
//! The feed-forward network is `max(0, x W1 + b1) W2 + b2`, wider inside than outside. At the top a matrix gives each
//! vector a score for each word of the vocabulary, the *logits*. At the bottom of each stack words are looked up in a
//! table, and their places added. To the model a word is a number, its *id* in the vocabulary; one id, `<eos>`, is
//! the end of a sentence, and another, `<bos>`, what the decoder reads before the first word.
//!
//! ```
//! use etudiant::nn::Context;
//! use etudiant::tensor::{DType, Seed};
//! use etudiant::transformer::{Batch, Config, Pair, Transformer, VocabSizes};
//!
//! // d_model 64, two layers each
//! let config = Config::toy(VocabSizes::Separate { src: 6, tgt: 9 });
//! let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! let pair = Pair { src: vec![3, 4, 5], tgt: vec![8, 7, 6, 5, 2] };  // ids; 2 is <eos>
//! // sentences side by side; a shorter one would be filled up with 0
//! let batch = Batch::new([&pair], config.decoder_start, 0)?;
//! let cx = Context::inference(&params);
//! let memory = model.encode(&cx, &batch.src)?;         // the encoder's word on the source
//! assert_eq!(memory.states.shape(), [1, 3, 64].into());  // [batch, src_len, d_model]
//! let hidden = model.read(&cx, &memory, &batch.tgt_in)?;
//! assert_eq!(hidden.shape(), [1, 5, 64].into());       // [batch, tgt_len, d_model]
//! // [batch, tgt_len, vocab_size]
//! assert_eq!(model.logits(&cx, &hidden).shape(), [1, 5, 9].into());
//! # Ok::<(), etudiant::transformer::Error>(())
//! ```
//!
//! How many parameters that makes follows from a few sizes. The paper's base model, with some 37,000 pieces of words
//! that both languages share:
//!
//! ```
//! use etudiant::transformer::{Config, VocabSizes};
//!
//! let base = Config::base(VocabSizes::Shared(37_000));
//! assert_eq!(base.n_parameters(), 63_045_632);
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch09.svg")]
//!
//! # All positions at once
//!
//! In training the decoder reads the whole target, shifted by one place, and says at every position what comes next.
//! The causal mask keeps it honest: what is said at a position does not depend on what comes later, not even in its
//! last bit.
//!
//! ```
//! # use etudiant::nn::Context;
//! # use etudiant::tensor::{DType, Seed};
//! # use etudiant::transformer::{Batch, Config, Pair, Transformer, VocabSizes};
//! # let config = Config::toy(VocabSizes::Shared(9));
//! # let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! let logits = |tgt: &[u32]| -> Result<_, etudiant::transformer::Error> {
//!     let pair = Pair { src: vec![3, 4, 5], tgt: tgt.to_vec() };
//!     let batch = Batch::new([&pair], config.decoder_start, 0)?;
//!     // [1, tgt_len, vocab_size]
//!     Ok(model.forward(&Context::inference(&params), &batch)?.into_value())
//! };
//! // the third word differs
//! let (one, other) = (logits(&[8, 7, 6, 2])?, logits(&[8, 7, 3, 2])?);
//! // it is read at the fourth position
//! assert_eq!(one.slice(1, 0..3), other.slice(1, 0..3));
//! assert_ne!(one.slice(1, 3..4), other.slice(1, 3..4));
//! # Ok::<(), etudiant::transformer::Error>(())
//! ```
//!
//! So all positions are trained in one pass, and what was computed for a word stays true when the next one is said.
//! That is what makes decoding quick ([chapter 11](super::ch11_decoding)).
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch09_encoder_decoder.rs`; `cargo run --example exercises -- 9` says which are solved.
//!
//! 1. `layer_norm`: of one row.
//! 2. `residual`: around a sublayer, the norm behind it as in the paper, or in front as in most models since.
//! 3. `n_parameters`: of one encoder layer.
//!
//! # Read on
//!
//! [`Transformer`](transformer::Transformer) is Figure 1 of the paper; read [`transformer::model`], then
//! [`Encoder`](transformer::layers::encoder::Encoder), [`Decoder`](transformer::layers::decoder::Decoder),
//! [`Residual`](transformer::layers::residual::Residual) and
//! [`FeedForward`](transformer::layers::feed_forward::FeedForward), a page each.
//! [`Architecture`](transformer::Architecture) lists what can be chosen. To see every number on the way, in your own
//! model, give the context a [`Trace`](nn::Trace): [looking inside](transformer#looking-inside). The lesson
//! `e07_residual_and_norm` measures how much of a gradient arrives at the lowest layer.
//!
//! Next: [loss and training](super::ch10_training).
