//! What the model thinks of translations that are given.

use nn::Context;
use tensor::threads::on_worker;
use transformer::data::plan::{BatchOrder, BatchPlan};
use transformer::{Batch, Pair};

use crate::encode::{Source, pair};
use crate::error::Error;
use crate::translator::Translator;

/// Padded tokens a side of a batch that is only read: its logits, `[tokens, vocab_size]`, stand in memory.
const TOKENS: usize = 1024;

/// What the model says of one translation.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The tokens of the translation, `<eos>` included.
    pub ids: Vec<u32>,
    /// The natural logarithm of the probability of each, given the source and the tokens before it.
    pub token_log_probs: Vec<f64>,
}

impl Scored {
    /// The natural logarithm of the probability of all of them.
    pub fn log_prob(&self) -> f64 {
        self.token_log_probs.iter().sum()
    }

    /// The mean per token.
    pub fn mean(&self) -> f64 {
        self.log_prob() / self.token_log_probs.len() as f64
    }
}

impl Translator {
    /// What the model says of given translations, each behind its source.
    ///
    /// # Errors
    /// [`Error::Target`] with the first translation that is too long; as [`Translator::score_pairs`].
    pub fn score(&self, lines: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<Vec<Scored>, Error> {
        let pair =
            |(source, target): &(_, _)| self.pair(&self.encode(AsRef::as_ref(source)), AsRef::as_ref(target));
        self.score_pairs(lines.iter().map(pair).collect::<Result<_, Error>>()?)
    }

    /// A source and a given translation, as the model reads them.
    ///
    /// # Errors
    /// [`Error::Target`] if the translation is too long.
    pub fn pair(&self, source: &Source, target: &str) -> Result<Pair, Error> {
        pair(&self.model().config().architecture, source, self.text().encode_tgt(target).ids)
    }

    /// As [`Translator::score`], of pairs that were encoded before.
    ///
    /// # Errors
    /// [`Error::Model`] if the model is broken.
    pub fn score_pairs(&self, pairs: Vec<Pair>) -> Result<Vec<Scored>, Error> {
        let (model, params) = (self.model(), self.params());
        let found = in_batches(&pairs, |pairs| {
            let batch = Batch::new(pairs, model.config().decoder_start, 0)?;
            let found = on_worker(|| model.token_log_probs(&Context::inference(params), &batch))?;
            if found.iter().flatten().all(|log_prob| log_prob.is_finite()) {
                return Ok(found);
            }
            Err(transformer::Error::NotFinite("the model's output".into()).into())
        })?;
        let scored = |(pair, token_log_probs): (Pair, _)| Scored { ids: pair.tgt, token_log_probs };
        Ok(pairs.into_iter().zip(found).map(scored).collect())
    }
}

/// What `find` says of each pair, asked in batches of like length.
pub(crate) fn in_batches<T>(
    pairs: &[Pair],
    mut find: impl FnMut(&[Pair]) -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Error> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let plan = BatchPlan::new(pairs, TOKENS, BatchOrder::LongestFirst)?;
    let mut found = Vec::with_capacity(pairs.len());
    for indices in plan.batches() {
        let batch: Vec<Pair> = indices.iter().map(|&index| pairs[index].clone()).collect();
        found.extend(indices.iter().zip(find(&batch)?));
    }
    found.sort_by_key(|&(index, _)| index);
    Ok(found.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use text::special::EOS_ID;

    #[test]
    fn what_was_asked_in_batches_comes_back_in_order() {
        let pair = |len: usize| Pair { src: vec![9; len], tgt: vec![EOS_ID] };
        let pairs: Vec<Pair> = [3, 700, 1, 2000, 0, 900, 3].map(pair).into();
        let mut batches = 0;
        let lens = in_batches(&pairs, |pairs| {
            batches += 1;
            Ok(pairs.iter().map(|pair| pair.src.len()).collect())
        });
        assert_eq!(lens.unwrap(), [3, 700, 1, 2000, 0, 900, 3]);
        assert!(batches > 1 && batches < pairs.len(), "{batches} batches");
    }
}
