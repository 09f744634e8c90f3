//! What a long run forgets, so that its memory does not grow.

use illustrated::recording::{Event, Recording};

/// Of moments after these steps, in order, the place of the one that is least missed: without it, the step from its
/// neighbour before to its neighbour after is the smallest for where it stands. The first and the last always stay, and so
/// moments come to lie the thinner the longer ago: after 1, 2, 4, 8 steps and so on.
///
/// # Panics
/// If there are fewer than three.
pub fn least_missed(steps: &[u64]) -> usize {
    assert!(steps.len() >= 3, "least_missed: {} moments have none to spare", steps.len());
    let gap = |at: usize| (steps[at + 1] + 1) as f64 / (steps[at - 1] + 1) as f64;
    (1..steps.len() - 1).min_by(|&a, &b| gap(a).total_cmp(&gap(b))).expect("there is one between")
}

/// Forgets every second event of a kind of which a recording has more than so many, until it has no more; the last stays.
///
/// # Panics
/// If not even one may stay.
pub fn thinned(recording: &mut Recording, most: usize, is_one: fn(&Event) -> bool) {
    assert!(most > 0, "thinned: the last one stays, so at most 0 cannot be");
    let count = recording.events().iter().filter(|event| is_one(event)).count();
    let mut stride = 1;
    while count.div_ceil(stride) > most {
        stride *= 2;
    }
    let mut left = count;
    recording.retain(|event| {
        if is_one(event) {
            left -= 1;
            return left.is_multiple_of(stride);
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use illustrated::recording::{About, Step};

    #[test]
    fn moments_come_to_lie_thinner_the_longer_ago() {
        let mut steps: Vec<u64> = Vec::new();
        for step in 0..10_000 {
            steps.push(step);
            if steps.len() > 16 {
                steps.remove(least_missed(&steps));
            }
        }
        assert_eq!((steps.len(), steps[0], steps[15]), (16, 0, 9_999));
        let ratios = steps.windows(2).map(|pair| (pair[1] + 1) as f64 / (pair[0] + 1) as f64);
        let widest = ratios.fold(0.0, f64::max);
        assert!(widest < 4.0, "{steps:?}");
    }

    #[test]
    fn every_second_step_is_forgotten_and_the_last_stays() {
        let is_step = |event: &Event| matches!(event, Event::Step(_));
        let mut recording = Recording::new(About::default());
        for step in 1..=101 {
            recording.push(Event::Step(Step { step, ..Step::default() }));
            thinned(&mut recording, 100, is_step);
        }
        let steps: Vec<u64> = recording.steps().iter().map(|step| step.step).collect();
        assert_eq!((steps.len(), steps[0], steps[50]), (51, 1, 101));
        // Of many at once, as often as it takes.
        for step in 102..=1001 {
            recording.push(Event::Step(Step { step, ..Step::default() }));
        }
        thinned(&mut recording, 100, is_step);
        let steps: Vec<u64> = recording.steps().iter().map(|step| step.step).collect();
        assert_eq!((steps.len(), steps.last()), (60, Some(&1001)));
    }
}
