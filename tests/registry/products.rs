//! Matrix products, and what is made of them.

use autograd::Var;
use proptest::prelude::*;
use tensor::ops::attention::AttentionSpec;
use tensor::strategies::{
    fillings, integers, lengths, matmul_shapes, narrowings, numbers, numbers_in, operands, patterns, shapes,
};
use tensor::{Mask, Seed, Shape};

use crate::registry::entry::{Case, Operation};

/// The entries of this family.
pub fn operations() -> Vec<Operation> {
    vec![matmul(), linear(), attention()]
}

fn matmul() -> Operation {
    let cases = operands(matmul_shapes(), integers()).prop_map(|inputs| {
        Case::new("", inputs, |v| v[0].matmul(&v[1])).composed(|v| {
            let (lhs, rhs) = (v[0].unsqueeze(-1), v[1].unsqueeze(-3)); // [.., m, k, 1], [.., 1, k, n]
            lhs.mul(&rhs).sum(-2, false)
        })
    });
    Operation::new("matmul", cases).linear_in(&[0, 1])
}

fn linear() -> Operation {
    let fillings = [fillings(integers()), fillings(integers()), fillings(integers())];
    let cases = (fillings, any::<bool>(), shapes(0..=3), lengths(), lengths()).prop_map(
        |([x, weight, bias], has_bias, rows, d_in, d_out)| {
            let x = x.tensor([&rows[..], &[d_in]].concat());
            let mut inputs = vec![x, weight.tensor([d_out, d_in])];
            inputs.extend(has_bias.then(|| bias.tensor([d_out])));
            Case::new("", inputs, |v| v[0].linear(&v[1], v.get(2))).composed(move |v| {
                let matrix = v[0].reshape([rows.numel(), d_in]);
                let out = matrix.matmul(&v[1].transpose(0, 1)).reshape([&rows[..], &[d_out]].concat());
                v.get(2).map_or(out.clone(), |bias| out.add(bias))
            })
        },
    );
    Operation::new("linear", cases).linear_in(&[0, 1, 2])
}

/// The lengths of an attention and how its heads share keys and values.
#[derive(Clone, Copy, Debug)]
struct Heads {
    batch: usize,
    q_len: usize,
    k_len: usize,
    d_head: usize,
    /// Heads of keys and values.
    groups: usize,
    /// Heads of queries that read the same keys and values.
    per_group: usize,
    /// Whether one sentence of keys and values serves the whole batch.
    shared: bool,
}

impl Heads {
    fn n_heads(&self) -> usize {
        self.groups * self.per_group
    }

    fn query_shape(&self) -> Shape {
        [self.batch, self.q_len, self.n_heads() * self.d_head].into()
    }

    fn key_shape(&self) -> Shape {
        [if self.shared { 1 } else { self.batch }, self.k_len, self.groups * self.d_head].into()
    }

    fn weights_shape(&self) -> Shape {
        [self.batch, self.n_heads(), self.q_len, self.k_len].into()
    }
}

fn heads() -> impl Strategy<Value = Heads> {
    let lens = [lengths(), lengths(), lengths()];
    (lens, [1..=3usize, 1..=2usize, 1..=2usize], any::<bool>()).prop_map(
        |([batch, q_len, k_len], [d_head, groups, per_group], shared)| Heads {
            batch,
            q_len,
            k_len,
            d_head,
            groups,
            per_group,
            shared,
        },
    )
}

/// Attention one equation at a time (Vaswani et al. 2017, §3.2.1, eq. 1), every head on its own.
fn by_equations(
    v: &[Var],
    heads: Heads,
    scale: f64,
    mask: Option<&Mask>,
    dropout: Option<(f64, Seed)>,
) -> Var {
    let query = v[0].reshape([heads.batch, heads.q_len, heads.n_heads(), heads.d_head]);
    let repeated = |x: &Var| {
        let (batch, k_len) = (x.dim(0), x.dim(1));
        let groups = x.reshape([batch, k_len, heads.groups, 1, heads.d_head]);
        let all = groups.broadcast_to([batch, k_len, heads.groups, heads.per_group, heads.d_head]);
        all.reshape([batch, k_len, heads.n_heads(), heads.d_head]).transpose(1, 2) // [batch, heads, k_len, d_head]
    };
    let scores = query.transpose(1, 2).matmul(&repeated(&v[1]).transpose(-2, -1)); // [.., q_len, k_len]
    let weights = scores.masked_softmax(scale, mask);
    let weights = dropout.map_or(weights.clone(), |(p, seed)| weights.dropout(p, seed));
    weights.matmul(&repeated(&v[2])).transpose(1, 2).reshape(heads.query_shape())
}

fn attention() -> Operation {
    let fillings = [fillings(numbers()), fillings(numbers()), fillings(numbers())];
    let masks = (patterns(), narrowings(), any::<bool>());
    let dropouts = (any::<bool>(), any::<u64>());
    let cases = (fillings, masks, dropouts, numbers_in(0.25..=1.0), heads()).prop_map(
        |([query, key, value], (pattern, narrowing, masked), (drops, seed), scale, heads)| {
            let mask = masked.then(|| pattern.mask(narrowing.of(heads.weights_shape())));
            let dropout = drops.then_some((0.3, Seed::new(seed)));
            let key_shape = heads.key_shape();
            let inputs = [query.tensor(heads.query_shape()), key.tensor(key_shape), value.tensor(key_shape)];
            let again = mask.clone();
            let parameters = format!("{heads:?}, scale {scale}, dropout {dropout:?}, {mask:?}");
            Case::new(parameters, inputs, move |v| {
                let spec = AttentionSpec { n_heads: heads.n_heads(), scale, mask: mask.as_ref(), dropout };
                v[0].attention(&v[1], &v[2], &spec)
            })
            .composed(move |v| by_equations(v, heads, scale, again.as_ref(), dropout))
        },
    );
    Operation::new("attention", cases)
}
