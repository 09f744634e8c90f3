//! A recording of a translator: what it makes of one sentence.

use nn::Rule;
use transformer::Pair;
use transformer::search::beam::BeamOptions;
use translate::encode::pair;
use translate::{SearchSettings, Translator};

use super::unseen::{SHORTENED, shortened};
use super::{Recorder, Words, followed};
use crate::error::Error;
use crate::recording::{About, Event, Recording, Validated};

/// Models of more parameters than this are recorded without them, unless they are asked for.
pub const MAX_PARAMETERS: usize = 2_000_000;

/// What to record of a translator.
#[derive(Clone, Debug)]
pub struct Options {
    /// A right translation; without it the loss is that of the translation found.
    pub reference: Option<String>,
    /// To how many significant digits numbers are recorded; to all of theirs, if nothing is said.
    pub digits: Option<u32>,
    /// Whether the parameters are recorded; if nothing is said, those of a model of at most [`MAX_PARAMETERS`].
    pub with_parameters: Option<bool>,
    /// The seed of the training, if it is known.
    pub seed: Option<u64>,
    /// The share of each label that was spread evenly over the vocabulary in training.
    pub smoothing: f64,
    /// The rule of the training's steps, if it is known.
    pub optimizer: Option<Rule>,
    /// Whether changed models and untrained ones are measured beside this one, as they are unless told otherwise.
    pub with_probes: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            reference: None,
            digits: None,
            with_parameters: None,
            seed: None,
            smoothing: 0.0,
            optimizer: None,
            with_probes: true,
        }
    }
}

/// The translation of a sentence, as the translator searches unless told otherwise and greedily: the search, and a pass
/// over the sentence and its reference, forward and backward.
///
/// # Errors
/// [`Error::Sentence`] if there is no token in the sentence or in its reference; [`Error::Model`] and
/// [`Error::Translate`] if the model does not take it.
pub fn record(translator: &Translator, sentence: &str, options: &Options) -> Result<Recording, Error> {
    let (model, params, text) = (translator.model(), translator.params(), translator.text());
    let source = translator.encode(sentence);
    if source.ids.is_empty() {
        return Err(Error::Sentence(format!("{sentence:?}: there is no word in it to translate")));
    }
    let about = About {
        recipe: translator.about().recipe.clone(),
        seed: options.seed,
        step: translator.about().step,
        sentence: sentence.to_owned(),
        reference: options.reference.clone(),
        digits: options.digits,
        smoothing: options.smoothing,
        optimizer: options.optimizer.and_then(followed::recorded).map(Box::new),
        ..About::default()
    };
    let mut recorder = Recorder::new(model, params, Words::of(text), about);
    for validated in &translator.about().history {
        let (step, nll, bleu) = (validated.step, validated.nll, validated.bleu);
        recorder.recording.push(Event::Validated(Validated { step, nll, bleu }));
    }
    // Greedily and by a beam, the paper's if the translator has none; its own way last.
    let own = translator.search();
    let other = if own.beam > 1 { 1 } else { BeamOptions::default().beam_size };
    for beam in [other, own.beam] {
        let options = SearchSettings { beam, ..own.clone() }.options(beam.min(3));
        recorder.search(model, params, &source.ids, &options)?;
    }
    let target = match &options.reference {
        Some(reference) => words_of(reference, text.encode_tgt(reference).ids)?,
        None => found(recorder.recording(), model.config().eos_id),
    };
    let pair: Pair = pair(&model.config().architecture, &source, target)?;
    let with_parameters = options.with_parameters.unwrap_or(params.numel() <= MAX_PARAMETERS);
    recorder.pass(model, params, &pair, translator.about().step, with_parameters)?;
    if options.with_probes {
        recorder.lengths(model, params, &source.ids, translator.about().step, &own.options(1))?;
        recorder.probes(model, params, &pair)?;
        recorder.deep_stacks(&model.config().architecture, &pair)?;
        let sentences = shortened(sentence);
        let sources: Vec<Vec<u32>> = sentences.iter().map(|one| translator.encode(one).ids).collect();
        recorder.said_of(model, params, SHORTENED, sentences, &sources)?;
    }
    Ok(recorder.finish())
}

/// The ids of a reference, of which there must be some.
fn words_of(reference: &str, ids: Vec<u32>) -> Result<Vec<u32>, Error> {
    let nothing = || {
        format!("{reference:?}: there is no word in this reference; without one, the translation is taken")
    };
    if ids.is_empty() { Err(Error::Sentence(nothing())) } else { Ok(ids) }
}

/// The ids of the translation that was found, without the end.
fn found(recording: &Recording, eos_id: u32) -> Vec<u32> {
    let tokens = recording.translation().into_iter().flat_map(|found| &found.tokens);
    tokens.filter_map(|token| token.id).filter(|&id| id != eos_id).collect()
}

#[cfg(test)]
mod tests {
    use tensor::{DType, Seed};
    use text::{TextKind, TextModel, TextSettings};
    use transformer::{Config, Transformer};
    use translate::encode::vocab_sizes;

    use super::*;

    #[test]
    fn probes_are_made_unless_told_otherwise() {
        let settings = TextSettings { kind: TextKind::Words, ..TextSettings::default() };
        let text = TextModel::learn(&settings, [("je suis étudiant", "i am a student")].into_iter()).unwrap();
        let (model, params) =
            Transformer::new(&Config::toy(vocab_sizes(&text)), Seed::new(1), DType::F32).unwrap();
        let about = translate::About { step: 5, ..translate::About::default() };
        let translator = Translator::new(model, params, text, about).unwrap();
        let recorded = |options: Options| record(&translator, "je suis", &options).unwrap();
        let (all, fewer) =
            (recorded(Options::default()), recorded(Options { with_probes: false, ..Options::default() }));
        assert!(all.variants().len() > 5 && fewer.variants().is_empty());
        assert_eq!((fewer.passes().len(), fewer.about().step), (all.passes().len(), 5));
    }
}
