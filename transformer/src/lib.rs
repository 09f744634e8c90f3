//! The encoder-decoder Transformer of *Attention Is All You Need* (Vaswani et al. 2017): the model, its
//! batches, its training and its search.
//!
//! ```
//! use nn::{Adam, Noam};
//! use tensor::{DType, Seed};
//! use transformer::{Config, Pair, TrainOptions, Trainer, Transformer, VocabSizes};
//! use transformer::search::{MaxLen, greedy::greedy};
//!
//! // Two sentences of a language with the words 3, 4, 5, <eos> = 2, translated word by word.
//! let pairs = [Pair { src: vec![3, 4], tgt: vec![4, 3, 2] }, Pair { src: vec![5], tgt: vec![5, 2] }];
//! let config = Config::toy(VocabSizes::Separate { src: 6, tgt: 6 });
//! let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! let schedule = Noam { factor: 0.2, d_model: config.architecture.d_model, warmup_steps: 20 };
//! let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default())?;
//! for epoch in 0..60 {
//!     trainer.train_epoch(&pairs, epoch, |_| std::ops::ControlFlow::Continue(()))?;
//! }
//! let found = greedy(&trainer.model, &trainer.params, &[vec![3, 4], vec![5]], MaxLen::default())?;
//! assert_eq!((&found[0].ids, &found[1].ids), (&pairs[0].tgt, &pairs[1].tgt));
//! # Ok::<(), transformer::Error>(())
//! ```
//!
//! It knows ids and no text: words and subwords are the crate `text`'s, and the two meet in the crate `translate`.
//!
//! Where to read, from the whole to its parts: [`model`] (Figure 1 of the paper), then its [`layers`]. Then how it
//! learns: [`data`] makes batches, [`mod@train`] takes steps; and how it speaks: [`search`], [`align`]. Models
//! trained in PyTorch: [`import`].
//!
//! # Looking inside
//!
//! A context with a [`Trace`](nn::Trace) hands over what the model computes on the way, whatever it is used for. The
//! lessons `e07_residual_and_norm` and `e09_decoding` look at a model so.
//!
//! ```
//! use std::cell::RefCell;
//!
//! use autograd::Var;
//! use nn::{Context, Trace};
//! # use {tensor::{DType, Seed}, transformer::{Batch, Config, Pair, Transformer, VocabSizes}};
//!
//! #[derive(Default)]
//! struct Seen(RefCell<Vec<(String, Var)>>);
//!
//! impl Trace for Seen {
//!     fn record(&self, path: &str, value: &Var) {
//!         self.0.borrow_mut().push((path.to_string(), value.clone()));
//!     }
//! }
//!
//! # let config = Config::toy(VocabSizes::Shared(6));
//! # let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! # let batch = Batch::new([&Pair { src: vec![3, 4, 5], tgt: vec![4, 3, 2] }], config.decoder_start, 0)?;
//! let seen = Seen::default();
//! let logits = model.forward(&Context::inference(&params).with_trace(&seen), &batch)?;
//! let (last, value) = seen.0.borrow().last().unwrap().clone();
//! assert_eq!((last.as_str(), value.shape()), ("logits", logits.shape()));
//! # Ok::<(), transformer::Error>(())
//! ```
//!
//! A trace that [wants gradients](nn::Trace::wants_gradients) is told those too when backward has found them, and one that
//! [wants parameters](nn::Trace::wants_parameter) sees these under their own names. Training is watched by
//! [`Trainer::train_step_traced`]. What the model does not hold whole, the scores and weights of attention and in training
//! the logits, is computed for the trace apart: looking changes no bit.
//!
//! | path | what | shape |
//! |---|---|---|
//! | `encoder.tokens`, `.positions` | what is added up at the bottom | `[batch, src_len, d_model]`, `[src_len, d_model]` |
//! | `encoder.embedded` | their sum, which enters the first layer | `[batch, src_len, d_model]` |
//! | `encoder.layers.0.self_attn.query`, `.key`, `.value` | the projections; a head has d_head columns of each | `[batch, src_len, d_model]` |
//! | `encoder.layers.0.self_attn.scores`, `.scaled_scores`, `.masked_scores` | Q K^T, times the scale, with minus infinity where nothing may be seen | `[batch, n_heads, src_len, src_len]` |
//! | `encoder.layers.0.self_attn.weights` | their softmax: who attends to whom | `[batch, n_heads, src_len, src_len]` |
//! | `encoder.layers.0.self_attn.context`, `.out` | the heads side by side, before and after W^O | `[batch, src_len, d_model]` |
//! | `encoder.layers.0.residual1.out`, `norm1.out` | around the first sublayer: the sum, and what comes out of the norm | `[batch, src_len, d_model]` |
//! | `encoder.layers.0.pre_activation`, `.hidden` | inside the feed-forward network, before and after the nonlinearity | `[batch, src_len, d_ff]` |
//! | `encoder.layers.0.residual2.out`, `norm2.out` | around the second | `[batch, src_len, d_model]` |
//! | `encoder.layers.0.out` | what the layer gives | `[batch, src_len, d_model]` |
//! | `encoder.norm.out` | where the stack ends with a norm | `[batch, src_len, d_model]` |
//! | `decoder.` and the same | with tgt_len for src_len, `cross_attn` as the second sublayer of three, and its keys and values of src_len | |
//! | `hidden`, `logits` | what comes out at the top, and its scores for all words | `[batch, tgt_len, d_model]`, `[batch, tgt_len, vocab_size]` |

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod align;
pub mod config;
pub mod data;
pub mod error;
pub mod import;
pub mod layers;
pub mod model;
pub mod search;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod train;

pub use config::{
    Activation, Architecture, Config, DecoderStart, NormPlacement, Positions, TieEmbeddings, VocabSizes,
};
pub use data::batch::{Batch, Pair, TokenBatch};
pub use data::stream::BatchStream;
pub use error::Error;
pub use model::Transformer;
pub use train::evaluate::evaluate;
pub use train::options::TrainOptions;
pub use train::trainer::{StepReport, Trainer};
