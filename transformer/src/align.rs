//! Which words of the source a target's words come from, as far as cross-attention says.
//!
//! Every layer of the decoder looks at the source when it is about to say a word. Averaged over the heads of one
//! layer, its attention tells word alignments to some degree: Garg et al. 2019 (*Jointly Learning to Align and
//! Translate with Transformer Models*) find the last layer but one the best. The attention taken is that of the
//! step that says the word. Refused: that of the next step, which reads it, from a layer near the bottom (Chen et
//! al. 2020, *Accurate Word Alignment Induction from Neural Machine Translation*). They measure better alignments
//! with it, but it is not what the model looked at to choose the word, and the best layer for it must be searched.
//!
//! Note: attention is not an explanation. A layer can look at one word and copy what others left there.

use std::cell::RefCell;

use autograd::Var;
use nn::{Context, Params, Trace};
use tensor::threads::on_worker;
use tensor::{DType, Tensor};

use crate::config::Config;
use crate::data::batch::{Batch, Pair};
use crate::error::Error;
use crate::model::Transformer;

/// The layer to take, from 0, if there is no reason for another: the last but one.
pub fn default_layer(config: &Config) -> usize {
    config.architecture.n_decoder_layers.saturating_sub(2)
}

/// Where a trace finds the weights of a decoder layer's cross-attention.
pub(crate) fn weights_path(layer: usize) -> String {
    format!("decoder.layers.{layer}.cross_attn.weights")
}

/// For each pair, for each token of its target, how much the heads of decoder layer `layer` (from 0) attend on
/// average to each token of its source when the model is about to say that token: `[tgt_len][src_len]`, of which
/// each row sums to 1. The tokens before it are taken from the target, whatever the model would have said.
///
/// All pairs are read as one batch; those of like length waste the least.
///
/// # Errors
/// [`Error::Config`] if there is no such layer; [`Error::EmptyBatch`] if a target has no token; as
/// [`Transformer::forward`]; [`Error::NotFinite`] if the model is broken.
pub fn alignments(
    model: &Transformer,
    params: &Params,
    pairs: &[Pair],
    layer: usize,
) -> Result<Vec<Vec<Vec<f64>>>, Error> {
    let n_layers = model.config().architecture.n_decoder_layers;
    if layer >= n_layers {
        let problem = format!("there is no decoder layer {layer}; the {n_layers} are counted from 0");
        return Err(Error::Config(problem));
    }
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let batch = Batch::new(pairs, model.config().decoder_start, 0)?;
    let weights = on_worker(|| cross_attention(model, params, &batch, layer))?;
    if !weights.all_finite() {
        return Err(Error::NotFinite(format!("the cross-attention of decoder layer {layer}")));
    }
    let weights: Vec<f64> = weights.to_vec();
    let src_len = batch.src.len;
    let of_pair = |(row, pair): (usize, &Pair)| {
        let of_token = |position| {
            let start = (row * batch.tgt_len() + position) * src_len;
            weights[start..start + pair.src.len()].to_vec()
        };
        (0..pair.tgt.len()).map(of_token).collect()
    };
    Ok(pairs.iter().enumerate().map(of_pair).collect())
}

/// The weights of one layer, averaged over its heads, in f64: `[batch, tgt_len, src_len]`.
fn cross_attention(
    model: &Transformer,
    params: &Params,
    batch: &Batch,
    layer: usize,
) -> Result<Tensor, Error> {
    let seen = Weights { path: weights_path(layer), value: RefCell::default() };
    let cx = Context::inference(params).with_trace(&seen);
    let memory = model.encode(&cx, &batch.src)?;
    model.read(&cx, &memory, &batch.tgt_in)?;
    let weights = seen.value.take().expect("every layer of the decoder shows its weights");
    Ok(weights.to_dtype(DType::F64).mean(1, false)) // [batch, n_heads, tgt_len, src_len] -> mean
}

/// Keeps what is traced under one path.
struct Weights {
    path: String,
    value: RefCell<Option<Tensor>>,
}

impl Trace for Weights {
    fn wants(&self, path: &str) -> bool {
        path == self.path
    }

    fn record(&self, _: &str, value: &Var) {
        *self.value.borrow_mut() = Some(value.value().clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DecoderStart, VocabSizes};
    use tensor::Seed;

    fn model(decoder_start: DecoderStart, dtype: DType) -> (Transformer, Params) {
        let sizes = Config::toy(VocabSizes::Shared(9)).with(|model| {
            model.d_model = 8;
            model.d_ff = 8;
            model.n_heads = 2;
        });
        let config = Config { decoder_start, ..sizes.with(|model| model.n_decoder_layers = 3) };
        Transformer::new(&config, Seed::new(1), dtype).unwrap()
    }

    fn pair(src: &[u32], tgt: &[u32]) -> Pair {
        Pair { src: src.to_vec(), tgt: tgt.to_vec() }
    }

    fn pairs() -> [Pair; 4] {
        [pair(&[3, 4, 5], &[6, 2]), pair(&[7], &[2]), pair(&[], &[8, 2]), pair(&[8, 3], &[4, 5, 6, 7, 2])]
    }

    #[test]
    fn every_target_token_spreads_one_over_the_source() {
        for decoder_start in [DecoderStart::Token(1), DecoderStart::ZeroVector] {
            let (model, params) = model(decoder_start, DType::F32);
            let found = alignments(&model, &params, &pairs(), 1).unwrap();
            for (pair, rows) in pairs().iter().zip(&found) {
                assert_eq!(rows.len(), pair.tgt.len());
                for row in rows {
                    assert_eq!(row.len(), pair.src.len());
                    let sum: f64 = row.iter().sum();
                    assert!(row.is_empty() || (sum - 1.0).abs() < 1e-6, "{row:?}");
                    assert!(row.iter().all(|&weight| weight > 0.0), "{row:?}");
                }
            }
        }
    }

    #[test]
    fn a_sentence_is_aligned_in_a_batch_as_alone() {
        let (model, params) = model(DecoderStart::Token(1), DType::F64);
        for layer in 0..3 {
            let together = alignments(&model, &params, &pairs(), layer).unwrap();
            for (pair, rows) in pairs().iter().zip(&together) {
                let alone = alignments(&model, &params, std::slice::from_ref(pair), layer).unwrap();
                let (rows, alone) = (rows.concat(), alone[0].concat());
                assert!(rows.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-12), "{rows:?} {alone:?}");
            }
        }
    }

    /// A layer that asks for nothing attends to all words alike, and only there do the weights say so.
    #[test]
    fn the_layer_asked_for_answers() {
        let (model, mut params) = model(DecoderStart::Token(1), DType::F64);
        let even = |rows: &[Vec<f64>]| rows.iter().flatten().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-12);
        let is_even = |params: &Params| {
            [0, 1, 2].map(|layer| even(&alignments(&model, params, &pairs()[..1], layer).unwrap()[0]))
        };
        assert_eq!(is_even(&params), [false; 3]);
        let query = params.id("decoder.layers.1.cross_attn.q_proj.weight").unwrap();
        *params.get_mut(query) = Tensor::zeros([8, 8], DType::F64); // all scores 0: all words alike
        assert_eq!(is_even(&params), [false, true, false]);
    }

    #[test]
    fn the_default_is_the_last_layer_but_one() {
        let with = |n_decoder_layers| {
            default_layer(
                &Config::toy(VocabSizes::Shared(9)).with(|model| model.n_decoder_layers = n_decoder_layers),
            )
        };
        assert_eq!([1, 2, 6].map(with), [0, 0, 4]);
    }

    #[test]
    fn what_cannot_be_aligned_is_an_error() {
        let (model, mut params) = model(DecoderStart::Token(1), DType::F32);
        assert!(alignments(&model, &params, &[], 0).unwrap().is_empty());
        let problem = |params: &Params, pair: Pair, layer| {
            alignments(&model, params, &[pair], layer).unwrap_err().to_string()
        };
        let good = || pair(&[3], &[2]);
        assert!(problem(&params, good(), 3).ends_with("no decoder layer 3; the 3 are counted from 0"));
        assert!(problem(&params, pair(&[3], &[]), 0).contains("target 0 is empty"));
        assert!(problem(&params, pair(&[9], &[2]), 0).contains("token id 9 at position 0"));
        let embedding = params.id("embedding.weight").unwrap();
        params.get_mut(embedding).data_mut::<f32>().fill(f32::NAN);
        assert!(problem(&params, pair(&[3, 4], &[2]), 0).contains("cross-attention of decoder layer 0"));
    }
}
