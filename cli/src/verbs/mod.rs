//! What `etudiant` can be asked to do.

mod average;
mod bench;
mod common;
mod evaluate;
mod illustrate;
mod inspect;
mod manual;
mod preset;
mod quantize;
mod score;
mod search;
mod shortlist;
mod translate;
mod weights;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::common::{up_to, within};
use self::preset::Preset;
use crate::builtin::{Builtin, write_corpus};
use crate::console::print;
use crate::error::Error;
use crate::numbers::CorpusOptions;
use crate::train::{TrainArgs, train};

/// A verb with its options.
#[derive(Subcommand)]
pub enum Verb {
    /// Train a model by a recipe
    Train(TrainArgs),
    /// Print a recipe with every key, its default and what it does
    Config(ConfigArgs),
    /// Translate the lines of a file or of standard input
    Translate(Box<translate::TranslateArgs>),
    /// Judge a model by a test set, or score translations that exist: BLEU, chrF, TER, significance
    Evaluate(Box<evaluate::EvaluateArgs>),
    /// The log-probability that a model gives to translations
    Score(score::ScoreArgs),
    /// The mean of several checkpoints of a run
    Average(average::AverageArgs),
    /// A model in fewer bytes: its weights in bf16, or in whole numbers of a byte
    Quantize(quantize::QuantizeArgs),
    /// Which words a search looks among for each source word, learned from the training text
    Shortlist(shortlist::ShortlistArgs),
    /// What is in a model file
    Inspect(inspect::InspectArgs),
    /// Write what a model does with a sentence, every value and its gradient, as JSON
    Record(illustrate::RecordArgs),
    /// Write the figures of The Illustrated Transformer, drawn from a model and a sentence, as one page
    Report(illustrate::ReportArgs),
    /// How fast this machine trains and translates
    Bench(bench::BenchArgs),
    /// Write a built-in corpus
    Data(DataArgs),
    /// Print what a shell needs to complete the command line
    Completions(manual::CompletionsArgs),
    /// Print a manual page, or write all of them
    Man(manual::ManArgs),
}

/// The options of `etudiant config`.
#[derive(Args)]
pub struct ConfigArgs {
    /// The sizes of the model; base and big come with the paper's learning rate and steps
    #[arg(value_enum, default_value_t = Preset::Tiny)]
    preset: Preset,
}

/// The options of `etudiant data`.
#[derive(Args)]
pub struct DataArgs {
    /// Which corpus
    #[arg(value_enum)]
    corpus: Builtin,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Pairs to train on
    #[arg(long, value_name = "N", default_value_t = CorpusOptions::default().n_train, value_parser = up_to(0, usize::MAX))]
    train: usize,
    /// Pairs to validate with
    #[arg(long, value_name = "N", default_value_t = CorpusOptions::default().n_valid, value_parser = up_to(0, usize::MAX))]
    valid: usize,
    /// Pairs to test with
    #[arg(long, value_name = "N", default_value_t = CorpusOptions::default().n_test, value_parser = up_to(0, usize::MAX))]
    test: usize,
    /// Which of all: another seed draws others
    #[arg(long, value_name = "S", default_value_t = CorpusOptions::default().seed, value_parser = within::<u64>(0..=u64::MAX))]
    seed: u64,
}

impl Verb {
    /// Does it; `threads` is what `--threads` says, `command` the whole command line, with all verbs.
    ///
    /// # Errors
    /// Whatever ends it early, with the exit code of [`Error::exit_code`].
    pub fn run(&self, threads: Option<usize>, command: impl FnOnce() -> clap::Command) -> Result<(), Error> {
        match self {
            Verb::Train(args) => train(args, threads),
            Verb::Config(args) => print(&args.preset.recipe().to_toml()),
            Verb::Translate(args) => translate::run(args),
            Verb::Evaluate(args) => evaluate::run(args),
            Verb::Score(args) => score::run(args),
            Verb::Average(args) => average::run(args),
            Verb::Quantize(args) => quantize::run(args),
            Verb::Shortlist(args) => shortlist::run(args),
            Verb::Inspect(args) => inspect::run(args),
            Verb::Record(args) => illustrate::run_record(args),
            Verb::Report(args) => illustrate::run_report(args),
            Verb::Bench(args) => bench::run(args),
            Verb::Completions(args) => manual::completions(args, command()),
            Verb::Man(args) => manual::man(args, command()),
            Verb::Data(args) => {
                let &DataArgs { corpus, train, valid, test, seed, .. } = args;
                let options = CorpusOptions { n_train: train, n_valid: valid, n_test: test, seed };
                let report = write_corpus(corpus, &args.out, &options)?;
                print(&format!("{report}\n"))
            }
        }
    }
}
