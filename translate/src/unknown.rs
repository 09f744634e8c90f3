//! `<unk>` in a translation, replaced by what it is aligned with in the source line: a name that neither vocabulary
//! has is then copied; what is unknown in the source goes before what is known there, whatever attention says (Luong et al. 2015, *Addressing the Rare Word Problem in Neural Machine Translation*).
//!
//! What is copied stands as in the line, case and all. Where tokens are words, it is the word. Where they are subwords
//! without bytes, `<unk>` is a run of characters inside a word, and so it is on both sides: the source's unknown
//! characters take the place of the target's. If there are none in the source's word, the word as a whole takes the
//! place of the target's.

use text::special::{Special, UNK_ID};
use text::words::split_words;
use text::{TextKind, TextModel, TextSettings};

/// The longest run between white space, in bytes, that is looked into; what is longer is copied whole.
const LONGEST: usize = 1000;

/// What one token of a source gives to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Copy {
    /// In the place of `<unk>` alone.
    Token(String),
    /// In the place of the word that `<unk>` stands in.
    Word(String),
}

/// `text`, which is that of the target `ids`, with what each `<unk>` is aligned with by `links`, (source, target),
/// copied from the source `line`.
pub(crate) fn replaced(
    model: &TextModel,
    line: &str,
    ids: &[u32],
    text: &str,
    links: &[(usize, usize)],
) -> String {
    let copies: Vec<Copy> = line.split_whitespace().flat_map(|run| copies(model, run)).collect();
    let mut text = text.to_owned();
    for &(source, target) in links.iter().rev().filter(|link| ids[link.1] == UNK_ID) {
        if let (Some(copy), Some(place)) = (copies.get(source), place_of(model, &ids[..=target], &text)) {
            put(&mut text, place, copy, model.settings().kind);
        }
    }
    text
}

/// Where in `text` the last of the `ids`, an `<unk>`, is spelled. The text may spell the symbol elsewhere too; what
/// stands before it is as long as decoded by itself.
fn place_of(model: &TextModel, ids: &[u32], text: &str) -> Option<usize> {
    let symbol = Special::Unk.symbol();
    let nth = model.decode(ids).matches(symbol).count().checked_sub(1)?;
    text.match_indices(symbol).nth(nth).map(|(place, _)| place)
}

/// Puts a copy where `<unk>` stands.
fn put(text: &mut String, place: usize, copy: &Copy, kind: TextKind) {
    let end = place + Special::Unk.symbol().len();
    match copy {
        Copy::Token(copy) => match copy.strip_suffix("@@").filter(|_| kind == TextKind::Pretokenised) {
            Some(copy) => {
                let end = end + usize::from(text[end..].starts_with(' ')); // as subwords are joined
                text.replace_range(place..end, copy);
            }
            None => text.replace_range(place..end, copy),
        },
        Copy::Word(copy) => {
            let before = text[..place].trim_end_matches(char::is_alphanumeric).len();
            let behind = text[end..].trim_start_matches(char::is_alphanumeric);
            let behind = text.len() - behind.len();
            text.replace_range(before..behind, copy);
        }
    }
}

/// What the tokens of a run of characters between white space give to copy.
fn copies(model: &TextModel, run: &str) -> Vec<Copy> {
    let ids = model.encode_src(run).ids;
    let whole = || vec![Copy::Token(run.to_owned()); ids.len()];
    match model.settings().kind {
        TextKind::Pretokenised => whole(),
        TextKind::Words => words(model, run, ids.len()).unwrap_or_else(whole),
        TextKind::Bpe => subwords(model, run, &ids),
    }
}

/// The words of a run as they are written in it. None if it is too long, or was not split as words are today.
fn words(model: &TextModel, run: &str, count: usize) -> Option<Vec<Copy>> {
    let parts = split_words(&model.settings().normalise(run));
    if run.len() > LONGEST || parts.len() != count {
        return None;
    }
    let mut rest = run;
    let mut written = Vec::with_capacity(count);
    for part in &parts {
        let spells = |end: &usize| split_words(&model.settings().normalise(&rest[..*end])).concat() == *part;
        let end = ends(rest).find(spells)?;
        written.push(Copy::Token(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    Some(written)
}

/// What the subwords of a run give to copy: unknown ones their characters; the others the unknown characters beside
/// them, or the word.
fn subwords(model: &TextModel, run: &str, ids: &[u32]) -> Vec<Copy> {
    let is_mark =
        |c: char| matches!(c, '«' | '»' | '¿' | '¡' | '\u{2010}'..='\u{205e}' | '\u{3001}'..='\u{303f}');
    let word = run.trim_matches(|c: char| c.is_ascii_punctuation() || is_mark(c));
    let word = Copy::Word(if word.is_empty() { run } else { word }.to_owned());
    let unknown = if run.len() > LONGEST { Vec::new() } else { unknown_parts(model, run) };
    if unknown.is_empty() || unknown.len() != ids.iter().filter(|&&id| id == UNK_ID).count() {
        return vec![word; ids.len()];
    }
    let mut next = 0;
    let of_token = |&id: &u32| {
        let nearest = unknown[next.min(unknown.len() - 1)].clone();
        next += usize::from(id == UNK_ID);
        Copy::Token(nearest)
    };
    ids.iter().map(of_token).collect()
}

/// The characters of each `<unk>` of a run, in the case in which they are written.
fn unknown_parts(model: &TextModel, run: &str) -> Vec<String> {
    let as_written = TextSettings { lowercase: false, ..model.settings().clone() };
    let run = as_written.normalise(run);
    let unknown = |text: &str| model.encode_src(text).unknown;
    let is_known = |c: char| unknown(c.encode_utf8(&mut [0; 4])) == 0;
    let mut parts = Vec::new();
    for mut rest in run.split(is_known).filter(|rest| !rest.is_empty()) {
        while !rest.is_empty() {
            let end = ends(rest).filter(|&end| unknown(&rest[..end]) <= 1).last().unwrap_or(rest.len());
            parts.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    parts
}

/// Where the characters of a text end.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().map(|(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(settings: TextSettings, pairs: &[(&str, &str)]) -> TextModel {
        TextModel::learn(&settings, pairs.iter().copied()).unwrap()
    }

    /// The translation that `ids` spell, each token aligned with the source token that `sources` names.
    #[track_caller]
    fn check(model: &TextModel, line: &str, target: &str, sources: &[usize], expected: &str) {
        let ids = model.encode_tgt(target).ids;
        let links: Vec<(usize, usize)> = sources.iter().copied().zip(0..).collect();
        assert_eq!(
            ids.len(),
            links.len(),
            "{:?}",
            ids.iter().map(|&id| model.tgt_token(id)).collect::<Vec<_>>()
        );
        assert_eq!(replaced(model, line, &ids, &model.decode(&ids), &links), expected);
    }

    #[test]
    fn a_word_is_copied_as_it_is_written() {
        let settings = TextSettings { kind: TextKind::Words, joint: false, ..TextSettings::default() };
        let model = text(settings, &[("je vois l'a , « »", "i see a , \" \" . < > unk")]);
        // je vois l' ÎLE-D'YEU ,
        check(&model, "Je vois l’ÎLE, ÖRTZE’S!", "i see x", &[0, 1, 3], "i see ÎLE");
        check(&model, "Je vois l’ÎLE, O\u{308}rtze’s!", "x , y", &[3, 4, 5], "ÎLE , O\u{308}rtze’s");
        check(&model, "je «Zoé»", "\" x \"", &[1, 2, 3], "\" Zoé \"");
        check(&model, "Zoé", "<unk> x", &[0, 0, 0, 0], "< unk > Zoé");
        check(&model, "je Zoé <unk> Léa", "x y", &[1, 5], "Zoé Léa");
    }

    #[test]
    fn tokens_of_text_that_was_split_before_are_copied_and_joined() {
        let settings = TextSettings { kind: TextKind::Pretokenised, joint: false, ..TextSettings::default() };
        let model = text(settings, &[("das haus", "the house s@@ <u@@ nk>")]);
        check(&model, "das Wald@@ haus .", "the x s@@ x house", &[0, 1, 2, 2, 1], "the Waldshaus house");
        check(&model, "das Wald .", "<u@@ nk> x", &[0, 0, 1], "<unk> Wald");
        check(&model, "Wald@@", "x", &[0], "Wald");
    }

    #[test]
    fn unknown_characters_are_copied_into_the_word_and_words_where_there_are_none() {
        let settings = TextSettings {
            byte_fallback: false,
            joint: false,
            vocab_size: 60,
            lowercase: true,
            ..TextSettings::default()
        };
        let pairs = [("a b c d e s t r i p ß , ( )", "a b c d e s t r i p . ( )")];
        let model = text(settings, &pairs);
        let tokens = |line: &str| {
            let found = model.encode_src(line).ids;
            found.iter().map(|&id| model.src_token(id).unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(tokens("Piła, ½¼"), "▁ p i <unk> a , ▁ <unk> <unk>");
        check(&model, "PIŁA, ½¼", "pila", &[0, 1, 2, 3, 4], "piŁa");
        check(&model, "PIŁA, ½¼", "(x)", &[0, 1, 4, 5], "(Ł)");
        check(&model, "PIŁA, ½¼", "x x", &[7, 7, 8, 8], "½ ¼");
        check(&model, "(Straße)", "straxe.", &[0, 1, 2, 3, 4, 5, 6, 7], "Straße.");
        check(&model, "(Straße) a", "lola (x)", &[4; 7], "Straße (Straße)");
        check(&model, "ŁÓDŹ", "x", &[0, 1], "ŁÓ");
    }

    #[test]
    fn what_is_too_long_to_be_looked_into_is_copied_whole() {
        let settings = TextSettings { kind: TextKind::Words, joint: false, ..TextSettings::default() };
        let model = text(settings, &[("a", "a")]);
        let long = "é!".repeat(LONGEST);
        check(&model, &long, "x", &[7], &long);
    }
}
