use super::*;
use crate::config::{Config, VocabSizes};
use nn::{Adam, Constant};
use tensor::DType;
use tensor::Seed;

fn trainer(learning_rate: f64, options: TrainOptions) -> Result<Trainer<Adam, Constant>, Error> {
    let config = Config::toy(VocabSizes::Shared(6)).with(|model| {
        model.d_model = 8;
        model.d_ff = 8;
        model.n_heads = 2;
    });
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    Trainer::new(model, Adam::default(), Constant { learning_rate }, options)
}

fn pairs() -> Vec<Pair> {
    (1..6).map(|len| Pair { src: vec![3; len], tgt: [vec![4; len], vec![2]].concat() }).collect()
}

/// The first two pairs as a batch, and the other three.
fn batches() -> [Batch; 2] {
    let (pairs, start) = (pairs(), Config::toy(VocabSizes::Shared(6)).decoder_start);
    [&pairs[..2], &pairs[2..]].map(|pairs| Batch::new(pairs, start, 0).unwrap())
}

#[test]
fn an_epoch_sees_every_label_once_and_counts_its_steps() {
    let mut trainer =
        trainer(1e-3, TrainOptions { max_tokens: 8, accumulate: 2, ..TrainOptions::default() }).unwrap();
    let mut steps = Vec::new();
    let stats = trainer
        .train_epoch(&pairs(), 0, |report| {
            steps.push(report.step);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(stats.count, 2 + 3 + 4 + 5 + 6);
    assert_eq!(steps, (1..=trainer.step()).collect::<Vec<_>>());
}

#[test]
fn an_observer_can_end_the_epoch() {
    let mut trainer = trainer(1e-3, TrainOptions { max_tokens: 6, ..TrainOptions::default() }).unwrap();
    trainer.train_epoch(&pairs(), 0, |_| ControlFlow::Break(())).unwrap();
    assert_eq!(trainer.step(), 1);
}

/// An optimizer that finds what it would remember too large.
struct Overflowing;

impl nn::Optimizer for Overflowing {
    fn step(&mut self, _: &mut Params, _: &nn::ParamGradients, _: f64) -> Result<(), nn::Error> {
        Err(nn::Error::NotFinite {
            memory: "second moment",
            name: "embedding.weight".into(),
            gradient: 1.4e20,
        })
    }

    fn state(&self, _: &Params) -> nn::OptimizerState {
        unreachable!()
    }

    fn restore(&mut self, _: &Params, _: &nn::OptimizerState) -> Result<(), nn::Error> {
        unreachable!()
    }
}

#[test]
fn what_an_optimizer_cannot_remember_is_as_any_other_number_that_is_not_finite() {
    let Trainer { model, params, schedule, options, .. } = trainer(1e-3, TrainOptions::default()).unwrap();
    let mut trainer = Trainer::new((model, params), Overflowing, schedule, options).unwrap();
    let Err(Error::NotFinite(problem)) = trainer.train_step(&batches()) else { panic!() };
    assert!(
        problem
            .starts_with("step 1: the second moment of parameter `embedding.weight` would not be finite: ")
    );
    assert_eq!(trainer.step(), 0);
}

#[test]
fn a_broken_number_is_named_and_changes_nothing() {
    let mut trainer = trainer(1e-3, TrainOptions::default()).unwrap();
    let id = trainer.params.id("decoder.layers.0.norm1.weight").unwrap();
    trainer.params.get_mut(id).data_mut::<f32>()[0] = f32::NAN;
    let before = trainer.params.get(trainer.params.id("embedding.weight").unwrap()).clone();
    let problem = trainer.train_epoch(&pairs(), 0, |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(problem.starts_with("not a finite number in step 1: the loss is NaN, first in the gradient of"));
    assert_eq!(trainer.params.get(trainer.params.id("embedding.weight").unwrap()), &before);
    assert_eq!(trainer.step(), 0);
}

#[test]
fn a_learning_rate_that_is_no_number_changes_nothing() {
    let mut trainer = trainer(f64::NAN, TrainOptions::default()).unwrap();
    let before = trainer.params.clone();
    let problem = trainer.train_epoch(&pairs(), 0, |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(problem.contains("step 1: the learning rate is NaN"), "{problem}");
    assert!(before.iter().all(|(id, _, value)| trainer.params.get(id) == value));
}

#[test]
fn options_out_of_range_say_what_would_be_right() {
    let problem = |options| trainer(1e-3, options).map(|_| ()).unwrap_err().to_string();
    let default = TrainOptions::default();
    assert!(
        problem(TrainOptions { smoothing: 1.0, ..default }).contains("smoothing is 1; it must be in 0..1")
    );
    assert!(problem(TrainOptions { clip_norm: Some(0.0), ..default }).contains("it must be positive"));
    assert!(problem(TrainOptions { accumulate: 0, ..default }).contains("at least one batch"));
    assert!(problem(TrainOptions { shard_tokens: 0, ..default }).contains("at least one token"));
    assert!(problem(TrainOptions { max_tokens: 0, ..default }).contains("at least one token"));
}

#[test]
fn validating_does_not_depend_on_the_batches() {
    let mut few = trainer(1e-3, TrainOptions { max_tokens: 6, ..TrainOptions::default() }).unwrap();
    let mut many = trainer(1e-3, TrainOptions::default()).unwrap();
    let (few, many) = (few.validate(&pairs()).unwrap(), many.validate(&pairs()).unwrap());
    assert_eq!(few.count, many.count);
    assert!((few.loss() - many.loss()).abs() < 1e-5, "{} {}", few.loss(), many.loss());
}

#[test]
fn a_profile_accounts_for_the_whole_step() {
    let mut trainer = trainer(1e-3, TrainOptions::default()).unwrap();
    trainer.profile_steps(true);
    let report = trainer.train_step(&batches()).unwrap();
    let profile = report.profile.unwrap();
    assert_eq!(profile.total().as_secs_f64(), report.seconds.unwrap());
    let calls = |name| profile.row(name).map(|row| row.calls);
    assert_eq!(calls("linear_cross_entropy"), Some(2), "one for each batch");
    let outside = ["accumulate", "clip", "optimizer", "free", "other"];
    assert_eq!(outside.map(calls), [1, 1, 1, 3, 1].map(Some));
    for row in profile.rows() {
        let elsewhere = if outside.contains(&row.name) { row.forward + row.backward } else { row.outside };
        assert!(elsewhere.is_zero(), "{row:?}");
    }
}

#[test]
fn a_profile_changes_no_bit() {
    let run = |profile: bool| {
        let mut trainer = trainer(1e-3, TrainOptions { accumulate: 2, ..TrainOptions::default() }).unwrap();
        trainer.profile_steps(profile);
        let mut batching = Vec::new();
        let observe = |report: &StepReport| {
            batching.push(report.profile.as_ref().map(|profile| profile.row("batch").unwrap().calls));
            ControlFlow::Continue(())
        };
        trainer.train_epoch(&pairs(), 0, observe).unwrap();
        (trainer.params, batching)
    };
    let (without, nothing) = run(false);
    let (with, batching) = run(true);
    assert!(without.iter().all(|(id, _, value)| with.get(id) == value));
    assert_eq!((nothing, batching), (vec![None], vec![Some(1)]));
}
