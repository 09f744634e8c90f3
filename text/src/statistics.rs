//! Whether an input is written as the training text was.
//!
//! A model trained on lowercased text has never seen a capital, and one trained on French nothing Cyrillic: it
//! translates such input badly, and nothing in the output says why. So the training source's cases and scripts
//! are counted and kept with the vocabulary.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scripts::Script;

/// The letters of a text, counted by case and script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextStatistics {
    /// Uppercase letters.
    pub uppercase: u64,
    /// Lowercase letters. Many scripts know no case.
    pub lowercase: u64,
    /// Letters of each script that occurs.
    pub scripts: BTreeMap<Script, u64>,
}

/// Shares below this are accidents: a name, a quotation.
const RARE: f64 = 0.001;

impl TextStatistics {
    /// The statistics of these texts.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for c in texts.into_iter().flat_map(str::chars) {
            let Some(script) = Script::of(c) else { continue };
            *found.scripts.entry(script).or_default() += 1;
            found.uppercase += u64::from(c.is_uppercase());
            found.lowercase += u64::from(c.is_lowercase());
        }
        found
    }

    /// The share of uppercase letters among those that have a case, 0 to 1; 0 if there is none.
    pub fn uppercase_share(&self) -> f64 {
        share(self.uppercase, sum([self.uppercase, self.lowercase]))
    }

    /// The share of letters that are of `script`, 0 to 1.
    pub fn script_share(&self, script: Script) -> f64 {
        share(self.scripts.get(&script).copied().unwrap_or(0), sum(self.scripts.values().copied()))
    }

    /// What to tell someone whose case differs from that of this training text: a sentence, or nothing.
    pub(crate) fn case_warning(&self, input: &TextStatistics) -> Option<String> {
        let (trained, given) = (self.uppercase_share(), input.uppercase_share());
        let cased = sum([input.uppercase, input.lowercase]);
        let advice = if trained < RARE && given > 0.02 {
            "was that lowercased? Lowercase the input, or train with text.lowercase = true"
        } else if given > trained + 0.3 && cased >= 20.0 {
            "is the input in capitals?"
        } else if given < trained / 10.0 && trained * cased >= 10.0 {
            "was the input lowercased? The model expects it as it is written"
        } else {
            return None;
        };
        Some(format!(
            "{} of the input's letters are uppercase, and {} of the training text's: {advice}",
            percent(given),
            percent(trained)
        ))
    }

    /// What to tell someone whose script is not among those of this training text: a sentence, or nothing.
    pub(crate) fn script_warning(&self, input: &TextStatistics) -> Option<String> {
        let seen = |script: &Script| self.script_share(*script) >= RARE;
        let (foreign, share) = (input.scripts.keys().filter(|script| !seen(script)))
            .map(|&script| (script, input.script_share(script)))
            .max_by(|lhs, rhs| lhs.1.total_cmp(&rhs.1))?;
        let trained: Vec<String> =
            self.scripts.keys().filter(|script| seen(script)).map(Script::to_string).collect();
        (share > 0.1 && !trained.is_empty()).then(|| {
            format!(
                "{} of the input's letters are {foreign}, but those of the training text are {}: is it the right \
                 file, and the right direction?",
                percent(share),
                trained.join(", ")
            )
        })
    }
}

/// The sum of counts, which come from a file and may be any.
fn sum(counts: impl IntoIterator<Item = u64>) -> f64 {
    counts.into_iter().map(|count| count as f64).sum()
}

/// `part / whole`, and 0 of nothing.
pub(crate) fn share(part: u64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part as f64 / whole }
}

/// `0.342` as `34 %`, and small shares to one digit more.
pub(crate) fn percent(share: f64) -> String {
    let digits = usize::from(share > 0.0 && share < 0.0995);
    format!("{:.digits$} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(trained: &str, input: &str) -> Option<String> {
        TextStatistics::of([trained]).case_warning(&TextStatistics::of([input]))
    }

    fn script(trained: &str, input: &str) -> Option<String> {
        TextStatistics::of([trained]).script_warning(&TextStatistics::of([input]))
    }

    #[test]
    fn letters_are_counted_by_case_and_script() {
        let found = TextStatistics::of(["Ab, 12!", "Жж 漢"]);
        assert_eq!((found.uppercase, found.lowercase), (2, 2));
        assert_eq!(found.uppercase_share(), 0.5);
        assert_eq!(found.script_share(Script::Han), 0.2);
        assert_eq!(found.script_share(Script::Greek), 0.0);
        assert_eq!(TextStatistics::of(["1 2 3"]).uppercase_share(), 0.0);
    }

    #[test]
    fn counts_from_a_file_may_be_any() {
        let scripts = [(Script::Latin, u64::MAX), (Script::Greek, u64::MAX)].into();
        let found = TextStatistics { uppercase: u64::MAX, lowercase: u64::MAX, scripts };
        assert_eq!((found.uppercase_share(), found.script_share(Script::Greek)), (0.5, 0.5));
        assert_eq!(found.case_warning(&found), None);
    }

    #[test]
    fn another_case_is_warned_about() {
        let text = case("un homme dort", "Un Homme").unwrap();
        assert!(
            text.starts_with("29 % of the input's letters are uppercase, and 0 % of the training text's"),
            "{text}"
        );
        assert!(text.contains("text.lowercase"), "{text}");
        let text = case("Un homme dort. Une femme lit.", "UN HOMME DORT. UNE FEMME LIT.").unwrap();
        assert!(text.starts_with("100 %") && text.contains("9.1 %") && text.contains("capitals"), "{text}");
        let text = case("Un homme dort. Une femme lit.", &"un homme dort ".repeat(20)).unwrap();
        assert!(text.contains("was the input lowercased?"), "{text}");
    }

    #[test]
    fn the_same_case_is_not() {
        assert_eq!(case("Un homme dort. Une femme lit.", "Une Femme"), None);
        assert_eq!(case("Un homme dort. Une femme lit.", "USA"), None, "too short to tell");
        assert_eq!(case("Un homme dort. Une femme lit.", "elle lit"), None, "too short to tell");
        assert_eq!(case("un homme dort", "une femme"), None);
        assert_eq!(case("un homme dort", "漢字 12"), None);
    }

    #[test]
    fn another_script_is_warned_about() {
        let text = script("un homme", "он студент").unwrap();
        assert!(text.starts_with(
            "100 % of the input's letters are Cyrillic, but those of the training text are Latin"
        ));
        let text = script("Ελληνικά and English", "हिन्दी").unwrap();
        assert!(text.contains("of another script") && text.contains("Latin, Greek"), "{text}");
        assert_eq!(script("un homme", "une femme lit « Война и мир »".repeat(0).as_str()), None);
        assert_eq!(script("un homme", "une femme de Moscou lit la lettre Ж"), None, "one letter of many");
        assert_eq!(script("漢字かな", "漢字"), None);
        assert_eq!(script("123", "abc"), None, "nothing to compare with");
    }

    #[test]
    fn percents_are_short() {
        assert_eq!([0.0, 0.004, 0.091, 0.34, 1.0].map(percent), ["0 %", "0.4 %", "9.1 %", "34 %", "100 %"]);
    }
}
