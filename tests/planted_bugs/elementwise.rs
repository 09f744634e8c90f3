//! Mistakes in operations on single elements, shapes and rows.

use autograd::Var;
use tensor::{Seed, Tensor};

use super::{Bug, record};

const SEED: Seed = Seed::new(4);

pub fn bugs() -> Vec<Bug> {
    vec![
        Bug {
            what: "the gradient of a broadcast row is that of the first row, not the sum over all",
            operation: "add",
            shapes: &[&[3, 4], &[4]],
            right: |v| v[0].add(&v[1]),
            wrong: |v| {
                record("add", v, |v| v[0].add(&v[1]), |g, _| [g.clone(), g.slice(0, 0..1).reshape([4])])
            },
        },
        Bug {
            what: "each factor gets its own value instead of the other's",
            operation: "mul",
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].mul(&v[1]),
            wrong: |v| record("mul", v, |v| v[0].mul(&v[1]), |g, x| [g.mul(&x[0]), g.mul(&x[1])]),
        },
        Bug {
            what: "the minus of the divisor's gradient is lost",
            operation: "div",
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].div(&v[1]),
            wrong: |v| {
                let gradients = |g: &Tensor, x: &[Tensor]| [g.div(&x[1]), g.mul(&x[0]).div(&x[1].powi(2))];
                record("div", v, |v| v[0].div(&v[1]), gradients)
            },
        },
        Bug {
            what: "the input was saved instead of the output",
            operation: "exp",
            shapes: &[&[2, 3]],
            right: |v| v[0].exp(),
            wrong: |v| record("exp", v, |v| v[0].exp(), |g, x| [g.mul(&x[0])]),
        },
        Bug {
            what: "the exponent is not reduced by one",
            operation: "powi",
            shapes: &[&[2, 3]],
            right: |v| v[0].powi(3),
            wrong: |v| record("powi", v, |v| v[0].powi(3), |g, x| [g.mul(&x[0].powi(3)).mul_scalar(3.0)]),
        },
        Bug {
            what: "the gradient passes where the input was negative",
            operation: "relu",
            shapes: &[&[2, 3]],
            right: |v| v[0].relu(),
            wrong: |v| record("relu", v, |v| v[0].relu(), |g, _| [g.clone()]),
        },
        Bug {
            what: "the derivative is that of the tanh approximation",
            operation: "gelu",
            shapes: &[&[2, 3]],
            right: |v| v[0].gelu(),
            wrong: |v| {
                record("gelu", v, |v| v[0].gelu(), |g, x| [g.mul(&approximate_gelu_derivative(&x[0]))])
            },
        },
        Bug {
            what: "the vjp clips what passes through it, so it is no linear map",
            operation: "tanh",
            shapes: &[&[2, 3]],
            right: |v| v[0].tanh(),
            wrong: |v| {
                record(
                    "tanh",
                    v,
                    |v| v[0].tanh(),
                    |g, x| {
                        let clipped =
                            Tensor::where_(&g.greater(&Tensor::scalar(0.9)), &Tensor::scalar(0.9), g);
                        [clipped.mul(&x[0].tanh().powi(2).neg().add_scalar(1.0))]
                    },
                )
            },
        },
        Bug {
            what: "the gradient is cut off",
            operation: "sigmoid",
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| v[0].sigmoid().mul(&v[1].sigmoid()),
            wrong: |v| v[0].sigmoid().mul(&v[1].sigmoid().detach()),
        },
        Bug {
            what: "the storage is read in the order it stands in memory, whatever the strides",
            operation: "sqrt",
            shapes: &[&[3, 4]],
            right: |v| v[0].powi(2).sqrt(),
            wrong: |v| {
                let x = v[0].value();
                let misread = match x.is_contiguous() {
                    true => v[0].clone(),
                    false => v[0].permute(&[1, 0]).reshape([3, 4]),
                };
                misread.powi(2).sqrt()
            },
        },
        Bug {
            what: "the mean's gradient is not divided by the number of elements",
            operation: "mean",
            shapes: &[&[2, 3]],
            right: |v| v[0].mean(-1, true),
            wrong: |v| record("mean", v, |v| v[0].mean(-1, true), |g, _| [g.broadcast_to([2, 3])]),
        },
        Bug {
            what: "the gradient is divided by n - 1, the value by n",
            operation: "variance",
            shapes: &[&[2, 4]],
            right: |v| v[0].variance(-1, true),
            wrong: |v| {
                record(
                    "variance",
                    v,
                    |v| v[0].variance(-1, true),
                    |g, x| [x[0].sub(&x[0].mean(-1, true)).mul_scalar(2.0 / 3.0).mul(g)],
                )
            },
        },
        Bug {
            what: "the gradient is put back one place too late",
            operation: "slice",
            shapes: &[&[2, 4]],
            right: |v| v[0].slice(1, 0..2),
            wrong: |v| record("slice", v, |v| v[0].slice(1, 0..2), |g, _| [g.pad(1, 1, 1, 0.0)]),
        },
        Bug {
            what: "the parts of the gradient go to the wrong operands",
            operation: "concatenate",
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| Var::concatenate(&[&v[0], &v[1]], 0),
            wrong: |v| {
                let right: fn(&[Var]) -> Var = |v| Var::concatenate(&[&v[0], &v[1]], 0);
                record("concatenate", v, right, |g, _| [g.slice(0, 2..4), g.slice(0, 0..2)])
            },
        },
        Bug {
            what: "an embedding that occurs twice gets the gradient of its last occurrence",
            operation: "gather_rows",
            shapes: &[&[3, 2]],
            right: |v| v[0].gather_rows(&[2, 0, 2]),
            wrong: |v| {
                let last = |g: &Tensor, _: &[Tensor]| [g.slice(0, 1..3).scatter_add_rows(&[0, 2], 3)];
                record("gather_rows", v, |v| v[0].gather_rows(&[2, 0, 2]), last)
            },
        },
        Bug {
            what: "what is kept is not scaled by 1 / (1 - p) on the way back",
            operation: "dropout",
            shapes: &[&[4, 4]],
            right: |v| v[0].dropout(0.5, SEED),
            wrong: |v| {
                record(
                    "dropout",
                    v,
                    |v| v[0].dropout(0.5, SEED),
                    |g, _| [g.dropout(0.5, SEED).mul_scalar(0.5)],
                )
            },
        },
        Bug {
            what: "the way back draws other elements to drop",
            operation: "dropout",
            shapes: &[&[4, 4]],
            right: |v| v[0].dropout(0.5, SEED),
            wrong: |v| {
                record("dropout", v, |v| v[0].dropout(0.5, SEED), |g, _| [g.dropout(0.5, Seed::new(5))])
            },
        },
    ]
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
