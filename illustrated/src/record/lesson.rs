//! A task on which it shows what a part of the model is for: words of four letters, said backwards. Two sentences are
//! learned by heart without scaling, mask or positions; a rule that holds for words never seen is not.

use nn::{Adam, Noam};
use tensor::{DType, Seed};
use transformer::search::MaxLen;
use transformer::search::greedy::greedy;
use transformer::{
    Architecture, Batch, Config, Pair, Positions, TrainOptions, Trainer, Transformer, VocabSizes,
};

use super::Recorder;
use crate::error::Error;
use crate::recording::{Event, Fact, Variant};

/// The task as it is.
pub const BACKWARDS: &str = "backwards, as it is";
/// Scores not divided.
pub const UNSCALED: &str = "backwards, no scaling";
/// The whole target seen in training.
pub const UNMASKED: &str = "backwards, no causal mask";
/// No place of any letter.
pub const UNPLACED: &str = "backwards, no positions";
/// Stacks of one layer.
pub const SHALLOW: &str = "backwards, one layer";

/// The share of the words learned that are said right, letter by letter, of its own accord.
pub const LEARNED: &str = "share right of the words learned";
/// The same share of the words kept aside.
pub const KEPT_ASIDE: &str = "share right of the words kept aside";
/// How many words were learned.
pub const N_LEARNED: &str = "words learned";
/// How many words were kept aside.
pub const N_KEPT_ASIDE: &str = "words kept aside";

/// So many letters there are, and so many make a word; every fifth word is kept aside.
const LETTERS: u32 = 5;
const LENGTH: u32 = 4;
const EVERY: usize = 5;

/// How many words are learned from at a step.
const BATCH: usize = 50;

/// How wide the model is, of two heads.
const WIDTH: usize = 32;

/// What is changed.
type Change = (&'static str, &'static str, fn(&mut Architecture));

const CHANGES: [Change; 5] = [
    (BACKWARDS, "", |_| ()),
    (UNSCALED, "scale_scores = false", |model| model.scale_scores = false),
    (UNMASKED, "causal_mask = false", |model| model.causal_mask = false),
    (UNPLACED, "positions = \"none\"", |model| model.positions = Positions::None),
    (SHALLOW, "n_encoder_layers = 1, n_decoder_layers = 1", |model| {
        (model.n_encoder_layers, model.n_decoder_layers) = (1, 1);
    }),
];

impl Recorder<'_> {
    /// Trains on the task for so many steps, as it is and with one thing changed at a time, and asks for all words, those
    /// learned and those kept aside.
    ///
    /// # Errors
    /// [`Error::Model`] if a model does not train.
    pub fn lesson(&mut self, n_steps: usize) -> Result<(), Error> {
        let (kept_aside, learned): (Vec<_>, Vec<_>) =
            words().into_iter().enumerate().partition(|(at, _)| at % EVERY == EVERY - 1);
        let [kept_aside, learned] =
            [kept_aside, learned].map(|words| words.into_iter().map(|(_, word)| word).collect::<Vec<Pair>>());
        for (name, change, apply) in CHANGES {
            let (nll, trainer) = train(&learned, n_steps, apply)?;
            let right = |words: &[Pair]| share_right(&trainer, words);
            let facts = [
                (LEARNED, right(&learned)?),
                (KEPT_ASIDE, right(&kept_aside)?),
                (N_LEARNED, learned.len() as f64),
                (N_KEPT_ASIDE, kept_aside.len() as f64),
            ];
            let facts = facts.map(|(name, value)| Fact { name: name.into(), value }).to_vec();
            let (name, change, said) = (name.into(), change.into(), String::new());
            self.recording.push(Event::Variant(Variant { name, change, nll, said, facts }));
        }
        Ok(())
    }
}

/// Every word of the task, and itself backwards with the end, whose id is that after the last letter's.
fn words() -> Vec<Pair> {
    let word = |number: u32| {
        let src: Vec<u32> = (0..LENGTH).map(|place| number / LETTERS.pow(place) % LETTERS).collect();
        let tgt = src.iter().rev().copied().chain([LETTERS]).collect();
        Pair { src, tgt }
    };
    (0..LETTERS.pow(LENGTH)).map(word).collect()
}

/// The negative log-likelihood at each step, and what was trained.
fn train(
    learned: &[Pair],
    n_steps: usize,
    apply: fn(&mut Architecture),
) -> Result<(Vec<f64>, Trainer<Adam, Noam>), Error> {
    let sizes = VocabSizes::Separate { src: LETTERS as usize, tgt: LETTERS as usize + 1 };
    let config = Config::toy(sizes).with_symbols(LETTERS, None).with(|model| {
        (model.d_model, model.d_ff, model.n_heads) = (WIDTH, 2 * WIDTH, 2);
        apply(model);
    });
    let schedule = Noam { factor: 0.2, d_model: WIDTH, warmup_steps: n_steps as u64 / 4 + 1 };
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default())?;
    // Words that follow one another are alike, so a batch takes them from all over.
    let n_batches = learned.len().div_ceil(BATCH);
    let batch =
        |first: usize| Batch::new(learned.iter().skip(first).step_by(n_batches), config.decoder_start, 0);
    let batches = (0..n_batches).map(batch).collect::<Result<Vec<Batch>, _>>()?;
    let mut nll = Vec::new();
    for step in 0..n_steps {
        let batch = &batches[step % n_batches..][..1];
        nll.push(trainer.train_step(batch)?.stats.nll());
    }
    Ok((nll, trainer))
}

/// Of how many words every letter is said right, and then the end.
fn share_right(trainer: &Trainer<Adam, Noam>, words: &[Pair]) -> Result<f64, Error> {
    let sources: Vec<Vec<u32>> = words.iter().map(|word| word.src.clone()).collect();
    let said = greedy(&trainer.model, &trainer.params, &sources, MaxLen { beyond_source: 2 })?;
    let right = said.iter().zip(words).filter(|(said, word)| said.ids == word.tgt).count();
    Ok(right as f64 / words.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_all_there_and_backwards() {
        let words = words();
        assert_eq!(
            (words.len(), &words[7].src[..], &words[7].tgt[..]),
            (625, &[2, 1, 0, 0][..], &[0, 0, 1, 2, 5][..])
        );
        let mut sources: Vec<&[u32]> = words.iter().map(|word| &word.src[..]).collect();
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(sources.len(), 625);
    }
}
