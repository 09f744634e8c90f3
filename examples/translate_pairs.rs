//! Trains a translator on your own sentence pairs and shows what it makes of sentences it never saw.
//!
//! The file holds one pair a line: source, a tab, target. Words are split at white space and punctuation;
//! the vocabularies come from the training file alone.
//!
//!     cargo run --release --example translate_pairs -- PAIRS.tsv --translate "Je suis étudiant."

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use etudiant::nn::{Adam, Schedule};
use etudiant::tensor::{DType, Seed};
use etudiant::transformer::batch_plan::{BatchOrder, BatchPlan};
use etudiant::transformer::pairs::{TextPair, hold_out, read_pairs};
use etudiant::transformer::search::beam::BeamOptions;
use etudiant::transformer::vocabulary::VocabularyLimits;
use etudiant::transformer::words::split_words;
use etudiant::transformer::*;
use indicatif::{ProgressBar, ProgressStyle};

#[derive(Parser)]
#[command(about = "Trains a Transformer on tab-separated sentence pairs, then translates")]
struct Arguments {
    /// Training pairs, one a line: source, a tab, target
    path: PathBuf,
    /// Pairs to validate on [default: every 20th of the training pairs, which is then held out]
    #[arg(long)]
    valid: Option<PathBuf>,
    /// How long to train
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// A sentence to translate at the end; may be given several times
    #[arg(long)]
    translate: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let started = Instant::now();
    let limit = Duration::try_from_secs_f64(arguments.minutes * 60.0)
        .map_err(|_| Error::Config(format!("--minutes {} is not a length of time", arguments.minutes)))?;
    let mut train_text = read(&arguments.path)?;
    let valid_text = arguments.valid.as_ref().map_or_else(|| Ok(hold_out(&mut train_text, 20)), read)?;

    // A word that stands only once becomes <unk>, so that the model learns to live with strangers.
    let limits = VocabularyLimits { min_count: 2, ..VocabularyLimits::default() };
    let translator = Translator::from_pairs(&train_text, &limits)?;
    let (train, valid) = (translator.encode(&train_text)?.pairs, translator.encode(&valid_text)?);
    let (src, tgt) = (translator.src_vocab.len(), translator.tgt_vocab.len());
    println!("vocabularies: {src} source words, {tgt} target words");
    println!("unknown among the source words to validate on: {:.1} %", 100.0 * valid.unknown_src_share());

    let tie_embeddings = TieEmbeddings::TargetWithOutput;
    let small = Config::small(VocabSizes::Separate { src, tgt });
    let config = Config { n_encoder_layers: 2, n_decoder_layers: 2, d_ff: 512, tie_embeddings, ..small };
    let config = config.with_symbols_of(&translator.tgt_vocab)?;
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    println!("model: {} parameters", model.1.numel());
    let options = TrainOptions { max_tokens: 512, clip_norm: Some(1.0), ..TrainOptions::default() };
    let plan = BatchPlan::new(&train, options.max_tokens, BatchOrder::LongestFirst)?;
    println!("batches: {}, pairs too long to share one: {}", plan.len(), plan.n_oversized());
    let schedule = UntilTimeIsUp { peak: 1e-3, warmup_steps: 400, started, limit };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, options)?;

    let mut best = (f64::INFINITY, trainer.params.clone()); // perplexity on the validation pairs
    for epoch in 1.. {
        let style =
            ProgressStyle::with_template("{wide_bar} {percent} %  {msg}  {per_sec} words  {eta} left");
        let words = train.iter().map(|pair| pair.tgt.len() as u64).sum();
        let bar = ProgressBar::new(words).with_style(style.expect("the template is valid"));
        let seen = trainer.train_epoch(&train, epoch, |step| {
            bar.inc(step.stats.count as u64);
            bar.set_message(format!("epoch {epoch}  loss {:.3}", step.stats.loss()));
            if started.elapsed() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        bar.finish_and_clear();
        let held_out = trainer.validate(&valid.pairs)?;
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        print!("{minutes:5.1} min  epoch {epoch:3}  train loss {:.3}  valid loss ", seen.loss());
        print!("{:.3}  perplexity {:6.2}", held_out.loss(), held_out.perplexity());
        println!("  accuracy {:.1} %", 100.0 * held_out.accuracy());
        if held_out.perplexity() < best.0 {
            best = (held_out.perplexity(), trainer.params.clone());
        }
        if started.elapsed() >= limit {
            break;
        }
    }
    println!("\nwith the parameters of the best epoch, perplexity {:.2}, and a beam of 4:", best.0);
    let translate = |sentences: Vec<&str>| {
        translator.translate(&trainer.model, &best.1, &sentences, &BeamOptions::default())
    };
    report(&valid_text, &translate(valid_text.iter().map(|pair| pair.src.as_str()).collect())?);
    for sentence in &arguments.translate {
        let unknown = translator.src_vocab.encode(split_words(sentence))?.unknown;
        println!("{sentence} -> {}   (unknown words: {unknown})", translate(vec![sentence])?[0]);
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<Vec<TextPair>, Error> {
    let (pairs, report) = read_pairs(path)?;
    println!("{}: {report}", path.display());
    Ok(pairs)
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
    limit: Duration,
}

impl Schedule for UntilTimeIsUp {
    fn learning_rate(&self, step: u64) -> f64 {
        let left = 1.0 - self.started.elapsed().as_secs_f64() / self.limit.as_secs_f64();
        self.peak * (step as f64 / self.warmup_steps as f64).min(1.0) * left.max(0.0)
    }
}
