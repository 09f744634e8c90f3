//! What is printed for a line.

use serde::Serialize;
use text::TextModel;
use translate::metadata::json;
use translate::{Translated, Translation};

/// What stands in a line beside the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// The number of the source's line, in front.
    pub numbered: bool,
    /// Log-probability and score.
    pub scores: bool,
    /// The alignment.
    pub align: bool,
    /// All of it, as JSON.
    pub json: bool,
}

/// A line and its translations, none of them if it is empty.
#[derive(Serialize)]
pub struct Answer<'a> {
    line: usize,
    source: &'a str,
    source_tokens: Vec<&'a str>,
    /// Tokens of the source that were cut off.
    cut: usize,
    translations: Vec<Printed<'a>>,
}

/// A translation. Its tokens are those whose log-probabilities were added up, `<eos>` included if it is finished.
#[derive(Serialize)]
struct Printed<'a> {
    text: &'a str,
    log_prob: f64,
    score: f64,
    finished: bool,
    tokens: Vec<&'a str>,
    /// (source, target), numbers of tokens from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    alignment: Option<&'a [(usize, usize)]>,
}

impl<'a> Answer<'a> {
    /// What was found for a line.
    pub fn new(text: &'a TextModel, line: usize, source: &'a str, found: &'a Translated) -> Self {
        let printed = |translation: &'a Translation| Printed {
            text: &translation.text,
            log_prob: translation.log_prob,
            score: translation.score,
            finished: translation.finished,
            tokens: translation.ids.iter().filter_map(|&id| text.tgt_token(id)).collect(),
            alignment: translation.alignment.as_deref(),
        };
        Answer {
            line,
            source,
            source_tokens: found.source.ids.iter().filter_map(|&id| text.src_token(id)).collect(),
            cut: found.source.cut,
            translations: found.translations.iter().map(printed).collect(),
        }
    }

    /// The line or lines to print.
    pub fn print(&self, form: &Form) -> String {
        if form.json {
            return json(self) + "\n";
        }
        let number = if form.numbered { format!("{}\t", self.line) } else { String::new() };
        if self.translations.is_empty() {
            let columns = 2 * usize::from(form.scores) + usize::from(form.align);
            return format!("{number}{}\n", "\t".repeat(columns));
        }
        let columns = |printed: &Printed| format!("{number}{}\n", printed.columns(form));
        self.translations.iter().map(columns).collect()
    }
}

impl Printed<'_> {
    fn columns(&self, form: &Form) -> String {
        let mut columns = vec![self.text.to_string()];
        if form.scores {
            columns.extend([self.log_prob, self.score].map(|value| format!("{value:.4}")));
        }
        if let Some(alignment) = self.alignment {
            let links: Vec<String> = alignment.iter().map(|(src, tgt)| format!("{src}-{tgt}")).collect();
            columns.push(links.join(" "));
        }
        columns.join("\t")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(texts: &[&'a str]) -> Answer<'a> {
        let printed = |text: &&'a str| Printed {
            text,
            log_prob: -1.25,
            score: -0.5,
            finished: true,
            tokens: vec!["i", "am", "<eos>"],
            alignment: Some(&[(0, 0), (1, 1)]),
        };
        let translations = texts.iter().map(printed).collect();
        Answer {
            line: 7,
            source: "je suis",
            source_tokens: vec!["je", "suis", "<eos>"],
            cut: 0,
            translations,
        }
    }

    #[test]
    fn columns_stand_behind_the_text() {
        let form = Form { scores: true, align: true, ..Form::default() };
        assert_eq!(answer(&["i am"]).print(&form), "i am\t-1.2500\t-0.5000\t0-0 1-1\n");
        assert_eq!(answer(&[]).print(&form), "\t\t\t\n", "an empty line has its columns too");
        assert_eq!(answer(&[]).print(&Form::default()), "\n");
    }

    #[test]
    fn several_translations_of_a_line_begin_with_its_number() {
        let form = Form { numbered: true, ..Form::default() };
        let print = |texts: &[&str]| {
            let mut answer = answer(texts);
            answer.translations.iter_mut().for_each(|translation| translation.alignment = None);
            answer.print(&form)
        };
        assert_eq!(print(&["i am", "am i"]), "7\ti am\n7\tam i\n");
        assert_eq!(print(&[]), "7\t\n");
    }

    #[test]
    fn json_has_everything() {
        let line = answer(&["i am"]).print(&Form { json: true, ..Form::default() });
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["source_tokens"][2], "<eos>");
        assert_eq!(value["translations"][0]["alignment"][1], serde_json::json!([1, 1]));
        assert_eq!(value["translations"][0]["log_prob"], -1.25);
        assert_eq!((&value["line"], &value["cut"]), (&7.into(), &0.into()));
    }
}
