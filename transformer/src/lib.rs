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
