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
use etudiant::nn::{Adam, InverseSqrt};
use etudiant::tensor::{DType, Seed};
use etudiant::transformer::pairs::{TextPair, read_pairs};
use etudiant::transformer::search::beam::{BeamOptions, beam_search};
use etudiant::transformer::vocabulary::{Vocabulary, VocabularyLimits};
use etudiant::transformer::words::split_words;
use etudiant::transformer::{Config, Error, Pair, TrainOptions, Trainer, Transformer, VocabSizes};
use indicatif::{ProgressBar, ProgressStyle};

#[derive(Parser)]
#[command(about = "Trains a Transformer on tab-separated sentence pairs, then translates")]
struct Arguments {
    /// Training pairs, one a line: source, a tab, target
    path: PathBuf,
    /// Pairs to validate on [default: every 20th line of the training pairs, which are then held out]
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
    let (train, valid) = read(arguments)?;
    // A word that stands once in the corpus becomes <unk>, so that the model learns to live with strangers.
    let limits = VocabularyLimits { min_count: 2, ..VocabularyLimits::default() };
    let src_vocab = Vocabulary::from_sentences(train.iter().map(|pair| split_words(&pair.src)), &limits)?;
    let tgt_vocab = Vocabulary::from_sentences(train.iter().map(|pair| split_words(&pair.tgt)), &limits)?;
    println!("vocabularies: {} source words, {} target words", src_vocab.len(), tgt_vocab.len());
    let text = Text { src_vocab, tgt_vocab };
    let (train, valid_ids) = (text.encode(&train)?, text.encode(&valid)?);

    let sizes = VocabSizes::Separate { src: text.src_vocab.len(), tgt: text.tgt_vocab.len() };
    let config = Config { dropout: 0.3, ..Config::small(sizes) }.with_symbols_of(&text.tgt_vocab)?;
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    println!("model: {} parameters", model.1.numel());
    let schedule = InverseSqrt { peak: 1e-3, warmup_steps: 1000, initial: 1e-7 };
    let options = TrainOptions { max_tokens: 1024, clip_norm: Some(1.0), ..TrainOptions::default() };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, options)?;

    let deadline = started + Duration::from_secs_f64(arguments.minutes * 60.0);
    let mut best = (f64::INFINITY, trainer.params.clone());
    for epoch in 1.. {
        let bar = progress_bar(train.iter().map(|pair| pair.tgt.len() as u64).sum());
        let seen = trainer.train_epoch(&train, epoch, |step| {
            bar.inc(step.stats.count as u64);
            bar.set_message(format!("loss {:.3}", step.stats.loss()));
            if Instant::now() < deadline { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        bar.finish_and_clear();
        let held_out = trainer.validate(&valid_ids)?;
        println!(
            "{:5.1} min  epoch {epoch:3}  train loss {:.3}  valid loss {:.3}  perplexity {:6.2}  accuracy {:.1} %",
            started.elapsed().as_secs_f64() / 60.0,
            seen.loss(),
            held_out.loss(),
            held_out.perplexity(),
            100.0 * held_out.accuracy()
        );
        if held_out.nll() < best.0 {
            best = (held_out.nll(), trainer.params.clone());
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    trainer.params = best.1;

    println!("\nwith the parameters of the best epoch, perplexity {:.2}, beam 4:", best.0.exp());
    let sources: Vec<&str> = valid.iter().map(|pair| &*pair.src).collect();
    let translations = text.translate(&trainer, &sources)?;
    let is_exact = |(pair, said): (&TextPair, &String)| split_words(&pair.tgt).join(" ") == *said;
    let exact = valid.iter().zip(&translations).filter(|&pair| is_exact(pair)).count();
    for (pair, said) in valid.iter().zip(&translations).take(10) {
        println!(
            "  {}\n    said       {said}\n    reference  {}",
            pair.src,
            split_words(&pair.tgt).join(" ")
        );
    }
    let share = 100.0 * exact as f64 / valid.len() as f64;
    println!("validation sentences translated exactly: {exact} of {} ({share:.1} %)", valid.len());
    let asked: Vec<&str> = arguments.translate.iter().map(String::as_str).collect();
    for (sentence, said) in asked.iter().zip(text.translate(&trainer, &asked)?) {
        println!("{sentence} -> {said}");
    }
    Ok(())
}

/// The pairs to train and to validate on.
fn read(arguments: &Arguments) -> Result<(Vec<TextPair>, Vec<TextPair>), Error> {
    let (train, report) = read_pairs(&arguments.path)?;
    println!("{}: {report}", arguments.path.display());
    let Some(path) = &arguments.valid else {
        let (valid, train) = train.into_iter().partition(|pair| pair.line % 20 == 0);
        return Ok((train, valid));
    };
    let (valid, report) = read_pairs(path)?;
    println!("{}: {report}", path.display());
    Ok((train, valid))
}

/// Text to ids and back.
struct Text {
    src_vocab: Vocabulary,
    tgt_vocab: Vocabulary,
}

impl Text {
    fn encode(&self, pairs: &[TextPair]) -> Result<Vec<Pair>, Error> {
        let eos = self.tgt_vocab.id("<eos>");
        let encode = |pair: &TextPair| {
            let src = self.src_vocab.encode(split_words(&pair.src))?.ids;
            let tgt = self.tgt_vocab.encode(split_words(&pair.tgt))?.ids.into_iter().chain(eos).collect();
            Ok(Pair { src, tgt })
        };
        pairs.iter().map(encode).collect()
    }

    fn translate<O, S>(&self, trainer: &Trainer<O, S>, sentences: &[&str]) -> Result<Vec<String>, Error> {
        let mut translations = Vec::new();
        for sentences in sentences.chunks(64) {
            let encode = |sentence: &&str| Ok(self.src_vocab.encode(split_words(sentence))?.ids);
            let sources = sentences.iter().map(encode).collect::<Result<Vec<_>, Error>>()?;
            for found in beam_search(&trainer.model, &trainer.params, &sources, &BeamOptions::default())? {
                translations.push(self.tgt_vocab.decode(&found[0].ids)?);
            }
        }
        Ok(translations)
    }
}

fn progress_bar(tokens: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_bar} {percent} %  {msg}  {per_sec} target words  {eta} left");
    ProgressBar::new(tokens).with_style(style.expect("the template is valid"))
}
