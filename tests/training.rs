//! Training works: from a fixed seed, a small model learns to reverse sentences and reverses ones that it has
//! never seen. And what goes wrong in a step is an error that leaves no trace.

use std::collections::HashSet;
use std::ops::ControlFlow;

use nn::{Adam, Constant, Cosine, Sgd};
use tensor::{DType, Seed, Tensor};
use transformer::search::MaxLen;
use transformer::search::greedy::greedy;
use transformer::{
    Batch, Config, Error, Pair, Positions, TrainOptions, Trainer, Transformer, VocabSizes, evaluate,
};

use crate::common::{
    EOS, VOCAB_SIZE, assert_all_close, batch, pairs, param_bits, random_model, small, words,
};

/// Sentences of one to six words, each with itself reversed.
fn reversals(count: usize, seed: u64) -> Vec<Pair> {
    let reversal = |i: usize| {
        let src = words(1 + i % 6, 13, Seed::new(seed).derive_index(i as u64));
        let tgt = src.iter().rev().copied().chain([EOS]).collect();
        Pair { src, tgt }
    };
    (0..count).map(reversal).collect()
}

#[test]
fn a_model_learns_to_reverse_sentences_it_has_never_seen() {
    let train = reversals(3000, 1);
    let seen: HashSet<&Vec<u32>> = train.iter().map(|pair| &pair.src).collect();
    let unseen: Vec<Pair> = reversals(300, 2)
        .into_iter()
        .filter(|pair| pair.src.len() > 3 && !seen.contains(&pair.src))
        .collect();
    assert!(unseen.len() > 100);

    let sizes = Config::toy(VocabSizes::Shared(13)).with(|model| {
        model.d_model = 32;
        model.d_ff = 64;
    });
    let config = sizes.with(|model| {
        model.n_encoder_layers = 1;
        model.n_decoder_layers = 1;
    });
    let made = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let schedule = Cosine { peak: 1e-2, min: 0.0, warmup_steps: 100, total_steps: 1650 };
    let options = TrainOptions { max_tokens: 100, clip_norm: Some(1.0), ..TrainOptions::default() };
    let mut trainer = Trainer::new(made, Adam::default(), schedule, options).unwrap();
    let before = evaluate(&trainer.model, &trainer.params, &unseen, 400, 0.0).unwrap();
    for epoch in 0..12 {
        trainer.train_epoch(&train, epoch, |_| ControlFlow::Continue(())).unwrap();
    }
    let after = trainer.validate(&unseen).unwrap();

    let sources: Vec<Vec<u32>> = unseen.iter().map(|pair| pair.src.clone()).collect();
    let found = greedy(&trainer.model, &trainer.params, &sources, MaxLen::default()).unwrap();
    let wrong = found.iter().zip(&unseen).filter(|(found, pair)| found.ids != pair.tgt).count();
    assert_eq!(wrong, 0, "of {} sentences", unseen.len());
    assert!(after.perplexity() < 1.2 && before.perplexity() > 8.0, "{before:?}, {after:?}");
}

/// A trainer of a small model with learned positions, which end at 12.
fn trainer() -> Trainer<Adam, Constant> {
    let config = small().with(|model| model.positions = Positions::Learned);
    let options = TrainOptions { max_tokens: 16, ..TrainOptions::default() };
    let made = random_model(&config, 1, DType::F32);
    Trainer::new(made, Adam::default(), Constant { learning_rate: 1e-2 }, options).unwrap()
}

fn good() -> Batch {
    batch(&small(), &pairs(&[(3, 4), (5, 2)], VOCAB_SIZE, 1))
}

/// The good batch with one change.
fn bad(spoil: impl Fn(&mut Batch)) -> Batch {
    let mut batch = good();
    spoil(&mut batch);
    batch
}

#[test]
fn a_failed_step_is_an_error_and_leaves_no_trace() {
    let long = batch(&small(), &pairs(&[(13, 2)], VOCAB_SIZE, 1));
    let mut cases: Vec<(Vec<Batch>, &str)> = vec![
        (
            vec![bad(|batch| batch.src.ids[1] = 9)],
            "token id 9 at position 1 of sentence 0 in its batch must be below the vocabulary size, 9",
        ),
        (
            vec![bad(|batch| batch.tgt_in.ids[5] = 70)],
            "token id 70 at position 1 of sentence 1 in its batch must be below",
        ),
        (
            vec![bad(|batch| batch.tgt_out[1] = 70)],
            "token id 70 at position 1 of sentence 0 in its batch must be below",
        ),
        (
            vec![bad(|batch| batch.tgt_out.fill(transformer::data::batch::IGNORE))],
            "no label of the batch counts",
        ),
        (vec![long], "a sequence of 13 tokens exceeds max_len 12"),
        (vec![], "batch: no batch in this step"),
    ];
    // The second of two batches is as good as the first at spoiling a step.
    let later: Vec<_> =
        cases.iter().map(|(batches, said)| ([vec![good()], batches.clone()].concat(), *said)).collect();
    cases.extend(later.into_iter().filter(|(batches, _)| batches.len() == 2));

    let (mut failing, mut untouched) = (trainer(), trainer());
    for (batches, said) in cases {
        failing.train_step(&[good()]).unwrap();
        untouched.train_step(&[good()]).unwrap();
        let error = failing.train_step(&batches).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
    failing.train_step(&[good()]).unwrap();
    untouched.train_step(&[good()]).unwrap();
    assert_eq!(failing.step(), untouched.step());
    assert_eq!(param_bits(&failing.params), param_bits(&untouched.params), "nor has Adam changed");
}

#[test]
fn a_parameter_without_gradient_is_named_and_nothing_has_changed() {
    let (mut failing, mut untouched) = (trainer(), trainer());
    let unused = failing.params.add("unused.weight", Tensor::ones([2], DType::F32));
    let before = param_bits(&failing.params);
    let error = failing.train_step(&[good()]).unwrap_err().to_string();
    assert!(error.starts_with("parameter `unused.weight` is trainable but has no gradient"), "{error}");
    assert_eq!((param_bits(&failing.params), failing.step()), (before, 0));

    failing.params.set_trainable(unused, false);
    for trainer in [&mut failing, &mut untouched] {
        trainer.train_step(&[good()]).unwrap();
    }
    assert_eq!(failing.params.get(unused), &Tensor::ones([2], DType::F32));
    let trained = param_bits(&failing.params);
    assert_eq!(trained[..trained.len() - 2], param_bits(&untouched.params), "nor has Adam changed");
}

#[test]
fn clipping_bounds_how_far_a_step_goes() {
    for (clip_norm, clips) in [(None, false), (Some(0.25), true), (Some(1e6), false)] {
        let options = TrainOptions { clip_norm, ..TrainOptions::default() };
        let made = random_model(&small(), 1, DType::F64);
        let mut trainer =
            Trainer::new(made, Sgd::default(), Constant { learning_rate: 0.5 }, options).unwrap();
        let before = trainer.params.clone();
        let norm = trainer.train_step(&[good()]).unwrap().grad_norm;
        let square =
            |(id, _, tensor): (_, _, &Tensor)| (tensor - before.get(id)).powi(2).sum(.., false).item();
        let distance = trainer.params.iter().map(square).sum::<f64>().sqrt();
        assert!(norm > 0.25, "the norm is reported as it was before clipping: {norm}");
        assert_all_close("distance", &[distance], &[0.5 * if clips { 0.25 } else { norm }]);
    }
}

#[test]
fn a_number_that_is_not_finite_is_reported_with_its_parameter() {
    for spoiled in [f64::NAN, f64::INFINITY] {
        let mut trainer = trainer();
        let id = trainer.params.id("decoder.layers.0.linear2.bias").unwrap();
        *trainer.params.get_mut(id) = Tensor::full([8], spoiled, DType::F32);
        let before = param_bits(&trainer.params);
        let error = trainer.train_step(&[good()]).unwrap_err();
        assert!(matches!(&error, Error::NotFinite(place) if place.contains("step 1")), "{error}");
        assert_eq!((param_bits(&trainer.params), trainer.step()), (before, 0));
        let found = greedy(&trainer.model, &trainer.params, &[vec![3]], MaxLen::default());
        assert!(matches!(found, Err(Error::NotFinite(_))));
    }
}

#[test]
fn an_epoch_sees_every_label_once_and_may_be_ended_early() {
    let lens: Vec<(usize, usize)> = (0..20).map(|i| (1 + i % 5, 1 + i % 4)).collect();
    let pairs = pairs(&lens, VOCAB_SIZE, 1);
    let mut trainer = trainer();
    let mut reports = Vec::new();
    let stats = trainer
        .train_epoch(&pairs, 0, |report| {
            reports.push(report.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    let labels: usize = pairs.iter().map(|pair| pair.tgt.len()).sum();
    assert_eq!((stats.count, reports.iter().map(|report| report.stats.count).sum()), (labels, labels));
    assert!(reports.len() > 3 && reports.iter().zip(1..).all(|(report, step)| report.step == step));
    assert!(reports.iter().all(|report| report.learning_rate == 1e-2 && report.grad_norm > 0.0));

    let steps = trainer.step();
    let stats = trainer.train_epoch(&pairs, 1, |_| ControlFlow::Break(())).unwrap();
    assert_eq!(trainer.step(), steps + 1);
    assert!(stats.count < labels);
}
