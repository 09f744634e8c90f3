//! What holds for every operation, on one case of it. Each property is a function that says what is wrong
//! instead of panicking, so that wrong operations can be held to them too.

use std::rc::Rc;

use autograd::gradcheck::Fault;
use autograd::{Gradcheck, GradcheckFailure, Tape, Var};
use tensor::strategies::Layout;
use tensor::{DType, Shape, Tensor};

use crate::registry::entry::{Case, Function, Operation};
use crate::registry::pass::{Ran, abs, dot, real, whole};

/// What a property saw of a case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// How many numbers were compared.
    pub compared: usize,
    /// The largest relative error among them.
    pub worst_relative_error: f64,
}

/// A property of an operation, tried on a case.
pub type Property = fn(&Operation, &Case) -> Result<Seen, String>;

/// All of them, by name.
pub const ALL: [(&str, Property); 6] = [
    ("recorded", recorded),
    ("gradients", gradients),
    ("adjoint", adjoint),
    ("views", views),
    ("shared", shared),
    ("composed", composed),
];

/// Tries all properties on a case, and says which one does not hold.
pub fn battery(operation: &Operation, case: &Case) -> Result<Seen, String> {
    let mut all = Seen::default();
    for (_, property) in ALL {
        all.add(property(operation, case)?);
    }
    Ok(all)
}

impl Seen {
    /// Counts what another case showed.
    pub fn add(&mut self, other: Seen) {
        self.compared += other.compared;
        self.worst_relative_error = self.worst_relative_error.max(other.worst_relative_error);
    }
}

/// The name of the operation is on the tape, so it is this operation that the case is about.
pub fn recorded(operation: &Operation, case: &Case) -> Result<Seen, String> {
    let tape = Tape::new();
    let vars: Vec<Var> = case.inputs.iter().map(|x| tape.var(x.clone())).collect();
    let _ = (case.function)(&vars);
    let summary = tape.summary();
    let names = summary.lines().filter_map(|line| line.split_whitespace().nth(1));
    match names.filter(|&name| name == operation.name).count() {
        0 => Err(format!("the tape has no `{}`:\n{summary}", operation.name)),
        _ => Ok(Seen::default()),
    }
}

/// [`Gradcheck`], with all it looks at. The full Jacobian where it is small, else random directions.
///
/// Only derivatives that agree to the relative tolerance are counted. Where all are zero but for rounding (the
/// variance of equal numbers, the loss of the only class) there is nothing to count.
pub fn gradients(operation: &Operation, case: &Case) -> Result<Seen, String> {
    const SMALL: usize = 64;
    let large = case.inputs.iter().map(Tensor::numel).sum::<usize>() > SMALL;
    let check = Gradcheck::new().allow_empty().f32_tolerance(1e-5);
    let check = if large { check.directions(8) } else { check };
    match check.run(operation.name, &case.inputs, |v| (case.function)(v)) {
        Ok(report) => {
            Ok(Seen { compared: report.certified(), worst_relative_error: report.worst_relative_error() })
        }
        Err(GradcheckFailure { fault: Fault::NothingCertified { .. }, .. }) => Ok(Seen::default()),
        Err(failure) => Err(failure.to_string()),
    }
}

/// `<v, J u> = <Jᵀ v, u>` for a direction u of the inputs and weights v of the output, where J is the derivative
/// and Jᵀ what backward applies.
///
/// In an input in which the operation f is linear, `J u = f(u) - f(0)`; with whole numbers nothing is rounded,
/// and both sides have to be equal. In all inputs together, J u is the central difference along u.
pub fn adjoint(operation: &Operation, case: &Case) -> Result<Seen, String> {
    let ran = Ran::new(&case.function, &case.inputs, &|shape| whole("v", shape))?;
    let weights = whole("v", ran.value.shape());
    let direction = |(i, x): (usize, &Tensor)| whole(&format!("u {i}"), x.shape());
    let directions: Vec<Tensor> = case.inputs.iter().enumerate().map(direction).collect();
    let mut seen = Seen::default();
    for &input in operation.linear_in.iter().filter(|&&input| input < case.inputs.len()) {
        let change = linear_change(case, input, &directions[input]);
        let (forward, backward) = (dot(&weights, &change), dot(&ran.gradients[input], &directions[input]));
        if forward != backward {
            return Err(format!("input {input}: <v, J u> is {forward}, but <Jᵀ v, u> is {backward}"));
        }
        seen.compared += 1;
    }
    let change = change_along(case, &directions);
    let sum = |of: fn(&Tensor, &Tensor) -> f64| -> (f64, f64) {
        let backward = ran.gradients.iter().zip(&directions).map(|(gradient, u)| of(gradient, u)).sum();
        (of(&weights, &change), backward)
    };
    let ((forward, backward), sizes) = (sum(dot), sum(|x, y| dot(&abs(x), &abs(y))));
    let error = (forward - backward).abs() / (sizes.0 + sizes.1).max(1.0);
    if error.is_nan() || error > 1e-7 {
        return Err(format!("<v, J u> is {forward} by central differences, but <Jᵀ v, u> is {backward}"));
    }
    seen.add(Seen { compared: 1, worst_relative_error: error });
    Ok(seen)
}

/// How an operation that is linear in `input` changes when that goes from zero to `direction`.
fn linear_change(case: &Case, input: usize, direction: &Tensor) -> Tensor {
    let at = |x: Tensor| {
        let mut inputs = case.inputs.clone();
        inputs[input] = x;
        value(case, inputs)
    };
    at(direction.clone()).sub(&at(Tensor::zeros(direction.shape(), DType::F64)))
}

/// The derivative along `directions`, by central differences at two distances, which leaves an error of the
/// fourth order.
fn change_along(case: &Case, directions: &[Tensor]) -> Tensor {
    const STEP: f64 = 5e-4;
    let along = |step: f64| {
        let moved = |(x, u): (&Tensor, &Tensor)| x.add(&u.mul_scalar(step));
        value(case, case.inputs.iter().zip(directions).map(moved).collect())
    };
    let near = along(STEP).sub(&along(-STEP)).mul_scalar(8.0);
    let far = along(2.0 * STEP).sub(&along(-2.0 * STEP));
    near.sub(&far).mul_scalar(1.0 / (12.0 * STEP))
}

/// The value at other inputs.
fn value(case: &Case, inputs: Vec<Tensor>) -> Tensor {
    let constants: Vec<Var> = inputs.into_iter().map(Var::constant).collect();
    (case.function)(&constants).into_value()
}

/// The operation on the inputs as they stand in memory, and on row-major copies of them: the same bits, in the
/// value and in the gradients. Also if the gradient that comes in is a view, or one number for all elements, as
/// the vjp of a sum hands it on: a tensor with stride 0 in every axis.
pub fn views(_: &Operation, case: &Case) -> Result<Seen, String> {
    type Weights = fn(Shape) -> Tensor;
    let cut_out: Weights = |shape| Layout { transposed: true, sliced: true, repeated: 0 }.of(&real(shape));
    let one_number: Weights = |shape| real([].into()).broadcast_to(shape);
    let copies: Vec<Tensor> = case.inputs.iter().map(Tensor::contiguous).collect();
    let mut seen = Seen::default();
    for (name, weights) in [("a part of a transposed tensor", cut_out), ("one number, repeated", one_number)]
    {
        let found = Ran::new(&case.function, &case.inputs, &weights)?;
        let expected = Ran::new(&case.function, &copies, &|shape| weights(shape).contiguous())?;
        seen.add(found.same_bits(&expected).map_err(|said| format!("grad_out is {name}: {said}"))?);
    }
    Ok(seen)
}

/// A variable in several places of the operation (`x * x`, a sentence that attends to itself) gets the sum of
/// the gradients that variables of their own would get there. Nothing to see where no two inputs have one
/// shape.
pub fn shared(_: &Operation, case: &Case) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for (last, x) in case.inputs.iter().enumerate() {
        let is_place = |i: usize| case.inputs[i].shape() == x.shape();
        let places: Vec<usize> = (0..case.inputs.len()).filter(|&i| is_place(i)).collect();
        if places.len() < 2 || places.last() != Some(&last) {
            continue;
        }
        // The value of the last one: if it is a divisor, it is not near zero.
        let mut inputs = case.inputs.clone();
        places.iter().for_each(|&place| inputs[place] = x.clone());
        let mut expected = Ran::new(&case.function, &inputs, &real)?;
        for &place in &places[..places.len() - 1] {
            let gradient = expected.gradients[place].clone();
            expected.gradients[last] = expected.gradients[last].add(&gradient);
            expected.gradients[place] = Tensor::zeros(x.shape(), DType::F64); // it is not used
        }
        let found = Ran::new(&with_one_variable(case, places), &inputs, &real)?;
        seen.add(found.same_numbers(&expected).map_err(|said| format!("in several places: {said}"))?);
    }
    Ok(seen)
}

/// The operation with the last of these inputs in the place of each of them.
fn with_one_variable(case: &Case, places: Vec<usize>) -> Function {
    let function = case.function.clone();
    Rc::new(move |v| {
        let mut all = v.to_vec();
        places.iter().for_each(|&place| all[place] = v[places[places.len() - 1]].clone());
        function(&all)
    })
}

/// The operation and its composed form agree in value and gradients: they are the same quantities, computed in
/// another order. Nothing to see where there is no composed form.
pub fn composed(_: &Operation, case: &Case) -> Result<Seen, String> {
    let Some(composed) = &case.composed else { return Ok(Seen::default()) };
    let found = Ran::new(&case.function, &case.inputs, &real)?;
    found.same_numbers(&Ran::new(composed, &case.inputs, &real)?)
}
