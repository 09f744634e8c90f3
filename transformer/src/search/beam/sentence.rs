//! The beam of one sentence.

use std::collections::HashSet;
use std::mem;

use tensor::Element;

use super::group::{Group, Picked, Terms};
use super::options::{BeamOptions, Candidate, Fate};
use crate::config::Config;
use crate::search::hypothesis::Hypothesis;
use crate::search::stream::Search;

/// The search of one sentence: its beam, of one group or several.
pub(in crate::search) struct Beam<'a> {
    terms: Terms<'a>,
    /// One for an ordinary beam. After the first step, the rows of a group are neighbours.
    groups: Vec<Group>,
    /// The candidates of the last step, if they are to be shown.
    shown: Option<Vec<Candidate>>,
}

impl<'a> Beam<'a> {
    pub fn new(source_len: usize, options: &'a BeamOptions, config: &Config) -> Beam<'a> {
        let rules = options.rules.of(source_len, options.max_len, config);
        let covered = if options.coverage > 0.0 { source_len } else { 0 };
        Beam {
            terms: Terms { options, rules, size: options.beam_size / options.groups },
            groups: (0..options.groups).map(|_| Group::new(covered)).collect(),
            shown: None,
        }
    }

    /// The same, keeping the candidates of each step to be shown.
    pub fn shown(self) -> Beam<'a> {
        Beam { shown: Some(Vec::new()), ..self }
    }

    /// The candidates of the last step, likeliest first, as those of this sentence.
    pub fn take_shown(&mut self, sentence: usize) -> impl Iterator<Item = Candidate> {
        let shown = self.shown.as_mut().map(mem::take).unwrap_or_default();
        shown.into_iter().map(move |candidate| Candidate { sentence, ..candidate })
    }

    /// Nothing was said yet: there is one row, for all groups.
    fn is_at_start(&self) -> bool {
        self.groups[0].live[0].ids.is_empty()
    }

    /// The number of a group's first row.
    fn first_row(&self, group: usize) -> usize {
        if self.is_at_start() { 0 } else { group * self.terms.size }
    }

    /// Whether the next word is that by which alternatives differ.
    fn is_at_alternatives(&self) -> bool {
        let options = self.terms.options;
        options.alternatives && self.groups[0].live[0].ids.len() == options.rules.prefix.len()
    }

    fn n_rows(&self) -> usize {
        if self.is_at_start() { 1 } else { self.terms.options.beam_size }
    }

    fn is_done(&self) -> bool {
        self.groups.iter().all(|group| group.is_done(&self.terms))
    }

    /// The best translations: finished ones, and where there are too few, the likeliest unfinished ones. What several
    /// groups have found is returned once. Of alternatives the best of each.
    pub fn best(&self) -> Vec<Hypothesis> {
        let options = self.terms.options;
        if options.alternatives {
            return self
                .groups
                .iter()
                .filter_map(|group| group.best(options))
                .take(options.top_beams)
                .collect();
        }
        let best_first = |a: &Hypothesis, b: &Hypothesis| b.score.total_cmp(&a.score);
        let mut found: Vec<Hypothesis> =
            self.groups.iter().flat_map(|group| group.finished.clone()).collect();
        found.sort_by(best_first);
        let unfinished = self.groups.iter().flat_map(|group| group.unfinished(options));
        let mut unfinished: Vec<Hypothesis> = unfinished.collect();
        unfinished.sort_by(best_first);
        found.extend(unfinished);
        if self.groups.len() > 1 {
            let mut seen = HashSet::new();
            found.retain(|one| seen.insert(one.ids.clone()));
        }
        found.truncate(options.top_beams);
        found
    }

    /// Keeps the candidates of a step to show them. If it was the last, those that live are kept only if they are
    /// returned.
    fn show(&mut self, candidates: Vec<Candidate>) {
        let returned = self.is_done().then(|| self.best());
        let fate = |mut candidate: Candidate| {
            let is_returned = |best: &Vec<Hypothesis>| best.iter().any(|one| one.ids == candidate.ids);
            if candidate.fate == Fate::Kept && !returned.as_ref().is_none_or(is_returned) {
                candidate.fate = Fate::Pruned;
            }
            candidate
        };
        self.shown = Some(candidates.into_iter().map(fate).collect());
    }
}

impl Search for Beam<'_> {
    /// Of each group.
    type Choice = Vec<Vec<Picked>>;

    fn last_ids(&self) -> impl Iterator<Item = u32> {
        self.groups.iter().flat_map(|group| &group.live).filter_map(|live| live.ids.last().copied())
    }

    fn choose<T: Element>(&self, log_probs: &[T]) -> Vec<Vec<Picked>> {
        let vocab_size = log_probs.len() / self.n_rows();
        let mut said = Vec::new();
        // The groups are alike until then: ranked once, each goes on by the word at its place.
        let alternatives = self.is_at_alternatives().then(|| {
            let as_many = Terms { size: self.groups.len(), ..self.terms };
            self.groups[0].choose(&log_probs[..self.groups[0].live.len() * vocab_size], &[], &as_many)
        });
        let of_group = |(number, group): (usize, &Group)| {
            if group.is_done(&self.terms) {
                return Vec::new();
            }
            let rows = &log_probs[self.first_row(number) * vocab_size..][..group.live.len() * vocab_size];
            if let Some(alternatives) = &alternatives {
                return alternatives.get(number).cloned().into_iter().collect();
            }
            let picked = group.choose(rows, &said, &self.terms);
            said.extend(picked.iter().filter(|one| one.fate != Fate::Pruned).map(|one| one.id));
            picked
        };
        self.groups.iter().enumerate().map(of_group).collect()
    }

    fn accept(&mut self, choice: Vec<Vec<Picked>>, attention: Option<&[f64]>) -> Option<Vec<usize>> {
        let (n_rows, mut parents, mut candidates) = (self.n_rows(), Vec::new(), Vec::new());
        let firsts: Vec<usize> = (0..self.groups.len()).map(|group| self.first_row(group)).collect();
        for ((group, picked), first) in self.groups.iter_mut().zip(choice).zip(firsts) {
            if group.is_done(&self.terms) {
                parents.extend(first..first + self.terms.size); // it waits for the others
                continue;
            }
            if self.shown.is_some() {
                let candidate = |one: &Picked| Candidate {
                    sentence: 0,
                    ids: [&group.live[one.row].ids[..], &[one.id]].concat(),
                    log_prob: one.log_prob,
                    fate: one.fate,
                };
                candidates.extend(picked.iter().map(candidate));
            }
            let attention = attention.map(|weights| {
                let src_len = weights.len() / n_rows;
                &weights[first * src_len..][..group.live.len() * src_len]
            });
            let of_group = group.accept(&picked, attention, &self.terms);
            parents.extend(of_group.into_iter().map(|parent| first + parent));
        }
        if self.shown.is_some() {
            self.show(candidates);
        }
        (!self.is_done()).then_some(parents)
    }

    fn so_far(&self) -> &[u32] {
        let groups = if self.terms.options.alternatives { &self.groups[..1] } else { &self.groups };
        let finished = groups.iter().filter_map(|group| group.finished.first());
        if let Some(best) = finished.max_by(|a, b| a.score.total_cmp(&b.score)).filter(|_| self.is_done()) {
            return &best.ids;
        }
        let live = groups.iter().map(|group| &group.live[0]);
        live.max_by(|a, b| a.rank.total_cmp(&b.rank)).map_or(&[], |live| &live.ids)
    }

    fn into_found(self) -> Vec<Hypothesis> {
        self.best()
    }
}
