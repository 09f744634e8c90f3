//! The followed weights of a recording, and which of their steps are shown.

use crate::recording::{Event, Followed, Recording, Step};

/// A followed weight, with every step that has it.
pub(super) struct Weight<'a> {
    pub steps: Vec<At<'a>>,
}

/// A weight at a step, and where that stands in the recording.
pub(super) struct At<'a> {
    pub event: usize,
    place: usize,
    pub step: &'a Step,
    pub of: &'a Followed,
}

impl At<'_> {
    /// The place of a field of the weight.
    pub fn field(&self, field: &str) -> String {
        format!("{}.step.followed.{}.{field}", self.event, self.place)
    }
}

/// The followed weights, in the order of the first step that has some.
pub(super) fn weights(recording: &Recording) -> Vec<Weight<'_>> {
    let steps = recording.events().iter().enumerate().filter_map(|(event, one)| match one {
        Event::Step(step) => Some((event, step)),
        _ => None,
    });
    let mut weights: Vec<Weight> = Vec::new();
    for (event, step) in steps {
        for (place, of) in step.followed.iter().enumerate() {
            let at = At { event, place, step, of };
            let is_same = |weight: &&mut Weight| {
                let first = weight.steps[0].of;
                (&first.parameter, &first.index) == (&of.parameter, &of.index)
            };
            match weights.iter_mut().find(is_same) {
                Some(weight) => weight.steps.push(at),
                None => weights.push(Weight { steps: vec![at] }),
            }
        }
    }
    weights
}

/// The step that is shown with each pass, as a condition and the number of its event: the last before the pass, or the
/// first. Without passes the last step, unconditionally.
pub(super) fn shown_steps(recording: &Recording, weight: &Weight) -> Vec<(String, usize)> {
    let mut shown: Vec<(String, usize)> = Vec::new();
    for pass in recording.passes() {
        let after = pass.head().step;
        let before = weight.steps.iter().rfind(|at| at.step.step <= after).unwrap_or(&weight.steps[0]);
        let condition = format!(" step={after}");
        if shown.iter().all(|(other, _)| *other != condition) {
            shown.push((condition, before.event));
        }
    }
    if shown.is_empty() {
        shown.extend(weight.steps.last().map(|at| (String::new(), at.event)));
    }
    shown
}
