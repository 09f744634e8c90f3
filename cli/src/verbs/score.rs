//! `etudiant score`: what a model thinks of given translations.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use translate::metadata::json;
use translate::{Scored, Source, Translator};

use super::common::{Unknown, encode_sources, read_both, unknown_in};
use crate::console::print;
use crate::console::say;
use crate::error::Error;
use crate::model::open_translator;

/// The options of `etudiant score`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct ScoreArgs {
    /// The model file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The sentences, one a line; gzipped or not
    #[arg(long, value_name = "FILE")]
    source: PathBuf,
    /// Their translations, line for line
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// An object a line, with every token and its log-probability, and how many tokens are unknown
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Prints a line for each pair, parted by tabs: the log-probability of the translation, its number of tokens, and the
mean per token, all in full precision. Logarithms are natural, and <eos> is a token.
Which of two translations does the model prefer?

    etudiant score --model M --source test.fr --target a.en > a.tsv
    etudiant score --model M --source test.fr --target b.en | paste a.tsv - | awk '{ a += ($1 > $4) } END { print a }'

An empty translation is scored as <eos> alone. An empty source is read as <eos> alone, whereas `etudiant translate`
answers an empty line with an empty line. Sources are cut where `translate` cuts them. Unknown tokens, which are scored
as <unk>, are counted on standard error.";

/// What the model says of one translation.
#[derive(Serialize)]
struct Line<'a> {
    line: usize,
    log_prob: f64,
    mean: f64,
    tokens: Vec<&'a str>,
    token_log_probs: Vec<f64>,
    unknown_source: usize,
    unknown_target: usize,
}

pub(super) fn run(args: &ScoreArgs) -> Result<(), Error> {
    let translator = open_translator(&args.model)?;
    let (sources, targets) = read_both(&args.source, &args.target)?;
    let encoded = encode_sources(&translator, &sources, 1);
    let (mut pairs, mut unknown) = (Vec::with_capacity(encoded.len()), Unknown::default());
    for (line, (source, target)) in (1..).zip(encoded.iter().zip(&targets)) {
        let pair = translator.pair(source, target);
        let pair = pair.map_err(|problem| Error::at_line(&args.target, line, problem))?;
        unknown.add(source, &pair);
        pairs.push(pair);
    }
    if unknown.source.part + unknown.target.part > 0 {
        let (source, target) = (unknown.source.in_words(), unknown.target.in_words());
        say(&format!("warning: unknown tokens: {source} in the source, {target} in the target"));
    }
    let scored = translator.score_pairs(pairs)?;
    let lines = (1..).zip(encoded.iter().zip(scored));
    let lines = lines.map(|(line, (source, scored))| Line::of(&translator, line, source, scored));
    let in_form = |line: Line| if args.json { json(&line) + "\n" } else { line.columns() };
    print(&lines.map(in_form).collect::<String>())
}

impl Line<'_> {
    fn of<'a>(translator: &'a Translator, line: usize, source: &Source, scored: Scored) -> Line<'a> {
        Line {
            line,
            log_prob: scored.log_prob(),
            mean: scored.mean(),
            tokens: scored.ids.iter().filter_map(|&id| translator.text().tgt_token(id)).collect(),
            unknown_source: source.unknown,
            unknown_target: unknown_in(&scored.ids),
            token_log_probs: scored.token_log_probs,
        }
    }

    fn columns(&self) -> String {
        format!("{}\t{}\t{}\n", self.log_prob, self.token_log_probs.len(), self.mean)
    }
}
