//! **étudiant**: the Transformer of *The Illustrated Transformer* and *Attention Is All You Need* (Vaswani et
//! al. 2017), from scratch: a tensor, a hand-written reverse-mode autograd engine, layers, optimizers, the
//! whole encoder-decoder, its training and its search.
//!
//! **New to it? Read [the book](book)**: twelve short chapters along the source, from one number and its derivative to a
//! translator, with code that runs, figures and exercises.
//!
//! ```
//! use etudiant::autograd::Tape;
//! use etudiant::tensor::Tensor;
//!
//! let tape = Tape::new();
//! let x = tape.var(Tensor::from([1.0, 2.0, 3.0]));
//! let p = x.softmax(-1);                                    // [0.09, 0.24, 0.67]
//! let loss = -p.slice(0, 2..3).log().sum(.., false);        // cross-entropy against class 2
//! let gradients = loss.backward();
//! // The gradient of a cross-entropy with respect to its logits is p - y.
//! let expected = p.value() - &Tensor::from([0.0, 0.0, 1.0]);
//! let error = (gradients.get(&x).unwrap() - &expected).powi(2).sum(.., false).item();
//! assert!(error < 1e-30);
//! ```
//!
//! # The crates
//!
//! | crate | what it knows |
//! |---|---|
//! | [`tensor`] | shapes, strides, kernels, random streams; nothing of gradients |
//! | [`autograd`] | variables, the tape, every operation with its vjp, backward, gradcheck; no layer |
//! | [`nn`] | parameters, layers, initialisers, optimizers, schedules, checkpoints |
//! | [`transformer`] | the model, masks, positions, batches, training, search; ids, and no text |
//! | [`text`] | parallel corpora, words, subwords, vocabularies; no model |
//! | [`translate`] | one file that translates: [`Translator`](translate::Translator), scores, alignments, BLEU |
//! | [`illustrated`] | recordings of a run, the article's figures drawn from them, the report |
//!
//! Each uses only those above it. On top of them stands the command `etudiant` (the folder `cli/`), which trains on
//! parallel text and translates: `docs/training.md` in the repository.
//!
//! A program that translates needs the model file and this (the example `e04_translate` makes a file first):
//!
//! ```no_run
//! use etudiant::translate::Translator;
//!
//! let translator = Translator::open("runs/numbers/model.safetensors")?;
//! println!("{}", translator.translate(&["quatre-vingt-dix-sept"])?[0]);
//! # Ok::<(), etudiant::translate::Error>(())
//! ```
//!
//! # Features
//!
//! - `proptest`: strategies for random tensors, masks and batches, to test operations of your own.
//!
//! # Where to go
//!
//! - To learn how it works, from the beginning: [the book](book).
//! - To see it work: `cargo run --release --example je_suis_etudiant`.
//! - To read one crate: [`autograd`] says in which order to read its files, and so do [`nn`] and [`transformer`], whose
//!   front page trains a model in ten lines.
//! - To look inside a model while it computes: [`transformer`](transformer#looking-inside) lists what can be seen.
//! - To check a gradient of your own: [`autograd::gradcheck`](mod@autograd::gradcheck).
//! - To find what happens where, file by file: `docs/ARCHITECTURE.md` in the repository.
//!
//! # The operations
//!
//! Every operation has its formula, its vjp and its file in the table of [`autograd::ops`].

pub mod book;

pub use autograd;
pub use illustrated;
pub use nn;
pub use tensor;
pub use text;
pub use transformer;
pub use translate;

/// The README's examples compile and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
