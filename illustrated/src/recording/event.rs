//! What can happen, and what is recorded of it.

use serde::{Deserialize, Serialize};
use transformer::Architecture;

use super::training::{OptimizerRule, Step, Validated};

/// By so many places that hold no word a sentence is padded, to show what the mask makes of them.
pub const N_PADDED: usize = 2;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Which model, and where it comes from. Always the first event, and only that.
    About(About),
    /// One step of training was taken.
    Step(Step),
    /// The model was tried on pairs that it does not learn from.
    Validated(Validated),
    /// The same was trained with one thing changed.
    Variant(Variant),
    /// A pair of sentences goes through the model. What follows belongs to it.
    Pass(PassHead),
    /// A value on the way.
    Value(Array),
    /// The gradient of the loss at the value of that path.
    Gradient(Array),
    /// What the model says at a position of the target.
    Output(Output),
    /// A continuation that the search looked at.
    Candidate(Candidate),
    /// A translation that the search found.
    Translation(Translation),
}

/// Which model, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Which program recorded it, with its version.
    pub program: String,
    /// How the model was trained, in the words of whoever trained it.
    pub recipe: String,
    /// The seed of the training, if it is known.
    pub seed: Option<u64>,
    /// After how many steps of training: that of the last step or pass, once there is one.
    pub step: u64,
    /// What the model is.
    pub architecture: Architecture,
    /// Every parameter, in the order of the model.
    pub parameters: Vec<Parameter>,
    /// Words of the source, by their ids; those of a large vocabulary are left out.
    pub src_words: Vec<String>,
    /// Words of the target, by their ids; those of a large vocabulary are left out.
    pub tgt_words: Vec<String>,
    /// How many words the target's vocabulary has.
    pub tgt_vocab_size: usize,
    /// Whether tokens are pieces of words, of which `▁` begins a word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pieces: bool,
    /// The sentence that is translated.
    pub sentence: String,
    /// What it should become, if that is known.
    pub reference: Option<String>,
    /// To how many significant digits numbers are recorded; to all of theirs, if nothing is said.
    pub digits: Option<u32>,
    /// The share of each label that is spread evenly over the vocabulary, in 0..1.
    pub smoothing: f64,
    /// By which rule the steps of training change the weights, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<Box<OptimizerRule>>,
}

/// A parameter of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its path, as `encoder.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The same training with one thing changed, to see what that thing does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What was changed, for people: `no scaling`.
    pub name: String,
    /// What was changed, as a recipe has it: `scale_scores = false`.
    pub change: String,
    /// The negative log-likelihood per label at each step, in nats.
    pub nll: Vec<f64>,
    /// What it makes of the sentence in the end, greedily.
    pub said: String,
    /// What else was measured.
    pub facts: Vec<Fact>,
}

/// A number with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
}

/// A token of a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its number in the vocabulary; nothing for the vector of zeros that stands for no token.
    pub id: Option<u32>,
    /// As it is spelled.
    pub text: String,
}

/// A pair of sentences that goes through the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassHead {
    /// After how many steps of training.
    pub step: u64,
    /// What the encoder reads.
    pub src: Vec<Token>,
    /// What the decoder reads: the target, shifted right.
    pub tgt_in: Vec<Token>,
    /// The labels.
    pub tgt_out: Vec<Token>,
    /// The smoothed cross-entropy per label, in nats.
    pub loss: f64,
    /// The same without smoothing.
    pub nll: f64,
}

/// Numbers under a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// Where in the model, as `decoder.layers.1.cross_attn.weights`. The mean and the variance of the rows of what a
    /// layer norm reads or gives have its path with `.mean` and `.variance` behind it, and the shape `[len]`.
    pub path: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Which rows of a table they are, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<u32>>,
    /// The numbers, row by row.
    #[serde(with = "numbers")]
    pub data: Vec<f32>,
}

/// What the model says at a position of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The position, from 0.
    pub position: usize,
    /// All words in the order of their ids, or, of a large vocabulary, the likeliest first and the label among them.
    pub words: Vec<Said>,
    /// The natural logarithm of the sum of exp over the logits of all words.
    pub log_sum_exp: f64,
}

/// How likely a word is held to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The word.
    #[serde(flatten)]
    pub token: Token,
    /// Its score.
    pub logit: f64,
    /// The natural logarithm of its probability: `logit - log_sum_exp`.
    pub log_prob: f64,
    /// The probability that the smoothed label gives it.
    pub target: f64,
    /// The gradient of the loss at the logit, as backward found it: by the equations, the difference of the two
    /// probabilities over the number of labels.
    pub gradient: f64,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It goes on, or is among the translations though it did not end.
    Kept,
    /// It ended.
    Finished,
    /// Others were likelier, or the search ended without it.
    Pruned,
}

/// A continuation that the search looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The step of the search, from 1: how many tokens it has.
    pub step: usize,
    /// Its tokens, the new one last.
    pub tokens: Vec<Token>,
    /// The sum of their log-probabilities.
    pub log_prob: f64,
    /// That, divided by the length penalty.
    pub score: f64,
    /// What became of it.
    pub fate: Fate,
}

/// A translation that the search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// As it is read.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// The sum of their log-probabilities.
    pub log_prob: f64,
    /// What it was ranked by.
    pub score: f64,
    /// Which search: `greedy`, or `beam 4`.
    pub search: String,
    /// By what sums were divided to make scores of them, if that was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_penalty: Option<LengthPenalty>,
}

/// What a sum of log-probabilities is divided by, of a translation of `len` tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LengthPenalty {
    /// Which formula.
    pub kind: PenaltyKind,
    /// The exponent.
    pub alpha: f64,
}

/// The formula of a length penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyKind {
    /// 1: sums are scores.
    None,
    /// `((5 + len) / 6)^alpha` (Wu et al. 2016).
    Gnmt,
    /// `len^alpha`.
    Power,
}

/// The events of one kind.
pub(super) fn select<'a, T>(events: &'a [Event], of: fn(&'a Event) -> Option<&'a T>) -> Vec<&'a T> {
    events.iter().filter_map(of).collect()
}

/// JSON has no infinity: minus infinity is written as null.
mod numbers {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(data: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(data.iter().map(|number| number.is_finite().then_some(number)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let data = Vec::<Option<f32>>::deserialize(deserializer)?;
        Ok(data.into_iter().map(|number| number.unwrap_or(f32::NEG_INFINITY)).collect())
    }
}
