//! Sentences of different lengths side by side, and the shift to the right.
//!
//! Training feeds the decoder the target itself, one position late, and asks at every position for the token
//! that comes next ("teacher forcing"; Vaswani et al. 2017, §3.1: "the output embeddings are offset by one
//! position"). For the target `i am a student <eos>`:
//!
//! ```text
//!            DecoderStart::Token(bos)            DecoderStart::ZeroVector
//!
//! tgt_in     <bos>  i   am    a    student             i   am    a    student
//! decoder    <bos>  i   am    a    student        0    i   am    a    student
//! tgt_out      i   am    a  student <eos>         i   am    a  student <eos>
//! ```
//!
//! With a zero vector `tgt_in` has one column fewer than the labels: no id stands for that vector, so the
//! model itself puts it before the embedded `tgt_in`. A target of one token then has an empty `tgt_in`.
//!
//! Lengths, not pad ids, say where padding begins. What stands in the padded places is never read, so any
//! id of the vocabulary will do; labels there are [`IGNORE`].

use crate::config::DecoderStart;
use crate::error::Error;

pub use tensor::ops::cross_entropy::IGNORE;

/// A sentence and its translation as ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The source.
    pub src: Vec<u32>,
    /// The target; it ends with `<eos>`.
    pub tgt: Vec<u32>,
}

/// Sequences of ids, padded at their ends to one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// The ids, `[batch, len]`, row-major.
    pub ids: Vec<u32>,
    /// Tokens of each sequence, `[batch]`, none above `len`.
    pub lens: Vec<usize>,
    /// Length of the longest sequence.
    pub len: usize,
}

/// Pairs ready for training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The sources, `[batch, src_len]`.
    pub src: TokenBatch,
    /// What the decoder reads, shifted right: `[batch, tgt_len]`, or `[batch, tgt_len - 1]` before a zero
    /// vector.
    pub tgt_in: TokenBatch,
    /// What it should say, `[batch, tgt_len]`, row-major; [`IGNORE`] at padding.
    pub tgt_out: Vec<u32>,
}

impl TokenBatch {
    /// The sequences, padded with `filler` to the length of the longest.
    pub fn new<S: AsRef<[u32]>>(sequences: &[S], filler: u32) -> Self {
        let lens: Vec<usize> = sequences.iter().map(|sequence| sequence.as_ref().len()).collect();
        let len = lens.iter().copied().max().unwrap_or(0);
        let mut ids = vec![filler; sequences.len() * len];
        for (row, sequence) in sequences.iter().enumerate() {
            ids[row * len..][..lens[row]].copy_from_slice(sequence.as_ref());
        }
        Self { ids, lens, len }
    }

    /// Number of sequences.
    pub fn batch_size(&self) -> usize {
        self.lens.len()
    }

    /// Number of tokens, padding not counted.
    pub fn n_tokens(&self) -> usize {
        self.lens.iter().sum()
    }

    /// Sequence `row` without its padding, `[lens[row]]`.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn row(&self, row: usize) -> &[u32] {
        &self.ids[row * self.len..][..self.lens[row]]
    }

    /// Whether its numbers agree with each other, and an embedding of `vocab_size` rows has a row for every id, the
    /// filler included.
    ///
    /// # Errors
    /// [`Error::Inconsistent`]; [`Error::TokenOutOfRange`] with the first id that has none, and its position in its
    /// sequence.
    pub fn check(&self, vocab_size: usize) -> Result<(), Error> {
        let (n_ids, rows, len) = (self.ids.len(), self.lens.len(), self.len);
        if rows.checked_mul(len) != Some(n_ids) {
            return Err(Error::Inconsistent(format!("{n_ids} ids are no {rows} sequences of {len}")));
        }
        let longest = self.lens.iter().copied().max().unwrap_or(0);
        if longest != len {
            let problem = format!("its longest sequence has {longest} tokens, but it says {len}");
            return Err(Error::Inconsistent(problem));
        }
        let Some(index) = self.ids.iter().position(|&id| id as usize >= vocab_size) else {
            return Ok(());
        };
        let (sentence, position) = (index / self.len, index % self.len);
        Err(Error::TokenOutOfRange { id: self.ids[index], sentence, position, vocab_size })
    }
}

impl Batch {
    /// These pairs side by side, the targets shifted right; `filler` stands in the padded places.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] if there is no pair, or one whose target has no token;
    /// [`Error::Reserved`] if a target holds [`IGNORE`].
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = &'a Pair>,
        decoder_start: DecoderStart,
        filler: u32,
    ) -> Result<Self, Error> {
        let pairs: Vec<&Pair> = pairs.into_iter().collect();
        if pairs.is_empty() {
            return Err(Error::EmptyBatch("no pair in it".into()));
        }
        if let Some(row) = pairs.iter().position(|pair| pair.tgt.is_empty()) {
            return Err(Error::EmptyBatch(format!("target {row} is empty; it should end with <eos>")));
        }
        for (sentence, pair) in pairs.iter().enumerate() {
            if let Some(position) = pair.tgt.iter().position(|&id| id == IGNORE) {
                return Err(Error::Reserved { id: IGNORE, sentence, position });
            }
        }
        let src: Vec<&[u32]> = pairs.iter().map(|pair| pair.src.as_slice()).collect();
        let tgt_in: Vec<Vec<u32>> = pairs.iter().map(|pair| shift_right(&pair.tgt, decoder_start)).collect();
        let tgt_out: Vec<&[u32]> = pairs.iter().map(|pair| pair.tgt.as_slice()).collect();
        Ok(Self {
            src: TokenBatch::new(&src, filler),
            tgt_in: TokenBatch::new(&tgt_in, filler),
            tgt_out: TokenBatch::new(&tgt_out, IGNORE).ids,
        })
    }

    /// Number of pairs.
    pub fn batch_size(&self) -> usize {
        self.src.batch_size()
    }

    /// Columns of the labels.
    pub fn tgt_len(&self) -> usize {
        self.tgt_out.len() / self.batch_size().max(1)
    }

    /// Whether there are as many targets as sources, and labels at the positions that the decoder reads and no others.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] that says what there is.
    pub fn check_shape(&self, decoder_start: DecoderStart) -> Result<(), Error> {
        let (sources, targets) = (self.src.batch_size(), self.tgt_in.batch_size());
        if sources != targets {
            return Err(Error::Inconsistent(format!("{sources} sources for {targets} targets")));
        }
        let read = self.tgt_in.len.saturating_add((decoder_start == DecoderStart::ZeroVector).into());
        let (labels, expected) = (self.tgt_out.len(), targets.saturating_mul(read));
        if labels != expected {
            return Err(Error::Inconsistent(format!(
                "{labels} labels for {targets} targets of {read} positions; there must be {expected}"
            )));
        }
        let start = read - self.tgt_in.len;
        for (row, (labels, &row_len)) in
            self.tgt_out.chunks_exact(read.max(1)).zip(&self.tgt_in.lens).enumerate()
        {
            let read = row_len.saturating_add(start).min(labels.len());
            if labels[read..].iter().any(|&label| label != IGNORE) {
                let problem =
                    format!("target {row} has labels behind the {read} positions that are read of it");
                return Err(Error::Inconsistent(problem));
            }
        }
        Ok(())
    }

    /// Whether every label that counts lies in a vocabulary of `vocab_size`, and there is one that counts.
    ///
    /// # Errors
    /// [`Error::TokenOutOfRange`] with the first label that does not; [`Error::NoLabels`].
    pub fn check_labels(&self, vocab_size: usize) -> Result<(), Error> {
        let outside = |&label: &u32| label != IGNORE && label as usize >= vocab_size;
        if let Some(index) = self.tgt_out.iter().position(outside) {
            let (sentence, position) = (index / self.tgt_len(), index % self.tgt_len());
            return Err(Error::TokenOutOfRange { id: self.tgt_out[index], sentence, position, vocab_size });
        }
        if self.n_labels() == 0 { Err(Error::NoLabels) } else { Ok(()) }
    }

    /// Number of labels that count.
    pub fn n_labels(&self) -> usize {
        self.tgt_out.iter().filter(|&&label| label != IGNORE).count()
    }
}

/// What the decoder reads when it should say `tgt`; empty before a zero vector if `tgt` has one token.
fn shift_right(tgt: &[u32], decoder_start: DecoderStart) -> Vec<u32> {
    let all_but_last = &tgt[..tgt.len() - 1];
    match decoder_start {
        DecoderStart::Token(id) => [&[id], all_but_last].concat(),
        DecoderStart::ZeroVector => all_but_last.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOS: DecoderStart = DecoderStart::Token(8);

    /// merci -> thanks <eos>; je suis étudiant -> i am a student <eos>, in the article's ids.
    fn pairs() -> [Pair; 2] {
        [Pair { src: vec![0], tgt: vec![3, 5] }, Pair { src: vec![1, 2, 3], tgt: vec![2, 1, 0, 4, 5] }]
    }

    #[test]
    fn the_target_moves_one_to_the_right_behind_a_token() {
        let batch = Batch::new(&pairs(), BOS, 9).unwrap();
        assert_eq!(batch.src, TokenBatch { ids: vec![0, 9, 9, 1, 2, 3], lens: vec![1, 3], len: 3 });
        assert_eq!(batch.tgt_in.ids, [8, 3, 9, 9, 9, 8, 2, 1, 0, 4]);
        assert_eq!(batch.tgt_in.lens, [2, 5]);
        assert_eq!(batch.tgt_out, [3, 5, IGNORE, IGNORE, IGNORE, 2, 1, 0, 4, 5]);
        assert_eq!((batch.batch_size(), batch.tgt_len(), batch.n_labels()), (2, 5, 7));
    }

    #[test]
    fn a_zero_vector_takes_no_column() {
        let batch = Batch::new(&pairs(), DecoderStart::ZeroVector, 0).unwrap();
        assert_eq!(batch.tgt_in, TokenBatch { ids: vec![3, 0, 0, 0, 2, 1, 0, 4], lens: vec![1, 4], len: 4 });
        assert_eq!(batch.tgt_len(), batch.tgt_in.len + 1);
        assert_eq!(batch.tgt_out, Batch::new(&pairs(), BOS, 0).unwrap().tgt_out);

        let only_eos = Pair { src: vec![1], tgt: vec![5] };
        let batch = Batch::new([&only_eos], DecoderStart::ZeroVector, 0).unwrap();
        assert_eq!(batch.tgt_in, TokenBatch { ids: vec![], lens: vec![0], len: 0 });
        assert_eq!(batch.tgt_out, [5]);
    }

    #[test]
    fn inputs_and_labels_are_one_apart_whatever_the_lengths() {
        for len in 1..20 {
            let tgt: Vec<u32> = (0..len).collect();
            let batch = Batch::new([&Pair { src: vec![], tgt: tgt.clone() }], BOS, 0).unwrap();
            assert_eq!(batch.tgt_in.row(0)[1..], batch.tgt_out[..tgt.len() - 1]);
            assert_eq!((batch.tgt_in.row(0)[0], &batch.tgt_out), (8, &tgt));
        }
    }

    #[test]
    fn rows_come_back_without_padding() {
        let sequences = [vec![7, 6], vec![], vec![5, 4, 3]];
        let batch = TokenBatch::new(&sequences, 1);
        for (row, sequence) in sequences.iter().enumerate() {
            assert_eq!(batch.row(row), sequence);
        }
        assert_eq!((batch.batch_size(), batch.n_tokens(), batch.len), (3, 5, 3));
    }

    #[test]
    fn nothing_to_learn_from_is_an_error() {
        assert!(Batch::new(&[], BOS, 0).unwrap_err().to_string().contains("no pair"));
        let untranslated = Pair { src: vec![1], tgt: vec![] };
        let problem = Batch::new([&pairs()[0], &untranslated], BOS, 0).unwrap_err().to_string();
        assert!(problem.contains("target 1 is empty"), "{problem}");
        let reserved = Pair { src: vec![1], tgt: vec![4, IGNORE] };
        let problem = Batch::new([&reserved], BOS, 0).unwrap_err();
        assert!(matches!(problem, Error::Reserved { sentence: 0, position: 1, .. }), "{problem}");
    }

    #[test]
    fn an_id_outside_the_vocabulary_is_named_with_its_place() {
        let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4, 6]], 0);
        batch.check(7).unwrap();
        let problem = batch.check(6).unwrap_err();
        assert!(
            matches!(problem, Error::TokenOutOfRange { id: 6, sentence: 1, position: 1, vocab_size: 6 }),
            "{problem}"
        );
        assert!(TokenBatch::new(&[vec![1], vec![1, 1]], 9).check(6).is_err(), "the filler is looked up too");
        TokenBatch::new::<Vec<u32>>(&[], 0).check(1).unwrap();
    }
}
