//! `etudiant shortlist`: which target words may come of which source words, learned from a training text.
//!
//! The file it writes must not be there yet, as that of [`average`](super::average).

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use text::corpus::{self, CorpusFiles, ReadOptions, TextPair};
use transformer::Pair;
use transformer::search::shortlist::{Shortlist, ShortlistOptions};
use translate::Translator;
use translate::encode::{EncodedPair, vocab_sizes};

use super::common::up_to;
use crate::console::{counted, print, say};
use crate::error::Error;
use crate::model::open_translator;

/// The options of `etudiant shortlist`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct ShortlistArgs {
    /// The model file, whose words they are
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The text that the model was trained on, a sentence a line; gzipped or not; may be given again
    #[arg(long, value_name = "FILE", requires = "target", required_unless_present = "pairs")]
    source: Vec<PathBuf>,
    /// Its translations, line for line; for each --source one
    #[arg(long, value_name = "FILE", requires = "source")]
    target: Vec<PathBuf>,
    /// Beside the two or instead: on each line source, a tab, translation; may be given again
    #[arg(long, value_name = "FILE")]
    pairs: Vec<PathBuf>,
    /// The file to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Target tokens for each source token, the likeliest first
    #[arg(long, value_name = "N", default_value_t = ShortlistOptions::default().best, value_parser = up_to(1, 10_000))]
    best: usize,
    /// The most frequent target tokens, which every sentence has
    #[arg(long, value_name = "N", default_value_t = ShortlistOptions::default().frequent, value_parser = up_to(0, 100_000))]
    frequent: usize,
    /// Steps of expectation-maximization
    #[arg(long, value_name = "N", default_value_t = ShortlistOptions::default().steps, value_parser = up_to(1, 100))]
    steps: usize,
    /// Drop lines that are no pair, and count them
    #[arg(long)]
    lenient: bool,
}

const AFTER_HELP: &str = "\
Every step of a search multiplies by the whole vocabulary, though most of it cannot come of the sentence at hand. A
shortlist (as Marian's, and CTranslate2's vmap) leaves the words that may: the larger the vocabulary, the more it spares.
It is learned from the pairs that the model was trained on, in its own tokens, by IBM model 1, and serves all models of that
vocabulary:

    etudiant shortlist --model M --source train.fr.gz --target train.en.gz --out fr-en.shortlist
    etudiant translate --model M --shortlist fr-en.shortlist test.fr > test.en

Translations by other words are lost. How many words of a text are not listed, and what that costs, a test set tells:

    etudiant evaluate --model M --shortlist fr-en.shortlist --source test.fr --reference test.en";

pub(super) fn run(args: &ShortlistArgs) -> Result<(), Error> {
    if args.out.symlink_metadata().is_ok() {
        let problem = "this is there already, and nothing is written over";
        return Err(Error::at(&args.out, format!("{problem}; choose another --out, or remove it first")));
    }
    nn::atomic::check_writable(&args.out)?;
    let translator = open_translator(&args.model)?;
    let files =
        CorpusFiles { source: args.source.clone(), target: args.target.clone(), pairs: args.pairs.clone() };
    let options = ReadOptions { lenient: args.lenient, ..ReadOptions::default() };
    let corpus = corpus::read(&files, Path::new(""), &options)?;
    say(&format!("read: {}", corpus.report));

    let bar = bar(corpus.pairs.len() * (1 + args.steps));
    let pairs = encode(&translator, &corpus.pairs, &bar)?;
    let options = ShortlistOptions { best: args.best, frequent: args.frequent, steps: args.steps };
    let stepped = || bar.inc(corpus.pairs.len() as u64);
    let shortlist = Shortlist::learn(&pairs, vocab_sizes(translator.text()), &options, stepped);
    bar.finish_and_clear();
    translator.save_shortlist(&args.out, &shortlist)?;

    let listed = |row: &&Vec<u32>| !row.is_empty();
    let (known, all) = (shortlist.of().iter().filter(listed).count(), shortlist.of().len());
    let mean = shortlist.of().iter().map(Vec::len).sum::<usize>() as f64 / known.max(1) as f64;
    let kilobytes = fs::metadata(&args.out).map_or(f64::NAN, |about| about.len() as f64 / 1e3);
    print(&format!(
        "{}: {known} of {all} source tokens have {mean:.1} target tokens each, every sentence {} more; from {}; {kilobytes:.0} kB\n",
        args.out.display(),
        shortlist.always().len(),
        counted(pairs.len() as u64, "pair", "pairs"),
    ))
}

/// The pairs as ids, but those of which a side is longer than the model reads: training leaves them out as well.
fn encode(translator: &Translator, corpus: &[TextPair], bar: &ProgressBar) -> Result<Vec<Pair>, Error> {
    let (text, max_len) = (translator.text(), translator.model().config().architecture.max_len);
    let encoded = corpus.iter().map(|pair| {
        bar.inc(1);
        EncodedPair::encode(text, &pair.src, &pair.tgt).pair
    });
    let pairs: Vec<Pair> = encoded.filter(|pair| pair.src.len().max(pair.tgt.len()) <= max_len).collect();
    let too_long = counted((corpus.len() - pairs.len()) as u64, "pair has", "pairs have");
    match pairs.len() {
        0 => Err(Error::Input(format!(
            "no pair is short enough: {too_long} more than {max_len} tokens (max_len)"
        ))),
        n if n < corpus.len() => {
            bar.suspend(|| {
                say(&format!("left out: {too_long} more than the {max_len} tokens that the model reads"))
            });
            Ok(pairs)
        }
        _ => Ok(pairs),
    }
}

/// How far the work is, shown where standard error is a terminal.
fn bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent} %  {elapsed}, {eta} left");
    ProgressBar::new(length as u64).with_style(style.expect("the template is valid"))
}
