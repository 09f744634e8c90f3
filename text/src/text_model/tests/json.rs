//! The model as JSON: the same for the same text, the model again, and refused when it is not that.

use serde_json::{Value, json};

use super::*;

#[test]
fn the_same_text_gives_the_same_json() {
    for settings in
        [subwords(), TextSettings::default(), whole(TextKind::Words), whole(TextKind::Pretokenised)]
    {
        for joint in [true, false] {
            let settings = TextSettings { joint, ..settings.clone() };
            let json = learn(&settings).to_json();
            (0..5).for_each(|_| assert_eq!(learn(&settings).to_json(), json));
            let reversed = TextModel::learn(&settings, PAIRS.into_iter().rev()).unwrap();
            assert_eq!(reversed.to_json(), json, "the order of the pairs is immaterial");
        }
    }
}

#[test]
fn ties_among_merges_are_broken_the_same_way_every_time() {
    let mut below = numbers(2);
    for _ in 0..30 {
        let words: Vec<String> =
            (0..40).map(|_| (0..8).map(|_| ['a', 'b', 'c'][below(3)]).collect()).collect();
        let corpus = words.join(" ");
        let json = || {
            TextModel::learn(&TextSettings::default(), [(corpus.as_str(), "")].into_iter()).unwrap().to_json()
        };
        let first = json();
        (0..5).for_each(|_| assert_eq!(json(), first));
    }
}

#[test]
fn json_gives_the_model_again() {
    for kind in [TextKind::Bpe, TextKind::Words, TextKind::Pretokenised] {
        for (joint, byte_fallback) in [(true, true), (false, false)] {
            let text = learn(&TextSettings { joint, byte_fallback, vocab_size: 400, ..whole(kind) });
            let json = text.to_json();
            let again = TextModel::from_json(&json).unwrap();
            assert_eq!(again.to_json(), json);
            assert_eq!((again.summary(), again.settings()), (text.summary(), text.settings()));
            assert_eq!(again.vocabulary_hash(), text.vocabulary_hash());
            for odd in ODD {
                let (src, tgt) = (again.encode_src(odd), again.encode_tgt(odd));
                assert_eq!((&src, &tgt), (&text.encode_src(odd), &text.encode_tgt(odd)));
                assert_eq!(again.decode(&tgt.ids), text.decode(&tgt.ids));
            }
        }
    }
}

/// What `from_json` says of a model changed by `change`.
fn refusal(settings: &TextSettings, change: impl FnOnce(&mut Value)) -> String {
    let mut json: Value = serde_json::from_str(&learn(settings).to_json()).unwrap();
    change(&mut json);
    TextModel::from_json(&json.to_string()).unwrap_err()
}

#[test]
fn json_that_does_not_fit_is_refused() {
    let check = |settings: &TextSettings, expected: &str, change: &dyn Fn(&mut Value)| {
        let text = refusal(settings, change);
        assert!(text.contains(expected), "{text}");
    };
    let bpe = subwords();
    check(&bpe, "unknown field `sauce`", &|json| json["sauce"] = 1.into());
    check(&bpe, "missing field `src`", &|json| drop(json.as_object_mut().unwrap().remove("src")));
    check(&bpe, "does not begin with <pad>", &|json| json["src"]["tokens"][2] = "x".into());
    check(&bpe, "\"x\" stands where \"<0x01>\" should", &|json| json["src"]["tokens"][5] = "x".into());
    check(&bpe, "occurs twice", &|json| json["src"]["tokens"][300] = json["src"]["tokens"][301].clone());
    check(&bpe, "white space", &|json| json["src"]["tokens"][339] = "a b".into());
    check(&bpe, "\"nix\", which there is not", &|json| json["src"]["merges"][0][0] = "nix".into());
    check(&bpe, "which there is not", &|json| json["src"]["merges"][0] = json!(["<eo", "s>"]));
    check(&bpe, "\"<eos>\"", &|json| json["src"]["merges"][0] = json!(["<eos>", "a"]));
    check(&bpe, "begins a word", &|json| json["src"]["tokens"].as_array_mut().unwrap().truncate(260));
    check(&bpe, "two vocabularies where `joint` says one", &|json| json["tgt"] = json["src"].clone());
    check(&bpe, "two vocabularies", &|json| json["settings"]["joint"] = false.into());
    check(&bpe, "no merges", &|json| json["settings"]["kind"] = "words".into());
    let separate = TextSettings { joint: false, ..whole(TextKind::Pretokenised) };
    check(&separate, "of the target: vocabulary", &|json| json["tgt"]["tokens"][4] = "".into());
}

#[test]
fn json_cut_short_anywhere_is_refused() {
    let json = learn(&whole(TextKind::Words)).to_json();
    for end in (0..json.len()).filter(|&end| json.is_char_boundary(end)) {
        assert!(TextModel::from_json(&json[..end]).is_err(), "{end}");
    }
}

#[test]
fn the_hash_tells_vocabularies_apart() {
    let hash = |settings: &TextSettings| learn(settings).vocabulary_hash();
    assert_eq!(hash(&subwords()), hash(&subwords()));
    assert_eq!(hash(&subwords()).len(), 8);
    assert_ne!(hash(&subwords()), hash(&TextSettings { vocab_size: 339, ..subwords() }));
    assert_ne!(hash(&subwords()), hash(&TextSettings { joint: false, ..subwords() }));
}
