//! What holds for every optimizer.

use autograd::Tape;
use tensor::threads::GRAIN;
use tensor::{DType, Seed, Tensor};

use super::*;
use crate::context::Context;
use crate::error::Error;
use crate::gradients::ParamGradients;
use crate::layout::ParamId;
use crate::named::NamedTensors;
use crate::params::Params;

/// One of each, by the name of its type.
fn optimizers() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    vec![
        ("Sgd", Box::new(Sgd::new(0.9, 0.01))),
        ("Adam", Box::new(Adam::default())),
        ("AdamW", Box::new(AdamW::new(Adam::default(), 0.1))),
    ]
}

fn boxed(name: &str) -> Box<dyn Optimizer> {
    optimizers().into_iter().find(|(other, _)| *other == name).unwrap().1
}

/// Two parameters, of which the second spans several chunks.
fn store() -> Params {
    let mut params = Params::new(DType::F32);
    params.add("bias", Tensor::normal([7], 0.0, 1.0, Seed::new(1), DType::F32));
    params.add("weight", Tensor::normal([3, GRAIN + 5], 0.0, 1.0, Seed::new(2), DType::F32));
    params
}

fn gradients(params: &Params, step: u64) -> ParamGradients {
    let mut gradients = ParamGradients::empty(params);
    for (id, name, param) in params.iter() {
        let seed = Seed::new(step).derive(name);
        gradients.set(id, Tensor::normal(param.shape(), 0.0, 0.1, seed, DType::F32));
    }
    gradients
}

fn run(optimizer: &mut dyn Optimizer, params: &mut Params, steps: std::ops::Range<u64>) {
    for step in steps {
        let gradients = gradients(params, step);
        optimizer.step(params, &gradients, 0.01).unwrap();
    }
}

fn bits(params: &Params) -> Vec<u32> {
    params.iter().flat_map(|(_, _, tensor)| tensor.to_vec::<f32>()).map(f32::to_bits).collect()
}

#[test]
fn every_optimizer_of_this_folder_is_tried() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/optim");
    let tried: Vec<&str> = optimizers().into_iter().map(|(name, _)| name).collect();
    let mut found = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let code = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in code.lines().filter_map(|line| line.strip_prefix("impl Optimizer for ")) {
            let name = line.split(' ').next().unwrap();
            assert!(
                tried.contains(&name),
                "nn/src/optim/tests.rs: `optimizers` has no `{name}`; add one, so that all that holds here is tried with it"
            );
            found += 1;
        }
    }
    assert_eq!(found, tried.len());
}

#[test]
fn a_missing_gradient_is_named_and_nothing_is_changed() {
    for (name, mut optimizer) in optimizers() {
        let mut params = store();
        let before = bits(&params);
        let mut partial = ParamGradients::empty(&params);
        let bias = params.id("bias").unwrap();
        partial.set(bias, Tensor::ones([7], DType::F32));
        let error = optimizer.step(&mut params, &partial, 0.1).unwrap_err();
        assert!(
            error.to_string().starts_with("parameter `weight` is trainable but has no gradient"),
            "{error}"
        );
        assert_eq!(bits(&params), before, "{name}");
        assert_eq!(optimizer.state(&params).steps, 0, "{name}");
    }
}

#[test]
fn a_gradient_that_is_not_finite_is_named_and_nothing_is_changed() {
    for (name, mut optimizer) in optimizers() {
        for gradient in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut params = store();
            let before = bits(&params);
            let mut wrong = gradients(&params, 0);
            wrong.set(params.id("bias").unwrap(), Tensor::full([7], gradient.into(), DType::F32));
            let found = optimizer.step(&mut params, &wrong, 0.1);
            assert!(
                matches!(&found, Err(Error::NotFinite { name, .. }) if name == "bias"),
                "{name}: a step with a gradient of {gradient} gives {found:?}; begin `step` with `check_memory` of \
                 nn/src/optim/optimizer.rs, once for each list that it remembers"
            );
            assert_eq!((bits(&params), optimizer.state(&params).steps), (before, 0), "{name}");
        }
    }
}

#[test]
fn frozen_parameters_stay_and_have_no_memory() {
    for (name, mut optimizer) in optimizers() {
        let mut params = store();
        let (bias, weight) = (params.id("bias").unwrap(), params.id("weight").unwrap());
        params.set_trainable(weight, false);
        let before = params.clone();
        run(&mut *optimizer, &mut params, 0..2);
        assert_eq!(params.get(weight), before.get(weight), "{name}");
        assert_ne!(params.get(bias), before.get(bias), "{name}");
        let state = optimizer.state(&params);
        assert!(!state.tensors.is_empty() && state.tensors.iter().all(|(slot, _)| slot.ends_with(".bias")));
        optimizer.restore(&params, &state).unwrap();
    }
}

#[test]
#[should_panic(expected = "step: parameter `bias` is f32 [7], its gradient f32 [1]")]
fn a_gradient_of_another_shape_panics() {
    let mut params = store();
    let mut wrong = gradients(&params, 0);
    wrong.set(params.id("bias").unwrap(), Tensor::ones([1], DType::F32));
    let _ = Adam::default().step(&mut params, &wrong, 0.1);
}

#[test]
#[should_panic(expected = "step: the gradients are of another model: 3 instead of 2 parameters")]
fn gradients_of_another_model_panic() {
    let (mut params, mut other) = (store(), store());
    other.add("more", Tensor::zeros([1], DType::F32));
    let _ = Adam::default().step(&mut params, &gradients(&other, 0), 0.1);
}

#[test]
fn moments_of_another_model_are_found_out() {
    for (_, mut optimizer) in optimizers() {
        let mut params = store();
        let first = gradients(&params, 1);
        optimizer.step(&mut params, &first, 0.1).unwrap();
        let mut other = Params::new(DType::F32);
        let id = other.add("other.weight", Tensor::zeros([2], DType::F32));
        let mut gradients = ParamGradients::empty(&other);
        gradients.set(id, Tensor::ones([2], DType::F32));
        let step = std::panic::AssertUnwindSafe(|| optimizer.step(&mut other, &gradients, 0.1));
        assert!(std::panic::catch_unwind(step).is_err());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (name, _) in optimizers() {
        let trained = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut params = store();
                run(&mut *boxed(name), &mut params, 0..3);
                bits(&params)
            })
        };
        let one = trained(1);
        assert!(one == trained(2) && one == trained(4), "{name}");
    }
}

#[test]
fn a_count_of_steps_at_its_end_stays_there() {
    for (name, mut optimizer) in optimizers() {
        let mut params = store();
        run(&mut *optimizer, &mut params, 0..1);
        let state = OptimizerState { steps: u64::MAX, ..optimizer.state(&params) };
        optimizer.restore(&params, &state).unwrap();
        run(&mut *optimizer, &mut params, 1..2);
        assert_eq!(optimizer.state(&params).steps, u64::MAX, "{name}");
        assert!(params.iter().all(|(_, _, value)| value.all_finite()), "{name}");
    }
}

#[test]
fn a_restored_run_takes_the_same_steps() {
    for ((name, mut whole), (_, mut resumed)) in optimizers().into_iter().zip(optimizers()) {
        let mut params = store();
        run(&mut *whole, &mut params, 0..3);
        let (state, mut resumed_params) = (whole.state(&params), params.clone());
        assert_eq!(state.steps, 3, "{name}");
        run(&mut *whole, &mut params, 3..6);

        resumed.restore(&resumed_params, &state).unwrap();
        run(&mut *resumed, &mut resumed_params, 3..6);
        assert!(bits(&params) == bits(&resumed_params), "{name}");
    }
}

#[test]
fn an_optimizer_can_be_chosen_at_run_time() {
    fn train(mut optimizer: impl Optimizer) -> (Vec<u32>, u64) {
        let mut params = store();
        run(&mut optimizer, &mut params, 0..2);
        let state = optimizer.state(&params);
        optimizer.restore(&params, &state).unwrap();
        run(&mut optimizer, &mut params, 2..3);
        (bits(&params), optimizer.state(&params).steps)
    }
    let rules: Vec<_> = optimizers().into_iter().map(|(_, optimizer)| optimizer.rule()).collect();
    let (beta1, beta2, eps) = (0.9, 0.98, 1e-9);
    let [sgd, adam] = [Rule::Sgd { momentum: 0.9, weight_decay: 0.01 }, Rule::Adam { beta1, beta2, eps }];
    assert_eq!(rules, [sgd, adam, Rule::AdamW { beta1, beta2, eps, weight_decay: 0.1 }].map(Some));
    assert_eq!(train(boxed("Sgd")), train(Sgd::new(0.9, 0.01)));
    assert_eq!(train(boxed("Adam")), train(Adam::default()));
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let mut params = store();
    let mut adam = Adam::default();
    let fresh = adam.state(&params);
    run(&mut adam, &mut params, 0..1);
    let state = adam.state(&params);

    let mut incomplete = OptimizerState { steps: 1, tensors: NamedTensors::new("state") };
    incomplete.tensors.insert("first_moment.bias", Tensor::zeros([7], DType::F32));
    let error = adam.restore(&params, &incomplete).unwrap_err();
    assert!(matches!(error, Error::MissingTensor { name, .. } if name == "first_moment.weight"));

    let mut foreign = state.clone();
    foreign.tensors.insert("velocity.bias", Tensor::zeros([7], DType::F32));
    let error = adam.restore(&params, &foreign).unwrap_err();
    assert!(matches!(error, Error::UnexpectedTensor { name, .. } if name == "velocity.bias"));

    let mut other = Params::new(DType::F32);
    other.add("bias", Tensor::zeros([8], DType::F32));
    assert!(matches!(adam.restore(&other, &state), Err(Error::ShapeMismatch { .. })));

    // None of these refusals changed anything; the state of a fresh optimizer resets it.
    assert_eq!(adam.state(&params).steps, 1);
    adam.restore(&params, &fresh).unwrap();
    assert_eq!(adam.state(&params).steps, 0);
}

#[test]
fn parameters_are_changed_in_place() {
    let mut params = store();
    let weight = params.id("weight").unwrap();
    let mut adam = Adam::default();
    let address = params.get(weight).data::<f32>().as_ptr();
    for _ in 0..2 {
        let tape = Tape::new();
        let cx = Context::training(&params, &tape, Seed::new(0));
        let sum_of_squares =
            |(id, ..): (ParamId, &str, &Tensor)| cx.param(id).mul(&cx.param(id)).sum(.., false);
        let loss = params.iter().map(sum_of_squares).reduce(|sum, term| sum.add(&term)).unwrap();
        let gradients = cx.gradients(loss.backward());
        adam.step(&mut params, &gradients, 0.01).unwrap();
    }
    assert_eq!(params.get(weight).data::<f32>().as_ptr(), address);
}
