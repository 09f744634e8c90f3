//! What several verbs ask for and tell: how to search, two files that belong together, what was cut.

use std::ops::RangeInclusive;
use std::path::Path;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use text::corpus::read_lines;
use text::special::UNK_ID;
use transformer::Pair;
use transformer::search::beam::MAX_BEAM_SIZE;
use translate::encode::MAX_TOKENS;
use translate::{Penalty, SearchSettings, Source, Translator};

use super::weights::Weights;
use crate::console::say;
use crate::error::Error;

/// How to search. What is not given is as the model's recipe has it.
#[derive(Args, Clone, Debug, Default)]
pub struct SearchArgs {
    /// Hypotheses kept at each step; 1 is greedy decoding [default: the model's own]
    #[arg(long, value_name = "N", value_parser = up_to(1, MAX_BEAM_SIZE))]
    pub beam: Option<usize>,
    /// What log-probabilities are divided by before lengths are compared [default: the model's own]
    #[arg(long, value_name = "FORM", value_parser = penalties())]
    pub length_penalty: Option<Penalty>,
    /// The exponent of the length penalty [default: the model's own; of another form, 0.6 for gnmt, 1 for power]
    #[arg(long, value_name = "A", allow_negative_numbers = true)]
    pub alpha: Option<f64>,
    /// Tokens that a translation may have beyond those of its source [default: the model's own]
    #[arg(long, value_name = "N", value_parser = up_to(0, MAX_TOKENS))]
    pub max_len_beyond_source: Option<usize>,
    /// How weights are kept while the model translates: fewer bytes are read sooner, and rounded [default: as in its file]
    #[arg(long, value_enum)]
    pub weights: Option<Weights>,
}

/// A whole number in this range; of any other, a negative one too, the range is told.
pub(super) fn within<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    range: RangeInclusive<u64>,
) -> impl TypedValueParser<Value = T> {
    move |text: &str| {
        let number: i128 = text.parse().map_err(|_| "it must be a whole number".to_string())?;
        let in_range = u64::try_from(number).ok().filter(|number| range.contains(number));
        in_range
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("{number} is not in {range:?}"))
    }
}

/// How many of something.
pub(super) fn up_to(least: u64, most: usize) -> impl TypedValueParser<Value = usize> {
    within(least..=most as u64)
}

/// The length penalties by name, each with a word of help.
fn penalties() -> impl TypedValueParser<Value = Penalty> {
    let value = |penalty: Penalty| {
        PossibleValue::new(penalty.name()).help(match penalty {
            Penalty::None => "Sums of log-probabilities as they are",
            Penalty::Gnmt => "Divided by ((5 + len) / 6)^alpha (Wu et al. 2016)",
            Penalty::Power => "Divided by len^alpha (fairseq, Marian)",
        })
    };
    PossibleValuesParser::new(Penalty::ALL.map(value)).try_map(|name| name.parse::<Penalty>())
}

impl SearchArgs {
    /// The translator with its weights kept as is asked for.
    pub fn packed(&self, translator: Translator) -> Translator {
        match self.weights {
            Some(weights) => translator.with_packing(weights.into()),
            None => translator,
        }
    }

    /// The settings asked for. The same alpha means different things to different penalties, so that of the recipe
    /// goes with its own form only.
    ///
    /// # Errors
    /// [`Error::Input`] for an alpha that is no number, or if the recipe's own settings are out of range.
    pub fn settings(&self, own: &SearchSettings) -> Result<SearchSettings, Error> {
        let length_penalty = self.length_penalty.unwrap_or(own.length_penalty);
        let alpha = match (self.alpha, length_penalty) {
            (Some(alpha), _) => alpha,
            (None, form) if form == own.length_penalty => own.alpha,
            (None, Penalty::None | Penalty::Power) => 1.0,
            (None, Penalty::Gnmt) => 0.6,
        };
        if !(-100.0..=100.0).contains(&alpha) {
            return Err(Error::Input(format!("--alpha is {alpha}; it must be in -100 to 100")));
        }
        let settings = SearchSettings {
            beam: self.beam.unwrap_or(own.beam),
            length_penalty,
            alpha,
            max_len_beyond_source: self.max_len_beyond_source.unwrap_or(own.max_len_beyond_source),
        };
        settings.check().map_err(|problem| Error::Input(format!("the model's own settings: {problem}")))?;
        Ok(settings)
    }

    /// Tells of a length penalty that was asked for in vain.
    pub fn tell_of_no_use(&self, settings: &SearchSettings) {
        let asked = self.alpha.is_some() || self.length_penalty.is_some();
        if asked && settings.beam == 1 && settings.length_penalty != Penalty::None {
            say("warning: greedy decoding chooses without the length penalty; --beam 5 heeds it");
        }
        if self.alpha.is_some() && settings.length_penalty == Penalty::None {
            say(
                "warning: without a length penalty --alpha does nothing; --length-penalty gnmt or power takes it",
            );
        }
    }
}

/// For people: `beam 5, length penalty gnmt 0.6`.
pub fn in_words(search: &SearchSettings) -> String {
    let alpha = search.alpha;
    let penalty = match search.length_penalty {
        _ if search.beam == 1 => return "greedy".into(),
        Penalty::None => "no length penalty".into(),
        Penalty::Gnmt => format!("length penalty gnmt {alpha}"),
        Penalty::Power => format!("length penalty power {alpha}"),
    };
    format!("beam {}, {penalty}", search.beam)
}

/// How many of the lines that were cut are named.
const NAMED: usize = 10;

/// The sources in `lines`, the first of which is the line `first` of the input. Those that are cut are told of.
pub fn encode_sources(translator: &Translator, lines: &[String], first: usize) -> Vec<Source> {
    let sources: Vec<Source> = lines.iter().map(|line| translator.encode(line)).collect();
    let cut = (first..).zip(&sources).filter(|(_, source)| source.cut > 0);
    let cut: Vec<usize> = cut.map(|(line, _)| line).collect();
    if !cut.is_empty() {
        let max_len = translator.model().config().architecture.max_len;
        let (n, list) = (cut.len(), some_of(&cut));
        say(&format!(
            "warning: cut to the {max_len} tokens that the model reads: {n} source(s), line {list}"
        ));
    }
    sources
}

/// `2, 4, 7`, and dots for all beyond the first [`NAMED`].
pub fn some_of(lines: &[usize]) -> String {
    let named: Vec<String> = lines.iter().take(NAMED).map(usize::to_string).collect();
    named.join(", ") + if lines.len() > NAMED { ", ..." } else { "" }
}

/// What the model's text has to say of the way that `lines` are written; whether that was anything.
pub fn tell_warnings(translator: &Translator, lines: &[String]) -> bool {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let warnings = translator.text().warnings(&lines);
    warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
    !warnings.is_empty()
}

/// Unknown tokens of the two sides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unknown {
    /// Those of the sources.
    pub source: Share,
    /// Those of their translations.
    pub target: Share,
}

impl Unknown {
    /// Counts those of a pair.
    pub fn add(&mut self, source: &Source, pair: &Pair) {
        self.source.add(source.unknown, source.n_tokens);
        self.target.add(unknown_in(&pair.tgt), pair.tgt.len() - 1); // without <eos>
    }
}

/// How many of the ids are that of `<unk>`.
pub fn unknown_in(ids: &[u32]) -> usize {
    ids.iter().filter(|&&id| id == UNK_ID).count()
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    /// The part.
    pub part: usize,
    /// The whole.
    pub whole: usize,
}

impl Share {
    /// Adds a part and its whole.
    pub fn add(&mut self, part: usize, whole: usize) {
        self.part += part;
        self.whole += whole;
    }

    /// `991 of 1000 (99.1 %)`
    pub fn in_words(self) -> String {
        let percent = 100.0 * self.part as f64 / self.whole.max(1) as f64;
        format!("{} of {} ({percent:.1} %)", self.part, self.whole)
    }
}

/// The lines of two files, of which line i of the one belongs to line i of the other; empty ones too.
///
/// # Errors
/// [`Error::Input`] if one cannot be read, they have unequal numbers of lines, or none.
pub fn read_both(source: &Path, target: &Path) -> Result<(Vec<String>, Vec<String>), Error> {
    let (sources, targets) = (read_lines(source)?, read_lines(target)?);
    let (n, m) = (sources.len(), targets.len());
    if n != m {
        let problem = format!("{n} lines, but {} has {m}", target.display());
        return Err(Error::at(
            source,
            format!("{problem}; line i of the one must belong to line i of the other"),
        ));
    }
    if n == 0 {
        return Err(Error::at(source, "there is no line in it"));
    }
    Ok((sources, targets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_the_models_own() {
        let own = SearchSettings { beam: 3, alpha: 0.7, ..SearchSettings::default() };
        assert_eq!(SearchArgs::default().settings(&own).unwrap(), own);
        let args = SearchArgs { beam: Some(1), max_len_beyond_source: Some(9), ..SearchArgs::default() };
        let settings = args.settings(&own).unwrap();
        assert_eq!((settings.beam, settings.max_len_beyond_source, settings.alpha), (1, 9, 0.7));
    }

    #[test]
    fn alpha_goes_with_its_form() {
        let own = SearchSettings { alpha: 0.7, ..SearchSettings::default() };
        let alpha = |length_penalty, alpha| {
            SearchArgs { length_penalty, alpha, ..SearchArgs::default() }.settings(&own).unwrap().alpha
        };
        assert_eq!(alpha(Some(Penalty::Gnmt), None), 0.7);
        assert_eq!(alpha(Some(Penalty::Power), None), 1.0);
        assert_eq!(alpha(Some(Penalty::Power), Some(0.5)), 0.5);
        assert_eq!(alpha(None, Some(0.0)), 0.0);
        let args = SearchArgs { alpha: Some(f64::NAN), ..SearchArgs::default() };
        assert!(args.settings(&own).unwrap_err().to_string().contains("--alpha is NaN"));
    }

    #[test]
    fn a_recipe_whose_search_would_not_end_is_refused() {
        let own = SearchSettings { beam: 20_000, ..SearchSettings::default() };
        let problem = SearchArgs::default().settings(&own).unwrap_err().to_string();
        assert!(problem.contains("the model's own settings: beam is 20000"), "{problem}");
        let args = SearchArgs { beam: Some(2), ..SearchArgs::default() };
        assert_eq!(args.settings(&own).unwrap().beam, 2);
    }

    #[test]
    fn of_many_lines_the_first_are_named() {
        assert_eq!(some_of(&[2, 4]), "2, 4");
        let many: Vec<usize> = (1..=300).collect();
        assert_eq!(some_of(&many), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...");
        assert!(!some_of(&many[..NAMED]).contains("..."));
    }

    #[test]
    fn a_share_is_told_in_numbers_and_percent() {
        assert_eq!(Share { part: 991, whole: 1000 }.in_words(), "991 of 1000 (99.1 %)");
        assert_eq!(Share::default().in_words(), "0 of 0 (0.0 %)");
    }

    #[test]
    fn a_search_is_told_in_words() {
        let own = SearchSettings::default();
        assert_eq!(in_words(&own), "beam 5, length penalty gnmt 0.6");
        assert_eq!(in_words(&SearchSettings { beam: 1, ..own.clone() }), "greedy");
        let none = SearchSettings { length_penalty: Penalty::None, ..own };
        assert_eq!(in_words(&none), "beam 5, no length penalty");
    }
}
