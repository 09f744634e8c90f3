//! A built-in corpus: simple French sentences and their Hindi.
//!
//! Something in two scripts for everybody who has no such data at hand: `Le garçon ne lit pas ce livre rouge.` becomes
//! `लड़का यह लाल किताब नहीं पढ़ता है।` A small grammar makes the sentences, with a word for each of its words in both languages.
//! There is enough to learn all the same: Hindi has the verb at the end and the time before the object, its verbs agree
//! with the gender of who does it, its adjectives with that of a thing, which need not have it in French, and in
//! writing its vowels are marks on the letters before them.
//!
//! Sentences state, deny or ask. [`draw`] makes different ones, and no two of them have the same Hindi.

mod words;

use std::collections::HashSet;

use rand::RngExt;
use tensor::Seed;

use words::{Adjective, BEFORE, BEHIND, DETERMINERS, Gender, OBJECTS, SUBJECTS, TIMES, VERBS};

/// What the corpus is called in recipes and on the command line.
pub const NAME: &str = "sentences-fr-hi";

/// The most sentences that are drawn: a tenth of all that there are.
pub const MAX_PAIRS: usize = 180_000;

/// What a sentence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mood {
    States,
    Denies,
    Asks,
}

/// A sentence without a language: places in the tables of [`words`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sentence {
    mood: Mood,
    subject: usize,
    is_plural: bool,
    verb: usize,
    determiner: usize,
    before: Option<usize>,
    object: usize,
    behind: Option<usize>,
    time: usize,
}

/// So many different sentences in random order, French and Hindi. The same seed gives the same ones, and more of them
/// begin with those of fewer.
///
/// # Panics
/// If they are more than [`MAX_PAIRS`].
pub fn draw(count: usize, seed: u64) -> Vec<[String; 2]> {
    assert!(count <= MAX_PAIRS, "{count} sentences, of at most {MAX_PAIRS}");
    let mut rng = Seed::new(seed).derive(NAME).rng();
    let mut seen = HashSet::new();
    let draws = std::iter::repeat_with(|| Sentence::draw(&mut rng));
    let different = draws.filter(|&sentence| seen.insert(sentence)).take(count);
    different.map(|sentence| [sentence.french(), sentence.hindi()]).collect()
}

impl Sentence {
    fn draw(rng: &mut impl RngExt) -> Sentence {
        let mood = [Mood::States, Mood::States, Mood::Denies, Mood::Asks][rng.random_range(0..4)];
        let subject = rng.random_range(0..SUBJECTS.len());
        let verb = rng.random_range(0..VERBS.len());
        let able: Vec<usize> =
            (0..OBJECTS.len()).filter(|&object| OBJECTS[object].can_be >= VERBS[verb].needs).collect();
        let first = usize::from(mood == Mood::Denies); // "pas un livre" is no French
        let mut adjective = |of: &[Adjective]| rng.random_bool(0.5).then(|| rng.random_range(0..of.len()));
        let (before, behind) = (adjective(&BEFORE), adjective(&BEHIND));
        Sentence {
            mood,
            subject,
            is_plural: SUBJECTS[subject].french[1].is_some() && rng.random_bool(0.5),
            verb,
            determiner: rng.random_range(first..DETERMINERS.len()),
            before,
            object: able[rng.random_range(0..able.len())],
            behind,
            time: rng.random_range(0..TIMES.len()),
        }
    }

    fn french(&self) -> String {
        let number = usize::from(self.is_plural);
        let (noun, gender) = OBJECTS[self.object].french;
        let verb = VERBS[self.verb].french[number];
        let verb = match self.mood {
            Mood::Denies if verb.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("n'{verb} pas"),
            Mood::Denies => format!("ne {verb} pas"),
            Mood::States | Mood::Asks => verb.to_string(),
        };
        let said = joined(&[
            SUBJECTS[self.subject].french[number].unwrap_or_default(),
            &verb,
            of_gender(&DETERMINERS[self.determiner].0, gender),
            self.before.map_or("", |place| of_gender(&BEFORE[place][0], gender)),
            noun,
            self.behind.map_or("", |place| of_gender(&BEHIND[place][0], gender)),
            TIMES[self.time][0],
        ]);
        match self.mood {
            Mood::Asks => format!("Est-ce que {said} ?"),
            Mood::States | Mood::Denies => {
                let first = said.chars().next().map_or(0, char::len_utf8);
                format!("{}{}.", said[..first].to_uppercase(), &said[first..])
            }
        }
    }

    fn hindi(&self) -> String {
        let subject = &SUBJECTS[self.subject];
        let (noun, gender) = OBJECTS[self.object].hindi;
        let ending = match (subject.gender, self.is_plural) {
            (Gender::M, false) => "ता है",
            (Gender::M, true) => "ते हैं",
            (Gender::F, false) => "ती है",
            (Gender::F, true) => "ती हैं",
        };
        let verb = format!("{}{ending}", VERBS[self.verb].hindi);
        let (asks, denies, end) = match self.mood {
            Mood::States => ("", "", "।"),
            Mood::Denies => ("", "नहीं", "।"),
            Mood::Asks => ("क्या", "", "?"),
        };
        let said = joined(&[
            asks,
            subject.hindi[usize::from(self.is_plural)],
            TIMES[self.time][1],
            DETERMINERS[self.determiner].1,
            self.before.map_or("", |place| of_gender(&BEFORE[place][1], gender)),
            self.behind.map_or("", |place| of_gender(&BEHIND[place][1], gender)),
            noun,
            denies,
            &verb,
        ]);
        said + end
    }
}

fn of_gender(forms: &[&'static str; 2], gender: Gender) -> &'static str {
    forms[gender as usize]
}

/// Words with single spaces between them; those that are empty are left out.
fn joined(words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use text::words::split_words;

    use super::*;

    #[track_caller]
    fn check(sentence: Sentence, french: &str, hindi: &str) {
        assert_eq!((&*sentence.french(), &*sentence.hindi()), (french, hindi));
    }

    #[test]
    fn both_languages_agree_in_gender_and_number() {
        let boy = Sentence {
            mood: Mood::States,
            subject: 0,
            is_plural: false,
            verb: 0,
            determiner: 0,
            before: Some(1),
            object: 0,
            behind: Some(1),
            time: 1,
        };
        check(boy, "Le garçon lit un petit livre noir le matin.", "लड़का सुबह एक छोटी काली किताब पढ़ता है।");
        let girls = Sentence { subject: 1, is_plural: true, verb: 4, object: 13, time: 0, ..boy };
        check(girls, "Les filles cherchent une petite maison noire.", "लड़कियाँ एक छोटा काला घर खोजती हैं।");
        let denied = Sentence { mood: Mood::Denies, verb: 1, determiner: 2, before: None, time: 3, ..boy };
        check(
            denied,
            "Le garçon n'apporte pas ce livre noir chaque jour.",
            "लड़का हर दिन यह काली किताब नहीं लाता है।",
        );
        let asked = Sentence { mood: Mood::Asks, subject: 7, determiner: 1, behind: None, time: 2, ..boy };
        check(asked, "Est-ce que Sita lit le petit livre le soir ?", "क्या सीता शाम को छोटी किताब पढ़ती है?");
        let doctors = Sentence { subject: 4, is_plural: true, mood: Mood::Denies, determiner: 1, ..asked };
        check(
            doctors,
            "Les médecins ne lisent pas le petit livre le soir.",
            "डॉक्टर शाम को छोटी किताब नहीं पढ़ते हैं।",
        );
    }

    #[test]
    fn no_two_sentences_say_the_same_in_either_language() {
        let drawn = draw(20_000, 1);
        for side in [0, 1] {
            assert_eq!(drawn.iter().map(|pair| &pair[side]).collect::<HashSet<_>>().len(), 20_000);
        }
        assert_eq!(draw(100, 1), drawn[..100]);
        assert_ne!(draw(100, 2), drawn[..100]);
    }

    #[test]
    fn all_words_occur_and_each_is_whole() {
        let drawn = draw(2000, 1);
        let words = |side: usize| -> HashSet<String> {
            drawn.iter().flat_map(|pair| split_words(&pair[side])).collect()
        };
        let (french, hindi) = (words(0), words(1));
        for word in OBJECTS.iter().flat_map(|object| [object.french.0, object.hindi.0]) {
            assert!(french.contains(word) || hindi.contains(word), "{word}");
        }
        let spaced: HashSet<&str> =
            drawn.iter().flat_map(|pair| pair[1].trim_end_matches(['।', '?']).split(' ')).collect();
        assert_eq!(hindi.len(), spaced.len() + 2, "a word between spaces is a word, and there are two marks");
    }
}
