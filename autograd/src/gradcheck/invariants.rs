//! What holds for every vjp, whatever the function: nothing here needs a difference quotient.

use tensor::{DType, Tensor};

use crate::gradcheck::outputs::{Values, output_name};
use crate::gradcheck::report::Fault;
use crate::gradcheck::settings::Gradcheck;
use crate::gradcheck::subject::{Run, Subject, bits, largest, signed};
use crate::var::Var;

/// What is the same quantity in another order of arithmetic may differ by this, relative to the [`scale`].
const ROUNDING: f64 = 1e-10;

/// How often an input is used to see whether its gradients add up.
const USES: usize = 3;

/// Runs the function once with everything watched, and then holds it to each rule; the first that is broken
/// is returned.
pub fn check(check: &Gradcheck, subject: &Subject) -> Result<Values, Fault> {
    let before: Vec<Vec<u64>> = subject.inputs.iter().map(bits).collect();
    let run = subject.record();
    let out = Values::of(&run.outputs);
    if let Some((output, dtype)) = out.not_in(DType::F64) {
        return Err(Fault::NotDoublePrecision { output: output_name(out.number(output)), dtype });
    }
    if !run.outputs.iter().any(Var::requires_grad) {
        return Err(Fault::NoGradient);
    }
    if out.numel() == 0 && !check.allow_empty {
        return Err(Fault::NothingToCompare);
    }
    let grad_out = signed(out.shape(), check.seed.derive("grad_out"));
    let gradients = well_formed(&run, &grad_out)?;
    repeatable(check, subject, &out, &grad_out, &gradients)?;
    same_in_every_layout(check, subject, &out)?;
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
    let gradients = well_shaped(run, grad_out)?;
    let finite = |output: &Var| output.value().all_finite();
    if run.outputs.iter().all(finite) && gradients.iter().all(Tensor::all_finite) {
        return Ok(gradients);
    }
    let found = run.tape.first_non_finite().expect("the tape watched what was recorded on it");
    Err(Fault::NonFinite(Box::new(found)))
}

/// Gradients have the shapes and dtypes of their inputs; the gradients.
fn well_shaped(run: &Run, grad_out: &Tensor) -> Result<Vec<Tensor>, Fault> {
    let gradients = run.gradients(grad_out);
    match run.tape.first_wrong_shape() {
        Some(found) => Err(Fault::WrongShape(Box::new(found))),
        None => Ok(gradients),
    }
}

/// However the inputs stand in memory, the value is the same.
fn same_in_every_layout(check: &Gradcheck, subject: &Subject, out: &Values) -> Result<(), Fault> {
    let allowed = Allowed { relative: ROUNDING, absolute: check.nondet_tol };
    let on_copies = subject.value_on_copies();
    let errors =
        out.0.iter().zip(&on_copies.0).filter_map(|(output, on_copies)| {
            relative_difference(output, on_copies, largest(output), allowed)
        });
    match errors.reduce(f64::max) {
        Some(error) => Err(Fault::LayoutMatters { error }),
        None => Ok(()),
    }
}

/// A second run and a second backward give the same bits, or what may differ by no more than that.
fn repeatable(
    check: &Gradcheck,
    subject: &Subject,
    out: &Values,
    grad_out: &Tensor,
    gradients: &[Tensor],
) -> Result<(), Fault> {
    let apart = |first: &[Tensor], second: &[Tensor]| {
        let apart = |(first, second)| not_the_same(first, second, check.nondet_tol);
        first.iter().zip(second).map(apart).enumerate().find_map(|(i, found)| Some((i, found?)))
    };
    let again = subject.record();
    if let Some((_, difference)) = apart(&out.0, &Values::of(&again.outputs).0) {
        return Err(Fault::ValueNotRepeatable { difference });
    }
    match apart(gradients, &again.gradients(grad_out)) {
        Some((input, difference)) => {
            Err(Fault::GradientNotRepeatable { input: check.input_name(input), difference })
        }
        None => Ok(()),
    }
}

/// The largest difference of what should be the same bits, if it is above `allowed` or NaN.
fn not_the_same(first: &Tensor, second: &Tensor, allowed: f64) -> Option<f64> {
    if first.shape() != second.shape() {
        return Some(f64::INFINITY);
    }
    if bits(first) == bits(second) {
        return None;
    }
    let difference = relative_difference(first, second, 1.0, Allowed::default()).unwrap_or(0.0);
    (allowed == 0.0 || difference > allowed).then_some(difference)
}

/// Where no change of the result matters, no change of an input does.
fn zero_stays_zero(check: &Gradcheck, subject: &Subject, out: &Values) -> Result<(), Fault> {
    for (input, gradient) in subject.gradients(&Tensor::zeros(out.shape(), DType::F64)).iter().enumerate() {
        let elements = gradient.to_f64_vec();
        if let Some(element) = elements.iter().position(|x| x.is_nan() || x.abs() > check.nondet_tol) {
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
        let absolute = check.nondet_tol * (1.0 + 2.0 * (f64::abs(a) + f64::abs(b))); // three gradients', weighed
        for (input, found) in subject.gradients(&combine(u, &w)).iter().enumerate() {
            let expected = combine(&of_u[input], &of_w[input]);
            let allowed = Allowed { relative: ROUNDING, absolute };
            if let Some(error) = relative_difference(found, &expected, scale * a, allowed) {
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
    let allowed = Allowed { relative: ROUNDING, absolute: check.nondet_tol * 2.0 * USES as f64 };
    for (input, (found, once)) in of_sum.iter().zip(gradients).enumerate() {
        let expected = once.mul_scalar(USES as f64);
        if let Some(error) = relative_difference(found, &expected, scale, allowed) {
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
        let allowed = Allowed { relative: tolerance, absolute: check.nondet_tol };
        match relative_difference(found, expected, scale, allowed) {
            Some(error) => Err(Fault::SinglePrecision { what, error, tolerance, made_by }),
            None => Ok(()),
        }
    };
    let of_inputs = 0.1 * exact.iter().map(largest).fold(0.0, f64::max);
    let (values, found) = (Values::of(&in_f64.outputs), Values::of(&in_f32.outputs));
    for (output, (found, value)) in found.0.iter().zip(&values.0).enumerate() {
        let what =
            values.number(output).map_or("value".to_string(), |number| format!("value of output {number}"));
        compare(what, found, value, largest(value).max(of_inputs))?;
    }
    let expected = in_f64.gradients(&grad_out.to_dtype(DType::F64));
    let of_values = values.0.iter().map(largest).fold(of_inputs, |size, value| size.max(0.1 * value));
    let scale = expected.iter().map(largest).fold(of_values, f64::max);
    for (input, (found, expected)) in well_shaped(&in_f32, &grad_out)?.iter().zip(&expected).enumerate() {
        compare(format!("gradient of {}", check.input_name(input)), found, expected, scale)?;
    }
    Ok(())
}

/// What rounding errors of gradients are measured by: the largest element of them all, for a sum that cancels
/// leaves errors of its terms' size; and where all of them cancel, a little of the value.
fn scale(out: &Values, gradients: &[Tensor]) -> f64 {
    let of_values = out.0.iter().map(largest).fold(0.0, f64::max);
    gradients.iter().map(largest).fold((1e-3 * of_values).max(1e-5), f64::max)
}

/// By how much two numbers may differ.
#[derive(Clone, Copy, Default)]
struct Allowed {
    /// As a part of some scale.
    relative: f64,
    /// Whatever the scale.
    absolute: f64,
}

/// The largest difference divided by `scale`, if it is more than is allowed or NaN.
fn relative_difference(found: &Tensor, expected: &Tensor, scale: f64, allowed: Allowed) -> Option<f64> {
    let pairs = found.to_f64_vec().into_iter().zip(expected.to_f64_vec());
    let same = |x: f64, y: f64| x == y || (x - y).abs() <= allowed.absolute;
    let differences = pairs.map(|(x, y)| if same(x, y) { 0.0 } else { (x - y).abs() / scale });
    let worst = differences.fold(0.0, |worst: f64, x| if x.is_nan() { f64::INFINITY } else { worst.max(x) });
    (worst > allowed.relative).then_some(worst)
}
