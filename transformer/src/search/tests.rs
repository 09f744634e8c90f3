//! Under every option, alone and with others, a search finds what its definition says: [`naive`] has the definitions.

use std::sync::Arc;

use nn::{ParamId, Params};
use tensor::{DType, Seed, Tensor};

use self::naive::Naive;
use super::batches::{sample_in_batches, search_in_batches};
use super::beam::{BeamOptions, beam_search};
use super::hypothesis::{Hypothesis, MaxLen};
use super::length_penalty::LengthPenalty;
use super::rules::Rules;
use super::sample::SampleOptions;
use super::shortlist::Shortlist;
use crate::config::{Config, DecoderStart, VocabSizes};
use crate::model::Transformer;

mod naive;
mod traffic;

const PENALTIES: [LengthPenalty; 5] = [
    LengthPenalty::None,
    LengthPenalty::Gnmt { alpha: 0.6 },
    LengthPenalty::Gnmt { alpha: 3.0 },
    LengthPenalty::Power { alpha: 1.0 },
    LengthPenalty::Power { alpha: -0.5 }, // a penalty on length, for those who ask
];

const EOS: u32 = 2;
/// All that is searched at most: of words 0, 1 and 3 there are 3⁵ translations that do not end, 121 that do.
const ALL: usize = 364;

/// A model that says 0, 1, 3 and `<eos>`, or what of them does not stand before the first word, and whose parameters are
/// all away from where they start.
fn model(decoder_start: DecoderStart, seed: u64, dtype: DType) -> (Transformer, Params) {
    let config = Config::toy(VocabSizes::Separate { src: 9, tgt: 4 })
        .with(|model| (model.d_model, model.d_ff, model.n_heads) = (8, 12, 2));
    let config = Config { decoder_start, eos_id: EOS, ..config };
    let seed = Seed::new(seed);
    let (model, mut params) = Transformer::new(&config, seed, dtype).unwrap();
    let ids: Vec<ParamId> = params.iter().map(|(id, ..)| id).collect();
    for id in ids {
        let moved = Tensor::normal(
            params.get(id).shape(),
            0.0,
            0.3,
            seed.derive("moved").derive(params.name(id)),
            dtype,
        );
        params.get_mut(id).add_assign(&moved);
    }
    (model, params)
}

const STARTS: [DecoderStart; 2] = [DecoderStart::Token(1), DecoderStart::ZeroVector];
/// Translations of them have up to 5 tokens.
const SOURCES: [&[u32]; 3] = [&[5, 3], &[7], &[4, 8, 3]];

fn sources() -> Vec<Vec<u32>> {
    SOURCES.map(<[u32]>::to_vec).into()
}

/// A beam with each option, and some of them together.
fn every_option(beam_size: usize) -> Vec<(&'static str, BeamOptions)> {
    let plain = BeamOptions {
        beam_size,
        top_beams: beam_size,
        max_len: MaxLen { beyond_source: 2 },
        ..BeamOptions::default()
    };
    let rules = |change: &dyn Fn(&mut Rules)| {
        let mut rules = Rules::default();
        change(&mut rules);
        BeamOptions { rules, ..plain.clone() }
    };
    let together = |rules: &mut Rules| {
        (rules.min_len, rules.prefix, rules.no_repeat_ngram) = (3, vec![3], 2);
        (rules.max_ratio, rules.repetition_penalty, rules.banned) = (Some(2.0), 1.4, vec![vec![0, 3, 0]]);
    };
    vec![
        ("nothing", plain.clone()),
        ("min_len", rules(&|rules| rules.min_len = 3)),
        (
            "min_len beyond the source's",
            rules(&|rules| (rules.min_len, rules.banned) = (6, vec![vec![1], vec![3, 0]])),
        ),
        ("min_ratio", rules(&|rules| rules.min_ratio = 1.2)),
        ("max_len", rules(&|rules| rules.max_len = Some(2))),
        ("max_ratio", rules(&|rules| rules.max_ratio = Some(0.9))),
        ("prefix", rules(&|rules| rules.prefix = vec![3, 0])),
        (
            "prefix longer than what may be said",
            rules(&|rules| (rules.prefix, rules.max_ratio) = (vec![0, 3], Some(0.5))),
        ),
        ("banned", rules(&|rules| rules.banned = vec![vec![3], vec![0, 0]])),
        ("banned, all", rules(&|rules| (rules.banned, rules.min_len) = (vec![vec![0], vec![1], vec![3]], 2))),
        ("no_repeat_ngram 1", rules(&|rules| rules.no_repeat_ngram = 1)),
        ("no_repeat_ngram 2", rules(&|rules| rules.no_repeat_ngram = 2)),
        ("repetition_penalty", rules(&|rules| rules.repetition_penalty = 1.7)),
        ("repetition_penalty, a reward", rules(&|rules| rules.repetition_penalty = 0.4)),
        ("coverage", BeamOptions { coverage: 0.7, ..plain.clone() }),
        ("never", BeamOptions { never: vec![3], ..plain.clone() }),
        ("rules together", rules(&together)),
        ("all together", BeamOptions { coverage: 0.3, never: vec![1], ..rules(&together) }),
    ]
}

/// The same translations, with the same scores and log-probabilities, to rounding.
#[track_caller]
fn assert_same(what: &str, found: &[Hypothesis], expected: &[Hypothesis]) {
    let words =
        |all: &[Hypothesis]| all.iter().map(|one| (one.ids.clone(), one.finished)).collect::<Vec<_>>();
    assert_eq!(words(found), words(expected), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let is_close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(1.0);
        let is_same = is_close(found.score, expected.score) && is_close(found.log_prob, expected.log_prob);
        assert!(is_same, "{what}: {found:?}, expected {expected:?}");
    }
}

/// Calls `test` with every option, for models of both beginnings.
fn for_every_option(
    beam_size: usize,
    seeds: u64,
    mut test: impl FnMut(&str, &Transformer, &Params, &BeamOptions),
) {
    for (seed, start) in (0..seeds).flat_map(|seed| STARTS.map(|start| (seed, start))) {
        let (model, params) = model(start, seed, DType::F64);
        for (name, options) in every_option(beam_size) {
            let what = format!("{name}, beam {beam_size}, {start:?}, seed {seed}");
            test(&what, &model, &params, &options);
        }
    }
}

/// The same with each penalty.
fn with_penalties(options: &BeamOptions) -> [BeamOptions; 5] {
    PENALTIES.map(|length_penalty| BeamOptions { length_penalty, ..options.clone() })
}

/// Groups that are wide enough for all find all too, whatever it costs them to say it again, and each of it once.
#[test]
fn a_beam_wide_enough_finds_what_brute_force_finds() {
    for_every_option(ALL, 2, |what, model, params, options| {
        let groups = BeamOptions { beam_size: 2 * ALL, groups: 2, diversity: 0.9, ..options.clone() };
        for source in SOURCES {
            let everything = Naive { model, params, options, source }.everything();
            for options in with_penalties(options).iter().chain([&groups]) {
                let expected = Naive { model, params, options, source }.in_order(&everything);
                let found = beam_search(model, params, &[source.to_vec()], options).unwrap();
                assert_same(what, &found[0], &expected);
            }
        }
    });
}

#[test]
fn stopping_when_nothing_better_can_come_loses_nothing() {
    for beam_size in [2, 3] {
        for_every_option(beam_size, 3, |what, model, params, options| {
            let options = &BeamOptions { max_len: MaxLen { beyond_source: 5 }, ..options.clone() };
            for options in &with_penalties(options) {
                let found = beam_search(model, params, &sources(), options).unwrap();
                for (source, found) in SOURCES.iter().zip(found) {
                    let finished = found.iter().filter(|one| one.finished).count();
                    let naive = Naive { model, params, options, source };
                    assert_same(what, &found[..finished], &naive.beam());
                }
            }
        });
    }
}

/// And so is what is drawn from the likeliest word alone, but for the score, which is then the log-probability.
#[test]
fn a_beam_of_one_is_greedy() {
    for_every_option(1, 6, |what, model, params, options| {
        let found = beam_search(model, params, &sources(), options).unwrap();
        let top_k = Some(1);
        let (never, rules) = (options.never.clone(), options.rules.clone());
        let draw =
            SampleOptions { top_k, max_len: options.max_len, never, rules, ..SampleOptions::default() };
        let drawn = sample_in_batches(model, params, &sources(), 0, &draw, |_| ()).unwrap();
        for ((source, found), drawn) in SOURCES.iter().zip(found).zip(drawn) {
            let greedy = Naive { model, params, options, source }.greedy();
            assert_same(what, &found, std::slice::from_ref(&greedy));
            let score = greedy.log_prob;
            assert_same(what, &drawn.into_iter().collect::<Vec<_>>(), &[Hypothesis { score, ..greedy }]);
        }
    });
}

/// The word that an alternative begins with is of the prefix then, whose words never cost for being said again.
#[test]
fn alternatives_are_the_likeliest_words_each_gone_on_with_as_if_it_were_forced() {
    for_every_option(2, 3, |what, model, params, options| {
        let max_len = options.rules.max_len.or(Some(6)); // whatever the source and the prefix
        let rules = Rules { repetition_penalty: 1.0, max_len, max_ratio: None, ..options.rules.clone() };
        let options = BeamOptions { rules, max_len: MaxLen { beyond_source: 6 }, ..options.clone() };
        let three =
            BeamOptions { beam_size: 6, groups: 3, top_beams: 3, alternatives: true, ..options.clone() };
        for (source, found) in SOURCES.iter().zip(beam_search(model, params, &sources(), &three).unwrap()) {
            let place = options.rules.prefix.len();
            let words: Vec<u32> = found.iter().map(|one| one.ids[place]).collect();
            let naive = Naive { model, params, options: &options, source };
            assert_eq!(words, naive.likeliest_after_prefix(3), "{what}");
            for (found, word) in found.into_iter().zip(words).filter(|&(_, word)| word != EOS) {
                let prefix = [&options.rules.prefix[..], &[word]].concat();
                let rules = Rules { prefix, ..options.rules.clone() };
                let forced = BeamOptions { rules, top_beams: 1, ..options.clone() };
                let forced = beam_search(model, params, &[source.to_vec()], &forced).unwrap();
                assert_eq!(found, forced[0][0], "{what}");
            }
        }
    });
}

#[test]
fn company_changes_not_a_bit() {
    let sources: Vec<Vec<u32>> = (0..20).map(|i| vec![3 + i % 6; 1 + (i as usize * 5) % 7]).collect();
    for (beam_size, start) in [1, 3].into_iter().flat_map(|size| STARTS.map(|start| (size, start))) {
        let (model, params) = model(start, 1, DType::F32);
        for (name, options) in every_option(beam_size) {
            let groups = BeamOptions { groups: beam_size, diversity: 0.6, ..options.clone() };
            let alternatives = BeamOptions { diversity: 0.0, alternatives: true, ..groups.clone() };
            for options in [options, groups, alternatives] {
                let together = search_in_batches(&model, &params, &sources, &options, |_| ()).unwrap();
                for (source, together) in sources.iter().zip(&together) {
                    let alone = beam_search(&model, &params, std::slice::from_ref(source), &options).unwrap();
                    assert_eq!(together, &alone[0], "{name}, beam {beam_size}, {start:?}");
                }
            }
        }
    }
}

/// For each source token two words, which leave 1 or 3 out; and `<eos>`, which is always needed.
fn shortlist() -> Arc<Shortlist> {
    let of = (0..9).map(|id| if id % 2 == 0 { vec![0, 3] } else { vec![1, 0] }).collect();
    Arc::new(Shortlist::new(Vec::new(), of))
}

/// The words of a source are as good as the only ones: all of what is found says them, with probabilities among them.
#[test]
fn a_shortlist_leaves_a_sentence_its_own_words_to_the_bit_whoever_stands_beside_it() {
    let sources: Vec<Vec<u32>> = (0..20).map(|i| vec![3 + i % 6; 1 + (i as usize * 5) % 7]).collect();
    for (beam_size, start) in [(1, STARTS[0]), (3, STARTS[1])] {
        let (model, params) = model(start, 1, DType::F32);
        for (name, options) in every_option(beam_size) {
            let options = BeamOptions { shortlist: Some(shortlist()), never: vec![], ..options };
            let together = search_in_batches(&model, &params, &sources, &options, |_| ()).unwrap();
            for (source, together) in sources.iter().zip(&together) {
                let alone = beam_search(&model, &params, std::slice::from_ref(source), &options).unwrap();
                assert_eq!(together, &alone[0], "{name}, beam {beam_size}, {start:?}");
                let unlisted = if source[0] % 2 == 0 { 1 } else { 3 };
                let behind_prefix = |one: &Hypothesis| one.ids[options.rules.prefix.len()..].to_vec();
                let says = |one: &Hypothesis| behind_prefix(one).contains(&unlisted);
                assert!(!together.iter().any(|one| says(one) && !options.rules.prefix.contains(&unlisted)));
            }
        }
    }
}

/// With every word on the list the search is the one without; with some, probabilities are those of all words, divided by
/// what the words on the list have together.
#[test]
fn probabilities_are_among_the_words_on_the_list() {
    for start in STARTS {
        let (model, params) = model(start, 2, DType::F64);
        let says_all = start == DecoderStart::ZeroVector; // what stands before the first word takes its share, unsaid
        let options = every_option(ALL).remove(0).1;
        let search = |shortlist: Option<Arc<Shortlist>>, source: &[u32]| {
            let options = BeamOptions { shortlist, ..options.clone() };
            beam_search(&model, &params, &[source.to_vec()], &options).unwrap().remove(0)
        };
        let all = Arc::new(Shortlist::new(vec![0, 1, 2, 3], Vec::new()));
        for source in SOURCES {
            let whole = search(None, source);
            assert_same("all words", &search(Some(all.clone()), source), &whole);
            // Of what may be said first: 3 and <eos>, which is always there, by their shares.
            let three = Arc::new(Shortlist::new(vec![3], Vec::new()));
            let listed = search(Some(three), source);
            let of_all = |ids: &[u32]| whole.iter().find(|one| one.ids == ids).unwrap().log_prob.exp();
            let (end, no_end) =
                (of_all(&[EOS]), 1.0 - listed.iter().find(|one| one.ids == [EOS]).unwrap().log_prob.exp());
            let begun_with_three: f64 =
                whole.iter().filter(|one| one.ids[0] == 3).map(|one| one.log_prob.exp()).sum();
            let expected = begun_with_three / (begun_with_three + end);
            assert!(!says_all || (no_end - expected).abs() < 1e-12, "{no_end}, not {expected}");
            assert!(listed.iter().all(|one| one.ids.iter().all(|id| [3, EOS].contains(id))));
        }
    }
}

#[test]
fn a_shortlist_of_another_vocabulary_is_refused() {
    let (model, params) = model(STARTS[0], 1, DType::F32);
    let shortlist = Some(Arc::new(Shortlist::new(vec![4], Vec::new())));
    let options = BeamOptions { shortlist: shortlist.clone(), ..BeamOptions::default() };
    let problem = beam_search(&model, &params, &sources(), &options).unwrap_err().to_string();
    assert!(problem.contains("shortlist: 4 is not in the target vocabulary of 4"), "{problem}");
    let drawing = SampleOptions { shortlist, ..SampleOptions::default() };
    assert!(sample_in_batches(&model, &params, &sources(), 0, &drawing, |_| ()).is_err());
}

#[test]
fn a_prefix_that_is_never_said_is_refused() {
    let (model, params) = model(STARTS[0], 1, DType::F32);
    for id in [1, 3] {
        let rules = Rules { prefix: vec![id], ..Rules::default() }; // 1 stands before the first word
        let options = BeamOptions { rules, never: vec![3], ..BeamOptions::default() };
        let problem = beam_search(&model, &params, &sources(), &options).unwrap_err().to_string();
        assert!(problem.contains(&format!("prefix: {id} is never said")), "{problem}");
    }
}
