//! Trains a translator on your own sentence pairs and shows what it makes of sentences it never saw.
//!
//! The file holds one pair a line: source, a tab, target. Text is lowercased and split at white space and
//! punctuation; the vocabularies come from the training file alone.
//!
//!     cargo run --release --example translate_pairs -- PAIRS.tsv --translate "Je suis étudiant."

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use etudiant::nn::{Adam, Params, Schedule};
use etudiant::tensor::{DType, Seed};
use etudiant::text::corpus::{self, hold_out};
use etudiant::text::words::split_words;
use etudiant::text::{CorpusFiles, ReadOptions, TextKind, TextModel, TextPair, TextSettings};
use etudiant::transformer::data::plan::{BatchOrder, BatchPlan};
use etudiant::transformer::{Architecture, Config, Pair, TrainOptions, Trainer, Transformer};
use etudiant::translate::encode::{EncodedPair, vocab_sizes};
use etudiant::translate::{About, Translator};
use indicatif::{ProgressBar, ProgressStyle};

/// Trains a Transformer on tab-separated sentence pairs, then translates
#[derive(Parser)]
struct Arguments {
    /// Training pairs, one a line: source, a tab, target
    path: PathBuf,
    /// Pairs to validate on [default: every 20th of the training pairs, held out]
    #[arg(long)]
    valid: Option<PathBuf>,
    /// How long to train
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    minutes: f64,
    /// A sentence to translate at the end; may be given several times
    #[arg(long)]
    translate: Vec<String>,
}

fn main() -> ExitCode {
    let Err(error) = run(&Arguments::parse()) else { return ExitCode::SUCCESS };
    eprintln!("error: {error}");
    ExitCode::from(2)
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let limit = arguments.minutes * 60.0; // seconds
    if limit.is_nan() || limit <= 0.0 {
        return Err(format!("--minutes is {}; it must be positive", arguments.minutes).into());
    }
    let mut train_text = read(&arguments.path)?;
    let valid_text = match &arguments.valid {
        Some(path) => read(path)?,
        None => hold_out(&mut train_text, 20),
    };
    println!("pairs to train on: {}, to validate on: {}", train_text.len(), valid_text.len());
    if train_text.is_empty() {
        return Err("too few pairs to hold some out; name others with --valid".into());
    }

    // A word that stands only once becomes <unk>, so that the model learns to live with strangers.
    let words =
        TextSettings { kind: TextKind::Words, vocab_size: 0, joint: false, ..TextSettings::default() };
    let settings = TextSettings { min_count: 2, ..words };
    let text = TextModel::learn(&settings, train_text.iter().map(|pair| (&*pair.src, &*pair.tgt)))?;
    println!("vocabularies: {}", text.summary());
    let (train, _) = encode(&text, &train_text);
    let (valid, unknown) = encode(&text, &valid_text);
    println!("unknown among the source words to validate on: {:.1} %", 100.0 * unknown);

    let sizes = Architecture { d_model: 256, d_ff: 512, n_heads: 4, dropout: 0.1, ..Architecture::default() };
    let architecture = Architecture { n_encoder_layers: 2, n_decoder_layers: 2, ..sizes };
    let config = Config::new(architecture, vocab_sizes(&text));
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let options = TrainOptions { max_tokens: 512, clip_norm: Some(1.0), ..TrainOptions::default() };
    let plan = BatchPlan::new(&train, options.max_tokens, BatchOrder::LongestFirst)?;
    let (parameters, batches, alone) = (model.1.numel(), plan.len(), plan.n_oversized());
    println!("model: {parameters} parameters; {batches} batches, {alone} of pairs too long to share one");
    let schedule = UntilTimeIsUp { peak: 1e-3, warmup_steps: 400, started, limit };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, options)?;

    let (perplexity, params) = train_until(&mut trainer, &train, &valid, started, limit)?;
    println!("\ntranslating {} sentences (perplexity {perplexity:.2}, beam 5):", valid_text.len());
    let translator = Translator::new(trainer.model, params, text, About::default())?;
    let sources: Vec<&str> = valid_text.iter().map(|pair| pair.src.as_str()).collect();
    report(&valid_text, &translator.translate(&sources)?);
    for sentence in &arguments.translate {
        println!("{sentence} -> {}", translator.translate(&[sentence])?[0]);
        for word in split_words(sentence) {
            if translator.text().encode_src(&word).unknown > 0 {
                println!("    the word {word:?} is unknown");
            }
        }
    }
    Ok(())
}

/// Epochs until the time is up. Returns the best perplexity on the validation pairs, and the parameters that had it.
fn train_until(
    trainer: &mut Trainer<Adam, UntilTimeIsUp>,
    train: &[Pair],
    valid: &[Pair],
    started: Instant,
    limit: f64,
) -> Result<(f64, Params), Box<dyn Error>> {
    let mut best = (f64::INFINITY, trainer.params.clone());
    for epoch in 1u64.. {
        let style = ProgressStyle::with_template("{wide_bar} {percent} %  {msg}");
        let words = train.iter().map(|pair| pair.tgt.len() as u64).sum();
        let bar = ProgressBar::new(words).with_style(style.expect("the template is valid"));
        let seen = trainer.train_epoch(train, epoch, |step| {
            bar.inc(step.stats.count as u64);
            bar.set_message(format!("epoch {epoch}  loss {:.3}", step.stats.loss()));
            let time_is_up = started.elapsed().as_secs_f64() >= limit;
            if time_is_up { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        bar.finish_and_clear();
        let held_out = trainer.validate(valid)?;
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        print!("{minutes:5.2} min  epoch {epoch:3}  smoothed loss {:.3}", seen.loss());
        print!("  to validate: {:.3}  perplexity {:6.2}", held_out.loss(), held_out.perplexity());
        println!("  accuracy {:.1} %", 100.0 * held_out.accuracy());
        if held_out.perplexity() < best.0 {
            best = (held_out.perplexity(), trainer.params.clone());
        }
        if minutes * 60.0 >= limit {
            return Ok(best);
        }
    }
    unreachable!("there is always another epoch")
}

fn read(path: &Path) -> Result<Vec<TextPair>, Box<dyn Error>> {
    let files = CorpusFiles { pairs: vec![path.into()], ..CorpusFiles::default() };
    let corpus = corpus::read(&files, Path::new(""), &ReadOptions::default())?;
    println!("{}: {}", path.display(), corpus.report);
    Ok(corpus.pairs)
}

/// The pairs as ids, and the share of source words that the vocabulary does not know, 0 to 1.
fn encode(text: &TextModel, pairs: &[TextPair]) -> (Vec<Pair>, f64) {
    let encoded = pairs.iter().map(|pair| EncodedPair::encode(text, &pair.src, &pair.tgt));
    let (pairs, unknown): (Vec<Pair>, Vec<usize>) =
        encoded.map(|encoded| (encoded.pair, encoded.unknown_src)).unzip();
    let words: usize = pairs.iter().map(|pair| pair.src.len() - 1).sum(); // without <eos>
    (pairs, unknown.iter().sum::<usize>() as f64 / words.max(1) as f64)
}

/// Shows some of the pairs beside what was said, and how many were said exactly as the reference has it.
fn report(pairs: &[TextPair], said: &[String]) {
    let references: Vec<String> = pairs.iter().map(|pair| split_words(&pair.tgt).join(" ")).collect();
    for ((pair, said), reference) in pairs.iter().zip(said).zip(&references).take(10) {
        println!("  {}\n    said       {said}\n    reference  {reference}", pair.src);
    }
    let exact = said.iter().zip(&references).filter(|(said, reference)| said == reference).count();
    let share = 100.0 * exact as f64 / pairs.len() as f64;
    println!("validation sentences translated exactly: {exact} of {} ({share:.1} %)", pairs.len());
}

/// A learning rate that rises over the first steps and then falls to zero as the time runs out.
/// Note: it reads the clock, so two runs are not alike to the bit, as they are with the schedules of `nn`.
struct UntilTimeIsUp {
    peak: f64,
    warmup_steps: u64,
    started: Instant,
    limit: f64,
}

impl Schedule for UntilTimeIsUp {
    fn learning_rate(&self, step: u64) -> f64 {
        let left = 1.0 - self.started.elapsed().as_secs_f64() / self.limit;
        self.peak * (step as f64 / self.warmup_steps as f64).min(1.0) * left.max(0.0)
    }
}
