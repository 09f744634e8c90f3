//! Operations that bring the elements along axes together: sums and their like, softmaxes, layer norm.

use autograd::Var;
use proptest::prelude::*;
use tensor::strategies::{
    AxisChoice, Filling, axis_choices, fillings, integers, lengths, narrowings, numbers, numbers_in,
    patterns, shapes,
};
use tensor::{Axes, Shape};

use crate::registry::elementwise::{constant, indicator};
use crate::registry::entry::{Case, Operation};

/// The entries of this family.
pub fn operations() -> Vec<Operation> {
    [over_axes(), distributions()].concat()
}

/// A tensor, axes to reduce of which none is empty, and whether to keep them.
fn reduced(
    values: impl Strategy<Value = f64> + 'static,
) -> impl Strategy<Value = (Filling, Shape, Axes, bool)> {
    (fillings(values), axis_choices(), any::<bool>(), shapes(0..=4)).prop_map(
        |(filling, choice, keep_dims, shape)| {
            let axes = choice.axes(shape);
            (filling, with_lengths(shape, &axes, |len| len.max(1)), axes, keep_dims)
        },
    )
}

/// With other lengths in the chosen axes.
fn with_lengths(shape: Shape, axes: &Axes, f: impl Fn(usize) -> usize) -> Shape {
    let chosen = axes.chosen(shape);
    let mut changed = shape;
    changed.iter_mut().enumerate().filter(|&(axis, _)| chosen[axis]).for_each(|(_, len)| *len = f(*len));
    changed
}

/// How many elements go into one.
fn count(shape: Shape, axes: &Axes) -> f64 {
    let chosen = axes.chosen(shape);
    (0..shape.rank()).filter(|&axis| chosen[axis]).map(|axis| shape[axis]).product::<usize>() as f64
}

type Reduce = fn(&Var, Axes, bool) -> Var;

fn case(
    (filling, shape, axes, keep_dims): (Filling, Shape, Axes, bool),
    f: Reduce,
    composed: Reduce,
) -> Case {
    let parameters = format!("axes {axes:?}, keep_dims {keep_dims}");
    let again = axes.clone();
    Case::new(parameters, [filling.tensor(shape)], move |v| f(&v[0], axes.clone(), keep_dims))
        .composed(move |v| composed(&v[0], again.clone(), keep_dims))
}

/// A random order of numbers that are 1/64 apart: no two are alike, and none is near the corner at a tie.
fn apart(
    (mut filling, shape, axes, keep_dims): (Filling, Shape, Axes, bool),
) -> (Filling, Shape, Axes, bool) {
    let n = filling.values.len() as i64; // a power of two, to which an odd factor is prime
    let [factor, shift] = [0, 1].map(|i| (filling.values[i] * 64.0) as i64);
    let place = |i: i64| (i * (2 * factor + 1) + shift).rem_euclid(n);
    filling.values = (0..n).map(|i| place(i) as f64 / 64.0 - 2.0).collect();
    filling.layout.repeated = 0;
    (filling, shape, axes, keep_dims)
}

/// Lengths that are powers of two, so that dividing by them is exact.
fn halving((filling, shape, axes, keep_dims): (Filling, Shape, Axes, bool)) -> (Filling, Shape, Axes, bool) {
    (filling, with_lengths(shape, &axes, usize::next_power_of_two), axes, keep_dims)
}

fn over_axes() -> Vec<Operation> {
    let sum: Reduce = |x, axes, keep| x.sum(axes, keep);
    let mean: Reduce = |x, axes, keep| x.mean(axes, keep);
    let mean_composed: Reduce = |x, axes, keep| {
        let n = count(x.shape(), &axes);
        x.sum(axes, keep).mul_scalar(1.0 / n)
    };
    let variance: Reduce = |x, axes, keep| x.variance(axes, keep);
    let variance_composed: Reduce = |x, axes, keep| {
        let deviation = x.sub(&x.mean(axes.clone(), true));
        deviation.mul(&deviation).mean(axes, keep)
    };
    let log_sum_exp: Reduce = |x, axes, keep| x.log_sum_exp(axes, keep);
    let max: Reduce = |x, axes, keep| x.max(axes, keep);
    vec![
        Operation::new("sum", reduced(integers()).prop_map(move |drawn| case(drawn, sum, sum)))
            .linear_in(&[0])
            .primitive(),
        Operation::new(
            "mean",
            reduced(integers()).prop_map(move |drawn| case(halving(drawn), mean, mean_composed)),
        )
        .linear_in(&[0]),
        Operation::new("max", reduced(numbers()).prop_map(move |drawn| case(apart(drawn), max, max)))
            .primitive(),
        Operation::new(
            "variance",
            reduced(numbers()).prop_map(move |drawn| case(drawn, variance, variance_composed)),
        ),
        Operation::new(
            "log_sum_exp",
            reduced(numbers()).prop_map(move |drawn| {
                case(drawn, log_sum_exp, |x, axes, keep| x.exp().sum(axes, keep).log())
            }),
        ),
    ]
}

fn distributions() -> Vec<Operation> {
    fn along_axis(
        name: &'static str,
        f: fn(&Var, isize) -> Var,
        composed: fn(&Var, isize) -> Var,
    ) -> Operation {
        let cases = (fillings(numbers()), axis_choices(), shapes(1..=4)).prop_map(
            move |(filling, choice, shape): (Filling, AxisChoice, Shape)| {
                let axis = choice.axis(shape);
                Case::new(format!("axis {axis}"), [filling.tensor(shape)], move |v| f(&v[0], axis))
                    .composed(move |v| composed(&v[0], axis))
            },
        );
        Operation::new(name, cases)
    }
    let masked =
        (fillings(numbers()), numbers_in(0.25..=2.0), patterns(), narrowings(), any::<bool>(), shapes(1..=4))
            .prop_map(|(filling, scale, pattern, narrowing, masked, shape)| {
                let mask = masked.then(|| pattern.mask(narrowing.of(shape)));
                let again = mask.clone();
                Case::new(format!("scale {scale}, {mask:?}"), [filling.tensor(shape)], move |v| {
                    v[0].masked_softmax(scale, mask.as_ref())
                })
                .composed(move |v| {
                    let weights = v[0].mul_scalar(scale).exp();
                    let weights = match &again {
                        Some(mask) => weights.mul(&indicator(&v[0], mask)),
                        None => weights,
                    };
                    let total = weights.sum(-1, true);
                    let blind = total.value().equal(&constant(&v[0], [], 0.0).into_value()); // 0 / 1, not 0 / 0
                    weights.div(&total.masked_fill(&blind, 1.0))
                })
            });
    let layer_norm = (
        [fillings(numbers()), fillings(numbers()), fillings(numbers())],
        numbers_in(0.0625..=1.0),
        shapes(0..=3),
        lengths(),
    )
        .prop_map(|([x, gamma, beta], eps, rows, d)| {
            let x = x.tensor(Shape::new(&[&rows[..], &[d]].concat()));
            let inputs = [x, gamma.tensor([d]), beta.tensor([d])];
            Case::new(format!("eps {eps}"), inputs, move |v| v[0].layer_norm(&v[1], &v[2], eps)).composed(
                move |v| {
                    let rstd = v[0].variance(-1, true).add_scalar(eps).sqrt().powi(-1);
                    v[0].sub(&v[0].mean(-1, true)).mul(&rstd).mul(&v[1]).add(&v[2])
                },
            )
        });
    vec![
        along_axis("softmax", Var::softmax, |x, axis| x.exp().div(&x.exp().sum(axis, true))),
        along_axis("log_softmax", Var::log_softmax, |x, axis| x.sub(&x.exp().sum(axis, true).log())),
        Operation::new("masked_softmax", masked),
        Operation::new("layer_norm", layer_norm),
    ]
}
