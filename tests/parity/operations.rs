//! Every operation, beside PyTorch's or beside its formula.

use autograd::{Tape, Var};
use tensor::ops::attention::AttentionSpec;
use tensor::{DType, Tensor};

use super::Counterparts;
use super::fixture::{Case, Comparison};
use crate::registry::entry::{Formula, Operation as Entry};
use crate::registry::{GUIDE, operations};

type Operation = fn(&[Var], &Case) -> Var;

/// What we compute for each case of `operations.safetensors`, whatever the shapes. `tests/fixtures/operations.py`
/// has the same names.
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

fn check(case: &Case, dtype: DType, operation: impl Fn(&[Var], &Case) -> Var) -> Vec<Comparison> {
    let tape = Tape::new();
    let inputs = case.inputs(&tape, dtype);
    let out = operation(&inputs, case);
    let gradients = out.backward_with(case.part("grad_out").to_dtype(dtype));
    let compared = inputs.iter().enumerate().map(|(i, x)| case.compare_gradient(i, gradients.get(x)));
    compared.chain([case.compare("out", out.value())]).collect()
}

/// What we compute for the numbers of the entries' formulas.
pub fn formula_counterparts() -> Counterparts {
    let mut counterparts = Counterparts::new();
    for (key, Formula { function, .. }) in formulas() {
        let check = move |case: &Case, dtype| check(case, dtype, |v, _| function(&v[0]));
        counterparts.insert(key, Box::new(check));
    }
    counterparts
}

/// The numbers of the entries' formulas, as cases.
pub fn formula_cases() -> Vec<Case> {
    let case = |(name, Formula { numbers, .. }): (String, Formula)| {
        let column =
            |i: usize| Tensor::from_vec::<f64>(numbers.iter().map(|row| row[i]).collect(), [numbers.len()]);
        let (x, out, slope) = (column(0), column(1), column(2));
        let grad_out = Tensor::ones(x.shape(), DType::F64);
        let parts = [("in.0", x), ("out", out), ("grad_out", grad_out), ("grad.in.0", slope)];
        Case { name, parts: parts.map(|(part, tensor)| (part.to_string(), tensor)).into() }
    };
    formulas().map(case).collect()
}

fn formulas() -> impl Iterator<Item = (String, Formula)> {
    operations().into_iter().filter_map(|entry| Some((format!("formula of {}", entry.name), entry.formula?)))
}

/// What is missing for an operation, or too much.
fn fault(entry: &Entry) -> Option<String> {
    let name = entry.name;
    let is_pytorchs = OPERATIONS.iter().any(|(key, _)| key.split('/').next() == Some(name));
    match (is_pytorchs || entry.formula.is_some(), entry.no_reference) {
        (false, None) => Some(format!(
            "`{name}` has no reference. Give its entry in tests/registry/ numbers of its formula, `.by_formula(..)` as \
             `erf` has; or give it PyTorch's, by a case in tests/fixtures/operations.py and in OPERATIONS of \
             tests/parity/operations.rs; or say in the entry why there are none, `.without_reference(\"..\")` as `dropout` \
             does; {GUIDE}"
        )),
        (true, Some(_)) => {
            Some(format!("`{name}` has a reference: take `.without_reference(..)` off its entry"))
        }
        (false, Some(_)) if entry.is_primitive() => Some(format!(
            "nothing says what `{name}` is: its entry has neither a reference nor a composed form. Give it one; {GUIDE}"
        )),
        _ => None,
    }
}

#[test]
fn every_operation_has_a_reference_or_says_why_not() {
    let entries = operations();
    assert!(entries.len() >= 40, "the registry has {} entries", entries.len());
    for (name, why) in entries.iter().filter_map(|entry| Some((entry.name, entry.no_reference?))) {
        println!("`{name}` has no reference: {why}");
    }
    let faults: Vec<String> = entries.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (key, _) in OPERATIONS {
        let name = key.split('/').next().unwrap();
        assert!(
            entries.iter().any(|entry| entry.name == name),
            "OPERATIONS has `{key}`, which is no operation"
        );
    }
}

#[test]
fn an_operation_without_a_reference_is_told_of() {
    let entry = |name| operations().into_iter().find(|entry| entry.name == name).unwrap();
    let unknown = |mut entry: Entry| {
        entry.name = "cube";
        fault(&entry)
    };
    assert_eq!(unknown(entry("gelu")), None); // it has its formula
    assert!(unknown(entry("exp")).unwrap().starts_with("`cube` has no reference. "));
    assert_eq!(unknown(entry("exp").without_reference("not yet")), None);
    assert!(
        unknown(entry("log").without_reference("not yet"))
            .unwrap()
            .starts_with("nothing says what `cube` is")
    );
    assert!(
        fault(&entry("exp").without_reference("not yet")).unwrap().starts_with("`exp` has a reference: ")
    );
}
