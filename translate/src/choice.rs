//! Choosing among the translations of a line by more than the search's own score.

use std::collections::HashSet;

use tensor::threads::map_indices;

use crate::error::Error;
use crate::metrics::{ChrfOptions, Metric, Rounding};
use crate::translated::{Translated, Translation};
use crate::translator::Translator;

/// What the best of several translations is.
#[derive(Clone, Copy, Debug, Default)]
pub enum Choice<'t> {
    /// The one of the highest score.
    #[default]
    Score,
    /// The one that is most like all others: minimum-Bayes-risk decoding (Kumar and Byrne 2004; Eikema and Aziz 2020), by
    /// chrF. Its score becomes the chrF, in percent, that is to be expected of it if another candidate is the reference:
    /// each as likely as the model says, or, if they were drawn, each as likely as any other.
    Consensus,
    /// The one that another model finds likely too. To the score is added `weight` times the mean log-probability that it
    /// gives each token of the translation; if it was trained on targets whose words are in reverse, it is given them so
    /// (Liu et al. 2016, *Agreement on Target-bidirectional Neural Machine Translation*). A translation that is longer than
    /// the other model reads comes behind all others, in the order of the search, and its score becomes minus infinity.
    Agreement {
        /// The other model. Its vocabulary is its own matter.
        with: &'t Translator,
        /// How much its word counts.
        weight: f64,
        /// Whether it says translations from their end.
        right_to_left: bool,
    },
}

impl Choice<'_> {
    /// Puts the translations of each line in order, the best first, and says by what.
    pub(crate) fn choose(&self, found: &mut [Translated], are_drawn: bool) -> Result<(), Error> {
        let scores: Vec<Vec<f64>> = match self {
            Choice::Score => return Ok(()),
            Choice::Consensus => {
                let of_line = |line: usize| expected_chrf(&found[line].translations, are_drawn);
                map_indices(found.len(), of_line)
            }
            Choice::Agreement { with, weight, right_to_left } => {
                agreed(found, with, *weight, *right_to_left)?
            }
        };
        for (line, scores) in found.iter_mut().zip(scores) {
            line.translations.iter_mut().zip(scores).for_each(|(one, score)| one.score = score);
            line.translations.sort_by(|a, b| b.score.total_cmp(&a.score));
            let mut seen = HashSet::new();
            line.translations.retain(|one| seen.insert(one.ids.clone()));
        }
        Ok(())
    }
}

/// The chrF that is to be expected of each translation, the others being the reference as likely as they are.
fn expected_chrf(translations: &[Translation], are_drawn: bool) -> Vec<f64> {
    let largest = translations.iter().map(|one| one.log_prob).fold(f64::NEG_INFINITY, f64::max);
    let weight = |one: &Translation| if are_drawn { 1.0 } else { (one.log_prob - largest).exp() };
    let weights: Vec<f64> = translations.iter().map(weight).collect();
    let total: f64 = weights.iter().sum();
    let expected = |one: &Translation| {
        let chrf = |reference: &Translation| {
            let counts = ChrfOptions::default().counts(&one.text, &[&reference.text]);
            ChrfOptions::default().score(&counts, Rounding::Double).value
        };
        translations.iter().zip(&weights).map(|(reference, weight)| weight * chrf(reference)).sum::<f64>()
            / total
    };
    translations.iter().map(expected).collect()
}

/// The scores, and what another translator thinks of each translation.
fn agreed(
    found: &[Translated],
    other: &Translator,
    weight: f64,
    right_to_left: bool,
) -> Result<Vec<Vec<f64>>, Error> {
    if !weight.is_finite() {
        return Err(Error::Request(format!(
            "the weight of the other model is {weight}; it must be a number"
        )));
    }
    let mut pairs = Vec::new();
    for line in found {
        let source = other.encode(&line.source.line);
        for one in &line.translations {
            let text = if right_to_left { reversed(&one.text) } else { one.text.clone() };
            pairs.push(match other.pair(&source, &text) {
                Ok(pair) => Some(pair),
                Err(Error::Target(_)) => None, // too long for it
                Err(problem) => return Err(problem),
            });
        }
    }
    let is_read: Vec<bool> = pairs.iter().map(Option::is_some).collect();
    let mut means =
        other.score_pairs(pairs.into_iter().flatten().collect())?.into_iter().map(|one| one.mean());
    let mut means = is_read.into_iter().map(|is_read| if is_read { means.next() } else { None });
    let score = |(one, mean): (&Translation, Option<f64>)| {
        match mean {
            Some(mean) if weight != 0.0 => one.score + weight * mean, // 0 times minus infinity would be NaN
            Some(_) => one.score,
            None => f64::NEG_INFINITY,
        }
    };
    let mut of_line =
        |line: &Translated| line.translations.iter().zip(&mut means).map(score).collect::<Vec<f64>>();
    Ok(found.iter().map(&mut of_line).collect())
}

/// A text with its words in reverse.
fn reversed(text: &str) -> String {
    text.split_whitespace().rev().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraints::Constraints;
    use crate::testing::untrained;

    fn translation(text: &str, prob: f64) -> Translation {
        let (ids, log_prob) = (text.bytes().map(u32::from).collect(), prob.ln());
        let text = text.to_string();
        let (score, finished) = (log_prob, true);
        let (alternative, alignment, attention) = (None, None, None);
        Translation { text, ids, log_prob, score, finished, alternative, alignment, attention }
    }

    /// One letter each: chrF is 100 for the same letter and 0 for another. `ab` beside `a` has precision 1/2 and recall 1
    /// of single letters: F2 = 5 * 0.5 / (4 * 0.5 + 1) = 5/6; `a` beside `ab` has precision 1 and recall 1/2:
    /// F2 = 5 * 0.5 / (4 * 1 + 0.5) = 5/9. Pairs of letters, which only one side has, do not count.
    #[test]
    fn the_consensus_is_expected_to_be_most_like_the_reference() {
        let all = [("a", 0.4), ("c", 0.3), ("ab", 0.3)].map(|(text, prob)| translation(text, prob));
        let close = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(
                found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9),
                "{found:?}, not {expected:?}"
            );
        };
        let (long, short) = (250.0 / 3.0, 500.0 / 9.0);
        close(expected_chrf(&all, false), [40.0 + 0.3 * short, 30.0, 0.4 * long + 30.0]);
        close(expected_chrf(&all, true), [(100.0 + short) / 3.0, 100.0 / 3.0, (long + 100.0) / 3.0]);
    }

    #[test]
    fn what_another_model_finds_likely_is_chosen() {
        let (translator, line) = (untrained(), ["je suis étudiant"]);
        let request = || translator.request().beam(6).max_len_beyond_source(1);
        let plain = request().n_best(6).translate(&line).unwrap().remove(0);
        let agree = |weight, right_to_left| {
            let choice = Choice::Agreement { with: &translator, weight, right_to_left };
            request().choose_by(choice).n_best(6).translate(&line).unwrap().remove(0)
        };
        let same = agree(0.0, false);
        assert_eq!(same.translations, plain.translations, "a model that has no say");
        for one in agree(1.0, true).translations {
            let scored = translator.score(&[(line[0], reversed(&one.text))]).unwrap().remove(0);
            let before = plain.translations.iter().find(|other| other.ids == one.ids).unwrap();
            assert!((one.score - before.score - scored.mean()).abs() < 1e-9);
        }
        let far = agree(1000.0, false).translations;
        let mean = |one: &Translation| translator.score(&[(line[0], &one.text)]).unwrap()[0].mean();
        assert!(far.windows(2).all(|two| mean(&two[0]) >= mean(&two[1]) - 1e-3));
        let nothing = Choice::Agreement { with: &translator, weight: f64::NAN, right_to_left: false };
        assert!(request().choose_by(nothing).translate(&line).unwrap_err().to_string().contains("weight"));
    }

    /// The other model has learned positions of which the third is the last: two words and `<eos>`.
    #[test]
    fn what_the_other_model_cannot_read_comes_last() {
        let (translator, line) = (untrained(), ["je suis étudiant"]);
        let short = {
            let config = translator.model().config().clone();
            let config =
                config.with(|model| (model.positions, model.max_len) = (transformer::Positions::Learned, 3));
            let (model, params) =
                transformer::Transformer::new(&config, tensor::Seed::new(4), tensor::DType::F32).unwrap();
            let (_, _, text, about) = untrained().into_parts();
            Translator::new(model, params, text, about).unwrap()
        };
        let agree = |request: crate::Request, n_best| {
            let with = Choice::Agreement { with: &short, weight: 1.0, right_to_left: false };
            request.beam(60).max_len_beyond_source(4).choose_by(with).n_best(n_best).translate(&line)
        };
        let found = agree(translator.request(), 60).unwrap().remove(0).translations;
        let is_long = |one: &Translation| one.ids.len() - usize::from(one.finished) > 2;
        let long = found.iter().filter(|one| is_long(one)).count();
        assert!(long > 5 && long < 55, "{long} are too long");
        assert!(found.iter().all(|one| is_long(one) == (one.score == f64::NEG_INFINITY)));
        assert!(found.is_sorted_by(|a, b| a.score >= b.score));
        // Where all are too long, the search's own order stands.
        let forced = Constraints { min_len: 7, ..Constraints::default() };
        let all_long =
            agree(translator.request().constraints(forced.clone()), 3).unwrap().remove(0).translations;
        let own = translator.request().constraints(forced).beam(60).max_len_beyond_source(4).n_best(3);
        let own = own.translate(&line).unwrap().remove(0).translations;
        let ids = |found: &[Translation]| found.iter().map(|one| one.ids.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&all_long), ids(&own));
    }

    #[test]
    fn of_one_there_is_nothing_to_choose() {
        let translator = untrained();
        let problem = |request: crate::Request| {
            request.choose_by(Choice::Consensus).translate(&["merci"]).unwrap_err().to_string()
        };
        assert!(problem(translator.request().beam(1)).starts_with("beam is 1: there is one translation"));
        assert!(problem(translator.request().candidates(1)).starts_with("candidates is 1: there is one"));
        let drawn = translator.request().sample(crate::Sampling::default()).candidates(1);
        assert!(problem(drawn).starts_with("candidates is 1: there is one"));
    }
}
