//! What a position may not see does not change it. A target token changes nothing before it, the content of
//! padding changes nothing at all, to the bit; and a sentence means the same alone, beside longer ones, and
//! in another order.

use std::cell::RefCell;

use autograd::Var;
use nn::{Context, Trace};
use proptest::prelude::*;
use tensor::{DType, Seed, Tensor};
use transformer::{Batch, Pair, Positions, TokenBatch};

use crate::common::{
    FIRST_WORD, VOCAB_SIZE, assert_close, assert_gradients_close, batch, bits, cases, lens, logits,
    loss_and_gradients, pairs, random_model, small,
};
use crate::options::{any_causal, any_together};

/// Row `row` at its first `len` positions, `[1, len, vocab_size]`.
fn sentence(logits: &Tensor, row: usize, len: usize) -> Tensor {
    logits.slice(0, row..row + 1).slice(1, 0..len)
}

/// The same batch with other ids in the padded places.
fn refilled(batch: &Batch, seed: Seed) -> Batch {
    let refill = |tokens: &TokenBatch, seed: Seed| {
        let mut tokens = tokens.clone();
        for (i, id) in tokens.ids.iter_mut().enumerate() {
            if i % tokens.len >= tokens.lens[i / tokens.len] {
                *id = (seed.derive_index(i as u64).0 % VOCAB_SIZE as u64) as u32;
            }
        }
        tokens
    };
    let (src, tgt_in) = (refill(&batch.src, seed.derive("src")), refill(&batch.tgt_in, seed.derive("tgt")));
    Batch { src, tgt_in, tgt_out: batch.tgt_out.clone() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_later_token_leaves_earlier_logits_as_they_are(config in any_causal(), lens in lens(), seed: u64) {
        let (model, params) = random_model(&config, seed, DType::F32);
        let batch = batch(&config, &pairs(&lens, VOCAB_SIZE, seed));
        let before = logits(&model, &params, &batch);
        let columns = batch.tgt_in.len;
        let ahead = batch.tgt_len() - columns; // 1 where a zero vector stands in front
        for column in 0..columns {
            let mut changed = batch.clone();
            for id in changed.tgt_in.ids.iter_mut().skip(column).step_by(columns) {
                *id = if *id == FIRST_WORD { FIRST_WORD + 1 } else { FIRST_WORD };
            }
            let after = logits(&model, &params, &changed);
            let position = column + ahead;
            for row in 0..lens.len() {
                let earlier = |logits: &Tensor| bits(&sentence(logits, row, position));
                prop_assert_eq!(earlier(&before), earlier(&after));
                let so_far = |logits: &Tensor| bits(&sentence(logits, row, position + 1));
                prop_assert_ne!(so_far(&before), so_far(&after), "a token changes its own position");
            }
        }
    }

    #[test]
    fn the_content_of_padding_changes_no_bit(config in any_together(), lens in lens(), seed: u64) {
        let config = config.with(|model| { model.dropout = 0.2; model.attention_dropout = 0.1; });
        let (model, params) = random_model(&config, seed, DType::F32);
        let batch = batch(&config, &pairs(&lens, VOCAB_SIZE, seed));
        let other = refilled(&batch, Seed::new(seed));
        let (before, after) = (logits(&model, &params, &batch), logits(&model, &params, &other));
        for (row, &(_, tgt_len)) in lens.iter().enumerate() {
            prop_assert_eq!(bits(&sentence(&before, row, tgt_len)), bits(&sentence(&after, row, tgt_len)));
        }
        let (stats, gradients) = loss_and_gradients(&model, &params, &batch, 0.1);
        let (other_stats, other_gradients) = loss_and_gradients(&model, &params, &other, 0.1);
        prop_assert_eq!(stats, other_stats);
        for (id, name, _) in params.iter() {
            let (gradient, other) = (gradients.get(id).unwrap(), other_gradients.get(id).unwrap());
            prop_assert_eq!(bits(gradient), bits(other), "{}", name);
        }
    }

    /// Not to the bit: a matrix product may add up a row in another order where it has other neighbours.
    #[test]
    fn a_sentence_is_the_same_alone_and_beside_others(config in any_together(), lens in lens(), seed: u64) {
        let (model, params) = random_model(&config, seed, DType::F64);
        let pairs = pairs(&lens, VOCAB_SIZE, seed);
        let together = logits(&model, &params, &batch(&config, &pairs));
        for (row, pair) in pairs.iter().enumerate() {
            let alone = logits(&model, &params, &batch(&config, [pair]));
            assert_close("logits", &sentence(&together, row, pair.tgt.len()), &alone);
        }
    }

    #[test]
    fn another_order_of_the_batch_gives_the_same_in_another_order(config in any_together(), lens in lens(), seed: u64) {
        let (model, params) = random_model(&config, seed, DType::F64);
        let pairs = pairs(&lens, VOCAB_SIZE, seed);
        let ordered = batch(&config, &pairs);
        let reversed = batch(&config, pairs.iter().rev());
        let (before, after) = (logits(&model, &params, &ordered), logits(&model, &params, &reversed));
        for row in 0..lens.len() {
            let tgt_len = ordered.tgt_len();
            let there = lens.len() - 1 - row;
            assert_close("logits", &sentence(&after, there, tgt_len), &sentence(&before, row, tgt_len));
        }
        let (stats, gradients) = loss_and_gradients(&model, &params, &ordered, 0.1);
        let (other_stats, other_gradients) = loss_and_gradients(&model, &params, &reversed, 0.1);
        prop_assert!((stats.loss() - other_stats.loss()).abs() < 1e-12);
        assert_gradients_close(&params, &other_gradients, &gradients);
    }
}

/// All attention weights of a pass, by path.
#[derive(Default)]
struct Weights(RefCell<Vec<(String, Tensor)>>);

impl Trace for Weights {
    fn record(&self, path: &str, value: &Var) {
        if path.ends_with(".weights") {
            self.0.borrow_mut().push((path.to_string(), value.value().clone()));
        }
    }
}

#[test]
fn attention_weights_are_zero_where_nothing_may_be_seen_and_sum_to_one() {
    let config = small();
    let (model, params) = random_model(&config, 1, DType::F32);
    let batch = batch(&config, &pairs(&[(5, 3), (2, 6)], VOCAB_SIZE, 1));
    let weights = Weights::default();
    model.forward(&Context::inference(&params).with_trace(&weights), &batch).unwrap();
    let weights = weights.0.into_inner();
    assert_eq!(
        weights.len(),
        config.architecture.n_encoder_layers + 2 * config.architecture.n_decoder_layers
    );
    for (path, weights) in weights {
        let causal = path.starts_with("decoder") && path.contains("self_attn");
        let [rows, heads, queries, keys] = weights.shape()[..] else { panic!("{path}") };
        for index in
            (0..rows * heads * queries).map(|i| [i / queries / heads, i / queries % heads, i % queries])
        {
            let [row, head, query] = index;
            let weight = |key: usize| weights.at(&[row, head, query, key]);
            let may_see = |key: &usize| if causal { *key <= query } else { *key < batch.src.lens[row] };
            let (seen, hidden): (Vec<usize>, Vec<usize>) = (0..keys).partition(may_see);
            assert!(seen.iter().all(|&key| weight(key) > 0.0), "{path} {index:?}");
            assert!(hidden.iter().all(|&key| weight(key).to_bits() == 0), "{path} {index:?}");
            let sum: f64 = seen.iter().map(|&key| weight(key)).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{path} {index:?}: the weights sum to {sum}");
        }
    }
}

#[test]
fn an_empty_source_is_a_sentence_like_others() {
    let config = small();
    let (model, params) = random_model(&config, 2, DType::F64);
    let mut pairs = pairs(&[(4, 3), (1, 4)], VOCAB_SIZE, 2);
    pairs[1].src.clear();
    let together = batch(&config, &pairs);
    let alone: [&Pair; 1] = [&pairs[1]];
    let (beside, alone) =
        (logits(&model, &params, &together), logits(&model, &params, &batch(&config, alone)));
    assert!(beside.all_finite());
    assert_close("logits", &sentence(&beside, 1, 4), &alone);
    let (_, gradients) = loss_and_gradients(&model, &params, &together, 0.1);
    assert!(params.iter().all(|(id, ..)| gradients.get(id).unwrap().all_finite()));
}

/// Why there is a mask when nothing stands behind the last word anyway: the last position of one layer sees the same with
/// it and without, but in a second layer it sees what the first has made of the words before, which have looked ahead.
#[test]
fn without_the_causal_mask_one_layer_says_the_same_at_the_end_and_two_do_not() {
    for (n_decoder_layers, same) in [(1, true), (2, false)] {
        let config = small().with(|model| model.n_decoder_layers = n_decoder_layers);
        let at_the_end = |causal_mask| {
            let config = config.clone().with(|model| model.causal_mask = causal_mask);
            let (model, params) = random_model(&config, 1, DType::F64);
            let logits = logits(&model, &params, &batch(&config, &pairs(&[(3, 4)], VOCAB_SIZE, 1)));
            logits.slice(1, 3..4).to_vec::<f64>()
        };
        let (with, without) = (at_the_end(true), at_the_end(false));
        let difference = with.iter().zip(&without).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert_eq!(difference < 1e-12, same, "{n_decoder_layers} layers: {difference}");
    }
}

/// Why there are positions: without them the encoder reads a bag of words.
#[test]
fn without_positions_the_encoder_does_not_see_the_order() {
    for (positions, sees) in [(Positions::None, false), (Positions::Sinusoidal, true)] {
        let (model, params) = random_model(&small().with(|model| model.positions = positions), 1, DType::F64);
        let encode = |ids: &[u32]| {
            let cx = Context::inference(&params);
            model.encode(&cx, &TokenBatch::new(&[ids], 0)).unwrap().states.into_value()
        };
        let (forth, back) = (encode(&[3, 4, 5]), encode(&[5, 4, 3]));
        let difference = |i: usize| {
            let (word, same_word) = (forth.slice(1, i..i + 1), back.slice(1, 2 - i..3 - i));
            word.sub(&same_word).powi(2).max(.., false).item()
        };
        let largest = (0..3).map(difference).fold(0.0, f64::max);
        assert_eq!(largest > 1e-12, sees, "{positions:?}: {largest}");
    }
}
