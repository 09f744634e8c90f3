//! Some hypotheses of one sentence that are kept side by side: all of a beam, or one of the groups of a diverse one.

use std::borrow::Cow;

use tensor::Element;

use super::options::{BeamOptions, Fate};
use crate::search::hypothesis::Hypothesis;
use crate::search::likeliest::{Continued, likeliest};
use crate::search::rules::SentenceRules;

/// What is the same for all groups of a sentence.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub options: &'a BeamOptions,
    pub rules: SentenceRules<'a>,
    /// How many hypotheses a group keeps.
    pub size: usize,
}

/// A hypothesis that goes on.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub ids: Vec<u32>,
    /// The sum of the model's log-probabilities.
    pub log_prob: f64,
    /// The sum of what the words are worth by the rules: `log_prob`, unless repeating costs.
    pub rank: f64,
    /// How much attention each token of the source has got in sum; empty where nobody asks.
    pub coverage: Vec<f64>,
}

/// A continuation that came into question.
#[derive(Clone, Debug)]
pub(in crate::search) struct Picked {
    /// Which of the group's hypotheses it continues.
    pub row: usize,
    pub id: u32,
    pub log_prob: f64,
    pub rank: f64,
    pub fate: Fate,
}

/// Hypotheses side by side, and those that ended.
pub(super) struct Group {
    /// Unfinished hypotheses, likeliest first: one before the first step, as many as the group keeps after it. Where
    /// there are not so many, the rest have log-probability minus infinity: they fill their rows and lead
    /// to nothing.
    pub live: Vec<Live>,
    /// The best finished ones, best first, as many at most.
    pub finished: Vec<Hypothesis>,
}

impl Group {
    /// One hypothesis, in which nothing was said yet, of a source of so many tokens, or 0 if coverage does not count.
    pub fn new(source_len: usize) -> Group {
        let nothing = Live { ids: Vec::new(), log_prob: 0.0, rank: 0.0, coverage: vec![0.0; source_len] };
        Group { live: vec![nothing], finished: Vec::new() }
    }

    /// The continuations that come into question, twice as many as are kept: each hypothesis ends in one way only, so
    /// among them there are enough that do not end. A word costs the diversity for each time that groups before this
    /// one have `said` it in this step.
    pub fn choose<T: Element>(&self, log_probs: &[T], said: &[u32], terms: &Terms) -> Vec<Picked> {
        let vocab_size = log_probs.len() / self.live.len();
        let ruled = |(live, row): (&Live, &'_ [T])| match terms.rules.ask_nothing(live.ids.len()) {
            true => None,
            false => {
                let mut ruled = row.to_vec();
                terms.rules.apply(&live.ids, &mut ruled);
                Some(ruled)
            }
        };
        let rows = || log_probs.chunks_exact(vocab_size);
        let ruled: Vec<Option<Vec<T>>> = self.live.iter().zip(rows()).map(ruled).collect();
        let ruled: Vec<&[T]> =
            ruled.iter().zip(rows()).map(|(ruled, row)| ruled.as_deref().unwrap_or(row)).collect();
        let worth: Vec<Cow<[T]>> =
            ruled.iter().map(|row| with_diversity(row, said, terms.options.diversity)).collect();
        let ranked: Vec<(&[T], f64)> =
            worth.iter().zip(&self.live).map(|(row, live)| (&row[..], live.rank)).collect();
        let mut kept = 0;
        let picked = |(place, Continued { row, id, .. }): (usize, Continued)| {
            let (live, word) = (&self.live[row], id as usize);
            let fate = if id == terms.rules.eos_id && place < terms.size {
                Fate::Finished
            } else if id != terms.rules.eos_id && kept < terms.size {
                kept += 1;
                Fate::Kept
            } else {
                Fate::Pruned
            };
            let log_prob = live.log_prob + log_probs[row * vocab_size + word].f64();
            Picked { row, id, log_prob, rank: live.rank + ruled[row][word].f64(), fate }
        };
        likeliest(2 * terms.size, &ranked).into_iter().enumerate().map(picked).collect()
    }

    /// Goes on by what was chosen, each row having attended to its source so, `[rows, src_len]`. Returns the row that
    /// each new live hypothesis came from.
    pub fn accept(&mut self, picked: &[Picked], attention: Option<&[f64]>, terms: &Terms) -> Vec<usize> {
        let (mut live, mut parents) = (Vec::with_capacity(terms.size), Vec::with_capacity(terms.size));
        for one in picked.iter().filter(|one| one.fate != Fate::Pruned) {
            let continued = self.continued(one, attention);
            match one.fate {
                Fate::Finished => self.finish(continued, terms),
                _ => {
                    live.push(continued);
                    parents.push(one.row);
                }
            }
        }
        // With fewer words than slots, and always at least one live hypothesis unless every word ends.
        let mut filler = live.first().unwrap_or(&self.live[0]).clone();
        filler.ids.resize(self.live[0].ids.len() + 1, terms.rules.eos_id);
        (filler.log_prob, filler.rank) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        parents.resize(terms.size, 0);
        live.resize(terms.size, filler);
        self.live = live;
        parents
    }

    fn continued(&self, picked: &Picked, attention: Option<&[f64]>) -> Live {
        let &Picked { row, id, log_prob, rank, .. } = picked;
        let from = &self.live[row];
        let mut coverage = from.coverage.clone();
        if let Some(attention) = attention.filter(|_| !coverage.is_empty()) {
            let src_len = attention.len() / self.live.len(); // that of the batch
            coverage.iter_mut().zip(&attention[row * src_len..]).for_each(|(sum, weight)| *sum += weight);
        }
        Live { ids: [&from.ids[..], &[id]].concat(), log_prob, rank, coverage }
    }

    fn finish(&mut self, live: Live, terms: &Terms) {
        let hypothesis = hypothesis(live, true, terms.options);
        let place = self.finished.partition_point(|other| other.score >= hypothesis.score);
        self.finished.insert(place, hypothesis);
        self.finished.truncate(terms.size);
    }

    /// Whether no live hypothesis can come into the kept finished ones, or grow.
    pub fn is_done(&self, terms: &Terms) -> bool {
        let best = self.live.iter().map(|live| live.rank).fold(f64::NEG_INFINITY, f64::max);
        let len = self.live[0].ids.len();
        if len >= terms.rules.most || best == f64::NEG_INFINITY {
            return true;
        }
        let Some(worst) = self.finished.last().filter(|_| self.finished.len() == terms.size) else {
            return false;
        };
        // Log-probabilities only fall, and the divisor is monotonic in the length: the best that the
        // likeliest live hypothesis can come to is what it has now, at the shortest or longest length. What
        // coverage adds is never positive.
        let reach = |len: usize| best / terms.options.length_penalty.divisor(len);
        terms.size == 1 || worst.score >= reach(len + 1).max(reach(terms.rules.most))
    }

    /// Those that go on, as they are, the best first.
    pub fn unfinished(&self, options: &BeamOptions) -> Vec<Hypothesis> {
        let alive = self.live.iter().filter(|live| live.rank > f64::NEG_INFINITY);
        let mut found: Vec<Hypothesis> = alive.map(|live| hypothesis(live.clone(), false, options)).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found
    }

    /// The best of all: finished, if there is one that is.
    pub fn best(&self, options: &BeamOptions) -> Option<Hypothesis> {
        self.finished.first().cloned().or_else(|| self.unfinished(options).into_iter().next())
    }
}

/// What words are worth to a group, when others have said these.
fn with_diversity<'a, T: Element>(worth: &'a [T], said: &[u32], diversity: f64) -> Cow<'a, [T]> {
    if said.is_empty() || diversity == 0.0 {
        return Cow::Borrowed(worth);
    }
    let mut worth = worth.to_vec();
    said.iter().for_each(|&id| worth[id as usize] -= T::of(diversity));
    Cow::Owned(worth)
}

/// A translation and its score: what it is ranked by over the length penalty, and the coverage penalty.
fn hypothesis(live: Live, finished: bool, options: &BeamOptions) -> Hypothesis {
    let Live { ids, log_prob, rank, coverage } = live;
    let score = rank / options.length_penalty.divisor(ids.len());
    let score = match options.coverage {
        0.0 => score,
        beta => score + beta * coverage_penalty(&coverage),
    };
    Hypothesis { ids, log_prob, score, finished }
}

/// `sum over source tokens of log(min(attention to it, 1))` (Wu et al. 2016, equation 14): 0 if the translation has
/// attended to everything, else negative.
pub(super) fn coverage_penalty(attended: &[f64]) -> f64 {
    attended.iter().map(|sum| sum.clamp(f64::MIN_POSITIVE, 1.0).ln()).sum()
}
