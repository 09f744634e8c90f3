//! What holds for every vjp, and functions for which it does not.

use std::cell::Cell;

use super::*;

/// A square whose vjp is whatever this makes of `grad_out` and `2 x`.
fn square_with(x: &Var, vjp: impl Fn(&Tensor, &Tensor) -> Tensor + 'static) -> Var {
    let twice = x.value().mul_scalar(2.0);
    Var::record("square", &[x], x.value().powi(2), move |grad_out, grads| {
        grads.add(0, || vjp(grad_out, &twice));
    })
}

/// Elements no larger than `limit`, to either side.
fn clipped(x: &Tensor, limit: f64) -> Tensor {
    Tensor::from_vec(x.to_f64_vec().into_iter().map(|x| x.clamp(-limit, limit)).collect(), x.shape())
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
fn a_forgotten_input_is_reported() {
    let inputs = [Tensor::scalar(2.0), Tensor::scalar(3.0)];
    let failure = gradcheck("mul", &inputs, |v| &v[0] * v[1].detach()).unwrap_err();
    assert!(failure.to_string().contains("input 1 is 0 by backward but 2 by"), "{failure}");
    let hint = "; no gradient arrives there: was it detached, or does a vjp leave it out?\n";
    assert!(failure.to_string().contains(hint), "{failure}");
    let half = |v: &[Var]| {
        let (x, y) = (v[0].value().clone(), v[1].value().clone());
        Var::record("half", &[&v[0], &v[1]], x.mul(&y), move |grad_out, grads| {
            grads.add(1, || grad_out.mul(&x));
        })
    };
    let failure = gradcheck("half", &inputs, half).unwrap_err().to_string();
    assert!(failure.contains("d output / d input 0 is 0 by backward but 3 by") && failure.contains(hint));
    // Zeros that do arrive are another mistake.
    let zeros = |v: &[Var]| square(&v[0], |grad| grad.mul_scalar(0.0)) * &v[1];
    assert!(!gradcheck("zeros", &inputs, zeros).unwrap_err().to_string().contains("no gradient arrives"));
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
    assert!(matches!(fault(found), Fault::LayoutMatters { .. }));
    // The value is right, the gradient is that of the elements in the order of memory.
    let strided = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).transpose(0, 1);
    let found = gradcheck("layout", &[strided], |v| {
        let contiguous = v[0].value().is_contiguous();
        square(&v[0], move |grad| if contiguous { grad } else { grad.transpose(0, 1) })
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
    assert_eq!(fault(found), Fault::ValueNotRepeatable { difference: 4.0 }); // 2^2 times 1, and times 2
    let found = gradcheck("random", &x, |v| {
        let factor = count();
        square(&v[0], move |grad| grad.mul_scalar(factor))
    });
    let Fault::GradientNotRepeatable { input, difference } = fault(found) else { panic!() };
    assert!(input == "input 0" && difference > 1.0, "{input}: {difference}");
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
    // One that clips what is large, and one that loses what is small.
    for limit in [5.5, 500.0] {
        let found = gradcheck("square", &x, |v| {
            square_with(&v[0], move |grad_out, twice| clipped(grad_out, limit).mul(twice))
        });
        let Fault::NotLinear { equation, .. } = fault(found) else { panic!("{limit}") };
        assert_eq!(equation, "vjp(1000 u) = 1000 vjp(u)");
    }
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
    let Fault::SinglePrecision { what, error, tolerance, made_by } = fault(check().run("lossy", &x, lossy))
    else {
        panic!()
    };
    assert_eq!((what.as_str(), tolerance, made_by), ("value", 1e-6, None));
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
fn a_small_gradient_that_is_wrong_in_f32_is_reported() {
    for wrong in [-3.0, 1.25] {
        let wrong_in_f32 = |v: &[Var]| {
            let factor = if v[0].dtype() == DType::F32 { wrong } else { 1.0 };
            square(&v[0], move |grad| grad.mul_scalar(factor)) * 1e-6
        };
        let check = Gradcheck::new().f32_tolerance(1e-6);
        let found = check.run("square", &[Tensor::from([1.0, 2.0])], wrong_in_f32);
        assert!(matches!(fault(found), Fault::SinglePrecision { .. }), "{wrong}");
    }
}

#[test]
fn what_overflows_in_f32_is_named_with_where_it_did() {
    let check = Gradcheck::new().f32_tolerance(1e-6);
    let found = check.run("exp", &[Tensor::from([1.0, 100.0])], |v| v[0].exp().log());
    let Fault::SinglePrecision { made_by, .. } = fault(found) else { panic!() };
    assert_eq!(made_by.as_deref(), Some("the result of `exp` (%1, [2]) is inf at [1]"));
}

#[test]
fn a_result_that_leaves_f32_is_reported() {
    let check = Gradcheck::new().f32_tolerance(1e-6);
    let found = check.run("widened", &[Tensor::from([1.0])], |v| {
        let (value, dtype) = (v[0].value().to_dtype(DType::F64), v[0].dtype());
        Var::record("widened", &[&v[0]], value, move |grad_out, grads| {
            grads.add(0, || grad_out.to_dtype(dtype));
        })
    });
    let expected = Fault::NotSinglePrecision { what: "value".into(), dtype: DType::F64 };
    assert_eq!(fault(found), expected);
}

#[test]
fn a_sum_that_cancels_is_linear_but_for_rounding() {
    // The gradient of a sum of a softmax is zero; what is left of it is rounding, times a million.
    let f = |v: &[Var]| v[0].softmax(-1).sum(.., false) * 1e6;
    let check = Gradcheck::new().atol(1e-3).may_vanish(["input 0"]);
    check.run("softmax", &[normal(&[8])], f).unwrap();
}

#[test]
fn a_gradient_of_the_wrong_shape_is_reported() {
    // The commonest of all: the gradient of what was broadcast is not summed.
    let found = gradcheck("scale", &[normal(&[2, 3]), normal(&[3])], |v| {
        let (x, gain) = (v[0].value().clone(), v[1].value().clone());
        Var::record("scale", &[&v[0], &v[1]], x.mul(&gain), move |grad_out, grads| {
            grads.add(0, || grad_out.mul(&gain));
            grads.add(1, || grad_out.mul(&x));
        })
    });
    let failure = found.unwrap_err();
    let Fault::WrongShape(found) = &failure.fault else { panic!("{failure}") };
    assert_eq!((found.operation, found.input), ("scale", 1));
    assert_eq!((found.found.0, found.expected.0), ([2, 3].into(), [3].into()));
    let text = "gradcheck of `scale`: scale: the vjp gives a gradient of shape [2, 3] (f64) to input 1 of shape [3] \
                (f64); where the input was broadcast, sum its gradient with Tensor::sum_to\n";
    assert!(failure.to_string().starts_with(text), "{failure}");
}

/// `x` doubled, whose gradient is in another dtype than `x` if that is in `wrong_for`.
fn doubled(x: &Var, wrong_for: DType) -> Var {
    let dtype = x.dtype();
    Var::record("doubled", &[x], x.value().mul_scalar(2.0), move |grad_out, grads| {
        let other = if dtype == DType::F64 { DType::F32 } else { DType::F64 };
        let given = if dtype == wrong_for { other } else { dtype };
        grads.add(0, || grad_out.mul_scalar(2.0).to_dtype(given));
    })
}

#[test]
fn a_gradient_of_the_wrong_dtype_is_reported_with_both() {
    let x = [normal(&[2, 3])];
    let check = Gradcheck::new().f32_tolerance(1e-6);
    for (wrong_for, gives, takes) in [(DType::F64, "f32", "f64"), (DType::F32, "f64", "f32")] {
        let failure = check.run("doubled", &x, |v| doubled(&v[0], wrong_for)).unwrap_err();
        assert!(matches!(failure.fault, Fault::WrongShape(_)), "{failure}");
        let text = format!(
            "gradcheck of `doubled`: doubled: the vjp gives a gradient in {gives} to input 0 in {takes}, both of shape \
             [2, 3]; convert it with Tensor::to_dtype\n"
        );
        assert!(failure.to_string().starts_with(&text), "{failure}");
    }
}

#[test]
fn an_output_that_is_not_f64_is_reported() {
    let narrow = |x: &Var| {
        Var::record("narrow", &[x], x.value().to_dtype(DType::F32), |grad_out, grads| {
            grads.add(0, || grad_out.to_dtype(DType::F64));
        })
    };
    let found = gradcheck("narrow", &[normal(&[2])], |v| narrow(&v[0]));
    assert_eq!(fault(found), Fault::NotDoublePrecision { output: "output".into(), dtype: DType::F32 });
    let found = gradcheck("narrow", &[normal(&[2])], |v| (v[0].exp(), narrow(&v[0])));
    assert_eq!(fault(found), Fault::NotDoublePrecision { output: "output 1".into(), dtype: DType::F32 });
}

#[test]
fn finite_gradients_whose_sum_is_not_are_reported() {
    let found = gradcheck("overflow", &[Tensor::from([1e-3])], |v| &v[0] * 1.7e308 + &v[0] * 1.7e308);
    let Fault::NonFinite(found) = fault(found) else { panic!() };
    assert_eq!((found.operation, found.gradient_of), ("mul_scalar", Some(0)));
}
