use super::*;

const EOS: u32 = 2;

fn options(beam_size: usize) -> BeamOptions {
    BeamOptions { beam_size, length_penalty: LengthPenalty::None, ..BeamOptions::default() }
}

fn log(probs: &[f64]) -> Vec<f64> {
    probs.iter().map(|p| p.ln()).collect()
}

#[test]
fn finished_hypotheses_take_no_live_slot() {
    let mut beam = Beam::new(0, 9);
    let mut fates = Vec::new();
    let probs = log(&[0.3, 0.1, 0.4, 0.2]);
    let parents = beam.advance(&probs, 4, EOS, &options(2), &mut |candidate| fates.push(candidate.fate));
    assert_eq!(fates, [Fate::Finished, Fate::Kept, Fate::Kept, Fate::Pruned]);
    assert_eq!((beam.finished.len(), parents), (1, vec![0, 0]));
    assert_eq!(beam.last_ids().collect::<Vec<_>>(), [0, 3]);
}

#[test]
fn an_end_that_ranks_below_the_beam_is_pruned() {
    let mut beam = Beam::new(0, 9);
    beam.advance(&log(&[0.5, 0.3, 0.2]), 3, EOS, &options(2), &mut |_| ());
    assert!(beam.finished.is_empty());
}

#[test]
fn the_search_ends_when_nothing_can_get_better_and_not_before() {
    let mut beam = Beam::new(0, 9);
    let probs = log(&[0.3, 0.1, 0.6]);
    beam.advance(&probs, 3, EOS, &options(2), &mut |_| ());
    assert!(!beam.is_done(&options(2)), "only one of two is finished");
    beam.advance(&[probs.clone(), probs].concat(), 3, EOS, &options(2), &mut |_| ());
    assert_eq!(beam.finished.len(), 2); // 0.6, 0.3 * 0.6; live: 0.3 * 0.3
    assert!(beam.is_done(&options(2)));
    // By the mean per token, the live hypothesis of probability 0.09 could end at 0.09^(1/9).
    let by_mean = BeamOptions { length_penalty: LengthPenalty::Power { alpha: 1.0 }, ..options(2) };
    assert!(!beam.is_done(&by_mean));
}

/// At the last step nobody goes on: who lives is kept if there is a place among the translations.
#[test]
fn what_a_search_ends_without_is_pruned() {
    let fates = |probs: &[f64], options: &BeamOptions, max_len: usize| {
        let (mut beam, mut fates) = (Beam::new(0, max_len), Vec::new());
        beam.advance(&log(probs), probs.len(), EOS, options, &mut |candidate| fates.push(candidate.fate));
        fates
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
    let mut beam = Beam::new(0, 9);
    let parents = beam.advance(&log(&[0.5, 0.4, 0.1]), 3, EOS, &options(4), &mut |_| ());
    assert_eq!((beam.live.len(), parents.len()), (4, 4));
    assert_eq!(beam.live[2].1, f64::NEG_INFINITY);
    let candidates = beam.likeliest(99, &log(&[0.5, 0.4, 0.1].repeat(4)), 3);
    assert_eq!(candidates.len(), 6, "fillers are not continued");
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
}
