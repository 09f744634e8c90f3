//! The same training with one thing changed: what scaling, the mask, positions, depth and the place of the norm do.

use autograd::Tape;
use nn::{Adam, Context, Noam, Params};
use tensor::{DType, Seed, Tensor};
use transformer::search::MaxLen;
use transformer::search::greedy::greedy;
use transformer::{
    Architecture, Batch, Config, NormPlacement, Pair, Positions, TrainOptions, Trainer, Transformer,
};

use super::{Recorder, sink};
use crate::error::Error;
use crate::recording::{Event, Fact, Variant};

/// A training from nothing that can be repeated: all pairs at every step, by Adam with Noam's learning rates.
#[derive(Clone, Debug)]
pub struct Training<'a> {
    /// The model.
    pub config: Config,
    /// What it learns; what is said of a sentence is of the last.
    pub pairs: &'a [Pair],
    /// Where the weights come from.
    pub seed: Seed,
    /// Smoothing and the rest.
    pub options: TrainOptions,
    /// The learning rates.
    pub schedule: Noam,
    /// How many steps.
    pub n_steps: usize,
}

impl Training<'_> {
    /// The trainer before its first step.
    ///
    /// # Errors
    /// [`Error::Model`] if the configuration or an option is out of range.
    pub fn trainer(&self) -> Result<Trainer<Adam, Noam>, Error> {
        self.trainer_of(&self.config)
    }

    /// The same of another model.
    fn trainer_of(&self, config: &Config) -> Result<Trainer<Adam, Noam>, Error> {
        let model = Transformer::new(config, self.seed, DType::F32)?;
        Ok(Trainer::new(model, Adam::default(), self.schedule, self.options)?)
    }

    /// What a step learns from: all pairs.
    ///
    /// # Errors
    /// [`Error::Model`] if there is no pair, or one has no target.
    pub fn batch(&self) -> Result<Batch, Error> {
        Ok(Batch::new(self.pairs, self.config.decoder_start, 0)?)
    }
}

/// The names of the variants, by which readers of a recording find them.
pub mod names {
    /// Nothing is changed.
    pub const AS_IT_IS: &str = "as it is";
    /// Scores are not divided.
    pub const NO_SCALING: &str = "no scaling";
    /// Positions of the target see later ones.
    pub const NO_CAUSAL_MASK: &str = "no causal mask";
    /// Words do not know where they stand.
    pub const NO_POSITIONS: &str = "no positions";
    /// Each stack has one layer.
    pub const ONE_LAYER: &str = "one layer";
    /// Deep stacks with norms behind the sublayers, untrained.
    pub const DEEP_POST_NORM: &str = "deep, post-norm";
    /// Deep stacks with norms before the sublayers, untrained.
    pub const DEEP_PRE_NORM: &str = "deep, pre-norm";

    /// A fact: by how much the logits at the last position differ when the causal mask is switched on or off.
    pub const CHANGE_BY_MASK: &str = "change of the last logits, the causal mask being switched";
    /// A fact: by how much they differ when the source is read backwards.
    pub const CHANGE_BY_ORDER: &str = "change of the last logits, the source being read backwards";
}

/// What is changed.
struct Change {
    name: &'static str,
    change: &'static str,
    apply: fn(&mut Architecture),
}

const CHANGES: [Change; 5] = [
    Change { name: names::AS_IT_IS, change: "", apply: |_| () },
    Change {
        name: names::NO_SCALING,
        change: "scale_scores = false",
        apply: |model| model.scale_scores = false,
    },
    Change {
        name: names::NO_CAUSAL_MASK,
        change: "causal_mask = false",
        apply: |model| model.causal_mask = false,
    },
    Change {
        name: names::NO_POSITIONS,
        change: "positions = \"none\"",
        apply: |model| model.positions = Positions::None,
    },
    Change {
        name: names::ONE_LAYER,
        change: "n_encoder_layers = 1, n_decoder_layers = 1",
        apply: |model| {
            (model.n_encoder_layers, model.n_decoder_layers) = (1, 1);
        },
    },
];

/// How deep the stacks are in which gradients are compared by depth.
const DEPTH: usize = 12;

impl Recorder<'_> {
    /// Repeats the training with one thing changed at a time, and measures what that does.
    ///
    /// # Errors
    /// [`Error::Model`] if a model does not train.
    ///
    /// # Panics
    /// If there is no pair to train on.
    pub fn variants(&mut self, training: &Training) -> Result<(), Error> {
        for Change { name, change, apply } in CHANGES {
            let config = training.config.clone().with(apply);
            let (nll, model, params) = train(training, &config)?;
            let source = [training.pairs.last().expect("a training has pairs").src.clone()];
            let said = greedy(&model, &params, &source, MaxLen::default())?;
            let facts = self::facts(training, &config, &params)?;
            let said = said.iter().map(|hypothesis| self.words.decode(&hypothesis.ids)).collect();
            let (name, change) = (name.into(), change.into());
            self.recording.push(Event::Variant(Variant { name, change, nll, said, facts }));
        }
        self.by_depth(training)
    }

    /// Records how large the gradients of each layer of deep stacks are, before training, with the norm after and before.
    pub(super) fn by_depth(&mut self, training: &Training) -> Result<(), Error> {
        for (name, norm) in
            [(names::DEEP_POST_NORM, NormPlacement::Post), (names::DEEP_PRE_NORM, NormPlacement::Pre)]
        {
            let config = training.config.clone().with(|model| {
                (model.n_encoder_layers, model.n_decoder_layers, model.norm) = (DEPTH, DEPTH, norm);
            });
            let facts = by_depth(training, &config)?;
            let change = format!(
                "{DEPTH} layers, norm = {}, untrained",
                if norm == NormPlacement::Pre { "\"pre\"" } else { "\"post\"" }
            );
            let (nll, said) = (Vec::new(), String::new());
            self.recording.push(Event::Variant(Variant { name: name.into(), change, nll, said, facts }));
        }
        Ok(())
    }
}

/// The loss at every step without smoothing, and what was learned.
fn train(training: &Training, config: &Config) -> Result<(Vec<f64>, Transformer, Params), Error> {
    let (mut trainer, batch) = (training.trainer_of(config)?, [training.batch()?]);
    let mut nll = Vec::new();
    for _ in 0..training.n_steps {
        nll.push(trainer.train_step(&batch)?.stats.nll());
    }
    Ok((nll, trainer.model, trainer.params))
}

/// What is said at the end of the last target, with the causal mask and without it; and what the source's order changes.
fn facts(training: &Training, config: &Config, params: &Params) -> Result<Vec<Fact>, Error> {
    let pair = training.pairs.last().expect("a training has pairs");
    let logits = |config: &Config, pair: &Pair| -> Result<Vec<f64>, Error> {
        let (model, params) = Transformer::from_named(config, params.as_ref(), DType::F32)?;
        let batch = Batch::new([pair], config.decoder_start, 0)?;
        let logits = model.forward(&Context::inference(&params), &batch)?.into_value(); // [1, tgt_len, vocab_size]
        Ok(logits.slice(1, logits.dim(1) - 1..logits.dim(1)).to_dtype(DType::F64).to_vec())
    };
    let as_it_is = logits(config, pair)?;
    let other_mask = config.clone().with(|model| model.causal_mask = !model.causal_mask);
    let turned = Pair { src: pair.src.iter().rev().copied().collect(), tgt: pair.tgt.clone() };
    let fact = |name: &str, other: Vec<f64>| Fact {
        name: name.into(),
        value: largest_difference(&as_it_is, &other),
    };
    Ok(vec![
        fact(names::CHANGE_BY_MASK, logits(&other_mask, pair)?),
        fact(names::CHANGE_BY_ORDER, logits(config, &turned)?),
    ])
}

pub(super) fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The norm of the gradient of each decoder layer's parameters, before training.
fn by_depth(training: &Training, config: &Config) -> Result<Vec<Fact>, Error> {
    let (model, params) = Transformer::new(config, training.seed, DType::F32)?;
    let batch = Batch::new(training.pairs, config.decoder_start, 0)?;
    let tape = Tape::new();
    let cx = Context::inference(&params).with_tape(&tape);
    let loss = model.loss(&cx, &batch, training.options.smoothing)?.loss;
    let gradients = cx.gradients(loss.backward());
    let squares = |tensor: &Tensor| sink::numbers(tensor).iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let of_layer = |layer: usize| {
        let prefix = format!("decoder.layers.{layer}.");
        let all = params.iter().filter(|(_, name, _)| name.starts_with(&prefix));
        let norm = all.filter_map(|(id, ..)| gradients.get(id)).map(squares).sum::<f64>().sqrt();
        Fact { name: format!("gradient of decoder.layers.{layer}"), value: norm }
    };
    Ok((0..DEPTH).map(of_layer).collect())
}
