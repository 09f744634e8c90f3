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
        let (model, params) = (self.model(), self.params());
        let layer = default_layer(model.config());
        let weights = in_batches(pairs, |pairs| Ok(alignments(model, params, pairs, layer)?))?;
        let of_pair = |(pair, rows): (&Pair, &Vec<Vec<f64>>)| {
            let words = |ids: &[u32]| ids.len() - usize::from(ids.last() == Some(&EOS_ID));
            let (src_len, tgt_len) = (words(&pair.src), words(&pair.tgt));
            let most = |row: &[f64]| (0..src_len).max_by(|&a, &b| row[a].total_cmp(&row[b]));
            (0..tgt_len).filter_map(|target| most(&rows[target]).map(|source| (source, target))).collect()
        };
        Ok(pairs.iter().zip(&weights).map(of_pair).collect())
    }
}
