//! From a trained model to a translation: which words to say when the model gives each a probability.
//!
//! [`greedy`](greedy::greedy) takes the likeliest word at each step. [`beam_search`](beam::beam_search) keeps
//! several unfinished translations and compares them as wholes (Vaswani et al. 2017, §6.1).
//! [`sample`](sample::sample) draws words by their probabilities. All translate a batch of sentences at once,
//! keep keys and values of what was said ([`DecoderState`](crate::layers::cache::DecoderState)), and drop finished sentences from
//! the batch, which others then enter ([`batches`]). What may be said at all, [`rules`] decide, and of large
//! vocabularies a [`shortlist`] leaves the few words that may come of a sentence. They run
//! on a thread of the pool, as training does: a search is hundreds of small steps, and from outside each of their
//! loops would have to be handed over.

pub mod batches;
pub mod beam;
mod decoding;
mod draw;
pub mod greedy;
mod hypothesis;
pub mod length_penalty;
mod likeliest;
mod listed;
mod narrowed;
pub mod rules;
pub mod sample;
pub mod shortlist;
mod stream;
#[cfg(test)]
mod tests;
pub mod traffic;
mod walk;

pub use decoding::Member;
pub use hypothesis::{Hypothesis, MaxLen};
pub use rules::Rules;
