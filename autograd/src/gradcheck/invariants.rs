//! What holds for every vjp, whatever the function: nothing here needs a difference quotient.

use tensor::{DType, Tensor};

use crate::gradcheck::report::Fault;
use crate::gradcheck::settings::Gradcheck;
use crate::gradcheck::subject::{Run, Subject, bits, largest, signed};

/// What is the same quantity in another order of arithmetic may differ by this, relative to the [`scale`].
const ROUNDING: f64 = 1e-10;

/// How often an input is used to see whether its gradients add up.
const USES: usize = 3;

/// Runs the function once with everything watched, and then holds it to each rule; the first that is broken
/// is returned.
pub fn check(check: &Gradcheck, subject: &Subject) -> Result<Tensor, Fault> {
    let before: Vec<Vec<u64>> = subject.inputs.iter().map(bits).collect();
    let run = subject.record();
    if !run.out.requires_grad() {
        return Err(Fault::NoGradient);
    }
    let out = run.out.value().clone();
    if out.numel() == 0 && !check.allow_empty {
        return Err(Fault::NothingToCompare);
    }
    let grad_out = signed(out.shape(), check.seed.derive("grad_out"));
    let gradients = well_formed(&run, &grad_out)?;
    repeatable(check, subject, &out, &grad_out, &gradients)?;
    same_in_every_layout(subject, &out)?;
    if let Some(input) = subject.inputs.iter().zip(&before).position(|(x, before)| bits(x) != *before) {
        return Err(Fault::InputMutated { input: check.input_name(input) });
    }
    zero_stays_zero(check, subject, &out)?;
    let scale = scale(&out, &gradients);
    linear(check, subject, &grad_out, &gradients, scale)?;
    accumulates(check, subject, &grad_out, &gradients, scale)?;
    if let Some(tolerance) = check.f32_tolerance {
        agrees_in_f32(check, subject, &grad_out, tolerance)?;
    }
    Ok(out)
}

/// Gradients have the shapes of their inputs, and they and the value are finite; the gradients.
fn well_formed(run: &Run, grad_out: &Tensor) -> Result<Vec<Tensor>, Fault> {
    let gradients = run.gradients(grad_out);
    if let Some(found) = run.tape.first_wrong_shape() {
        return Err(Fault::WrongShape(Box::new(found)));
    }
    if run.out.value().all_finite() && gradients.iter().all(Tensor::all_finite) {
        return Ok(gradients);
    }
    let found = run.tape.first_non_finite().expect("the tape watched what was recorded on it");
    Err(Fault::NonFinite(Box::new(found)))
}

/// However the inputs stand in memory, the value is the same.
fn same_in_every_layout(subject: &Subject, out: &Tensor) -> Result<(), Fault> {
    match relative_difference(out, &subject.value_on_copies(), largest(out), ROUNDING) {
        Some(error) => Err(Fault::LayoutMatters { error }),
        None => Ok(()),
    }
}

/// A second run and a second backward give the same bits.
fn repeatable(
    check: &Gradcheck,
    subject: &Subject,
    out: &Tensor,
    grad_out: &Tensor,
    gradients: &[Tensor],
) -> Result<(), Fault> {
    let again = subject.record();
    if bits(again.out.value()) != bits(out) {
        return Err(Fault::ValueNotRepeatable);
    }
    let again = again.gradients(grad_out);
    match gradients.iter().zip(&again).position(|(first, second)| bits(first) != bits(second)) {
        Some(input) => Err(Fault::GradientNotRepeatable { input: check.input_name(input) }),
        None => Ok(()),
    }
}

/// Where no change of the result matters, no change of an input does.
fn zero_stays_zero(check: &Gradcheck, subject: &Subject, out: &Tensor) -> Result<(), Fault> {
    for (input, gradient) in subject.gradients(&Tensor::zeros(out.shape(), out.dtype())).iter().enumerate() {
        let elements = gradient.to_f64_vec();
        if let Some(element) = elements.iter().position(|&x| x != 0.0) {
            let (input, index) = (check.input_name(input), gradient.shape().index_of(element));
            return Err(Fault::ZeroCotangent { input, index, gradient: elements[element] });
        }
    }
    Ok(())
}

/// The vjp of a sum is the sum of the vjps, and that of a multiple, large or small, the multiple.
fn linear(
    check: &Gradcheck,
    subject: &Subject,
    u: &Tensor,
    of_u: &[Tensor],
    scale: f64,
) -> Result<(), Fault> {
    let w = signed(u.shape(), check.seed.derive("another grad_out"));
    let of_w = subject.gradients(&w);
    let equations = [
        ("vjp(2 u - 3 w) = 2 vjp(u) - 3 vjp(w)", 2.0, -3.0),
        ("vjp(1000 u) = 1000 vjp(u)", 1e3, 0.0),
        ("1000 vjp(u / 1000) = vjp(u)", 1e-3, 0.0),
    ];
    for (equation, a, b) in equations {
        let combine = |u: &Tensor, w: &Tensor| u.mul_scalar(a).add(&w.mul_scalar(b));
        for (input, found) in subject.gradients(&combine(u, &w)).iter().enumerate() {
            let expected = combine(&of_u[input], &of_w[input]);
            if let Some(error) = relative_difference(found, &expected, scale * a, ROUNDING) {
                return Err(Fault::NotLinear { equation, input: check.input_name(input), error });
            }
        }
    }
    Ok(())
}

/// An input that is used by several operations gets the sum of what each of them gives.
fn accumulates(
    check: &Gradcheck,
    subject: &Subject,
    grad_out: &Tensor,
    gradients: &[Tensor],
    scale: f64,
) -> Result<(), Fault> {
    let of_sum = subject.record_sum(USES).gradients(grad_out);
    for (input, (found, once)) in of_sum.iter().zip(gradients).enumerate() {
        let expected = once.mul_scalar(USES as f64);
        if let Some(error) = relative_difference(found, &expected, scale, ROUNDING) {
            return Err(Fault::NotAccumulated { input: check.input_name(input), uses: USES, error });
        }
    }
    Ok(())
}

/// At inputs that both types can hold, f32 gives what f64 gives, but for rounding.
fn agrees_in_f32(
    check: &Gradcheck,
    subject: &Subject,
    grad_out: &Tensor,
    tolerance: f64,
) -> Result<(), Fault> {
    let single = |x: &Tensor| x.to_dtype(DType::F32);
    let rounded: Vec<Tensor> = subject.inputs.iter().map(single).collect();
    let exact: Vec<Tensor> = rounded.iter().map(|x| x.to_dtype(DType::F64)).collect();
    let grad_out = single(grad_out);
    let (in_f32, in_f64) = (subject.at(&rounded).record(), subject.at(&exact).record());
    let compare = |what: String, found: &Tensor, expected: &Tensor, scale: f64| {
        if (found.dtype(), found.shape()) != (DType::F32, expected.shape()) {
            return Err(Fault::NotSinglePrecision { what, dtype: found.dtype() });
        }
        let made_by = in_f32.tape.first_non_finite().map(|found| found.to_string());
        match relative_difference(found, expected, scale, tolerance) {
            Some(error) => Err(Fault::SinglePrecision { what, error, tolerance, made_by }),
            None => Ok(()),
        }
    };
    let value = in_f64.out.value();
    let of_inputs = 0.1 * exact.iter().map(largest).fold(0.0, f64::max);
    compare("value".into(), in_f32.out.value(), value, largest(value).max(of_inputs))?;
    let expected = in_f64.gradients(&grad_out.to_dtype(DType::F64));
    let scale = expected.iter().map(largest).fold(of_inputs.max(0.1 * largest(value)), f64::max);
    for (input, (found, expected)) in in_f32.gradients(&grad_out).iter().zip(&expected).enumerate() {
        compare(format!("gradient of {}", check.input_name(input)), found, expected, scale)?;
    }
    Ok(())
}

/// What rounding errors of gradients are measured by: the largest element of them all, for a sum that cancels
/// leaves errors of its terms' size; and where all of them cancel, a little of the value.
fn scale(out: &Tensor, gradients: &[Tensor]) -> f64 {
    gradients.iter().map(largest).fold((1e-3 * largest(out)).max(1e-5), f64::max)
}

/// The largest difference divided by `scale`, if it is above the tolerance or NaN.
fn relative_difference(found: &Tensor, expected: &Tensor, scale: f64, tolerance: f64) -> Option<f64> {
    let pairs = found.to_f64_vec().into_iter().zip(expected.to_f64_vec());
    let differences = pairs.map(|(x, y)| if x == y { 0.0 } else { (x - y).abs() / scale });
    let worst = differences.fold(0.0, |worst: f64, x| if x.is_nan() { f64::INFINITY } else { worst.max(x) });
    (worst > tolerance).then_some(worst)
}
