//! Mistakes in what a Transformer is made of: softmax, norms, products, attention, losses.

use autograd::Var;
use tensor::ops::attention::{AttentionSpec, attention, attention_vjp};
use tensor::ops::cross_entropy::{IGNORE, cross_entropy, cross_entropy_vjp};
use tensor::ops::softmax::softmax_vjp;
use tensor::{Mask, Tensor};

use super::{Bug, record};

const LABELS: [u32; 4] = [2, IGNORE, 0, 2];
const SMOOTHING: f64 = 0.1;
/// Large, so that rows of equal elements have derivatives that differences can see.
const EPS: f64 = 0.1;

pub fn bugs() -> Vec<Bug> {
    vec![
        Bug {
            what: "the term of the normaliser is missing: out * g instead of out * (g - sum of out * g)",
            operation: "softmax",
            shapes: &[&[2, 3]],
            right: |v| v[0].softmax(-1),
            wrong: |v| record("softmax", v, |v| v[0].softmax(-1), |g, x| [x[0].softmax(-1).mul(g)]),
        },
        Bug {
            what: "the term of the normaliser is missing: g instead of g - softmax * sum of g",
            operation: "log_softmax",
            shapes: &[&[2, 3]],
            right: |v| v[0].log_softmax(-1),
            wrong: |v| record("log_softmax", v, |v| v[0].log_softmax(-1), |g, _| [g.clone()]),
        },
        Bug {
            what: "the mask of the way back lets one more position through than that of the way there",
            operation: "masked_softmax",
            shapes: &[&[3, 3]],
            right: |v| v[0].masked_softmax(0.5, Some(&Mask::causal(3))),
            wrong: |v| {
                let right: fn(&[Var]) -> Var = |v| v[0].masked_softmax(0.5, Some(&Mask::causal(3)));
                record("masked_softmax", v, right, |g, x| {
                    let one_more = Mask::from_fn([3, 3], |index| index[1] <= index[0] + 1);
                    let out = x[0].masked_softmax(0.5, Some(&one_more));
                    [softmax_vjp(&out, g, -1).mul_scalar(0.5)]
                })
            },
        },
        Bug {
            what: "mean and deviation are taken for constants, so that the norm's own gradient is severed",
            operation: "layer_norm",
            shapes: &[&[2, 4], &[4], &[4]],
            right: |v| v[0].layer_norm(&v[1], &v[2], EPS),
            wrong: |v| {
                record(
                    "layer_norm",
                    v,
                    |v| v[0].layer_norm(&v[1], &v[2], EPS),
                    |g, x| {
                        let rstd = x[0].variance(-1, true).add_scalar(EPS).sqrt().powi(-1);
                        let normal = x[0].sub(&x[0].mean(-1, true)).mul(&rstd);
                        [g.mul(&x[1]).mul(&rstd), g.mul(&normal).sum(0, false), g.sum(0, false)]
                    },
                )
            },
        },
        Bug {
            what: "an operand is not transposed in the gradient of the other",
            operation: "matmul",
            shapes: &[&[3, 3], &[3, 3]],
            right: |v| v[0].matmul(&v[1]),
            wrong: |v| {
                let gradients = |g: &Tensor, x: &[Tensor]| [g.matmul(&x[1]), x[0].transpose(0, 1).matmul(g)];
                record("matmul", v, |v| v[0].matmul(&v[1]), gradients)
            },
        },
        Bug {
            what: "the bias gets the mean over the rows instead of the sum",
            operation: "linear",
            shapes: &[&[4, 3], &[2, 3], &[2]],
            right: |v| v[0].linear(&v[1], Some(&v[2])),
            wrong: |v| {
                record(
                    "linear",
                    v,
                    |v| v[0].linear(&v[1], Some(&v[2])),
                    |g, x| [g.matmul(&x[1]), g.transpose(0, 1).matmul(&x[0]), g.mean(0, false)],
                )
            },
        },
        Bug {
            what: "queries see one position ahead, on the way there and back",
            operation: "attention",
            shapes: &[&[1, 3, 4], &[1, 3, 4], &[1, 3, 4]],
            right: causal_attention,
            wrong: |v| {
                let one_ahead = Mask::from_fn([3, 3], |index| index[1] <= index[0] + 1);
                v[0].attention(&v[1], &v[2], &spec(Some(&one_ahead))).context
            },
        },
        Bug {
            what: "the scores' gradient is not multiplied by the scale",
            operation: "attention",
            shapes: &[&[1, 3, 4], &[1, 3, 4], &[1, 3, 4]],
            right: causal_attention,
            wrong: |v| {
                record("attention", v, causal_attention, |g, x| {
                    let [query, key, value] = attention_gradients(g, x);
                    [query.mul_scalar(2.0), key.mul_scalar(2.0), value]
                })
            },
        },
        Bug {
            what: "keys and values get each other's gradient",
            operation: "attention",
            shapes: &[&[1, 3, 4], &[1, 3, 4], &[1, 3, 4]],
            right: causal_attention,
            wrong: |v| {
                record("attention", v, causal_attention, |g, x| {
                    let [query, key, value] = attention_gradients(g, x);
                    [query, value, key]
                })
            },
        },
        Bug {
            what: "the gradient is that of the loss without smoothing",
            operation: "cross_entropy",
            shapes: &[&[4, 3]],
            right: smoothed_loss,
            wrong: |v| record("cross_entropy", v, smoothed_loss, |g, x| [loss_gradient(g, &x[0], 0.0, 3.0)]),
        },
        Bug {
            what: "the gradient is divided by all rows, the loss by those that count",
            operation: "cross_entropy",
            shapes: &[&[4, 3]],
            right: smoothed_loss,
            wrong: |v| {
                record("cross_entropy", v, smoothed_loss, |g, x| [loss_gradient(g, &x[0], SMOOTHING, 4.0)])
            },
        },
    ]
}

fn spec(mask: Option<&Mask>) -> AttentionSpec<'_> {
    AttentionSpec { n_heads: 2, scale: 0.5, mask, dropout: None }
}

fn causal_attention(v: &[Var]) -> Var {
    v[0].attention(&v[1], &v[2], &spec(Some(&Mask::causal(3)))).context
}

/// Those of query, key and value, as they should be.
fn attention_gradients(grad_out: &Tensor, x: &[Tensor]) -> [Tensor; 3] {
    let mask = Mask::causal(3);
    let weights = attention(&x[0], &x[1], &x[2], &spec(Some(&mask))).weights;
    attention_vjp(&x[0], &x[1], &x[2], &weights, grad_out, &spec(Some(&mask))).into()
}

fn smoothed_loss(v: &[Var]) -> Var {
    v[0].cross_entropy(&LABELS, SMOOTHING).loss
}

fn loss_gradient(grad_out: &Tensor, logits: &Tensor, smoothing: f64, count: f64) -> Tensor {
    let log_normalizer = cross_entropy(logits, &LABELS, smoothing).log_normalizer;
    cross_entropy_vjp(logits, &log_normalizer, &LABELS, smoothing, grad_out.item() / count)
}
