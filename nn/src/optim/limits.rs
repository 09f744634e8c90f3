//! Numbers at the ends of what they can be: settings, and gradients too large to be remembered.

use tensor::{DType, Tensor};

use super::*;
use crate::error::Error;
use crate::gradients::ParamGradients;
use crate::params::Params;

const RATE: f64 = 0.1;

#[test]
fn a_second_moment_that_would_overflow_is_reported_and_nothing_is_changed() {
    let mut params = Params::new(DType::F32);
    let x = params.add("x", Tensor::from([1.0f32, 2.0]));
    let mut adam = Adam::default();
    let step = |adam: &mut Adam, params: &mut Params, gradient: f32| {
        let mut gradients = ParamGradients::empty(params);
        gradients.set(x, Tensor::from([0.5, gradient]));
        adam.step(params, &gradients, RATE)
    };
    // Huge, but 0.02 g^2 is below the largest f32, and huge beyond it: first of all and after other steps.
    for _ in 0..2 {
        let before = (params.get(x).clone(), adam.state(&params));
        let problem = step(&mut adam, &mut params, -1.4e20).unwrap_err();
        let Error::NotFinite { memory: "second moment", name, gradient } = problem else {
            panic!("{problem}")
        };
        assert_eq!((name.as_str(), gradient as f32), ("x", -1.4e20));
        let after = adam.state(&params);
        assert_eq!((params.get(x), after.steps), (&before.0, before.1.steps));
        assert!(after.tensors.iter().eq(before.1.tensors.iter()));
        step(&mut adam, &mut params, 0.5).unwrap();
    }
    step(&mut adam, &mut params, 1.2e20).unwrap();
    let far = params.get(x).clone();
    step(&mut adam, &mut params, 0.5).unwrap();
    assert!(params.get(x).all_finite() && params.get(x) != &far, "not frozen");
}

#[test]
fn what_is_no_setting_is_refused_at_once() {
    for (beta1, beta2, eps, expected) in [
        (0.9, 0.98, 0.0, "adam: eps must be at least 1.2e-38, for example 1e-9, not 0e0"),
        (0.9, 0.98, 1e-50, "adam: eps must be at least 1.2e-38, for example 1e-9, not 1e-50"),
        (0.9, 0.98, -1e-9, "not -1e-9"),
        (0.9, 0.98, f64::NAN, "not NaN"),
        (0.9, 0.98, f64::INFINITY, "not inf"),
        (1.0, 0.98, 1e-9, "adam: beta1 must be in [0, 1), not 1"),
        (0.9, -0.1, 1e-9, "adam: beta2 must be in [0, 1), not -0.1"),
        (0.9, f64::NAN, 1e-9, "adam: beta2 must be in [0, 1), not NaN"),
    ] {
        let panic = std::panic::catch_unwind(|| Adam::new(beta1, beta2, eps)).unwrap_err();
        let said = panic.downcast_ref::<String>().unwrap();
        assert!(said.ends_with(expected), "{said}");
    }
}

#[test]
fn the_least_eps_keeps_a_parameter_without_gradient() {
    let mut params = Params::new(DType::F32);
    let x = params.add("x", Tensor::from([1.0f32]));
    let mut gradients = ParamGradients::empty(&params);
    gradients.set(x, Tensor::from([0.0f32]));
    Adam::new(0.9, 0.98, Adam::MIN_EPS).step(&mut params, &gradients, RATE).unwrap();
    assert_eq!(params.get(x), &Tensor::from([1.0f32]));
}

#[test]
fn a_velocity_or_a_value_that_would_overflow_is_reported_and_nothing_is_changed() {
    let mut params = Params::new(DType::F32);
    let x = params.add("x", Tensor::from([1.0f32]));
    let mut sgd = Sgd::new(0.9, 0.0);
    for (gradient, rate, overflows) in [
        (3e38f32, 10.0, Some("new value")),
        (3e38, 1e-38, None),
        (3e38, 1e-38, Some("velocity")),
        (0.5, 1e-38, None),
    ] {
        let (before, steps) = (params.get(x).clone(), sgd.state(&params).steps);
        let mut gradients = ParamGradients::empty(&params);
        gradients.set(x, Tensor::from([gradient]));
        match (sgd.step(&mut params, &gradients, rate), overflows) {
            (Ok(()), None) => assert!(params.get(x).all_finite() && sgd.state(&params).steps == steps + 1),
            (Err(Error::NotFinite { memory, .. }), Some(expected)) => {
                assert_eq!((memory, params.get(x), sgd.state(&params).steps), (expected, &before, steps));
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }
}
