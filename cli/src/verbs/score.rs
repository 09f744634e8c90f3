//! `etudiant score`: what a model thinks of given translations.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use transformer::Pair;

use super::common::{Unknown, encode_sources, read_both};
use super::print;
use crate::error::Error;
use crate::model_file::{Model, json};
use crate::report::say;
use crate::text::UNK_ID;
use crate::translation::{Source, pair, token_log_probs};

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
struct Scored<'a> {
    line: usize,
    log_prob: f64,
    mean: f64,
    tokens: Vec<&'a str>,
    token_log_probs: Vec<f64>,
    unknown_source: usize,
    unknown_target: usize,
}

pub(super) fn run(args: &ScoreArgs) -> Result<(), Error> {
    let model = Model::load(&args.model)?;
    let (sources, targets) = read_both(&args.source, &args.target)?;
    let (config, text) = (model.transformer.config(), &model.text);
    let encoded = encode_sources(&model, &sources, 1);
    let (mut pairs, mut unknown) = (Vec::with_capacity(encoded.len()), Unknown::default());
    for (line, (source, target)) in (1..).zip(encoded.iter().zip(&targets)) {
        let target = text.encode_tgt(target);
        unknown.source.add(source.unknown, source.tokens);
        unknown.target.add(target.unknown, target.ids.len());
        let pair = pair(config, source, target.ids);
        pairs.push(pair.map_err(|problem| Error::at_line(&args.target, line, problem))?);
    }
    if unknown.source.part + unknown.target.part > 0 {
        let (source, target) = (unknown.source.in_words(), unknown.target.in_words());
        say(&format!("warning: unknown tokens: {source} in the source, {target} in the target"));
    }
    let found = token_log_probs(&model, &pairs)?;
    let scored = encoded.iter().zip(&pairs).zip(found).enumerate();
    let scored =
        scored.map(|(index, ((source, pair), found))| Scored::of(&model, index + 1, source, pair, found));
    let in_form = |scored: Scored| if args.json { json(&scored) + "\n" } else { scored.columns() };
    print(&scored.map(in_form).collect::<String>())
}

impl Scored<'_> {
    fn of<'a>(
        model: &'a Model,
        line: usize,
        source: &Source,
        pair: &Pair,
        token_log_probs: Vec<f64>,
    ) -> Scored<'a> {
        let log_prob: f64 = token_log_probs.iter().sum();
        let mean = log_prob / token_log_probs.len() as f64;
        let tokens = pair.tgt.iter().filter_map(|&id| model.text.tgt_token(id)).collect();
        let unknown_target = pair.tgt.iter().filter(|&&id| id == UNK_ID).count();
        Scored {
            line,
            log_prob,
            mean,
            tokens,
            token_log_probs,
            unknown_source: source.unknown,
            unknown_target,
        }
    }

    fn columns(&self) -> String {
        format!("{}\t{}\t{}\n", self.log_prob, self.token_log_probs.len(), self.mean)
    }
}
