//! The figures of *The Illustrated Transformer* (Alammar 2018), drawn from the numbers of a real model, forward and
//! backward.
//!
//! A [`Recording`] is what happened: the values of a pass and their gradients, the steps of a training, the candidates
//! of a search. [`record`](mod@record) makes one of a model; it is one JSON file that any program can read. The
//! [`figures`] are functions from a recording to SVG, and the [`report`] is a page of them that opens offline.
//!
//! Where to read: [`recording`] says what is recorded, [`look`] how numbers become pictures, [`figures`] has a file for
//! each picture; [`terminal`] has those that are text. [`origins`](mod@origins) says how every number is made of others.

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod error;
pub mod figures;
pub mod look;
pub mod origins;
pub mod record;
pub mod recording;
pub mod report;
pub mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use error::Error;
pub use recording::Recording;
