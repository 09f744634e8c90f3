//! One hypothesis that goes on word by word, whatever names the next: greedy decoding, and sampling.

use tensor::{Element, Seed};

use super::draw::{SampleOptions, draw};
use super::hypothesis::Hypothesis;
use super::likeliest::likeliest;
use super::rules::SentenceRules;
use super::stream::Search;
use crate::config::Config;

/// What names the next word.
#[derive(Clone, Copy)]
pub(super) enum Next<'a> {
    /// It is the likeliest, the first among equals.
    Likeliest,
    /// It is drawn, from the sentence's own stream.
    Drawn(&'a SampleOptions, Seed),
}

/// The translation of one sentence, word by word.
pub(super) struct Walk<'a> {
    rules: SentenceRules<'a>,
    next: Next<'a>,
    hypothesis: Hypothesis,
}

impl<'a> Walk<'a> {
    pub fn new(rules: SentenceRules<'a>, next: Next<'a>) -> Walk<'a> {
        let hypothesis = Hypothesis { ids: Vec::new(), log_prob: 0.0, score: 0.0, finished: false };
        Walk { rules, next, hypothesis }
    }

    /// The translation of a sentence, drawn from the part of the stream that has this number.
    pub fn drawn(options: &'a SampleOptions, number: u64, source_len: usize, config: &Config) -> Walk<'a> {
        let rules = options.rules.of(source_len, options.max_len, config);
        Walk::new(rules, Next::Drawn(options, options.seed.derive_index(number)))
    }

    /// The next word, by what the rules have left of the log-probabilities.
    fn next<T: Element>(&self, log_probs: &[T]) -> u32 {
        match self.next {
            // Where nothing can be said, it is the end.
            Next::Likeliest => {
                likeliest(1, &[(log_probs, 0.0)]).first().map_or(self.rules.eos_id, |best| best.id)
            }
            Next::Drawn(options, seed) => {
                let log_probs: Vec<f64> = log_probs.iter().map(|log_prob| log_prob.f64()).collect();
                draw(&log_probs, options, seed.derive_index(self.so_far().len() as u64))
            }
        }
    }
}

impl Search for Walk<'_> {
    /// A word and its log-probability.
    type Choice = (u32, f64);

    fn last_ids(&self) -> impl Iterator<Item = u32> {
        self.so_far().last().copied().into_iter()
    }

    fn choose<T: Element>(&self, log_probs: &[T]) -> (u32, f64) {
        let id = if self.rules.ask_nothing(self.so_far().len()) {
            self.next(log_probs)
        } else {
            let mut ruled = log_probs.to_vec();
            self.rules.apply(self.so_far(), &mut ruled);
            self.next(&ruled)
        };
        (id, log_probs[id as usize].f64())
    }

    fn accept(&mut self, (id, log_prob): (u32, f64), _: Option<&[f64]>) -> Option<Vec<usize>> {
        let hypothesis = &mut self.hypothesis;
        hypothesis.ids.push(id);
        hypothesis.log_prob += log_prob;
        hypothesis.score = hypothesis.log_prob;
        hypothesis.finished = id == self.rules.eos_id;
        let goes_on = !hypothesis.finished && hypothesis.ids.len() < self.rules.most;
        goes_on.then(|| vec![0])
    }

    fn so_far(&self) -> &[u32] {
        &self.hypothesis.ids
    }

    fn into_found(self) -> Vec<Hypothesis> {
        vec![self.hypothesis]
    }
}
