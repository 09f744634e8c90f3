//! "je suis étudiant" -> "i am a student": a whole Transformer, trained from nothing on two sentences.
//!
//! Follows the end of *The Illustrated Transformer* with real numbers. No files, no network, and the same
//! output every time: `cargo run --release --example je_suis_etudiant`

use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;

use etudiant::autograd::Tape;
use etudiant::nn::{Adam, Context, Noam};
use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::text::{self, Vocabulary};
use etudiant::transformer::search::beam::{BeamOptions, beam_search_observed};
use etudiant::transformer::search::{MaxLen, greedy::greedy, length_penalty::LengthPenalty};
use etudiant::transformer::{self, Batch, Config, Pair, TrainOptions, Trainer, Transformer, VocabSizes};

const SENTENCES: [(&str, &str); 2] = [("merci", "thanks"), ("je suis étudiant", "i am a student")];
/// How much of each label is spread over the six words.
const SMOOTHING: f64 = 0.1;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // Words become numbers. There is no <bos>: the decoder's first input is a vector of zeros.
    let french = Vocabulary::from_words(["merci", "je", "suis", "étudiant"])?;
    let english = Vocabulary::from_words(["a", "am", "i", "thanks", "student", "<eos>"])?;
    heading("The output vocabulary");
    row("", english.words());
    row("index", &["0", "1", "2", "3", "4", "5"]);
    row("one-hot of \"am\"", &one_hot(1));

    let pair = |(src, tgt): (&str, &str)| -> Result<Pair, text::Error> {
        let tgt = english.encode(tgt.split(' '))?.ids.into_iter().chain(english.id("<eos>")).collect();
        Ok(Pair { src: french.encode(src.split(' '))?.ids, tgt })
    };
    let [merci, je_suis_etudiant] = [pair(SENTENCES[0])?, pair(SENTENCES[1])?];
    let sizes = VocabSizes::Separate { src: french.len(), tgt: english.len() };
    let config = Config::toy(sizes).with_symbols(5, None);
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let schedule = Noam { factor: 0.05, d_model: config.architecture.d_model, warmup_steps: 20 };
    let options = TrainOptions { smoothing: SMOOTHING, ..TrainOptions::default() };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, options)?;

    heading("Before training: \"merci\" should become \"thanks\"");
    let guess = logits(&trainer, &merci)?.slice(0, 0..1); // [1, 6]
    row("the model says", &cells(&guess.softmax(-1)));
    row("the label", &one_hot(3));
    // The loss is not the difference of the two but the cross-entropy, -log p(thanks). The difference is
    // its gradient at the logits: p - label.
    let guess = Tape::new().var(guess);
    let gradients = guess.cross_entropy(&[3], 0.0).loss.backward();
    row("gradient", &cells(gradients.get(&guess).expect("the loss depends on the logits")));

    heading("Training: Adam, label smoothing 0.1, both sentences at every step");
    let (mut losses, pairs) = (Vec::new(), [merci, je_suis_etudiant]);
    for epoch in 0..64 {
        trainer.train_epoch(&pairs, epoch, |step| {
            losses.push(step.stats.loss());
            ControlFlow::Continue(())
        })?;
    }
    println!("  step  1  loss {:.3}  {}", losses[0], sparkline(&losses));
    println!("  step 64  loss {:.3}", losses[losses.len() - 1]);
    println!("A smoothed label is never certain, so the loss cannot fall below {:.3}.", floor());

    heading("\"je suis étudiant\": what is aimed at, and what the trained model says");
    let trained = logits(&trainer, &pairs[1])?.softmax(-1); // [5, 6]
    row("target", english.words());
    for (position, &id) in pairs[1].tgt.iter().enumerate() {
        row(&format!("position {}", position + 1), &one_hot(id as usize));
    }
    row("trained", english.words());
    for position in 0..trained.dim(0) {
        row(&format!("position {}", position + 1), &cells(&trained.slice(0, position..position + 1)));
    }
    let translation = decode(&trainer, &pairs[1].src, &english)?;

    println!("\nTwo sentences learned by heart are not translation: the model has seen nothing else.");
    println!("To train on real pairs and try sentences it never saw:");
    println!("    cargo run --release --example translate_pairs -- PAIRS.tsv");
    Ok(if translation == SENTENCES[1].1 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Translates greedily, then by beam search, and shows each step. Returns the greedy translation.
fn decode(
    trainer: &Trainer<Adam, Noam>,
    src: &[u32],
    english: &Vocabulary,
) -> Result<String, Box<dyn Error>> {
    let (model, params, sources) = (&trainer.model, &trainer.params, [src.to_vec()]);
    let word = |&id: &u32| english.words()[id as usize].as_str();
    let words = |ids: &[u32]| ids.iter().map(word).collect::<Vec<_>>().join(" ");

    heading("Greedy decoding: the likeliest word at each step, fed back in");
    let tgt = greedy(model, params, &sources, MaxLen::default())?.remove(0).ids;
    let p = logits(trainer, &Pair { src: src.to_vec(), tgt: tgt.clone() })?.softmax(-1);
    for (step, id) in tgt.iter().enumerate() {
        println!("  {:>16} -> {:8} p = {:.3}", words(&tgt[..step]), word(id), p.at(&[step, *id as usize]));
    }
    println!("je suis étudiant -> {}", english.decode(&tgt)?);

    heading("Beam search: beam_size 2 (two live on at each step), top_beams 2 (two are returned)");
    let length_penalty = LengthPenalty::None;
    let options = BeamOptions { beam_size: 2, top_beams: 2, length_penalty, ..BeamOptions::default() };
    let beams = beam_search_observed(model, params, &sources, &options, |candidate| {
        let (step, fate) = (candidate.ids.len(), format!("{:?}", candidate.fate));
        println!("  step {step}  {fate:8} {:7.3}  {}", candidate.log_prob, words(&candidate.ids));
    })?;
    for (rank, beam) in beams[0].iter().enumerate() {
        println!("{}. log p = {:7.3}  {}", rank + 1, beam.log_prob, words(&beam.ids));
    }
    Ok(english.decode(&tgt)?)
}

/// The logits at each position of the target, `[tgt_len, 6]`.
fn logits(trainer: &Trainer<Adam, Noam>, pair: &Pair) -> Result<Tensor, transformer::Error> {
    let batch = Batch::new([pair], trainer.model.config().decoder_start, 0)?;
    Ok(trainer.model.forward(&Context::inference(&trainer.params), &batch)?.value().squeeze(0))
}

/// The least smoothed cross-entropy: the entropy of a smoothed label.
fn floor() -> f64 {
    let (label, other) = (1.0 - SMOOTHING + SMOOTHING / 6.0, SMOOTHING / 6.0);
    -label * label.ln() - 5.0 * other * other.ln()
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

fn row(label: &str, cells: &[impl AsRef<str>]) {
    println!("{label:>16} {}", cells.iter().map(|cell| format!("{:>8}", cell.as_ref())).collect::<String>());
}

fn cells(values: &Tensor) -> Vec<String> {
    values.to_f64_vec().iter().map(|x| format!("{x:.2}")).collect()
}

fn one_hot(id: usize) -> Vec<String> {
    cells(&Tensor::eye(6, DType::F32).slice(0, id..id + 1))
}

/// How far above the floor each value is, as a bar.
fn sparkline(values: &[f64]) -> String {
    let height = |x: f64| ((x - floor()) / (values[0] - floor()) * 7.99).clamp(0.0, 7.0) as usize;
    values.iter().map(|&x| ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][height(x)]).collect()
}
