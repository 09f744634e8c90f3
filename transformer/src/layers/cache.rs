//! What decoding remembers: keys and values as plain tensors, so that a state can move to another thread, and nothing
//! of the tape is kept.

use autograd::Var;
use tensor::{Mask, Tensor};

use crate::layers::attention::KeyValue;

/// Keys and values of one layer. No gradient leads through them.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// `[rows, len, d_model]`
    key: Tensor,
    /// `[rows, len, d_model]`
    value: Tensor,
}

impl Cache {
    /// These keys and values.
    ///
    /// # Panics
    /// If they want a gradient: it would end here, unseen.
    #[track_caller]
    pub fn of(key_value: &KeyValue) -> Cache {
        Cache { key: plain(&key_value.key), value: plain(&key_value.value) }
    }

    /// What queries attend to.
    pub fn key_value(&self) -> KeyValue {
        KeyValue { key: Var::constant(self.key.clone()), value: Var::constant(self.value.clone()) }
    }

    /// Puts the positions of `next` behind those that are here.
    ///
    /// # Panics
    /// As [`Cache::of`].
    #[track_caller]
    pub fn append(&mut self, next: &KeyValue) {
        self.key = Tensor::concatenate(&[&self.key, &plain(&next.key)], 1); // [rows, len + next, d_model]
        self.value = Tensor::concatenate(&[&self.value, &plain(&next.value)], 1); // [rows, len + next, d_model]
    }

    /// Goes on with the sequences at `rows`, in that order; a sequence may be chosen often, or not at all.
    pub fn select(&mut self, rows: &[u32]) {
        for tensor in [&mut self.key, &mut self.value] {
            let (batch, len, d_model) = (tensor.dim(0), tensor.dim(1), tensor.dim(2));
            let chosen = tensor.reshape([batch, len * d_model]).gather_rows(rows);
            *tensor = chosen.reshape([rows.len(), len, d_model]); // [rows, len, d_model]
        }
    }
}

/// The value of a variable that nothing is to be learned through.
#[track_caller]
fn plain(x: &Var) -> Tensor {
    assert!(
        !x.requires_grad(),
        "a decoder's state keeps no gradients: use an inference context, or Transformer::read with whole targets"
    );
    x.value().clone()
}

/// What the decoder remembers of a batch of sentences while it reads their targets.
///
/// A sentence may have several rows, one for each hypothesis of its translation. All sentences have equally
/// many, and those of one sentence are neighbours.
#[derive(Clone, Debug)]
pub struct DecoderState {
    pub(crate) layers: Vec<LayerState>,
    /// Which positions of the sources are tokens. `[sentences, 1, 1, src_len]`
    pub(crate) memory_mask: Mask,
    n_rows: usize,
    /// How many positions were read.
    pub(crate) len: usize,
}

/// What one layer remembers.
#[derive(Clone, Debug)]
pub(crate) struct LayerState {
    /// The target positions read so far.
    pub past: Option<Cache>,
    /// The source.
    pub memory: Cache,
}

impl LayerState {
    /// Nothing read yet of a source.
    ///
    /// # Panics
    /// As [`Cache::of`].
    #[track_caller]
    pub fn begin(memory: &KeyValue) -> LayerState {
        LayerState { past: None, memory: Cache::of(memory) }
    }

    /// All target positions, once those of `next` are read too.
    ///
    /// # Panics
    /// As [`Cache::of`].
    #[track_caller]
    pub fn read(past: &mut Option<Cache>, next: &KeyValue) -> KeyValue {
        match past {
            Some(past) => past.append(next),
            None => *past = Some(Cache::of(next)),
        }
        past.as_ref().expect("something was read").key_value()
    }
}

impl DecoderState {
    /// A state in which nothing was read yet, with one row for each sentence.
    pub(crate) fn begin(layers: Vec<LayerState>, memory_mask: Mask) -> DecoderState {
        DecoderState { n_rows: memory_mask.shape()[0], layers, memory_mask, len: 0 }
    }

    /// How many target positions were read.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no target position was read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of sentences.
    pub fn n_sentences(&self) -> usize {
        self.memory_mask.shape()[0]
    }

    /// The number of hypotheses, of all sentences together.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Goes on with these sentences and these rows, in this order: how hypotheses branch and end.
    pub(crate) fn select(&mut self, sentences: &[u32], rows: &[u32]) {
        self.n_rows = rows.len();
        let all_sentences = sentences.iter().copied().eq(0..self.n_sentences() as u32);
        for layer in &mut self.layers {
            if let Some(past) = &mut layer.past {
                past.select(rows);
            }
            if !all_sentences {
                layer.memory.select(sentences);
            }
        }
        if !all_sentences {
            let src_len = self.memory_mask.shape()[3];
            let mask = |index: &[usize]| self.memory_mask.at(&[sentences[index[0]] as usize, 0, 0, index[3]]);
            self.memory_mask = Mask::from_fn([sentences.len(), 1, 1, src_len], mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::{DType, Seed};

    fn key_value(name: &str, rows: usize, len: usize) -> KeyValue {
        let normal = |side: &str| {
            let seed = Seed::new(3).derive(name).derive(side);
            Var::constant(Tensor::normal([rows, len, 6], 0.0, 1.0, seed, DType::F64))
        };
        KeyValue { key: normal("key"), value: normal("value") }
    }

    #[test]
    fn a_cache_grows_and_is_selected_by_sequence() {
        let (first, next) = (key_value("first", 3, 1), key_value("next", 3, 3));
        let mut past = None;
        LayerState::read(&mut past, &first);
        let all = LayerState::read(&mut past, &next);
        assert_eq!(all.key.value().slice(1, 0..1), *first.key.value());
        assert_eq!(all.value.value().slice(1, 1..4), *next.value.value());
        let mut cache = past.unwrap();
        cache.select(&[2, 0, 2]);
        let chosen = cache.key_value();
        assert_eq!(chosen.value.value().slice(0, 1..2), all.value.value().slice(0, 0..1));
        assert_eq!(chosen.key.value().slice(0, 2..3), all.key.value().slice(0, 2..3));
    }

    #[test]
    #[should_panic(expected = "a decoder's state keeps no gradients")]
    fn what_wants_a_gradient_is_not_remembered() {
        let tape = autograd::Tape::new();
        let wanting = |x: &Var| tape.var(x.value().clone());
        let KeyValue { key, value } = key_value("first", 3, 1);
        LayerState::begin(&KeyValue { key: wanting(&key), value });
    }

    #[test]
    fn a_state_may_move_to_another_thread() {
        fn sent<T: Send + Sync>(_: &T) {}
        sent(&DecoderState::begin(vec![], Mask::from_fn([1, 1, 1, 1], |_| true)));
    }
}
