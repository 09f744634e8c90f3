//! From pairs of ids to the batches of a run: [`plan`] says which pairs go together, [`batch`] puts them side by side,
//! `cut` takes a batch apart again for threads, [`stream`] goes through the epochs.

pub mod batch;
mod cut;
pub mod options;
pub mod plan;
pub mod stream;
