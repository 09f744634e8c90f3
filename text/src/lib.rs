//! Text: parallel corpora, what a word is, subwords, vocabularies. It leads from files to ids and back, and knows no
//! model.
//!
//! ```
//! use text::{TextModel, TextSettings};
//! let pairs = [("Je suis étudiant.", "I am a student."), ("Merci !", "Thanks!")];
//! let text = TextModel::learn(&TextSettings { vocab_size: 300, ..Default::default() }, pairs.into_iter())?;
//! let encoded = text.encode_tgt("I am a student.");
//! assert_eq!(text.decode(&encoded.ids), "I am a student.");
//! # Ok::<(), text::Error>(())
//! ```
//!
//! Where to read: [`corpus`] reads files into pairs of sentences; [`text_model`] is learned from them, by the rules of
//! [`settings`]; below it lie [`words`] (what a word is), [`invisible`] (what no reader sees), [`vocabulary`] (words and
//! their numbers) and [`special`] (the four numbers that are no words). [`statistics`] and [`scripts`] say whether an input is written as the training text
//! was. A lesson needs no more than a [`Vocabulary`].

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod corpus;
pub mod error;
pub mod invisible;
pub mod scripts;
pub mod settings;
pub mod special;
pub mod statistics;
pub mod text_model;
pub mod vocabulary;
pub mod words;

pub use corpus::{Corpus, CorpusFiles, ReadOptions, TextPair};
pub use error::Error;
pub use scripts::Script;
pub use settings::{Normalisation, TextKind, TextSettings};
pub use special::Special;
pub use statistics::TextStatistics;
pub use text_model::TextModel;
pub use vocabulary::{Encoded, Vocabulary, VocabularyLimits};
