//! The followed weights of a recording, and which of their steps are shown.

use crate::recording::{Event, Followed, Pass, Recording, Step};

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

impl<'a> Weight<'a> {
    /// The step that is shown with each pass: the last before it, or the first. Without passes the last step alone.
    pub fn shown(&self, passes: &[Pass]) -> Vec<&At<'a>> {
        let before = |pass: &Pass| {
            let mut steps = self.steps.iter();
            steps.rfind(|at| at.step.step <= pass.head().step).unwrap_or(&self.steps[0])
        };
        if passes.is_empty() {
            self.steps.last().into_iter().collect()
        } else {
            passes.iter().map(before).collect()
        }
    }
}
