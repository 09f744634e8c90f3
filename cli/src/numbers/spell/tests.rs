//! What the numerals are held to: tables written by hand, and readers that know no more than what each word
//! counts.

use rand::RngExt;
use tensor::Seed;

use super::*;

/// 0 to 99, each ten on a new line.
const FRENCH_BELOW_100: &str = "\
zéro, un, deux, trois, quatre, cinq, six, sept, huit, neuf,
dix, onze, douze, treize, quatorze, quinze, seize, dix-sept, dix-huit, dix-neuf,
vingt, vingt et un, vingt-deux, vingt-trois, vingt-quatre, vingt-cinq, vingt-six, vingt-sept, vingt-huit,
vingt-neuf,
trente, trente et un, trente-deux, trente-trois, trente-quatre, trente-cinq, trente-six, trente-sept,
trente-huit, trente-neuf,
quarante, quarante et un, quarante-deux, quarante-trois, quarante-quatre, quarante-cinq, quarante-six,
quarante-sept, quarante-huit, quarante-neuf,
cinquante, cinquante et un, cinquante-deux, cinquante-trois, cinquante-quatre, cinquante-cinq,
cinquante-six, cinquante-sept, cinquante-huit, cinquante-neuf,
soixante, soixante et un, soixante-deux, soixante-trois, soixante-quatre, soixante-cinq, soixante-six,
soixante-sept, soixante-huit, soixante-neuf,
soixante-dix, soixante et onze, soixante-douze, soixante-treize, soixante-quatorze, soixante-quinze,
soixante-seize, soixante-dix-sept, soixante-dix-huit, soixante-dix-neuf,
quatre-vingts, quatre-vingt-un, quatre-vingt-deux, quatre-vingt-trois, quatre-vingt-quatre,
quatre-vingt-cinq, quatre-vingt-six, quatre-vingt-sept, quatre-vingt-huit, quatre-vingt-neuf,
quatre-vingt-dix, quatre-vingt-onze, quatre-vingt-douze, quatre-vingt-treize, quatre-vingt-quatorze,
quatre-vingt-quinze, quatre-vingt-seize, quatre-vingt-dix-sept, quatre-vingt-dix-huit,
quatre-vingt-dix-neuf";

const BOTH: [(u64, &str, &str); 44] = [
    (0, "zéro", "zero"),
    (1, "un", "one"),
    (12, "douze", "twelve"),
    (15, "quinze", "fifteen"),
    (18, "dix-huit", "eighteen"),
    (20, "vingt", "twenty"),
    (40, "quarante", "forty"),
    (71, "soixante et onze", "seventy-one"),
    (80, "quatre-vingts", "eighty"),
    (97, "quatre-vingt-dix-sept", "ninety-seven"),
    (100, "cent", "one hundred"),
    (101, "cent un", "one hundred one"),
    (121, "cent vingt et un", "one hundred twenty-one"),
    (123, "cent vingt-trois", "one hundred twenty-three"),
    (180, "cent quatre-vingts", "one hundred eighty"),
    (200, "deux cents", "two hundred"),
    (201, "deux cent un", "two hundred one"),
    (280, "deux cent quatre-vingts", "two hundred eighty"),
    (999, "neuf cent quatre-vingt-dix-neuf", "nine hundred ninety-nine"),
    (1_000, "mille", "one thousand"),
    (1_001, "mille un", "one thousand one"),
    (1_100, "mille cent", "one thousand one hundred"),
    (1_080, "mille quatre-vingts", "one thousand eighty"),
    (1_300, "mille trois cents", "one thousand three hundred"),
    (2_000, "deux mille", "two thousand"),
    (21_000, "vingt et un mille", "twenty-one thousand"),
    (71_071, "soixante et onze mille soixante et onze", "seventy-one thousand seventy-one"),
    (80_000, "quatre-vingt mille", "eighty thousand"),
    (80_080, "quatre-vingt mille quatre-vingts", "eighty thousand eighty"),
    (100_000, "cent mille", "one hundred thousand"),
    (101_000, "cent un mille", "one hundred one thousand"),
    (200_000, "deux cent mille", "two hundred thousand"),
    (200_200, "deux cent mille deux cents", "two hundred thousand two hundred"),
    (280_000, "deux cent quatre-vingt mille", "two hundred eighty thousand"),
    (1_000_000, "un million", "one million"),
    (1_001_000, "un million mille", "one million one thousand"),
    (2_000_001, "deux millions un", "two million one"),
    (80_000_000, "quatre-vingts millions", "eighty million"),
    (80_000_071, "quatre-vingts millions soixante et onze", "eighty million seventy-one"),
    (200_000_000, "deux cents millions", "two hundred million"),
    (201_000_000, "deux cent un millions", "two hundred one million"),
    (1_000_000_000, "un milliard", "one billion"),
    (2_001_001_001, "deux milliards un million mille un", "two billion one million one thousand one"),
    (
        380_000_080_300,
        "trois cent quatre-vingts milliards quatre-vingt mille trois cents",
        "three hundred eighty billion eighty thousand three hundred",
    ),
];

/// What a word counts on its own.
fn french_word(word: &str) -> u64 {
    match word {
        "zéro" => 0,
        "un" => 1,
        "deux" => 2,
        "trois" => 3,
        "quatre" => 4,
        "cinq" => 5,
        "six" => 6,
        "sept" => 7,
        "huit" => 8,
        "neuf" => 9,
        "dix" => 10,
        "onze" => 11,
        "douze" => 12,
        "treize" => 13,
        "quatorze" => 14,
        "quinze" => 15,
        "seize" => 16,
        "vingt" => 20,
        "trente" => 30,
        "quarante" => 40,
        "cinquante" => 50,
        "soixante" => 60,
        _ => panic!("no French numeral: {word}"),
    }
}

fn english_word(word: &str) -> u64 {
    let units =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let teens = ["thir", "four", "fif", "six", "seven", "eigh", "nine"];
    let tens = ["twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"];
    let place =
        |stems: &[&str], stem: &str| stems.iter().position(|&known| known == stem).map(|at| at as u64);
    if word == "zero" {
        return 0;
    }
    let unit = place(&units, word).map(|at| at + 1);
    let teen = || word.strip_suffix("teen").and_then(|stem| place(&teens, stem)).map(|at| at + 13);
    let ten = || word.strip_suffix("ty").and_then(|stem| place(&tens, stem)).map(|at| 10 * (at + 2));
    unit.or_else(teen).or_else(ten).unwrap_or_else(|| panic!("no English numeral: {word}"))
}

/// Adds up the words from the left; an s is left to [`check_plurals`].
fn read_french(text: &str) -> u64 {
    let (mut total, mut group) = (0, 0);
    for word in text.split([' ', '-']) {
        let scale: u64 = match word {
            "et" => continue,
            "mille" => 1_000,
            "million" | "millions" => 1_000_000,
            "milliard" | "milliards" => 1_000_000_000,
            "billion" | "billions" => 1_000_000_000_000,
            "billiard" | "billiards" => 1_000_000_000_000_000,
            "trillion" | "trillions" => 1_000_000_000_000_000_000,
            "cent" | "cents" => {
                assert!(group == 0 || (2..10).contains(&group), "{text}");
                group = 100 * group.max(1);
                continue;
            }
            "vingt" | "vingts" if group % 100 == 4 => {
                group += 76;
                continue;
            }
            _ => {
                group += french_word(word);
                continue;
            }
        };
        assert!(if scale == 1_000 { group != 1 } else { group > 0 }, "{text}");
        total += group.max(1) * scale;
        group = 0;
    }
    total + group
}

fn read_english(text: &str) -> u64 {
    let (mut total, mut group) = (0, 0);
    for word in text.split([' ', '-']) {
        let scale: u64 = match word {
            "hundred" => {
                assert!((1..10).contains(&group), "{text}");
                group *= 100;
                continue;
            }
            "thousand" => 1_000,
            "million" => 1_000_000,
            "billion" => 1_000_000_000,
            "trillion" => 1_000_000_000_000,
            "quadrillion" => 1_000_000_000_000_000,
            "quintillion" => 1_000_000_000_000_000_000,
            _ => {
                group += english_word(word);
                continue;
            }
        };
        assert!(group > 0, "{text}");
        total += group * scale;
        group = 0;
    }
    total + group
}

/// A word ends in the plural's s exactly where the grammar asks for one.
fn check_plurals(text: &str) {
    let words: Vec<&str> = text.split([' ', '-']).collect();
    let is_noun = |word: &str| ["million", "milliard", "billion", "billiard", "trillion"].contains(&word);
    for (at, &word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |before| words[before]);
        let multiplied = match word.trim_end_matches('s') {
            "cent" => ["deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"].contains(&before),
            "vingt" => before == "quatre",
            noun if is_noun(noun) => {
                let is_one = before == "un" && (at == 1 || is_noun(words[at - 2].trim_end_matches('s')));
                assert_eq!(word.ends_with('s'), !is_one, "{text}");
                continue;
            }
            _ => continue,
        };
        let nothing_follows = words.get(at + 1).is_none_or(|next| is_noun(next.trim_end_matches('s')));
        assert_eq!(word.ends_with('s'), multiplied && nothing_follows, "{text}");
    }
}

fn check(n: u64) {
    let text = french(n);
    assert_eq!((read_french(&text), read_english(&english(n))), (n, n), "{text}, {}", english(n));
    check_plurals(&text);
}

#[test]
fn french_below_100_is_as_written_by_hand() {
    let table: Vec<&str> = FRENCH_BELOW_100.split(',').map(str::trim).collect();
    assert_eq!(table.len(), 100);
    for (n, &expected) in table.iter().enumerate() {
        assert_eq!(french(n as u64), expected);
    }
}

#[test]
fn numerals_are_as_written_by_hand() {
    for (n, fr, en) in BOTH {
        assert_eq!((french(n).as_str(), english(n).as_str()), (fr, en));
    }
}

#[test]
fn english_hyphens_stand_between_tens_and_units_only() {
    for n in 0..1_000 {
        let has_hyphen = n % 100 > 20 && n % 10 > 0;
        assert_eq!(english(n).matches('-').count(), usize::from(has_hyphen), "{n}");
    }
}

#[test]
fn every_numeral_to_ten_thousand_is_read_back() {
    (0..=10_000).for_each(check);
}

#[test]
fn every_group_is_read_back_at_every_scale() {
    for scale in [1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000, 1_000_000_000_000_000] {
        for group in 1..1_000 {
            check(group * scale);
            check(group * scale + 1);
            check(group * scale + group * scale / 1_000);
        }
    }
}

#[test]
fn numerals_of_all_lengths_are_read_back() {
    let mut rng = Seed::new(5).rng();
    for _ in 0..2_000 {
        for n_digits in 1..=19 {
            check(rng.random_range(0..10u64.pow(n_digits)));
        }
    }
    check(u64::MAX);
}
