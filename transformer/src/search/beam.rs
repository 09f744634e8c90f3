//! Beam search: several unfinished translations side by side (Vaswani et al. 2017, §6.1; Wu et al. 2016, §7).
//!
//! At every step each live hypothesis is continued by every word. Of these candidates the `beam_size`
//! likeliest are looked at: those that end with `<eos>` are finished and leave; the beam is then filled
//! with the likeliest that do not end, so that finished hypotheses occupy no live slot. The search of a
//! sentence ends when no live hypothesis can still beat the worst of the `beam_size` finished ones that are
//! kept, not at the first `<eos>`.
//!
//! A beam of one is greedy decoding: there is no second hypothesis to wait for, so the first end is the end.
//! Sums of log-probabilities fall with every word, which a [`LengthPenalty`] sets right.

use nn::Params;
use tensor::threads::on_worker;

use super::decoding::Decoding;
use super::hypothesis::{Hypothesis, MaxLen};
use super::length_penalty::LengthPenalty;
use crate::error::Error;
use crate::model::Transformer;

/// How wide and how long to search.
#[derive(Clone, Debug, PartialEq)]
pub struct BeamOptions {
    /// How many unfinished hypotheses are kept at every step.
    pub beam_size: usize,
    /// How many translations are returned for each sentence, best first; at most `beam_size`.
    pub top_beams: usize,
    /// How lengths are made comparable.
    pub length_penalty: LengthPenalty,
    /// How long a translation may be.
    pub max_len: MaxLen,
    /// Tokens that are not said: `<pad>`, say. `<bos>` never is.
    pub never: Vec<u32>,
}

/// The paper's settings: a beam of 4, alpha 0.6, source length + 50; one translation returned.
impl Default for BeamOptions {
    fn default() -> Self {
        BeamOptions {
            beam_size: 4,
            top_beams: 1,
            length_penalty: LengthPenalty::Gnmt { alpha: 0.6 },
            max_len: MaxLen::default(),
            never: Vec::new(),
        }
    }
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on living, or is returned unfinished when the search ends.
    Kept,
    /// It ended with `<eos>` and is finished.
    Finished,
    /// Others were likelier, or the search ended without it.
    Pruned,
}

/// A live hypothesis continued by one word.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The sentence, as an index of the sources.
    pub sentence: usize,
    /// The tokens, the new one last.
    pub ids: Vec<u32>,
    /// The sum of their log-probabilities.
    pub log_prob: f64,
    /// What became of it.
    pub fate: Fate,
}

/// Translates each source, returning its `top_beams` best translations, best first.
///
/// # Errors
/// If an option is out of range, the parameters are of another model, an id is not in the source vocabulary, a
/// sequence is longer than learned positions reach, or the model's output is not finite.
pub fn beam_search(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    beam_search_observed(model, params, sources, options, |_| ())
}

/// As [`beam_search`], showing `observe` the candidates of each step that came into question (twice the
/// beam), sentence by sentence and likeliest first, with what became of them. `Send`, because the search runs on
/// a thread of the pool.
///
/// # Errors
/// As [`beam_search`].
pub fn beam_search_observed(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    mut observe: impl FnMut(&Candidate) + Send,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    check(options)?;
    on_worker(|| search(model, params, sources, options, &mut observe))
}

/// The search itself, its options having been checked.
fn search(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    observe: &mut impl FnMut(&Candidate),
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let (vocab_size, eos_id) = (model.config().tgt_vocab_size, model.config().eos_id);
    let new_beam = |(sentence, source): (usize, &Vec<u32>)| {
        Beam::new(sentence, options.max_len.of(source, &model.config().architecture))
    };
    let mut beams: Vec<Beam> = sources.iter().enumerate().map(new_beam).collect();
    let mut live: Vec<usize> = (0..beams.len()).collect(); // which beams are in the batch, in its order
    let mut decoding = Decoding::begin(model, params, sources, &options.never)?;
    while !live.is_empty() {
        let last: Vec<u32> = live.iter().flat_map(|&beam| beams[beam].last_ids()).collect();
        let log_probs = decoding.step(&last)?; // [rows, vocab_size]
        let rows_per_beam = beams[live[0]].live.len();
        let (mut sentences, mut rows, mut going_on) = (Vec::new(), Vec::new(), Vec::new());
        for (place, log_probs) in log_probs.chunks_exact(rows_per_beam * vocab_size).enumerate() {
            let beam = &mut beams[live[place]];
            let parents = beam.advance(log_probs, vocab_size, eos_id, options, observe);
            if !beam.is_done(options) {
                sentences.push(place as u32);
                rows.extend(parents.iter().map(|parent| (place * rows_per_beam + parent) as u32));
                going_on.push(live[place]);
            }
        }
        decoding.select(&sentences, &rows);
        live = going_on;
    }
    Ok(beams.into_iter().map(|beam| beam.into_best(options)).collect())
}

/// The widest beam. More is a mistake: every hypothesis takes a row of the batch and of all it remembers.
pub const MAX_BEAM_SIZE: usize = 10_000;

fn check(options: &BeamOptions) -> Result<(), Error> {
    let &BeamOptions { beam_size, top_beams, length_penalty, .. } = options;
    if !(1..=MAX_BEAM_SIZE).contains(&beam_size) {
        return Err(Error::Config(format!("beam_size is {beam_size}; it must be in 1..={MAX_BEAM_SIZE}")));
    }
    if !(1..=beam_size).contains(&top_beams) {
        return Err(Error::Config(format!(
            "top_beams is {top_beams}; it must be in 1..={beam_size}, the beam_size"
        )));
    }
    if !length_penalty.alpha().is_finite() {
        return Err(Error::Config(format!("the length penalty's alpha is {}", length_penalty.alpha())));
    }
    Ok(())
}

/// The search of one sentence.
struct Beam {
    sentence: usize,
    max_len: usize,
    /// Unfinished hypotheses, likeliest first: one before the first step, `beam_size` after it. Where
    /// there are not so many, the rest have log-probability minus infinity: they fill their rows and lead
    /// to nothing.
    live: Vec<(Vec<u32>, f64)>,
    /// The best finished ones, best first, `beam_size` at most.
    finished: Vec<Hypothesis>,
}

impl Beam {
    fn new(sentence: usize, max_len: usize) -> Beam {
        Beam { sentence, max_len, live: vec![(Vec::new(), 0.0)], finished: Vec::new() }
    }

    /// The token to say next in each row; none before the first.
    fn last_ids(&self) -> impl Iterator<Item = u32> {
        self.live.iter().filter_map(|(ids, _)| ids.last().copied())
    }

    /// Continues every live hypothesis by every word, `log_probs` being `[live, vocab_size]`. Returns the
    /// row that each new live hypothesis came from.
    fn advance(
        &mut self,
        log_probs: &[f64],
        vocab_size: usize,
        eos_id: u32,
        options: &BeamOptions,
        observe: &mut impl FnMut(&Candidate),
    ) -> Vec<usize> {
        let likeliest = self.likeliest(2 * options.beam_size, log_probs, vocab_size);
        let (mut live, mut parents, mut candidates) = (Vec::new(), Vec::new(), Vec::new());
        for (rank, (row, id, log_prob)) in likeliest.into_iter().enumerate() {
            let ids = [&self.live[row].0[..], &[id]].concat();
            let fate = if id == eos_id && rank < options.beam_size {
                Fate::Finished
            } else if id != eos_id && live.len() < options.beam_size {
                Fate::Kept
            } else {
                Fate::Pruned
            };
            match fate {
                Fate::Finished => self.finish(ids.clone(), log_prob, options),
                Fate::Kept => {
                    live.push((ids.clone(), log_prob));
                    parents.push(row);
                }
                Fate::Pruned => {}
            }
            candidates.push(Candidate { sentence: self.sentence, ids, log_prob, fate });
        }
        // With fewer words than slots, and always at least one live hypothesis unless every word ends.
        let filler =
            live.first().map_or_else(|| vec![eos_id; self.live[0].0.len() + 1], |(ids, _)| ids.clone());
        parents.resize(options.beam_size, 0);
        live.resize(options.beam_size, (filler, f64::NEG_INFINITY));
        self.live = live;
        self.show(candidates, options, observe);
        parents
    }

    /// Shows the candidates of a step. If it was the last, those that live are kept only if they are returned.
    fn show(&self, candidates: Vec<Candidate>, options: &BeamOptions, observe: &mut impl FnMut(&Candidate)) {
        let places = options.top_beams.saturating_sub(self.finished.len());
        let mut left = if self.is_done(options) { places } else { usize::MAX };
        for mut candidate in candidates {
            if candidate.fate == Fate::Kept {
                candidate.fate = if left > 0 { Fate::Kept } else { Fate::Pruned };
                left = left.saturating_sub(1);
            }
            observe(&candidate);
        }
    }

    /// The `count` likeliest continuations (row, id, log_prob), in order; equals by row, then by word. Each
    /// row ends in one way only, so among twice the beam there are enough that do not end.
    fn likeliest(&self, count: usize, log_probs: &[f64], vocab_size: usize) -> Vec<(usize, u32, f64)> {
        let mut best: Vec<(usize, u32, f64)> = Vec::with_capacity(count + 1); // in order
        let mut least = f64::NEG_INFINITY; // what a continuation must be above to be among them
        for (row, (log_probs, (_, so_far))) in log_probs.chunks_exact(vocab_size).zip(&self.live).enumerate()
        {
            for (id, log_prob) in log_probs.iter().enumerate() {
                let log_prob = so_far + log_prob;
                if log_prob <= least {
                    continue; // of equals, the first stays
                }
                let place = best.partition_point(|(.., other)| *other >= log_prob);
                best.insert(place, (row, id as u32, log_prob));
                best.truncate(count);
                if best.len() == count {
                    least = best[count - 1].2;
                }
            }
        }
        best
    }

    fn finish(&mut self, ids: Vec<u32>, log_prob: f64, options: &BeamOptions) {
        let score = log_prob / options.length_penalty.divisor(ids.len());
        let place = self.finished.partition_point(|other| other.score >= score);
        self.finished.insert(place, Hypothesis { ids, log_prob, score, finished: true });
        self.finished.truncate(options.beam_size);
    }

    /// Whether no live hypothesis can come into the kept finished ones, or grow.
    fn is_done(&self, options: &BeamOptions) -> bool {
        let (ids, log_prob) = &self.live[0];
        if ids.len() >= self.max_len || *log_prob == f64::NEG_INFINITY {
            return true;
        }
        let Some(worst) = self.finished.last().filter(|_| self.finished.len() == options.beam_size) else {
            return false;
        };
        // Log-probabilities only fall, and the divisor is monotonic in the length: the best that the
        // likeliest live hypothesis can come to is what it has now, at the shortest or longest length.
        let reach = |len: usize| log_prob / options.length_penalty.divisor(len);
        options.beam_size == 1 || worst.score >= reach(ids.len() + 1).max(reach(self.max_len))
    }

    /// The best translations: finished ones, and where there are too few, the likeliest unfinished ones.
    fn into_best(self, options: &BeamOptions) -> Vec<Hypothesis> {
        let unfinished = self.live.into_iter().filter(|(_, log_prob)| *log_prob > f64::NEG_INFINITY);
        let unfinished = unfinished.map(|(ids, log_prob)| {
            let score = log_prob / options.length_penalty.divisor(ids.len());
            Hypothesis { ids, log_prob, score, finished: false }
        });
        self.finished.into_iter().chain(unfinished).take(options.top_beams).collect()
    }
}

#[cfg(test)]
mod tests;
