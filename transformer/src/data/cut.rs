//! A batch cut by its sentences into parts that are worked on apart.

use std::ops::Range;

use super::batch::{Batch, TokenBatch};

impl Batch {
    /// This batch in parts of about `tokens` padded tokens on the longer side, as alike in size as can be and
    /// each padded to its own longest sentences.
    pub(crate) fn cut(&self, tokens: usize) -> Vec<Batch> {
        let padded = self.batch_size() * self.src.len.max(self.tgt_len());
        let parts = (padded / tokens.max(1)).clamp(1, self.batch_size().max(1));
        let rows = |part: usize| part * self.batch_size() / parts..(part + 1) * self.batch_size() / parts;
        (0..parts).map(|part| self.rows(rows(part))).collect()
    }

    /// Some of the pairs.
    fn rows(&self, rows: Range<usize>) -> Batch {
        let (tgt_len, tgt_in) = (self.tgt_len(), self.tgt_in.rows(rows.clone()));
        let kept = tgt_len - (self.tgt_in.len - tgt_in.len); // labels are as many, or one more
        let labels = self.tgt_out[rows.start * tgt_len..rows.end * tgt_len].chunks_exact(tgt_len.max(1));
        Batch {
            src: self.src.rows(rows),
            tgt_in,
            tgt_out: labels.flat_map(|labels| &labels[..kept]).copied().collect(),
        }
    }
}

impl TokenBatch {
    /// Some of the sequences.
    fn rows(&self, rows: Range<usize>) -> TokenBatch {
        let lens = self.lens[rows.clone()].to_vec();
        let len = lens.iter().copied().max().unwrap_or(0);
        let ids = rows.flat_map(|row| &self.ids[row * self.len..][..len]).copied().collect();
        TokenBatch { ids, lens, len }
    }
}
