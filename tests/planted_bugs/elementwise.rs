//! Mistakes in operations on single elements.

use autograd::Var;
use tensor::{Seed, Tensor};

use super::Wrong::{Function, Vjp};
use super::{Bug, WRONG_GRADIENT, record};

const SEED: Seed = Seed::new(4);

pub fn bugs() -> Vec<Bug> {
    [arithmetic(), functions(), dropout()].concat()
}

fn arithmetic() -> Vec<Bug> {
    vec![
        Bug {
            what: "the gradient of a broadcast row is that of the first row, not the sum over all",
            operation: "add",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[3, 4], &[4]],
            right: |v| v[0].add(&v[1]),
            wrong: Vjp(|g, _| vec![g.clone(), g.slice(0, 0..1).reshape([4])]),
        },
        Bug {
            what: "each factor gets its own value instead of the other's",
            operation: "mul",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].mul(&v[1]),
            wrong: Vjp(|g, x| vec![g.mul(&x[0]), g.mul(&x[1])]),
        },
        Bug {
            what: "where both factors are one variable, the 2 of its square's gradient is lost",
            operation: "mul",
            caught_by: &["shared"],
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].mul(&v[1]),
            wrong: Function(|v| match same_variable(&v[0], &v[1]) {
                true => record("mul", &v[..1], |v| v[0].mul(&v[0]), |g, x| vec![g.mul(&x[0])]),
                false => v[0].mul(&v[1]),
            }),
        },
        Bug {
            what: "the minus of the divisor's gradient is lost",
            operation: "div",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].div(&v[1]),
            wrong: Vjp(|g, x| vec![g.div(&x[1]), g.mul(&x[0]).div(&x[1].powi(2))]),
        },
        Bug {
            what: "of a gradient that is one number for all elements only the first element is read",
            operation: "neg",
            caught_by: &["views"],
            shapes: &[&[2, 3]],
            right: |v| v[0].neg(),
            wrong: Vjp(|g, _| vec![first_if_repeated(g).neg()]),
        },
        Bug {
            what: "the exponent is not reduced by one",
            operation: "powi",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].powi(3),
            wrong: Vjp(|g, x| vec![g.mul(&x[0].powi(3)).mul_scalar(3.0)]),
        },
    ]
}

fn functions() -> Vec<Bug> {
    vec![
        Bug {
            what: "the input was saved instead of the output",
            operation: "exp",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].exp(),
            wrong: Vjp(|g, x| vec![g.mul(&x[0])]),
        },
        Bug {
            what: "the gradient passes where the input was negative",
            operation: "relu",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].relu(),
            wrong: Vjp(|g, _| vec![g.clone()]),
        },
        Bug {
            what: "the derivative is that of the tanh approximation",
            operation: "gelu",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].gelu(),
            wrong: Vjp(|g, x| vec![g.mul(&approximate_gelu_derivative(&x[0]))]),
        },
        Bug {
            what: "the vjp clips what passes through it, so it is no linear map",
            operation: "tanh",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[4, 4]],
            right: |v| v[0].tanh(),
            wrong: Vjp(|g, x| {
                let limit = Tensor::scalar(0.9);
                let clipped = Tensor::where_(&g.greater(&limit), &limit, g);
                vec![clipped.mul(&x[0].tanh().powi(2).neg().add_scalar(1.0))]
            }),
        },
        Bug {
            what: "the gradient is cut off",
            operation: "sigmoid",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].sigmoid().mul(&v[1].sigmoid()),
            wrong: Function(|v| v[0].sigmoid().mul(&v[1].sigmoid().detach())),
        },
    ]
}

fn dropout() -> Vec<Bug> {
    let right: fn(&[Var]) -> Var = |v| v[0].dropout(0.5, SEED);
    let bug = |what, wrong| Bug {
        what,
        operation: "dropout",
        caught_by: WRONG_GRADIENT,
        shapes: &[&[4, 4]],
        right,
        wrong,
    };
    vec![
        bug(
            "what is kept is not scaled by 1 / (1 - p) on the way there",
            Function(|v| {
                let unscaled: fn(&[Var]) -> Var = |v| v[0].dropout(0.5, SEED).mul_scalar(0.5);
                record("dropout", v, unscaled, |g, _| vec![g.dropout(0.5, SEED)])
            }),
        ),
        bug(
            "what is kept is not scaled by 1 / (1 - p) on the way back",
            Vjp(|g, _| vec![g.dropout(0.5, SEED).mul_scalar(0.5)]),
        ),
        bug("the way back draws other elements to drop", Vjp(|g, _| vec![g.dropout(0.5, Seed::new(5))])),
    ]
}

/// Whether both are recorded at one place of the tape, which is what Debug shows first.
fn same_variable(x: &Var, y: &Var) -> bool {
    let place = |var: &Var| format!("{var:?}").split(' ').next().map(str::to_string);
    x.requires_grad() && place(x) == place(y)
}

/// `g` as it stands in memory if it has strides 0: its first element, and zeros where it should be repeated.
fn first_if_repeated(g: &Tensor) -> Tensor {
    match g.strides().iter().all(|&stride| stride == 0) {
        true => g.slice(0, 0..1).slice(1, 0..1).pad(0, 0, g.dim(0) - 1, 0.0).pad(1, 0, g.dim(1) - 1, 0.0),
        false => g.clone(),
    }
}

/// The derivative of `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` (Hendrycks and Gimpel 2016), by
/// central differences: close to that of `x Phi(x)`, and not the same.
fn approximate_gelu_derivative(x: &Tensor) -> Tensor {
    let gelu = |x: f64| {
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
        0.5 * x * (1.0 + inner.tanh())
    };
    let derivative = |x: f64| (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5;
    let derivatives = Tensor::from_vec(x.to_f64_vec().into_iter().map(derivative).collect(), x.shape());
    derivatives.to_dtype(x.dtype())
}
