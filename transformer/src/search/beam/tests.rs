use super::group::{Group, Terms, coverage_penalty};
use super::*;
use crate::config::VocabSizes;
use crate::search::hypothesis::MaxLen;
use crate::search::length_penalty::LengthPenalty;
use crate::search::rules::Rules;
use crate::search::stream::Search;

const EOS: u32 = 2;

fn options(beam_size: usize) -> BeamOptions {
    BeamOptions { beam_size, length_penalty: LengthPenalty::None, ..BeamOptions::default() }
}

fn log(probs: &[f64]) -> Vec<f64> {
    probs.iter().map(|p| p.ln()).collect()
}

fn config() -> crate::Config {
    crate::Config { eos_id: EOS, ..crate::Config::toy(VocabSizes::Shared(9)) }
}

/// Of a translation of at most `max_len` tokens.
fn terms(options: &BeamOptions, max_len: usize) -> Terms<'_> {
    let rules = options.rules.of(max_len, MaxLen { beyond_source: 0 }, &config());
    Terms { options, rules, size: options.beam_size / options.groups }
}

/// One step. Returns the fates of what came into question, and the parents of those that live.
fn advance(group: &mut Group, log_probs: &[f64], terms: &Terms) -> (Vec<Fate>, Vec<usize>) {
    let picked = group.choose(log_probs, &[], terms);
    let parents = group.accept(&picked, None, terms);
    (picked.iter().map(|one| one.fate).collect(), parents)
}

#[test]
fn finished_hypotheses_take_no_live_slot() {
    let (mut group, options) = (Group::new(0), options(2));
    let (fates, parents) = advance(&mut group, &log(&[0.3, 0.1, 0.4, 0.2]), &terms(&options, 9));
    assert_eq!(fates, [Fate::Finished, Fate::Kept, Fate::Kept, Fate::Pruned]);
    assert_eq!((group.finished.len(), parents), (1, vec![0, 0]));
    assert_eq!(group.live.iter().map(|live| live.ids[0]).collect::<Vec<_>>(), [0, 3]);
}

#[test]
fn an_end_that_ranks_below_the_beam_is_pruned() {
    let (mut group, options) = (Group::new(0), options(2));
    advance(&mut group, &log(&[0.5, 0.3, 0.2]), &terms(&options, 9));
    assert!(group.finished.is_empty());
}

#[test]
fn the_search_ends_when_nothing_can_get_better_and_not_before() {
    let (mut group, two) = (Group::new(0), options(2));
    let probs = log(&[0.3, 0.1, 0.6]);
    advance(&mut group, &probs, &terms(&two, 9));
    assert!(!group.is_done(&terms(&two, 9)), "only one of two is finished");
    advance(&mut group, &[probs.clone(), probs].concat(), &terms(&two, 9));
    assert_eq!(group.finished.len(), 2); // 0.6, 0.3 * 0.6; live: 0.3 * 0.3
    assert!(group.is_done(&terms(&two, 9)));
    // By the mean per token, the live hypothesis of probability 0.09 could end at 0.09^(1/9).
    let by_mean = BeamOptions { length_penalty: LengthPenalty::Power { alpha: 1.0 }, ..options(2) };
    assert!(!group.is_done(&terms(&by_mean, 9)));
}

/// At the last step nobody goes on: who lives is kept if there is a place among the translations.
#[test]
fn what_a_search_ends_without_is_pruned() {
    let fates = |probs: &[f64], options: &BeamOptions, max_len: usize| {
        let options = BeamOptions { max_len: MaxLen { beyond_source: 0 }, ..options.clone() };
        let mut beam = Beam::new(max_len, &options, &config()).shown();
        let choice = beam.choose(&log(probs));
        beam.accept(choice, None);
        beam.take_shown(3).map(|candidate| (candidate.sentence, candidate.fate).1).collect::<Vec<_>>()
    };
    let greedy = options(1);
    assert_eq!(
        fates(&[0.3, 0.1, 0.6], &greedy, 9),
        [Fate::Finished, Fate::Pruned],
        "the runner-up of the last step"
    );
    assert_eq!(fates(&[0.6, 0.1, 0.3], &greedy, 9), [Fate::Kept, Fate::Pruned]);
    assert_eq!(fates(&[0.6, 0.1, 0.3], &greedy, 1), [Fate::Kept, Fate::Pruned], "it is returned unfinished");
    let two = BeamOptions { top_beams: 2, ..options(2) };
    let [at_the_end, before] = [1, 9].map(|max_len| fates(&[0.3, 0.1, 0.4, 0.2], &two, max_len));
    assert_eq!(at_the_end, [Fate::Finished, Fate::Kept, Fate::Pruned, Fate::Pruned]);
    assert_eq!(before, [Fate::Finished, Fate::Kept, Fate::Kept, Fate::Pruned]);
}

#[test]
fn a_beam_wider_than_the_vocabulary_is_filled_up() {
    let (mut group, options) = (Group::new(0), options(4));
    let (_, parents) = advance(&mut group, &log(&[0.5, 0.4, 0.1]), &terms(&options, 9));
    assert_eq!((group.live.len(), parents.len()), (4, 4));
    assert_eq!(group.live[2].log_prob, f64::NEG_INFINITY);
    let wide = BeamOptions { beam_size: 99, ..options.clone() };
    let candidates = group.choose(&log(&[0.5, 0.4, 0.1].repeat(4)), &[], &terms(&wide, 9));
    assert_eq!(candidates.len(), 6, "fillers are not continued");
}

/// Attention of 0.8 and 0.3 to two tokens costs log 0.8 + log 0.3, times beta; what is above 1 costs nothing.
#[test]
fn what_was_not_attended_to_costs_a_finished_translation() {
    assert!((coverage_penalty(&[0.8, 0.3, 1.7]) - 0.24f64.ln()).abs() < 1e-15);
    assert!(coverage_penalty(&[0.0]).is_finite());
    let options = BeamOptions { coverage: 0.5, ..options(1) };
    let (mut group, terms) = (Group::new(2), terms(&options, 9));
    let steps = [([0.6, 0.1, 0.3], [0.7, 0.2, 0.1]), ([0.2, 0.1, 0.7], [0.1, 0.1, 0.8])];
    for (probs, attention) in steps {
        let picked = group.choose(&log(&probs), &[], &terms);
        group.accept(&picked, Some(&attention), &terms); // of a batch with a longer source
    }
    let [found] = &group.finished[..] else { panic!("{:?}", group.finished) };
    let log_prob = 0.6f64.ln() + 0.7f64.ln();
    assert!((found.log_prob - log_prob).abs() < 1e-15);
    assert!((found.score - (log_prob + 0.5 * 0.24f64.ln())).abs() < 1e-15);
}

/// Two groups of one: the second says what is likeliest after a word that the first says has paid 0.5 each.
#[test]
fn groups_say_different_things() {
    let options = BeamOptions { groups: 2, diversity: 0.5, top_beams: 2, ..options(2) };
    let mut beam = Beam::new(4, &options, &config());
    let probs = [0.5, 0.4, 0.0, 0.1];
    let choice = beam.choose(&log(&probs));
    assert_eq!(beam.accept(choice, None), Some(vec![0, 0]));
    assert_eq!(beam.last_ids().collect::<Vec<_>>(), [0, 1], "0.5 e^-0.5 = 0.30 < 0.4");
    // Both would say 0; the second, whose is likely enough, does so though it pays.
    let choice = beam.choose(&log(&[0.5, 0.4, 0.0, 0.1, 0.8, 0.1, 0.0, 0.1]));
    assert_eq!(beam.accept(choice, None), Some(vec![0, 1]));
    assert_eq!(beam.last_ids().collect::<Vec<_>>(), [0, 0]);
    // The first ends and waits for the second.
    let choice = beam.choose(&log(&[0.1, 0.1, 0.8, 0.0, 0.9, 0.1, 0.0, 0.0]));
    assert_eq!(beam.accept(choice, None), Some(vec![0, 1]));
    let choice = beam.choose(&log(&[0.1, 0.1, 0.8, 0.0, 0.0, 0.0, 0.9, 0.1]));
    assert_eq!(beam.accept(choice, None), None);
    let found = beam.into_found();
    let expected: [(&[u32], f64); 2] =
        [(&[1, 0, 0, 2], 0.4 * 0.8 * 0.9 * 0.9), (&[0, 0, 2], 0.5 * 0.5 * 0.8)];
    for (one, (ids, prob)) in found.iter().zip(expected) {
        assert_eq!(one.ids, ids);
        assert!(
            (one.log_prob.exp() - prob).abs() < 1e-12 && one.score == one.log_prob,
            "diversity costs no score"
        );
    }
    assert_eq!(found.len(), 2);
}

/// Behind the forced 3, three groups of two go on by 0, 1 and the end, the likeliest words there, each by itself.
#[test]
fn alternatives_begin_with_the_likeliest_words_behind_the_prefix() {
    let rules = Rules { prefix: vec![3], ..Rules::default() };
    let options = BeamOptions { rules, groups: 3, alternatives: true, top_beams: 3, ..options(6) };
    let mut beam = Beam::new(4, &options, &config());
    let choice = beam.choose(&log(&[0.5, 0.2, 0.1, 0.2]));
    assert_eq!(beam.accept(choice, None), Some(vec![0; 6]));
    let step = |beam: &mut Beam, rows: [[f64; 4]; 6]| {
        let choice = beam.choose(&log(&rows.concat()));
        beam.accept(choice, None)
    };
    let nothing = [0.25; 4]; // rows that lead nowhere
    let here = [0.4, 0.3, 0.2, 0.1];
    step(&mut beam, [here, nothing, here, nothing, here, nothing]);
    assert_eq!(beam.so_far(), [3, 0]);
    // Both go on by the end, or by 1; the third is done.
    let ends = [0.0, 0.3, 0.7, 0.0];
    step(&mut beam, [ends, nothing, ends, nothing, nothing, nothing]);
    step(&mut beam, [[0.0, 0.1, 0.9, 0.0], nothing, [0.0, 0.9, 0.1, 0.0], nothing, nothing, nothing]);
    let found = beam.best();
    let expected: [(&[u32], f64); 3] = [(&[3, 0, 2], 0.4 * 0.7), (&[3, 1, 2], 0.3 * 0.7), (&[3, 2], 0.2)];
    assert_eq!(found.len(), 3);
    for (one, (ids, prob)) in found.iter().zip(expected) {
        assert_eq!((&one.ids[..], one.finished), (ids, true));
        assert!((one.log_prob.exp() - 0.2 * prob).abs() < 1e-12, "{one:?}");
    }
    let refused = BeamOptions { diversity: 0.5, ..options.clone() };
    assert!(check(&refused).unwrap_err().to_string().contains("alternatives differ already"));
}

/// What was said counts as its probability to the power 2; the score is of that, the log-probability the model's.
#[test]
fn repeating_costs_rank_and_score_but_not_probability() {
    let rules = Rules { repetition_penalty: 2.0, ..Rules::default() };
    let options = BeamOptions { rules, ..options(1) };
    let mut beam = Beam::new(1, &options, &config());
    for (probs, said) in
        [([0.6, 0.3, 0.1], 0), ([0.6, 0.3, 0.1], 0), ([0.2, 0.5, 0.3], 1), ([0.5, 0.4, 0.1], 0)]
    {
        let choice = beam.choose(&log(&probs));
        beam.accept(choice, None);
        assert_eq!(beam.so_far().last(), Some(&said)); // 0.6^2 = 0.36 > 0.3; 0.5^2 > 0.4^2
    }
    let found = beam.into_found();
    assert!((found[0].log_prob.exp() - 0.6 * 0.6 * 0.5 * 0.5).abs() < 1e-12);
    assert!((found[0].score.exp() - 0.6 * 0.36 * 0.5 * 0.25).abs() < 1e-12);
}

#[test]
fn options_out_of_range_say_what_would_be_right() {
    let problem = |options: BeamOptions| check(&options).unwrap_err().to_string();
    assert!(problem(options(0)).contains("beam_size is 0; it must be in 1..=10000"));
    assert!(problem(options(usize::MAX)).contains("it must be in 1..=10000"));
    let few = BeamOptions { top_beams: 3, ..options(2) };
    assert!(problem(few).contains("top_beams is 3; it must be in 1..=2, the beam_size"));
    let endless = BeamOptions { length_penalty: LengthPenalty::Gnmt { alpha: f64::NAN }, ..options(2) };
    assert!(problem(endless).contains("alpha is NaN"));
    assert!(problem(BeamOptions { groups: 0, ..options(2) }).contains("groups is 0; it must divide 2"));
    assert!(problem(BeamOptions { groups: 3, ..options(4) }).contains("groups is 3; it must divide 4"));
    assert!(
        problem(BeamOptions { coverage: -0.1, ..options(4) }).contains("coverage is -0.1; it must be 0 or")
    );
    assert!(problem(BeamOptions { diversity: f64::NAN, ..options(4) }).contains("diversity is NaN"));
}
