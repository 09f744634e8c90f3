//! Which token of its source each token of a translation comes from, as far as attention says.

use text::special::{EOS_ID, UNK_ID};
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
    links_among(&(0..n_words(&pair.src)).collect::<Vec<_>>(), pair, rows)
}

/// What each token of the target is to be copied from: the most attended of the source's unknown tokens, since what the
/// model knows it would have translated; if none is unknown, as [`links`] have it.
pub(crate) fn links_to_unknown(pair: &Pair, rows: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let unknown: Vec<usize> = (0..n_words(&pair.src)).filter(|&source| pair.src[source] == UNK_ID).collect();
    if unknown.is_empty() { links(pair, rows) } else { links_among(&unknown, pair, rows) }
}

/// Of each token of the target the source token among these that is most attended.
fn links_among(sources: &[usize], pair: &Pair, rows: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let most = |row: &[f64]| sources.iter().copied().max_by(|&a, &b| row[a].total_cmp(&row[b]));
    (0..n_words(&pair.tgt)).filter_map(|target| most(&rows[target]).map(|source| (source, target))).collect()
}

/// How many tokens stand before `<eos>`.
fn n_words(ids: &[u32]) -> usize {
    ids.len() - usize::from(ids.last() == Some(&EOS_ID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_is_unknown_though_something_known_be_attended_more() {
        let rows = [vec![0.1, 0.2, 0.3, 0.4, 0.0], vec![0.3, 0.2, 0.1, 0.3, 0.1], vec![0.0; 5]];
        let pair = |src: [u32; 5]| Pair { src: src.into(), tgt: vec![UNK_ID, 7, EOS_ID] };
        let two_unknown = pair([5, UNK_ID, UNK_ID, 6, EOS_ID]);
        assert_eq!(links(&two_unknown, &rows), [(3, 0), (3, 1)]);
        assert_eq!(links_to_unknown(&two_unknown, &rows), [(2, 0), (1, 1)]);
        let all_known = pair([5, 6, 7, 8, EOS_ID]);
        assert_eq!(links_to_unknown(&all_known, &rows), links(&all_known, &rows));
    }
}
