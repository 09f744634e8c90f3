//! One file that translates, and everything one does with it.
//!
//! ```no_run
//! use translate::Translator;
//!
//! let translator = Translator::open("runs/numbers/model.safetensors")?;
//! assert_eq!(translator.translate(&["quatre-vingt-dix-sept"])?, ["ninety-seven"]);
//!
//! for found in translator.request().beam(5).n_best(3).align(true).translate(&["vingt et un"])? {
//!     for translation in found.translations {
//!         println!("{:8.4}  {}  {:?}", translation.score, translation.text, translation.alignment);
//!     }
//! }
//! # Ok::<(), translate::Error>(())
//! ```
//!
//! A [`Translator`] is model, parameters and text bound together. It can be shared by threads, which do not wait for
//! each other; on how many cores they work, [`tensor::threads`] says.
//!
//! Where to read: [`translator`] and [`request`] are its use, [`serve`] that of lines which come and go; [`constraints`] say
//! what translations may say, and [`choice`] which of several is the best; [`encode`] leads from a line to ids; [`mod@score`] and
//! [`align`] ask the model about translations that are given; [`model_file`] is what it is opened from, [`average`] the
//! mean of several; [`shortlist_file`] is what narrows its searches; [`metrics`] says how good translations are.

// Pages of the crates above find this one's beside their own, whichever were written first.
#![doc(html_root_url = "..")]

pub mod align;
pub mod average;
pub mod choice;
pub mod constraints;
pub mod encode;
pub mod error;
pub mod metadata;
pub mod metrics;
pub mod model_file;
pub mod request;
pub mod score;
pub mod serve;
pub mod settings;
pub mod shortlist_file;
#[cfg(test)]
mod testing;
mod translated;
pub mod translator;
mod unknown;

pub use choice::Choice;
pub use constraints::Constraints;
pub use encode::Source;
pub use error::Error;
pub use request::Request;
pub use score::Scored;
pub use settings::{Penalty, Sampling, SearchSettings};
pub use translated::{Translated, Translation};
pub use translator::{About, Translator, Validated};
