//! Greedy decoding: the likeliest word at each step, never taken back.

use nn::Params;
use tensor::ops::reduce::argmax;
use tensor::threads::on_worker;

use super::decoding::decode_by;
use super::hypothesis::{Hypothesis, MaxLen};
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
    on_worker(|| decode_by(model, params, sources, max_len, &[], |_, _, log_probs| argmax(log_probs) as u32))
}
