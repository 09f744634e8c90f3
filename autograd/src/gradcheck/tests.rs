//! The checker is itself checked: it must pass what is right and name what is wrong.

use super::*;

/// `x^2` whose vjp is `2 x grad_out` times what `spoil` makes of it.
fn square(x: &Var, spoil: impl Fn(Tensor) -> Tensor + 'static) -> Var {
    let saved = x.value().clone();
    Var::record("square", &[x], saved.powi(2), move |grad_out, grads| {
        grads.add(0, || spoil(grad_out.mul(&saved).mul_scalar(2.0)));
    })
}

#[test]
fn a_right_gradient_passes_and_is_counted() {
    let x = Tensor::from([[1.0, -2.0, 0.5], [3.0, 0.0, 100.0]]);
    let report = gradcheck("square", &[x], |v| square(&v[0], |grad| grad)).unwrap();
    assert_eq!(report.compared, 36);
    // Rounding and the third derivative leave something, but less than is accepted.
    assert!(report.worst_relative_error > 0.0 && report.worst_relative_error < 1e-6);
}

#[test]
fn a_wrong_gradient_is_named_to_the_element() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let inputs = [Tensor::scalar(1.0), x];
    let spoil_one = |grad: Tensor| grad.mul(&Tensor::from([[1.0, 1.0], [1.001, 1.0]]));
    let failure = gradcheck("square", &inputs, |v| &v[0] * square(&v[1], spoil_one)).unwrap_err();
    let GradcheckFailure::Mismatch(found) = &failure else { panic!("{failure}") };
    assert_eq!((found.input, &found.input_index[..], &found.output_index[..]), (1, &[1, 0][..], &[1, 0][..]));
    assert!((found.analytic - 6.006).abs() < 1e-12 && (found.numeric - 6.0).abs() < 1e-8);
    assert!((found.relative_error - 0.006 / 6.006).abs() < 1e-8);
    let report = failure.to_string();
    assert!(
        report.starts_with("gradcheck of `square`: d output[1, 0] / d input 1[1, 0] is 6.00"),
        "{report}"
    );
    assert!(report.ends_with("(relative error 1.0e-3)"), "{report}");
}

#[test]
fn a_small_gradient_is_held_to_the_relative_tolerance() {
    let x = Tensor::from([1e-4]);
    assert!(gradcheck("square", &[x], |v| square(&v[0], |grad| grad.mul_scalar(1.01))).is_err());
}

#[test]
fn nan_and_infinity_never_pass() {
    let x = [Tensor::from([1.0])];
    for bad in [f64::NAN, f64::INFINITY] {
        let failure = gradcheck("square", &x, move |v| square(&v[0], move |grad| grad.mul_scalar(bad)));
        assert!(matches!(failure, Err(GradcheckFailure::Mismatch(_))));
    }
    assert!(gradcheck("log", &[Tensor::from([-1.0])], |v| v[0].log()).is_err());
}

#[test]
fn a_cut_gradient_is_reported() {
    let failure = gradcheck("cut", &[Tensor::scalar(1.0)], |v| v[0].detach());
    assert_eq!(failure, Err(GradcheckFailure::NoGradient { name: "cut".to_string() }));
}

#[test]
fn an_output_without_elements_is_no_check() {
    let empty = || [Tensor::zeros([0, 3], DType::F64)];
    let failure = gradcheck("exp", &empty(), |v| v[0].exp()).unwrap_err();
    let expected = GradcheckFailure::EmptyOutput { name: "exp".to_string(), output_shape: [0, 3].into() };
    assert_eq!(failure, expected);
    assert!(
        failure.to_string().starts_with("gradcheck of `exp`: the output of shape [0, 3] has no elements"),
        "{failure}"
    );
    let failure = gradcheck("cut", &empty(), |v| v[0].detach());
    assert_eq!(failure, Err(GradcheckFailure::NoGradient { name: "cut".to_string() }));
    assert!(gradcheck("exp", &empty(), |v| v[0].exp().sum(.., false)).is_ok());
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
    let failure = gradcheck("layout", &[strided], |v| {
        let weights = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        let weights = if v[0].value().is_contiguous() { weights } else { weights.transpose(0, 1) };
        v[0].mul(&Var::constant(weights))
    });
    assert!(failure.is_err());
}

#[test]
#[should_panic(expected = "gradcheck of `exp`: input 0 is f32; convert it with to_dtype(DType::F64)")]
fn f32_inputs_panic() {
    let _ = gradcheck("exp", &[Tensor::from([1.0f32])], |v| v[0].exp());
}

#[test]
#[should_panic(expected = "gradcheck of `square`: d output[0] / d input 0[0]")]
fn assert_gradients_panics_with_the_report() {
    assert_gradients("square", &[Tensor::from([1.0])], |v| square(&v[0], |grad| grad.mul_scalar(2.0)));
}
