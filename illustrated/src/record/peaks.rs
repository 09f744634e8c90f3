//! How sharply the encoder's self-attention chooses, and how much of the gradient its softmax passes on.

use std::cell::RefCell;

use autograd::Var;
use nn::Trace;
use tensor::Tensor;

use super::sink::numbers;
use crate::recording::Fact;

/// The standard deviation of what softmax is given.
pub const SPREAD: &str = "standard deviation of the scores";
/// The largest weight of a row, on average.
pub const LARGEST: &str = "mean largest weight of a row";
/// The entropy of a row over that of equal shares, on average: 1 if all are equal, 0 if one has all.
pub const ENTROPY: &str = "mean entropy of a row, of equal shares";
/// The norm of the gradient at softmax's input over that at its output.
pub const PASSED: &str = "gradient that softmax passes on";

/// Listens to a pass.
#[derive(Default)]
pub(super) struct Peaks(RefCell<Sums>);

#[derive(Default)]
struct Sums {
    n_scores: f64,
    /// Of the scores, and of their squares.
    scores: [f64; 2],
    n_rows: f64,
    largest: f64,
    entropy: f64,
    /// Of squares: at the scores, and at the weights.
    gradients: [f64; 2],
}

impl Trace for Peaks {
    fn wants(&self, path: &str) -> bool {
        let is_seen = path.ends_with(".self_attn.scaled_scores") || path.ends_with(".self_attn.weights");
        path.starts_with("encoder.") && is_seen
    }

    fn wants_gradients(&self) -> bool {
        true
    }

    fn record(&self, path: &str, value: &Var) {
        let mut sums = self.0.borrow_mut();
        let n = value.dim(-1);
        let all: Vec<f64> = numbers(value.value()).into_iter().map(f64::from).collect();
        if path.ends_with("weights") {
            for row in all.chunks(n).filter(|row| row.len() > 1) {
                let entropy: f64 = row.iter().filter(|&&share| share > 0.0).map(|p| -p * p.ln()).sum();
                sums.n_rows += 1.0;
                sums.largest += row.iter().copied().fold(0.0, f64::max);
                sums.entropy += entropy / (n as f64).ln();
            }
        } else {
            sums.n_scores += all.len() as f64;
            sums.scores[0] += all.iter().sum::<f64>();
            sums.scores[1] += all.iter().map(|score| score * score).sum::<f64>();
        }
    }

    fn gradient(&self, path: &str, gradient: &Tensor) {
        let at = usize::from(path.ends_with("weights"));
        let squares: f64 = numbers(gradient).into_iter().map(|x| f64::from(x).powi(2)).sum();
        self.0.borrow_mut().gradients[at] += squares;
    }
}

impl Peaks {
    /// What was seen; nothing of a sentence of one word, which has nothing to choose.
    pub fn facts(&self) -> Vec<Fact> {
        let sums = self.0.borrow();
        let mean = sums.scores[0] / sums.n_scores;
        let spread = (sums.scores[1] / sums.n_scores - mean * mean).max(0.0).sqrt();
        let all = [
            (SPREAD, spread),
            (LARGEST, sums.largest / sums.n_rows),
            (ENTROPY, sums.entropy / sums.n_rows),
            (PASSED, (sums.gradients[0] / sums.gradients[1]).sqrt()),
        ];
        let known = all.into_iter().filter(|(_, value)| sums.n_rows > 0.0 && value.is_finite());
        known.map(|(name, value)| Fact { name: name.into(), value }).collect()
    }
}

/// Several measures of the same.
pub(super) mod facts {
    use crate::recording::Fact;

    /// Of each fact that the first has, the mean of all that have it.
    pub fn mean(all: &[Vec<Fact>]) -> Vec<Fact> {
        let of = |fact: &Fact| {
            let same = all.iter().flatten().filter(|other| other.name == fact.name).map(|other| other.value);
            let (sum, count) = same.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            Fact { name: fact.name.clone(), value: sum / count }
        };
        all.first().into_iter().flatten().map(of).collect()
    }
}
