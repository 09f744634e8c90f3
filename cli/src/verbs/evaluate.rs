//! `etudiant evaluate`: how good a model is, or what others translated.

mod metrics;
mod report;
mod systems;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use text::TextKind;
use text::corpus::{self, CorpusFiles, ReadOptions};
use transformer::Pair;
use transformer::search::shortlist::Shortlist;
use translate::metrics::{BleuOptions, ChrfOptions, Tokenizer, bleu, chrf, joined};
use translate::{Request, Source, Translated, Translator};

use self::report::{Evaluation, Listed};
use self::systems::SystemArgs;
use super::common::{Unknown, encode_sources, in_words, read_both, tell_warnings};
use super::search::{AskArgs, in_options, tell_of_unjudged};
use crate::console::print;
use crate::error::Error;
use crate::model::open_translator;

/// Padded tokens a side of a batch whose loss is taken.
const TOKENS: usize = 4096;

/// The options of `etudiant evaluate`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct EvaluateArgs {
    /// The model file
    #[arg(long, value_name = "FILE", required_unless_present = "system")]
    model: Option<PathBuf>,
    /// The sentences, one a line; gzipped or not
    #[arg(long, value_name = "FILE", requires = "reference", group = "judged", required_unless_present_any = ["pairs", "system"])]
    source: Option<PathBuf>,
    /// Their translations by people, line for line; with --system, again for each further reference
    #[arg(long, value_name = "FILE", requires = "judged")]
    reference: Vec<PathBuf>,
    /// Instead of the two: one file, on each line source, a tab, translation
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "reference"])]
    pairs: Option<PathBuf>,
    #[command(flatten)]
    ask: AskArgs,
    /// Write the model's translations to this file
    #[arg(long, value_name = "FILE")]
    hypotheses: Option<PathBuf>,
    /// Print one object with all figures in full precision
    #[arg(long)]
    json: bool,
    #[command(flatten, next_help_heading = "Translations that exist already")]
    systems: SystemArgs,
}

const AFTER_HELP: &str = "\
Judge the model of the built-in numbers by those that it has not seen:

    etudiant evaluate --model runs/numbers/model.safetensors --source runs/numbers/data/test.fr \\
        --reference runs/numbers/data/test.en

BLEU and chrF are sacrebleu's to the digit, each above its signature: compare figures of one signature only. Of
pretokenised text, `@@ ` is joined in both. The loss is the unsmoothed negative log-likelihood of the references per
token, <eos> included, and perplexity its exponential; lines without a source do not count in it. A translation is exact
if it is the reference, white space and the model's own normalisation of text apart.

Score translations that exist already, without a model, and test whether the second system is another one:

    etudiant evaluate --system a.en --system b.en --reference test.en --reference other.en \\
        --metrics bleu,chrf++,ter --paired-bs";

pub(super) fn run(args: &EvaluateArgs) -> Result<(), Error> {
    let Some(model) = &args.model else {
        return systems::run(&args.systems, &args.reference, args.json);
    };
    if args.reference.len() > 1 {
        return Err(Error::Input("a model is judged by one --reference; several go with --system".into()));
    }
    let translator = args.ask.search.packed(open_translator(model)?);
    let settings = args.ask.search.settings(&translator.search())?;
    let opened = args.ask.open(&translator)?;
    let request = args.ask.request(&translator, settings.clone(), &opened);
    request.check().map_err(in_options::<EvaluateArgs>)?;
    args.ask.search.tell_of_no_use(&settings);
    args.ask.tell_of_no_use(&translator);
    let test_set = TestSet::read(args)?;
    if let Some(path) = &args.hypotheses {
        check_can_be_written(path, args)?;
    }
    let (evaluation, said) = evaluate(&translator, &request, opened.shortlist.as_deref(), &test_set)?;
    let text = if args.json {
        evaluation.to_json(&translator, args.ask.to_json(&settings))
    } else {
        let asked = in_words(&settings) + &args.ask.in_words(&settings);
        evaluation.in_words(&translator, &asked, &model.display())
    };
    print(&text)?;
    if let Some(path) = &args.hypotheses {
        let text: String = said.iter().map(|line| format!("{line}\n")).collect();
        nn::atomic::write_atomically(path, |file| file.write_all(text.as_bytes()))?;
    }
    Ok(())
}

/// Whether a file can be written here, before hours go into what stands in it. One that is there stays as it is until
/// then; what is none (a device, a link), or is read here, is never written over.
fn check_can_be_written(path: &Path, args: &EvaluateArgs) -> Result<(), Error> {
    if fs::symlink_metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(Error::at(path, "cannot write the translations here: it is no plain file; name another"));
    }
    let read = [args.model.as_ref(), args.source.as_ref(), args.reference.first(), args.pairs.as_ref()];
    let place = fs::canonicalize(path).ok();
    if place.is_some() && read.into_iter().flatten().any(|read| fs::canonicalize(read).ok() == place) {
        return Err(Error::at(path, "cannot write the translations here: this file is read; name another"));
    }
    Ok(nn::atomic::check_writable(path)?)
}

/// Sentences and their translations by people.
struct TestSet<'a> {
    sources: Vec<String>,
    references: Vec<String>,
    /// Where the references stand, and on which lines.
    path: &'a Path,
    lines: Vec<usize>,
}

impl TestSet<'_> {
    fn read(args: &EvaluateArgs) -> Result<TestSet<'_>, Error> {
        if let (Some(source), Some(path)) = (&args.source, args.reference.first()) {
            let (sources, references) = read_both(source, path)?;
            let lines = (1..=sources.len()).collect();
            return Ok(TestSet { sources, references, path, lines });
        }
        let path = args.pairs.as_deref().unwrap_or(Path::new(""));
        let files = CorpusFiles { pairs: vec![path.into()], ..CorpusFiles::default() };
        let pairs = corpus::read(&files, Path::new(""), &ReadOptions::default())?.pairs;
        let lines = pairs.iter().map(|pair| pair.place.line as usize).collect();
        let (sources, references) = pairs.into_iter().map(|pair| (pair.src, pair.tgt)).unzip();
        Ok(TestSet { sources, references, path, lines })
    }
}

/// Judges the model; also the translations.
fn evaluate(
    translator: &Translator,
    request: &Request,
    shortlist: Option<&Shortlist>,
    test_set: &TestSet,
) -> Result<(Evaluation, Vec<String>), Error> {
    let text = translator.text();
    let TestSet { sources, references, .. } = test_set;
    tell_warnings(translator, sources);
    let encoded = encode_sources(translator, sources, 1);
    let (pairs, unknown) = pairs(translator, &encoded, test_set)?;
    let params = translator.params().prepacked(translator.packing()); // the loss of what translates
    let stats = transformer::evaluate(translator.model(), &params, &pairs, TOKENS, 0.0)?;

    let cut = encoded.iter().filter(|source| source.cut > 0).count();
    let (bar, started) = (progress_bar(pairs.len()), Instant::now());
    let found = request.translate_encoded(encoded, |done| bar.inc(done as u64))?;
    let seconds = started.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let lines = test_set.lines.iter().zip(&found);
    let unjudged: Vec<usize> =
        lines.filter(|(_, found)| request.is_unjudged(found)).map(|(&line, _)| line).collect();
    tell_of_unjudged(&unjudged, found.len());
    let said: Vec<String> = found.into_iter().map(Translated::into_best).collect();

    let joined = joined(text, references);
    let tokenizer =
        if text.settings().kind == TextKind::Pretokenised { Tokenizer::None } else { Tokenizer::V13a };
    let is_exact = |(said, reference): &(&String, &String)| **said == text.as_decoded(reference);
    let evaluation = Evaluation {
        bleu: bleu(&said, &joined, BleuOptions::default()),
        bleu_lowercased: bleu(
            &said,
            &joined,
            BleuOptions { tokenizer, lowercase: true, ..BleuOptions::default() },
        ),
        chrf: chrf(&said, &joined, ChrfOptions::default()),
        stats,
        exact: said.iter().zip(references).filter(is_exact).count(),
        sentences: said.len(),
        cut,
        unknown,
        listed: shortlist.map(|shortlist| Listed::of(shortlist, &pairs)),
        seconds,
    };
    Ok((evaluation, said))
}

/// What the loss is taken of, and how much of the test set the vocabularies do not know.
fn pairs(
    translator: &Translator,
    sources: &[Source],
    test_set: &TestSet,
) -> Result<(Vec<Pair>, Unknown), Error> {
    let mut unknown = Unknown::default();
    let mut pairs = Vec::with_capacity(sources.len());
    for ((source, reference), &line) in sources.iter().zip(&test_set.references).zip(&test_set.lines) {
        let pair = translator.pair(source, reference);
        let pair = pair.map_err(|problem| Error::at_line(test_set.path, line, problem))?;
        unknown.add(source, &pair);
        if !source.ids.is_empty() {
            pairs.push(pair);
        }
    }
    if pairs.is_empty() {
        return Err(Error::Input(
            "there is no sentence to translate: all lines of the source are blank".into(),
        ));
    }
    Ok((pairs, unknown))
}

/// How many sentences are translated, shown where standard error is a terminal.
fn progress_bar(sentences: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} sentences, {eta} left");
    ProgressBar::new(sentences as u64).with_style(style.expect("the template is valid"))
}
