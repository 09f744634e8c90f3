//! What a run is: the sentences, the model, and how it learns. A run begins anew from nothing else.

use nn::{Adam, AdamW, InverseSqrt, Optimizer, OptimizerState, Params, Schedule, Sgd};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tensor::{DType, Seed};
use text::words::split_words;
use text::{TextKind, TextModel, TextSettings};
use transformer::{Architecture, Config, Pair, TieEmbeddings, TrainOptions, Trainer, Transformer};
use translate::encode::{EncodedPair, vocab_sizes};

use crate::error::Error;

/// The most pairs that are learned.
pub const MAX_PAIRS: usize = 50;

/// The most words of a sentence, punctuation counted.
pub const MAX_WORDS: usize = 30;

/// The most parameters of a model that trains here.
pub const MAX_PARAMETERS: usize = 4_000_000;

/// Where a number of the settings lies.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Its place in the settings, as JSON has it: names with dots between.
    pub name: &'static str,
    /// What it is.
    pub says: &'static str,
    /// The least that it may be.
    pub least: f64,
    /// The most that it may be.
    pub greatest: f64,
}

/// Every number of the settings that has bounds. The form in `web/settings.js` has the same.
///
/// Together they keep a step so short that a page can wait for it. Sentences fit into `max_len` with their ends. Above
/// 2⁵³ - 1 not every seed is a number of JavaScript.
pub const RANGES: [Range; 12] = [
    range("model.d_model", "d_model", 1.0, 1024.0),
    range("model.n_heads", "n_heads", 1.0, 16.0),
    range("model.d_ff", "d_ff", 1.0, 4096.0),
    range("model.n_encoder_layers", "n_encoder_layers", 1.0, 12.0),
    range("model.n_decoder_layers", "n_decoder_layers", 1.0, 12.0),
    range("model.max_len", "max_len", (MAX_WORDS + 2) as f64, 512.0),
    range("model.dropout", "the dropout", 0.0, 0.99),
    range("model.attention_dropout", "the dropout of attention", 0.0, 0.99),
    range("learning_rate", "the learning rate", 1e-6, 10.0),
    range("warmup_steps", "the number of steps of warm-up", 0.0, 10_000.0),
    range("smoothing", "the smoothing", 0.0, 0.99),
    range("seed", "the seed", 0.0, ((1_u64 << 53) - 1) as f64),
];

const fn range(name: &'static str, says: &'static str, least: f64, greatest: f64) -> Range {
    Range { name, says, least, greatest }
}

/// How the parameters follow their gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Kingma and Ba 2015.
    #[default]
    Adam,
    /// Adam, and every weight shrinks by a hundredth of the learning rate (Loshchilov and Hutter 2019).
    AdamW,
    /// Against the gradient.
    Sgd,
    /// Against a running sum of the gradients, of which each step keeps nine tenths.
    Momentum,
}

/// A run: the same settings give the same losses, to the bit on the same machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is learned: each sentence with its translation, 1 to [`MAX_PAIRS`] of them.
    pub pairs: Vec<(String, String)>,
    /// What is held out: pairs that are not learned, and on which the model is tried as training goes on; at most
    /// [`MAX_PAIRS`], and none whose sentence is learned.
    pub held_out: Vec<(String, String)>,
    /// Sentences that are not learned, and are translated as training goes on; at most [`MAX_PAIRS`].
    pub tried: Vec<String>,
    /// The model.
    pub model: Architecture,
    /// How the parameters follow their gradients.
    pub optimizer: Rule,
    /// The learning rate after the warm-up; it falls with the inverse square root of the step. Its range, and those of the
    /// numbers below and of the model, are among [`RANGES`].
    pub learning_rate: f64,
    /// Over how many steps the learning rate rises from 0.
    pub warmup_steps: u64,
    /// The share of each label that is spread evenly over the vocabulary.
    pub smoothing: f64,
    /// Where the weights, and what dropout drops, come from.
    pub seed: u64,
}

impl Default for Settings {
    /// The article's two sentences, and the model of the toy.
    fn default() -> Settings {
        let pair = |src: &str, tgt: &str| (src.to_owned(), tgt.to_owned());
        Settings {
            pairs: vec![pair("merci", "thanks"), pair("je suis étudiant", "i am a student")],
            held_out: Vec::new(),
            tried: vec!["étudiant".into(), "suis je étudiant".into()],
            model: Architecture {
                d_model: 64,
                n_heads: 4,
                d_ff: 256,
                n_encoder_layers: 2,
                n_decoder_layers: 2,
                dropout: 0.0,
                tie_embeddings: TieEmbeddings::Separate,
                max_len: 64,
                ..Architecture::default()
            },
            optimizer: Rule::Adam,
            learning_rate: 0.0014,
            warmup_steps: 20,
            smoothing: 0.1,
            seed: 1,
        }
    }
}

/// What trains here.
pub type AnyTrainer = Trainer<Box<dyn Optimizer>, Box<dyn Schedule>>;

/// What settings make: the words, the pairs in ids, and a trainer before its first step.
pub struct Run {
    /// From words to ids and back.
    pub text: TextModel,
    /// What is learned.
    pub pairs: Vec<Pair>,
    /// What is held out.
    pub held_out: Vec<Pair>,
    /// How many words of what is held out are in no pair that is learned: they are `<unk>` to the model.
    pub unknown: usize,
    /// Who learns it.
    pub trainer: AnyTrainer,
}

impl Settings {
    /// The settings as JSON, to be read.
    ///
    /// # Panics
    /// Never: settings have a JSON form.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("settings have a JSON form")
    }

    /// A run before its first step.
    ///
    /// # Errors
    /// [`Error::Settings`] that says what is out of range; [`Error::Model`] if there is no such model.
    pub fn begin(&self) -> Result<Run, Error> {
        self.check()?;
        let settings =
            TextSettings { kind: TextKind::Words, vocab_size: 0, joint: false, ..TextSettings::default() };
        let length = |line: &str| split_words(&settings.normalise(line)).len();
        check_pairs(&self.pairs, "pair", length)?;
        check_pairs(&self.held_out, "held-out pair", length)?;
        let pairs = self.pairs.iter().map(|(src, tgt)| (src.as_str(), tgt.as_str()));
        let learned = TextModel::learn(&settings, pairs.clone());
        let text = learned.map_err(|problem| Error::Settings(problem.to_string()))?;
        let pairs = pairs.map(|(src, tgt)| EncodedPair::encode(&text, src, tgt).pair).collect();
        let held_out = self.held_out.iter().map(|(src, tgt)| EncodedPair::encode(&text, src, tgt));
        let held_out: Vec<EncodedPair> = held_out.collect();
        let unknown = held_out.iter().map(|pair| pair.unknown_src + pair.unknown_tgt).sum();
        let held_out = held_out.into_iter().map(|encoded| encoded.pair).collect();
        let config = Config::new(self.model.clone(), vocab_sizes(&text));
        config.validate()?;
        let count = config.n_parameters();
        if count > MAX_PARAMETERS {
            return Err(Error::Settings(format!(
                "the model would have {count} parameters; at most {MAX_PARAMETERS} train here"
            )));
        }
        let model = Transformer::new(&config, Seed::new(self.seed), DType::F32)?;
        let trainer = Trainer::new(model, self.optimizer(), self.schedule(), self.options())?;
        Ok(Run { text, pairs, held_out, unknown, trainer })
    }

    /// A trainer that goes on after `step` steps with these parameters and what the optimizer remembers.
    ///
    /// # Errors
    /// [`Error::Model`] if they are of another model.
    pub fn resume(
        &self,
        model: &Transformer,
        params: &Params,
        optimizer: &OptimizerState,
        step: u64,
    ) -> Result<AnyTrainer, Error> {
        let mut rule = self.optimizer();
        rule.restore(params, optimizer)?;
        let trainer = Trainer::new((model.clone(), params.clone()), rule, self.schedule(), self.options())?;
        Ok(trainer.resumed_after(step))
    }

    fn check(&self) -> Result<(), Error> {
        let problem = |problem: String| Err(Error::Settings(problem));
        let (n_pairs, n_tried) = (self.pairs.len(), self.tried.len());
        if !(1..=MAX_PAIRS).contains(&n_pairs) {
            return problem(format!("there are {n_pairs} pairs; 1 to {MAX_PAIRS} can be learned here"));
        }
        if n_tried > MAX_PAIRS {
            return problem(format!(
                "there are {n_tried} sentences to try; at most {MAX_PAIRS} are translated"
            ));
        }
        if self.held_out.len() > MAX_PAIRS {
            let n_held_out = self.held_out.len();
            return problem(format!(
                "there are {n_held_out} pairs to hold out; at most {MAX_PAIRS} are tried"
            ));
        }
        let learned = |line: &str| self.pairs.iter().any(|(src, _)| src.trim() == line.trim());
        if let Some(at) = self.held_out.iter().position(|(src, _)| learned(src)) {
            let problem = format!("the sentence of held-out pair {} is learned too", at + 1);
            return Err(Error::Settings(format!("{problem}; take it from one of the lists")));
        }
        let numbers = serde_json::to_value(self).expect("settings have a JSON form");
        for Range { name, says, least, greatest } in RANGES {
            // What is no number, as NaN is not, JSON has as null.
            let number = numbers.pointer(&format!("/{}", name.replace('.', "/"))).and_then(Value::as_f64);
            if !number.is_some_and(|number| (least..=greatest).contains(&number)) {
                let number = number.map_or("no number".into(), |number| number.to_string());
                return problem(format!("{says} is {number}; it lies from {least} to {greatest}"));
            }
        }
        Ok(())
    }

    fn optimizer(&self) -> Box<dyn Optimizer> {
        match self.optimizer {
            Rule::Adam => Box::new(Adam::default()),
            Rule::AdamW => Box::new(AdamW::new(Adam::default(), 0.01)),
            Rule::Sgd => Box::new(Sgd::default()),
            Rule::Momentum => Box::new(Sgd::new(0.9, 0.0)),
        }
    }

    fn schedule(&self) -> Box<dyn Schedule> {
        Box::new(InverseSqrt { peak: self.learning_rate, warmup_steps: self.warmup_steps, initial: 0.0 })
    }

    fn options(&self) -> TrainOptions {
        let (smoothing, seed) = (self.smoothing, Seed::new(self.seed));
        TrainOptions { smoothing, seed, shard_tokens: usize::MAX, ..TrainOptions::default() }
    }
}

/// Whether every pair has words on both sides, and no more than can be looked at.
fn check_pairs(pairs: &[(String, String)], what: &str, length: impl Fn(&str) -> usize) -> Result<(), Error> {
    for (at, (src, tgt)) in (1..).zip(pairs) {
        sentence(length(src), &format!("the sentence of {what} {at}"))?;
        if length(tgt) == 0 {
            let problem = format!("the translation of {what} {at} has no word");
            return Err(Error::Settings(format!(
                "{problem}; a pair is a line: its sentence = its translation"
            )));
        }
        sentence(length(tgt), &format!("the translation of {what} {at}"))?;
    }
    Ok(())
}

/// Whether a sentence of so many words can be looked at.
///
/// # Errors
/// [`Error::Settings`] if there is no word, or there are more than [`MAX_WORDS`].
pub fn sentence(n_words: usize, what: &str) -> Result<(), Error> {
    match n_words {
        0 => Err(Error::Settings(format!("{what} has no word"))),
        n if n > MAX_WORDS => {
            Err(Error::Settings(format!("{what} has {n} words; at most {MAX_WORDS} can be looked at")))
        }
        _ => Ok(()),
    }
}
