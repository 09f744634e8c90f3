//! "je suis étudiant" -> "i am a student": a whole Transformer, trained from nothing on two sentences.
//!
//! Follows the end of *The Illustrated Transformer* with real numbers. No files, no network, and the same
//! output every time: `cargo run --release --example je_suis_etudiant`
//!
//! `-- --report toy.html` writes the article's figures, drawn from the numbers of this very run, as a page to open.
//! Pairs of your own are learned too: add them to `SENTENCES`, or to the command, `-- "merci beaucoup = thanks a lot"`.

#[macro_use]
#[path = "../console/mod.rs"]
mod console; // println! that ends quietly when nobody reads on
mod report;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::slice;

use etudiant::autograd::Tape;
use etudiant::illustrated::record::variants::Training;
use etudiant::illustrated::record::{Words, search};
use etudiant::illustrated::recording::Search;
use etudiant::illustrated::terminal::{Options, heatmap, tree};
use etudiant::nn::{Adam, Context, Noam};
use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::text::{self, Vocabulary};
use etudiant::transformer::align::alignments;
use etudiant::transformer::search::beam::BeamOptions;
use etudiant::transformer::search::{MaxLen, greedy::greedy, length_penalty::LengthPenalty};
use etudiant::transformer::{self, Batch, Config, Pair, TrainOptions, Trainer, VocabSizes};

use report::Report;

/// What is learned. All that follows is made of these.
const SENTENCES: &[(&str, &str)] = &[("merci", "thanks"), ("je suis étudiant", "i am a student")];
/// The order in which the article lists its output vocabulary; other words follow.
const ARTICLE: [&str; 5] = ["a", "am", "i", "thanks", "student"];
/// How much of each label is spread over all words.
const SMOOTHING: f64 = 0.1;
/// How often Adam changes the parameters.
const N_STEPS: usize = 64;
/// Where the first weights come from.
const SEED: u64 = 1;

/// What trains here.
type Toy = Trainer<Adam, Noam>;

/// What `--help` says.
const USAGE: &str = "\
usage: je_suis_etudiant [--report FILE] [--figures DIR] [--parameters] [\"SENTENCE = ITS TRANSLATION\"]...

Learns \"je suis étudiant\", \"merci\" and the sentences given, and shows each step. --report FILE writes its figures as
one page, --figures DIR each as a picture (SVG). With --parameters the page has the weights at every recorded step, not
at the last alone, and is about two and a half times as large.";

fn main() -> ExitCode {
    arguments().and_then(run).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

/// What stands behind the command.
fn arguments() -> Result<Vec<String>, Box<dyn Error>> {
    let text =
        |argument: OsString| argument.into_string().map_err(|bytes| format!("{bytes:?} is not UTF-8").into());
    std::env::args_os().skip(1).map(text).collect()
}

/// Exit code 0 if all sentences were learned, else 1.
fn run(mut arguments: Vec<String>) -> Result<ExitCode, Box<dyn Error>> {
    if arguments.iter().any(|argument| ["--help", "-h"].contains(&argument.as_str())) {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let report = report::asked_for(&mut arguments)?;
    let sentences = sentences(&arguments)?;

    // Words become numbers. There is no <bos>: the decoder's first input is a vector of zeros.
    let french = Vocabulary::from_words(words_of(sentences.iter().map(|pair| pair.0), &[]))?;
    let listed = words_of(sentences.iter().map(|pair| pair.1), &ARTICLE);
    let english = Vocabulary::from_words(listed.into_iter().chain(["<eos>"]))?;
    let (n_words, eos_id) = (english.len(), english.len() as u32 - 1);
    let pair = |(src, tgt): &(&str, &str)| -> Result<Pair, text::Error> {
        let tgt = english.encode(tgt.split_whitespace())?.ids.into_iter().chain([eos_id]).collect();
        Ok(Pair { src: french.encode(src.split_whitespace())?.ids, tgt })
    };
    let pairs = sentences.iter().map(pair).collect::<Result<Vec<Pair>, _>>()?;
    heading("The output vocabulary");
    row("", english.words());
    row("index", &(0..n_words).map(|index| index.to_string()).collect::<Vec<_>>());
    row(&format!("one-hot of \"{}\"", english.words()[1]), &one_hot(1, n_words));

    let sizes = VocabSizes::Separate { src: french.len(), tgt: n_words };
    let config = Config::toy(sizes).with_symbols(eos_id, None);
    let schedule = Noam { factor: 0.05, d_model: config.architecture.d_model, warmup_steps: 20 };
    let options = TrainOptions { smoothing: SMOOTHING, ..TrainOptions::default() };
    let (seed, n_steps) = (Seed::new(SEED), N_STEPS);
    let training = Training { config, pairs: &pairs, seed, options, schedule, n_steps };
    let mut trainer = training.trainer()?;
    show_a_gradient(&trainer, sentences[0].0, &pairs[0], &english)?;
    let ((sentence, reference), pair) = (sentences[pairs.len() - 1], &pairs[pairs.len() - 1]);
    let begin =
        |places| Report::begin(places, &trainer, &french, &english, &arguments, (sentence, reference), pair);
    let mut report = report.map(begin).transpose()?;

    heading(&format!("Training: Adam, label smoothing {SMOOTHING}, all sentences at every step"));
    let mut losses = Vec::new();
    let batch = training.batch()?;
    for _ in 0..N_STEPS {
        let step = match &mut report {
            Some(report) => report.train_step(&mut trainer, &batch)?,
            None => trainer.train_step(slice::from_ref(&batch))?,
        };
        losses.push(step.stats.loss());
    }
    println!("  step  1  loss {:.3}  {}", losses[0], sparkline(&losses, n_words));
    println!("  step {:2}  loss {:.3}", losses.len(), losses[losses.len() - 1]);
    println!("A smoothed label is never certain, so the loss cannot fall below {:.3}.", floor(n_words));

    show_the_output(&trainer, sentence, pair, &english)?;
    decode(&trainer, sentence, &pair.src, &french, &english)?;

    if let Some(report) = report {
        report.end(&trainer, &training)?;
    }
    println!("\nSentences learned by heart are not translation: the model has seen nothing else.");
    println!("To train on real pairs and try sentences it never saw:");
    println!("    cargo run --release --example translate_pairs -- PAIRS.tsv");
    Ok(if are_learned(&trainer, &sentences, pairs, &english)? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is to be learned: the sentences from above, and those among the arguments.
fn sentences(arguments: &[String]) -> Result<Vec<(&str, &str)>, Box<dyn Error>> {
    let mut sentences = SENTENCES.to_vec();
    for pair in arguments {
        if pair.starts_with("--") {
            return Err(format!("{pair}: there is no such option; --help has those that there are").into());
        }
        let two = pair.split_once('=').map(|(src, tgt)| (src.trim(), tgt.trim()));
        let two = two.filter(|(src, tgt)| !src.is_empty() && !tgt.is_empty());
        sentences.push(two.ok_or(format!("\"{pair}\": a pair is two sentences with a = between"))?);
    }
    Ok(sentences)
}

/// Whether each sentence becomes what it should; those that do not are named.
fn are_learned(
    trainer: &Toy,
    sentences: &[(&str, &str)],
    pairs: Vec<Pair>,
    english: &Vocabulary,
) -> Result<bool, Box<dyn Error>> {
    let sources: Vec<Vec<u32>> = pairs.into_iter().map(|pair| pair.src).collect();
    let learned = greedy(&trainer.model, &trainer.params, &sources, MaxLen::default())?;
    let mut all_right = true;
    for ((src, tgt), said) in sentences.iter().zip(learned) {
        let said = english.decode(&said.ids)?;
        if said != *tgt {
            println!("not learned: {src} -> {said}; it should be {tgt}");
            all_right = false;
        }
    }
    Ok(all_right)
}

/// The words of the sentences: those in `first`, in its order, then the others as they come.
fn words_of<'a>(sentences: impl Iterator<Item = &'a str>, first: &[&'a str]) -> Vec<&'a str> {
    let words: Vec<&str> = sentences.flat_map(str::split_whitespace).collect();
    let mut listed: Vec<&str> = first.iter().copied().filter(|word| words.contains(word)).collect();
    for word in words {
        if !listed.contains(&word) {
            listed.push(word);
        }
    }
    listed
}

/// What the untrained model says at the first position, and what the loss wants it to change.
fn show_a_gradient(
    trainer: &Toy,
    src: &str,
    pair: &Pair,
    english: &Vocabulary,
) -> Result<(), Box<dyn Error>> {
    let label = pair.tgt[0] as usize;
    heading(&format!("Before training: \"{src}\" should become \"{}\"", english.words()[label]));
    let guess = logits(trainer, pair)?.slice(0, 0..1); // [1, n_words]
    row("the model says", &cells(&guess.softmax(-1)));
    row("the label", &one_hot(label, english.len()));
    // The loss is not the difference of the two but the cross-entropy, -log p(label). The difference is
    // its gradient at the logits: p - label.
    let guess = Tape::new().var(guess);
    let gradients = guess.cross_entropy(&[pair.tgt[0]], 0.0).loss.backward();
    row("gradient", &cells(gradients.get(&guess).expect("the loss depends on the logits")));
    Ok(())
}

/// The labels of a sentence, and the distributions that the trained model gives in their places.
fn show_the_output(
    trainer: &Toy,
    src: &str,
    pair: &Pair,
    english: &Vocabulary,
) -> Result<(), Box<dyn Error>> {
    heading(&format!("\"{src}\": what is aimed at, and what the trained model says"));
    let trained = logits(trainer, pair)?.softmax(-1); // [tgt_len, n_words]
    row("target", english.words());
    for (position, &id) in pair.tgt.iter().enumerate() {
        row(&format!("position {}", position + 1), &one_hot(id as usize, english.len()));
    }
    row("trained", english.words());
    for position in 0..trained.dim(0) {
        row(&format!("position {}", position + 1), &cells(&trained.slice(0, position..position + 1)));
    }
    Ok(())
}

/// Translates greedily, then by beam search, and shows each step.
fn decode(
    trainer: &Toy,
    sentence: &str,
    src: &[u32],
    french: &Vocabulary,
    english: &Vocabulary,
) -> Result<(), Box<dyn Error>> {
    let (model, params, sources) = (&trainer.model, &trainer.params, [src.to_vec()]);
    let word = |&id: &u32| english.words()[id as usize].as_str();
    let words = |ids: &[u32]| ids.iter().map(word).collect::<Vec<_>>().join(" ");

    heading("Greedy decoding: the likeliest word at each step, fed back in");
    let tgt = greedy(model, params, &sources, MaxLen::default())?.remove(0).ids;
    let p = logits(trainer, &Pair { src: src.to_vec(), tgt: tgt.clone() })?.softmax(-1);
    for (step, id) in tgt.iter().enumerate() {
        println!("  {:>16} -> {:8} p = {:.3}", words(&tgt[..step]), word(id), p.at(&[step, *id as usize]));
    }
    println!("{sentence} -> {}", english.decode(&tgt)?);

    heading(
        "Cross-attention of decoder layer 0: where each word looks when it is about to be said (mean of the heads)",
    );
    let read: Vec<String> = sentence.split_whitespace().map(str::to_owned).collect();
    let said: Vec<String> = tgt.iter().map(|id| word(id).to_owned()).collect();
    let weights = alignments(model, params, &[Pair { src: src.to_vec(), tgt }], 0)?;
    print!("{}", heatmap(&weights[0], &said, &read, &Options::default()));

    heading("Beam search: beam_size 2 (two live on at each step), top_beams 2 (two are returned)");
    let length_penalty = LengthPenalty::None;
    let options = BeamOptions { beam_size: 2, top_beams: 2, length_penalty, ..BeamOptions::default() };
    let events =
        search::events(model, params, &Words::whole(french.words(), english.words()), src, &options)?;
    for search in Search::all(&events) {
        print!("{}", tree(&search, &Options::default()));
        for (rank, (_, beam)) in search.translations.iter().enumerate() {
            let words: Vec<&str> = beam.tokens.iter().map(|token| token.text.as_str()).collect();
            println!("{}. log p = {:7.3}  {}", rank + 1, beam.log_prob, words.join(" "));
        }
    }
    Ok(())
}

/// The logits at each position of the target, `[tgt_len, n_words]`.
fn logits(trainer: &Toy, pair: &Pair) -> Result<Tensor, transformer::Error> {
    let batch = Batch::new([pair], trainer.model.config().decoder_start, 0)?;
    Ok(trainer.model.forward(&Context::inference(&trainer.params), &batch)?.value().squeeze(0))
}

/// The least smoothed cross-entropy: the entropy of a smoothed label.
fn floor(n_words: usize) -> f64 {
    let other = SMOOTHING / n_words as f64;
    let label = 1.0 - SMOOTHING + other;
    -label * label.ln() - (n_words - 1) as f64 * other * other.ln()
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

/// A column each; of longer words the first seven letters.
fn row(label: &str, cells: &[impl AsRef<str>]) {
    println!(
        "{label:>16} {}",
        cells.iter().map(|cell| format!(" {:>7.7}", cell.as_ref())).collect::<String>()
    );
}

fn cells(values: &Tensor) -> Vec<String> {
    values.to_f64_vec().iter().map(|x| format!("{x:.2}")).collect()
}

fn one_hot(id: usize, n_words: usize) -> Vec<String> {
    cells(&Tensor::eye(n_words, DType::F32).slice(0, id..id + 1))
}

/// How far above the floor each value is, as a bar.
fn sparkline(values: &[f64], n_words: usize) -> String {
    let floor = floor(n_words);
    let height = |x: f64| ((x - floor) / (values[0] - floor) * 7.99).clamp(0.0, 7.0) as usize;
    values.iter().map(|&x| ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][height(x)]).collect()
}
