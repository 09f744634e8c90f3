//! Sentences in the middle of being translated: the models, what they have read, and the next step.

use std::cell::RefCell;

use autograd::Var;
use nn::{Context, Params, Trace};
use tensor::threads::for_each_chunk;
use tensor::{DType, Element, Tensor, dispatch};

use super::narrowed::{Narrowed, Narrowing};
use super::shortlist::Shortlist;
use crate::align::{default_layer, weights_path};
use crate::config::{Config, DecoderStart};
use crate::data::batch::TokenBatch;
use crate::error::Error;
use crate::layers::cache::DecoderState;
use crate::model::Transformer;

/// A model that takes part in a search, and its parameters.
pub type Member<'a> = (&'a Transformer, &'a Params);

/// Who translates: a model, or several of one vocabulary (an ensemble, as in Sutskever et al. 2014, §3.6, whose
/// probabilities are the mean of its members').
pub(super) struct Speakers<'a> {
    members: Vec<(&'a Transformer, Context<'a>)>,
    /// Tokens that are not said, `<bos>` among them.
    never: Vec<u32>,
    /// The cross-attention of the first member, where it is wanted.
    attention: Option<&'a Attention>,
    /// Which words come into question, if not all.
    narrowing: Option<Narrowing<'a>>,
}

/// What is seen of the cross-attention in a step.
pub(super) struct Attention {
    path: String,
    /// `[sentences, n_heads, rows of each, src_len]`
    weights: RefCell<Option<Tensor>>,
}

impl Attention {
    /// That of the layer which tells most of alignments.
    pub fn of(model: &Transformer) -> Attention {
        Attention { path: weights_path(default_layer(model.config())), weights: RefCell::default() }
    }
}

impl Trace for Attention {
    fn wants(&self, path: &str) -> bool {
        path == self.path
    }

    fn record(&self, _: &str, value: &Var) {
        *self.weights.borrow_mut() = Some(value.value().clone());
    }
}

impl<'a> Speakers<'a> {
    /// These models. None of `never` is said, nor the token that stands before the first word, unless it is the one that
    /// ends as well (as in fairseq).
    ///
    /// # Errors
    /// If there is no member, they do not speak the same tokens, or `never` names what is not in the vocabulary, or
    /// `<eos>`.
    pub fn new(
        members: &[Member<'a>],
        never: &[u32],
        attention: Option<&'a Attention>,
    ) -> Result<Speakers<'a>, Error> {
        let Some((first, _)) = members.first() else {
            return Err(Error::Config("an ensemble has a model at least".into()));
        };
        let config = first.config();
        for (number, (model, params)) in members.iter().enumerate() {
            let tokens = |config: &Config| {
                (config.src_vocab_size, config.tgt_vocab_size, config.eos_id, config.decoder_start)
            };
            if tokens(model.config()) != tokens(config) || params.dtype() != members[0].1.dtype() {
                let problem =
                    format!("model {number} of the ensemble, from 0, has another vocabulary or dtype");
                return Err(Error::Config(problem));
            }
        }
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
        let context = |number: usize, params: &'a Params| match attention {
            Some(attention) if number == 0 => Context::inference(params).with_trace(attention),
            _ => Context::inference(params),
        };
        let members = members.iter().enumerate();
        let members = members.map(|(number, &(model, params))| (model, context(number, params))).collect();
        Ok(Speakers { members, never, attention, narrowing: None })
    }

    /// The same, each sentence having only words that a shortlist, if there is one, has for it, those of the prefix, and
    /// `<eos>`.
    ///
    /// # Errors
    /// If the shortlist is of another vocabulary.
    pub fn narrowed(
        self,
        shortlist: Option<&'a Shortlist>,
        prefix: &'a [u32],
    ) -> Result<Speakers<'a>, Error> {
        let Some(shortlist) = shortlist else { return Ok(self) };
        let config = self.config();
        shortlist.check(config.src_vocab_size, config.tgt_vocab_size).map_err(Error::Config)?;
        let narrowing = Some(Narrowing { shortlist, prefix, eos_id: config.eos_id });
        Ok(Speakers { narrowing, ..self })
    }

    /// What all of them agree on.
    pub fn config(&self) -> &'a Config {
        self.members[0].0.config()
    }

    /// Tokens that they do not say.
    pub fn never(&self) -> &[u32] {
        &self.never
    }

    /// Encodes the sources; each has one row, in which nothing was said yet.
    ///
    /// # Errors
    /// As [`Transformer::encode`].
    pub fn begin(&self, sources: &[impl AsRef<[u32]>]) -> Result<Decoding, Error> {
        let narrowed = self.narrowing.map(|narrowing| Narrowed::new(sources, narrowing));
        let sources = TokenBatch::new(sources, 0);
        let state = |(model, cx): &(&Transformer, Context)| {
            let memory = model.encode(cx, &sources)?;
            Ok(model.begin(cx, &memory))
        };
        Ok(Decoding { states: self.members.iter().map(state).collect::<Result<_, Error>>()?, narrowed })
    }
}

/// What the members remember of a batch of sentences.
pub(super) struct Decoding {
    states: Vec<DecoderState>,
    /// The words of each sentence, if these are not all.
    narrowed: Option<Narrowed>,
}

/// What a step gives.
pub(super) struct Step {
    /// The log-probability of each word to come next: the models', and minus infinity for what is not said.
    /// `[rows, vocab_size]`
    pub log_probs: Tensor,
    /// How much each row attends to each token of its source, the mean of the heads. `[rows, src_len]`, f64
    pub attention: Option<Tensor>,
}

impl Decoding {
    /// Says `last[row]` in each row; nothing at the first step.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a member's output is; as [`Transformer::extend`].
    pub fn step(&mut self, speakers: &Speakers, last: &[u32]) -> Result<Step, Error> {
        if let Some(narrowed) = &mut self.narrowed {
            narrowed.cut(&speakers.members);
        }
        let mut said = Vec::with_capacity(self.states.len());
        for (member, ((model, cx), state)) in speakers.members.iter().zip(&mut self.states).enumerate() {
            let hidden = hidden(model, cx, state, last)?; // [rows, 1, d_model]
            let log_probs = match &self.narrowed {
                Some(narrowed) => narrowed.log_probs(member, &hidden, model.config().tgt_vocab_size),
                None => log_probs(model, cx, &hidden),
            };
            let broken = || Error::NotFinite(format!("the model's output at position {}", state.len() - 1));
            said.push(log_probs.ok_or_else(broken)?);
        }
        let mut log_probs = if said.len() == 1 { said.remove(0) } else { mean_probabilities(said) };
        let (rows, vocab_size) = (log_probs.dim(0), log_probs.dim(1));
        dispatch!(log_probs.dtype(), T => {
            for row in log_probs.data_mut::<T>().chunks_exact_mut(vocab_size) {
                speakers.never.iter().for_each(|&id| row[id as usize] = T::of(f64::NEG_INFINITY));
            }
        });
        let weights = speakers.attention.and_then(|attention| attention.weights.take());
        let attention = weights.map(|weights| {
            let mean = weights.to_dtype(DType::F64).mean(1, false); // [sentences, rows of each, src_len]
            mean.reshape([rows, weights.dim(-1)])
        });
        Ok(Step { log_probs, attention })
    }

    /// Goes on with these sentences and rows, in this order.
    pub fn select(&mut self, sentences: &[u32], rows: &[u32]) {
        self.states.iter_mut().for_each(|state| state.select(sentences, rows));
        self.narrowed.iter_mut().for_each(|narrowed| narrowed.select(sentences));
    }

    /// Takes in other sentences, behind its own.
    pub fn join(&mut self, other: Decoding) {
        self.states.iter_mut().zip(other.states).for_each(|(state, other)| state.join(other));
        self.narrowed.iter_mut().zip(other.narrowed).for_each(|(narrowed, other)| narrowed.join(other));
    }
}

/// What one model makes of the words said so far. `[rows, 1, d_model]`
fn hidden(model: &Transformer, cx: &Context, state: &mut DecoderState, last: &[u32]) -> Result<Var, Error> {
    // Every row has one token, or none before a zero vector: nothing is padded.
    let sequences = match model.config().decoder_start {
        DecoderStart::Token(bos_id) if state.is_empty() => vec![vec![bos_id]; state.n_sentences()],
        DecoderStart::ZeroVector if state.is_empty() => vec![vec![]; state.n_sentences()],
        _ => last.iter().map(|&id| vec![id]).collect(),
    };
    model.extend(cx, state, &TokenBatch::new(&sequences, 0))
}

/// What it says of the next words, `[rows, vocab_size]`, or nothing if that is not finite.
fn log_probs(model: &Transformer, cx: &Context, hidden: &Var) -> Option<Tensor> {
    let mut log_probs = model.logits(cx, hidden).into_value().squeeze(1); // [rows, vocab_size]
    log_probs.log_softmax_assign();
    // A logit of NaN or infinity makes its whole row NaN; one of minus infinity is a word that cannot come.
    let broken = (0..log_probs.dim(0)).any(|row| log_probs.at(&[row, 0]).is_nan());
    (!broken).then_some(log_probs)
}

/// The logarithm of the mean of these probabilities, `[rows, vocab_size]` each.
fn mean_probabilities(mut log_probs: Vec<Tensor>) -> Tensor {
    let mut mean = log_probs.remove(0);
    let count = log_probs.len() + 1;
    dispatch!(mean.dtype(), T => {
        let others: Vec<&[T]> = log_probs.iter().map(|other| other.data::<T>()).collect();
        let width = mean.dim(1);
        for_each_chunk(mean.data_mut::<T>(), width.max(1), |row, mean| {
            for (id, mean) in mean.iter_mut().enumerate() {
                let of_all = || others.iter().map(|other| other[row * width + id].f64()).chain([mean.f64()]);
                let largest = of_all().fold(f64::NEG_INFINITY, f64::max);
                if largest > f64::NEG_INFINITY {
                    let sum: f64 = of_all().map(|log_prob| (log_prob - largest).exp()).sum();
                    *mean = T::of(largest + (sum / count as f64).ln());
                }
            }
        });
    });
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ensemble_says_the_mean_of_its_probabilities() {
        let log_probs = [[0.5f64, 0.5, 0.0], [0.1, 0.6, 0.3]].map(|probs| Tensor::from([probs.map(f64::ln)]));
        let mean = mean_probabilities(log_probs.to_vec()).exp().to_vec::<f64>();
        let expected = [0.3, 0.55, 0.15];
        assert!(mean.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{mean:?}");
        let impossible = Tensor::from([[f64::NEG_INFINITY, 0.0]]);
        assert_eq!(mean_probabilities(vec![impossible.clone(), impossible.clone()]), impossible);
    }
}
