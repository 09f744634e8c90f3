//! What is recorded of training.

use serde::{Deserialize, Serialize};

/// One step of training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Counted from 1.
    pub step: u64,
    /// The loss that was trained on, per label.
    pub loss: f64,
    /// The negative log-likelihood per label, in nats: the loss without smoothing.
    pub nll: f64,
    /// What the optimizer's step was multiplied by.
    pub learning_rate: f64,
    /// The norm of all gradients, before clipping.
    pub grad_norm: f64,
    /// For each parameter, in the order of [`About::parameters`](super::About::parameters); empty if that was not looked at.
    pub norms: Vec<Norms>,
    /// Single weights, the same at every step; none if no weight was followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed: Vec<Followed>,
}

/// What one validation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// After which step.
    pub step: u64,
    /// The negative log-likelihood per label, in nats, without smoothing.
    pub nll: f64,
    /// BLEU of greedy translations, if they were made.
    pub bleu: Option<f64>,
}

/// The Euclidean norms of one parameter at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Norms {
    /// Of its gradient, after clipping.
    pub gradient: f64,
    /// Of itself, before the step.
    pub weight: f64,
    /// Of what the step added to it.
    pub update: f64,
}

/// A single weight at one step of Adam (Kingma and Ba 2015, algorithm 1) or AdamW: the numbers of the formulas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    /// The parameter that it is of.
    pub parameter: String,
    /// Which of its numbers: an index for each axis.
    pub index: Vec<usize>,
    /// How many steps the optimizer had taken, this one among them.
    pub t: u64,
    /// `g`: the gradient of the loss, after clipping.
    pub gradient: f64,
    /// `m`, before and after the step.
    pub first_moment: [f64; 2],
    /// `v`, before and after the step.
    pub second_moment: [f64; 2],
    /// `m / (1 - beta1^t)` and `v / (1 - beta2^t)`.
    pub corrected: [f64; 2],
    /// The weight, before and after the step.
    pub weight: [f64; 2],
    /// What was added to it.
    pub update: f64,
}

/// The rule by which the steps of training change the weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OptimizerRule {
    /// Its name: `Adam`, `AdamW`, `Sgd`.
    pub name: String,
    /// Of Adam and AdamW: `beta1` and `beta2`, how much of each moment stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub betas: Option<[f64; 2]>,
    /// Of Adam and AdamW: what is added to the root of the second moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps: Option<f64>,
    /// Of Sgd: how much of the velocity stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// Of AdamW and Sgd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
}
