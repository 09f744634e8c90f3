//! Searches by their definitions: one sentence at a time, nothing cached, no stopping early, every hypothesis scored from
//! scratch, every rule spelled out.

use nn::{Context, Params};

use crate::align::{alignments, default_layer};
use crate::config::DecoderStart;
use crate::data::batch::{Batch, Pair};
use crate::model::Transformer;
use crate::search::beam::BeamOptions;
use crate::search::hypothesis::Hypothesis;

/// A sentence that is to be translated.
pub struct Naive<'a> {
    pub model: &'a Transformer,
    pub params: &'a Params,
    pub options: &'a BeamOptions,
    pub source: &'a [u32],
}

/// A beginning, or a whole.
#[derive(Clone, Debug)]
pub struct Said {
    pub ids: Vec<u32>,
    pub log_prob: f64,
    /// What its words are worth.
    pub rank: f64,
    /// What it loses for what it does not attend to.
    coverage: f64,
}

impl Naive<'_> {
    fn share(&self, ratio: f64) -> usize {
        (ratio * self.source.len() as f64).ceil() as usize
    }

    /// The most tokens of a translation.
    fn most(&self) -> usize {
        let rules = &self.options.rules;
        let usual = self.source.len().max(rules.prefix.len()) + self.options.max_len.beyond_source;
        let ratio = rules.max_ratio.map_or(usize::MAX, |ratio| self.share(ratio));
        let asked = rules.max_len.unwrap_or(usize::MAX).min(ratio);
        usual.max(self.least()).min(asked).max(rules.prefix.len() + 1)
    }

    /// The fewest, where there may be so many.
    fn least(&self) -> usize {
        self.options.rules.min_len.max(self.share(self.options.rules.min_ratio))
    }

    fn ends(&self, ids: &[u32]) -> bool {
        ids.last() == Some(&self.model.config().eos_id)
    }

    /// What may be said after these words.
    fn words_after(&self, ids: &[u32]) -> Vec<u32> {
        let (rules, config) = (&self.options.rules, self.model.config());
        if let Some(&forced) = rules.prefix.get(ids.len()) {
            return vec![forced];
        }
        let ngram = rules.no_repeat_ngram;
        let is_allowed = |&id: &u32| {
            let longer = [ids, &[id]].concat();
            let is_word =
                DecoderStart::Token(id) != config.decoder_start && !self.options.never.contains(&id);
            let is_early = self.ends(&longer) && longer.len() < self.least().min(self.most());
            let is_banned = rules.banned.iter().any(|word| longer.ends_with(word));
            let repeats = ngram > 0 && ids.windows(ngram).any(|before| longer.ends_with(before));
            is_word && !is_early && !is_banned && !repeats
        };
        let words: Vec<u32> = (0..config.tgt_vocab_size as u32).filter(is_allowed).collect();
        if words.is_empty() { vec![config.eos_id] } else { words }
    }

    /// These translations, scored from scratch.
    fn scored(&self, all: &[Vec<u32>]) -> Vec<Said> {
        let pair = |ids: &Vec<u32>| Pair { src: self.source.to_vec(), tgt: ids.clone() };
        let pairs: Vec<Pair> = all.iter().map(pair).collect();
        let config = self.model.config();
        let batch = Batch::new(&pairs, config.decoder_start, 0).unwrap();
        let log_probs = self.model.token_log_probs(&Context::inference(self.params), &batch).unwrap();
        let attention = alignments(self.model, self.params, &pairs, default_layer(config)).unwrap();
        let said = |place: usize| {
            let (ids, log_probs, rows) = (&all[place], &log_probs[place], &attention[place]);
            let worth = |(place, log_prob): (usize, &f64)| {
                let again = place >= self.options.rules.prefix.len() && ids[..place].contains(&ids[place]);
                log_prob * if again { self.options.rules.repetition_penalty } else { 1.0 }
            };
            let rank = log_probs.iter().enumerate().map(worth).sum();
            let attended = |token: usize| rows.iter().map(|row| row[token]).sum::<f64>();
            let coverage = (0..self.source.len()).map(|token| attended(token).min(1.0).ln()).sum();
            Said { ids: ids.clone(), log_prob: log_probs.iter().sum(), rank, coverage }
        };
        (0..all.len()).map(said).collect()
    }

    /// These, each continued by all that may follow.
    fn continued(&self, live: &[Said]) -> Vec<Said> {
        let continued = |said: &Said| {
            let ids = said.ids.clone();
            self.words_after(&said.ids).into_iter().map(move |id| [&ids[..], &[id]].concat())
        };
        self.scored(&live.iter().flat_map(continued).collect::<Vec<_>>())
    }

    fn nothing() -> Said {
        Said { ids: Vec::new(), log_prob: 0.0, rank: 0.0, coverage: 0.0 }
    }

    /// What a search would return of it.
    pub fn hypothesis(&self, said: &Said) -> Hypothesis {
        let score = said.rank / self.options.length_penalty.divisor(said.ids.len());
        Hypothesis {
            ids: said.ids.clone(),
            log_prob: said.log_prob,
            score: score + self.options.coverage * said.coverage,
            finished: self.ends(&said.ids),
        }
    }

    /// All that may be said: those that end, and those that are as long as they may be.
    pub fn everything(&self) -> Vec<Said> {
        let (mut live, mut all) = (vec![Self::nothing()], Vec::new());
        for _ in 0..self.most() {
            let continued = self.continued(&live).into_iter();
            let (ended, others): (Vec<Said>, _) = continued.partition(|said| self.ends(&said.ids));
            all.extend(ended);
            live = others;
            if live.is_empty() {
                break;
            }
        }
        all.extend(live);
        all
    }

    /// These as a search returns them: finished ones before others, the best before worse.
    pub fn in_order(&self, all: &[Said]) -> Vec<Hypothesis> {
        let mut found: Vec<Hypothesis> = all.iter().map(|said| self.hypothesis(said)).collect();
        let rank = |one: &Hypothesis| (!one.finished, -one.score);
        found.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap());
        found
    }

    /// The finished hypotheses of a beam that never stops before the last step, the best first.
    pub fn beam(&self) -> Vec<Hypothesis> {
        let size = self.options.beam_size;
        let (mut live, mut finished) = (vec![Self::nothing()], Vec::new());
        for _ in 0..self.most() {
            let mut candidates = self.continued(&live);
            candidates.sort_by(|a, b| b.rank.total_cmp(&a.rank));
            finished.extend(candidates.iter().take(size).filter(|said| self.ends(&said.ids)).cloned());
            live = candidates.into_iter().filter(|said| !self.ends(&said.ids)).take(size).collect();
            if live.is_empty() {
                break;
            }
        }
        let mut found = self.in_order(&finished);
        found.truncate(self.options.top_beams);
        found
    }

    /// The likeliest words behind the prefix, so many or as many as there are.
    pub fn likeliest_after_prefix(&self, count: usize) -> Vec<u32> {
        let place = self.options.rules.prefix.len();
        let mut live = vec![Self::nothing()];
        for _ in 0..=place {
            live = self.continued(&live);
        }
        live.sort_by(|a, b| b.rank.total_cmp(&a.rank));
        live.iter().take(count).map(|said| said.ids[place]).collect()
    }

    /// The word that is worth most at each step.
    pub fn greedy(&self) -> Hypothesis {
        let mut said = Self::nothing();
        while said.ids.len() < self.most() && !self.ends(&said.ids) {
            let continued = self.continued(&[said]).into_iter();
            said = continued.max_by(|a, b| a.rank.total_cmp(&b.rank)).unwrap();
        }
        self.hypothesis(&said)
    }
}
