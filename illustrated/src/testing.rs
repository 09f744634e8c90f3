//! A recording to draw from: a small model that learned the article's sentences.

use std::sync::OnceLock;

use nn::Noam;
use tensor::{DType, Seed};
use transformer::search::beam::BeamOptions;
use transformer::{Config, Pair, TrainOptions, Transformer, VocabSizes};

use crate::record::variants::Training;
use crate::record::{Recorder, Words};
use crate::recording::{About, Recording};

/// The recording; made once, for it takes a moment.
pub fn toy() -> &'static Recording {
    static TOY: OnceLock<Recording> = OnceLock::new();
    TOY.get_or_init(record)
}

fn record() -> Recording {
    let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<String>>();
    let (french, english) =
        (words(&["merci", "je", "suis", "étudiant"]), words(&["a", "am", "i", "thanks", "student", "<eos>"]));
    let pairs =
        [Pair { src: vec![0], tgt: vec![3, 5] }, Pair { src: vec![1, 2, 3], tgt: vec![2, 1, 0, 4, 5] }];
    let config = Config::toy(VocabSizes::Separate { src: 4, tgt: 6 }).with_symbols(5, None);
    let schedule = Noam { factor: 0.05, d_model: config.architecture.d_model, warmup_steps: 20 };
    let options = TrainOptions { smoothing: 0.1, ..TrainOptions::default() };
    let training = Training { config, pairs: &pairs, seed: Seed::new(1), options, schedule, n_steps: 64 };
    let mut trainer = training.trainer().expect("sensible options");
    let about = About {
        recipe: "the article's two sentences".into(),
        seed: Some(1),
        step: 64,
        sentence: "je suis étudiant".into(),
        reference: Some("i am a student".into()),
        digits: Some(4),
        smoothing: 0.1,
        ..About::default()
    };
    let mut recorder = Recorder::new(&trainer.model, &trainer.params, Words::whole(&french, &english), about);
    let batch = training.batch().expect("two pairs");
    for step in 0..=64u64 {
        if [0, 4, 8, 16, 32, 64].contains(&step) {
            let whole = step == 64;
            let (model, params, pair) = (&trainer.model, &trainer.params, &pairs[1]);
            recorder.pass(model, params, pair, step, whole).expect("ids of the vocabulary");
            for beam_size in [1, 4] {
                let options =
                    BeamOptions { beam_size, top_beams: beam_size.min(2), ..BeamOptions::default() };
                recorder.search(model, params, &pair.src, &options).expect("a source");
            }
            recorder.lengths(model, params, &pair.src, step, &BeamOptions::default()).expect("a source");
        }
        if step < 64 {
            recorder.train_step(&mut trainer, std::slice::from_ref(&batch)).expect("it converges");
        }
    }
    recorder.variants(&training).expect("variants train");
    recorder.probes(&trainer.model, &trainer.params, &pairs[1]).expect("ids of the vocabulary");
    recorder
        .unseen(&trainer.model, &trainer.params, &[vec![3, 2, 1], vec![1, 2]])
        .expect("ids of the vocabulary");
    recorder.lesson(8).expect("words backwards train");
    recorder.finish()
}

/// Holds every cell of a drawing to the recording, as who reads only its attributes finds it, with controls at their
/// first choice. Returns how many cells there were.
///
/// # Panics
/// If a cell shows another number, or one that is not recorded.
#[track_caller]
pub fn checked(recording: &Recording, drawing: &str) -> usize {
    let passes = recording.passes();
    let mut count = 0;
    for matrix in drawing.split("<g class=\"matrix ").skip(1) {
        let of = |name: &str| attribute(matrix.split_once('>').unwrap().0, name);
        let number = |name: &str| of(name).map_or(0, |value| value.parse::<usize>().unwrap());
        let pass = of("data-pass").map_or(passes.len() - 1, |pass| pass.parse().unwrap());
        let path = of("data-path").unwrap().replace("{layer}", "0");
        let pass = &passes[pass];
        let array = match of("data-of") {
            Some(_) => pass.gradient(&path).cloned().or_else(|| pass.output_gradient(&path)),
            None => pass.value(&path).cloned().or_else(|| pass.output(&path)),
        };
        let array = array.unwrap_or_else(|| panic!("{path} is not recorded"));
        for cell in matrix.split("<g class=\"cell ").skip(1) {
            let at = |name: &str| attribute(cell, name).unwrap().parse::<usize>().unwrap();
            let index =
                number("data-start") + at("data-r") * number("data-row") + at("data-c") * number("data-col");
            let text =
                cell.split_once("<text").unwrap().1.split_once('>').unwrap().1.split_once('<').unwrap().0;
            // A weight is masked where its score is minus infinity; it says so, and is nothing.
            let is_masked = cell.split('>').next().is_some_and(|tag| tag.contains(" data-masked"));
            let expected = match array.data[index] {
                f32::NEG_INFINITY => "masked".into(),
                0.0 if is_masked => "masked".into(),
                number if of("data-of").is_some() => crate::look::number::small(number),
                number => crate::look::short(number),
            };
            assert_eq!(text, expected, "{path}[{index}]");
            count += 1;
        }
    }
    count
}

/// Holds every text that says of which events its number is to the recording: `data-at` is a field of an event, less that
/// of `data-minus` or over that of `data-over`; `data-norm-of` are fields, and the number the root of the sum of their squares. Returns how many.
///
/// # Panics
/// If one shows another number, or one that is not recorded.
#[track_caller]
pub fn checked_events(recording: &Recording, drawing: &str) -> usize {
    let field = |at: &str| -> f64 {
        let (event, path) = at.split_once('.').unwrap();
        let event = serde_json::to_value(&recording.events()[event.parse::<usize>().unwrap()]).unwrap();
        let found = event.pointer(&format!("/{}", path.replace('.', "/")));
        found.and_then(serde_json::Value::as_f64).unwrap_or_else(|| panic!("no number at {at}"))
    };
    let mut count = 0;
    for (tag, rest) in drawing.split("<text").skip(1).map(|text| text.split_once('>').unwrap()) {
        let one = attribute(tag, "data-at").map(|at| field(&at));
        let all = || -> Option<f64> {
            let squares = |at: &str| field(at).powi(2);
            Some(attribute(tag, "data-norm-of")?.split(' ').map(squares).sum::<f64>().sqrt())
        };
        let Some(number) = one.or_else(all) else { continue };
        let number = number - attribute(tag, "data-minus").map_or(0.0, |at| field(&at));
        let number = number / attribute(tag, "data-over").map_or(1.0, |at| field(&at));
        let expected = [crate::look::short(number as f32), crate::look::chart::plain(number)];
        let text = rest.split_once('<').unwrap().0;
        assert!(expected.iter().any(|expected| expected == text), "{tag}: {text}, not {expected:?}");
        count += 1;
    }
    count
}

/// The value of an attribute of a tag.
pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1;
    Some(value.split_once('"')?.0.to_owned())
}

/// A recording of an untrained model, changed so, and of one pass over sentences of so many words, all of them long.
pub fn recorded(change: impl FnOnce(&mut transformer::Architecture), n_words: usize) -> Recording {
    recorded_of(change, n_words, 9)
}

/// The same with a vocabulary of that size.
///
/// # Panics
/// If there is no such model.
pub fn recorded_of(
    change: impl FnOnce(&mut transformer::Architecture),
    n_words: usize,
    n_vocab: usize,
) -> Recording {
    let config = Config::toy(VocabSizes::Shared(n_vocab)).with(change);
    let words: Vec<String> = (0..n_vocab).map(|id| format!("一个很长的词 and a long word {id}")).collect();
    let ids: Vec<u32> = (0..n_words as u32).map(|at| 3 + at % (n_vocab as u32 - 3)).collect();
    recorded_pair(&config, &words, &Pair { src: ids.clone(), tgt: ids }, true)
}

/// A recording of one pass of an untrained model over a pair, whose tokens are these words, in both languages.
///
/// # Panics
/// If there is no such model, or it does not take the pair.
pub fn recorded_pair(config: &Config, words: &[String], pair: &Pair, with_parameters: bool) -> Recording {
    let (model, params) =
        Transformer::new(config, Seed::new(1), DType::F32).expect("a sensible configuration");
    let mut recorder = Recorder::new(&model, &params, Words::whole(words, words), About::default());
    recorder.pass(&model, &params, pair, 0, with_parameters).expect("ids of the vocabulary");
    recorder.finish()
}
