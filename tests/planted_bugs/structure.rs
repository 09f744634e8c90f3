//! Mistakes in how elements are moved, chosen and brought together.

use autograd::Var;

use super::Wrong::{Function, Vjp};
use super::{Bug, WRONG_GRADIENT};

pub fn bugs() -> Vec<Bug> {
    [reductions(), moves()].concat()
}

fn reductions() -> Vec<Bug> {
    vec![
        Bug {
            what: "the mean's gradient is not divided by the number of elements",
            operation: "mean",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3]],
            right: |v| v[0].mean(-1, true),
            wrong: Vjp(|g, _| vec![g.broadcast_to([2, 3])]),
        },
        Bug {
            what: "the gradient is divided by n - 1, the value by n",
            operation: "variance",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 4]],
            right: |v| v[0].variance(-1, true),
            wrong: Vjp(|g, x| vec![x[0].sub(&x[0].mean(-1, true)).mul_scalar(2.0 / 3.0).mul(g)]),
        },
    ]
}

fn moves() -> Vec<Bug> {
    vec![
        Bug {
            what: "the storage is read in the order it stands in memory, whatever the strides",
            operation: "sqrt",
            caught_by: &["gradients", "adjoint", "views", "composed"],
            shapes: &[&[3, 4]],
            right: |v| v[0].powi(2).sqrt(),
            wrong: Function(|v| {
                let misread = match v[0].value().is_contiguous() {
                    true => v[0].clone(),
                    false => v[0].permute(&[1, 0]).reshape([3, 4]),
                };
                misread.powi(2).sqrt()
            }),
        },
        Bug {
            what: "the gradient is put back one place too late",
            operation: "slice",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 4]],
            right: |v| v[0].slice(1, 0..2),
            wrong: Vjp(|g, _| vec![g.pad(1, 1, 1, 0.0)]),
        },
        Bug {
            what: "the parts of the gradient go to the wrong operands",
            operation: "concatenate",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[2, 3], &[2, 3]],
            right: |v| Var::concatenate(&[&v[0], &v[1]], 0),
            wrong: Vjp(|g, _| vec![g.slice(0, 2..4), g.slice(0, 0..2)]),
        },
        Bug {
            what: "an embedding that occurs twice gets the gradient of its last occurrence",
            operation: "gather_rows",
            caught_by: WRONG_GRADIENT,
            shapes: &[&[3, 2]],
            right: |v| v[0].gather_rows(&[2, 0, 2]),
            wrong: Vjp(|g, _| vec![g.slice(0, 1..3).scatter_add_rows(&[0, 2], 3)]),
        },
    ]
}
