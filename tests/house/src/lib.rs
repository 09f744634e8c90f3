//! The rules of the house that a machine can see. Each takes the source of the workspace, as [`Workspace`] reads
//! it, and gives back what is against the rule: the place, the rule, and what to do next. `tests/house.rs` holds
//! the workspace to them.
//!
//! | rule | where |
//! |---|---|
//! | crates depend one way; what only one crate may name, no other names | [`crates`] |
//! | modules import one way, from the module that defines a thing | [`circles`] |
//! | files to about 300 lines, functions to about 60 | [`lengths`] |
//! | `unsafe` in the kernels alone | [`kernels`] |
//! | few packages of others, and none of the command's where only translating is done | [`dependencies`] |
//!
//! Nothing is compiled for it and no crate of the workspace is needed. A file is a tree of [`tokens`], as the
//! compiler sees it: comments are gone, a string is one token. [`modules`] puts the files of a crate together
//! by their `mod` declarations, and says where a path leads.

pub mod circles;
pub mod contents;
pub mod crates;
pub mod dependencies;
pub mod kernels;
pub mod lengths;
pub mod modules;
pub mod tokens;
pub mod workspace;

pub use workspace::Workspace;
