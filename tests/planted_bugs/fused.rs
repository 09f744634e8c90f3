//! Mistakes in what a Transformer is made of: softmax, norms, products, attention, losses.

use tensor::ops::attention::{AttentionSpec, attention_vjp};
use tensor::ops::cross_entropy::{IGNORE, cross_entropy_vjp};
use tensor::ops::softmax::softmax_vjp;
use tensor::{Mask, Tensor};

use super::Wrong::{Function, Vjp};
use super::{Bug, WRONG_GRADIENT, Wrong};

const LABELS: [u32; 4] = [1, IGNORE, 0, 2];
const SMOOTHING: f64 = 0.1;
/// Large, so that rows of equal elements have derivatives that differences can see.
const EPS: f64 = 0.1;

pub fn bugs() -> Vec<Bug> {
    [softmaxes(), layers(), attentions(), losses()].concat()
}

fn softmaxes() -> Vec<Bug> {
    vec![
        Bug {
            what: "the term of the normaliser is missing: out * g instead of out * (g - sum of out * g)",
            operation: "softmax",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].softmax(-1),
            wrong: Vjp(|g, x| vec![x[0].softmax(-1).mul(g)]),
        },
        Bug {
            what: "the term of the normaliser is missing: g instead of g - softmax * sum of g",
            operation: "log_softmax",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].log_softmax(-1),
            wrong: Vjp(|g, _| vec![g.clone()]),
        },
        Bug {
            what: "the mask of the way back lets one more position through than that of the way there",
            operation: "masked_softmax",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[3, 3]],
            right: |v| v[0].masked_softmax(0.5, Some(&Mask::causal(3))),
            wrong: Vjp(|g, x| {
                let out = x[0].masked_softmax(0.5, Some(&one_ahead()));
                vec![softmax_vjp(&out, g, -1).mul_scalar(0.5)]
            }),
        },
    ]
}

fn layers() -> Vec<Bug> {
    vec![
        Bug {
            what: "mean and deviation are taken for constants, so that the norm's own gradient is severed",
            operation: "layer_norm",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 4], &[4], &[4]],
            right: |v| v[0].layer_norm(&v[1], &v[2], EPS),
            wrong: Vjp(|g, x| {
                let rstd = x[0].variance(-1, true).add_scalar(EPS).sqrt().powi(-1);
                let normal = x[0].sub(&x[0].mean(-1, true)).mul(&rstd);
                vec![g.mul(&x[1]).mul(&rstd), g.mul(&normal).sum(0, false), g.sum(0, false)]
            }),
        },
        Bug {
            what: "an operand is not transposed in the gradient of the other",
            operation: "matmul",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[3, 3], &[3, 3]],
            right: |v| v[0].matmul(&v[1]),
            wrong: Vjp(|g, x| vec![g.matmul(&x[1]), x[0].transpose(0, 1).matmul(g)]),
        },
        Bug {
            what: "the bias gets the mean over the rows instead of the sum",
            operation: "linear",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[4, 3], &[2, 3], &[2]],
            right: |v| v[0].linear(&v[1], Some(&v[2])),
            wrong: Vjp(|g, x| vec![g.matmul(&x[1]), g.transpose(0, 1).matmul(&x[0]), g.mean(0, false)]),
        },
    ]
}

fn attentions() -> Vec<Bug> {
    let bug = |what, caught_by, wrong| Bug {
        what,
        operation: "attention",
        caught_by,
        shapes: &[&[1, 3, 4], &[1, 3, 4], &[1, 3, 4]],
        right: |v| v[0].attention(&v[1], &v[2], &spec(&Mask::causal(3))),
        wrong,
    };
    // The gradient is the right one of the wrong function: only the right function tells.
    let sees_ahead: Wrong = Function(|v| v[0].attention(&v[1], &v[2], &spec(&one_ahead())));
    let unscaled = Vjp(|g, x| {
        let [query, key, value] = attention_gradients(g, x);
        vec![query.mul_scalar(2.0), key.mul_scalar(2.0), value]
    });
    let swapped = Vjp(|g, x| {
        let [query, key, value] = attention_gradients(g, x);
        vec![query, value, key]
    });
    vec![
        bug("queries see one position ahead, on the way there and back", &["composed"], sees_ahead),
        bug("the scores' gradient is not multiplied by the scale", WRONG_GRADIENT, unscaled),
        bug("keys and values get each other's gradient", WRONG_GRADIENT, swapped),
    ]
}

fn losses() -> Vec<Bug> {
    let bug = |what, wrong| Bug {
        what,
        operation: "cross_entropy",
        caught_by: WRONG_GRADIENT,
        shapes: &[&[4, 3]],
        right: |v| v[0].cross_entropy(&LABELS, SMOOTHING).loss,
        wrong,
    };
    vec![
        bug(
            "the gradient is that of the loss without smoothing",
            Vjp(|g, x| vec![loss_gradient(g, &x[0], 0.0, 3.0)]),
        ),
        bug(
            "the gradient is divided by all rows, the loss by those that count",
            Vjp(|g, x| vec![loss_gradient(g, &x[0], SMOOTHING, 4.0)]),
        ),
    ]
}

/// A causal mask that is off by one.
fn one_ahead() -> Mask {
    Mask::from_fn([3, 3], |index| index[1] <= index[0] + 1)
}

fn spec(mask: &Mask) -> AttentionSpec<'_> {
    AttentionSpec { n_heads: 2, scale: 0.5, mask: Some(mask), dropout: None }
}

/// Those of query, key and value, as they should be.
fn attention_gradients(grad_out: &Tensor, x: &[Tensor]) -> [Tensor; 3] {
    let mask = Mask::causal(3);
    attention_vjp(&x[0], &x[1], &x[2], grad_out, &spec(&mask)).into()
}

fn loss_gradient(grad_out: &Tensor, logits: &Tensor, smoothing: f64, count: f64) -> Tensor {
    cross_entropy_vjp(logits, &LABELS, smoothing, grad_out.item() / count)
}
