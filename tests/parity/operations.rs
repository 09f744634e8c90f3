//! Every operation, beside PyTorch's.

use autograd::{Tape, Var};
use tensor::DType;
use tensor::ops::attention::AttentionSpec;

use super::Counterparts;
use super::fixture::{Case, Comparison};
use crate::registry::source::rows_of_the_table;

type Operation = fn(&[Var], &Case) -> Var;

/// What we compute for each case of `operations.safetensors`, whatever the shapes.
const OPERATIONS: &[(&str, Operation)] = &[
    ("add", |v, _| v[0].add(&v[1])),
    ("sub", |v, _| v[0].sub(&v[1])),
    ("mul", |v, _| v[0].mul(&v[1])),
    ("div", |v, _| v[0].div(&v[1])),
    ("neg", |v, _| v[0].neg()),
    ("add_scalar", |v, _| v[0].add_scalar(1.5)),
    ("mul_scalar", |v, _| v[0].mul_scalar(-2.5)),
    ("powi/3", |v, _| v[0].powi(3)),
    ("powi/-2", |v, _| v[0].powi(-2)),
    ("powi/0", |v, _| v[0].powi(0)),
    ("exp", |v, _| v[0].exp()),
    ("log", |v, _| v[0].log()),
    ("sqrt", |v, _| v[0].sqrt()),
    ("tanh", |v, _| v[0].tanh()),
    ("tanh/tails", |v, _| v[0].tanh()),
    ("erf", |v, _| v[0].erf()),
    ("erf/tails", |v, _| v[0].erf()),
    ("relu", |v, _| v[0].relu()),
    ("gelu", |v, _| v[0].gelu()),
    ("gelu/tails", |v, _| v[0].gelu()),
    ("sigmoid", |v, _| v[0].sigmoid()),
    ("sigmoid/tails", |v, _| v[0].sigmoid()),
    ("reshape", |v, _| v[0].reshape([6, 4]).transpose(0, 1).reshape([3, 8])),
    ("squeeze", |v, _| v[0].squeeze(1)),
    ("unsqueeze", |v, _| v[0].unsqueeze(1)),
    ("transpose", |v, _| v[0].transpose(0, -1)),
    ("permute/3", |v, _| v[0].permute(&[2, 0, 1])),
    ("permute/4", |v, _| v[0].permute(&[3, 1, 0, 2])),
    ("slice", |v, _| v[0].slice(if v[0].rank() == 2 { 0 } else { 1 }, 1..3)),
    ("broadcast_to", |v, _| v[0].broadcast_to([4, 2, 3])),
    ("sum/all", |v, _| v[0].sum(.., false)),
    ("sum/last", |v, _| v[0].sum(-1, true)),
    ("sum/0 and 2", |v, _| v[0].sum([0, 2], false)),
    ("mean/all", |v, _| v[0].mean(.., false)),
    ("mean/last", |v, _| v[0].mean(-1, true)),
    ("mean/0 and 2", |v, _| v[0].mean([0, 2], false)),
    ("max/all", |v, _| v[0].max(.., false)),
    ("max/last", |v, _| v[0].max(-1, true)),
    ("max/0 and 2", |v, _| v[0].max([0, 2], false)),
    ("variance/all", |v, _| v[0].variance(.., false)),
    ("variance/last", |v, _| v[0].variance(-1, true)),
    ("variance/0 and 2", |v, _| v[0].variance([0, 2], false)),
    ("log_sum_exp/all", |v, _| v[0].log_sum_exp(.., false)),
    ("log_sum_exp/last", |v, _| v[0].log_sum_exp(-1, true)),
    ("log_sum_exp/0 and 2", |v, _| v[0].log_sum_exp([0, 2], false)),
    ("matmul", |v, _| v[0].matmul(&v[1])),
    ("matmul/transposed", |v, _| v[0].transpose(-2, -1).matmul(&v[1].transpose(-2, -1))),
    ("softmax/last", |v, _| v[0].softmax(-1)),
    ("softmax/0", |v, _| v[0].softmax(0)),
    ("log_softmax/last", |v, _| v[0].log_softmax(-1)),
    ("log_softmax/0", |v, _| v[0].log_softmax(0)),
    ("masked_softmax/mask", |v, case| v[0].masked_softmax(0.7, Some(&case.mask()))),
    ("masked_softmax/none", |v, _| v[0].masked_softmax(0.7, None)),
    ("gather_rows", |v, case| v[0].gather_rows(&case.ids("ids"))),
    ("scatter_add_rows", |v, case| v[0].scatter_add_rows(&case.ids("ids"), 4)),
    ("concatenate/0", |v, _| Var::concatenate(&[&v[0], &v[1], &v[2]], 0)),
    ("concatenate/last", |v, _| Var::concatenate(&[&v[0], &v[1]], -1)),
    ("split", |v, _| {
        let parts = v[0].split(0, &[1, 0, 2, 2]);
        Var::concatenate(&parts.iter().rev().collect::<Vec<_>>(), 0)
    }),
    ("pad", |v, _| v[0].pad(-1, 1, 2, 0.5)),
    ("where_", |v, case| Var::where_(&case.mask(), &v[0], &v[1])),
    ("masked_fill", |v, case| v[0].masked_fill(&case.mask(), 1.25)),
    ("tril/-1", |v, _| v[0].tril(-1)),
    ("tril/0", |v, _| v[0].tril(0)),
    ("tril/1", |v, _| v[0].tril(1)),
    ("linear", |v, _| v[0].linear(&v[1], v.get(2))),
    ("attention/no mask", attend),
    ("attention/scale", attend),
    ("attention/one head", attend),
    ("attention/causal", attend),
    ("attention/padding", attend),
    ("attention/causal and padding", attend),
    ("attention/batch, 1, q, k", attend),
    ("attention/batch, heads, q, k", attend),
    ("attention/nothing", attend),
    ("attention/grouped heads", attend),
    ("attention/one memory", attend),
    ("layer_norm", |v, case| v[0].layer_norm(&v[1], &v[2], case.number("eps"))),
    ("cross_entropy", |v, case| v[0].cross_entropy(&case.labels(), case.number("smoothing")).loss),
    ("linear_cross_entropy", |v, case| {
        v[0].linear_cross_entropy(&v[1], v.get(2), &case.labels(), case.number("smoothing")).loss
    }),
];

/// Operations without a case, and why.
const WITHOUT_REFERENCE: &[(&str, &str)] =
    &[("dropout", "which elements fall is drawn from our own random streams; PyTorch draws others")];

fn attend(v: &[Var], case: &Case) -> Var {
    let mask = case.parts.contains_key("mask").then(|| case.mask());
    let spec = AttentionSpec {
        n_heads: case.number("n_heads") as usize,
        scale: case.number("scale"),
        mask: mask.as_ref(),
        dropout: None,
    };
    v[0].attention(&v[1], &v[2], &spec)
}

pub fn counterparts() -> Counterparts {
    let mut counterparts = Counterparts::new();
    for &(key, operation) in OPERATIONS {
        counterparts.insert(key.into(), Box::new(move |case, dtype| check(case, dtype, operation)));
    }
    counterparts
}

fn check(case: &Case, dtype: DType, operation: Operation) -> Vec<Comparison> {
    let tape = Tape::new();
    let inputs = case.inputs(&tape, dtype);
    let out = operation(&inputs, case);
    let gradients = out.backward_with(case.part("grad_out").to_dtype(dtype));
    let compared = inputs.iter().enumerate().map(|(i, x)| case.compare_gradient(i, gradients.get(x)));
    compared.chain([case.compare("out", out.value())]).collect()
}

#[test]
fn every_operation_has_a_case_or_a_reason_why_not() {
    let table = rows_of_the_table();
    assert!(table.len() >= 40 && table.contains("add") && table.contains("permute"), "{table:?}");
    let with_reference = |name: &str| OPERATIONS.iter().any(|(key, _)| key.split('/').next() == Some(name));
    for name in &table {
        let excused = WITHOUT_REFERENCE.iter().any(|(excused, _)| excused == name);
        assert!(with_reference(name) != excused, "{name}: give it a case in tests/fixtures/operations.py");
    }
    for (key, _) in OPERATIONS {
        let name = key.split('/').next().unwrap();
        assert!(table.contains(name), "{name} is not in autograd/src/ops/table.md");
    }
}
