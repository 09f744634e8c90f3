//! "je suis étudiant" -> "i am a student": a whole Transformer, trained from nothing on two sentences.
//!
//! Follows the end of *The Illustrated Transformer* with real numbers: the output vocabulary of six words, an
//! untrained model's guess beside the label, the loss as it falls, the distributions aimed at and reached,
//! then greedy decoding and beam search. No files, no network, the same output every time.
//!
//!     cargo run --release --example je_suis_etudiant

use std::error::Error;
use std::ops::ControlFlow;

use etudiant::autograd::Tape;
use etudiant::nn::{Adam, Context, Noam, Params};
use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::transformer::search::beam::{BeamOptions, LengthPenalty, beam_search_observed};
use etudiant::transformer::search::{MaxLen, greedy::greedy};
use etudiant::transformer::{
    Batch, Config, Pair, TrainOptions, Trainer, Transformer, VocabSizes, Vocabulary,
};

const SENTENCES: [(&str, &str); 2] = [("merci", "thanks"), ("je suis étudiant", "i am a student")];
const STEPS: u64 = 64;

fn main() -> Result<(), Box<dyn Error>> {
    // Words become numbers. There is no <bos>: the decoder's first input is a vector of zeros.
    let french = Vocabulary::from_words(["merci", "je", "suis", "étudiant"])?;
    let english = Vocabulary::from_words(["a", "am", "i", "thanks", "student", "<eos>"])?;
    heading("The output vocabulary");
    println!("{}", row("", english.words()));
    println!("{}", row("index", &english.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>()));
    println!("{}", row("one-hot of \"am\"", &one_hot(1)));

    let mut pairs = Vec::new();
    for (src, tgt) in SENTENCES {
        let src = french.encode(src.split(' '))?.ids;
        let tgt = english.encode(tgt.split(' '))?.ids.into_iter().chain(english.id("<eos>")).collect();
        pairs.push(Pair { src, tgt });
    }
    let sizes = VocabSizes::Separate { src: french.len(), tgt: english.len() };
    let config = Config::toy(sizes).with_symbols_of(&english)?;
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;

    heading("Before training: \"merci\" should become \"thanks\"");
    let logits = logits_at(&model, &params, &pairs[0])?.slice(0, 0..1); // [1, 6]
    println!("{}", row("the model says", &cells(&logits.softmax(-1))));
    println!("{}", row("the label", &one_hot(3)));
    // The loss is not the difference of the two but the cross-entropy, -log p(thanks). The difference is its
    // gradient at the logits, softmax(logits) - label:
    let tape = Tape::new();
    let logits = tape.var(logits);
    let gradients = logits.cross_entropy(&[3], 0.0).loss.backward();
    println!("{}", row("gradient", &cells(gradients.get(&logits).ok_or("the logits have no gradient")?)));

    heading("Training: Adam, label smoothing 0.1, both sentences at every step");
    let options = TrainOptions { smoothing: 0.1, ..TrainOptions::default() };
    let schedule = Noam { factor: 0.05, d_model: config.d_model, warmup_steps: 20 };
    let mut trainer = Trainer::new((model, params), Adam::default(), schedule, options)?;
    let mut losses = Vec::new();
    for epoch in 0..STEPS {
        trainer.train_epoch(&pairs, epoch, |step| {
            losses.push(step.stats.loss());
            ControlFlow::Continue(())
        })?;
    }
    println!("  step  1  loss {:.3}  {}", losses[0], sparkline(&losses, floor(6.0, 0.1)));
    println!("  step {STEPS}  loss {:.3}", losses[losses.len() - 1]);
    println!("A smoothed label is never certain, so the loss cannot fall below {:.3}.", floor(6.0, 0.1));

    heading("\"je suis étudiant\": what is aimed at, and what the trained model says");
    let (model, params) = (&trainer.model, &trainer.params);
    let trained = logits_at(model, params, &pairs[1])?.softmax(-1); // [5, 6]
    println!("{}", row("target", english.words()));
    for (position, &id) in pairs[1].tgt.iter().enumerate() {
        println!("{}", row(&format!("position {}", position + 1), &one_hot(id as usize)));
    }
    println!("{}", row("trained", english.words()));
    for position in 0..trained.dim(0) {
        let label = format!("position {}", position + 1);
        println!("{}", row(&label, &cells(&trained.slice(0, position..position + 1))));
    }

    heading("Greedy decoding: the likeliest word at each step, fed back in");
    let source = vec![pairs[1].src.clone()];
    let found = &greedy(model, params, &source, MaxLen::default())?[0];
    let translation = english.decode(&found.ids)?;
    for step in 0..found.ids.len() {
        let so_far = english.decode(&found.ids[..step])?;
        let said = Pair { src: source[0].clone(), tgt: found.ids[..=step].to_vec() };
        let p = logits_at(model, params, &said)?.softmax(-1).at(&[step, found.ids[step] as usize]);
        println!("  {so_far:>16} -> {:8} p = {p:.3}", english.words()[found.ids[step] as usize]);
    }
    println!("je suis étudiant -> {translation}");

    heading("Beam search: beam_size 2 (two live on at each step), top_beams 2 (two are returned)");
    let options =
        BeamOptions { beam_size: 2, top_beams: 2, length_penalty: LengthPenalty::None, ..Default::default() };
    let words =
        |ids: &[u32]| ids.iter().map(|&id| &*english.words()[id as usize]).collect::<Vec<_>>().join(" ");
    let mut step = 0;
    let beams = beam_search_observed(model, params, &source, &options, |candidate| {
        if candidate.ids.len() > step {
            step = candidate.ids.len();
            println!("step {step}");
        }
        println!(
            "  {:8} {:8.3}  {}",
            format!("{:?}", candidate.fate),
            candidate.log_prob,
            words(&candidate.ids)
        );
    })?;
    for (rank, beam) in beams[0].iter().enumerate() {
        println!("{}. log p = {:7.3}  {}", rank + 1, beam.log_prob, words(&beam.ids));
    }

    println!("\nTwo sentences learned by heart are not translation: the model has seen nothing else.");
    println!("To train on real pairs and try sentences it never saw:");
    println!("    cargo run --release --example translate_pairs -- PAIRS.tsv");
    if translation == SENTENCES[1].1 { Ok(()) } else { Err(format!("it said {translation:?}").into()) }
}

/// The logits at each position of the target, `[tgt_len, 6]`.
fn logits_at(model: &Transformer, params: &Params, pair: &Pair) -> Result<Tensor, Box<dyn Error>> {
    let batch = Batch::new([pair], model.config().decoder_start, 0)?;
    Ok(model.forward(&Context::inference(params), &batch)?.value().squeeze(0))
}

/// The least smoothed cross-entropy: the entropy of a smoothed label among `v` words.
fn floor(v: f64, smoothing: f64) -> f64 {
    let (label, other) = (1.0 - smoothing + smoothing / v, smoothing / v);
    -label * label.ln() - (v - 1.0) * other * other.ln()
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

fn row(label: &str, cells: &[String]) -> String {
    format!("{label:>16} {}", cells.iter().map(|cell| format!("{cell:>8}")).collect::<String>())
}

fn cells(values: &Tensor) -> Vec<String> {
    values.to_f64_vec().iter().map(|x| format!("{x:.2}")).collect()
}

fn one_hot(id: usize) -> Vec<String> {
    cells(&Tensor::eye(6, DType::F32).slice(0, id..id + 1))
}

/// The values above `floor` as bars.
fn sparkline(values: &[f64], floor: f64) -> String {
    let height = |x: &f64| (x - floor) / (values[0] - floor) * 7.99;
    values
        .iter()
        .map(|x| ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][height(x).clamp(0.0, 7.0) as usize])
        .collect()
}
