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

use super::{N_STEPS, SEED, Toy};

/// After so many steps everything is recorded; at the last of them the parameters too.
const RECORDED: [u64; 6] = [0, 4, 8, 16, 32, N_STEPS as u64];

/// How long the words backwards are learned, on which more can be seen than on two sentences.
const N_STEPS_BACKWARDS: usize = 800;

/// Where the pictures go, and what they are drawn from.
#[derive(Debug, Default)]
pub struct Places {
    /// `--report FILE`: all of them, as one page.
    page: Option<PathBuf>,
    /// `--figures DIR`: each by itself, as SVG.
    figures: Option<PathBuf>,
    /// `--parameters`: the parameters are recorded at every recorded step, not at the last alone.
    parameters: bool,
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
    let (page, figures) = (take("--report")?, take("--figures")?);
    let at = arguments.iter().position(|argument| argument == "--parameters");
    let parameters = at.map(|at| arguments.remove(at)).is_some();
    match (&page, &figures) {
        (None, None) if parameters => Err("--parameters needs --report FILE or --figures DIR".into()),
        (None, None) => Ok(None),
        _ => Ok(Some(Places { page, figures, parameters })),
    }
}

/// A page to be.
pub struct Report<'a> {
    places: Places,
    recorder: Recorder<'a>,
    /// The sentence that is told of.
    pair: Pair,
}

impl<'a> Report<'a> {
    /// Of the model that `trainer` will train, `own` pairs among what it learns, and of one sentence.
    pub fn begin(
        places: Places,
        trainer: &Toy,
        french: &Vocabulary,
        english: &Vocabulary,
        own: &[String],
        (sentence, reference): (&str, &str),
        pair: &Pair,
    ) -> Result<Report<'a>, Box<dyn Error>> {
        let about = About {
            recipe: recipe(own),
            seed: Some(SEED),
            step: RECORDED[RECORDED.len() - 1],
            sentence: sentence.into(),
            reference: Some(reference.into()),
            digits: Some(4),
            smoothing: super::SMOOTHING,
            ..About::default()
        };
        let words = Words::whole(french.words(), english.words());
        let recorder = Recorder::new(&trainer.model, &trainer.params, words, about);
        let mut report = Report { places, recorder, pair: pair.clone() };
        report.snapshot(trainer, 0)?;
        Ok(report)
    }

    /// Takes a step, the same as without a report.
    pub fn train_step(&mut self, trainer: &mut Toy, batch: &Batch) -> Result<StepReport, Box<dyn Error>> {
        let step = self.recorder.train_step(trainer, std::slice::from_ref(batch))?;
        if RECORDED.contains(&step.step) {
            self.snapshot(trainer, step.step)?;
        }
        Ok(step)
    }

    /// The sentence on its way through the model after so many steps, and the searches for its translation.
    fn snapshot(&mut self, trainer: &Toy, step: u64) -> Result<(), Box<dyn Error>> {
        let (model, params) = (&trainer.model, &trainer.params);
        let whole = self.places.parameters || RECORDED.ends_with(&[step]);
        self.recorder.pass(model, params, &self.pair, step, whole)?;
        for (beam_size, top_beams) in [(1, 1), (4, 2)] {
            let options = BeamOptions { beam_size, top_beams, ..BeamOptions::default() };
            self.recorder.search(model, params, &self.pair.src, &options)?;
        }
        self.recorder.lengths(model, params, &self.pair.src, step, &BeamOptions::default())?;
        Ok(())
    }

    /// Trains again with one thing changed at a time, and writes the page.
    pub fn end(mut self, trainer: &Toy, training: &Training) -> Result<(), Box<dyn Error>> {
        self.recorder.variants(training)?;
        self.recorder.probes(&trainer.model, &trainer.params, &self.pair)?;
        self.recorder.unseen(&trainer.model, &trainer.params, &unseen(training.pairs))?;
        self.recorder.lesson(N_STEPS_BACKWARDS)?;
        let recording = self.recorder.finish();
        if let Some(path) = self.places.page {
            let page = page(&recording);
            write(&path, &page)?;
            let size = page.len().div_ceil(1000);
            println!("\nThe figures of this run, {size} KB: open {} in a browser.", path.display());
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

/// The command that does it again.
fn recipe(own: &[String]) -> String {
    let command = "cargo run --release --example je_suis_etudiant";
    let quoted: Vec<String> = own.iter().map(|pair| format!(" \"{pair}\"")).collect();
    if quoted.is_empty() { command.into() } else { format!("{command} --{}", quoted.concat()) }
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
