//! Holds what backward says to the differences: every element of the Jacobian, or random directions.

use tensor::{Seed, Tensor};

use crate::gradcheck::doubt::{Disputed, Settled};
use crate::gradcheck::judge::{Pair, Verdict};
use crate::gradcheck::numeric::{Difference, Direction, LADDER, dot};
use crate::gradcheck::outputs::Values;
use crate::gradcheck::report::{InputReport, Mismatch};
use crate::gradcheck::settings::Gradcheck;
use crate::gradcheck::subject::{Subject, signed};

/// How many wrong derivatives are shown.
const WORST: usize = 5;

/// A derivative that was compared.
struct Compared {
    input: usize,
    /// Which element of the input, or which direction.
    at: usize,
    /// Which element of all outputs, or which output, of which it was a weighed sum.
    output: usize,
    pair: Pair,
}

/// What there is to compare in a direction: an output's elements weighed, and their gradient.
struct Slope<'a> {
    weights: &'a [f64],
    gradient: Vec<f64>,
}

/// What a comparison found.
pub struct Comparison {
    pub inputs: Vec<InputReport>,
    /// The worst of the wrong derivatives, the worst first.
    pub worst: Vec<Mismatch>,
}

/// A comparison under way.
pub struct Comparing<'a> {
    check: &'a Gradcheck,
    subject: &'a Subject<'a>,
    /// What the function gives.
    out: &'a Values,
    inputs: Vec<InputReport>,
    wrong: Vec<Compared>,
}

impl<'a> Comparing<'a> {
    pub fn new(check: &'a Gradcheck, subject: &'a Subject<'a>, out: &'a Values) -> Self {
        let name = |input| InputReport::new(check.input_name(input), subject.is_held(input));
        Comparing {
            check,
            subject,
            out,
            inputs: (0..subject.inputs.len()).map(name).collect(),
            wrong: vec![],
        }
    }

    /// Every derivative of every element of the result.
    pub fn full_jacobian(mut self) -> Comparison {
        // For each output the gradient of each input.
        let rows: Vec<Vec<Vec<f64>>> = (0..self.out.numel())
            .map(|output| self.subject.gradients(&one_hot(self.out, output)))
            .map(|gradients| gradients.iter().map(Tensor::to_f64_vec).collect())
            .collect();
        for input in self.subject.differentiated() {
            let x = self.subject.inputs[input].to_f64_vec();
            for element in 0..x.len() {
                let analytic = rows.iter().map(|row| row[input][element]).collect();
                let pairs = self.column(input, &x, element, analytic);
                for (output, pair) in pairs.into_iter().enumerate() {
                    self.tally(Compared { input, at: element, output, pair });
                }
            }
        }
        self.finish(|comparing, wrong| {
            let (output, index) = comparing.out.place(wrong.output);
            let weights = one_hot(comparing.out, wrong.output);
            let found = comparing.mismatch(wrong, output, wrong.at, wrong.pair, &weights);
            Mismatch { output_index: Some(index), ..found }
        })
    }

    /// The derivatives of all outputs with respect to one element.
    fn column(&self, input: usize, x: &[f64], element: usize, analytic: Vec<f64>) -> Vec<Pair> {
        let along = unit(x.len(), element);
        self.climb(&Direction { input, x, along: &along }, |difference| {
            let moved = difference.of_input[element];
            let numeric = difference.of_result.iter().map(|of_result| of_result / moved);
            analytic.iter().zip(numeric).map(|(&analytic, numeric)| Pair { analytic, numeric }).collect()
        })
    }

    /// For each input `count` random directions, each with its own weights of the elements of each output.
    pub fn directions(mut self, count: usize) -> Comparison {
        for number in 0..count {
            let weighed: Vec<(Vec<f64>, Vec<Tensor>)> = (0..self.out.0.len())
                .map(|output| self.weights(number, output))
                .map(|weights| (weights.to_f64_vec(), self.subject.gradients(&weights)))
                .collect();
            for input in self.subject.differentiated() {
                let x = self.subject.inputs[input].to_f64_vec();
                if x.is_empty() {
                    continue; // no direction to go in
                }
                let slopes: Vec<Slope> = weighed
                    .iter()
                    .map(|(weights, gradients)| Slope { weights, gradient: gradients[input].to_f64_vec() })
                    .collect();
                let along = self.along(input, number);
                let pairs = self.slopes(&Direction { input, x: &x, along: &along }, &slopes);
                for (output, pair) in pairs.into_iter().enumerate() {
                    self.tally(Compared { input, at: number, output, pair });
                }
            }
        }
        self.finish(Self::narrow)
    }

    /// The derivatives of weighed outputs in one direction.
    fn slopes(&self, direction: &Direction, slopes: &[Slope]) -> Vec<Pair> {
        self.climb(direction, |difference| {
            let pair = |slope: &Slope| Pair {
                analytic: dot(&slope.gradient, &difference.of_input),
                numeric: dot(slope.weights, &difference.of_result),
            };
            slopes.iter().map(pair).collect()
        })
    }

    /// Finds an element whose derivative is wrong: halves the elements of the direction again and again, and
    /// goes on with the half that is further off.
    fn narrow(&self, wrong: &Compared) -> Mismatch {
        let weights = self.weights(wrong.at, wrong.output);
        let gradient = self.subject.gradients(&weights)[wrong.input].to_f64_vec();
        let (x, along) = (self.subject.inputs[wrong.input].to_f64_vec(), self.along(wrong.input, wrong.at));
        let slopes = [Slope { weights: &weights.to_f64_vec(), gradient: gradient.clone() }];
        let slope = |range: &std::ops::Range<usize>| {
            let mut part = vec![0.0; along.len()];
            part[range.clone()].copy_from_slice(&along[range.clone()]);
            self.slopes(&Direction { input: wrong.input, x: &x, along: &part }, &slopes)[0]
        };
        let error = |pair: Pair| if pair.error().is_nan() { f64::INFINITY } else { pair.error() };
        let mut range = 0..x.len();
        while range.len() > 1 {
            let middle = range.start + range.len() / 2;
            let (left, right) = (range.start..middle, middle..range.end);
            range = if error(slope(&left)) >= error(slope(&right)) { left } else { right };
        }
        let element = range.start;
        let along = unit(x.len(), element);
        let pairs = self.climb(&Direction { input: wrong.input, x: &x, along: &along }, |difference| {
            let of_result = dot(&weights.to_f64_vec(), &difference.of_result);
            vec![Pair { analytic: gradient[element], numeric: of_result / difference.of_input[element] }]
        });
        self.mismatch(wrong, wrong.output, element, pairs[0], &weights)
    }

    /// Goes down the ladder of steps until everything agrees, and gives each pair at the step where it
    /// agreed best.
    fn climb(&self, direction: &Direction, pairs: impl Fn(&Difference) -> Vec<Pair>) -> Vec<Pair> {
        let mut best: Vec<Pair> = Vec::new();
        for part in LADDER {
            let found = pairs(&direction.difference(self.subject, self.check.step * part));
            best.resize(found.len(), Pair::NONE);
            for (best, found) in best.iter_mut().zip(found) {
                if best.error().is_nan() || found.error() < best.error() {
                    *best = found;
                }
            }
            if best.iter().all(|&pair| self.check.judge(pair) != Verdict::Wrong) {
                break;
            }
        }
        best
    }

    /// Counts a comparison, and keeps it if it is wrong.
    fn tally(&mut self, compared: Compared) {
        let verdict = self.check.judge(compared.pair);
        let report = &mut self.inputs[compared.input];
        report.compared += 1;
        match verdict {
            Verdict::Certified => {
                report.certified += 1;
                report.worst_relative_error = report.worst_relative_error.max(compared.pair.relative_error());
            }
            Verdict::Zero => report.zero += 1,
            Verdict::Excused => report.excused += 1,
            Verdict::Wrong => {
                report.wrong += 1;
                self.wrong.push(compared);
            }
        }
    }

    /// Describes the worst: something of every input that has wrong ones, as far as there is room, and each
    /// element once, for several directions may lead to the same.
    fn finish(mut self, describe: impl Fn(&Self, &Compared) -> Mismatch) -> Comparison {
        let mut wrong = std::mem::take(&mut self.wrong);
        wrong.sort_by(|a, b| b.pair.relative_error().total_cmp(&a.pair.relative_error()));
        let share = WORST.div_ceil(self.inputs.iter().filter(|input| input.wrong > 0).count().max(1));
        let mut worst: Vec<Mismatch> = Vec::new();
        let mut described = vec![0; self.inputs.len()];
        for wrong in &wrong {
            if worst.len() == WORST || described[wrong.input] == 2 * share {
                continue;
            }
            described[wrong.input] += 1;
            let found = describe(&self, wrong);
            let of_input = worst.iter().filter(|known| known.input == found.input).count();
            if of_input < share && !worst.iter().any(|known| known.is_at(&found)) {
                worst.push(found);
            }
        }
        Comparison { inputs: self.inputs, worst }
    }

    /// The derivative of an output, weighed so, by an element of the input.
    fn mismatch(
        &self,
        wrong: &Compared,
        output: usize,
        element: usize,
        pair: Pair,
        weights: &Tensor,
    ) -> Mismatch {
        let (input, x) = (wrong.input, self.subject.inputs[wrong.input].to_f64_vec());
        let along = unit(x.len(), element);
        let direction = Direction { input, x: &x, along: &along };
        let (smallest, weights) = (self.check.step * LADDER[LADDER.len() - 1], weights.to_f64_vec());
        let Gradcheck { step, rtol, .. } = *self.check;
        let sizes = self.out.elements().into_iter().zip(&weights).map(|(y, weight)| (y * weight).abs());
        let size = sizes.sum::<f64>() / x[element].abs().max(1.0);
        let disputed = Disputed { subject: self.subject, direction: &direction, step, rtol, size };
        let slope =
            |difference: &Difference| dot(&weights, &difference.of_result) / difference.of_input[element];
        let Settled { pair, noise, doubt } = disputed.settle(pair, slope);
        Mismatch {
            input,
            input_name: self.check.input_name(input),
            input_index: self.subject.inputs[input].shape().index_of(element),
            output: self.out.number(output),
            output_index: None,
            analytic: pair.analytic,
            numeric: pair.numeric,
            relative_error: pair.relative_error(),
            noise,
            unreached: pair.analytic == 0.0 && !self.subject.is_reached(input, output),
            kink: direction.has_kink(self.subject, smallest, &weights),
            doubt,
        }
    }

    /// How the elements of an output are weighed in the direction of that number, those of the others with zero.
    fn weights(&self, number: usize, output: usize) -> Tensor {
        self.out.only(output, &signed(self.out.shape(), self.stream("weights", number)))
    }

    /// The direction of that number in that input.
    fn along(&self, input: usize, number: usize) -> Vec<f64> {
        let seed = self.stream("direction", number).derive_index(input as u64);
        signed(self.subject.inputs[input].shape(), seed).to_f64_vec()
    }

    fn stream(&self, name: &str, number: usize) -> Seed {
        self.check.seed.derive(name).derive_index(number as u64)
    }
}

/// 1 at one element of the joined outputs, 0 elsewhere.
fn one_hot(out: &Values, element: usize) -> Tensor {
    Tensor::from_vec(unit(out.numel(), element), out.shape())
}

fn unit(len: usize, element: usize) -> Vec<f64> {
    let mut unit = vec![0.0; len];
    unit[element] = 1.0;
    unit
}
