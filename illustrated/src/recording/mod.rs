//! What happened: one stream of events, in the order in which they happened, and the file that keeps it.
//!
//! ```text
//! {"format": "etudiant recording", "version": 1, "events": [
//!   {"about": {"program": "..", "recipe": "..", "seed": 1, "architecture": {..}, "parameters": [..], ..}},
//!   {"step": {"step": 1, "loss": 1.9, "learning_rate": 0.001, "norms": [..], ..}},
//!   {"pass": {"step": 1, "src": [..], "tgt_in": [..], "tgt_out": [..], ..}},
//!   {"value": {"path": "encoder.embedded", "shape": [3, 64], "data": [..]}},
//!   {"gradient": {"path": "encoder.embedded", "shape": [3, 64], "data": [..]}},
//!   {"output": {"position": 0, "words": [..], ..}},
//!   {"candidate": {"step": 1, "text": "i", "log_prob": -0.01, "fate": "kept", ..}},
//!   {"translation": {"text": "i am a student", ..}}
//! ]}
//! ```
//!
//! Values, gradients and outputs belong to the pass before them, and so do searches: those before all passes to the
//! first. Paths are those of the parameters: `decoder.layers.1.cross_attn.weights`; parameters are values too. In the encoder's self-attention, `weighted_values` are
//! the values times their weights, where these are few; `padded.masked_scores` and `padded.weights`, of its first layer, are
//! those of the words when the sentence is padded by [`N_PADDED`](event::N_PADDED) places. A number that is `null` is minus
//! infinity: a score that was masked. A step of Adam has single weights too, `followed` through all steps. What each field
//! is, [`event`] and [`training`] say.

pub mod event;
mod file;
mod outputs;
mod pass;
pub mod search;
#[cfg(test)]
mod tests;
pub mod training;
mod unit;

pub use event::{
    About, Array, Candidate, Event, Fact, Fate, LengthPenalty, Output, Parameter, PassHead, PenaltyKind,
    Said, Token, Translation, Variant,
};
pub use pass::Pass;
pub use search::Search;
pub use training::{Followed, Norms, OptimizerRule, Step, Validated};
pub use unit::Unit;

use event::select;

/// What happened. A recording begins with [`About`].
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    events: Vec<Event>,
}

impl Recording {
    /// A recording of what this is about, in which nothing has happened yet.
    pub fn new(about: About) -> Recording {
        Recording { events: vec![Event::About(about)] }
    }

    /// Adds what happened next. A step or a pass says how far the training has come.
    pub fn push(&mut self, event: Event) {
        let reached = match &event {
            Event::Step(Step { step, .. }) | Event::Pass(PassHead { step, .. }) => Some(*step),
            _ => None,
        };
        if let (Some(step), Event::About(about)) = (reached, &mut self.events[0]) {
            about.step = step;
        }
        self.events.push(event);
    }

    /// Keeps of what happened what `keep` says, and what it is about. What belongs to a pass goes with it.
    pub fn retain(&mut self, mut keep: impl FnMut(&Event) -> bool) {
        let mut is_of_kept_pass = true;
        self.events.retain(|event| match event {
            Event::About(_) => true,
            Event::Pass(_) => {
                is_of_kept_pass = keep(event);
                is_of_kept_pass
            }
            Event::Value(_) | Event::Gradient(_) | Event::Output(_) => is_of_kept_pass,
            _ => keep(event),
        });
    }

    /// The same without the numbers of the parameters, which take the most room of short sentences' recordings.
    #[must_use]
    pub fn without_parameters(&self) -> Recording {
        let is_parameter = |path: &str| self.about().parameters.iter().any(|one| one.name == path);
        let is_kept = |event: &&Event| !matches!(event, Event::Value(array) if is_parameter(&array.path));
        Recording { events: self.events.iter().filter(is_kept).cloned().collect() }
    }

    /// All that happened, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Which model, and where it comes from.
    ///
    /// # Panics
    /// Never: every recording begins so.
    pub fn about(&self) -> &About {
        match &self.events[0] {
            Event::About(about) => about,
            _ => unreachable!("a recording begins with what it is about"),
        }
    }

    /// Says by which rule the steps change the weights.
    pub(crate) fn set_optimizer(&mut self, rule: Option<OptimizerRule>) {
        if let Event::About(about) = &mut self.events[0] {
            about.optimizer = rule.map(Box::new);
        }
    }

    /// The passes, in order, each with what belongs to it.
    pub fn passes(&self) -> Vec<Pass<'_>> {
        let starts = self.starts();
        let ends = starts.iter().skip(1).copied().chain([self.events.len()]);
        starts.iter().zip(ends).map(|(&start, end)| Pass::new(&self.events[start..end])).collect()
    }

    /// Where the passes begin.
    fn starts(&self) -> Vec<usize> {
        let is_pass = |&(_, event): &(usize, &Event)| matches!(event, Event::Pass(_));
        self.events.iter().enumerate().filter(is_pass).map(|(at, _)| at).collect()
    }

    /// The last pass, of the model as it is now.
    pub fn last_pass(&self) -> Option<Pass<'_>> {
        self.passes().pop()
    }

    /// The steps of training.
    pub fn steps(&self) -> Vec<&Step> {
        select(&self.events, |event| if let Event::Step(step) = event { Some(step) } else { None })
    }

    /// The validations, in order.
    pub fn validations(&self) -> Vec<&Validated> {
        select(&self.events, |event| if let Event::Validated(found) = event { Some(found) } else { None })
    }

    /// The trainings with one thing changed.
    pub fn variants(&self) -> Vec<&Variant> {
        select(&self.events, |event| if let Event::Variant(variant) = event { Some(variant) } else { None })
    }

    /// The candidates of the search, step by step and likeliest first.
    pub fn candidates(&self) -> Vec<&Candidate> {
        select(
            &self.events,
            |event| if let Event::Candidate(candidate) = event { Some(candidate) } else { None },
        )
    }

    /// The searches for a translation, in order.
    pub fn searches(&self) -> Vec<Search<'_>> {
        Search::all(&self.events)
    }

    /// Of each pass, the searches of the model as it was then: those after it and before the next, and of the first pass
    /// those before it too. Without a pass, all are of one.
    pub fn searches_by_pass(&self) -> Vec<Vec<Search<'_>>> {
        let starts = self.starts();
        let mut by_pass = vec![Vec::new(); starts.len().max(1)];
        for search in self.searches() {
            let first = search.candidates.first().map_or(0, |(event, _)| *event);
            let passed = starts.partition_point(|start| *start < first);
            by_pass[passed.saturating_sub(1)].push(search);
        }
        by_pass
    }

    /// The best translation of the last search, which is the model's own.
    pub fn translation(&self) -> Option<&Translation> {
        self.searches().pop()?.translations.first().map(|(_, found)| *found)
    }

    /// What the searches found, in their order, each best first.
    pub fn translations(&self) -> Vec<&Translation> {
        select(&self.events, |event| if let Event::Translation(found) = event { Some(found) } else { None })
    }
}
