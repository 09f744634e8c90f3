//! What a translation may say, whatever the model finds likely: how short and how long it is, how it begins, what it
//! does not repeat and does not say.
//!
//! A rule takes words out of the choice at one step, by the words before; what the model says of the others stays as it
//! is, so a translation that keeps the rules has the score that the model gives it. The repetition penalty alone moves
//! the ranks, and the score with them; [`log_prob`](super::Hypothesis::log_prob) stays the model's.

use tensor::Element;

use super::hypothesis::MaxLen;
use crate::config::Config;

/// Rules of a search; the default has none. Lengths count tokens, `<eos>` included, on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// `<eos>` is not said before a translation has so many tokens, even if [`MaxLen`] would not let it have so many.
    pub min_len: usize,
    /// The same, as a share of the source's tokens.
    pub min_ratio: f64,
    /// A translation has no more tokens, whatever [`MaxLen`] lets it have.
    pub max_len: Option<usize>,
    /// The same, as a share of the source's tokens. Of a sentence that by [`min_len`](Rules::min_len) should be longer, this
    /// holds.
    pub max_ratio: Option<f64>,
    /// What a translation begins with; the other rules do not ask of it. At least one token comes after it, and as many
    /// more as [`MaxLen`] allows to a source that is as long as the prefix.
    pub prefix: Vec<u32>,
    /// Words, as the tokens that spell them, that are not said.
    pub banned: Vec<Vec<u32>>,
    /// No n tokens in a row are said twice (Paulus et al. 2017, §2.5); 0 lets them.
    pub no_repeat_ngram: usize,
    /// What is said already is taken to this power of its probability: 1 changes nothing, more keeps from repeating.
    ///
    /// Note: Keskar et al. 2019 (CTRL, §4.1) divide logits by it, which for negative ones does the opposite. The logarithm
    /// of a probability is never positive, so multiplying it always means the same.
    pub repetition_penalty: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            min_len: 0,
            min_ratio: 0.0,
            max_len: None,
            max_ratio: None,
            prefix: Vec::new(),
            banned: Vec::new(),
            no_repeat_ngram: 0,
            repetition_penalty: 1.0,
        }
    }
}

impl Rules {
    /// Whether a search by these rules, which never says some tokens, says something.
    ///
    /// # Errors
    /// A sentence that begins with the name of the first that is out of range, or contradicts another.
    pub fn check(&self, config: &Config, never: &[u32]) -> Result<(), String> {
        let wrong = |problem: String| Err(problem);
        let ratios = [("min_ratio", Some(self.min_ratio)), ("max_ratio", self.max_ratio)];
        for (name, ratio) in ratios {
            if let Some(ratio) = ratio.filter(|ratio| !(ratio.is_finite() && *ratio >= 0.0)) {
                return wrong(format!("{name} is {ratio}; it must be 0 or more"));
            }
        }
        if !(self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0) {
            return wrong(format!("repetition_penalty is {}; it must be above 0", self.repetition_penalty));
        }
        let vocab_size = config.tgt_vocab_size;
        let is_word = |id: u32| id != config.eos_id && (id as usize) < vocab_size;
        if let Some(id) = self.prefix.iter().find(|&&id| !is_word(id)) {
            return wrong(format!("prefix: {id} is <eos>, or not in the vocabulary of {vocab_size}"));
        }
        if let Some(id) = self.prefix.iter().find(|id| never.contains(id)) {
            return wrong(format!("prefix: {id} is never said"));
        }
        let (prefix, reach) = (self.prefix.len(), config.architecture.reach());
        if prefix >= reach {
            let problem =
                format!("prefix has {prefix} tokens and is gone on with; the model's positions reach");
            return wrong(format!("{problem} only {reach}"));
        }
        if self.min_len > reach {
            let least = self.min_len;
            return wrong(format!("min_len is {least}; the model's positions reach only {reach}"));
        }
        if let Some(most) = self.max_len.filter(|&most| prefix >= most) {
            return wrong(format!("prefix has {prefix} tokens and is gone on with, but max_len is {most}"));
        }
        if let Some(most) = self.max_len.filter(|&most| self.min_len > most) {
            return wrong(format!("min_len is {}, more than max_len, {most}", self.min_len));
        }
        if let Some(most) = self.max_ratio.filter(|&most| self.min_ratio > most) {
            return wrong(format!("min_ratio is {}, more than max_ratio, {most}", self.min_ratio));
        }
        for word in &self.banned {
            if word.is_empty() || word.iter().any(|&id| !is_word(id)) {
                return wrong(format!(
                    "banned: {word:?} has no token, <eos>, or one that is not in the vocabulary of {vocab_size}"
                ));
            }
        }
        Ok(())
    }

    /// The rules for one source, of so many tokens.
    pub(super) fn of(&self, source_len: usize, max_len: MaxLen, config: &Config) -> SentenceRules<'_> {
        let share = |ratio: f64| (ratio * source_len as f64).ceil() as usize;
        let (least, prefix) = (self.min_len.max(share(self.min_ratio)), self.prefix.len());
        let usual = max_len.of(source_len.max(prefix), &config.architecture).max(least);
        let most = [self.max_len, self.max_ratio.map(share)].into_iter().flatten().fold(usual, usize::min);
        let most = most.max(prefix + 1).min(config.architecture.reach());
        SentenceRules { rules: self, least: least.min(most), most, eos_id: config.eos_id }
    }
}

/// Rules for one sentence.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentenceRules<'a> {
    rules: &'a Rules,
    /// The fewest tokens of a translation.
    least: usize,
    /// The most.
    pub most: usize,
    pub eos_id: u32,
}

impl SentenceRules<'_> {
    /// Whether they leave every word as it is after so many.
    pub fn ask_nothing(&self, len: usize) -> bool {
        let Rules { prefix, banned, no_repeat_ngram, repetition_penalty, .. } = self.rules;
        len + 1 >= self.least
            && len >= prefix.len()
            && banned.is_empty()
            && *no_repeat_ngram == 0
            && *repetition_penalty == 1.0
    }

    /// What the log-probabilities of the words after `ids` become. Where nothing is left to be said, `<eos>` is.
    pub fn apply<T: Element>(&self, ids: &[u32], log_probs: &mut [T]) {
        let Rules { prefix, banned, no_repeat_ngram, repetition_penalty, .. } = self.rules;
        let never = T::neg_infinity();
        if let Some(&id) = prefix.get(ids.len()) {
            let forced = log_probs[id as usize];
            log_probs.fill(never);
            log_probs[id as usize] = forced;
            return;
        }
        let end = log_probs[self.eos_id as usize];
        if *repetition_penalty != 1.0 {
            let first = |&(place, id): &(usize, &u32)| !ids[..place].contains(id);
            for (_, &id) in ids.iter().enumerate().filter(first) {
                log_probs[id as usize] *= T::of(*repetition_penalty);
            }
        }
        if ids.len() + 1 < self.least {
            log_probs[self.eos_id as usize] = never;
        }
        for word in banned {
            let (last, before) = word.split_last().expect("a word has a token");
            if ids.ends_with(before) {
                log_probs[*last as usize] = never;
            }
        }
        if *no_repeat_ngram > 0 && ids.len() >= *no_repeat_ngram {
            let tail = &ids[ids.len() + 1 - no_repeat_ngram..];
            for ngram in ids.windows(*no_repeat_ngram).filter(|ngram| ngram.starts_with(tail)) {
                log_probs[ngram[tail.len()] as usize] = never;
            }
        }
        if log_probs.iter().all(|log_prob| *log_prob == never) {
            log_probs[self.eos_id as usize] = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Positions, VocabSizes};

    const EOS: u32 = 2;
    const NEVER: f64 = f64::NEG_INFINITY;

    fn config() -> Config {
        Config { eos_id: EOS, ..Config::toy(VocabSizes::Shared(6)) }
    }

    /// What becomes of the log-probabilities -1, -2, .. -6 after `ids`.
    fn after(rules: &Rules, ids: &[u32]) -> Vec<f64> {
        rules.check(&config(), &[]).unwrap();
        let rules = rules.of(4, MaxLen { beyond_source: 10 }, &config());
        let mut log_probs: Vec<f64> = (1..=6).map(|x| -f64::from(x)).collect();
        let before = log_probs.clone();
        rules.apply(ids, &mut log_probs);
        assert!(!rules.ask_nothing(ids.len()) || log_probs == before);
        log_probs
    }

    #[test]
    fn lengths_are_absolute_and_relative_to_the_source() {
        let of = |rules: &Rules, source_len| {
            let rules = rules.of(source_len, MaxLen { beyond_source: 10 }, &config());
            (rules.least, rules.most)
        };
        let none = Rules::default();
        assert_eq!(of(&none, 4), (0, 14));
        let rules =
            Rules { min_len: 3, min_ratio: 0.5, max_len: Some(9), max_ratio: Some(1.5), ..none.clone() };
        assert_eq!([2, 4, 7, 30].map(|len| of(&rules, len)), [(3, 3), (3, 6), (4, 9), (9, 9)]);
        let forced = Rules { prefix: vec![3; 5], max_ratio: Some(0.5), ..none.clone() };
        assert_eq!(of(&forced, 4), (0, 6), "the prefix is said whole, and a token more");
        let forced = Rules { prefix: vec![3; 5], ..none.clone() };
        assert_eq!([4, 5, 6].map(|len| of(&forced, len)), [(0, 15), (0, 15), (0, 16)]);
        let long = Rules { min_len: 20, ..none.clone() };
        assert_eq!([4, 15].map(|len| of(&long, len)), [(20, 20), (20, 25)], "the least is asked for");
        let long = Rules { min_ratio: 5.0, max_len: Some(18), ..none.clone() };
        assert_eq!([3, 4].map(|len| of(&long, len)), [(15, 15), (18, 18)], "but the most holds");
        let rules = Rules { min_len: 3, ..none };
        assert_eq!(after(&rules, &[3]), [-1., -2., NEVER, -4., -5., -6.]);
        assert_eq!(after(&rules, &[3, 3]), [-1., -2., -3., -4., -5., -6.]);
    }

    #[test]
    fn a_prefix_is_said_and_nothing_else() {
        let rules = Rules { prefix: vec![4, 3], min_len: 9, banned: vec![vec![4]], ..Rules::default() };
        assert_eq!(after(&rules, &[]), [NEVER, NEVER, NEVER, NEVER, -5., NEVER]);
        assert_eq!(after(&rules, &[4]), [NEVER, NEVER, NEVER, -4., NEVER, NEVER]);
        assert_eq!(after(&rules, &[4, 3]), [-1., -2., NEVER, -4., NEVER, -6.]);
    }

    #[test]
    fn banned_words_are_not_said_whole() {
        let rules = Rules { banned: vec![vec![5], vec![3, 4], vec![4, 3, 4]], ..Rules::default() };
        assert_eq!(after(&rules, &[]), [-1., -2., -3., -4., -5., NEVER]);
        assert_eq!(after(&rules, &[3]), [-1., -2., -3., -4., NEVER, NEVER]);
        assert_eq!(after(&rules, &[4, 1]), [-1., -2., -3., -4., -5., NEVER]);
    }

    #[test]
    fn no_ngram_is_said_twice() {
        let rules = |no_repeat_ngram| Rules { no_repeat_ngram, ..Rules::default() };
        assert_eq!(after(&rules(1), &[3, 0]), [NEVER, -2., -3., NEVER, -5., -6.]);
        assert_eq!(after(&rules(2), &[3, 4, 0, 3]), [-1., -2., -3., -4., NEVER, -6.], "3 4 was said");
        assert_eq!(after(&rules(3), &[3, 4, 0, 3]), [-1., -2., -3., -4., -5., -6.]);
        assert_eq!(after(&rules(3), &[3, 4, 0, 3, 4]), [NEVER, -2., -3., -4., -5., -6.], "3 4 0 was");
        assert_eq!(after(&rules(1), &[0, 1, 3, 4, 5]), [NEVER, NEVER, -3., NEVER, NEVER, NEVER]);
        let banned = Rules { min_len: 9, ..rules(1) };
        assert_eq!(after(&banned, &[0, 1, 3, 4, 5])[2], -3., "where nothing else is left, it ends");
    }

    #[test]
    fn what_was_said_is_less_likely_again() {
        let rules = Rules { repetition_penalty: 1.5, ..Rules::default() };
        assert_eq!(after(&rules, &[3, 1, 3]), [-1., -3., -3., -6., -5., -6.]);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let problem = |rules: Rules| rules.check(&config(), &[5]).unwrap_err();
        let none = Rules::default;
        assert!(
            problem(Rules { min_ratio: -1.0, ..none() }).contains("min_ratio is -1; it must be 0 or more")
        );
        assert!(problem(Rules { max_ratio: Some(f64::NAN), ..none() }).contains("max_ratio is NaN"));
        assert!(problem(Rules { repetition_penalty: 0.0, ..none() }).contains("repetition_penalty is 0"));
        assert!(problem(Rules { prefix: vec![3, EOS], ..none() }).contains("prefix: 2 is <eos>, or not in"));
        assert!(problem(Rules { prefix: vec![6], ..none() }).contains("the vocabulary of 6"));
        let long = Rules { prefix: vec![3; 4], max_len: Some(4), ..none() };
        assert!(problem(long).contains("prefix has 4 tokens and is gone on with, but max_len is 4"));
        let crossed = Rules { min_len: 5, max_len: Some(4), ..none() };
        assert!(problem(crossed).contains("min_len is 5, more than max_len, 4"));
        let crossed = Rules { min_ratio: 1.5, max_ratio: Some(1.0), ..none() };
        assert!(problem(crossed).contains("min_ratio is 1.5, more than max_ratio, 1"));
        let learned = config().with(|model| (model.positions, model.max_len) = (Positions::Learned, 6));
        let problem_of = |rules: Rules| rules.check(&learned, &[]).unwrap_err();
        let long = problem_of(Rules { prefix: vec![3; 6], ..none() });
        assert!(long.contains("prefix has 6 tokens") && long.ends_with("reach only 6"), "{long}");
        assert!(problem_of(Rules { min_len: 7, ..none() }).contains("min_len is 7; the model's positions"));
        Rules { prefix: vec![3; 5], min_len: 6, ..none() }.check(&learned, &[]).unwrap();
        assert!(problem(Rules { prefix: vec![3, 5], ..none() }).contains("prefix: 5 is never said"));
        assert!(problem(Rules { banned: vec![vec![]], ..none() }).contains("banned: [] has no token"));
    }
}
