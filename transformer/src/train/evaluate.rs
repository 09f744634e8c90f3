//! How well a model predicts: loss, perplexity and token accuracy over pairs it is not trained on.

use autograd::ops::cross_entropy::LossStats;
use nn::{Context, Params};
use tensor::threads::on_worker;

use crate::data::batch::Pair;
use crate::data::plan::{BatchOrder, BatchPlan};
use crate::error::Error;
use crate::model::Transformer;

/// The loss of `model` over `pairs`, in batches of at most `max_tokens` padded tokens a side. Teacher
/// forcing: every position sees the right words before it. Figures are per label that counts, so they do
/// not depend on how the pairs are batched.
///
/// # Errors
/// If there is no pair, the parameters are of another model, an id is not in its vocabulary, or a sequence is longer
/// than learned positions reach.
pub fn evaluate(
    model: &Transformer,
    params: &Params,
    pairs: &[Pair],
    max_tokens: usize,
    smoothing: f64,
) -> Result<LossStats, Error> {
    let plan = BatchPlan::new(pairs, max_tokens, BatchOrder::LongestFirst)?;
    on_worker(|| {
        let mut total = LossStats::default();
        for index in 0..plan.len() {
            let batch = plan.batch(index, pairs, model.config().decoder_start, 0)?;
            let cx = Context::inference(params);
            total.merge(&model.loss(&cx, &batch, smoothing)?.stats);
        }
        Ok(total)
    })
}
