//! The loss is what its definition says: the cross-entropy of the logits against the labels, per label that
//! counts. It does not depend on padding or on how pairs are put into batches, and neither does a step.

use autograd::{LossStats, Tape, Var};
use nn::{Constant, Context, Sgd};
use proptest::prelude::*;
use tensor::DType;
use tensor::ops::cross_entropy::IGNORE;
use transformer::{
    Batch, Config, Error, Pair, TieEmbeddings, TrainOptions, Trainer, Transformer, VocabSizes, evaluate,
};

use crate::common::{
    DROPOUT_SEED, VOCAB_SIZE, assert_all_close, assert_close, assert_gradients_close, batch, cases, lens,
    logits, loss_and_gradients, pairs, random_model, small, starts,
};

/// `- sum of q log p` over the labels that count, with the natural logarithm, and how many there are. q gives
/// `1 - smoothing` to the label and `smoothing / vocab_size` to every word.
fn by_definition(logits: &tensor::Tensor, labels: &[u32], smoothing: f64) -> (f64, usize) {
    let vocab_size = logits.dim(-1);
    let (mut sum, mut count) = (0.0, 0);
    for (logits, &label) in logits.to_f64_vec().chunks_exact(vocab_size).zip(labels) {
        if label != IGNORE {
            let log_normalizer = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
            let nll = |word: usize| log_normalizer - logits[word];
            let spread: f64 = (0..vocab_size).map(|word| smoothing / vocab_size as f64 * nll(word)).sum();
            sum += (1.0 - smoothing) * nll(label as usize) + spread;
            count += 1;
        }
    }
    (sum, count)
}

/// Sums are compared as numbers, counts exactly.
#[track_caller]
fn assert_same(found: &LossStats, expected: &LossStats) {
    assert_eq!((found.count, found.correct), (expected.count, expected.correct));
    let sums = |stats: &LossStats| [stats.loss_sum, stats.nll_sum];
    assert_all_close("sums", &sums(found), &sums(expected));
}

/// A trainer of plain gradient descent with momentum, in f64.
fn trainer(config: &Config, clip_norm: Option<f64>) -> Trainer<Sgd, Constant> {
    let options = TrainOptions { clip_norm, ..TrainOptions::default() };
    let model = random_model(config, 9, DType::F64);
    Trainer::new(model, Sgd::new(0.9, 0.0), Constant { learning_rate: 0.1 }, options).unwrap()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_loss_is_the_cross_entropy_of_the_logits(lens in lens(), seed: u64, start in starts()) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F64);
        let batch = batch(&config, &pairs(&lens, VOCAB_SIZE, seed));
        let logits = logits(&model, &params, &batch);
        let cx = Context::inference(&params);
        for smoothing in [0.0, 0.1, 0.9] {
            let found = model.loss(&cx, &batch, smoothing).unwrap();
            let (loss_sum, count) = by_definition(&logits, &batch.tgt_out, smoothing);
            let (nll_sum, _) = by_definition(&logits, &batch.tgt_out, 0.0);
            assert_same(&found.stats, &LossStats { loss_sum, nll_sum, count, ..found.stats });
            assert_all_close("loss", &[found.loss.item()], &[loss_sum / count as f64]);
            if smoothing == 0.0 {
                prop_assert_eq!(found.stats.loss_sum, found.stats.nll_sum);
            }
        }
        let scores = model.score(&cx, &batch).unwrap();
        assert_all_close("score", &[scores.iter().sum()], &[-by_definition(&logits, &batch.tgt_out, 0.0).0]);
    }

    #[test]
    fn it_does_not_depend_on_how_pairs_are_batched(lens in lens(), seed: u64, start in starts()) {
        let config = Config { decoder_start: start, ..small() };
        let (model, params) = random_model(&config, seed, DType::F64);
        let pairs = pairs(&lens, VOCAB_SIZE, seed);
        let mut alone = LossStats::default();
        for pair in &pairs {
            let cx = Context::inference(&params);
            alone.merge(&model.loss(&cx, &batch(&config, [pair]), 0.1).unwrap().stats);
        }
        prop_assert_eq!(alone.count, lens.iter().map(|&(_, tgt_len)| tgt_len).sum::<usize>());
        for max_tokens in [1, 8, 1000] {
            assert_same(&evaluate(&model, &params, &pairs, max_tokens, 0.1).unwrap(), &alone);
        }
    }

    #[test]
    fn a_step_of_many_batches_is_a_step_of_one(lens in lens(), seed: u64, clipped: bool) {
        let clip_norm = clipped.then_some(0.1); // well below any norm here
        let config = small();
        let pairs = pairs(&lens, VOCAB_SIZE, seed);
        let whole = [batch(&config, &pairs)];
        let parts: Vec<Batch> = pairs.chunks(2).map(|pairs| batch(&config, pairs)).collect();
        let (mut at_once, mut accumulated) = (trainer(&config, clip_norm), trainer(&config, clip_norm));
        for _ in 0..2 {
            let expected = at_once.train_step(&whole).unwrap();
            let found = accumulated.train_step(&parts).unwrap();
            assert_same(&found.stats, &expected.stats);
            assert_all_close("norm", &[found.grad_norm], &[expected.grad_norm]);
            prop_assert!(!clipped || found.grad_norm > 0.1);
        }
        for (id, name, tensor) in accumulated.params.iter() {
            assert_close(name, tensor, at_once.params.get(id));
        }
    }
}

/// The loss by way of the logits as a whole, as [`Transformer::loss`] does not compute it.
fn composed(model: &Transformer, cx: &Context, batch: &Batch, smoothing: f64) -> Var {
    let logits = model.forward(cx, batch).unwrap(); // [batch, tgt_len, vocab_size]
    let vocab_size = logits.dim(-1);
    let rows = logits.reshape([batch.tgt_out.len(), vocab_size]); // [batch * tgt_len, vocab_size]
    rows.cross_entropy(&batch.tgt_out, smoothing).loss
}

#[track_caller]
fn assert_fused_is_composed(config: &Config, pairs: &[Pair]) {
    let (model, params) = random_model(config, 3, DType::F64);
    let batch = batch(config, pairs);
    let (stats, fused) = loss_and_gradients(&model, &params, &batch, 0.1);
    let tape = Tape::new();
    let cx = Context::training(&params, &tape, DROPOUT_SEED);
    let loss = composed(&model, &cx, &batch, 0.1);
    assert_all_close("loss", &[stats.loss()], &[loss.item()]);
    assert_gradients_close(&params, &fused, &cx.gradients(loss.backward()));
}

#[test]
fn the_fused_loss_is_the_composed_one() {
    let pairs = pairs(&[(3, 6), (6, 2), (1, 1)], VOCAB_SIZE, 3);
    for tie_embeddings in [TieEmbeddings::ThreeWay, TieEmbeddings::TargetWithOutput, TieEmbeddings::Separate]
    {
        assert_fused_is_composed(&small().with(|model| model.tie_embeddings = tie_embeddings), &pairs);
    }
}

#[test]
fn and_when_the_logits_come_in_chunks() {
    let vocab_size = 40_000; // 2^21 logits a chunk: 52 rows, and there are 120
    let vocab_sizes = VocabSizes::Separate { src: VOCAB_SIZE, tgt: vocab_size };
    let narrow = Config::toy(vocab_sizes).with(|model| {
        model.d_model = 4;
        model.d_ff = 4;
        model.n_heads = 1;
    });
    let mut pairs = pairs(&[(3, 40), (3, 35), (3, 20)], VOCAB_SIZE, 4);
    for (i, id) in pairs.iter_mut().flat_map(|pair| &mut pair.tgt).enumerate() {
        *id = (i * 7919 % vocab_size) as u32;
    }
    assert_fused_is_composed(&narrow, &pairs);
}

#[test]
fn a_batch_of_ignored_labels_is_an_error() {
    let config = small();
    let (model, params) = random_model(&config, 3, DType::F32);
    let mut ignored = batch(&config, &pairs(&[(3, 2), (2, 4)], VOCAB_SIZE, 3));
    ignored.tgt_out.fill(IGNORE);
    let failed = model.loss(&Context::inference(&params), &ignored, 0.1).err().unwrap();
    assert!(matches!(failed, Error::NoLabels), "{failed}");
    let mut trainer = trainer(&config, None);
    assert!(matches!(trainer.train_step(&[ignored]), Err(Error::NoLabels)));
    assert!(matches!(trainer.train_step(&[]), Err(Error::EmptyBatch(_))));
    assert_eq!(trainer.step(), 0);
}

/// One batch of the step has labels, another has none: the labels that count decide, as in one large batch.
#[test]
fn a_part_without_labels_is_an_error_and_not_a_part_with_weight_zero() {
    let config = small();
    let with = batch(&config, &pairs(&[(3, 2)], VOCAB_SIZE, 3));
    let mut without = with.clone();
    without.tgt_out.fill(IGNORE);
    assert!(matches!(trainer(&config, None).train_step(&[with, without]), Err(Error::NoLabels)));
}
