//! What a change does at once, with nothing trained anew: the model in hand without scaling, mask, positions or its top
//! layers, or with the words of the source in another order; and what width does to the attention of untrained models.

use std::slice;

use autograd::Tape;
use autograd::ops::cross_entropy::CrossEntropy;
use nn::{Context, NamedTensors, Noam, Params};
use tensor::threads::on_worker;
use tensor::{DType, Seed};
use transformer::search::MaxLen;
use transformer::search::greedy::greedy;
use transformer::{
    Architecture, Batch, Config, Pair, Positions, TieEmbeddings, TrainOptions, Transformer, VocabSizes,
};

use super::peaks::{Peaks, facts};
use super::variants::{Training, largest_difference};
use super::{Recorder, words};
use crate::error::Error;
use crate::recording::{Event, Fact, Variant};

/// The model as it is.
pub const IN_HAND: &str = "in hand";
/// Scores divided by √d_head if they were not, and not if they were.
pub const SCALING_SWITCHED: &str = "in hand, scaling switched";
/// Later places of the target seen if they were hidden, and hidden if they were seen.
pub const MASK_SWITCHED: &str = "in hand, causal mask switched";
/// Nothing added to the words, if something was.
pub const NO_POSITIONS: &str = "in hand, no positions";
/// Both stacks without their top layer.
pub const NO_TOP_LAYERS: &str = "in hand, without the top layers";
/// The source's tokens in the opposite order.
pub const TURNED: &str = "in hand, source backwards";
/// Untrained attention of one head; the facts say how wide it is.
pub const WIDE: &str = "untrained head, scaled";
/// The same without the division.
pub const WIDE_UNSCALED: &str = "untrained head, not scaled";

/// The negative log-likelihood of the recorded pair, per label.
pub const NLL: &str = "nll of the sentence";
/// The largest difference of a logit, at any place of the target, from the model as it is.
pub const CHANGE: &str = "change of the logits";
/// The same difference when the source is read backwards, from the same model when it is not.
pub const CHANGE_TURNED: &str = "change of the logits, the source being read backwards";
/// How wide a head is.
pub const WIDTH: &str = "width of the head";

/// The widths of heads that are compared.
const WIDTHS: [usize; 3] = [16, 64, 512];

/// Over how many untrained models a measure is taken: one may be an odd one.
const N_SEEDS: u64 = 4;

/// The longest sentence that is taken for it.
const MAX_LEN: usize = 16;

/// The width in which gradients are compared by depth: deep stacks of a large model's own would take long.
const DEEP_WIDTH: usize = 64;

/// What a model makes of the pair.
struct Measured {
    nll: f64,
    /// `[tgt_len, tgt_vocab_size]`, row by row
    logits: Vec<f64>,
    said: String,
    peaks: Peaks,
}

impl Recorder<'_> {
    /// Changes one thing of the model at a time, and records what that does to the pair at once. Nothing is trained.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not take the pair, or what a changed one computes is not finite.
    pub fn probes(&mut self, model: &Transformer, params: &Params, pair: &Pair) -> Result<(), Error> {
        let config = model.config();
        let plain = self.measured(model, params, pair)?;
        let turned = self.turned(&pair.src, config.eos_id);
        let turned = Pair { src: turned, tgt: pair.tgt.clone() };
        for (name, change, changed) in changes(config) {
            let (model, params) = without(params, &changed)?;
            let measured = self.measured(&model, &params, pair)?;
            let backwards = self.measured(&model, &params, &turned)?;
            let mut facts = vec![
                fact(NLL, measured.nll),
                fact(CHANGE, largest_difference(&plain.logits, &measured.logits)),
                fact(CHANGE_TURNED, largest_difference(&measured.logits, &backwards.logits)),
            ];
            facts.extend(measured.peaks.facts());
            self.variant(name, change, measured.said, facts);
            if name == IN_HAND && turned.src != pair.src {
                let facts = vec![fact(CHANGE, largest_difference(&measured.logits, &backwards.logits))];
                let sentence = words::spelled(&turned.src, &self.words.src);
                self.variant(TURNED, sentence, backwards.said, facts);
            }
        }
        self.widths(&config.architecture, pair)
    }

    /// How the gradients of deep stacks like this model's go, in narrow ones.
    ///
    /// # Errors
    /// [`Error::Model`] if there is no such model.
    pub fn deep_stacks(&mut self, architecture: &Architecture, pair: &Pair) -> Result<(), Error> {
        let (pair, sizes) = renumbered(pair);
        let config = narrow(architecture, DEEP_WIDTH.min(architecture.d_model), 1, sizes);
        self.by_depth(&Training {
            config,
            pairs: slice::from_ref(&pair),
            seed: Seed::new(1),
            options: TrainOptions { smoothing: self.smoothing, ..TrainOptions::default() },
            schedule: Noam { factor: 1.0, d_model: DEEP_WIDTH, warmup_steps: 1 },
            n_steps: 0,
        })
    }

    /// How sure the attention of an untrained head is, and what gradient it lets pass, by its width.
    fn widths(&mut self, architecture: &Architecture, pair: &Pair) -> Result<(), Error> {
        let (pair, sizes) = renumbered(pair);
        for width in WIDTHS {
            for (name, scale_scores) in [(WIDE, true), (WIDE_UNSCALED, false)] {
                let config = narrow(architecture, width, 1, sizes).with(|model| {
                    model.scale_scores = scale_scores;
                });
                let mut all = Vec::new();
                for seed in 0..N_SEEDS {
                    let (model, params) = Transformer::new(&config, Seed::new(seed), DType::F32)?;
                    all.push(on_worker(|| pass(&model, &params, &pair))?.2.facts());
                }
                let facts = [vec![fact(WIDTH, width as f64)], facts::mean(&all)].concat();
                self.variant(name, format!("d_model = {width}, n_heads = 1"), String::new(), facts);
            }
        }
        Ok(())
    }

    fn measured(&self, model: &Transformer, params: &Params, pair: &Pair) -> Result<Measured, Error> {
        let (nll, logits, peaks) = on_worker(|| pass(model, params, pair))?;
        let said = greedy(model, params, slice::from_ref(&pair.src), MaxLen::default())?;
        let said = said.iter().map(|hypothesis| self.words.decode(&hypothesis.ids)).collect();
        Ok(Measured { nll, logits, said, peaks })
    }

    /// The tokens of a source in the opposite order; an end that is spelled as the target's stays where it is.
    fn turned(&self, source: &[u32], eos_id: u32) -> Vec<u32> {
        let end = self.words.tgt.get(eos_id as usize);
        let ends = source.last().is_some_and(|&id| self.words.src.get(id as usize) == end);
        let n = source.len() - usize::from(ends);
        source[..n].iter().rev().chain(&source[n..]).copied().collect()
    }

    pub(super) fn variant(&mut self, name: &str, change: impl Into<String>, said: String, facts: Vec<Fact>) {
        let (name, change, nll) = (name.into(), change.into(), Vec::new());
        self.recording.push(Event::Variant(Variant { name, change, nll, said, facts }));
    }
}

/// What is changed of a model, beginning with nothing.
fn changes(config: &Config) -> Vec<(&'static str, String, Config)> {
    let with = |change: &dyn Fn(&mut Architecture)| config.clone().with(change);
    let architecture = &config.architecture;
    let (scales, is_causal) = (architecture.scale_scores, architecture.causal_mask);
    let mut all = vec![
        (IN_HAND, String::new(), config.clone()),
        (
            SCALING_SWITCHED,
            format!("scale_scores = {}", !scales),
            with(&|model| model.scale_scores = !scales),
        ),
        (
            MASK_SWITCHED,
            format!("causal_mask = {}", !is_causal),
            with(&|model| model.causal_mask = !is_causal),
        ),
    ];
    if architecture.positions != Positions::None {
        let none = with(&|model| model.positions = Positions::None);
        all.push((NO_POSITIONS, "positions = \"none\"".into(), none));
    }
    let (n_encoder, n_decoder) = (architecture.n_encoder_layers, architecture.n_decoder_layers);
    if n_encoder > 1 && n_decoder > 1 {
        let change = format!("n_encoder_layers = {}, n_decoder_layers = {}", n_encoder - 1, n_decoder - 1);
        let lower = with(&|model| {
            (model.n_encoder_layers, model.n_decoder_layers) = (n_encoder - 1, n_decoder - 1);
        });
        all.push((NO_TOP_LAYERS, change, lower));
    }
    all
}

/// The changed model, with those of the parameters that it has.
fn without(params: &Params, config: &Config) -> Result<(Transformer, Params), Error> {
    let model = Transformer::without_params(config)?;
    let mut kept = NamedTensors::new("the model");
    for (_, name, tensor) in params.iter().filter(|(_, name, _)| model.layout().id(name).is_some()) {
        kept.insert(name, tensor.clone());
    }
    Ok(Transformer::from_named(config, &kept, params.dtype())?)
}

/// The negative log-likelihood, the logits, and how attention shares itself out.
fn pass(model: &Transformer, params: &Params, pair: &Pair) -> Result<(f64, Vec<f64>, Peaks), Error> {
    let batch = Batch::new([pair], model.config().decoder_start, 0)?;
    let (tape, peaks) = (Tape::new(), Peaks::default());
    let cx = Context::inference(params).with_tape(&tape).with_trace(&peaks);
    let logits = model.forward(&cx, &batch)?.reshape([batch.tgt_out.len(), model.config().tgt_vocab_size]);
    let CrossEntropy { loss, stats } = logits.cross_entropy(&batch.tgt_out, 0.0);
    let numbers = logits.value().to_dtype(DType::F64).to_vec();
    cx.gradients(loss.backward());
    Ok((stats.nll(), numbers, peaks))
}

/// The pair with its words numbered from 0, cut where it is long, and how many they are: vocabularies of its own.
fn renumbered(pair: &Pair) -> (Pair, VocabSizes) {
    let number = |ids: &[u32]| {
        let mut all = ids.to_vec();
        all.sort_unstable();
        all.dedup();
        let ids = ids.iter().map(|id| all.partition_point(|other| other < id) as u32).collect();
        (ids, all.len())
    };
    let (src, n_src) = number(&pair.src[..pair.src.len().min(MAX_LEN)]);
    let (tgt, n_tgt) = number(&pair.tgt[..pair.tgt.len().min(MAX_LEN)]);
    (Pair { src, tgt }, VocabSizes::Separate { src: n_src, tgt: n_tgt + 1 })
}

/// A model of one layer, one head and that width, otherwise alike; its last word is the end.
fn narrow(architecture: &Architecture, width: usize, n_layers: usize, sizes: VocabSizes) -> Config {
    let mut architecture = architecture.clone();
    (architecture.d_model, architecture.d_ff, architecture.n_heads) = (width, 2 * width, 1);
    (architecture.n_encoder_layers, architecture.n_decoder_layers) = (n_layers, n_layers);
    architecture.tie_embeddings = TieEmbeddings::Auto;
    let config = Config::new(architecture, sizes);
    let eos_id = config.tgt_vocab_size as u32 - 1;
    config.with_symbols(eos_id, None)
}

pub(super) fn fact(name: &str, value: f64) -> Fact {
    Fact { name: name.into(), value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::peaks::{ENTROPY, LARGEST, PASSED};
    use crate::testing::toy;

    fn all(name: &str) -> Vec<&'static Variant> {
        toy().variants().into_iter().filter(|variant| variant.name == name).collect()
    }

    #[track_caller]
    fn number(variant: &Variant, name: &str) -> f64 {
        variant.facts.iter().find(|fact| fact.name == name).unwrap().value
    }

    #[test]
    fn nothing_changed_is_the_pass_that_was_recorded() {
        let (plain, pass) = (all(IN_HAND)[0], toy().last_pass().unwrap());
        assert_eq!((number(plain, CHANGE), plain.said.as_str()), (0.0, "i am a student"));
        assert!((number(plain, NLL) - pass.head().nll).abs() < 1e-5);
        let mut largest = Vec::new();
        for layer in 0..2 {
            let weights = pass.value(&format!("encoder.layers.{layer}.self_attn.weights")).unwrap();
            largest
                .extend(weights.data.chunks(3).map(|row| f64::from(row.iter().copied().fold(0.0, f32::max))));
        }
        let mean = largest.iter().sum::<f64>() / largest.len() as f64;
        assert!((number(plain, LARGEST) - mean).abs() < 1e-3, "of four digits");
    }

    #[test]
    fn without_positions_a_sentence_backwards_is_the_same() {
        assert!(number(all(NO_POSITIONS)[0], CHANGE_TURNED) < 1e-3);
        assert!(number(all(IN_HAND)[0], CHANGE_TURNED) > 0.1);
        assert_eq!(all(TURNED)[0].change, "étudiant suis je");
    }

    /// What the paper gives as its reason (§3.2.1, note 4): without the division wide heads choose one, and their softmax
    /// passes next to nothing on; with it width changes little.
    #[test]
    fn width_makes_softmax_hard_unless_scores_are_divided() {
        let (scaled, not) = (all(WIDE), all(WIDE_UNSCALED));
        assert_eq!((scaled.len(), not.len()), (WIDTHS.len(), WIDTHS.len()));
        assert!(number(not[2], LARGEST) > 0.9 && number(not[2], ENTROPY) < 0.2);
        assert!(number(scaled[2], LARGEST) < 0.8 && number(scaled[2], ENTROPY) > 0.5);
        assert!(number(not[2], PASSED) < 0.5 * number(scaled[2], PASSED));
    }

    #[test]
    fn what_is_renumbered_keeps_what_is_alike() {
        let pair = Pair { src: vec![900, 7, 900], tgt: vec![40, 2] };
        let (found, sizes) = renumbered(&pair);
        assert_eq!((found.src, found.tgt), (vec![1, 0, 1], vec![1, 0]));
        assert_eq!(sizes, VocabSizes::Separate { src: 2, tgt: 3 });
    }
}
