//! Operations that work element by element, and those that choose elements.

use std::f64::consts::FRAC_2_SQRT_PI;

use autograd::Var;
use proptest::prelude::*;
use tensor::strategies::{
    broadcastable_shapes, fillings, integers, narrowings, numbers, numbers_in, operands, patterns, shapes,
    tensors,
};
use tensor::{DType, Mask, Seed, Shape, Tensor};

use crate::registry::entry::{Case, Operation};

/// The entries of this family.
pub fn operations() -> Vec<Operation> {
    [binary(), with_a_number(), unary(), choosing()].concat()
}

/// Numbers that may be divided by.
fn away_from_zero() -> impl Strategy<Value = f64> + Clone {
    (any::<bool>(), numbers_in(0.5..=2.0)).prop_map(|(negative, x)| if negative { -x } else { x })
}

/// The same number everywhere, of the dtype of `x`.
pub fn constant(x: &Var, shape: impl Into<Shape>, number: f64) -> Var {
    Var::constant(Tensor::full(shape, number, x.dtype()))
}

/// 1 where the mask is true, else 0.
pub fn indicator(x: &Var, mask: &Mask) -> Var {
    let one = constant(x, [], 1.0).into_value();
    Var::constant(Tensor::where_(mask, &one, &one.mul_scalar(0.0)))
}

fn binary() -> Vec<Operation> {
    type F = fn(&Var, &Var) -> Var;
    let whole = |name, f: F, composed: Option<F>| {
        let cases = operands(broadcastable_shapes(), integers()).prop_map(move |inputs| {
            let case = Case::new("", inputs, move |v| f(&v[0], &v[1]));
            match composed {
                Some(composed) => case.composed(move |v| composed(&v[0], &v[1])),
                None => case,
            }
        });
        Operation::new(name, cases).linear_in(&[0, 1])
    };
    let quotients = (fillings(numbers()), fillings(away_from_zero()), broadcastable_shapes());
    let div = quotients.prop_map(|(lhs, rhs, shapes)| {
        let inputs = [lhs.tensor(shapes[0]), rhs.tensor(shapes[1])];
        Case::new("", inputs, |v| v[0].div(&v[1])).composed(|v| v[0].mul(&v[1].powi(-1)))
    });
    vec![
        whole("add", Var::add, Some(|x, y| x.sub(&y.mul_scalar(-1.0)))),
        whole("sub", Var::sub, Some(|x, y| x.add(&y.mul_scalar(-1.0)))),
        whole("mul", Var::mul, None).primitive(),
        Operation::new("div", div),
    ]
}

fn with_a_number() -> Vec<Operation> {
    let neg = tensors(shapes(0..=4), integers())
        .prop_map(|x| Case::new("", [x], |v| v[0].neg()).composed(|v| v[0].mul_scalar(-1.0)));
    let add_scalar = (tensors(shapes(0..=4), integers()), integers()).prop_map(|(x, number)| {
        Case::new(format!("number {number}"), [x], move |v| v[0].add_scalar(number))
            .composed(move |v| v[0].add(&constant(&v[0], [], number)))
    });
    let mul_scalar = (tensors(shapes(0..=4), integers()), integers()).prop_map(|(x, number)| {
        Case::new(format!("number {number}"), [x], move |v| v[0].mul_scalar(number))
            .composed(move |v| v[0].mul(&constant(&v[0], [], number)))
    });
    let powi = (tensors(shapes(0..=4), away_from_zero()), -3..=5i32).prop_map(|(x, n)| {
        Case::new(format!("power {n}"), [x], move |v| v[0].powi(n)).composed(move |v| {
            let one = constant(&v[0], v[0].shape(), 1.0).add(&v[0].mul_scalar(0.0));
            (0..n.abs()).fold(one, |power, _| if n > 0 { power.mul(&v[0]) } else { power.div(&v[0]) })
        })
    });
    vec![
        Operation::new("neg", neg).linear_in(&[0]),
        Operation::new("add_scalar", add_scalar).linear_in(&[0]),
        Operation::new("mul_scalar", mul_scalar).linear_in(&[0]),
        Operation::new("powi", powi),
    ]
}

/// The integral of the bell curve, by mpmath at 50 digits.
const ERF: &[[f64; 3]] = &[
    [-8.0, -1.0, 1.8097067968559843e-28],
    [-3.0, -0.9999779095030014, 0.00013925305194674786],
    [-0.5, -0.5204998778130465, 0.8787825789354448],
    [0.0, 0.0, FRAC_2_SQRT_PI],
    [1.0, 0.8427007929497149, 0.4151074974205947],
];

/// `x (1 + erf(x / sqrt 2)) / 2`, by mpmath at 50 digits.
const GELU: &[[f64; 3]] = &[
    [-3.0, -0.0040496940948902835, -0.011945647204183927],
    [-0.5, -0.15426876936299344, 0.13250487534383715],
    [0.0, 0.0, 0.5],
    [1.0, 0.8413447460685429, 1.0833154705876864],
    [8.0, 7.999999999999995, 1.0000000000000397],
];

fn unary() -> Vec<Operation> {
    fn entry(
        name: &'static str,
        values: impl Strategy<Value = f64> + Clone + 'static,
        f: fn(&Var) -> Var,
        composed: fn(&Var) -> Var,
    ) -> Operation {
        let cases = tensors(shapes(0..=4), values);
        Operation::new(
            name,
            cases.prop_map(move |x| Case::new("", [x], move |v| f(&v[0])).composed(move |v| composed(&v[0]))),
        )
    }
    let positive = || numbers_in(0.25..=4.0);
    let gelu = |x: &Var| x.mul(&x.mul_scalar(0.5f64.sqrt()).erf().add_scalar(1.0)).mul_scalar(0.5);
    vec![
        entry("exp", numbers(), Var::exp, |x| x.sigmoid().div(&x.neg().sigmoid())),
        entry("log", positive(), Var::log, Var::log).primitive(),
        entry("sqrt", positive(), Var::sqrt, |x| x.log().mul_scalar(0.5).exp()),
        entry("tanh", numbers(), Var::tanh, |x| x.mul_scalar(2.0).sigmoid().mul_scalar(2.0).add_scalar(-1.0)),
        entry("erf", numbers(), Var::erf, Var::erf).primitive().by_formula(Var::erf, ERF),
        entry("relu", away_from_zero(), Var::relu, |x| {
            x.mul(&indicator(x, &x.value().greater(&constant(x, [], 0.0).into_value())))
        }),
        entry("gelu", numbers(), Var::gelu, gelu).by_formula(Var::gelu, GELU),
        entry("sigmoid", numbers(), Var::sigmoid, |x| x.neg().exp().add_scalar(1.0).powi(-1)),
    ]
}

fn choosing() -> Vec<Operation> {
    let masks = || (patterns(), narrowings());
    let where_ =
        (fillings(integers()), fillings(integers()), [narrowings(), narrowings()], masks(), shapes(0..=4))
            .prop_map(|(on_true, on_false, narrow, (pattern, narrowing), shape)| {
                let mask = pattern.mask(narrowing.of(shape));
                let inputs = [on_true.tensor(narrow[0].of(shape)), on_false.tensor(narrow[1].of(shape))];
                let (chosen, other) = (mask.clone(), mask.not());
                Case::new(format!("{mask:?}"), inputs, move |v| Var::where_(&mask, &v[0], &v[1])).composed(
                    move |v| v[0].mul(&indicator(&v[0], &chosen)).add(&v[1].mul(&indicator(&v[1], &other))),
                )
            });
    let masked_fill = (fillings(integers()), masks(), integers(), shapes(0..=4)).prop_map(
        |(x, (pattern, narrowing), value, shape)| {
            let (mask, x) = (pattern.mask(narrowing.of(shape)), x.tensor(shape));
            let again = mask.clone();
            Case::new(format!("value {value}, {mask:?}"), [x], move |v| v[0].masked_fill(&mask, value))
                .composed(move |v| Var::where_(&again, &constant(&v[0], [], value), &v[0]))
        },
    );
    let tril = (tensors(shapes(2..=4), integers()), -4..=4isize).prop_map(|(x, diagonal)| {
        let (rows, cols) = (x.dim(-2), x.dim(-1));
        let mask = Mask::from_fn([rows, cols], |i| i[1] as isize <= i[0] as isize + diagonal);
        Case::new(format!("diagonal {diagonal}"), [x], move |v| v[0].tril(diagonal))
            .composed(move |v| v[0].mul(&indicator(&v[0], &mask)))
    });
    let dropout = (tensors(shapes(0..=4), integers()), 0..3usize, any::<u64>()).prop_map(|(x, p, seed)| {
        let (p, seed) = ([0.0, 0.5, 0.75][p], Seed::new(seed)); // whose factors 1, 2 and 4 are whole
        Case::new(format!("p {p}, {seed:?}"), [x], move |v| v[0].dropout(p, seed)).composed(move |v| {
            let dropped = Tensor::ones(v[0].shape(), DType::F64).dropout(p, seed);
            v[0].mul(&Var::constant(factors(&dropped, p)))
        })
    });
    vec![
        Operation::new("where_", where_).linear_in(&[0, 1]),
        Operation::new("masked_fill", masked_fill).linear_in(&[0]),
        Operation::new("tril", tril).linear_in(&[0]),
        Operation::new("dropout", dropout).linear_in(&[0]).without_reference(
            "which elements fall is drawn from our own random streams; PyTorch draws others",
        ),
    ]
}

/// 0 where ones were dropped and 1 / (1 - p) elsewhere: which fall is the kernel's to say, how the others are
/// scaled is not.
fn factors(dropped: &Tensor, p: f64) -> Tensor {
    let factor = |x: f64| if x == 0.0 { 0.0 } else { 1.0 / (1.0 - p) };
    Tensor::from_vec::<f64>(dropped.to_f64_vec().into_iter().map(factor).collect(), dropped.shape())
}

#[test]
fn the_composed_form_of_dropout_has_its_own_scale() {
    let wrongly_scaled = Tensor::from([0.0, 0.5, 3.0]);
    assert_eq!(factors(&wrongly_scaled, 0.75), Tensor::from([0.0, 4.0, 4.0]));
}
