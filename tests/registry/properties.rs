//! What holds for every operation, on one case of it. Each property is a function that says what is wrong
//! instead of panicking, so that wrong operations can be held to them too.

use autograd::gradcheck::Fault;
use autograd::{Gradcheck, GradcheckFailure, Tape, Var};
use tensor::strategies::Layout;
use tensor::{DType, Seed, Shape, Tensor};

use crate::registry::entry::{Case, Function, Operation};

/// Where directions and weights come from.
const SEED: Seed = Seed::new(7);

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

/// All of them.
pub const ALL: [Property; 5] = [recorded, gradients, adjoint, views, composed];

/// Tries all properties on a case, and says which one does not hold.
pub fn battery(operation: &Operation, case: &Case) -> Result<Seen, String> {
    let mut all = Seen::default();
    for property in ALL {
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
            Ok(Seen { compared: report.certified, worst_relative_error: report.worst_relative_error })
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
/// value and in the gradients; also if the gradient that comes in is a view.
pub fn views(_: &Operation, case: &Case) -> Result<Seen, String> {
    let view = Layout { transposed: true, sliced: true, repeated: 0 };
    let copies: Vec<Tensor> = case.inputs.iter().map(Tensor::contiguous).collect();
    let found = Ran::new(&case.function, &case.inputs, &|shape| view.of(&real(shape)))?;
    let expected = Ran::new(&case.function, &copies, &real)?;
    found.compare(&expected, |x, y| if x.to_bits() == y.to_bits() { 0.0 } else { f64::INFINITY }, 0.0)
}

/// The operation and its composed form agree in value and gradients: they are the same quantities, computed in
/// another order. Nothing to see where there is no composed form.
pub fn composed(_: &Operation, case: &Case) -> Result<Seen, String> {
    let Some(composed) = &case.composed else { return Ok(Seen::default()) };
    let found = Ran::new(&case.function, &case.inputs, &real)?;
    let expected = Ran::new(composed, &case.inputs, &real)?;
    found.compare(&expected, |x, y| (x - y).abs() / x.abs().max(y.abs()).max(1.0), 1e-12)
}

/// A forward and a backward pass.
struct Ran {
    value: Tensor,
    gradients: Vec<Tensor>,
}

impl Ran {
    /// With `weights` as the gradient of the output. An input that the output does not depend on has gradient
    /// zero.
    fn new(function: &Function, inputs: &[Tensor], weights: &dyn Fn(Shape) -> Tensor) -> Result<Ran, String> {
        let tape = Tape::new();
        let vars: Vec<Var> = inputs.iter().map(|x| tape.var(x.clone())).collect();
        let out = function(&vars);
        if !out.requires_grad() {
            return Err("the output requires no gradient; was it detached?".to_string());
        }
        let mut gradients = out.backward_with(weights(out.shape()));
        let mut take =
            |var: &Var| gradients.take(var).unwrap_or_else(|| Tensor::zeros(var.shape(), DType::F64));
        Ok(Ran { gradients: vars.iter().map(&mut take).collect(), value: out.into_value() })
    }

    /// Every number against that of another pass.
    fn compare(&self, other: &Ran, error: impl Fn(f64, f64) -> f64, bound: f64) -> Result<Seen, String> {
        let names = (0..self.gradients.len()).map(|input| format!("the gradient of input {input}"));
        let names = ["the value".to_string()].into_iter().chain(names);
        let tensors = |ran: &Ran| [vec![ran.value.clone()], ran.gradients.clone()].concat();
        let mut seen = Seen::default();
        for (name, (found, expected)) in names.zip(tensors(self).iter().zip(&tensors(other))) {
            if found.shape() != expected.shape() {
                return Err(format!("{name} has shape {}, expected {}", found.shape(), expected.shape()));
            }
            for (i, (x, y)) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()).enumerate() {
                let error = error(x, y);
                if error.is_nan() || error > bound {
                    return Err(format!("element {i} of {name} is {x:e}, expected {y:e}"));
                }
                seen.add(Seen { compared: 1, worst_relative_error: error });
            }
        }
        Ok(seen)
    }
}

/// Any numbers; the same for the same shape.
fn real(shape: Shape) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, SEED.derive("real"), DType::F64)
}

/// Whole numbers from -4 to 4, of which few are 0. Other numbers under another name: if u and v were the same,
/// `<v, J u>` would not tell J from its transpose.
fn whole(name: &str, shape: Shape) -> Tensor {
    let drawn = Tensor::uniform(shape, -4.5, 4.5, SEED.derive(name), DType::F64);
    Tensor::from_vec(drawn.to_f64_vec().into_iter().map(f64::round).collect(), shape)
}

fn abs(x: &Tensor) -> Tensor {
    Tensor::from_vec(x.to_f64_vec().into_iter().map(f64::abs).collect(), x.shape())
}

fn dot(x: &Tensor, y: &Tensor) -> f64 {
    x.to_f64_vec().into_iter().zip(y.to_f64_vec()).map(|(x, y)| x * y).sum()
}
