//! Greedy decoding: the likeliest word at each step, never taken back.

use nn::Params;
use tensor::threads::on_worker;

use super::decoding::Speakers;
use super::hypothesis::{Hypothesis, MaxLen};
use super::listed::{Hooks, search_all};
use super::rules::Rules;
use super::walk::{Next, Walk};
use crate::error::Error;
use crate::model::Transformer;

/// Translates each source by always taking the likeliest next word (the first among equals). `<bos>` is none.
///
/// # Errors
/// If the parameters are of another model, an id is not in the source vocabulary, a sequence is longer than learned
/// positions reach, or the model's output is not finite.
pub fn greedy(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    max_len: MaxLen,
) -> Result<Vec<Hypothesis>, Error> {
    let rules = Rules::default();
    let walk = |sentence: usize| {
        Walk::new(rules.of(sources[sentence].len(), max_len, model.config()), Next::Likeliest)
    };
    let found = on_worker(|| {
        let speakers = Speakers::new(&[(model, params)], &[], None)?;
        search_all(&speakers, sources, 0..sources.len(), sources.len(), walk, Hooks::none())
    });
    Ok(found?.into_iter().flatten().collect())
}
