//! What may differ from run to run.

use std::cell::Cell;

use super::*;

/// A square; at each run its value is off by a new part of `of_value`, its gradient of `of_gradient`.
fn noisy(of_value: f64, of_gradient: f64) -> impl Fn(&[Var]) -> Var {
    let runs = Cell::new(0);
    move |v: &[Var]| {
        runs.set(runs.get() + 1);
        let part = [0.5, -0.5, 0.1, -0.3][runs.get() % 4];
        let off = &v[0] + part * of_value;
        square(&off, move |grad| grad.add_scalar(part * of_gradient))
    }
}

fn x() -> [Tensor; 1] {
    [Tensor::from([1.0, -3.0, 2.0])]
}

#[test]
fn without_a_tolerance_the_smallest_difference_is_too_large() {
    let Fault::GradientNotRepeatable { difference, .. } = fault(gradcheck("noisy", &x(), noisy(0.0, 1e-12)))
    else {
        panic!()
    };
    assert!((difference - 4e-13).abs() < 2e-13, "{difference}");
    let failure = gradcheck("noisy", &x(), noisy(0.0, 1e-5)).unwrap_err().to_string();
    assert!(failure.contains("if that much may be, say so with Gradcheck::nondet_tol"), "{failure}");
    assert!(matches!(fault(gradcheck("noisy", &x(), noisy(1e-9, 0.0))), Fault::ValueNotRepeatable { .. }));
}

#[test]
fn a_tolerance_accepts_what_is_below_it() {
    for noise in [1e-12, 1e-8, 1e-6, 1e-4] {
        for check in [Gradcheck::new(), Gradcheck::new().directions(4)] {
            let report = check.nondet_tol(noise).run("noisy", &x(), noisy(0.0, noise)).unwrap();
            assert!(report.certified() >= 3, "{noise}: {report}");
        }
        let found = Gradcheck::new().nondet_tol(noise / 10.0).run("noisy", &x(), noisy(0.0, noise));
        assert!(matches!(fault(found), Fault::GradientNotRepeatable { .. }), "{noise}");
    }
    // Of the value too; the differences see it divided by the step.
    assert!(Gradcheck::new().nondet_tol(1e-11).atol(1e-7).run("noisy", &x(), noisy(1e-12, 0.0)).is_ok());
}

#[test]
fn what_is_wrong_by_more_than_the_tolerance_is_wrong_all_the_same() {
    let wrong = |v: &[Var]| noisy(0.0, 1e-6)(&[v[0].clone()]) + square(&v[0], |grad| grad.mul_scalar(1.001));
    let failure = Gradcheck::new().nondet_tol(1e-6).run("wrong", &x(), wrong).unwrap_err();
    assert!(matches!(failure.fault, Fault::Mismatch { .. }), "{failure}");
    // A tolerance of the gradients' size shows nothing.
    let found = Gradcheck::new().nondet_tol(100.0).run("wrong", &x(), |v| square(&v[0], |grad| grad.neg()));
    assert!(matches!(fault(found), Fault::NothingCertified { .. }));
    let spoiled = |v: &[Var]| square(&v[0], |grad| grad.mul_scalar(f64::INFINITY));
    let found = Gradcheck::new().nondet_tol(f64::MAX).run("infinite", &x(), spoiled);
    assert!(matches!(fault(found), Fault::NonFinite(_)));
}

#[test]
#[should_panic(expected = "nondet_tol: NaN is not a tolerance")]
fn a_tolerance_is_a_number() {
    let _ = Gradcheck::new().nondet_tol(f64::NAN);
}
