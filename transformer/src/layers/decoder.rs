//! The decoder (Vaswani et al. 2017, §3.1): a stack of layers, each self-attention to what was said so far,
//! cross-attention to the encoder's output, and feed-forward.
//!
//! The decoder reads a target left to right. Training reads the whole target at once ("teacher forcing"). Decoding
//! reads one token a step: [`Transformer::begin`] opens a [`DecoderState`] for a batch of encoded sentences, and
//! [`Transformer::extend`] reads further tokens. It is the same code: the causal mask makes sure that no position
//! depends on a later one, so the keys and values of what was read need not be computed again.
//!
//! Every layer reads the output of the encoder's top layer, through keys and values of its own, which are
//! computed once per sentence.
//!
//! [`Transformer::begin`]: crate::model::Transformer::begin
//! [`Transformer::extend`]: crate::model::Transformer::extend

use autograd::Var;
use nn::{Context, Embedding, ParamBuilder};
use tensor::Mask;

use crate::config::{Architecture, DecoderStart};
use crate::data::batch::TokenBatch;
use crate::error::Error;
use crate::layers::attention::{KeyValue, MultiHeadAttention};
use crate::layers::cache::{DecoderState, LayerState};
use crate::layers::embed::Embed;
use crate::layers::encoder::Memory;
use crate::layers::feed_forward::FeedForward;
use crate::layers::masks;
use crate::layers::residual::{FinalNorm, Residual};

/// The stack of decoder layers, with its input.
#[derive(Clone, Debug)]
pub struct Decoder {
    embed: Embed,
    start: DecoderStart,
    causal: bool,
    layers: Vec<DecoderLayer>,
    norm: FinalNorm,
}

impl Decoder {
    /// `architecture.n_decoder_layers` layers over `embedding`, under the builder's scope.
    pub(crate) fn new(
        builder: &mut ParamBuilder,
        embedding: Embedding,
        start: DecoderStart,
        architecture: &Architecture,
    ) -> Self {
        let layer = |i| DecoderLayer::new(&mut builder.scope("layers").scope(i), architecture);
        let layers = (0..architecture.n_decoder_layers).map(layer).collect();
        Decoder {
            embed: Embed::new(builder, embedding, architecture),
            start,
            causal: architecture.causal_mask,
            layers,
            norm: FinalNorm::new(builder, architecture),
        }
    }

    /// A state in which nothing was read yet, with one row for each sentence of the memory.
    pub(crate) fn begin(&self, cx: &Context, memory: &Memory) -> DecoderState {
        let layers = self.memories(cx, memory).iter().map(LayerState::begin).collect();
        DecoderState::begin(layers, memory.mask.clone())
    }

    /// Each layer's keys and values of the source, `[sentences, src_len, d_model]`.
    fn memories(&self, cx: &Context, memory: &Memory) -> Vec<KeyValue> {
        self.layers.iter().map(|layer| layer.cross_attn.key_value(cx, &memory.states)).collect()
    }

    /// Reads whole targets `[batch, len]` at once; out comes what [`Decoder::extend`] makes of them.
    pub(crate) fn forward(&self, cx: &Context, memory: &Memory, tgt_in: &TokenBatch) -> Result<Var, Error> {
        let memories = self.memories(cx, memory);
        self.read(cx, tgt_in, &[], |i, x, mask| {
            self.layers[i].read(cx, x, &memories[i], |new| new, mask, &memory.mask)
        })
    }

    /// Reads further tokens `[rows, len]` and returns the top layer's output at each of their
    /// positions, `[rows, len, d_model]`. At the first call, a decoder that starts from a zero vector puts
    /// it in front: `[rows, 1 + len, d_model]`.
    ///
    /// Padding stands at the ends of rows, so no token ever sees it through the causal mask; what comes out
    /// at padded positions has no meaning.
    ///
    /// Note: without the causal mask, what was read before does not see these tokens either, as it would in
    /// [`Decoder::forward`]: its keys and values were computed before they came.
    pub(crate) fn extend(
        &self,
        cx: &Context,
        state: &mut DecoderState,
        tgt_in: &TokenBatch,
    ) -> Result<Var, Error> {
        let DecoderState { layers, memory_mask, lens, .. } = state;
        let src_len = memory_mask.shape()[3];
        let out = self.read(cx, tgt_in, lens, |i, x, mask| {
            let LayerState { past, memory } = &mut layers[i];
            let with_past = |new: KeyValue| LayerState::read(past, &new, lens);
            self.layers[i].read(cx, x, &memory.key_value(src_len), with_past, mask, memory_mask)
        })?;
        lens.iter_mut().for_each(|len| *len += out.dim(1));
        Ok(out)
    }

    /// Tokens `[rows, len]` behind `past[row]` others, or none, through every layer as `layer(i, x, mask)` says.
    fn read(
        &self,
        cx: &Context,
        tokens: &TokenBatch,
        past: &[usize],
        mut layer: impl FnMut(usize, &Var, &Mask) -> Var,
    ) -> Result<Var, Error> {
        let _scope = cx.enter("decoder");
        let mut x = self.embed.tokens(cx, &tokens.ids, [tokens.batch_size(), tokens.len]); // [rows, len, d_model]
        let past_len = past.iter().max().copied().unwrap_or(0);
        let started = usize::from(past_len == 0 && self.start == DecoderStart::ZeroVector);
        if started > 0 {
            x = x.pad(1, 1, 0, 0.0); // [rows, 1 + len, d_model]
        }
        let alike = past.iter().all(|&len| len == past_len);
        let starts = if alike { &[past_len] } else { past };
        let mut x = self.embed.place(cx, &x, starts)?;
        let mask = if self.causal {
            masks::causal_after(starts, x.dim(1)) // [rows or 1, 1, len, past_len + len]
        } else {
            let past = |row: usize| past.get(row).copied().unwrap_or(0);
            let seen: Vec<usize> =
                tokens.lens.iter().enumerate().map(|(row, len)| past(row) + started + len).collect();
            masks::padding(&seen, past_len + x.dim(1)) // [rows, 1, 1, past_len + len]
        };
        for i in 0..self.layers.len() {
            let _scope = cx.enter(format_args!("layers.{i}"));
            x = layer(i, &x, &mask);
            cx.trace("out", &x);
        }
        Ok(self.norm.forward(cx, x))
    }
}

/// One layer of the decoder.
#[derive(Clone, Debug)]
pub struct DecoderLayer {
    self_attn: MultiHeadAttention,
    cross_attn: MultiHeadAttention,
    feed_forward: FeedForward,
    residuals: [Residual; 3],
}

impl DecoderLayer {
    /// One layer under the builder's scope.
    pub fn new(builder: &mut ParamBuilder, architecture: &Architecture) -> Self {
        DecoderLayer {
            self_attn: MultiHeadAttention::new(&mut builder.scope("self_attn"), architecture),
            cross_attn: MultiHeadAttention::new(&mut builder.scope("cross_attn"), architecture),
            feed_forward: FeedForward::new(builder, architecture),
            residuals: [1, 2, 3].map(|number| Residual::new(builder, number, architecture)),
        }
    }

    /// A whole target at once, none of whose positions sees a later one: `[batch, tgt_len, d_model] ->
    /// [batch, tgt_len, d_model]`.
    ///
    /// # Panics
    /// If the last axis of `x` is not d_model, or there is not one sentence in the memory for each of `x`.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var, memory: &Memory) -> Var {
        let source = self.cross_attn.key_value(cx, &memory.states);
        self.read(cx, x, &source, |new| new, &masks::causal_after(&[0], x.dim(1)), &memory.mask)
    }

    /// `[rows, len, d_model] -> [rows, len, d_model]`. Self-attention goes to what `with_past` makes of the keys and
    /// values of these positions, cross-attention to those of the `source`.
    #[track_caller]
    fn read(
        &self,
        cx: &Context,
        x: &Var,
        source: &KeyValue,
        with_past: impl FnOnce(KeyValue) -> KeyValue,
        causal: &Mask,
        memory_mask: &Mask,
    ) -> Var {
        let [around_self, around_cross, around_feed_forward] = &self.residuals;
        let x = around_self.forward(cx, x, |x| {
            let _scope = cx.enter("self_attn");
            let seen = with_past(self.self_attn.key_value(cx, x)); // [rows, past_len + len, d_model]
            self.self_attn.forward(cx, x, &seen, Some(causal))
        });
        let x = around_cross.forward(cx, &x, |x| {
            let _scope = cx.enter("cross_attn");
            // The rows of one sentence attend to the same memory: they are queries side by side, so that
            // no hypothesis needs a copy of it.
            let (rows, len, d_model) = (x.dim(0), x.dim(1), x.dim(2));
            let sentences = memory_mask.shape()[0];
            let queries = x.reshape([sentences, rows / sentences.max(1) * len, d_model]);
            self.cross_attn.forward(cx, &queries, source, Some(memory_mask)).reshape([rows, len, d_model])
        });
        around_feed_forward.forward(cx, &x, |x| self.feed_forward.forward(cx, x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Positions, VocabSizes};
    use crate::data::batch::TokenBatch;
    use crate::model::Transformer;
    use nn::Params;
    use tensor::{DType, Seed, Tensor};

    fn config() -> Config {
        Config::toy(VocabSizes::Shared(9)).with(|model| {
            model.d_model = 8;
            model.d_ff = 8;
            model.n_heads = 2;
        })
    }

    fn model() -> (Transformer, Params) {
        Transformer::new(&config(), Seed::new(1), DType::F64).unwrap()
    }

    fn begin(model: &Transformer, cx: &Context, sources: &[&[u32]]) -> DecoderState {
        model.begin(cx, &model.encode(cx, &TokenBatch::new(sources, 0)).unwrap())
    }

    fn say(model: &Transformer, cx: &Context, state: &mut DecoderState, ids: &[&[u32]]) -> Tensor {
        model.extend(cx, state, &TokenBatch::new(ids, 0)).unwrap().into_value()
    }

    #[track_caller]
    fn assert_close(a: &Tensor, b: &Tensor) {
        let difference = a.sub(b).powi(2).max(.., false).item();
        assert!(difference < 1e-24, "{difference}");
    }

    #[test]
    fn selected_rows_go_on_as_if_they_had_been_alone() {
        let (model, params) = model();
        let cx = Context::inference(&params);
        let (long, short): (&[u32], &[u32]) = (&[3, 4, 5, 6], &[7]);
        let mut both = begin(&model, &cx, &[long, short]);
        say(&model, &cx, &mut both, &[&[1, 3], &[1, 4]]);
        both.select(&[1], &[1, 1]); // the short sentence, now with two hypotheses
        let out = say(&model, &cx, &mut both, &[&[5], &[6]]);
        for (row, last) in [(0, 5), (1, 6)] {
            let mut alone = begin(&model, &cx, &[short]);
            say(&model, &cx, &mut alone, &[&[1, 4]]);
            assert_close(&out.slice(0, row..row + 1), &say(&model, &cx, &mut alone, &[&[last]]));
        }
        assert_eq!((both.len(), both.n_sentences()), (3, 1));
    }

    /// A sentence enters beside one that was begun before it, and both go on to the bit as if they had been alone.
    #[test]
    fn sentences_join_in_the_middle_of_others() {
        let options =
            [(Positions::Sinusoidal, true), (Positions::Learned, true), (Positions::Sinusoidal, false)];
        for (positions, causal_mask) in options {
            let config =
                config().with(|model| (model.positions, model.causal_mask) = (positions, causal_mask));
            let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
            let cx = Context::inference(&params);
            let (early, late): (&[u32], &[u32]) = (&[3, 4], &[7, 5, 8, 3]);
            let alone = |source: &[u32], ids: &[u32]| {
                let mut state = begin(&model, &cx, &[source]);
                ids.iter().map(|id| say(&model, &cx, &mut state, &[&[*id]])).last().unwrap()
            };
            let mut state = begin(&model, &cx, &[early]);
            for id in [1, 3, 4] {
                say(&model, &cx, &mut state, &[&[id]]);
            }
            let mut other = begin(&model, &cx, &[late]);
            say(&model, &cx, &mut other, &[&[1]]);
            state.join(other);
            assert_eq!((state.len(), state.n_rows(), state.memory_mask.shape()[3]), (3, 2, 4));
            let out = say(&model, &cx, &mut state, &[&[5], &[6]]);
            assert_eq!(out.slice(0, 0..1), alone(early, &[1, 3, 4, 5]));
            assert_eq!(out.slice(0, 1..2), alone(late, &[1, 6]));
            state.select(&[1, 0], &[1, 0]);
            let out = say(&model, &cx, &mut state, &[&[3], &[8]]);
            assert_eq!(out.slice(0, 0..1), alone(late, &[1, 6, 3]));
            assert_eq!(out.slice(0, 1..2), alone(early, &[1, 3, 4, 5, 8]));
            state.select(&[1], &[1, 1]);
            assert_eq!((state.memory_mask.shape()[3], state.n_sentences()), (2, 1));
        }
    }

    #[test]
    fn a_zero_vector_takes_the_first_position() {
        let config = Config { decoder_start: DecoderStart::ZeroVector, ..config() };
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64).unwrap();
        let cx = Context::inference(&params);
        let mut at_once = begin(&model, &cx, &[&[3, 4]]);
        let whole = say(&model, &cx, &mut at_once, &[&[5, 6]]); // [1, 3, 8]
        let mut stepwise = begin(&model, &cx, &[&[3, 4]]);
        for (position, ids) in [&[][..], &[5], &[6]].into_iter().enumerate() {
            let out = say(&model, &cx, &mut stepwise, &[ids]);
            assert_close(&out, &whole.slice(1, position..position + 1));
        }
    }
}
