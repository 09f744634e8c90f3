//! The checker is itself checked: it must pass what is right and name what is wrong.

use std::cell::Cell;

use super::kinks::{distance_to, distance_to_tie};
use super::*;
use tensor::{DType, Seed};

/// `x^2` whose vjp is `2 x grad_out` after what `spoil` makes of it.
fn square(x: &Var, spoil: impl Fn(Tensor) -> Tensor + 'static) -> Var {
    let saved = x.value().clone();
    Var::record("square", &[x], saved.powi(2), move |grad_out, grads| {
        grads.add(0, || spoil(grad_out.mul(&saved).mul_scalar(2.0)));
    })
}

/// A square whose vjp is whatever this makes of `grad_out` and `2 x`.
fn square_with(x: &Var, vjp: impl Fn(&Tensor, &Tensor) -> Tensor + 'static) -> Var {
    let twice = x.value().mul_scalar(2.0);
    Var::record("square", &[x], x.value().powi(2), move |grad_out, grads| {
        grads.add(0, || vjp(grad_out, &twice));
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
        Fault::Mismatch { compared, wrong, worst } => (compared, wrong, worst),
        other => panic!("{other}"),
    }
}

#[test]
fn a_right_gradient_passes_and_is_counted() {
    let x = Tensor::from([[1.0, -2.0, 0.5], [3.0, 0.0, 100.0]]);
    let report = gradcheck("square", &[x], |v| square(&v[0], |grad| grad)).unwrap();
    assert_eq!((report.compared, report.certified, report.excused), (36, 36, 0));
    assert_eq!(report.method, Method::FullJacobian);
    // Rounding leaves something, but far less than is accepted.
    assert!(report.worst_relative_error > 0.0 && report.worst_relative_error < 1e-11, "{report}");
    assert_eq!(report.inputs.len(), 1);
    assert_eq!((report.inputs[0].name.as_str(), report.inputs[0].certified), ("input 0", 36));
}

#[test]
fn a_report_is_a_table_of_the_inputs() {
    let inputs = [normal(&[2, 3]), normal(&[3])];
    let check = Gradcheck::new().input_names(["x", "gain"]).seed(Seed::new(7));
    let report = check.run("scaled", &inputs, |v| &v[0] * &v[1]).unwrap().to_string();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "gradcheck of `scaled`: 54 derivatives (the full Jacobian), seed 7");
    assert!(lines[1].starts_with("worst relative error "), "{report}");
    assert!(lines[2].starts_with("  x         36 certified       0 excused  worst "), "{report}");
    assert!(lines[3].starts_with("  gain      18 certified       0 excused  worst "), "{report}");
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
    assert_eq!(lines[0], "gradcheck of `square`: 1 of 20 derivatives are wrong");
    assert!(lines[1].starts_with("  d output[1, 0] / d input 1[1, 0] is 6.00"), "{report}");
    assert!(lines[1].ends_with("(relative error 1.0e-3)"), "{report}");
    assert_eq!(lines[2], "to repeat it: Gradcheck::new().seed(Seed::new(2017))");
}

#[test]
fn the_worst_few_are_shown_the_worst_first() {
    let x = Tensor::from([1.0; 8]);
    let spoil = |grad: Tensor| grad.mul(&Tensor::from([1.1, 1.7, 1.3, 1.0, 1.5, 1.6, 1.2, 1.4]));
    let (_, wrong, worst) = mismatches(gradcheck("square", &[x], |v| square(&v[0], spoil)));
    let elements: Vec<usize> = worst.iter().map(|found| found.input_index[0]).collect();
    assert_eq!((wrong, &elements[..]), (7, &[1, 5, 4, 7, 2][..]));
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
    assert_eq!((report.method, report.compared, report.certified), (Method::Directions(8), 8, 8));
    let (compared, wrong, worst) = mismatches(check().run("square", &[x], |v| square(&v[0], spoil_one)));
    assert_eq!((compared, wrong, worst.len()), (8, 8, 5));
    for found in &worst {
        assert_eq!((found.input_name.as_str(), &found.input_index[..]), ("weight", &[41, 7][..]));
        assert_eq!(found.output_index, None);
        assert!((found.relative_error - 0.01 / 1.01).abs() < 1e-6, "{found}");
    }
    assert!(worst[0].to_string().starts_with("d (weighted sum of the output) / d weight[41, 7] is"));
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
    assert_eq!(method(Gradcheck::new().directions(3), 2), Method::Directions(3));
}

#[test]
fn a_small_gradient_is_held_to_the_relative_tolerance() {
    let x = Tensor::from([1e-4]);
    assert!(gradcheck("square", &[x], |v| square(&v[0], |grad| grad.mul_scalar(1.01))).is_err());
}

#[test]
fn the_absolute_tolerance_excuses_but_does_not_certify() {
    let x = [Tensor::from([1e-10, 1.0])];
    let double_small = |grad: Tensor| grad.mul(&Tensor::from([2.0, 1.0]));
    let report = gradcheck("square", &x, |v| square(&v[0], double_small)).unwrap();
    assert_eq!((report.compared, report.certified, report.excused), (4, 3, 1));
    let alone = [Tensor::scalar(1e-10)];
    let found = gradcheck("square", &alone, |v| square(&v[0], |grad| grad.mul_scalar(2.0)));
    assert_eq!(fault(found), Fault::NothingCertified { compared: 1 });
    let check = Gradcheck::new().atol(1e-11);
    assert!(check.run("square", &alone, |v| square(&v[0], |grad| grad.mul_scalar(2.0))).is_err());
}

#[test]
fn a_sharp_bend_is_followed_by_smaller_steps() {
    // The first step is wider than the distance to the pole.
    let report = gradcheck("log", &[Tensor::from([1e-3, 0.01, 1.0])], |v| v[0].log()).unwrap();
    assert_eq!(report.certified, 9);
    let report = gradcheck("tanh", &[Tensor::from([1e-3])], |v| v[0].mul_scalar(500.0).tanh()).unwrap();
    assert_eq!(report.certified, 1);
}

#[test]
fn the_step_is_scaled_to_the_element() {
    // Unscaled, a step of 1e-3 moves 1e16 by nothing.
    let report = gradcheck("square", &[Tensor::from([1e16, -3e5])], |v| v[0].powi(2)).unwrap();
    assert_eq!(report.certified, 4);
}

#[test]
fn nan_and_infinity_are_reported_where_they_first_appeared() {
    let x = [Tensor::from([1.0, 2.0])];
    for bad in [f64::NAN, f64::INFINITY] {
        let found = gradcheck("bad", &x, move |v| square(&v[0].exp(), move |grad| grad.mul_scalar(bad)));
        let Fault::NonFinite(found) = fault(found) else { panic!() };
        assert_eq!((found.operation, found.gradient_of), ("square", Some(0)));
    }
    let failure = gradcheck("log", &[Tensor::from([1.0, -1.0])], |v| v[0].log().exp()).unwrap_err();
    let expected = "gradcheck of `log`: the result of `log` (%1, [2]) is NaN at [1]\n";
    assert!(failure.to_string().starts_with(expected), "{failure}");
}

#[test]
fn a_cut_gradient_is_reported() {
    let found = gradcheck("cut", &[Tensor::scalar(1.0)], |v| v[0].detach());
    assert_eq!(fault(found), Fault::NoGradient);
}

#[test]
fn an_output_without_elements_is_no_check_unless_that_is_said() {
    let empty = || [Tensor::zeros([0, 3], DType::F64)];
    let found = gradcheck("exp", &empty(), |v| v[0].exp());
    assert_eq!(fault(found), Fault::EmptyOutput { output_shape: [0, 3].into() });
    assert_eq!(fault(gradcheck("cut", &empty(), |v| v[0].detach())), Fault::NoGradient);
    assert!(gradcheck("exp", &empty(), |v| v[0].exp().sum(.., false)).is_ok());
    let report = Gradcheck::new().allow_empty().run("exp", &empty(), |v| v[0].exp()).unwrap();
    assert_eq!(report.compared, 0);
}

#[test]
fn a_forgotten_input_is_reported() {
    let inputs = [Tensor::scalar(2.0), Tensor::scalar(3.0)];
    let failure = gradcheck("mul", &inputs, |v| &v[0] * v[1].detach()).unwrap_err();
    assert!(failure.to_string().contains("input 1[] is 0 by backward but 2"), "{failure}");
}

#[test]
fn a_layout_that_changes_the_result_is_reported() {
    // Reads the storage instead of the elements: wrong for a transposed input.
    let strided = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).transpose(0, 1);
    let found = gradcheck("layout", &[strided], |v| {
        let weights = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        let weights = if v[0].value().is_contiguous() { weights } else { weights.transpose(0, 1) };
        v[0].mul(&Var::constant(weights))
    });
    assert!(matches!(fault(found), Fault::Mismatch { .. }));
}

#[test]
fn what_is_not_repeatable_is_reported() {
    let x = [Tensor::from([1.0, 2.0])];
    let calls = Cell::new(0.0);
    let count = || {
        calls.set(calls.get() + 1.0);
        calls.get()
    };
    let found = gradcheck("random", &x, |v| v[0].powi(2) * count());
    assert_eq!(fault(found), Fault::ValueNotRepeatable);
    let found = gradcheck("random", &x, |v| {
        let factor = count();
        square(&v[0], move |grad| grad.mul_scalar(factor))
    });
    assert_eq!(fault(found), Fault::GradientNotRepeatable { input: "input 0".into() });
}

#[test]
fn a_vjp_of_zero_that_is_not_zero_is_reported() {
    let found = gradcheck("square", &[Tensor::from([1.0, 2.0])], |v| {
        square_with(&v[0], |grad_out, twice| grad_out.mul(twice).add(&Tensor::from([0.0, 1e-300])))
    });
    let expected = Fault::ZeroCotangent { input: "input 0".into(), index: vec![1], gradient: 1e-300 };
    assert_eq!(fault(found), expected);
}

#[test]
fn a_vjp_that_is_not_linear_is_reported() {
    let x = [Tensor::from([1.0, 2.0])];
    let found = gradcheck("square", &x, |v| {
        square_with(&v[0], |grad_out, twice| grad_out.mul(twice).add(&grad_out.powi(2).mul_scalar(1e-6)))
    });
    assert!(matches!(fault(found), Fault::NotLinear { .. }));
    // Right for the gradients of 0 and 1 that a Jacobian is made of, and wrong for all others.
    let found =
        gradcheck("square", &x, |v| square_with(&v[0], |grad_out, twice| grad_out.powi(3).mul(twice)));
    assert!(matches!(fault(found), Fault::NotLinear { .. }));
}

#[test]
fn an_input_whose_uses_do_not_add_up_is_reported() {
    // Only the first operation on a tape passes its gradient on.
    let found = gradcheck("square", &[Tensor::from([1.0, 2.0])], |v| {
        let first = v[0].tape().is_none_or(|tape| tape.len() == 1);
        square(&v[0], move |grad| if first { grad } else { grad.mul_scalar(0.0) })
    });
    assert!(matches!(fault(found), Fault::NotAccumulated { uses: 3, .. }));
}

#[test]
fn f32_is_held_to_f64_if_asked() {
    let x = [normal(&[3, 4])];
    let check = || Gradcheck::new().f32_tolerance(1e-6);
    assert!(check().run("softmax", &x, |v| v[0].softmax(-1)).is_ok());
    // Loses what f32 has too few digits for: (x + 1000) - 1000.
    let lossy = |v: &[Var]| v[0].add_scalar(1e3).add_scalar(-1e3).tanh();
    assert!(gradcheck("lossy", &x, lossy).is_ok());
    let Fault::SinglePrecision { what, error, tolerance } = fault(check().run("lossy", &x, lossy)) else {
        panic!()
    };
    assert_eq!((what.as_str(), tolerance), ("value", 1e-6));
    assert!(error > 1e-6 && error < 1e-3, "{error}");
    // A right value with a gradient that is right in f64 only.
    let wrong_in_f32 = |v: &[Var]| {
        let factor = if v[0].dtype() == DType::F32 { 1.001 } else { 1.0 };
        square(&v[0], move |grad| grad.mul_scalar(factor))
    };
    let Fault::SinglePrecision { what, .. } = fault(check().run("square", &x, wrong_in_f32)) else {
        panic!()
    };
    assert_eq!(what, "gradient of input 0");
}

#[test]
fn a_kink_that_was_not_named_is_pointed_out() {
    let (_, _, worst) = mismatches(gradcheck("relu", &[Tensor::from([1.0, 0.0])], |v| v[0].relu()));
    assert_eq!((worst.len(), &worst[0].input_index[..], worst[0].kink), (1, &[1][..], true));
    assert!(worst[0].to_string().ends_with("name it with Gradcheck::kink"));
    assert!(gradcheck("relu", &[Tensor::from([1.0, 1e-5])], |v| v[0].relu()).is_ok(), "close, but not at it");
}

#[test]
fn inputs_move_away_from_a_kink_that_was_named() {
    let check = Gradcheck::new().kink("relu at 0", |x| distance_to(&x[0], 0.0));
    let far = check.run("relu", &[Tensor::from([1.0, -0.1])], |v| v[0].relu()).unwrap();
    assert_eq!(far.moved, 0);
    let near = check.run("relu", &[Tensor::from([1.0, 0.0, 0.0, 1e-9])], |v| v[0].relu()).unwrap();
    assert_eq!((near.moved > 0, near.certified), (true, 16));
    let tie = Gradcheck::new().kink("tie", |x| distance_to_tie(&x[0], 1));
    let equal = [Tensor::from([[1.0, 1.0], [2.0, 3.0]])];
    assert!(tie.run("max", &equal, |v| v[0].max(1, false)).unwrap().moved > 0);
}

#[test]
fn a_kink_that_cannot_be_left_is_an_error() {
    for distance in [0.0, f64::NAN] {
        let found = Gradcheck::new()
            .kink("elsewhere", |_| f64::INFINITY)
            .kink("everywhere", move |_| distance)
            .run("exp", &[Tensor::from([1.0])], |v| v[0].exp());
        let Fault::AtKink { kink, margin, .. } = fault(found) else { panic!() };
        assert_eq!((kink.as_str(), margin), ("everywhere", 4e-3));
    }
}

#[test]
fn distances_are_the_smallest() {
    assert_eq!(distance_to(&Tensor::from([3.0, -1.5, 0.5]), 0.25), 0.25);
    assert_eq!(distance_to(&Tensor::zeros([0], DType::F64), 0.0), f64::INFINITY);
    let x = Tensor::from([[1.0, 5.0], [2.0, 4.5], [4.0, -9.0]]);
    assert_eq!(distance_to_tie(&x, 0), 0.5); // 4 over 2, and 5 over 4.5
    assert_eq!(distance_to_tie(&x, 1), 2.5);
    assert_eq!(distance_to_tie(&x.slice(0, 0..1), 0), f64::INFINITY);
}

#[test]
#[should_panic(expected = "gradcheck of `exp`: input 0 is f32; convert it with to_dtype(DType::F64)")]
fn f32_inputs_panic() {
    let _ = gradcheck("exp", &[Tensor::from([1.0f32])], |v| v[0].exp());
}

#[test]
#[should_panic(
    expected = "gradcheck of `square`: 1 of 1 derivatives are wrong\n  d output[0] / d input 0[0]"
)]
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
