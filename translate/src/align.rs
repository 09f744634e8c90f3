//! Which token of its source each token of a translation comes from, as far as attention says.

use text::special::EOS_ID;
use transformer::Pair;
use transformer::align::{alignments, default_layer};

use crate::error::Error;
use crate::score::in_batches;
use crate::translator::Translator;

impl Translator {
    /// Which token of its source each token of a target comes from, as (source, target) from 0 in the order of the
    /// target: the one that most attention goes to in [`default_layer`]. `<eos>` is aligned on neither side, though
    /// the attention to it may be the largest.
    ///
    /// # Errors
    /// [`Error::Model`] if the model is broken.
    pub fn align(&self, pairs: &[Pair]) -> Result<Vec<Vec<(usize, usize)>>, Error> {
        let weights = self.attention(pairs)?;
        Ok(pairs.iter().zip(&weights).map(|(pair, rows)| links(pair, rows)).collect())
    }

    /// How much each token of a target attends to each token of its source when the model is about to say it, the mean
    /// over the heads of [`default_layer`]: `[tgt_len][src_len]`, of which each row sums to 1.
    ///
    /// # Errors
    /// [`Error::Model`] if the model is broken.
    pub fn attention(&self, pairs: &[Pair]) -> Result<Vec<Vec<Vec<f64>>>, Error> {
        let (model, params) = (self.model(), self.params());
        let layer = default_layer(model.config());
        in_batches(pairs, |pairs| Ok(alignments(model, params, pairs, layer)?))
    }
}

/// The tokens of a pair that belong together by these weights, `[tgt_len][src_len]`.
pub(crate) fn links(pair: &Pair, rows: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let words = |ids: &[u32]| ids.len() - usize::from(ids.last() == Some(&EOS_ID));
    let (src_len, tgt_len) = (words(&pair.src), words(&pair.tgt));
    let most = |row: &[f64]| (0..src_len).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    (0..tgt_len).filter_map(|target| most(&rows[target]).map(|source| (source, target))).collect()
}
