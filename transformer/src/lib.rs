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
//! let schedule = Noam { factor: 0.2, d_model: config.d_model, warmup_steps: 20 };
//! let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default())?;
//! for epoch in 0..60 {
//!     trainer.train_epoch(&pairs, epoch, |_| std::ops::ControlFlow::Continue(()))?;
//! }
//! let found = greedy(&trainer.model, &trainer.params, &[vec![3, 4], vec![5]], MaxLen::default())?;
//! assert_eq!((&found[0].ids, &found[1].ids), (&pairs[0].tgt, &pairs[1].tgt));
//! # Ok::<(), transformer::Error>(())
//! ```
//!
//! Where to read, from the whole to its parts: [`model`] (Figure 1 of the paper), [`encoder`] and [`decoder`]
//! (§3.1), [`residual`] (§3.1, §5.4), [`mod@attention`] (§3.2), [`feed_forward`] (§3.3), [`embed`] (§3.4),
//! [`positions`] (§3.5), [`masks`] (§3.2.3). Then how it learns: [`batch`], [`batch_plan`], `shard.rs`, [`trainer`],
//! [`batch_stream`], [`mod@evaluate`]; and how it speaks: [`search`], [`align`]. From text to ids and back: [`pairs`], [`words`],
//! [`vocabulary`], [`translator`]. Models trained in PyTorch: [`import`].

pub mod align;
pub mod attention;
pub mod batch;
pub mod batch_plan;
pub mod batch_stream;
pub mod config;
pub mod decoder;
pub mod embed;
pub mod encoder;
pub mod error;
pub mod evaluate;
pub mod feed_forward;
pub mod import;
pub mod masks;
pub mod model;
pub mod pairs;
pub mod positions;
pub mod residual;
pub mod search;
mod shard;
pub mod special;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod trainer;
pub mod translator;
pub mod vocabulary;
pub mod words;

pub use batch::{Batch, Pair, TokenBatch};
pub use batch_stream::BatchStream;
pub use config::{Activation, Config, DecoderStart, NormPlacement, TieEmbeddings, VocabSizes};
pub use error::Error;
pub use evaluate::evaluate;
pub use model::Transformer;
pub use positions::Positions;
pub use trainer::{StepReport, TrainOptions, Trainer};
pub use translator::Translator;
pub use vocabulary::Vocabulary;
