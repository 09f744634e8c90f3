//! Losses against labels.

use autograd::Var;
use proptest::collection::vec;
use proptest::prelude::*;
use tensor::Tensor;
use tensor::ops::cross_entropy::IGNORE;
use tensor::strategies::{fillings, numbers};

use crate::registry::entry::{Case, Operation};

/// The entries of this family.
pub fn operations() -> Vec<Operation> {
    vec![cross_entropy(), linear_cross_entropy()]
}

/// Labels of a vocabulary and a smoothing.
#[derive(Clone, Debug)]
struct Labels {
    /// One per row; at least one counts.
    ids: Vec<u32>,
    vocab_size: usize,
    smoothing: f64,
}

fn labels() -> impl Strategy<Value = Labels> {
    (vec((0..5u32, prop::bool::weighted(0.25)), 0..=4), 0..5u32, 1..=5usize, 0..4usize).prop_map(
        |(others, first, vocab_size, smoothing)| {
            let id = |id: u32| id % vocab_size as u32;
            let others = others.into_iter().map(|(label, ignored)| if ignored { IGNORE } else { id(label) });
            let mut ids: Vec<u32> = others.collect();
            ids.insert(ids.len() / 2, id(first));
            Labels { ids, vocab_size, smoothing: [0.0, 0.1, 0.5, 1.0][smoothing] }
        },
    )
}

impl Labels {
    /// `- sum of q log p / count`, with the whole of the target distributions q written out.
    fn by_definition(&self, logits: &Var) -> Var {
        let counts = |&&label: &&u32| label != IGNORE;
        let count = self.ids.iter().filter(counts).count() as f64;
        let target = |(label, class): (u32, usize)| match label {
            IGNORE => 0.0,
            _ => {
                self.smoothing / self.vocab_size as f64
                    + if label as usize == class { 1.0 - self.smoothing } else { 0.0 }
            }
        };
        let places = self.ids.iter().flat_map(|&label| (0..self.vocab_size).map(move |class| (label, class)));
        let q = Tensor::from_vec::<f64>(places.map(target).collect(), [self.ids.len(), self.vocab_size]);
        let log_p = logits.sub(&logits.exp().sum(-1, true).log());
        log_p.mul(&Var::constant(q)).sum(.., false).mul_scalar(-1.0 / count)
    }
}

fn cross_entropy() -> Operation {
    let cases = (fillings(numbers()), labels()).prop_map(|(logits, labels)| {
        let logits = logits.tensor([labels.ids.len(), labels.vocab_size]);
        let again = labels.clone();
        Case::new(format!("{labels:?}"), [logits], move |v| {
            v[0].cross_entropy(&labels.ids, labels.smoothing).loss
        })
        .composed(move |v| again.by_definition(&v[0]))
    });
    Operation::new("cross_entropy", cases)
}

fn linear_cross_entropy() -> Operation {
    let fillings = [fillings(numbers()), fillings(numbers()), fillings(numbers())];
    let cases = (fillings, any::<bool>(), 0..=4usize, labels()).prop_map(
        |([hidden, weight, bias], has_bias, d_model, labels)| {
            let hidden = hidden.tensor([labels.ids.len(), d_model]);
            let mut inputs = vec![hidden, weight.tensor([labels.vocab_size, d_model])];
            inputs.extend(has_bias.then(|| bias.tensor([labels.vocab_size])));
            let again = labels.clone();
            Case::new(format!("{labels:?}"), inputs, move |v| {
                v[0].linear_cross_entropy(&v[1], v.get(2), &labels.ids, labels.smoothing).loss
            })
            .composed(move |v| again.by_definition(&v[0].linear(&v[1], v.get(2))))
        },
    );
    Operation::new("linear_cross_entropy", cases)
}
