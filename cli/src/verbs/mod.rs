//! What `etudiant` can be asked to do.

mod average;
mod bench;
mod common;
mod evaluate;
mod inspect;
mod score;
mod translate;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use transformer::{Architecture, Config, TieEmbeddings, VocabSizes};

use crate::error::Error;
use crate::numbers::{self, CorpusOptions};
use crate::recipe::{Recipe, ScheduleSettings};
use crate::train::{TrainArgs, train};

/// A verb with its options.
#[derive(Subcommand)]
pub enum Verb {
    /// Train a model by a recipe
    Train(TrainArgs),
    /// Print a recipe with every key, its default and what it does
    Config(ConfigArgs),
    /// Translate the lines of a file or of standard input
    Translate(translate::TranslateArgs),
    /// Judge a model by a test set: BLEU, chrF, perplexity, exact matches
    Evaluate(evaluate::EvaluateArgs),
    /// The log-probability that a model gives to translations
    Score(score::ScoreArgs),
    /// The mean of several checkpoints of a run
    Average(average::AverageArgs),
    /// What is in a model file
    Inspect(inspect::InspectArgs),
    /// How fast this machine trains and translates
    Bench(bench::BenchArgs),
    /// Write a built-in corpus
    Data(DataArgs),
}

/// The options of `etudiant config`.
#[derive(Args)]
pub struct ConfigArgs {
    /// The sizes of the model; base and big come with the paper's learning rate and steps
    #[arg(value_enum, default_value_t = Preset::Tiny)]
    preset: Preset,
}

/// Sizes of models by name.
#[derive(Clone, Copy, ValueEnum)]
pub enum Preset {
    /// d_model 64, 2 + 2 layers: for lessons
    Toy,
    /// d_model 128, 4 + 4 layers: for small corpora such as Multi30k
    Tiny,
    /// d_model 256, 3 + 3 layers
    Small,
    /// The paper's base model: d_model 512, 6 + 6 layers
    Base,
    /// The paper's big model: d_model 1024, 6 + 6 layers
    Big,
}

impl Preset {
    /// The configuration of this name.
    pub fn config(self, vocab_sizes: VocabSizes) -> Config {
        match self {
            Preset::Toy => Config::toy(vocab_sizes),
            Preset::Tiny => Config::tiny(vocab_sizes),
            Preset::Small => Config::small(vocab_sizes),
            Preset::Base => Config::base(vocab_sizes),
            Preset::Big => Config::big(vocab_sizes),
        }
    }

    /// The default recipe with a model of these sizes. Base and big have the paper's learning rate and steps (§5.2,
    /// §5.3): they would not bear the rate of the smaller ones.
    fn recipe(self) -> Recipe {
        let sizes = self.config(VocabSizes::Shared(8)).architecture;
        let model = Architecture { tie_embeddings: TieEmbeddings::Auto, ..sizes };
        let mut recipe = Recipe { model, ..Recipe::default() };
        let max_steps = match self {
            Preset::Base => 100_000,
            Preset::Big => 300_000,
            _ => return recipe,
        };
        recipe.training.max_steps = max_steps;
        recipe.training.schedule = ScheduleSettings::Noam { factor: 1.0, warmup_steps: 4000 };
        recipe
    }
}

/// The options of `etudiant data`.
#[derive(Args)]
pub struct DataArgs {
    /// Which corpus
    #[arg(value_enum)]
    corpus: BuiltIn,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Pairs to train on
    #[arg(long, value_name = "N", default_value_t = CorpusOptions::default().n_train)]
    train: usize,
    /// Pairs to validate with
    #[arg(long, value_name = "N", default_value_t = CorpusOptions::default().n_valid)]
    valid: usize,
    /// Pairs to test with
    #[arg(long, value_name = "N", default_value_t = CorpusOptions::default().n_test)]
    test: usize,
    /// Which numbers: another seed draws others
    #[arg(long, value_name = "S", default_value_t = CorpusOptions::default().seed)]
    seed: u64,
}

/// The built-in corpora.
#[derive(Clone, Copy, ValueEnum)]
pub enum BuiltIn {
    /// French numerals and their English
    #[value(name = "numbers-fr-en")]
    NumbersFrEn,
}

impl Verb {
    /// Does it.
    ///
    /// # Errors
    /// Whatever ends it early, with the exit code of [`Error::exit_code`].
    pub fn run(&self) -> Result<(), Error> {
        match self {
            Verb::Train(args) => train(args),
            Verb::Config(args) => print(&args.preset.recipe().to_toml()),
            Verb::Translate(args) => translate::run(args),
            Verb::Evaluate(args) => evaluate::run(args),
            Verb::Score(args) => score::run(args),
            Verb::Average(args) => average::run(args),
            Verb::Inspect(args) => inspect::run(args),
            Verb::Bench(args) => bench::run(args),
            Verb::Data(args) => {
                let &DataArgs { corpus: BuiltIn::NumbersFrEn, train, valid, test, seed, .. } = args;
                let options = CorpusOptions { n_train: train, n_valid: valid, n_test: test, seed };
                let report = numbers::write_corpus(&args.out, &options)?;
                print(&format!("{report}\n"))
            }
        }
    }
}

/// Writes to standard output. That nobody reads on (`etudiant ... | head`) is no error.
///
/// # Errors
/// [`Error::Input`] if the system refuses for another reason, a full disk for example.
pub fn print(text: &str) -> Result<(), Error> {
    offer(text).map(drop)
}

/// As [`print()`], and says whether somebody still reads.
fn offer(text: &str) -> Result<bool, Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::Input(format!("cannot write to standard output: {error}"))),
    }
}
