//! A moment of the run as a recording that ends there: what a page shows.

use illustrated::record::Recorder;
use illustrated::recording::{About, Event, Recording};

use crate::error::Error;
use crate::session::{Session, is_until};
use crate::shown::options;

/// How many hypotheses the search keeps that is shown beside the greedy one.
const BEAM: usize = 4;

impl Session {
    /// The moments that a view of one of them shows: the first, one half way, and itself.
    ///
    /// # Errors
    /// [`Error::Settings`] if that moment was not kept.
    pub fn seen_from(&self, step: u64) -> Result<Vec<u64>, Error> {
        let steps = &self.moments()[..=self.moment(step)?];
        let half_way = steps.iter().min_by_key(|at| at.abs_diff(step / 2)).copied();
        let mut seen: Vec<u64> = steps.first().copied().into_iter().chain(half_way).chain([step]).collect();
        seen.dedup();
        Ok(seen)
    }

    /// The run as it was after a step, as a recording: its steps, the shown sentence at [`Session::seen_from`], and, if it is
    /// asked for, the search for its translation.
    ///
    /// # Errors
    /// [`Error::Settings`] if that moment was not kept; [`Error::Record`] if numbers are not finite.
    pub fn view(&mut self, step: u64, with_search: bool) -> Result<Recording, Error> {
        let seen = self.seen_from(step)?;
        // Of the others nobody looks at the numbers: they take the most room.
        self.moments
            .iter_mut()
            .filter(|moment| !seen.contains(&moment.step))
            .for_each(|moment| moment.pass = None);
        let mut events = Vec::new();
        for &one in &seen {
            events.extend(self.pass(one)?);
        }
        if with_search {
            events.extend(self.search(step)?);
        }
        let recorder =
            self.shown.recorder(self.settings(), &self.text, &self.trainer.model, &self.trainer.params);
        let optimizer = self.steps().about().optimizer.clone();
        let about = About { step, optimizer, ..recorder.recording().about().clone() };
        let mut recording = Recording::new(about);
        let until = |event: &&Event| is_until(event, step);
        self.steps().events().iter().filter(until).for_each(|event| recording.push(event.clone()));
        events.into_iter().for_each(|event| recording.push(event));
        Ok(recording)
    }

    /// The last moment whose numbers are still finite: its figures can be drawn.
    pub fn last_good(&mut self) -> Option<u64> {
        self.moments().into_iter().rev().find(|&step| self.pass(step).is_ok())
    }

    /// The shown sentence on its way through the model after a step.
    fn pass(&mut self, step: u64) -> Result<Vec<Event>, Error> {
        let at = self.moment(step)?;
        if self.moments[at].pass.is_none() {
            let (model, params) = (&self.trainer.model, &self.moments[at].params);
            let mut recorder = self.shown.recorder(self.settings(), &self.text, model, params);
            recorder.pass(model, params, &self.shown.pair(model, params)?, step, true)?;
            self.moments[at].pass = Some(happened(recorder));
        }
        Ok(self.moments[at].pass.clone().unwrap_or_default())
    }

    /// The search for its translation, greedily and by a beam.
    fn search(&mut self, step: u64) -> Result<Vec<Event>, Error> {
        let at = self.moment(step)?;
        if self.moments[at].search.is_none() {
            let (model, params) = (&self.trainer.model, &self.moments[at].params);
            let mut recorder = self.shown.recorder(self.settings(), &self.text, model, params);
            for beam_size in [1, BEAM] {
                recorder.search(model, params, &self.shown.src, &options(beam_size))?;
            }
            self.moments[at].search = Some(happened(recorder));
        }
        Ok(self.moments[at].search.clone().unwrap_or_default())
    }
}

/// What was recorded beside what it is about.
fn happened(recorder: Recorder) -> Vec<Event> {
    recorder.finish().events()[1..].to_vec()
}
