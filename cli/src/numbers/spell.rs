//! Numbers in French and in English words.
//!
//! Both languages spell a number as groups of three digits, each with the name of its scale.

/// Three digits, 1..=999, and which group of the number they are: 0 the last, 1 the thousands, 2 the
/// millions.
type Group = (usize, usize);

/// From a million on these are nouns; the French ones take a plural s. French counts by the long scale:
/// its `billion` is a million millions.
const FRENCH_SCALES: [&str; 7] = ["", "mille", "million", "milliard", "billion", "billiard", "trillion"];
const ENGLISH_SCALES: [&str; 7] =
    ["", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"];

#[rustfmt::skip]
const FRENCH_BELOW_20: [&str; 20] = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf",
    "dix", "onze", "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
];
/// After sixty, French counts by twenties: `soixante-dix`, `quatre-vingts`.
const FRENCH_TENS: [&str; 9] =
    ["", "", "vingt", "trente", "quarante", "cinquante", "soixante", "", "quatre-vingt"];

#[rustfmt::skip]
const ENGLISH_BELOW_20: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
    "seventeen", "eighteen", "nineteen",
];
const ENGLISH_TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// `n` in French, in the traditional spelling: hyphens below one hundred except around `et` (the reform of
/// 1990 puts them everywhere).
///
/// `vingt` and `cent` take an s where they are multiplied and nothing of the numeral follows but a noun:
/// `deux cents`, `deux cents millions`, but `deux cent un` and `deux cent mille`, for `mille` is no noun.
/// It never takes an s, nor `un` before it (Dictionnaire de l'Académie française, under cent, mille, vingt).
pub fn french(n: u64) -> String {
    spell(n, FRENCH_BELOW_20[0], |(digits, scale)| match (digits, scale) {
        (_, 0) => french_group(digits, "s"),
        (1, 1) => "mille".into(),
        (_, 1) => format!("{} mille", french_group(digits, "")),
        (1, _) => format!("un {}", FRENCH_SCALES[scale]),
        _ => format!("{} {}s", french_group(digits, "s"), FRENCH_SCALES[scale]),
    })
}

/// `n` in American English: without "and", hyphens between tens and units only.
pub fn english(n: u64) -> String {
    spell(n, ENGLISH_BELOW_20[0], |(digits, scale)| match scale {
        0 => english_group(digits),
        _ => format!("{} {}", english_group(digits), ENGLISH_SCALES[scale]),
    })
}

/// The groups of `n` that are not zero, in words, from the left.
fn spell(n: u64, zero: &str, group: impl Fn(Group) -> String) -> String {
    if n == 0 {
        return zero.into();
    }
    let digits = |scale: usize| (n / 1000u64.pow(scale as u32) % 1000) as usize;
    let groups = (0..FRENCH_SCALES.len()).rev().map(|scale| (digits(scale), scale));
    groups.filter(|&(digits, _)| digits > 0).map(group).collect::<Vec<_>>().join(" ")
}

/// 1..=999 in French; `plural` is the ending of a multiplied `vingt` or `cent` at the end.
fn french_group(digits: usize, plural: &str) -> String {
    let rest = digits % 100;
    let hundreds = match (digits / 100, rest) {
        (0, _) => return french_below_100(rest, plural),
        (1, _) => "cent".into(),
        (count, 0) => format!("{} cent{plural}", FRENCH_BELOW_20[count]),
        (count, _) => format!("{} cent", FRENCH_BELOW_20[count]),
    };
    if rest == 0 { hundreds } else { format!("{hundreds} {}", french_below_100(rest, plural)) }
}

/// 1..=99 in French; `plural` is the ending of `quatre-vingt` at the end.
fn french_below_100(number: usize, plural: &str) -> String {
    let (ten, rest) = match number {
        0..20 => return FRENCH_BELOW_20[number].into(),
        20..60 => (number / 10, number % 10),
        _ => (number / 20 * 2, number % 20),
    };
    let word = FRENCH_TENS[ten];
    match (ten, rest) {
        (8, 0) => format!("{word}{plural}"),
        (_, 0) => word.into(),
        (2..8, 1 | 11) => format!("{word} et {}", FRENCH_BELOW_20[rest]),
        _ => format!("{word}-{}", FRENCH_BELOW_20[rest]),
    }
}

/// 1..=999 in English.
fn english_group(digits: usize) -> String {
    match (digits / 100, digits % 100) {
        (0, rest) => english_below_100(rest),
        (hundreds, 0) => format!("{} hundred", ENGLISH_BELOW_20[hundreds]),
        (hundreds, rest) => format!("{} hundred {}", ENGLISH_BELOW_20[hundreds], english_below_100(rest)),
    }
}

/// 1..=99 in English.
fn english_below_100(number: usize) -> String {
    match (number / 10, number % 10) {
        (0 | 1, _) => ENGLISH_BELOW_20[number].into(),
        (tens, 0) => ENGLISH_TENS[tens].into(),
        (tens, units) => format!("{}-{}", ENGLISH_TENS[tens], ENGLISH_BELOW_20[units]),
    }
}

#[cfg(test)]
mod tests;
