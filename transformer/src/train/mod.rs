//! From batches to better parameters: [`options`], the [`trainer`]'s steps, each in shards (`shard`, `reduce`), and
//! what a model's predictions are worth ([`mod@evaluate`]).

pub mod evaluate;
pub mod options;
mod profile;
mod reduce;
mod shard;
pub mod trainer;
