//! What decoding remembers: keys and values as plain tensors, so that a state can move to another thread, and nothing
//! of the tape is kept.
//!
//! The past grows by a position a step, so it stands in memory with room ahead, which is doubled when it is full: what
//! was read is not copied at every step. Rows of one state may have read differently much, each from position 0 on;
//! what stands behind a row's end is finite, being zeros or what another row once read (a search ends at what is not), and a
//! mask hides it, so that it adds exactly nothing.

use std::iter;

use autograd::Var;
use tensor::threads::for_each_chunk;
use tensor::{Element, Mask, Tensor, dispatch};

use crate::layers::attention::KeyValue;
use crate::layers::masks;

use rows::{collected, move_rows, moves};

mod rows;

/// Positions that there is room for at first.
const ROOM: usize = 16;

/// Keys and values of one layer. No gradient leads through them.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// `[rows, room, d_model]`
    key: Tensor,
    /// `[rows, room, d_model]`
    value: Tensor,
}

impl Cache {
    /// These keys and values.
    ///
    /// # Panics
    /// If they want a gradient: it would end here, unseen.
    #[track_caller]
    pub fn of(key_value: &KeyValue) -> Cache {
        Cache { key: plain(&key_value.key).clone(), value: plain(&key_value.value).clone() }
    }

    /// The first `len` positions, to be attended to.
    pub fn key_value(&self, len: usize) -> KeyValue {
        let first = |x: &Tensor| Var::constant(x.slice(1, 0..len)); // [rows, len, d_model]
        KeyValue { key: first(&self.key), value: first(&self.value) }
    }

    /// Puts the positions of `next` behind the first `lens[row]` of each row.
    ///
    /// # Panics
    /// As [`Cache::of`].
    #[track_caller]
    fn append(&mut self, next: &KeyValue, lens: &[usize]) {
        let longest = lens.iter().max().copied().unwrap_or(0);
        for (past, next) in [(&mut self.key, plain(&next.key)), (&mut self.value, plain(&next.value))] {
            let (room, needed) = (past.dim(1), longest + next.dim(1));
            if needed > room {
                *past = collected(&[past], &rows_of(0, lens.len()), longest, needed.max(2 * room).max(ROOM));
            }
            dispatch!(next.dtype(), T => write::<T>(past, next, lens));
        }
    }

    /// The rows of these caches that are named, each by the number of its cache and its own: of each the first `len`
    /// positions, with room for `room`.
    fn collected(caches: &[&Cache], rows: &[(usize, u32)], len: usize, room: usize) -> Cache {
        let side = |side: fn(&Cache) -> &Tensor| {
            let tensors: Vec<&Tensor> = caches.iter().map(|cache| side(cache)).collect();
            collected(&tensors, rows, len, room)
        };
        Cache { key: side(|cache| &cache.key), value: side(|cache| &cache.value) }
    }

    /// How many positions there is room for.
    fn room(&self) -> usize {
        self.key.dim(1)
    }
}

/// The value of a variable that nothing is to be learned through.
#[track_caller]
fn plain(x: &Var) -> &Tensor {
    assert!(
        !x.requires_grad(),
        "a decoder's state keeps no gradients: use an inference context, or Transformer::read with whole targets"
    );
    x.value()
}

/// Writes row i of `next` `[rows, len, d_model]` into row i of `past`, from position `lens[i]` on.
fn write<T: Element>(past: &mut Tensor, next: &Tensor, lens: &[usize]) {
    let (room, d_model, next) = (past.dim(1), past.dim(2), next.contiguous());
    let width = next.dim(1) * d_model;
    let past = past.data_mut::<T>();
    for (row, (new, len)) in next.data::<T>().chunks_exact(width.max(1)).zip(lens).enumerate() {
        past[(row * room + len) * d_model..][..width].copy_from_slice(new);
    }
}

/// All rows of one of several tensors.
fn rows_of(tensor: usize, count: usize) -> Vec<(usize, u32)> {
    (0..count as u32).map(|row| (tensor, row)).collect()
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
    /// How many tokens each source has.
    src_lens: Vec<usize>,
    /// How many positions of each row were read.
    pub(crate) lens: Vec<usize>,
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

    /// All target positions, `lens[row]` of each row, once those of `next` are read too; what a row does not have of the
    /// longest one's is filled up.
    ///
    /// # Panics
    /// As [`Cache::of`].
    #[track_caller]
    pub fn read(past: &mut Option<Cache>, next: &KeyValue, lens: &[usize]) -> KeyValue {
        let len = lens.iter().max().copied().unwrap_or(0) + next.key.dim(1);
        match past {
            Some(past) => past.append(next, lens),
            None => *past = Some(Cache::of(next)),
        }
        past.as_ref().expect("something was read").key_value(len)
    }
}

impl DecoderState {
    /// A state in which nothing was read yet, with one row for each sentence.
    pub(crate) fn begin(layers: Vec<LayerState>, memory_mask: Mask) -> DecoderState {
        let (sentences, src_len) = (memory_mask.shape()[0], memory_mask.shape()[3]);
        let tokens = |row| (0..src_len).filter(|&position| memory_mask.at(&[row, 0, 0, position])).count();
        let src_lens = (0..sentences).map(tokens).collect();
        DecoderState { layers, memory_mask, src_lens, lens: vec![0; sentences] }
    }

    /// How many target positions were read, of the row of which most were.
    pub fn len(&self) -> usize {
        self.lens.iter().max().copied().unwrap_or(0)
    }

    /// Whether no target position was read yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of sentences.
    pub fn n_sentences(&self) -> usize {
        self.src_lens.len()
    }

    /// The number of hypotheses, of all sentences together.
    pub fn n_rows(&self) -> usize {
        self.lens.len()
    }

    /// Goes on with these sentences and these rows, in this order: how hypotheses branch and end.
    pub(crate) fn select(&mut self, sentences: &[u32], rows: &[u32]) {
        let all = |chosen: &[u32], count: usize| chosen.iter().copied().eq(0..count as u32);
        if !all(rows, self.n_rows()) {
            let fits = rows.len() <= self.n_rows();
            self.lens = rows.iter().map(|&row| self.lens[row as usize]).collect();
            let (len, pasts) = (self.len(), self.layers.iter_mut().filter_map(|layer| layer.past.as_mut()));
            if fits {
                let mut sides: Vec<&mut Tensor> =
                    pasts.flat_map(|past| [&mut past.key, &mut past.value]).collect();
                let moves = moves(rows);
                for_each_chunk(&mut sides, 1, |_, sides| {
                    sides.iter_mut().for_each(|side| move_rows(side, &moves, rows.len(), len));
                });
            } else {
                let rows = numbered(rows);
                pasts.for_each(|past| *past = Cache::collected(&[past], &rows, len, past.room()));
            }
        }
        if !all(sentences, self.n_sentences()) {
            self.src_lens = sentences.iter().map(|&sentence| self.src_lens[sentence as usize]).collect();
            self.collect_memories(&[], &numbered(sentences));
        }
    }

    /// Takes in the sentences of `other`, behind its own, each with as many rows as they have here.
    ///
    /// # Panics
    /// If either has read nothing: the first step is taken apart.
    #[track_caller]
    pub(crate) fn join(&mut self, other: DecoderState) {
        let rows = [rows_of(0, self.n_rows()), rows_of(1, other.n_rows())].concat();
        let sentences = [rows_of(0, self.n_sentences()), rows_of(1, other.n_sentences())].concat();
        self.lens.extend(other.lens);
        self.src_lens.extend(other.src_lens);
        let len = self.len();
        for (layer, new) in self.layers.iter_mut().zip(&other.layers) {
            let (Some(past), Some(new)) = (&layer.past, &new.past) else {
                panic!("join: nothing was read yet")
            };
            let room = past.room().max(new.room());
            layer.past = Some(Cache::collected(&[past, new], &rows, len, room));
        }
        self.collect_memories(&other.layers, &sentences);
    }

    /// Keeps the memories of these sentences, of its own and of `others`, up to the longest source among them.
    fn collect_memories(&mut self, others: &[LayerState], sentences: &[(usize, u32)]) {
        let src_len = self.src_lens.iter().max().copied().unwrap_or(0);
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let both: Vec<&Cache> =
                iter::once(&layer.memory).chain(others.get(i).map(|layer| &layer.memory)).collect();
            layer.memory = Cache::collected(&both, sentences, src_len, src_len);
        }
        self.memory_mask = masks::padding(&self.src_lens, src_len);
    }
}

/// Rows of the only tensor.
fn numbered(rows: &[u32]) -> Vec<(usize, u32)> {
    rows.iter().map(|&row| (0, row)).collect()
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
        LayerState::read(&mut past, &first, &[0; 3]);
        let all = LayerState::read(&mut past, &next, &[1; 3]);
        assert_eq!(all.key.value().slice(1, 0..1), *first.key.value());
        assert_eq!(all.value.value().slice(1, 1..4), *next.value.value());
        let chosen = Cache::collected(&[&past.unwrap()], &numbered(&[2, 0, 2]), 4, 9).key_value(4);
        assert_eq!(chosen.value.value().slice(0, 1..2), all.value.value().slice(0, 0..1));
        assert_eq!(chosen.key.value().slice(0, 2..3), all.key.value().slice(0, 2..3));
    }

    #[test]
    fn rows_of_different_lengths_grow_each_at_its_own_end() {
        let (first, next) = (key_value("first", 2, 3), key_value("next", 2, 1));
        let mut past = Some(Cache::collected(&[&Cache::of(&first)], &numbered(&[0, 1]), 3, 3));
        let all = LayerState::read(&mut past, &next, &[1, 3]);
        assert_eq!(past.as_ref().unwrap().room(), ROOM);
        let row = |x: &Var, row| x.value().slice(0, row..row + 1);
        assert_eq!(row(&all.key, 0).slice(1, 0..1), row(&first.key, 0).slice(1, 0..1));
        assert_eq!(row(&all.key, 0).slice(1, 1..2), row(&next.key, 0));
        assert_eq!(row(&all.value, 1).slice(1, 0..3), row(&first.value, 1));
        assert_eq!(row(&all.value, 1).slice(1, 3..4), row(&next.value, 1));
        // Doubled when it is full, and written where it stands until then: who looks on keeps what was there.
        for len in 4..=ROOM {
            LayerState::read(&mut past, &next, &[len - 2, len]);
        }
        assert_eq!(past.as_ref().unwrap().room(), 2 * ROOM);
        assert!(past.as_ref().unwrap().key_value(2 * ROOM).key.value().all_finite());
        assert_eq!(row(&all.key, 0).slice(1, 1..2), row(&next.key, 0));
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
