//! Text models of version 0.1: what it wrote, and the ids it had.

use super::*;

const SETTINGS: &str = r#""vocab_size":300,"joint":true,"lowercase":false,"normalisation":"nfc","byte_fallback":false,"min_count":1"#;
const STATISTICS: &str = r#"{"uppercase":0,"lowercase":6,"scripts":{"Latin":6,"Other":9}}"#;
const TEXT: &str = "हिन्दी co\u{ad}op \u{feff}a\u{200b}b \u{200b}";

fn written(kind: &str, tokens: &str) -> TextModel {
    let tokens: Vec<String> = ["<pad>", "<bos>", "<eos>", "<unk>"]
        .into_iter()
        .chain(tokens.split(' '))
        .map(str::to_owned)
        .collect();
    let tokens = serde_json::to_string(&tokens).unwrap();
    let json = format!(
        r#"{{"settings":{{"kind":"{kind}",{SETTINGS}}},"src":{{"tokens":{tokens},"merges":[]}},"tgt":null,"statistics":{STATISTICS}}}"#
    );
    TextModel::from_json(&json).unwrap()
}

#[test]
fn a_vocabulary_reads_by_the_rules_it_was_made_with() {
    let words = "a b co hindi language op \u{ad} दी भाषा हिन \u{94d} \u{200b}";
    let characters = "a b c d e g h i l n o p u \u{ad} द न भ ष ह \u{93e} \u{93f} \u{940} \u{94d} \u{200b} ▁";
    let ids_of_words = vec![13, 14, 11, 6, 10, 9, 3, 4, 15, 5, 15];
    let ids_of_characters = vec![28, 22, 24, 19, 26, 18, 25, 28, 6, 14, 17, 14, 15, 28, 3, 4, 27, 5, 28, 27];
    for (kind, tokens, ids) in [("words", words, ids_of_words), ("bpe", characters, ids_of_characters)] {
        let old = written(kind, tokens);
        assert_eq!(old.encode_src(TEXT).ids, ids, "{kind}");
        assert!(!old.settings().drop_invisible);
        let again = TextModel::from_json(&old.to_json()).unwrap();
        assert_eq!(again.encode_src(TEXT).ids, ids, "{kind}, written again");
        assert_eq!(again.as_decoded("हिन्दी"), old.as_decoded("हिन्दी"));
    }
}

#[test]
fn a_new_vocabulary_has_whole_words_and_says_by_which_rule() {
    let pairs = [(TEXT, "hindi")];
    let words = TextModel::learn(&whole(TextKind::Words), pairs.into_iter()).unwrap();
    assert_eq!(words.src.vocabulary().words()[4..], ["ab", "coop", "hindi", "हिन्दी"]);
    let json = words.to_json();
    assert!(json.contains(r#""word_rule":"unicode""#) && json.contains(r#""drop_invisible":true"#), "{json}");
    assert_eq!(TextModel::from_json(&json).unwrap().encode_src(TEXT), words.encode_src("हिन्दी coop ab"));
    let misplaced = json.replace(r#""kind":"words""#, r#""kind":"pretokenised""#);
    assert!(TextModel::from_json(&misplaced).unwrap_err().contains("not split into words"));
}

#[test]
fn what_shows_nowhere_changes_nothing() {
    for kind in [TextKind::Bpe, TextKind::Words, TextKind::Pretokenised] {
        let text = learn(&whole(kind));
        let hidden = "\u{feff}Je su\u{200b}is\u{2060} étu\u{ad}diant\u{200d}.\0";
        assert_eq!(text.encode_src(hidden), text.encode_src("Je suis étudiant."), "{kind:?}");
        assert_eq!(text.as_decoded(hidden), text.as_decoded("Je suis étudiant."), "{kind:?}");
        assert_eq!(text.encode_src("\u{feff} \u{200b}\u{200d}\u{fe0f}").ids, [0; 0], "{kind:?}");
        let kept = learn(&TextSettings { drop_invisible: false, ..whole(kind) });
        assert_ne!(kept.encode_src(hidden), kept.encode_src("Je suis étudiant."), "{kind:?}");
    }
}
