//! A run in progress: it trains, and remembers.

use std::sync::Arc;

use illustrated::record::{Recorder, Words};
use illustrated::recording::{About, Event, Recording};
use nn::{OptimizerState, Params};
use text::TextModel;
use transformer::search::MaxLen;
use transformer::search::beam::BeamOptions;
use transformer::search::greedy::greedy;
use transformer::{Batch, Pair, StepReport};
use translate::encode::{Source, pair};
use translate::{About as Origin, Translator};

use crate::error::Error;
use crate::settings::{AnyTrainer, Run, Settings, sentence};
use crate::thinning::{least_missed, thinned};

/// So many moments of a run can be gone back to; more, and the one that is least missed is forgotten.
pub const MAX_MOMENTS: usize = 24;

/// So many steps are remembered with their losses; more, and every second is forgotten.
pub const MAX_STEPS: usize = 4096;

/// A moment that the run can go back to.
struct Moment {
    step: u64,
    params: Params,
    optimizer: OptimizerState,
}

/// The sentence whose way through the model is shown.
struct Shown {
    line: String,
    reference: Option<String>,
    /// Of a sentence without reference, the target is what the model makes of it at that moment.
    src: Vec<u32>,
    target: Option<Pair>,
}

/// A run in progress.
pub struct Session {
    settings: Settings,
    text: Arc<TextModel>,
    batch: [Batch; 1],
    pub(crate) trainer: AnyTrainer,
    recorder: Recorder<'static>,
    shown: Shown,
    moments: Vec<Moment>,
}

impl Session {
    /// A run before its first step, which is its first moment. What is shown is the last pair.
    ///
    /// # Errors
    /// As [`Settings::begin`].
    pub fn begin(settings: Settings) -> Result<Session, Error> {
        let Run { text, pairs, trainer } = settings.begin()?;
        let text = Arc::new(text);
        let batch = [Batch::new(&pairs, trainer.model.config().decoder_start, 0)?];
        let shown = Shown::of(&settings, &text, &trainer, &settings.pairs[pairs.len() - 1].0)?;
        let recorder = recorder(&settings, &text, &trainer, &shown);
        let mut session = Session { settings, text, batch, trainer, recorder, shown, moments: Vec::new() };
        session.record()?;
        Ok(session)
    }

    /// What the run is.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// From words to ids and back.
    pub fn text(&self) -> &TextModel {
        &self.text
    }

    /// What was recorded: the steps, and the moments as passes of the sentence that is shown.
    pub fn recording(&self) -> &Recording {
        self.recorder.recording()
    }

    /// Takes so many steps, all pairs in each. Of the last the norms of all parameters are recorded too.
    ///
    /// # Errors
    /// [`Error::Model`] if numbers are no longer finite; the parameters are those before that step then.
    pub fn train(&mut self, n_steps: usize) -> Result<Vec<StepReport>, Error> {
        let mut reports = Vec::with_capacity(n_steps);
        for at in 0..n_steps {
            let is_last = at + 1 == n_steps;
            let report = match is_last {
                true => self.recorder.train_step(&mut self.trainer, &self.batch)?,
                false => {
                    let report = self.trainer.train_step(&self.batch)?;
                    self.recorder.step_taken(&report);
                    report
                }
            };
            reports.push(report);
        }
        thinned(self.recorder.recording_mut(), MAX_STEPS);
        Ok(reports)
    }

    /// Makes the present a moment to come back to, and records the way of the shown sentence through the model as it is.
    ///
    /// # Errors
    /// [`Error::Model`] if numbers are not finite.
    pub fn record(&mut self) -> Result<(), Error> {
        let step = self.trainer.step();
        if self.moments.last().is_some_and(|last| last.step == step) {
            return Ok(());
        }
        let (params, optimizer) =
            (self.trainer.params.clone(), self.trainer.optimizer.state(&self.trainer.params));
        self.pass(&params, step)?;
        self.moments.push(Moment { step, params, optimizer });
        if self.moments.len() > MAX_MOMENTS {
            let steps: Vec<u64> = self.moments.iter().map(|moment| moment.step).collect();
            let gone = self.moments.remove(least_missed(&steps)).step;
            self.recorder
                .recording_mut()
                .retain(|event| !matches!(event, Event::Pass(head) if head.step == gone));
        }
        Ok(())
    }

    /// The steps after which there are moments.
    pub fn moments(&self) -> Vec<u64> {
        self.moments.iter().map(|moment| moment.step).collect()
    }

    /// Back to a moment: the run goes on from there as it did before, to the bit. What came after is forgotten.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no such moment.
    pub fn go_back(&mut self, step: u64) -> Result<(), Error> {
        let Some(at) = self.moments.iter().position(|moment| moment.step == step) else {
            let known: Vec<String> = self.moments().iter().map(u64::to_string).collect();
            return Err(Error::Settings(format!("step {step} was not kept; {} were", known.join(", "))));
        };
        let Moment { params, optimizer, .. } = &self.moments[at];
        self.trainer = self.settings.resume(&self.trainer.model, params, optimizer, step)?;
        self.moments.truncate(at + 1);
        self.recorder.recording_mut().retain(|event| match event {
            Event::Step(taken) => taken.step <= step,
            Event::Pass(head) => head.step <= step,
            _ => false,
        });
        Ok(())
    }

    /// Goes on after `step` steps, of which these were remembered, with the parameters that the trainer has: the one moment
    /// beside the beginning.
    ///
    /// # Errors
    /// [`Error::Model`] if the optimizer's memory is of another model.
    pub(crate) fn restore(
        &mut self,
        optimizer: &OptimizerState,
        step: u64,
        steps: Vec<Event>,
    ) -> Result<(), Error> {
        let params = self.trainer.params.clone();
        self.trainer = self.settings.resume(&self.trainer.model, &params, optimizer, step)?;
        steps.into_iter().for_each(|taken| self.recorder.recording_mut().push(taken));
        self.record()
    }

    /// Shows another sentence: every moment is looked at anew, as if it had been shown from the start. Returns how many of
    /// its words the model does not know.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no word in it, or too many.
    pub fn show(&mut self, line: &str) -> Result<usize, Error> {
        let shown = Shown::of(&self.settings, &self.text, &self.trainer, line)?;
        let mut recorder = recorder(&self.settings, &self.text, &self.trainer, &shown);
        for event in self.recording().events() {
            if let Event::Step(_) = event {
                recorder.recording_mut().push(event.clone());
            }
        }
        (self.shown, self.recorder) = (shown, recorder);
        let moments = std::mem::take(&mut self.moments);
        let passes: Result<(), Error> =
            moments.iter().try_for_each(|moment| self.pass(&moment.params, moment.step));
        self.moments = moments;
        passes?;
        Ok(self.text.encode_src(line).unknown)
    }

    /// The sentence that is shown.
    pub fn shown(&self) -> &str {
        &self.shown.line
    }

    /// Records how the model as it is searches for a translation of the shown sentence: greedily, and by a beam.
    ///
    /// # Errors
    /// [`Error::Record`] if numbers are not finite.
    pub fn search(&mut self, beam_size: usize) -> Result<(), Error> {
        let gone = |event: &Event| matches!(event, Event::Candidate(_) | Event::Translation(_));
        self.recorder.recording_mut().retain(|event| !gone(event));
        for beam_size in [1, beam_size.max(2)] {
            let options = BeamOptions { beam_size, top_beams: beam_size.min(3), ..BeamOptions::default() };
            self.recorder.search(&self.trainer.model, &self.trainer.params, &self.shown.src, &options)?;
        }
        Ok(())
    }

    /// What the model as it is makes of sentences, greedily; nothing of one without a word.
    ///
    /// # Errors
    /// [`Error::Model`] if numbers are not finite.
    pub fn translate(&self, lines: &[String]) -> Result<Vec<String>, Error> {
        let max_len = self.settings.model.max_len;
        let sources: Vec<Vec<u32>> =
            lines.iter().map(|line| Source::encode(&self.text, max_len, line).ids).collect();
        let said: Vec<usize> = (0..sources.len()).filter(|&at| !sources[at].is_empty()).collect();
        let some: Vec<Vec<u32>> = said.iter().map(|&at| sources[at].clone()).collect();
        let found = greedy(&self.trainer.model, &self.trainer.params, &some, MaxLen::default())?;
        let mut all = vec![String::new(); lines.len()];
        for (at, hypothesis) in said.into_iter().zip(found) {
            all[at] = self.text.decode(&hypothesis.ids);
        }
        Ok(all)
    }

    /// The model as it is, as `etudiant translate` takes it.
    ///
    /// # Errors
    /// [`Error::Translate`] for what the format does not take.
    pub fn translator(&self) -> Result<Translator, Error> {
        let recipe = self.settings.to_json();
        let about = Origin { recipe, step: self.trainer.step(), ..Origin::default() };
        Ok(Translator::new(
            self.trainer.model.clone(),
            self.trainer.params.clone(),
            Arc::clone(&self.text),
            about,
        )?)
    }

    /// The shown sentence through the model, as these parameters make it.
    fn pass(&mut self, params: &Params, step: u64) -> Result<(), Error> {
        let model = &self.trainer.model;
        let target = match &self.shown.target {
            Some(target) => target.clone(),
            None => {
                let max_len = MaxLen::default();
                let mut found = greedy(model, params, std::slice::from_ref(&self.shown.src), max_len)?;
                let tgt = found.remove(0).ids;
                Pair { src: self.shown.src.clone(), tgt }
            }
        };
        Ok(self.recorder.pass(model, params, &target, step, true)?)
    }
}

impl Shown {
    /// That line, with its translation if it is one of the pairs.
    fn of(settings: &Settings, text: &TextModel, trainer: &AnyTrainer, line: &str) -> Result<Shown, Error> {
        let architecture = &trainer.model.config().architecture;
        sentence(text.encode_src(line).ids.len(), "the sentence")?;
        let source = Source::encode(text, architecture.max_len, line);
        let reference =
            settings.pairs.iter().find(|(src, _)| src.trim() == line.trim()).map(|(_, tgt)| tgt.clone());
        let encoded = |tgt: &String| pair(architecture, &source, text.encode_tgt(tgt).ids);
        let target = reference.as_ref().map(encoded).transpose()?;
        Ok(Shown { line: line.trim().to_owned(), reference, src: source.ids, target })
    }
}

/// A recorder in which nothing has happened yet.
fn recorder(
    settings: &Settings,
    text: &Arc<TextModel>,
    trainer: &AnyTrainer,
    shown: &Shown,
) -> Recorder<'static> {
    let about = About {
        recipe: settings.to_json(),
        seed: Some(settings.seed),
        step: trainer.step(),
        sentence: shown.line.clone(),
        reference: shown.reference.clone(),
        smoothing: settings.smoothing,
        ..About::default()
    };
    Recorder::new(&trainer.model, &trainer.params, Words::of(Arc::clone(text)), about)
}
