//! The encoder (Vaswani et al. 2017, §3.1): a stack of layers, each self-attention and feed-forward. Every
//! position may attend to every other of its sentence.

use autograd::Var;
use nn::{Context, Embedding, ParamBuilder};
use tensor::Mask;

use crate::config::Architecture;
use crate::data::batch::TokenBatch;
use crate::error::Error;
use crate::layers::attention::MultiHeadAttention;
use crate::layers::embed::Embed;
use crate::layers::feed_forward::FeedForward;
use crate::layers::masks;
use crate::layers::residual::{FinalNorm, Residual};

/// What the encoder says about its sentences, for the decoder to read.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The output of the top layer. `[batch, src_len, d_model]`
    pub states: Var,
    /// Which positions are tokens, not padding. `[batch, 1, 1, src_len]`
    pub mask: Mask,
}

/// The stack of encoder layers, with its input.
#[derive(Clone, Debug)]
pub struct Encoder {
    embed: Embed,
    layers: Vec<EncoderLayer>,
    norm: FinalNorm,
}

impl Encoder {
    /// `architecture.n_encoder_layers` layers over `embedding`, under the builder's scope.
    pub(crate) fn new(builder: &mut ParamBuilder, embedding: Embedding, architecture: &Architecture) -> Self {
        let layer = |i| EncoderLayer::new(&mut builder.scope("layers").scope(i), architecture);
        let layers = (0..architecture.n_encoder_layers).map(layer).collect();
        Encoder {
            embed: Embed::new(builder, embedding, architecture),
            layers,
            norm: FinalNorm::new(builder, architecture),
        }
    }

    /// Encodes the sentences, whose ids are known to lie in the vocabulary.
    pub(crate) fn forward(&self, cx: &Context, src: &TokenBatch) -> Result<Memory, Error> {
        let _scope = cx.enter("encoder");
        let mask = masks::padding(&src.lens, src.len); // [batch, 1, 1, src_len]
        let tokens = self.embed.tokens(cx, &src.ids, [src.batch_size(), src.len]);
        let mut x = self.embed.place(cx, &tokens, &[0])?; // [batch, src_len, d_model]
        for (i, layer) in self.layers.iter().enumerate() {
            let _scope = cx.enter(format_args!("layers.{i}"));
            x = layer.forward(cx, &x, &mask);
            cx.trace("out", &x);
        }
        Ok(Memory { states: self.norm.forward(cx, x), mask })
    }
}

/// One layer of the encoder.
#[derive(Clone, Debug)]
pub struct EncoderLayer {
    self_attn: MultiHeadAttention,
    feed_forward: FeedForward,
    residuals: [Residual; 2],
}

impl EncoderLayer {
    /// One layer under the builder's scope.
    pub fn new(builder: &mut ParamBuilder, architecture: &Architecture) -> Self {
        EncoderLayer {
            self_attn: MultiHeadAttention::new(&mut builder.scope("self_attn"), architecture),
            feed_forward: FeedForward::new(builder, architecture),
            residuals: [1, 2].map(|number| Residual::new(builder, number, architecture)),
        }
    }

    /// `[batch, src_len, d_model] -> [batch, src_len, d_model]`. Positions attend where `mask`, broadcast to
    /// `[batch, n_heads, src_len, src_len]`, is true.
    ///
    /// # Panics
    /// If the last axis of `x` is not d_model, or the mask does not fit.
    #[track_caller]
    pub fn forward(&self, cx: &Context, x: &Var, mask: &Mask) -> Var {
        let [around_attention, around_feed_forward] = &self.residuals;
        let x = around_attention.forward(cx, x, |x| {
            let _scope = cx.enter("self_attn");
            self.self_attn.forward(cx, x, &self.self_attn.key_value(cx, x), Some(mask))
        });
        around_feed_forward.forward(cx, &x, |x| self.feed_forward.forward(cx, x))
    }
}
