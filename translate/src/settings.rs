//! How to translate unless told otherwise: what stands in a recipe's section `[search]` and in a model file.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tensor::Seed;
use text::special::{BOS_ID, PAD_ID};
use transformer::search::MaxLen;
use transformer::search::beam::{BeamOptions, MAX_BEAM_SIZE};
use transformer::search::length_penalty::LengthPenalty;
use transformer::search::sample::SampleOptions;

use crate::encode::MAX_TOKENS;

/// The settings of a search. [`SearchSettings::check`] has their ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchSettings {
    /// Hypotheses kept at each step; 1 is greedy decoding. Default: 5.
    pub beam: usize,
    /// What sums of log-probabilities are divided by. Default: [`Penalty::Gnmt`].
    pub length_penalty: Penalty,
    /// The exponent of the length penalty. Default: 0.6.
    pub alpha: f64,
    /// Tokens that a translation may have beyond those of its source. Default: 50.
    pub max_len_beyond_source: usize,
}

impl Default for SearchSettings {
    fn default() -> Self {
        SearchSettings { beam: 5, length_penalty: Penalty::Gnmt, alpha: 0.6, max_len_beyond_source: 50 }
    }
}

impl SearchSettings {
    /// Whether a search by these settings comes to an end: the beam is between 1 and [`MAX_BEAM_SIZE`], alpha between
    /// -100 and 100, and a translation has at most [`MAX_TOKENS`] tokens beyond those of its source.
    ///
    /// # Errors
    /// A sentence that begins with the name of the first setting that is out of range.
    pub fn check(&self) -> Result<(), String> {
        between("beam", self.beam, 1..=MAX_BEAM_SIZE)?;
        between("max_len_beyond_source", self.max_len_beyond_source, 0..=MAX_TOKENS)?;
        between("alpha", self.alpha, -100.0..=100.0)
    }

    /// The options of a beam search that returns `top_beams` translations, by a model whose vocabulary is a
    /// [`TextModel`](text::text_model::TextModel)'s.
    pub fn options(&self, top_beams: usize) -> BeamOptions {
        let alpha = self.alpha;
        BeamOptions {
            beam_size: self.beam,
            top_beams,
            length_penalty: match self.length_penalty {
                Penalty::None => LengthPenalty::None,
                Penalty::Gnmt => LengthPenalty::Gnmt { alpha },
                Penalty::Power => LengthPenalty::Power { alpha },
            },
            max_len: MaxLen { beyond_source: self.max_len_beyond_source },
            never: vec![PAD_ID, BOS_ID],
            ..BeamOptions::default()
        }
    }
}

pub(crate) fn between<T: PartialOrd + fmt::Display>(
    name: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!("{name} is {value}; it must be between {} and {}", range.start(), range.end()))
}

/// Drawing each next word by its probability instead of searching: for translations that differ, as
/// back-translation wants them (Edunov et al. 2018), not for the best.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Probabilities are taken to the power 1 / temperature: 1 as the model says, below 1 bolder towards the likeliest,
    /// above 1 towards even. Positive. Default: 1.
    pub temperature: f64,
    /// Draw from the k likeliest words only. Default: from all.
    pub top_k: Option<usize>,
    /// Draw from the likeliest words only that have this probability together (Holtzman et al. 2020). Default: from all.
    pub top_p: Option<f64>,
    /// Draw from the words only that are at least so likely as this share of the likeliest (Nguyen et al. 2024). Default:
    /// from all.
    pub min_p: Option<f64>,
    /// The same seed draws the same translations, whatever lines are translated together and by however many threads.
    /// Default: 1.
    pub seed: u64,
    /// The number of the first line. Each line draws from a stream that its number has, so that a text in pieces is
    /// drawn as in one if they are numbered on. Default: 0.
    pub first: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { temperature: 1.0, top_k: None, top_p: None, min_p: None, seed: 1, first: 0 }
    }
}

impl Sampling {
    /// Whether there is something to draw: the temperature is positive and finite, `top_k` at least 1, `top_p` above 0 and
    /// at most 1, and `min_p` between 0 and 1.
    ///
    /// # Errors
    /// A sentence that begins with the name of the first setting that is out of range.
    pub fn check(&self) -> Result<(), String> {
        let temperature = self.temperature;
        if !(temperature > 0.0 && temperature.is_finite()) {
            return Err(format!(
                "temperature is {temperature}; it must be above 0 and finite; near 0, the likeliest is drawn"
            ));
        }
        if let Some(p) = self.top_p.filter(|&p| !(p > 0.0 && p <= 1.0)) {
            return Err(format!("top_p is {p}; it must be above 0 and at most 1"));
        }
        between("min_p", self.min_p.unwrap_or(0.0), 0.0..=1.0)?;
        between("top_k", self.top_k.unwrap_or(1), 1..=usize::MAX)
    }

    /// The options of drawing from this stream.
    pub(crate) fn options(&self, seed: Seed, max_len_beyond_source: usize) -> SampleOptions {
        SampleOptions {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            max_len: MaxLen { beyond_source: max_len_beyond_source },
            never: vec![PAD_ID, BOS_ID],
            seed,
            ..SampleOptions::default()
        }
    }
}

/// The forms of [`LengthPenalty`], by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Penalty {
    /// Sums of log-probabilities as they are.
    None,
    /// Divided by ((5 + len) / 6)^alpha (Wu et al. 2016).
    Gnmt,
    /// Divided by len^alpha (fairseq, Marian).
    Power,
}

impl Penalty {
    /// All of them.
    pub const ALL: [Penalty; 3] = [Penalty::None, Penalty::Gnmt, Penalty::Power];

    /// Its name in recipes and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Penalty::None => "none",
            Penalty::Gnmt => "gnmt",
            Penalty::Power => "power",
        }
    }
}

impl fmt::Display for Penalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Penalty {
    type Err = String;

    fn from_str(name: &str) -> Result<Penalty, String> {
        let known = Penalty::ALL.into_iter().find(|penalty| penalty.name() == name);
        known.ok_or_else(|| format!("there is no length penalty `{name}`; there are none, gnmt and power"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_ranges() {
        let settings = SearchSettings::default();
        settings.check().unwrap();
        let problem = |settings: SearchSettings| settings.check().unwrap_err();
        let expected = "beam is 0; it must be between 1 and 10000";
        assert_eq!(problem(SearchSettings { beam: 0, ..settings.clone() }), expected);
        let endless = SearchSettings { max_len_beyond_source: usize::MAX, ..settings.clone() };
        assert!(problem(endless).starts_with("max_len_beyond_source is 1844"));
        for alpha in [1e300, -100.1, f64::NAN] {
            assert!(
                problem(SearchSettings { alpha, ..settings.clone() }).starts_with("alpha is "),
                "{alpha}"
            );
        }
    }

    #[test]
    fn what_nothing_can_be_drawn_by_is_named() {
        let default = Sampling::default();
        default.check().unwrap();
        for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let problem = Sampling { temperature, ..default.clone() }.check().unwrap_err();
            assert!(
                problem.starts_with(&format!("temperature is {temperature}; it must be above 0 and finite"))
            );
        }
        for top_p in [0.0, 1.1, f64::NAN] {
            let problem = Sampling { top_p: Some(top_p), ..default.clone() }.check().unwrap_err();
            assert!(problem.starts_with(&format!("top_p is {top_p}; it must be above 0")), "{problem}");
        }
        let problem = Sampling { min_p: Some(-0.5), ..default.clone() }.check().unwrap_err();
        assert!(problem.starts_with("min_p is -0.5; it must be between 0 and 1"), "{problem}");
        let problem = Sampling { top_k: Some(0), ..default }.check().unwrap_err();
        assert!(problem.starts_with("top_k is 0; it must be between 1 and "), "{problem}");
    }

    #[test]
    fn a_penalty_has_one_name() {
        for penalty in Penalty::ALL {
            assert_eq!(penalty.name().parse(), Ok(penalty));
            assert_eq!(serde_json::to_string(&penalty).unwrap(), format!("\"{penalty}\""));
        }
        assert!("wu".parse::<Penalty>().unwrap_err().contains("no length penalty `wu`"));
    }
}
