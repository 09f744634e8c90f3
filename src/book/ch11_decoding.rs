//! Chapter 11, decoding: from probabilities to a sentence.
//!
//! **Aim:** make a trained model speak, and know what each way of asking finds and misses.
//!
//! # One word after the other
//!
//! A trained model gives each next word a probability. *Greedy* decoding says the likeliest, feeds it back, and goes
//! on until the likeliest is `<eos>`. The source is encoded once. What was said is not computed again either: the
//! model remembers keys and values, and each step reads one word.
//!
//! ```
//! # use std::ops::ControlFlow;
//! # use etudiant::nn::{Adam, Context, Noam};
//! # use etudiant::tensor::{DType, Seed};
//! # use etudiant::transformer::search::{MaxLen, greedy::greedy};
//! # use etudiant::transformer::{Config, Pair, TokenBatch, TrainOptions, Trainer, Transformer, VocabSizes};
//! # let pairs = [Pair { src: vec![3, 4, 5], tgt: vec![5, 4, 3, 6, 2] }, Pair { src: vec![6], tgt: vec![7, 2] }];
//! # let config = Config::toy(VocabSizes::Separate { src: 7, tgt: 8 });
//! # let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! # let schedule = Noam { factor: 0.05, d_model: 64, warmup_steps: 20 };
//! # let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default())?;
//! # for epoch in 0..64 {
//! #     trainer.train_epoch(&pairs, epoch, |_| ControlFlow::Continue(()))?;
//! # }
//! let (model, params) = (&trainer.model, &trainer.params);  // trained as in chapter 10
//! let cx = Context::inference(params);
//! let source = vec![3, 4, 5];
//! // a batch of one sentence, nothing to be filled up
//! let memory = model.encode(&cx, &TokenBatch::new(&[&source], 0))?;
//! let mut state = model.begin(&cx, &memory);                // nothing read yet
//! let (mut said, mut next) = (vec![], 1);                   // 1 is <bos>, 2 is <eos>
//! while next != 2 {
//!     // [1, 1, d_model]
//!     let hidden = model.extend(&cx, &mut state, &TokenBatch::new(&[[next]], 0))?;
//!     next = model.logits(&cx, &hidden).value().argmax(-1)[0];  // the likeliest
//!     said.push(next);
//! }
//! assert_eq!(said, [5, 4, 3, 6, 2]);
//! assert_eq!(greedy(model, params, &[source], MaxLen::default())?[0].ids, said);
//! # Ok::<(), etudiant::transformer::Error>(())
//! ```
//!
//! # A beam
//!
//! The likeliest word now may lead to an unlikely sentence. The probability of a sentence is the product of its
//! words', and its logarithm their sum. *Beam search* keeps several unfinished sentences, extends each by every word,
//! and keeps the best again. In the figure greedy decoding says `a` and ends at 0.6 x 0.4 = 0.24; a beam of two also
//! keeps `b`, and finds 0.36.
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch11.svg")]
//!
//! Every further word makes a sentence less likely. So short translations look better than they are, and the more so,
//! the wider the beam. Scores are therefore divided by a power of the length
//! ([`LengthPenalty`](transformer::search::length_penalty::LengthPenalty); the paper takes GNMT's with 0.6):
//!
//! ```
//! use etudiant::transformer::search::length_penalty::LengthPenalty;
//!
//! let score = |log_prob: f64, len, penalty: LengthPenalty| log_prob / penalty.divisor(len);
//! let (short, long) = ((-2.0, 3), (-2.3, 8));     // log-probability, words
//! let none = LengthPenalty::None;
//! assert!(score(short.0, short.1, none) > score(long.0, long.1, none));
//! let gnmt = LengthPenalty::Gnmt { alpha: 0.6 };  // ((5 + len) / 6)^0.6
//! assert!(score(short.0, short.1, gnmt) < score(long.0, long.1, gnmt));
//! ```
//!
//! A third way is to draw each word by its probability ([`sample`](transformer::search::sample::sample)): every time
//! another sentence, now and then a surprising one.
//!
//! # A translator
//!
//! The model knows numbers, not words. [`TextModel`](text::TextModel) knows words. Both together, with the
//! parameters, are a [`Translator`](translate::Translator), one value and one file:
//!
//! ```
//! # use std::ops::ControlFlow;
//! use etudiant::nn::{Adam, Noam};
//! # use etudiant::tensor::{DType, Seed};
//! use etudiant::text::{TextKind, TextModel, TextSettings};
//! # use etudiant::transformer::{Config, TrainOptions, Trainer, Transformer};
//! use etudiant::translate::encode::{EncodedPair, vocab_sizes};
//! use etudiant::translate::{About, Translator};
//!
//! let pairs = [("Je suis étudiant", "I am a student"), ("Merci", "Thanks")];
//! let words = TextKind::Words;
//! let settings = TextSettings { kind: words, joint: false, ..TextSettings::default() };
//! let text = TextModel::learn(&settings, pairs.into_iter())?;
//! let encoded = pairs.map(|(src, tgt)| EncodedPair::encode(&text, src, tgt).pair);
//! let model = Transformer::new(&Config::toy(vocab_sizes(&text)), Seed::new(1), DType::F32)?;
//! let schedule = Noam { factor: 0.05, d_model: 64, warmup_steps: 20 };
//! let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default())?;
//! for epoch in 0..64 {
//!     trainer.train_epoch(&encoded, epoch, |_| ControlFlow::Continue(()))?;
//! }
//! let translator = Translator::new(trainer.model, trainer.params, text, About::default())?;
//! let said = translator.translate(&["Je suis étudiant", "Merci"])?;
//! assert_eq!(said, ["i am a student", "thanks"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! From one number and its slope to here, nothing was left to magic.
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch11_decoding.rs`; `cargo run --example exercises -- 11` says which are solved.
//!
//! 1. `greedy`: over any function that says what may come next.
//! 2. `best`: of several translations, by GNMT's length penalty.
//! 3. `beam`: a beam search, the hardest exercise of the book.
//!
//! # Read on
//!
//! [`transformer::search`], from [`greedy`](transformer::search::greedy::greedy) to
//! [`beam_search`](transformer::search::beam::beam_search), whose module says when a search may stop.
//! [`Transformer::extend`](transformer::Transformer::extend) and
//! [`DecoderState`](transformer::layers::cache::DecoderState) remember what was read.
//! [`Translator::request`](translate::Translator::request) has all that a translator can be asked. The lesson
//! `e09_decoding` watches what each layer looks at while the model speaks.
//!
//! Next: [speed, and the rest](super::ch12_beyond).
