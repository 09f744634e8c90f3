//! `--report FILE` and `--figures DIR`: the run as the article's figures, drawn from its numbers.

use std::error::Error;
use std::path::{Path, PathBuf};

use etudiant::illustrated::figures;
use etudiant::illustrated::record::variants::Training;
use etudiant::illustrated::record::{Recorder, Words};
use etudiant::illustrated::recording::About;
use etudiant::illustrated::report::page;
use etudiant::text::Vocabulary;
use etudiant::transformer::search::beam::BeamOptions;
use etudiant::transformer::{Batch, Pair, StepReport};

use super::Toy;

/// After so many steps everything is recorded; at the last of them the parameters too.
const RECORDED: [u64; 6] = [0, 4, 8, 16, 32, 64];

/// How long the words backwards are learned, on which more can be seen than on two sentences.
const N_STEPS_BACKWARDS: usize = 400;

/// Where the pictures go.
#[derive(Debug, Default)]
pub struct Places {
    /// `--report FILE`: all of them, as one page.
    page: Option<PathBuf>,
    /// `--figures DIR`: each by itself, as SVG.
    figures: Option<PathBuf>,
}

/// Takes what says where pictures go out of the arguments; nothing, if nothing does.
pub fn asked_for(arguments: &mut Vec<String>) -> Result<Option<Places>, Box<dyn Error>> {
    let mut take = |name: &str| -> Result<Option<PathBuf>, String> {
        let Some(at) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
        arguments.remove(at);
        match arguments.get(at) {
            Some(_) => Ok(Some(arguments.remove(at).into())),
            None => Err(format!("{name} needs the name of what to write")),
        }
    };
    let places = Places { page: take("--report")?, figures: take("--figures")? };
    Ok((places.page.is_some() || places.figures.is_some()).then_some(places))
}

/// A page to be.
pub struct Report<'a> {
    places: Places,
    recorder: Recorder<'a>,
    /// The sentence that is told of.
    pair: Pair,
}

impl<'a> Report<'a> {
    /// Of the model that `trainer` will train, and of one sentence.
    pub fn begin(
        places: Places,
        trainer: &Toy,
        french: &Vocabulary,
        english: &Vocabulary,
        (sentence, reference): (&str, &str),
        pair: &Pair,
    ) -> Result<Report<'a>, Box<dyn Error>> {
        let about = About {
            recipe: "cargo run --release --example je_suis_etudiant".into(),
            seed: Some(1),
            step: RECORDED[RECORDED.len() - 1],
            sentence: sentence.into(),
            reference: Some(reference.into()),
            digits: Some(4),
            smoothing: super::SMOOTHING,
            ..About::default()
        };
        let words = Words::whole(french.words(), english.words());
        let mut recorder = Recorder::new(&trainer.model, &trainer.params, words, about);
        recorder.pass(&trainer.model, &trainer.params, pair, 0, false)?;
        Ok(Report { places, recorder, pair: pair.clone() })
    }

    /// Takes a step, the same as without a report.
    pub fn train_step(&mut self, trainer: &mut Toy, batch: &Batch) -> Result<StepReport, Box<dyn Error>> {
        let step = self.recorder.train_step(trainer, std::slice::from_ref(batch))?;
        if RECORDED.contains(&step.step) {
            let is_last = RECORDED.ends_with(&[step.step]);
            self.recorder.pass(&trainer.model, &trainer.params, &self.pair, step.step, is_last)?;
        }
        Ok(step)
    }

    /// Translates, trains again with one thing changed at a time, and writes the page.
    pub fn end(mut self, trainer: &Toy, training: &Training) -> Result<(), Box<dyn Error>> {
        for (beam_size, top_beams) in [(1, 1), (4, 2)] {
            let options = BeamOptions { beam_size, top_beams, ..BeamOptions::default() };
            self.recorder.search(&trainer.model, &trainer.params, &self.pair.src, &options)?;
        }
        self.recorder.variants(training)?;
        self.recorder.probes(&trainer.model, &trainer.params, &self.pair)?;
        self.recorder.unseen(&trainer.model, &trainer.params, &unseen(training.pairs))?;
        self.recorder.lesson(N_STEPS_BACKWARDS)?;
        let recording = self.recorder.finish();
        if let Some(path) = self.places.page {
            write(&path, &page(&recording))?;
            println!("\nThe figures of this run: open {} in a browser.", path.display());
        }
        if let Some(folder) = self.places.figures {
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            for figure in figures::all(&recording) {
                write(&folder.join(figure.id).with_extension("svg"), &figure.svg())?;
            }
        }
        Ok(())
    }
}

/// Sources that are not among those of the pairs, made of their words: the last one's in other orders and numbers, and the
/// words of the first before it.
fn unseen(pairs: &[Pair]) -> Vec<Vec<u32>> {
    let (Some(first), Some(last)) = (pairs.first(), pairs.last()) else { return Vec::new() };
    let src = &last.src;
    let mut turned = src.clone();
    turned.reverse();
    let mut swapped = src.clone();
    swapped.rotate_left(1);
    let all = [
        turned,
        swapped,
        src[..src.len() - 1].to_vec(),
        src[src.len() - 1..].to_vec(),
        [&first.src[..], src].concat(),
    ];
    let is_new = |source: &Vec<u32>| !source.is_empty() && pairs.iter().all(|pair| pair.src != *source);
    let mut found: Vec<Vec<u32>> = Vec::new();
    for source in all.into_iter().filter(is_new) {
        if !found.contains(&source) {
            found.push(source);
        }
    }
    found
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
