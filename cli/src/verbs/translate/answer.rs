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
    pub align: Align,
    /// All of it, as JSON.
    pub json: bool,
    /// As Moses writes lists of translations.
    pub moses: bool,
}

/// Which alignments are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Align {
    /// Pairs of tokens.
    pub hard: bool,
    /// The weights of attention.
    pub soft: bool,
}

/// A line and its translations, none of them if it is empty.
#[derive(Serialize)]
pub struct Answer<'a> {
    line: usize,
    source: &'a str,
    source_tokens: Vec<&'a str>,
    /// Tokens of the source that were cut off.
    cut: usize,
    /// Why there is no translation, if the line was faulty.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
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
    /// The token by which it is another than the other alternatives.
    #[serde(skip_serializing_if = "Option::is_none")]
    alternative: Option<&'a str>,
    /// (source, target), numbers of tokens from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    alignment: Option<&'a [(usize, usize)]>,
    /// `[tokens][source_tokens]`, of which each row sums to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    attention: Option<&'a [Vec<f64>]>,
}

impl<'a> Answer<'a> {
    /// What was found for a line.
    pub fn new(text: &'a TextModel, line: usize, found: &'a Translated, problem: Option<&'a str>) -> Self {
        let printed = |translation: &'a Translation| Printed {
            text: &translation.text,
            log_prob: translation.log_prob,
            score: translation.score,
            finished: translation.finished,
            tokens: translation.ids.iter().filter_map(|&id| text.tgt_token(id)).collect(),
            alternative: translation.alternative.and_then(|place| text.tgt_token(translation.ids[place])),
            alignment: translation.alignment.as_deref(),
            attention: translation.attention.as_deref(),
        };
        Answer {
            line,
            source: &found.source.line,
            source_tokens: found.source.ids.iter().filter_map(|&id| text.src_token(id)).collect(),
            cut: found.source.cut,
            problem,
            translations: found.translations.iter().map(printed).collect(),
        }
    }

    /// The line or lines to print.
    pub fn print(&self, form: &Form) -> String {
        if form.json {
            return json(self) + "\n";
        }
        if form.moses {
            return self.moses();
        }
        let number = if form.numbered { format!("{}\t", self.line) } else { String::new() };
        if self.translations.is_empty() {
            let Align { hard, soft } = form.align;
            let columns = 2 * usize::from(form.scores) + usize::from(hard || soft);
            return format!("{number}{}\n", "\t".repeat(columns));
        }
        let columns = |printed: &Printed| format!("{number}{}\n", printed.columns(form));
        self.translations.iter().map(columns).collect()
    }

    /// A line for each translation, and one without text where there is none: who reads them by their numbers, from 0,
    /// misses none.
    fn moses(&self) -> String {
        let number = self.line - 1;
        if self.translations.is_empty() {
            return format!("{number} |||  ||| F0= 0 ||| 0\n");
        }
        let line = |printed: &Printed| {
            let Printed { log_prob, score, .. } = printed;
            let text = printed.text.replace("|||", "&#124;&#124;&#124;"); // as Moses' own scripts do
            let alignment = printed.alignments().map(|links| format!(" ||| {links}")).unwrap_or_default();
            format!("{number} ||| {text} ||| F0= {log_prob:.6} ||| {score:.6}{alignment}\n")
        };
        self.translations.iter().map(line).collect()
    }
}

impl Printed<'_> {
    fn columns(&self, form: &Form) -> String {
        let mut columns = vec![self.text.to_string()];
        if form.scores {
            columns.extend([self.log_prob, self.score].map(|value| format!("{value:.4}")));
        }
        columns.extend(self.alignments());
        columns.join("\t")
    }

    /// The alignment, hard or soft, in one column.
    fn alignments(&self) -> Option<String> {
        let hard = |links: &[(usize, usize)]| -> Vec<String> {
            links.iter().map(|(src, tgt)| format!("{src}-{tgt}")).collect()
        };
        let row = |weights: &Vec<f64>| {
            weights.iter().map(|weight| format!("{weight:.6}")).collect::<Vec<_>>().join(",")
        };
        let soft = |rows: &[Vec<f64>]| rows.iter().map(row).collect();
        let words: Option<Vec<String>> = self.alignment.map(hard).or_else(|| self.attention.map(soft));
        words.map(|words| words.join(" "))
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
            alternative: None,
            alignment: Some(&[(0, 0), (1, 1)]),
            attention: None,
        };
        let translations = texts.iter().map(printed).collect();
        Answer {
            line: 7,
            source: "je suis",
            source_tokens: vec!["je", "suis", "<eos>"],
            cut: 0,
            problem: None,
            translations,
        }
    }

    #[test]
    fn columns_stand_behind_the_text() {
        let form = Form { scores: true, align: Align { hard: true, soft: false }, ..Form::default() };
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

    #[test]
    fn a_soft_alignment_has_a_row_for_each_token() {
        let rows = [vec![0.75, 0.25], vec![1.0 / 3.0, 2.0 / 3.0]];
        let mut answer = answer(&["i am"]);
        (answer.translations[0].alignment, answer.translations[0].attention) = (None, Some(&rows[..]));
        let form = Form { align: Align { hard: false, soft: true }, ..Form::default() };
        assert_eq!(answer.print(&form), "i am\t0.750000,0.250000 0.333333,0.666667\n");
        let value: serde_json::Value =
            serde_json::from_str(&answer.print(&Form { json: true, ..form })).unwrap();
        assert_eq!(value["translations"][0]["attention"][1][1], 2.0 / 3.0);
        answer.translations.clear();
        assert_eq!(answer.print(&form), "\t\n");
    }

    #[test]
    fn lists_are_written_as_moses_does() {
        let form = Form { moses: true, numbered: true, scores: true, ..Form::default() };
        assert_eq!(
            answer(&["i am", "a ||| b"]).print(&form),
            "6 ||| i am ||| F0= -1.250000 ||| -0.500000 ||| 0-0 1-1\n\
             6 ||| a &#124;&#124;&#124; b ||| F0= -1.250000 ||| -0.500000 ||| 0-0 1-1\n"
        );
        assert_eq!(answer(&[]).print(&form), "6 |||  ||| F0= 0 ||| 0\n");
    }
}
