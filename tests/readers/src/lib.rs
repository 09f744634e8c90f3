//! Every reader of bytes that we did not write, and what holds of it whatever the bytes are:
//!
//! - it does not panic;
//! - while it reads, it takes no more memory than a stated multiple of what there is to read ([`memory`]);
//! - it comes to an end (libFuzzer's `-timeout` sees to that);
//! - what it read and we write again reads back as the same.
//!
//! Each [target](TARGETS) is a function of bytes. `fuzz/` calls it with those that libFuzzer makes up, guided by the code
//! that they reach; `tests/replay.rs`, on the stable toolchain, with those that are kept in `fuzz/corpus/`.
//!
//! | target | the bytes are |
//! |---|---|
//! | [`safetensors`](tensors::safetensors) | a file of tensors |
//! | [`header`](tensors::header) | the header of one, behind which the numbers are put that it announces |
//! | [`model`](models::model), [`state`](models::state) | the file of a model, of a stopped run |
//! | [`metadata`](models::metadata) | the metadata of either, to which tensors are made that fit |
//! | [`shortlist`](models::shortlist) | the file of a shortlist |
//! | [`tokenizer`](words::tokenizer) | the JSON of a text model |
//! | [`corpus`](words::corpus) | files of sentences, gzipped or not |
//! | [`gzip`](words::gzip) | a gzipped file, and what another is to hold |
//! | [`scores`](words::scores) | translations and their references |
//! | [`recipe`](recipes::recipe) | a recipe |
//! | [`set`](recipes::set) | values of `--set` |

#![allow(clippy::missing_panics_doc)] // to panic where something does not hold is what they are for

pub mod files;
pub mod memory;
pub mod models;
pub mod recipes;
pub mod tensors;
pub mod words;

/// A name, and what is tried on bytes.
pub type Target = (&'static str, fn(&[u8]));

/// The targets, by the names of their folders in `fuzz/corpus` and their programs in `fuzz/fuzz_targets`.
pub const TARGETS: [Target; 12] = [
    ("safetensors", tensors::safetensors),
    ("header", tensors::header),
    ("model", models::model),
    ("state", models::state),
    ("metadata", models::metadata),
    ("tokenizer", words::tokenizer),
    ("shortlist", models::shortlist),
    ("corpus", words::corpus),
    ("gzip", words::gzip),
    ("scores", words::scores),
    ("recipe", recipes::recipe),
    ("set", recipes::set),
];
