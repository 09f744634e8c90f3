mod json;
mod older;

use super::*;
use crate::settings::Normalisation;
use crate::special::{BOS_ID, EOS_ID, PAD_ID, UNK_ID};

const PAIRS: [(&str, &str); 6] = [
    ("Je suis étudiant.", "I am a student."),
    ("Les étudiants étudient à l'université.", "The students study at the university."),
    ("L'étudiante n'étudie pas : elle lit !", "The student isn't studying; she's reading!"),
    ("En 1984, il avait 19 ans.", "In 1984 he was 19 years old."),
    ("Un homme, un chien... et 2 chats", "A man, a dog... and 2 cats"),
    ("L’homme lit à l’université", "The man reads at the university"),
];

/// Texts that something could go wrong with.
const ODD: [&str; 22] = [
    "",
    " \t\u{a0}\u{3000}\n\r\n",
    "  I   am\ta student . ",
    "étudiant e\u{301}tudiant ÉTUDIANT ŒUVRE ﬁn x² Ａ",
    "<eos> <pad><bos> <unk>, <s> </s>",
    "<0x41> <0x0A><0xC3>",
    "▁ ▁student student▁ a▁b ▁▁",
    "😀 👩‍👩‍👧‍👦 ❤\u{fe0f} 🇫🇷 a😀b",
    "日本語のテキスト、東京。",
    "Привет, мир! שלום مرحبا हिन्दी ไทย",
    "\u{0}\u{1}\u{7f}\u{200b}\u{feff}\u{fffd}\u{10ffff}",
    "\u{301}\u{301} a\u{301}\u{323} \u{1100}\u{1161}\u{11a8}",
    "İstanbul ΟΔΟΣ ẞ ǅ",
    "l' 'l l'' '' ’’ d’’a",
    "1234567890 ٣٤ ½ Ⅷ 1.5e-3",
    "...!!!??--__ @@ a@@ b",
    "a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f",
    "\u{200d}\u{200c}a\u{200d}",
    "https://example.org/a?b=c&d=%20#e",
    "\\n \\u0041 \" ' ` $ { } ~",
    "\u{1f1e6}\u{e0001}\u{f0000}\u{378}",
    "x",
];

fn subwords() -> TextSettings {
    TextSettings { vocab_size: 340, ..Default::default() }
}

fn whole(kind: TextKind) -> TextSettings {
    TextSettings { kind, ..Default::default() }
}

fn learn(settings: &TextSettings) -> TextModel {
    TextModel::learn(settings, PAIRS.into_iter()).unwrap()
}

fn problem(settings: &TextSettings, pairs: &[(&'static str, &'static str)]) -> String {
    TextModel::learn(settings, pairs.iter().copied()).unwrap_err().to_string()
}

fn tokens<'a>(text: &'a TextModel, sentence: &str) -> Vec<&'a str> {
    text.encode_src(sentence).ids.iter().map(|&id| text.src_token(id).unwrap()).collect()
}

/// Numbers that look random; the same at every run.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}

#[track_caller]
fn check_lossless(text: &TextModel, sentence: &str) {
    let normal = text.settings().normalise(sentence).into_owned();
    let expected = normal.split_whitespace().collect::<Vec<_>>().join(" ");
    for encoded in [text.encode_src(sentence), text.encode_tgt(sentence)] {
        assert_eq!(encoded.unknown, 0, "{sentence:?}");
        assert!(encoded.ids.iter().all(|&id| id > UNK_ID), "{sentence:?} reached a special symbol");
        assert_eq!(text.decode(&encoded.ids), expected, "{sentence:?}");
    }
}

#[test]
fn subwords_give_the_text_again_but_for_white_space() {
    for normalisation in [Normalisation::Nfc, Normalisation::Nfkc, Normalisation::None] {
        for lowercase in [false, true] {
            let text = learn(&TextSettings { normalisation, lowercase, ..subwords() });
            ODD.iter()
                .chain(PAIRS.iter().flat_map(|(src, tgt)| [src, tgt]))
                .for_each(|odd| check_lossless(&text, odd));
        }
    }
}

#[test]
fn random_strings_survive_too() {
    let text = learn(&subwords());
    let pool: Vec<char> = ODD.concat().chars().collect();
    let mut below = numbers(1);
    for _ in 0..1000 {
        let length = below(20);
        let mixed: String = (0..length).map(|_| pool[below(pool.len())]).collect();
        check_lossless(&text, &mixed);
        let any: String = (0..length).filter_map(|_| char::from_u32(below(0x11_0000) as u32)).collect();
        check_lossless(&text, &any);
    }
}

#[test]
fn training_text_that_spells_special_symbols_cannot_make_them() {
    let pairs = [("<eos><eos> <0x41><0x41> <unk> ▁▁a ▁", "<pad> <bos> a"); 9];
    let text = TextModel::learn(&subwords(), pairs.into_iter()).unwrap();
    check_lossless(&text, pairs[0].0);
    assert_eq!(tokens(&text, "<eos> <0x41>"), ["▁<", "eos", ">", "▁<", "0", "x", "4", "1", ">"]);
    assert_eq!(tokens(&text, "▁a"), ["▁", "<0xE2>", "<0x96>", "<0x81>", "a"]);
}

#[test]
fn what_training_saw_often_is_short() {
    let text = learn(&TextSettings { vocab_size: 8000, ..Default::default() });
    assert_eq!(tokens(&text, "étudiant."), ["▁étudiant", "."]);
    assert_eq!(tokens(&text, "l'homme... 1984"), ["▁l", "'", "homme", "...", "▁1", "9", "8", "4"]);
    let crossing = |token: &&String| token.contains('.') && !token.trim_matches(['.', '▁']).is_empty();
    assert_eq!(text.src.vocabulary().words()[260..].iter().find(crossing), None);
}

#[test]
fn the_vocabulary_is_as_large_as_asked_or_as_the_text_allows() {
    assert!(learn(&subwords()).is_joint());
    assert_eq!(learn(&subwords()).src_vocab_size(), 340);
    let most = learn(&TextSettings::default()).tgt_vocab_size();
    assert!((341..400).contains(&most), "{most}");
    let settings = TextSettings { joint: false, byte_fallback: false, vocab_size: 60, ..Default::default() };
    let text = learn(&settings);
    assert_eq!((text.is_joint(), text.src_vocab_size(), text.tgt_vocab_size()), (false, 60, 60));
    assert_ne!(text.src.vocabulary(), text.tgt().vocabulary());
    assert_eq!((text.src_token(60), text.tgt_token(60)), (None, None));
    for specials in [learn(&subwords()), text] {
        let ids = [PAD_ID, BOS_ID, EOS_ID, UNK_ID];
        assert_eq!(ids.map(|id| specials.tgt_token(id).unwrap()), ["<pad>", "<bos>", "<eos>", "<unk>"]);
    }
}

#[test]
fn too_small_a_vocabulary_is_refused_with_the_least_that_does() {
    let refused = problem(&TextSettings { vocab_size: 100, ..Default::default() }, &[("abc", "xyz")]);
    assert!(
        refused.contains("text.vocab_size is 100") && refused.contains("256 bytes and the 7 characters"),
        "{refused}"
    );
    assert!(refused.contains(" 267: that is the least"), "{refused}");
    let smallest = |vocab_size| {
        TextModel::learn(&TextSettings { vocab_size, ..Default::default() }, [("abc", "xyz")].into_iter())
    };
    assert!(smallest(266).is_err());
    assert_eq!(smallest(267).unwrap().tgt_vocab_size(), 267);
    let settings = TextSettings { vocab_size: 3, byte_fallback: false, ..Default::default() };
    assert!(problem(&settings, &[("ab", "ab")]).contains("4 special symbols and the 3 characters"));
    assert!(
        problem(&TextSettings { vocab_size: 4, ..whole(TextKind::Words) }, &PAIRS)
            .contains("vocab_size 4 leaves no room")
    );
}

#[test]
fn text_without_a_word_is_refused() {
    for kind in [TextKind::Bpe, TextKind::Words, TextKind::Pretokenised] {
        for joint in [true, false] {
            let settings = TextSettings { joint, ..whole(kind) };
            assert!(problem(&settings, &[]).contains("occurs 1 times"), "{kind:?}");
            assert!(problem(&settings, &[(" ", "\t")]).contains("min_count"), "{kind:?}");
        }
    }
    assert!(problem(&subwords(), &[("▁", "▁")]).contains("no character occurs"));
}

#[test]
fn without_byte_fallback_what_is_foreign_is_unknown() {
    let text = learn(&TextSettings { byte_fallback: false, vocab_size: 200, ..Default::default() });
    let encoded = text.encode_src("Je suis 日本 à ▁");
    assert_eq!(encoded.unknown, 2);
    assert_eq!(text.decode(&encoded.ids), "Je suis <unk> à <unk>");
    assert!(text.src.vocabulary().words().iter().all(|token| !token.starts_with("<0x")));
}

#[test]
fn rare_characters_and_merges_are_left_out() {
    let pairs = [("abc abc abc aéc", "abc abc")];
    let settings = |min_count| TextSettings { min_count, ..Default::default() };
    let common = TextModel::learn(&settings(2), pairs.into_iter()).unwrap();
    assert_eq!(tokens(&common, "abc aéc"), ["▁abc", "▁a", "<0xC3>", "<0xA9>", "c"]);
    let merges = |text: &TextModel| text.src.to_stored().merges.len();
    assert_eq!(
        (merges(&common), merges(&TextModel::learn(&settings(6), pairs.into_iter()).unwrap())),
        (3, 1)
    );
    assert!(problem(&settings(9), &pairs).contains("no character occurs 9 times"));
}

#[test]
fn decoding_ends_at_eos_and_shows_no_other_special_but_unk() {
    let text = learn(&subwords());
    let ids = text.encode_tgt("a dog").ids;
    let with = |before: &[u32], after: &[u32]| text.decode(&[before, &ids, after].concat());
    assert_eq!(with(&[BOS_ID, PAD_ID], &[EOS_ID, 99, 300]), "a dog");
    assert_eq!(with(&[UNK_ID], &[]), "<unk> a dog");
    assert_eq!(with(&[], &[u32::MAX]), "a dog<unk>");
    assert_eq!(text.decode(&[]), "");
    let byte = |byte: u8| 4 + u32::from(byte);
    assert_eq!(with(&[], &[byte(0xc3), byte(0xa9), byte(0xc3)]), "a dogé\u{fffd}");
    assert_eq!(with(&[byte(b'\n')], &[byte(b'\r'), byte(b'\n'), byte(b'x')]), "a dog x", "one line, always");
}

#[test]
fn words_are_lowercased_and_split() {
    let text = learn(&whole(TextKind::Words));
    assert_eq!(tokens(&text, "ÉTUDIANT, suis-je ?"), ["étudiant", ",", "suis", "<unk>", "je", "<unk>"]);
    let encoded = text.encode_tgt("The MAN <eos> isn't old");
    assert_eq!(text.decode(&encoded.ids), "the man <unk> <unk> <unk> isn't old");
    assert_eq!(encoded.unknown, 3);
    assert_eq!(tokens(&text, "e\u{301}tudiant"), ["étudiant"], "normalised first");
}

#[test]
fn pretokenised_text_is_taken_as_it_is() {
    let pairs = [("ein Haus@@ tier .", "a p@@ et ."), ("ein e\u{301}", "a e\u{301} <eos>")];
    let text = TextModel::learn(&whole(TextKind::Pretokenised), pairs.into_iter()).unwrap();
    assert_eq!(
        text.src.vocabulary().words()[4..],
        [".", "a", "ein", "e\u{301}", "Haus@@", "et", "p@@", "tier"]
    );
    let encoded = text.encode_tgt("a  p@@ et <eos> . p@@");
    assert_eq!((text.decode(&encoded.ids).as_str(), encoded.unknown), ("a pet <unk> . p", 1));
    let refused = problem(&TextSettings { lowercase: true, ..whole(TextKind::Pretokenised) }, &pairs);
    assert!(refused.contains("lowercase the files"), "{refused}");
}

#[test]
fn a_reference_takes_the_form_of_a_translation() {
    let form = |settings: &TextSettings, line| learn(settings).as_decoded(line);
    assert_eq!(form(&subwords(), "  A  dog,\te\u{301} "), "A dog, é");
    assert_eq!(form(&whole(TextKind::Words), "A dog, é"), "a dog , é");
    assert_eq!(form(&whole(TextKind::Pretokenised), "a  p@@ et"), "a pet");
}

#[test]
fn the_most_frequent_words_are_kept() {
    let size = |vocab_size, min_count| {
        let settings = TextSettings { vocab_size, min_count, ..whole(TextKind::Words) };
        learn(&settings).src.vocabulary().len()
    };
    assert_eq!(size(10, 1), 10);
    assert!(size(0, 2) < size(0, 1));
    assert_eq!(size(0, 1), size(1000, 1));
}

#[test]
fn input_unlike_the_training_text_is_warned_about() {
    let text = learn(&subwords());
    assert_eq!(text.warnings(&["L'étudiant lit.", "Un chien"]), [""; 0]);
    assert_eq!(text.warnings(&[]), [""; 0]);
    let warnings = text.warnings(&["Я студент"]);
    assert!(warnings.iter().any(|text| text.contains("Cyrillic")), "{warnings:?}");
    assert!(
        warnings.iter().any(|text| text.contains("% of the input's tokens are spelled in bytes")),
        "{warnings:?}"
    );
    let shouted = ["UN HOMME LIT À L'UNIVERSITÉ"];
    assert!(text.warnings(&shouted)[0].contains("capitals"));
    let words = learn(&whole(TextKind::Words));
    assert_eq!(words.warnings(&shouted), [""; 0], "words have no case");
    let warnings = words.warnings(&["un chat noir dort"]);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("75 % of the input's tokens are <unk>"), "{warnings:?}");
}

#[test]
fn settings_are_read_by_their_names() {
    let settings: TextSettings =
        serde_json::from_str(r#"{ "kind": "pretokenised", "normalisation": "nfkc", "joint": false }"#)
            .unwrap();
    let expected =
        TextSettings { joint: false, normalisation: Normalisation::Nfkc, ..whole(TextKind::Pretokenised) };
    assert_eq!(settings, expected);
    assert!(serde_json::from_str::<TextSettings>(r#"{ "kind": "unigram" }"#).is_err());
    assert!(serde_json::from_str::<TextSettings>(r#"{ "vocabsize": 1 }"#).is_err());
}

#[test]
fn room_is_made_for_as_many_tokens_as_the_text_gives_however_many_are_asked_for() {
    let text = |vocab_size| learn(&TextSettings { vocab_size, ..subwords() });
    let all = text(10_000);
    assert!((301..10_000).contains(&all.src_vocab_size()));
    assert_eq!(text(usize::MAX).vocabulary_hash(), all.vocabulary_hash());
}
