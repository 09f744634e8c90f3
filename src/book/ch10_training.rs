//! Chapter 10, loss and training: how wrong a guess is, and a translator that learns.
//!
//! **Aim:** train a Transformer, and explain the number that falls.
//!
//! # How surprised
//!
//! For each position the model gives a probability to every word. The loss is how surprised it is by the right one:
//! `-ln p[label]`. Certain and right: 0. One of six words at random: `ln 6`, about 1.8. That is a *cross-entropy*,
//! and its gradient is the simplest of all, what was said minus what was right:
//!
//! ```
//! use etudiant::autograd::Tape;
//! use etudiant::tensor::Tensor;
//!
//! // one position, three words
//! let logits = Tape::new().var(Tensor::from([[2.0, 0.0, 1.0]]));
//! // the right word is number 2; 0.0: no smoothing, of which below
//! let loss = logits.cross_entropy(&[2], 0.0).loss;
//! let p = logits.value().softmax(-1);
//! assert!((loss.item() - -p.at(&[0, 2]).ln()).abs() < 1e-15);
//!
//! let gradient = loss.backward().take(&logits).unwrap();
//! let expected = &p - &Tensor::from([[0.0, 0.0, 1.0]]);  // p - y
//! assert!((&gradient - &expected).powi(2).sum(.., false).item() < 1e-30);
//! ```
//!
//! (The article says that two distributions are compared by subtracting one from the other. As a loss that would not
//! do; as the gradient of this loss it is exactly right.)
//!
//! The paper *smooths* the labels: 0.9 for the right word, and 0.1 spread over all. A model that is never asked to be
//! certain translates better (§5.4). Such a loss cannot reach 0. What it can reach is the entropy of the smoothed
//! label; for six words that is 0.421, the number at which `je_suis_etudiant` stops falling. So the plain loss is
//! reported beside it.
//!
//! # One place late
//!
//! What should be said at each position is the next word of the target. So the decoder reads the target one place
//! late, and the labels are the target itself. Sentences of one batch are filled up to the same length; what fills
//! them is never read, and does not count.
//!
//! ```
//! use etudiant::transformer::data::batch::IGNORE;
//! use etudiant::transformer::{Batch, DecoderStart, Pair};
//!
//! let i_am = Pair { src: vec![5, 6], tgt: vec![7, 8, 2] };  // "i am <eos>"
//! let thanks = Pair { src: vec![4], tgt: vec![9, 2] };      // "thanks <eos>"
//! let batch = Batch::new([&i_am, &thanks], DecoderStart::Token(1), 0)?; // <bos> is 1
//! assert_eq!(batch.tgt_in.row(0), [1, 7, 8]);
//! assert_eq!(batch.tgt_out, [7, 8, 2, 9, 2, IGNORE]);       // two rows of three
//! assert_eq!(batch.n_labels(), 5);                          // the loss is divided by this
//! # Ok::<(), etudiant::transformer::Error>(())
//! ```
//!
//! # The loop
//!
//! Two sentences, as in the article. It is the loop of [chapter 6](super::ch06_learning);
//! [`Trainer`](transformer::Trainer) makes the batches and does what it says there. Once through all pairs is an
//! *epoch*, here one step.
//!
//! ```
//! use std::ops::ControlFlow;
//! use etudiant::nn::{Adam, Noam};
//! use etudiant::tensor::{DType, Seed};
//! use etudiant::transformer::{Config, Pair, TrainOptions, Trainer, Transformer, VocabSizes};
//!
//! let je_suis = Pair { src: vec![3, 4, 5], tgt: vec![5, 4, 3, 6, 2] };
//! let pairs = [je_suis, Pair { src: vec![6], tgt: vec![7, 2] }];
//! let config = Config::toy(VocabSizes::Separate { src: 7, tgt: 8 });
//! let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! let schedule = Noam { factor: 0.05, d_model: 64, warmup_steps: 20 };
//! let options = TrainOptions { smoothing: 0.0, ..TrainOptions::default() };
//! let mut trainer = Trainer::new(model, Adam::default(), schedule, options)?;
//! let mut losses = vec![];
//! for epoch in 0..64 {
//!     trainer.train_epoch(&pairs, epoch, |step| {
//!         losses.push(step.stats.loss());
//!         ControlFlow::Continue(())  // or Break, to stop
//!     })?;
//! }
//! assert!(losses[0] > 2.0 && losses[63] < 0.001);
//! # Ok::<(), etudiant::transformer::Error>(())
//! ```
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch10.svg")]
//!
//! It has learned two sentences by heart. That is no translation yet: whether it can say what it was not shown is
//! decided by sentences that were held out. `cargo run --release -- train recipes/numbers-fr-en.toml --out
//! runs/numbers` takes two minutes, and then translates the 1,000 numbers of its test, none of which it saw.
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch10_training.rs`; `cargo run --example exercises -- 10` says which are solved.
//!
//! 1. `cross_entropy`: of one row of logits, however large these are.
//! 2. `floor`: what a smoothed loss cannot fall below.
//! 3. `shift_right`: what the decoder reads when it should say the target.
//!
//! # Read on
//!
//! [`Var::cross_entropy`](autograd::Var::cross_entropy), and
//! [`Var::linear_cross_entropy`](autograd::Var::linear_cross_entropy), which is what training calls: the last matrix
//! and the loss in one, so that the logits of all words never stand in memory. [`Batch`](transformer::Batch) has the
//! shift, [`Trainer::train_step`](transformer::Trainer::train_step) the step. What the command `etudiant train` does
//! around it, file by file, is in `docs/ARCHITECTURE.md`; which recipes there are, and what each reaches, in
//! `docs/training.md`.
//!
//! Next: [decoding](super::ch11_decoding).
