//! Sentences in the middle of being translated: the model, what it has read, and the next step.

use nn::{Context, Params};
use tensor::{Element, dispatch};

use super::hypothesis::{Hypothesis, MaxLen};
use crate::config::DecoderStart;
use crate::data::batch::TokenBatch;
use crate::error::Error;
use crate::layers::cache::DecoderState;
use crate::model::Transformer;

/// A batch of sentences in the middle of being translated.
pub(super) struct Decoding<'a> {
    model: &'a Transformer,
    cx: Context<'a>,
    state: DecoderState,
    /// Tokens that are not said, `<bos>` among them.
    never: Vec<u32>,
    /// What the last step gave: its memory serves the next.
    log_probs: Vec<f64>,
}

impl<'a> Decoding<'a> {
    /// Encodes the sources; each has one row, in which nothing was said yet. Nor will it be one of `never`, or the token
    /// that stands before the first word, unless it is the one that ends as well (as in fairseq).
    ///
    /// # Errors
    /// If `never` names what is not in the vocabulary, or `<eos>`; or as [`Transformer::encode`].
    pub fn begin(
        model: &'a Transformer,
        params: &'a Params,
        sources: &[Vec<u32>],
        never: &[u32],
    ) -> Result<Self, Error> {
        let config = model.config();
        if let Some(id) =
            never.iter().find(|&&id| id == config.eos_id || id as usize >= config.tgt_vocab_size)
        {
            let all = config.tgt_vocab_size;
            let problem = format!("never: {id} is <eos>, or not in the vocabulary of {all}");
            return Err(Error::Config(problem));
        }
        let mut never = never.to_vec();
        if let DecoderStart::Token(bos_id) = config.decoder_start {
            never.extend(Some(bos_id).filter(|&bos_id| bos_id != config.eos_id));
        }
        let cx = Context::inference(params);
        let memory = model.encode(&cx, &TokenBatch::new(sources, 0))?;
        let state = model.begin(&cx, &memory);
        Ok(Decoding { model, cx, state, never, log_probs: Vec::new() })
    }

    /// Says `last[row]` in each row (nothing at the first step) and returns the log-probability of each
    /// word to come next, `[rows, vocab_size]`, in f64: the model's, and minus infinity for what is not said.
    pub fn step(&mut self, last: &[u32]) -> Result<&[f64], Error> {
        let first = self.state.is_empty();
        // Every row has one token, or none before a zero vector: nothing is padded.
        let sequences = match self.model.config().decoder_start {
            DecoderStart::Token(bos_id) if first => vec![vec![bos_id]; self.state.n_sentences()],
            DecoderStart::ZeroVector if first => vec![vec![]; self.state.n_sentences()],
            _ => last.iter().map(|&id| vec![id]).collect(),
        };
        let hidden = self.model.extend(&self.cx, &mut self.state, &TokenBatch::new(&sequences, 0))?;
        let log_probs = self.model.logits(&self.cx, &hidden).value().log_softmax(-1); // [rows, 1, vocab_size]
        if !log_probs.all_finite() {
            return Err(Error::NotFinite(format!("the model's output at position {}", self.state.len() - 1)));
        }
        self.log_probs.clear();
        let log_probs = log_probs.contiguous();
        dispatch!(log_probs.dtype(), T => {
            self.log_probs.extend(log_probs.data::<T>().iter().map(|number| number.f64()))
        });
        for row in self.log_probs.chunks_exact_mut(self.model.config().tgt_vocab_size) {
            self.never.iter().for_each(|&id| row[id as usize] = f64::NEG_INFINITY);
        }
        Ok(&self.log_probs)
    }

    /// Goes on with these sentences and rows, in this order.
    pub fn select(&mut self, sentences: &[u32], rows: &[u32]) {
        self.state.select(sentences, rows);
    }
}

/// Translates word by word, on this thread, `choose(sentence, position, log_probs)` naming each next word.
pub(super) fn decode_by(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    max_len: MaxLen,
    never: &[u32],
    mut choose: impl FnMut(usize, usize, &[f64]) -> u32,
) -> Result<Vec<Hypothesis>, Error> {
    let begun = Hypothesis { ids: Vec::new(), log_prob: 0.0, score: 0.0, finished: false };
    let mut hypotheses = vec![begun; sources.len()];
    let mut live: Vec<usize> = (0..sources.len()).collect(); // row -> sentence
    let mut decoding = Decoding::begin(model, params, sources, never)?;
    let (eos_id, vocab_size) = (model.config().eos_id, model.config().tgt_vocab_size);
    while !live.is_empty() {
        let last: Vec<u32> =
            live.iter().filter_map(|&sentence| hypotheses[sentence].ids.last().copied()).collect();
        let log_probs = decoding.step(&last)?; // [rows, vocab_size]
        let mut going_on = Vec::new();
        for (row, log_probs) in log_probs.chunks_exact(vocab_size).enumerate() {
            let sentence = live[row];
            let hypothesis = &mut hypotheses[sentence];
            let id = choose(sentence, hypothesis.ids.len(), log_probs);
            hypothesis.ids.push(id);
            hypothesis.log_prob += log_probs[id as usize];
            hypothesis.score = hypothesis.log_prob;
            hypothesis.finished = id == eos_id;
            if !hypothesis.finished
                && hypothesis.ids.len() < max_len.of(&sources[sentence], &model.config().architecture)
            {
                going_on.push(row as u32);
            }
        }
        if going_on.len() < live.len() {
            decoding.select(&going_on, &going_on);
            live = going_on.iter().map(|&row| live[row as usize]).collect();
        }
    }
    Ok(hypotheses)
}
