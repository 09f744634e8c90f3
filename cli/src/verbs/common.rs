//! What several verbs ask for and tell: how to search, two files that belong together, what was cut.

use std::io::Write;
use std::path::Path;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::corpus::read_lines;
use crate::error::Error;
use crate::model_file::Model;
use crate::recipe::{Penalty, SearchSettings};
use crate::translation::Source;

/// How to search. What is not given is as the model's recipe has it.
#[derive(Args, Clone, Debug, Default)]
pub struct SearchArgs {
    /// Hypotheses kept at each step; 1 is greedy decoding [default: the model's own]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub beam: Option<usize>,
    /// What log-probabilities are divided by before lengths are compared [default: the model's own]
    #[arg(long, value_enum, value_name = "FORM")]
    pub length_penalty: Option<Penalty>,
    /// The exponent of the length penalty [default: the model's own; of another form, 0.6 for gnmt, 1 for power]
    #[arg(long, value_name = "A", allow_negative_numbers = true)]
    pub alpha: Option<f64>,
    /// Tokens that a translation may have beyond those of its source [default: the model's own]
    #[arg(long, value_name = "N")]
    pub max_len_beyond_source: Option<usize>,
}

impl SearchArgs {
    /// The settings asked for. The same alpha means different things to different penalties, so that of the recipe
    /// goes with its own form only.
    ///
    /// # Errors
    /// [`Error::Input`] for an alpha that is no number.
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
        Ok(SearchSettings {
            beam: self.beam.unwrap_or(own.beam),
            length_penalty,
            alpha,
            max_len_beyond_source: self.max_len_beyond_source.unwrap_or(own.max_len_beyond_source),
        })
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

/// A line on standard error; that nobody hears it is no reason to stop.
pub fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The sources in `lines`, the first of which is the line `first` of the input. Those that are cut are told of.
pub fn encode_sources(model: &Model, lines: &[String], first: usize) -> Vec<Source> {
    let config = model.transformer.config();
    let sources: Vec<Source> = lines.iter().map(|line| Source::encode(&model.text, config, line)).collect();
    let cut = (first..).zip(&sources).filter(|(_, source)| source.cut > 0);
    let cut: Vec<String> = cut.map(|(line, _)| line.to_string()).collect();
    if !cut.is_empty() {
        let (n, max_len, list) = (cut.len(), config.max_len, cut.join(", "));
        tell(&format!(
            "warning: cut to the {max_len} tokens that the model reads: {n} source(s), line {list}"
        ));
    }
    sources
}

/// What the model's text has to say of the way that `lines` are written.
pub fn tell_warnings(model: &Model, lines: &[String]) {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    model.text.warnings(&lines).iter().for_each(|warning| tell(&format!("warning: {warning}")));
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
    fn a_search_is_told_in_words() {
        let own = SearchSettings::default();
        assert_eq!(in_words(&own), "beam 5, length penalty gnmt 0.6");
        assert_eq!(in_words(&SearchSettings { beam: 1, ..own.clone() }), "greedy");
        let none = SearchSettings { length_penalty: Penalty::None, ..own };
        assert_eq!(in_words(&none), "beam 5, no length penalty");
    }
}
