//! Learning rates over the steps of a run.
//!
//! The schedules here depend on the step number, counted from 1, and on nothing else: a resumed run needs no
//! state. The exception is [`ReduceOnPlateau`], which answers to the losses it is shown. The paper's schedule
//! is [`Noam`]; the names are those under which fairseq, tensor2tensor and PyTorch know them.

/// The learning rate of each step. `Send`, because a step runs on a thread of the pool.
pub trait Schedule: Send {
    /// The learning rate of a step, counted from 1.
    fn learning_rate(&self, step: u64) -> f64;

    /// Shows the schedule a validation loss. All but [`ReduceOnPlateau`] ignore it.
    fn observe(&mut self, _loss: f64) {}
}

/// A schedule chosen while the program runs: `Box<dyn Schedule>`.
impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn learning_rate(&self, step: u64) -> f64 {
        (**self).learning_rate(step)
    }

    fn observe(&mut self, loss: f64) {
        (**self).observe(loss);
    }
}

/// The same rate at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    /// The rate.
    pub learning_rate: f64,
}

impl Schedule for Constant {
    fn learning_rate(&self, _step: u64) -> f64 {
        self.learning_rate
    }
}

/// `factor · d_model^-1/2 · min(step^-1/2, step · warmup_steps^-3/2)` (Vaswani et al. 2017, §5.3, eq. 3).
///
/// Rises linearly for `warmup_steps`, then falls with the inverse square root; the peak, at
/// `step = warmup_steps`, is `factor / sqrt(d_model · warmup_steps)`.
///
/// ```
/// use nn::{Noam, Schedule};
///
/// let paper = Noam { factor: 1.0, d_model: 512, warmup_steps: 4000 };
/// assert!((paper.learning_rate(4000) - 6.99e-4).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noam {
    /// Multiplies the whole; 1 in the paper, 2 in the later tensor2tensor recipes.
    pub factor: f64,
    /// The width of the model.
    pub d_model: usize,
    /// The steps of linear rise; 4000 in the paper.
    pub warmup_steps: u64,
}

impl Schedule for Noam {
    fn learning_rate(&self, step: u64) -> f64 {
        let (step, warmup_steps) = (step as f64, self.warmup_steps as f64);
        let rise_or_fall = step.powf(-0.5).min(step * warmup_steps.powf(-1.5));
        self.factor * (self.d_model as f64).powf(-0.5) * rise_or_fall
    }
}

/// Linear from `initial` to `peak` over `warmup_steps`, then `peak · sqrt(warmup_steps / step)`: fairseq's
/// `inverse_sqrt`, which is [`Noam`] with the peak said outright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSqrt {
    /// The rate at `step = warmup_steps`.
    pub peak: f64,
    /// The steps of linear rise. 0 counts as 1.
    pub warmup_steps: u64,
    /// Where the rise begins, at the step before the first.
    pub initial: f64,
}

impl Schedule for InverseSqrt {
    fn learning_rate(&self, step: u64) -> f64 {
        let warmup_steps = self.warmup_steps.max(1);
        if step < warmup_steps {
            warm_up(self.initial, self.peak, step, warmup_steps)
        } else {
            self.peak * (warmup_steps as f64 / step as f64).sqrt()
        }
    }
}

/// Linear from 0 to `peak` over `warmup_steps`, then half a cosine wave down to `min` at `total_steps`:
/// `min + (peak - min) · (1 + cos(π · (step - warmup_steps) / (total_steps - warmup_steps))) / 2`
/// (Loshchilov & Hutter 2017, SGDR, eq. 5, without restarts). After `total_steps` it stays at `min`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// The rate at `step = warmup_steps`.
    pub peak: f64,
    /// The rate from `total_steps` on.
    pub min: f64,
    /// The steps of linear rise.
    pub warmup_steps: u64,
    /// The step at which the fall ends.
    pub total_steps: u64,
}

impl Schedule for Cosine {
    fn learning_rate(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return warm_up(0.0, self.peak, step, self.warmup_steps);
        }
        if step >= self.total_steps {
            return self.min;
        }
        let fall_steps = (self.total_steps - self.warmup_steps) as f64;
        let progress = (step - self.warmup_steps) as f64 / fall_steps; // 0 to 1
        self.min + 0.5 * (self.peak - self.min) * (1.0 + (std::f64::consts::PI * progress).cos())
    }
}

/// The straight line from `initial` at step 0 to `peak` at `warmup_steps`.
fn warm_up(initial: f64, peak: f64, step: u64, warmup_steps: u64) -> f64 {
    initial + (peak - initial) * step as f64 / warmup_steps as f64
}

/// Multiplies the rate by `factor` when more than `patience` observed losses in a row bring no improvement
/// (PyTorch's `ReduceLROnPlateau` in its relative mode, without cooldown).
///
/// A loss is an improvement if it is below `best · (1 - threshold)`; NaN never is. All fields are public
/// so that a run can save the state and go on from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// The present rate.
    pub learning_rate: f64,
    /// What the rate is multiplied by, below 1.
    pub factor: f64,
    /// How many observations without improvement are put up with.
    pub patience: u32,
    /// The relative improvement that counts.
    pub threshold: f64,
    /// The rate never falls below this.
    pub min: f64,
    /// The best loss so far; infinite at the start.
    pub best: f64,
    /// Observations since the last improvement or reduction.
    pub stale: u32,
}

impl ReduceOnPlateau {
    /// Starts at `learning_rate`, with PyTorch's defaults for the rest: a tenth after more than 10
    /// observations without a relative improvement of 1e-4.
    pub fn new(learning_rate: f64) -> Self {
        ReduceOnPlateau {
            learning_rate,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            min: 0.0,
            best: f64::INFINITY,
            stale: 0,
        }
    }
}

impl Schedule for ReduceOnPlateau {
    fn learning_rate(&self, _step: u64) -> f64 {
        self.learning_rate
    }

    fn observe(&mut self, loss: f64) {
        if loss < self.best * (1.0 - self.threshold) {
            self.best = loss;
            self.stale = 0;
            return;
        }
        self.stale += 1;
        if self.stale > self.patience {
            self.learning_rate = (self.learning_rate * self.factor).max(self.min);
            self.stale = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn noam_peaks_at_the_end_of_warm_up() {
        let noam = Noam { factor: 2.0, d_model: 64, warmup_steps: 100 };
        assert_relative_eq!(noam.learning_rate(100), 2.0 / (64.0f64 * 100.0).sqrt(), max_relative = 1e-15);
        assert_relative_eq!(noam.learning_rate(1), 2.0 / 8.0 / 1000.0, max_relative = 1e-14);
        assert_relative_eq!(noam.learning_rate(400), noam.learning_rate(100) / 2.0, max_relative = 1e-14);
        assert!((1..1000).all(|step| noam.learning_rate(step) <= noam.learning_rate(100)));
        let without = Noam { warmup_steps: 0, ..noam };
        assert_relative_eq!(without.learning_rate(4), 2.0 / 8.0 / 2.0);
    }

    #[test]
    fn inverse_sqrt_is_noam_with_its_peak_said_outright() {
        let noam = Noam { factor: 1.0, d_model: 256, warmup_steps: 50 };
        let schedule = InverseSqrt { peak: noam.learning_rate(50), warmup_steps: 50, initial: 0.0 };
        for step in 1..500 {
            assert_relative_eq!(schedule.learning_rate(step), noam.learning_rate(step), max_relative = 1e-12);
        }
        let from = InverseSqrt { peak: 5.0, warmup_steps: 4, initial: 1.0 };
        let rates: Vec<f64> = (1..=4).chain([16]).map(|step| from.learning_rate(step)).collect();
        assert_eq!(rates, [2.0, 3.0, 4.0, 5.0, 2.5]);
        assert_eq!(InverseSqrt { warmup_steps: 0, ..from }.learning_rate(1), 5.0);
    }

    #[test]
    fn cosine_falls_through_the_middle_to_its_minimum() {
        let cosine = Cosine { peak: 1.0, min: 0.2, warmup_steps: 10, total_steps: 110 };
        for (step, expected) in [(1, 0.1), (5, 0.5), (10, 1.0), (60, 0.6), (110, 0.2), (1000, 0.2)] {
            assert_relative_eq!(cosine.learning_rate(step), expected, max_relative = 1e-12);
        }
        let quarter = 0.2 + 0.4 * (1.0 + std::f64::consts::FRAC_1_SQRT_2);
        assert_relative_eq!(cosine.learning_rate(35), quarter, max_relative = 1e-12);
        assert_eq!(Cosine { warmup_steps: 0, ..cosine }.learning_rate(110), 0.2);
        assert_eq!(Cosine { total_steps: 0, ..cosine }.learning_rate(10), 0.2);
    }

    #[test]
    fn a_plateau_is_more_than_patience_without_improvement() {
        let mut plateau = ReduceOnPlateau { factor: 0.5, patience: 2, min: 0.2, ..ReduceOnPlateau::new(1.0) };
        let mut rates = Vec::new();
        for loss in [3.0, 2.0, 2.0, 1.9999, f64::NAN, 1.0, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5] {
            plateau.observe(loss);
            rates.push(plateau.learning_rate(1));
        }
        let expected = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2];
        assert_eq!(rates, expected);
        assert_eq!(plateau.best, 1.0);
    }

    #[test]
    fn a_schedule_can_be_chosen_at_run_time() {
        fn rates(mut schedule: impl Schedule) -> Vec<f64> {
            let mut rate = |step: u64| {
                schedule.observe(1.0);
                schedule.learning_rate(step)
            };
            (1..30).map(&mut rate).collect()
        }
        let noam = Noam { factor: 2.0, d_model: 64, warmup_steps: 10 };
        let plateau = ReduceOnPlateau::new(1.0);
        let boxed: [Box<dyn Schedule>; 2] = [Box::new(noam), Box::new(plateau)];
        assert_eq!(boxed.map(rates), [rates(noam), rates(plateau)]);
        assert!(rates(plateau).last() < Some(&1.0), "what it is shown reaches it");
    }

    #[test]
    fn constant_ignores_steps_and_losses() {
        let mut constant = Constant { learning_rate: 0.3 };
        constant.observe(9.0);
        assert_eq!(constant.learning_rate(1), constant.learning_rate(1_000_000));
    }
}
