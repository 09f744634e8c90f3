//! `--report FILE`: the run as a page of the article's figures, drawn from its numbers.

use std::error::Error;
use std::path::PathBuf;

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

/// Takes `--report FILE` out of the arguments, if it is among them.
pub fn asked_for(arguments: &mut Vec<String>) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let Some(at) = arguments.iter().position(|argument| argument == "--report") else { return Ok(None) };
    arguments.remove(at);
    match arguments.get(at) {
        Some(_) => Ok(Some(arguments.remove(at).into())),
        None => Err("--report needs the name of the file to write".into()),
    }
}

/// A page to be.
pub struct Report<'a> {
    path: PathBuf,
    recorder: Recorder<'a>,
    /// The sentence that is told of.
    pair: Pair,
}

impl<'a> Report<'a> {
    /// Of the model that `trainer` will train, and of one sentence.
    pub fn begin(
        path: PathBuf,
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
        Ok(Report { path, recorder, pair: pair.clone() })
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
        let page = page(&self.recorder.finish());
        std::fs::write(&self.path, page).map_err(|error| format!("{}: {error}", self.path.display()))?;
        println!("\nThe figures of this run: open {} in a browser.", self.path.display());
        Ok(())
    }
}
