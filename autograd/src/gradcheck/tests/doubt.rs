//! Where differences fail, no gradient is called wrong; where they do not, a wrong one is.

use super::*;
use crate::gradcheck::report::Doubt;

/// What a check of a right function doubts, and that at the step it names the check passes.
fn doubt(inputs: &[Tensor], f: impl Fn(&[Var]) -> Var) -> Doubt {
    let failure = gradcheck("right", inputs, &f).unwrap_err();
    let Fault::Undecided { some, .. } = &failure.fault else { panic!("{failure}") };
    let doubt = some[0].doubt.clone().unwrap();
    let steadier = match &doubt {
        Doubt::NotFinite { steadier } | Doubt::TooNoisy { steadier, .. } => *steadier,
        Doubt::TooWide { steadier } => Some(*steadier),
        Doubt::TooSmall { .. } => None,
    };
    let step = steadier.unwrap_or_else(|| panic!("{failure}"));
    let text = failure.to_string();
    assert!(text.contains("cannot be checked by differences; they need not be wrong"), "{text}");
    assert!(
        text.contains(&format!("set Gradcheck::step({step:e})"))
            && !text.contains("is wrong")
            && !text.contains("are wrong")
    );
    Gradcheck::new().step(step).run("right", inputs, f).unwrap();
    doubt
}

#[test]
fn a_function_that_is_not_finite_within_the_step() {
    for x in [1e-8, 3e-7, 1e-12] {
        let found = doubt(&[Tensor::from([x])], |v| v[0].log());
        assert!(matches!(found, Doubt::NotFinite { .. }), "log at {x}: {found:?}");
        let found = doubt(&[Tensor::from([x])], |v| v[0].sqrt());
        assert!(matches!(found, Doubt::NotFinite { .. }), "sqrt at {x}: {found:?}");
    }
    let failure = gradcheck("log", &[Tensor::from([1e-8, 1.0])], |v| v[0].log()).unwrap_err();
    assert!(matches!(failure.fault, Fault::Undecided { .. }), "the other of the two is right: {failure}");
    doubt(&[Tensor::from([1e-5])], |v| v[0].log()); // finite at last, and bent too much within the step
}

#[test]
fn a_function_that_is_another_within_the_step() {
    for x in [1e-8, -1e-6, 3e-7, 1e-12] {
        for power in [-1, -2, -3] {
            let found = doubt(&[Tensor::from([x])], |v| v[0].powi(power));
            assert!(matches!(found, Doubt::TooWide { .. }), "{x} to the power {power}: {found:?}");
        }
        doubt(&[Tensor::from([x])], |v| (&v[0] * &v[0]).sqrt() / &v[0] * 1e-3 + v[0].powi(-1));
    }
    let wrong = |x: &Var| {
        let saved = x.value().clone();
        Var::record("wrong", &[x], saved.powi(-1), move |grad_out, grads| {
            grads.add(0, || grad_out.mul(&saved.powi(-2)).mul_scalar(-1.1))
        })
    };
    for x in [1e-8, -1e-6] {
        let failure = gradcheck("wrong", &[Tensor::from([x])], |v| wrong(&v[0])).unwrap_err();
        assert!(matches!(failure.fault, Fault::Mismatch { .. }), "{failure}");
    }
}

#[test]
fn a_step_that_is_lost_to_rounding() {
    let check = Gradcheck::new().step(1e-20);
    let failure = check.run("exp", &[Tensor::from([0.5])], |v| v[0].exp()).unwrap_err();
    let expected = "the step is so small that the input does not move: set Gradcheck::step(1e-3)";
    assert!(failure.to_string().contains(expected), "{failure}");
}

#[test]
fn a_result_whose_rounding_drowns_its_change() {
    for large in [1e12, -1e12, 1e13, 1e10] {
        let found = doubt(&[Tensor::from([1.0, -0.3])], |v| v[0].add_scalar(large));
        assert!(matches!(found, Doubt::TooNoisy { .. }), "x + {large}: {found:?}");
        doubt(&[Tensor::from([1.0])], |v| v[0].add_scalar(large).add_scalar(-large));
    }
    doubt(&[normal(&[600])], |v| v[0].sum(.., false).add_scalar(1e12)); // by random directions
}

/// The identity plus a number, with twice its derivative.
fn doubled(x: &Var, number: f64) -> Var {
    Var::record("doubled", &[x], x.value().add_scalar(number), |grad_out, grads| {
        grads.add(0, || grad_out.mul_scalar(2.0));
    })
}

#[test]
fn what_the_differences_contradict_is_wrong_all_the_same() {
    for number in [0.0, 1.0, 1e6] {
        let failure =
            gradcheck("doubled", &[Tensor::from([1.0, -0.3])], |v| doubled(&v[0], number)).unwrap_err();
        assert!(matches!(failure.fault, Fault::Mismatch { .. }), "{failure}");
    }
    // One that is wrong among some that cannot be checked.
    let x = [Tensor::from([1e-8]), Tensor::from([1.0])];
    let failure = gradcheck("both", &x, |v| v[0].log() + doubled(&v[1], 0.0)).unwrap_err();
    assert!(matches!(failure.fault, Fault::Mismatch { .. }), "{failure}");
}

#[test]
fn a_wrong_derivative_beside_a_large_constant_is_held_to_the_steadiest_difference() {
    let wrong = |x: &Var| {
        let saved = x.value().clone();
        Var::record("wrong", &[x], saved.exp(), move |grad_out, grads| grads.add(0, || grad_out.mul(&saved)))
    };
    let x = [Tensor::from([0.5, -1.5])];
    let failure = gradcheck("wrong", &x, |v| wrong(&v[0]).add_scalar(1e12)).unwrap_err();
    let text = failure.to_string();
    let (_, count, worst) = mismatches(Err(failure));
    assert_eq!((count, worst.len()), (2, 2));
    for found in worst {
        let (right, noise) = (x[0].exp().at(&found.input_index), found.noise.unwrap());
        assert!((found.numeric - right).abs() <= noise && noise < 0.5, "{text}");
        assert!(
            text.contains(&format!("by central differences, which change by {noise:.1e} with the step (rel"))
        );
    }
    for large in [0.0, 1e3] {
        let (.., worst) = mismatches(gradcheck("wrong", &x, |v| wrong(&v[0]).add_scalar(large)));
        assert!(worst.iter().all(|found| found.noise.is_none()), "{large}: {worst:?}");
    }
}

#[test]
fn a_right_derivative_beside_a_large_constant_is_never_called_wrong() {
    let x = [Tensor::from([0.5, -1.5, 3.0, -0.01])];
    for large in (4..=18).flat_map(|power| [1.0, -2.7, 7.3].map(|part| part * 10f64.powi(power))) {
        let Err(failure) = gradcheck("right", &x, |v| v[0].exp().add_scalar(large)) else { continue };
        assert!(matches!(failure.fault, Fault::Undecided { .. }), "exp(x) + {large}: {failure}");
    }
}

#[test]
fn where_no_step_serves_that_is_said() {
    let x = [Tensor::from([1.0])];
    let failure = gradcheck("x + 1e25", &x, |v| v[0].add_scalar(1e25)).unwrap_err();
    assert!(
        failure.to_string().contains("and at no other: take away what is large and constant"),
        "{failure}"
    );
}
