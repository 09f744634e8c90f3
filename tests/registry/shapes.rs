//! Operations that move elements: views, joins, rows by id.

use std::ops::Range;

use autograd::Var;
use proptest::collection::vec;
use proptest::prelude::*;
use tensor::strategies::{Filling, axis_choices, fillings, integers, lengths, narrowings, shapes};
use tensor::{DType, Shape, Tensor};

use crate::registry::entry::{Case, Operation};

/// The entries of this family. All of them are linear: they only move, leave out and add up.
pub fn operations() -> Vec<Operation> {
    [reordering(), parts(), joining(), rows()].concat()
}

fn linear(name: &'static str, cases: impl Strategy<Value = Case> + 'static) -> Operation {
    Operation::new(name, cases).linear_in(&[0])
}

/// With an axis of this length put in front of axis `at`.
fn inserted(shape: Shape, at: usize, len: usize) -> Shape {
    [&shape[..at], &[len], &shape[at..]].concat().into()
}

/// With this length in one axis.
fn resized(shape: Shape, axis: isize, len: usize) -> Shape {
    let mut resized = shape;
    resized[shape.axis(axis)] = len;
    resized
}

/// Another shape with as many elements.
fn reshaped(shape: Shape, kind: usize) -> Shape {
    let lengths = shape.to_vec();
    match kind {
        0 => shape,
        1 => [shape.numel()].into(),
        2 => lengths.into_iter().rev().collect::<Vec<usize>>().into(),
        3 => inserted(shape, shape.rank() / 2, 1),
        4 if shape.rank() > 1 => [&[shape[0] * shape[1]], &shape[2..]].concat().into(),
        _ => [1, shape.numel(), 1].into(),
    }
}

/// The first axes of an order of six, as whole numbers from either end.
fn order(keys: &[u8], rank: usize, from_the_end: bool) -> Vec<isize> {
    let mut axes: Vec<isize> = (0..rank as isize).collect();
    axes.sort_by_key(|&axis| keys[axis as usize]);
    axes.iter().map(|&axis| if from_the_end && axis % 2 == 0 { axis - rank as isize } else { axis }).collect()
}

fn reordering() -> Vec<Operation> {
    let reshape = (fillings(integers()), 0..6usize, shapes(0..=4)).prop_map(|(x, kind, shape)| {
        let to = reshaped(shape, kind);
        Case::new(format!("to {to}"), [x.tensor(shape)], move |v| v[0].reshape(to))
    });
    let squeeze = (fillings(integers()), axis_choices(), shapes(0..=3)).prop_map(|(x, choice, shape)| {
        let at = choice.bits as usize % (shape.rank() + 1);
        let from = inserted(shape, at, 1);
        let axis = if choice.from_the_end { at as isize - from.rank() as isize } else { at as isize };
        Case::new(format!("axis {axis}"), [x.tensor(from)], move |v| v[0].squeeze(axis))
            .composed(move |v| v[0].reshape(shape))
    });
    let unsqueeze = (fillings(integers()), axis_choices(), shapes(0..=3)).prop_map(|(x, choice, shape)| {
        let at = choice.bits as usize % (shape.rank() + 1);
        let to = inserted(shape, at, 1);
        let axis = if choice.from_the_end { at as isize - to.rank() as isize } else { at as isize };
        Case::new(format!("axis {axis}"), [x.tensor(shape)], move |v| v[0].unsqueeze(axis))
            .composed(move |v| v[0].reshape(to))
    });
    let transpose =
        (fillings(integers()), axis_choices(), axis_choices(), shapes(1..=4)).prop_map(|(x, a, b, shape)| {
            let (a, b) = (a.axis(shape), b.axis(shape));
            let mut axes: Vec<isize> = (0..shape.rank() as isize).collect();
            axes.swap(shape.axis(a), shape.axis(b));
            Case::new(format!("axes {a}, {b}"), [x.tensor(shape)], move |v| v[0].transpose(a, b))
                .composed(move |v| v[0].permute(&axes))
        });
    let permute = (fillings(integers()), vec(any::<u8>(), 4), any::<bool>(), shapes(0..=4)).prop_map(
        |(x, keys, from_the_end, shape)| {
            let axes = order(&keys, shape.rank(), from_the_end);
            Case::new(format!("axes {axes:?}"), [x.tensor(shape)], move |v| v[0].permute(&axes))
        },
    );
    let broadcast_to = (fillings(integers()), narrowings(), shapes(0..=4)).prop_map(|(x, narrowing, to)| {
        let x = x.tensor(narrowing.of(to));
        Case::new(format!("to {to}"), [x], move |v| v[0].broadcast_to(to))
            .composed(move |v| v[0].add(&Var::constant(Tensor::zeros(to, v[0].dtype()))))
    });
    vec![
        linear("reshape", reshape).primitive(),
        linear("squeeze", squeeze),
        linear("unsqueeze", unsqueeze),
        linear("transpose", transpose),
        linear("permute", permute).primitive(),
        linear("broadcast_to", broadcast_to),
    ]
}

/// The matrix `[n, n']` of ones and zeros with which a slice is a product.
fn selection(range: Range<usize>, len: usize, dtype: DType) -> Var {
    Var::constant(Tensor::eye(len, dtype).slice(1, range))
}

fn parts() -> Vec<Operation> {
    let slice = (fillings(integers()), axis_choices(), any::<[u8; 2]>(), shapes(1..=4)).prop_map(
        |(x, choice, ends, shape)| {
            let axis = choice.axis(shape);
            let len = shape[shape.axis(axis)];
            let mut ends = ends.map(|end| end as usize % (len + 1));
            ends.sort_unstable();
            let range = ends[0]..ends[1];
            let again = range.clone();
            Case::new(format!("axis {axis}, {range:?}"), [x.tensor(shape)], move |v| {
                v[0].slice(axis, range.clone())
            })
            .composed(move |v| {
                let rows = v[0].transpose(axis, -1).reshape([shape.numel() / len.max(1), len]);
                let mut to = shape;
                to.swap(v[0].shape().axis(axis), shape.rank() - 1);
                *to.last_mut().unwrap() = again.len();
                rows.matmul(&selection(again.clone(), len, v[0].dtype())).reshape(to).transpose(axis, -1)
            })
        },
    );
    let split = (fillings(integers()), axis_choices(), vec(lengths(), 1..=3), shapes(1..=3)).prop_map(
        |(x, choice, lengths, shape)| {
            let axis = choice.axis(shape);
            let x = x.tensor(resized(shape, axis, lengths.iter().sum()));
            let again = lengths.clone();
            // Backwards, so that a part in the place of another shows.
            let joined = move |parts: Vec<Var>| {
                let backwards: Vec<&Var> = parts.iter().rev().collect();
                Var::concatenate(&backwards, axis)
            };
            Case::new(format!("axis {axis}, lengths {lengths:?}"), [x], move |v| {
                joined(v[0].split(axis, &lengths))
            })
            .composed(move |v| {
                let end = |part: usize| again[..part].iter().sum::<usize>();
                joined((0..again.len()).map(|part| v[0].slice(axis, end(part)..end(part + 1))).collect())
            })
        },
    );
    vec![linear("slice", slice), linear("split", split)]
}

fn joining() -> Vec<Operation> {
    let fillings_of_three = [fillings(integers()), fillings(integers()), fillings(integers())];
    let concatenate = (fillings_of_three, axis_choices(), vec(lengths(), 1..=3), shapes(1..=3)).prop_map(
        |(fillings, choice, lengths, shape)| {
            let axis = choice.axis(shape);
            let part = |(filling, &len): (&Filling, &usize)| filling.tensor(resized(shape, axis, len));
            let inputs: Vec<Tensor> = fillings.iter().zip(&lengths).map(part).collect();
            let total: usize = lengths.iter().sum();
            let padded = move |v: &[Var]| {
                let before = |i: usize| lengths[..i].iter().sum::<usize>();
                let part = |i: usize| v[i].pad(axis, before(i), total - before(i) - lengths[i], 0.0);
                (1..v.len()).fold(part(0), |sum, i| sum.add(&part(i)))
            };
            Case::new(format!("axis {axis}"), inputs, move |v| {
                Var::concatenate(&v.iter().collect::<Vec<_>>(), axis)
            })
            .composed(padded)
        },
    );
    let pad = (fillings(integers()), axis_choices(), [0..3usize, 0..3usize], integers(), shapes(1..=4))
        .prop_map(|(x, choice, [before, after], value, shape)| {
            let axis = choice.axis(shape);
            let around = move |v: &[Var], len| {
                Var::constant(Tensor::full(resized(shape, axis, len), value, v[0].dtype()))
            };
            let parameters = format!("axis {axis}, {before} before, {after} after, value {value}");
            Case::new(parameters, [x.tensor(shape)], move |v| v[0].pad(axis, before, after, value))
                .composed(move |v| Var::concatenate(&[&around(v, before), &v[0], &around(v, after)], axis))
        });
    vec![Operation::new("concatenate", concatenate).linear_in(&[0, 1, 2]), linear("pad", pad)]
}

/// The matrix `[ids, rows]` with a 1 in the column of each id.
fn one_hot(ids: &[u32], rows: usize, dtype: DType) -> Var {
    Var::constant(Tensor::eye(rows, dtype).gather_rows(ids))
}

fn rows() -> Vec<Operation> {
    let ids = || (vec(0..4u32, 0..=5), 1..=4usize);
    let ids = move || ids().prop_map(|(ids, rows)| (ids.iter().map(|id| id % rows as u32).collect(), rows));
    let gather =
        (fillings(integers()), ids(), lengths()).prop_map(|(x, (ids, rows), d): (_, (Vec<u32>, _), _)| {
            let again = ids.clone();
            Case::new(format!("ids {ids:?}"), [x.tensor([rows, d])], move |v| v[0].gather_rows(&ids))
                .composed(move |v| one_hot(&again, rows, v[0].dtype()).matmul(&v[0]))
        });
    let scatter =
        (fillings(integers()), ids(), lengths()).prop_map(|(x, (ids, rows), d): (_, (Vec<u32>, _), _)| {
            let (x, again) = (x.tensor([ids.len(), d]), ids.clone());
            Case::new(format!("ids {ids:?} of {rows}"), [x], move |v| v[0].scatter_add_rows(&ids, rows))
                .composed(move |v| one_hot(&again, rows, v[0].dtype()).transpose(0, 1).matmul(&v[0]))
        });
    vec![linear("gather_rows", gather), linear("scatter_add_rows", scatter)]
}
