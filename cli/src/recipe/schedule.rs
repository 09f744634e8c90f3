//! The learning rate of a run, chosen by name, and what a stopped run must remember of it.

use nn::{Constant, Cosine, InverseSqrt, Noam, ReduceOnPlateau, Schedule};
use serde::{Deserialize, Serialize};

/// The learning rate of each step; the names are those of [`nn::schedule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum ScheduleSettings {
    Constant {
        learning_rate: f64,
    },
    Noam {
        factor: f64,
        warmup_steps: u64,
    },
    InverseSqrt {
        peak: f64,
        warmup_steps: u64,
        #[serde(default)]
        initial: f64,
    },
    Cosine {
        peak: f64,
        #[serde(default)]
        min: f64,
        warmup_steps: u64,
        /// 0, or left out: the last step of the run as it began.
        #[serde(default)]
        total_steps: u64,
    },
    ReduceOnPlateau {
        learning_rate: f64,
        factor: f64,
        patience: u32,
        #[serde(default = "threshold")]
        threshold: f64,
        #[serde(default)]
        min: f64,
    },
}

fn threshold() -> f64 {
    1e-4
}

impl ScheduleSettings {
    /// The fall of a schedule after whose end the rate stays where it is.
    pub fn fall(&mut self) -> Option<Fall<'_>> {
        use ScheduleSettings as Settings;
        match self {
            &mut Settings::Cosine { warmup_steps, ref mut total_steps, .. } => {
                Some(Fall { warmup_steps, total_steps })
            }
            Settings::Constant { .. } | Settings::Noam { .. } | Settings::InverseSqrt { .. } => None,
            Settings::ReduceOnPlateau { .. } => None,
        }
    }

    /// The schedule of a model `d_model` wide, before its first step.
    pub fn build(&self, d_model: usize) -> LearningRate {
        use ScheduleSettings as Settings;
        match *self {
            Settings::Constant { learning_rate } => {
                LearningRate::OfStep(Box::new(Constant { learning_rate }))
            }
            Settings::Noam { factor, warmup_steps } => {
                LearningRate::OfStep(Box::new(Noam { factor, d_model, warmup_steps }))
            }
            Settings::InverseSqrt { peak, warmup_steps, initial } => {
                LearningRate::OfStep(Box::new(InverseSqrt { peak, warmup_steps, initial }))
            }
            Settings::Cosine { peak, min, warmup_steps, total_steps } => {
                LearningRate::OfStep(Box::new(Cosine { peak, min, warmup_steps, total_steps }))
            }
            Settings::ReduceOnPlateau { learning_rate, factor, patience, threshold, min } => {
                let plain = ReduceOnPlateau::new(learning_rate);
                LearningRate::Plateau(ReduceOnPlateau { factor, patience, threshold, min, ..plain })
            }
        }
    }
}

/// Where a schedule that falls to an end begins to fall, and where it ends.
pub struct Fall<'a> {
    /// The steps of rise before it.
    pub warmup_steps: u64,
    /// The step at which it ends; 0: the last one of the run.
    pub total_steps: &'a mut u64,
}

/// A schedule that depends on the step alone, or one that answers to validation losses and so has a memory.
pub enum LearningRate {
    /// Nothing to remember.
    OfStep(Box<dyn Schedule>),
    /// Remembers a [`Plateau`].
    Plateau(ReduceOnPlateau),
}

/// What [`ReduceOnPlateau`] remembers; saved with a run, so that it goes on as it would have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// The present rate.
    pub learning_rate: f64,
    /// The best loss so far; none before the first.
    pub best: Option<f64>,
    /// Validations since the last improvement.
    pub stale: u32,
}

impl LearningRate {
    /// What it remembers, if anything.
    pub fn memory(&self) -> Option<Plateau> {
        let LearningRate::Plateau(plateau) = self else { return None };
        let ReduceOnPlateau { learning_rate, best, stale, .. } = *plateau;
        Some(Plateau { learning_rate, best: best.is_finite().then_some(best), stale })
    }

    /// Goes on from what it remembered.
    pub fn restore(&mut self, memory: Option<Plateau>) {
        if let (LearningRate::Plateau(plateau), Some(Plateau { learning_rate, best, stale })) = (self, memory)
        {
            let best = best.unwrap_or(f64::INFINITY);
            *plateau = ReduceOnPlateau { learning_rate, best, stale, ..*plateau };
        }
    }
}

impl Schedule for LearningRate {
    fn learning_rate(&self, step: u64) -> f64 {
        match self {
            LearningRate::OfStep(schedule) => schedule.learning_rate(step),
            LearningRate::Plateau(plateau) => plateau.learning_rate(step),
        }
    }

    fn observe(&mut self, loss: f64) {
        match self {
            LearningRate::OfStep(schedule) => schedule.observe(loss),
            LearningRate::Plateau(plateau) => plateau.observe(loss),
        }
    }
}
