//! The checker is itself checked: it must pass what is right and name what is wrong.

mod display;
mod doubt;
mod held;
mod invariants;
mod kinks;
mod nondeterminism;
mod outputs;

use super::*;
use tensor::{DType, Seed};

/// `x^2` whose vjp is `2 x grad_out` after what `spoil` makes of it.
fn square(x: &Var, spoil: impl Fn(Tensor) -> Tensor + 'static) -> Var {
    let saved = x.value().clone();
    Var::record("square", &[x], saved.powi(2), move |grad_out, grads| {
        grads.add(0, || spoil(grad_out.mul(&saved).mul_scalar(2.0)));
    })
}

fn normal(shape: &[usize]) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, Seed::new(1), DType::F64)
}

#[track_caller]
fn fault(found: Result<GradcheckReport, GradcheckFailure>) -> Fault {
    found.unwrap_err().fault
}

#[track_caller]
fn mismatches(found: Result<GradcheckReport, GradcheckFailure>) -> (usize, usize, Vec<Mismatch>) {
    match fault(found) {
        Fault::Mismatch { inputs, worst } => {
            let total = |count: fn(&InputReport) -> usize| inputs.iter().map(count).sum();
            (total(|input| input.compared), total(|input| input.wrong), worst)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_right_gradient_passes_and_is_counted() {
    let x = Tensor::from([[1.0, -2.0, 0.5], [3.0, 0.0, 100.0]]);
    let report = gradcheck("square", &[x], |v| square(&v[0], |grad| grad)).unwrap();
    // Of the derivatives of six outputs by six inputs five are not zero: one of the inputs is.
    assert_eq!((report.compared(), report.certified(), report.zero(), report.excused()), (36, 5, 31, 0));
    assert_eq!((report.method, report.moved), (Method::FullJacobian, 0));
    // Rounding leaves something, but far less than is accepted.
    assert!(report.worst_relative_error() > 0.0 && report.worst_relative_error() < 1e-11, "{report}");
    let [InputReport { name, compared, certified, wrong, .. }] = &report.inputs[..] else {
        panic!("{report}")
    };
    assert_eq!((name.as_str(), *compared, *certified, *wrong), ("input 0", 36, 5, 0));
}

#[test]
fn a_wrong_gradient_is_named_to_the_element() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let inputs = [Tensor::scalar(1.0), x];
    let spoil_one = |grad: Tensor| grad.mul(&Tensor::from([[1.0, 1.0], [1.001, 1.0]]));
    let failure = gradcheck("square", &inputs, |v| &v[0] * square(&v[1], spoil_one)).unwrap_err();
    let report = failure.to_string();
    let (compared, wrong, worst) = mismatches(Err(failure));
    assert_eq!((compared, wrong, worst.len()), (20, 1, 1));
    let found = &worst[0];
    assert_eq!((found.input, &found.input_index[..]), (1, &[1, 0][..]));
    assert_eq!(found.output_index, Some(vec![1, 0]));
    assert!((found.analytic - 6.006).abs() < 1e-12 && (found.numeric - 6.0).abs() < 1e-10);
    assert!((found.relative_error - 0.006 / 6.006).abs() < 1e-10 && !found.kink);
    let lines: Vec<&str> = report.lines().collect();
    let expected =
        "gradcheck of `square`: 1 of 20 derivatives is wrong: 1 of 16 by input 1, none by the others";
    assert_eq!(lines[0], expected);
    assert!(lines[1].starts_with("  d output[1, 0] / d input 1[1, 0] is 6.00"), "{report}");
    assert!(lines[1].ends_with("(relative error 1.0e-3)"), "{report}");
    assert_eq!(lines[2], "(seed 2017; Gradcheck::seed repeats it)");
}

#[test]
fn a_wrong_element_among_thousands_is_found_and_named() {
    let x = normal(&[100, 60]);
    let spoil_one = |grad: Tensor| {
        let mut elements = grad.to_f64_vec();
        elements[41 * 60 + 7] *= 1.01;
        Tensor::from_vec(elements, grad.shape())
    };
    let check = || Gradcheck::new().input_names(["weight"]);
    let report = check().run("square", std::slice::from_ref(&x), |v| square(&v[0], |grad| grad)).unwrap();
    assert_eq!((report.method, report.compared(), report.certified()), (Method::Directions(8), 8, 8));
    let (compared, wrong, worst) = mismatches(check().run("square", &[x], |v| square(&v[0], spoil_one)));
    assert_eq!((compared, wrong, worst.len()), (8, 8, 1)); // every direction leads to the same element
    let found = &worst[0];
    assert_eq!((found.input_name.as_str(), &found.input_index[..]), ("weight", &[41, 7][..]));
    assert_eq!((found.output_index.as_ref(), found.kink), (None, false));
    assert!((found.relative_error - 0.01 / 1.01).abs() < 1e-8, "{found}");
    assert!(found.to_string().starts_with("d (weighted sum of the output) / d weight[41, 7] is"));
}

#[test]
fn directions_have_both_signs_and_depend_on_the_seed() {
    // A vjp that adds the same to every element of a row sum: only directions of one sign could miss it.
    let summed = |v: &[Var]| {
        let out = v[0].value().sum(.., false);
        Var::record("sum", &[&v[0]], out, |grad_out, grads| {
            let wrong = Tensor::from([1.5, 0.5, 1.5, 0.5]);
            grads.add(0, || grad_out.mul(&wrong));
        })
    };
    for seed in 0..20 {
        let check = Gradcheck::new().directions(2).seed(Seed::new(seed));
        let (compared, wrong, _) = mismatches(check.run("sum", &[normal(&[4])], summed));
        assert_eq!(compared, 2);
        assert!(wrong > 0, "seed {seed}");
    }
}

#[test]
fn the_method_can_be_chosen() {
    let method =
        |check: Gradcheck, len| check.run("square", &[normal(&[len])], |v| v[0].powi(2)).unwrap().method;
    assert_eq!(method(Gradcheck::new(), 512), Method::FullJacobian);
    assert_eq!(method(Gradcheck::new(), 513), Method::Directions(8));
    assert_eq!(method(Gradcheck::new().full(), 513), Method::FullJacobian);
    let summed = gradcheck("sum", &[normal(&[513])], |v| v[0].sum(.., false)).unwrap();
    let repeated = gradcheck("broadcast_to", &[normal(&[1])], |v| v[0].broadcast_to([513])).unwrap();
    assert_eq!((summed.method, repeated.method), (Method::Directions(8), Method::Directions(8)));
    assert_eq!(method(Gradcheck::new().directions(3), 2), Method::Directions(3));
}

#[test]
fn a_small_gradient_is_held_to_the_relative_tolerance() {
    let x = Tensor::from([1e-4]);
    assert!(gradcheck("square", &[x], |v| square(&v[0], |grad| grad.mul_scalar(1.01))).is_err());
}

#[test]
fn the_absolute_tolerance_excuses_but_does_not_certify() {
    let double = |grad: Tensor| grad.mul_scalar(2.0);
    let small = [Tensor::from([1e-10, -3e-10])];
    // Half of the Jacobian is exactly zero by both, which shows nothing of the other half.
    let found = gradcheck("square", &small, |v| square(&v[0], double));
    assert_eq!(fault(found), Fault::NothingCertified { input: "input 0".into(), excused: 2 });
    assert!(Gradcheck::new().atol(1e-11).run("square", &small, |v| square(&v[0], double)).is_err());
    // Nor does another input whose derivatives are certified.
    let [small] = small;
    let inputs = [small, Tensor::from([1.0, 2.0])];
    let f = |v: &[Var]| square(&v[0], double) + v[1].exp();
    let check = Gradcheck::new().input_names(["layer.small", "large"]);
    let expected = Fault::NothingCertified { input: "layer.small".into(), excused: 2 };
    assert_eq!(fault(check.run("sum", &inputs, f)), expected);
    let report = check.may_vanish(["small"]).run("sum", &inputs, f).unwrap();
    assert_eq!((report.certified(), report.zero(), report.excused()), (2, 4, 2));
}

#[test]
fn what_is_not_finite_is_worse_than_all_else() {
    // Every step leaves the domain of the logarithm on one side.
    let x = Tensor::from([2.0, 1e-9]);
    let (_, wrong, worst) =
        mismatches(gradcheck("log", &[x], |v| v[0].log() + square(&v[0], |grad| grad.neg())));
    assert_eq!((wrong, &worst[0].input_index[..], worst[0].relative_error), (2, &[1][..], f64::INFINITY));
}

#[test]
fn an_element_is_named_with_its_best_difference() {
    // Beside a large number, the smallest steps see nothing but rounding.
    let x = normal(&[600]);
    let spoil = |grad: Tensor| {
        let mut elements = grad.to_f64_vec();
        elements[17] *= 1.5;
        Tensor::from_vec(elements, grad.shape())
    };
    let f = |v: &[Var]| square(&v[0], spoil).sum(.., false) + 1e4;
    let (_, _, worst) = mismatches(Gradcheck::new().rtol(1e-5).run("square", &[x], f));
    assert_eq!((worst.len(), &worst[0].input_index[..]), (1, &[17][..]));
    assert!((worst[0].relative_error - 1.0 / 3.0).abs() < 1e-5, "{}", worst[0]);
}

#[test]
fn tolerance_and_step_are_those_that_were_set() {
    let x = [Tensor::from([1.0, 2.0])];
    let nearly = |v: &[Var]| square(&v[0], |grad| grad.mul_scalar(1.0001));
    assert!(gradcheck("square", &x, nearly).is_err());
    assert!(Gradcheck::new().rtol(1e-3).run("square", &x, nearly).is_ok());
    // A step so small that rounding is all there is to see.
    assert!(Gradcheck::new().step(1e-12).run("exp", &x, |v| v[0].exp()).is_err());
}

#[test]
fn a_sharp_bend_is_followed_by_smaller_steps() {
    // The first step is wider than the distance to the pole.
    let report = gradcheck("log", &[Tensor::from([1e-4, 1e-3, 0.01, 1.0])], |v| v[0].log()).unwrap();
    assert_eq!((report.certified(), report.zero()), (4, 12));
    let report = gradcheck("tanh", &[Tensor::from([1e-3])], |v| v[0].mul_scalar(500.0).tanh()).unwrap();
    assert_eq!(report.certified(), 1);
}

#[test]
fn four_points_see_eleven_digits() {
    let report = gradcheck("exp", &[Tensor::from([0.5, 1.0])], |v| v[0].exp()).unwrap();
    assert!(report.worst_relative_error() < 1e-11, "{report}");
}

#[test]
fn the_step_is_scaled_to_the_element() {
    // Unscaled, a step of 1e-3 moves 1e16 by nothing.
    let report = gradcheck("square", &[Tensor::from([1e16, -3e5])], |v| v[0].powi(2)).unwrap();
    assert_eq!((report.certified(), report.zero()), (2, 2));
}

#[test]
fn where_there_are_no_elements_nothing_is_checked_unless_that_is_said() {
    let empty = || [Tensor::zeros([0, 3], DType::F64)];
    assert_eq!(fault(gradcheck("exp", &empty(), |v| v[0].exp())), Fault::NothingToCompare);
    assert_eq!(fault(gradcheck("sum", &empty(), |v| v[0].sum(0, false))), Fault::NothingToCompare);
    assert_eq!(fault(gradcheck("cut", &empty(), |v| v[0].detach())), Fault::NoGradient);
    let report = Gradcheck::new().allow_empty().run("exp", &empty(), |v| v[0].exp()).unwrap();
    assert_eq!(report.compared(), 0);
    assert!(Gradcheck::new().allow_empty().run("sum", &empty(), |v| v[0].sum(0, false)).is_ok());
}

#[test]
#[should_panic(expected = "gradcheck of `exp`: input 0 is f32; convert it with to_dtype(DType::F64)")]
fn f32_inputs_panic() {
    let _ = gradcheck("exp", &[Tensor::from([1.0f32])], |v| v[0].exp());
}

#[test]
#[should_panic(expected = "gradcheck of `square`: 1 of 1 derivatives is wrong\n  d output[0] / d input 0[0]")]
fn assert_gradients_panics_with_the_report() {
    assert_gradients("square", &[Tensor::from([1.0])], |v| square(&v[0], |grad| grad.mul_scalar(2.0)));
}

#[test]
#[should_panic(expected = "gradcheck of `a * square(b, |grad| grad.neg())`")]
fn the_macro_names_expression_and_inputs() {
    let (a, b) = (Tensor::from([1.0]), Tensor::from([2.0]));
    crate::assert_gradients!(|a, b| a * square(b, |grad| grad), a, b);
    crate::assert_gradients!(|a, b| a * square(b, |grad| grad.neg()), a, b);
}

#[test]
fn the_macro_is_an_expression() {
    let x = Tensor::from([1.0]);
    let in_a_closure = || crate::assert_gradients!(|x| x.exp(), x);
    in_a_closure();
    match x.numel() {
        1 => crate::assert_gradients!(Gradcheck::new(); |x| x.exp(), x),
        _ => unreachable!(),
    }
}

#[test]
#[should_panic(expected = "directions: a check needs at least one")]
fn no_direction_is_no_check() {
    let _ = Gradcheck::new().directions(0);
}

#[test]
#[should_panic(expected = "gradcheck of `mul`: 1 names for 2 inputs")]
fn every_input_needs_a_name_if_one_has() {
    let inputs = [Tensor::scalar(1.0), Tensor::scalar(2.0)];
    let _ = Gradcheck::new().input_names(["a"]).run("mul", &inputs, |v| &v[0] * &v[1]);
}

#[test]
fn steps_and_tolerances_are_numbers_that_mean_something() {
    let settings = [
        ("step", Gradcheck::step as fn(Gradcheck, f64) -> Gradcheck, 1e-300),
        ("f32_tolerance", Gradcheck::f32_tolerance, 1e-300),
        ("rtol", Gradcheck::rtol, 0.0),
        ("atol", Gradcheck::atol, 0.0),
        ("nondet_tol", Gradcheck::nondet_tol, 0.0),
    ];
    for (name, set, least) in settings {
        set(Gradcheck::new(), least);
        for wrong in [-1e-3, f64::INFINITY, f64::NAN] {
            let panic = std::panic::catch_unwind(|| drop(set(Gradcheck::new(), wrong))).unwrap_err();
            let said = panic.downcast_ref::<String>().unwrap();
            assert!(said.starts_with(&format!("{name}: {wrong} is not ")), "{said}");
        }
    }
}
