//! A run in progress: it trains, and remembers moments that it can go back to.

use std::sync::Arc;

use illustrated::record::Recorder;
use illustrated::recording::{Event, Recording, Validated};
use nn::{OptimizerState, Params};
use text::TextModel;
use transformer::{Batch, Pair, StepReport, Trainer, evaluate};
use translate::encode::Source;
use translate::{About as Origin, Translator};

use crate::error::Error;
use crate::settings::{AnyTrainer, Run, Settings};
use crate::shown::{self, Shown};
use crate::thinning::{least_missed, thinned};

/// So many moments of a run can be gone back to, if they fit; more, and the one that is least missed is forgotten.
pub const MAX_MOMENTS: usize = 24;

/// So much memory may the moments take, in bytes; two are kept in any case.
const MAX_MOMENT_BYTES: usize = 256 << 20;

/// So many steps are remembered with their losses; more, and every second is forgotten.
pub const MAX_STEPS: usize = 4096;

/// So many validations are remembered; more, and every second is forgotten.
pub const MAX_VALIDATIONS: usize = 1024;

/// A validation goes through the model in batches of so many words a side.
const VALIDATED_AT_ONCE: usize = 1024;

/// A moment that the run can go back to.
pub(crate) struct Moment {
    pub step: u64,
    pub params: Params,
    pub optimizer: OptimizerState,
    /// The shown sentence on its way through the model, once somebody looked.
    pub pass: Option<Vec<Event>>,
    /// The search for its translation, once somebody looked.
    pub search: Option<Vec<Event>>,
}

/// A run in progress.
pub struct Session {
    settings: Settings,
    pub(crate) text: Arc<TextModel>,
    batch: [Batch; 1],
    held_out: Vec<Pair>,
    unknown: usize,
    pub(crate) trainer: AnyTrainer,
    /// Of the steps and validations alone; what is seen of a moment is recorded when somebody looks.
    steps: Recorder<'static>,
    pub(crate) shown: Shown,
    pub(crate) moments: Vec<Moment>,
}

impl Session {
    /// A run before its first step, which is its first moment. What is shown is the last pair.
    ///
    /// # Errors
    /// As [`Settings::begin`].
    pub fn begin(settings: Settings) -> Result<Session, Error> {
        let Run { text, pairs, held_out, unknown, trainer } = settings.begin()?;
        let text = Arc::new(text);
        let batch = [Batch::new(&pairs, trainer.model.config().decoder_start, 0)?];
        let shown = Shown::of(&settings, &text, &trainer.model, &settings.pairs[pairs.len() - 1].0)?;
        let steps = shown.recorder(&settings, &text, &trainer.model, &trainer.params);
        let moments = Vec::new();
        let mut session =
            Session { settings, text, batch, held_out, unknown, trainer, steps, shown, moments };
        session.validate()?;
        session.remember();
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

    /// How many words of what is held out are in no pair that is learned.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// The steps that were taken and are remembered, and the validations.
    pub fn steps(&self) -> &Recording {
        self.steps.recording()
    }

    /// Takes so many steps, all pairs in each. Of the last the norms of all parameters are recorded too, and it becomes a
    /// moment, at which what is held out is tried.
    ///
    /// # Errors
    /// [`Error::Model`] if numbers are no longer finite: the run stands before that step then.
    pub fn train(&mut self, n_steps: usize) -> Result<Vec<StepReport>, Error> {
        let mut reports = Vec::with_capacity(n_steps);
        for _ in 1..n_steps {
            let report = self.trainer.train_step(&self.batch)?;
            self.steps.step_taken(&report);
            reports.push(report);
        }
        reports.push(self.steps.train_step(&mut self.trainer, &self.batch)?);
        thinned(self.steps.recording_mut(), MAX_STEPS, |event| matches!(event, Event::Step(_)));
        self.validate()?;
        self.remember();
        Ok(reports)
    }

    /// The loss on what is held out, without smoothing and dropout; nothing of the run depends on it. If it is no longer
    /// finite, there is none.
    fn validate(&mut self) -> Result<(), Error> {
        if self.held_out.is_empty() {
            return Ok(());
        }
        let Trainer { model, params, .. } = &self.trainer;
        let nll = evaluate(model, params, &self.held_out, VALIDATED_AT_ONCE, 0.0)?.nll();
        if nll.is_finite() {
            let found = Validated { step: self.trainer.step(), nll, bleu: None };
            self.steps.recording_mut().push(Event::Validated(found));
            let is_one = |event: &Event| matches!(event, Event::Validated(_));
            thinned(self.steps.recording_mut(), MAX_VALIDATIONS, is_one);
        }
        Ok(())
    }

    /// Makes the present a moment to come back to.
    fn remember(&mut self) {
        let (step, params) = (self.trainer.step(), self.trainer.params.clone());
        let optimizer = self.trainer.optimizer.state(&params);
        self.moments.push(Moment { step, params, optimizer, pass: None, search: None });
        let most = (MAX_MOMENT_BYTES / self.moment_bytes()).clamp(2, MAX_MOMENTS);
        if self.moments.len() > most.max(2) {
            let steps = self.moments();
            self.moments.remove(least_missed(&steps));
        }
    }

    /// So many bytes has a moment: parameters, and two moments of Adam.
    pub(crate) fn moment_bytes(&self) -> usize {
        3 * size_of::<f32>() * self.trainer.params.numel()
    }

    /// The steps after which there are moments.
    pub fn moments(&self) -> Vec<u64> {
        self.moments.iter().map(|moment| moment.step).collect()
    }

    /// The place of the moment after that step.
    pub(crate) fn moment(&self, step: u64) -> Result<usize, Error> {
        let at = self.moments.iter().position(|moment| moment.step == step);
        at.ok_or_else(|| {
            let known: Vec<String> = self.moments().iter().map(u64::to_string).collect();
            Error::Settings(format!("step {step} was not kept; {} were", known.join(", ")))
        })
    }

    /// Back to a moment: the run goes on from there as it did before, to the bit. What came after is forgotten.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no such moment.
    pub fn go_back(&mut self, step: u64) -> Result<(), Error> {
        let at = self.moment(step)?;
        let Moment { params, optimizer, .. } = &self.moments[at];
        self.trainer = self.settings.resume(&self.trainer.model, params, optimizer, step)?;
        self.moments.truncate(at + 1);
        self.steps.recording_mut().retain(|event| is_until(event, step));
        Ok(())
    }

    /// Goes on after `step` steps, of which these and these validations were remembered, with the parameters that the trainer has: the one moment
    /// beside the beginning.
    ///
    /// # Errors
    /// [`Error::Model`] if the optimizer's memory is of another model.
    pub(crate) fn restore(
        &mut self,
        optimizer: &OptimizerState,
        step: u64,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), Error> {
        let params = self.trainer.params.clone();
        self.trainer = self.settings.resume(&self.trainer.model, &params, optimizer, step)?;
        self.steps.recording_mut().retain(|_| false);
        events.into_iter().for_each(|event| self.steps.recording_mut().push(event));
        self.moments.retain(|moment| moment.step < step);
        self.remember();
        Ok(())
    }

    /// Makes a moment of this run that was kept one to come back to again.
    ///
    /// # Errors
    /// [`Error::Settings`] if it does not lie before the present, or is there.
    pub(crate) fn recall(&mut self, moment: Moment) -> Result<(), Error> {
        let step = moment.step;
        if step >= self.trainer.step() || self.moment(step).is_ok() {
            return Err(Error::Settings(format!("the moment after step {step} is none before this run's")));
        }
        let at = self.moments.partition_point(|before| before.step < step);
        self.moments.insert(at, moment);
        Ok(())
    }

    /// Shows another sentence, at every moment. Returns how many of its words the model does not know.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no word in it, or too many.
    pub fn show(&mut self, line: &str) -> Result<usize, Error> {
        self.shown = Shown::of(&self.settings, &self.text, &self.trainer.model, line)?;
        self.moments.iter_mut().for_each(|moment| (moment.pass, moment.search) = (None, None));
        Ok(self.text.encode_src(line).unknown)
    }

    /// The sentence that is shown.
    pub fn shown(&self) -> &str {
        &self.shown.line
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
        let found = shown::said(&self.trainer.model, &self.trainer.params, &some)?;
        let mut all = vec![String::new(); lines.len()];
        for (at, ids) in said.into_iter().zip(found) {
            all[at] = self.text.decode(&ids);
        }
        Ok(all)
    }

    /// The model as it is, as `etudiant translate` takes it.
    ///
    /// # Errors
    /// [`Error::Translate`] for what the format does not take.
    pub fn translator(&self) -> Result<Translator, Error> {
        let about =
            Origin { recipe: self.settings.to_json(), step: self.trainer.step(), ..Origin::default() };
        let (model, params) = (self.trainer.model.clone(), self.trainer.params.clone());
        Ok(Translator::new(model, params, Arc::clone(&self.text), about)?)
    }
}

/// Whether a step or a validation was there after so many steps.
pub(crate) fn is_until(event: &Event, step: u64) -> bool {
    match event {
        Event::Step(taken) => taken.step <= step,
        Event::Validated(found) => found.step <= step,
        _ => false,
    }
}
