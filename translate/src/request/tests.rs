//! Requests of all kinds.

use std::sync::Arc;

use tensor::Packing;
use text::special::{BOS_ID, EOS_ID, PAD_ID, UNK_ID};
use transformer::Pair;
use transformer::search::shortlist::Shortlist;

use super::*;
use crate::testing::untrained;
use crate::translated::Translation;

const LINES: [&str; 4] = ["je suis étudiant", "", "merci merci merci suis", " \t"];

#[test]
fn as_many_lines_come_out_as_went_in_and_blank_ones_are_empty() {
    let translator = untrained();
    let said = translator.translate(&LINES).unwrap();
    assert_eq!((said.len(), &*said[1], &*said[3]), (4, "", ""));
    for (line, said) in LINES.iter().zip(&said) {
        assert_eq!(translator.translate(&[line]).unwrap(), [said.as_str()]);
    }
    assert!(translator.translate(&[] as &[&str]).unwrap().is_empty());
}

#[test]
fn several_translations_come_best_first_and_are_scored_as_if_they_had_been_given() {
    let translator = untrained();
    let request = translator.request().beam(8).n_best(8).length_penalty(Penalty::Power, 1.0);
    let found = request.max_len_beyond_source(2).translate(&LINES[..1]).unwrap().remove(0);
    let translations = &found.translations;
    assert_eq!((translations.len(), found.source.n_tokens, found.source.cut), (8, 3, 0));
    assert!(translations.windows(2).all(|pair| pair[0].score >= pair[1].score));
    for translation in translations {
        let len = translation.ids.len();
        assert!(len <= 6, "three words, <eos> and two more at most: {len}");
        assert!((translation.score - translation.log_prob / len as f64).abs() < 1e-9);
        let pair = Pair { src: found.source.ids.clone(), tgt: translation.ids.clone() };
        let scored = translator.score_pairs(vec![pair]).unwrap().remove(0);
        assert!((scored.log_prob() - translation.log_prob).abs() < 1e-4);
        assert_eq!(translation.alignment, None);
    }
}

#[test]
fn no_translation_says_what_is_no_word_of_any_text() {
    let translator = untrained();
    let found = translator.request().beam(100).n_best(100).translate(&LINES).unwrap();
    let ids: Vec<u32> =
        found.iter().flat_map(|line| &line.translations).flat_map(|one| one.ids.clone()).collect();
    assert!(ids.len() > 200 && ids.contains(&EOS_ID));
    assert!(!ids.contains(&PAD_ID) && !ids.contains(&BOS_ID));
}

#[test]
fn every_token_is_aligned_with_one_of_the_source() {
    let translator = untrained();
    let found = translator.request().align(true).max_len_beyond_source(3).translate(&LINES).unwrap();
    assert!(found[1].translations.is_empty());
    for translated in found {
        for translation in translated.translations {
            let words = translation.ids.len() - usize::from(translation.finished);
            let links = translation.alignment.unwrap();
            assert!(links.iter().map(|link| link.1).eq(0..words));
            assert!(links.iter().all(|link| link.0 < translated.source.n_tokens));
        }
    }
}

#[test]
fn more_translations_than_the_beam_is_wide_or_none_are_refused_whatever_the_lines_are() {
    let translator = untrained();
    for (beam, n_best) in [(3, 4), (3, 0), (0, 1)] {
        for lines in [&LINES[..1], &[]] {
            let problem = translator.request().beam(beam).n_best(n_best).translate(lines).unwrap_err();
            assert!(matches!(problem, Error::Request(_)), "{problem}");
        }
    }
    let problem = translator.request().beam(3).n_best(4).translate(&LINES).unwrap_err().to_string();
    assert_eq!(problem, "n_best is 4; it must be between 1 and 3, the width of the beam");
}

#[test]
fn threads_that_share_a_translator_say_what_one_says() {
    let translator = untrained();
    let alone = translator.translate(&LINES).unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| translator.translate(&LINES).unwrap())).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn the_same_seed_draws_the_same_whatever_is_drawn_beside_it() {
    let translator = untrained();
    let draw = |lines: &[&str], first, n_best| {
        let sampling = Sampling { first, ..Sampling::default() };
        translator.request().sample(sampling).n_best(n_best).translate(lines).unwrap()
    };
    let together = draw(&LINES, 0, 3);
    assert!(together[1].translations.is_empty() && together[3].translations.is_empty());
    for (number, line) in (0..).zip(LINES) {
        let alone = draw(&[line], number, 1);
        let ids = |found: &Translated| found.translations.first().map(|one| one.ids.clone());
        assert_eq!(ids(&alone[0]), ids(&together[number as usize]), "{line}");
    }
    let drawn: Vec<_> = together[0].translations.iter().map(|one| one.ids.clone()).collect();
    assert!(drawn.len() == 3 && (drawn[0] != drawn[1] || drawn[0] != drawn[2]), "{drawn:?}");
    for one in &together[0].translations {
        assert!(one.score == one.log_prob && !one.ids.contains(&PAD_ID) && !one.ids.contains(&BOS_ID));
    }
}

#[test]
fn drawing_heeds_its_settings_and_the_length_limit() {
    let translator = untrained();
    let first = |sampling: Sampling| {
        let request = translator.request().sample(sampling).max_len_beyond_source(2);
        let one = request.translate(&LINES[..1]).unwrap().remove(0).translations.remove(0);
        assert!(one.ids.len() <= 6);
        one.ids
    };
    let greedy = translator.request().beam(1).max_len_beyond_source(2).translate(&LINES[..1]).unwrap();
    for sampling in [
        Sampling { top_k: Some(1), temperature: 5.0, ..Sampling::default() },
        Sampling { temperature: 1e-6, ..Sampling::default() },
    ] {
        assert_eq!(first(sampling), greedy[0].translations[0].ids);
    }
    let seeds: std::collections::HashSet<_> =
        (0..8).map(|seed| first(Sampling { seed, ..Sampling::default() })).collect();
    assert!(seeds.len() > 4, "{seeds:?}");
    let none = translator.request().sample(Sampling::default()).n_best(0).translate(&LINES).unwrap_err();
    let endless = translator.request().sample(Sampling::default()).n_best(usize::MAX).translate(&LINES);
    assert!(endless.unwrap_err().to_string().ends_with("it must be between 1 and 10000"));
    assert!(matches!(none, Error::Request(_)), "{none}");
    for sampling in [
        Sampling { temperature: 0.0, ..Sampling::default() },
        Sampling { top_k: Some(0), ..Sampling::default() },
    ] {
        assert!(matches!(translator.request().sample(sampling).translate(&LINES), Err(Error::Request(_))));
    }
}

#[test]
fn attention_is_what_the_alignment_is_made_of() {
    let translator = untrained();
    let request = translator.request().align(true).attention(true).beam(2).n_best(2).max_len_beyond_source(3);
    for translated in request.translate(&LINES).unwrap() {
        for translation in translated.translations {
            let rows = translation.attention.unwrap();
            assert_eq!(rows.len(), translation.ids.len());
            for row in &rows {
                assert_eq!(row.len(), translated.source.ids.len());
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6);
            }
            for (source, target) in translation.alignment.unwrap() {
                let words = &rows[target][..translated.source.n_tokens];
                assert!(words.iter().all(|&weight| weight <= words[source]));
            }
        }
    }
}

#[test]
fn what_the_model_does_not_know_is_copied_if_it_is_asked_for() {
    let translator = untrained();
    let search = |line: &str, replace| {
        let request = translator.request().beam(60).n_best(60).align(true).max_len_beyond_source(2);
        request.replace_unknown(replace).translate(&[line]).unwrap().remove(0)
    };
    // Zoé, which is unknown, whatever attention says; where all is known, what it says.
    for (words, n_unknown) in [(["Suis", "Zoé", "merci"], 1), (["Suis", "je", "merci"], 0)] {
        let line = words.join(" ");
        let (as_said, replaced) = (search(&line, false), search(&line, true));
        assert_eq!(replaced.source.unknown, n_unknown);
        let mut unknown = 0;
        for (said, replaced) in as_said.translations.iter().zip(&replaced.translations) {
            assert_eq!((&said.ids, said.log_prob), (&replaced.ids, replaced.log_prob));
            let links = replaced.alignment.as_ref().unwrap();
            let word = |target: usize| match replaced.ids[target] {
                UNK_ID if n_unknown == 1 => "Zoé",
                UNK_ID => words[links[target].0],
                id => translator.text().tgt_token(id).unwrap(),
            };
            let expected: Vec<&str> = (0..links.len()).map(word).collect();
            assert_eq!(replaced.text, expected.join(" "));
            unknown += usize::from(said.ids.contains(&UNK_ID));
            assert_eq!(said.text.contains("<unk>"), said.ids.contains(&UNK_ID));
        }
        assert!(unknown > 3 && unknown < 60, "{unknown} of them say <unk>");
    }
    let replaced = search("Suis Zoé merci", true);
    let alone = translator.request().beam(60).n_best(60).max_len_beyond_source(2).replace_unknown(true);
    let alone = alone.translate(&["Suis Zoé merci"]).unwrap().remove(0);
    let texts =
        |found: &Translated| found.translations.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&alone), texts(&replaced));
    assert!(alone.translations.iter().all(|one| one.alignment.is_none() && one.attention.is_none()));
}

/// Three alternatives behind `i`, which search as if each were of the prefix, and say at which token they differ.
#[test]
fn alternatives_go_on_behind_the_prefix_by_other_tokens() {
    let translator = untrained();
    let ask = |prefix: &str| {
        let prefix = prefix.into();
        let request = translator.request().constraints(Constraints { prefix, ..Constraints::default() });
        request.beam(2).max_len_beyond_source(3)
    };
    let request = ask("i").alternatives(3).align(true);
    let found = request.translate(&LINES).unwrap();
    assert_eq!(found.iter().map(|line| line.translations.len()).collect::<Vec<_>>(), [3, 0, 3, 0]);
    assert_eq!(request.translate_heard(&LINES, |_, _| std::ops::ControlFlow::Continue(())).unwrap(), found);
    let mut last = None;
    for line in &found {
        let next: Vec<u32> = line.translations.iter().map(|one| one.ids[1]).collect();
        assert!(next.iter().enumerate().all(|(place, id)| !next[..place].contains(id)), "{next:?}");
        for one in &line.translations {
            assert_eq!(one.alternative, Some(1));
            if let Some(word) =
                translator.text().tgt_token(one.ids[1]).filter(|_| one.ids[1] > UNK_ID.max(EOS_ID))
            {
                let forced = ask(&format!("i {word}")).align(true).translate(&[&line.source.line]).unwrap();
                let expected = Translation { alternative: Some(1), ..forced[0].translations[0].clone() };
                assert_eq!(one, &expected);
                last = Some(word);
            }
        }
    }
    assert!(last.is_some());
    let many = ask("i").alternatives(100).translate(&LINES[..1]).unwrap().remove(0);
    assert_eq!(many.translations.len(), translator.text().tgt_vocab_size() - 2, "all but <pad> and <bos>");
    let problem = |request: Request| request.check().unwrap_err().to_string();
    assert!(
        problem(ask("i").alternatives(0)).starts_with("alternatives is 0; it must be between 1 and 5000")
    );
    assert!(problem(ask("i").alternatives(2).n_best(2)).contains("do not go with several of the best"));
    let drawn = ask("i").alternatives(2).sample(Sampling::default());
    assert!(problem(drawn).contains("do not go with draws"));
    let chosen = ask("i").alternatives(2).choose_by(Choice::Consensus);
    assert!(problem(chosen).contains("do not go with a choice"));
}

#[test]
fn a_shortlist_leaves_a_line_the_words_of_its_own() {
    let translator = untrained();
    let text = translator.text();
    let mut of = vec![Vec::new(); text.src_vocab_size()];
    for (source, target) in [("je", "i am"), ("suis", "am student"), ("merci", "thanks")] {
        of[text.encode_src(source).ids[0] as usize] = text.encode_tgt(target).ids;
    }
    let shortlist = Arc::new(Shortlist::new(Vec::new(), of));
    let lines = ["je suis", "merci merci", "je"];
    for packing in [Packing::F32, Packing::Int8] {
        let translator = untrained().with_packing(packing);
        let request = translator.request().beam(4).n_best(4).shortlist(shortlist.clone());
        let drawn = request.clone().sample(Sampling::default());
        for request in [request, drawn] {
            let found = request.translate(&lines).unwrap();
            let says = |line: usize, word: &str| {
                let words = |one: &Translation| one.text.split(' ').any(|other| other == word);
                found[line].translations.iter().any(words)
            };
            assert!(!says(0, "thanks") && !says(2, "thanks") && !says(2, "student"), "{found:?}");
            assert!(["i", "am", "student"].iter().all(|word| !says(1, word)), "{found:?}");
            let listed =
                if request.sampling.is_none() { request.translate(&lines[1..2]).unwrap() } else { continue };
            assert_eq!(listed[0], found[1], "whoever stands beside it");
        }
    }
    let other = Arc::new(Shortlist::new(vec![10_000], Vec::new()));
    let problem = translator.request().shortlist(other).check().unwrap_err().to_string();
    assert!(problem.starts_with("shortlist: 10000 is not in the target vocabulary"), "{problem}");
}

#[test]
fn translations_without_end_are_refused_whoever_asks_for_them() {
    let translator = untrained();
    let translate = |beyond| translator.request().max_len_beyond_source(beyond).translate(&LINES[..1]);
    let problem = translate(crate::encode::MAX_TOKENS + 1).unwrap_err();
    let expected = "max_len_beyond_source is 10001; it must be between 0 and 10000";
    assert!(matches!(problem, Error::Request(ref problem) if problem == expected), "{problem}");
    let search = SearchSettings { max_len_beyond_source: usize::MAX, ..SearchSettings::default() };
    let about = crate::translator::About { search: Some(search), ..translator.about().clone() };
    assert!(untrained().with_about(about).translate(&LINES).is_err());
}

/// A line of as many tokens as the model reads, `<eos>` among them, is read whole, and a longer one as that.
#[test]
fn a_line_at_the_models_length_is_translated_and_one_beyond_it_as_its_beginning() {
    let translator = untrained();
    let max_len = translator.model().config().architecture.max_len;
    let line = |words: usize| ["je", "suis", "merci"].repeat(words)[..words].join(" ");
    let request = translator.request().beam(2).max_len_beyond_source(0).n_best(2);
    let lines = [max_len - 2, max_len - 1, max_len, 3 * max_len].map(line);
    let found = request.translate(&lines).unwrap();
    assert_eq!([0, 1, 2, 3].map(|line: usize| found[line].source.cut), [0, 0, 1, 2 * max_len + 1]);
    let lens = [0, 1, 2, 3].map(|line: usize| found[line].source.ids.len());
    assert_eq!(lens, [max_len - 1, max_len, max_len, max_len]);
    assert_eq!(found[2].translations, found[1].translations);
    assert_eq!(found[3].translations, found[1].translations);
}
