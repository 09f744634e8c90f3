//! The rules, computed: what a path's numbers are if its operands' are those of the recording.

use std::collections::BTreeMap;
use std::ops::{Add, Mul};

use super::origin::Origin;
use crate::recording::Pass;
use crate::recording::event::N_PADDED;

/// A number that is known up to an error.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    pub value: f64,
    pub error: f64,
}

impl Near {
    pub fn exactly(value: f64) -> Near {
        Near { value, error: 0.0 }
    }

    /// Applies a function that is monotonous.
    fn map(self, function: impl Fn(f64) -> f64) -> Near {
        let value = function(self.value);
        let ends =
            [self.value - self.error, self.value + self.error].map(|end| (function(end) - value).abs());
        let error = if ends[0].is_finite() { ends[0].max(ends[1]) } else { ends[1] };
        Near { value, error: if value.is_finite() { error } else { 0.0 } }
    }
}

impl Add for Near {
    type Output = Near;

    fn add(self, other: Near) -> Near {
        Near { value: self.value + other.value, error: self.error + other.error }
    }
}

impl Mul for Near {
    type Output = Near;

    fn mul(self, other: Near) -> Near {
        let error =
            self.value.abs() * other.error + other.value.abs() * self.error + self.error * other.error;
        Near { value: self.value * other.value, error }
    }
}

fn sum(numbers: impl Iterator<Item = Near>) -> Near {
    numbers.fold(Near::exactly(0.0), |sum, number| sum + number)
}

/// An array of such numbers; rows of a table are those of its ids.
#[derive(Clone, Debug)]
pub struct Table {
    pub shape: Vec<usize>,
    pub data: Vec<Near>,
    rows: Option<Vec<u32>>,
}

impl Table {
    fn of(shape: &[usize], number: impl Fn(&[usize]) -> Near) -> Table {
        let count = shape.iter().product();
        let index = |mut at: usize| {
            let mut index = vec![0; shape.len()];
            for (axis, len) in shape.iter().enumerate().rev() {
                index[axis] = at % len;
                at /= len;
            }
            index
        };
        Table { shape: shape.to_vec(), data: (0..count).map(|at| number(&index(at))).collect(), rows: None }
    }

    fn at(&self, index: &[usize]) -> Near {
        self.data[index.iter().zip(&self.shape).fold(0, |offset, (at, len)| offset * len + at)]
    }

    /// The number of a word in a table of words.
    fn of_word(&self, id: u32, col: usize) -> Near {
        let row = match &self.rows {
            Some(rows) => rows.iter().position(|row| *row == id).expect("rows of all words used"),
            None => id as usize,
        };
        self.at(&[row, col])
    }
}

/// The numbers of a pass, as they were recorded or as their rule says.
pub struct Numbers<'a> {
    pub pass: Pass<'a>,
    pub origins: &'a BTreeMap<String, Origin>,
    /// How wrong a recorded number can be, relative to itself.
    pub rounding: f64,
}

impl Numbers<'_> {
    /// What was recorded.
    pub fn recorded(&self, path: &str) -> Option<Table> {
        let near = |value: f64| Near { value, error: value.abs() * self.rounding + 1e-30 };
        if let Some(name) = path.strip_prefix("outputs.").filter(|name| *name != "label") {
            let outputs = self.pass.outputs();
            let said = |index: &[usize]| {
                let said = &outputs[index[0]].words[index[1]];
                Near {
                    error: 1e-6 * said.logit.abs().max(1.0),
                    ..near(match name {
                        "logit" => said.logit,
                        "log_prob" => said.log_prob,
                        "probability" => said.log_prob.exp(),
                        _ => said.target,
                    })
                }
            };
            return Some(Table::of(&[outputs.len(), outputs.first()?.words.len()], said));
        }
        let output = self.pass.output(path);
        let array = output.as_ref().or_else(|| self.pass.value(path))?;
        let number =
            |&value: &f32| if value.is_finite() { near(value.into()) } else { Near::exactly(value.into()) };
        let data = array.data.iter().map(number).collect();
        Some(Table { shape: array.shape.clone(), data, rows: array.rows.clone() })
    }

    fn operand(&self, path: &str) -> Table {
        self.recorded(path).unwrap_or_else(|| self.computed(path))
    }

    /// What the rule makes of the operands.
    pub fn computed(&self, path: &str) -> Table {
        let of = |path: &str| self.operand(path);
        match &self.origins[path] {
            Origin::Parameter => panic!("{path} was not recorded"),
            Origin::Embedding { .. } | Origin::Sinusoid { .. } | Origin::Zeros | Origin::Rows { .. } => {
                self.embedding(&self.origins[path], &path.replace("positions", "tokens"))
            }
            Origin::Sum { a, b } => {
                let (a, b) = (of(a), of(b));
                Table::of(&a.shape, |index| a.at(index) + b.at(index))
            }
            Origin::Same { x } => of(x),
            Origin::Relu { x } => self.each(x, |x| x.max(0.0)),
            Origin::Exp { x } => self.each(x, f64::exp),
            Origin::Gelu { x } => {
                let mut gelu = self.each(x, |x| x * 0.5 * (1.0 + erf(x / 2f64.sqrt())));
                gelu.data.iter_mut().zip(of(x).data).for_each(|(y, x)| y.error = 1.2 * x.error + 1e-7);
                gelu
            }
            Origin::Linear { x, weight, bias } => {
                let (x, weight, bias) = (of(x), of(weight), bias.as_ref().map(|bias| of(bias)));
                let bias = |c: usize| bias.as_ref().map_or(Near::exactly(0.0), |bias| bias.data[c]);
                Table::of(&[x.shape[0], weight.shape[0]], |at| {
                    sum((0..x.shape[1]).map(|k| x.at(&[at[0], k]) * weight.at(&[at[1], k]))) + bias(at[1])
                })
            }
            Origin::Mean { x } => {
                let x = of(x);
                Table::of(&x.shape[..1], |at| moments(&x, at[0]).0)
            }
            Origin::Variance { x } => {
                let x = of(x);
                Table::of(&x.shape[..1], |at| moments(&x, at[0]).1)
            }
            Origin::Norm { x, gamma, beta, eps } => norm(&of(x), &of(gamma), &of(beta), *eps),
            Origin::Logits { x, weight, bias } => {
                let bias = bias.as_ref().map(|bias| of(bias));
                self.logits(&of(x), &of(weight), bias.as_ref())
            }
            Origin::LogSoftmax { x } => {
                let (x, outputs) = (of(x), self.pass.outputs());
                Table::of(&x.shape, |at| x.at(at) + Near::exactly(-outputs[at[0]].log_sum_exp))
            }
            Origin::Label { smoothing, vocab_size } => {
                let (outputs, labels) = (self.pass.outputs(), &self.pass.head().tgt_out);
                Table::of(&[outputs.len(), outputs[0].words.len()], |at| {
                    let is_label = outputs[at[0]].words[at[1]].token.id == labels[at[0]].id;
                    let rest = if is_label { 1.0 - smoothing } else { 0.0 };
                    Near::exactly(smoothing / *vocab_size as f64 + rest)
                })
            }
            attention => self.attention(attention),
        }
    }

    fn each(&self, x: &str, function: impl Fn(f64) -> f64) -> Table {
        let x = self.operand(x);
        Table::of(&x.shape, |index| x.at(index).map(&function))
    }

    fn attention(&self, origin: &Origin) -> Table {
        let of = |path: &str| self.operand(path);
        match origin {
            Origin::Scores { query, key, n_heads } => {
                let (query, key) = (of(query), of(key));
                let d = query.shape[1] / n_heads;
                Table::of(&[*n_heads, query.shape[0], key.shape[0]], |at| {
                    let first = at[0] * d;
                    sum((first..first + d).map(|k| query.at(&[at[1], k]) * key.at(&[at[2], k])))
                })
            }
            Origin::Scaled { x, factor } => {
                let x = of(x);
                Table::of(&x.shape, |index| x.at(index) * Near::exactly(*factor))
            }
            Origin::Masked { x, causal } => {
                let x = of(x);
                let hidden = |at: &[usize]| *causal && at[2] > at[1];
                let masked = Near::exactly(f64::NEG_INFINITY);
                Table::of(&x.shape, |at| if hidden(at) { masked } else { x.at(at) })
            }
            Origin::Padded { x } => {
                let (x, masked) = (of(x), Near::exactly(f64::NEG_INFINITY));
                let (len, padded) = (x.shape[2], x.shape[2] + N_PADDED);
                Table::of(&[x.shape[0], x.shape[1], padded], |at| if at[2] < len { x.at(at) } else { masked })
            }
            Origin::Softmax { x } => {
                let x = of(x);
                let exp = |at: &[usize]| x.at(at).map(f64::exp);
                Table::of(&x.shape, |at| {
                    let all = sum((0..x.shape[2]).map(|j| exp(&[at[0], at[1], j])));
                    exp(at) * all.map(|all| 1.0 / all)
                })
            }
            Origin::Mix { weights, value, n_heads } => {
                let (weights, value) = (of(weights), of(value));
                let d = value.shape[1] / n_heads;
                Table::of(&[weights.shape[1], value.shape[1]], |at| {
                    let head = at[1] / d;
                    sum((0..value.shape[0]).map(|j| weights.at(&[head, at[0], j]) * value.at(&[j, at[1]])))
                })
            }
            Origin::Weighted { weights, value, n_heads } => {
                let (weights, value) = (of(weights), of(value));
                let d = value.shape[1] / n_heads;
                let shape = [&weights.shape[..], &[d]].concat();
                Table::of(&shape, |at| weights.at(&at[..3]) * value.at(&[at[2], at[0] * d + at[3]]))
            }
            other => unreachable!("{other:?} is no part of attention"),
        }
    }

    fn embedding(&self, origin: &Origin, tokens: &str) -> Table {
        let (head, stack) = (self.pass.head(), tokens.split('.').next().expect("a path"));
        let words = if stack == "encoder" { &head.src } else { &head.tgt_in };
        let width = self.pass.value(&format!("{stack}.tokens")).expect("tokens").shape[1];
        let table = match origin {
            Origin::Embedding { table, .. } | Origin::Rows { table } => Some(self.operand(table)),
            _ => None,
        };
        Table::of(&[words.len(), width], |at| match (origin, &table, words[at[0]].id) {
            (Origin::Embedding { scale, .. }, Some(table), Some(id)) => {
                table.of_word(id, at[1]) * Near::exactly(*scale)
            }
            (Origin::Rows { .. }, Some(table), _) => table.at(at),
            (Origin::Sinusoid { halves }, ..) => {
                Near { error: 1e-7, ..Near::exactly(sinusoid(*halves, at[0], at[1], width)) }
            }
            _ => Near::exactly(0.0),
        })
    }

    fn logits(&self, x: &Table, weight: &Table, bias: Option<&Table>) -> Table {
        let outputs = self.pass.outputs();
        let id = |at: &[usize]| outputs[at[0]].words[at[1]].token.id.expect("a word that is said");
        Table::of(&[outputs.len(), outputs[0].words.len()], |at| {
            let bias = bias.map_or(Near::exactly(0.0), |bias| bias.data[id(at) as usize]);
            sum((0..x.shape[1]).map(|k| x.at(&[at[0], k]) * weight.of_word(id(at), k))) + bias
        })
    }
}

fn norm(x: &Table, gamma: &Table, beta: &Table, eps: f64) -> Table {
    Table::of(&x.shape, |at| {
        let (mean, variance) = moments(x, at[0]);
        let scale = (variance + Near::exactly(eps)).map(|variance| variance.sqrt().recip());
        (x.at(at) + mean * Near::exactly(-1.0)) * scale * gamma.data[at[1]] + beta.data[at[1]]
    })
}

/// The mean and the variance of a row.
fn moments(x: &Table, row: usize) -> (Near, Near) {
    let width = x.shape[1];
    let share = Near::exactly(1.0 / width as f64);
    let numbers = || (0..width).map(|c| x.at(&[row, c]));
    let mean = sum(numbers()) * share;
    let centred = |x: Near| x + mean * Near::exactly(-1.0);
    (mean, sum(numbers().map(|x| centred(x) * centred(x))) * share)
}

fn sinusoid(halves: bool, position: usize, col: usize, width: usize) -> f64 {
    let half = width / 2;
    let (k, is_sine) = if halves { (col % half, col < half) } else { (col / 2, col.is_multiple_of(2)) };
    let exponent =
        if halves { k as f64 / (half as f64 - 1.0).max(1.0) } else { 2.0 * k as f64 / width as f64 };
    let angle = position as f64 * 10000f64.powf(-exponent);
    if is_sine { angle.sin() } else { angle.cos() }
}

/// The error function, as a sum of its Taylor series: exact enough for numbers of common size.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    if x.abs() > 5.0 { x.signum() } else { sum * 2.0 / std::f64::consts::PI.sqrt() }
}
