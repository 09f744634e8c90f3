//! The words that shortlists leave to the sentences of a batch, and what models say of them alone.
//!
//! The output matrix is cut to the rows that any of the sentences needs, once for as long as no others enter. An element of a
//! product has the same bits whatever stands beside it, and each sentence's probabilities are of its own words, in their
//! order: so none depends on its company.

use autograd::Var;
use nn::Context;
use tensor::pool::take;
use tensor::threads::for_each_chunk;
use tensor::{Element, Tensor, dispatch};

use super::shortlist::Shortlist;
use crate::model::Transformer;

/// A shortlist, and the words that every sentence needs beside those on it.
#[derive(Clone, Copy)]
pub(super) struct Narrowing<'a> {
    pub shortlist: &'a Shortlist,
    pub prefix: &'a [u32],
    pub eos_id: u32,
}

/// The words of some sentences.
pub(super) struct Narrowed {
    /// Of each sentence, in the order of ids.
    words: Vec<Vec<u32>>,
    /// Of all of them, and the output matrix of each model cut to these; nothing until the next step, where others have entered.
    cut: Option<Cut>,
}

struct Cut {
    words: Vec<u32>,
    /// `[words, d_model]`, and the offset `[words]` if there is one.
    rows: Vec<(Var, Option<Var>)>,
}

impl Narrowed {
    /// To the words of these sources.
    pub fn new(sources: &[impl AsRef<[u32]>], narrowing: Narrowing) -> Narrowed {
        let needed = || narrowing.prefix.iter().copied().chain([narrowing.eos_id]);
        let words = |source: &_| narrowing.shortlist.words(AsRef::as_ref(source), needed());
        Narrowed { words: sources.iter().map(words).collect(), cut: None }
    }

    /// Goes on with these sentences.
    pub fn select(&mut self, sentences: &[u32]) {
        self.words = sentences.iter().map(|&sentence| self.words[sentence as usize].clone()).collect();
    }

    /// Takes in others, behind its own. The matrices stay as they are cut if that has all of their words.
    pub fn join(&mut self, other: Narrowed) {
        let is_cut = |word| self.cut.as_ref().is_some_and(|cut| cut.words.binary_search(word).is_ok());
        if !other.words.iter().flatten().all(is_cut) {
            self.cut = None;
        }
        self.words.extend(other.words);
    }

    /// Cuts the matrices of these models, if they are not cut.
    pub fn cut(&mut self, members: &[(&Transformer, Context)]) {
        let words = &self.words;
        self.cut.get_or_insert_with(|| {
            let mut words = words.concat();
            words.sort_unstable();
            words.dedup();
            let rows = members.iter().map(|(model, cx)| model.output_rows(cx, &words)).collect();
            Cut { words, rows }
        });
    }

    /// What the model at this place says comes next, among the words of each sentence; minus infinity of all others.
    /// `[rows, 1, d_model] -> [rows, vocab_size]`, or nothing if a row is not finite. The matrices have to be cut.
    pub fn log_probs(&self, member: usize, hidden: &Var, vocab_size: usize) -> Option<Tensor> {
        let Cut { words: all, rows } = self.cut.as_ref()?;
        let (weight, bias) = &rows[member];
        let logits = hidden.linear(weight, bias.as_ref()).into_value().squeeze(1).contiguous(); // [rows, words]
        let (of_each, rows_each) = (&self.words, logits.dim(0) / self.words.len());
        dispatch!(logits.dtype(), T => {
            let mut out = take::<T>(logits.dim(0) * vocab_size);
            for_each_chunk(&mut out, rows_each * vocab_size, |sentence, out| {
                let words = &of_each[sentence];
                let places: Vec<usize> = words.iter().filter_map(|word| all.binary_search(word).ok()).collect();
                let logits = logits.data::<T>()[sentence * rows_each * all.len()..].chunks_exact(all.len());
                for (logits, out) in logits.zip(out.chunks_exact_mut(vocab_size)) {
                    let own: Vec<T> = places.iter().map(|&place| logits[place]).collect();
                    let mut own = Tensor::from_vec(own, [words.len()]);
                    own.log_softmax_assign();
                    out.fill(T::of(f64::NEG_INFINITY));
                    words.iter().zip(own.data::<T>()).for_each(|(&word, &log_prob)| out[word as usize] = log_prob);
                }
            });
            let first = |row: usize| out[row * vocab_size + of_each[row / rows_each][0] as usize];
            if (0..logits.dim(0)).any(|row| first(row).is_nan()) {
                return None;
            }
            Some(Tensor::from_vec::<T>(out, [logits.dim(0), vocab_size]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_cut_anew_only_where_others_bring_words() {
        let of = |words: &[u32]| Narrowed { words: vec![words.to_vec()], cut: None };
        let mut narrowed = of(&[1, 4]);
        narrowed.cut = Some(Cut { words: vec![1, 3, 4], rows: Vec::new() });
        narrowed.join(of(&[3, 4]));
        assert!(narrowed.cut.is_some());
        narrowed.join(of(&[2, 3]));
        assert!(narrowed.cut.is_none());
        narrowed.join(of(&[1]));
        assert!(narrowed.cut.is_none());
        assert_eq!(narrowed.words, [vec![1, 4], vec![3, 4], vec![2, 3], vec![1]]);
    }
}
