//! Lesson 6: where a word stands.
//!
//!     cargo run --release --example e06_positions
//!
//! Attention sees a set of words, not a sentence: whoever mixes them up gets the same vectors, mixed up. So a
//! vector that depends on the place alone is added to each word's. *The Illustrated Transformer* draws two
//! kinds of sinusoids, those of the paper and those of its authors' code; a table that is learned is a third.
//! (Vaswani et al. 2017, §3.5.)

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::error::Error;
use std::ops::ControlFlow;

use etudiant::nn::{Adam, Constant, Context};
use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::transformer::layers::positions::{concatenated, interleaved};
use etudiant::transformer::{Batch, Config, Pair, Positions, TrainOptions, Trainer, Transformer, VocabSizes};

const WORDS: [&str; 3] = ["je", "suis", "étudiant"];
const D_MODEL: usize = 4;

/// The numbers that the article's figure for d = 4 has, as they are printed there.
const IN_THE_FIGURE: [[f64; 4]; 3] =
    [[0.0, 0.0, 1.0, 1.0], [0.84, 0.0001, 0.54, 1.0], [0.91, 0.0002, -0.42, 1.0]];

fn main() -> Result<(), Box<dyn Error>> {
    without_positions_order_is_lost();
    two_kinds_of_sinusoids();
    the_same_distance_the_same_product();
    a_table_that_is_learned()?;
    println!("Try:  D_MODEL = 8. Which columns hardly change from word to word, and what are they good for?");
    println!("Read: transformer/src/layers/positions.rs; layers/embed.rs beside it, where they are added;");
    println!("      then run the next lesson: cargo run --release --example e07_residual_and_norm");
    Ok(())
}

/// Each word attends to all, with itself as query, key and value. `[len, d_model] -> [len, d_model]`
fn attend(x: &Tensor) -> Tensor {
    let scale = 1.0 / (D_MODEL as f64).sqrt();
    x.matmul(&x.transpose(0, 1)).mul_scalar(scale).softmax(-1).matmul(x)
}

fn without_positions_order_is_lost() {
    println!("What attention makes of \"étudiant\", in a sentence and in the same words backwards\n");
    let x = Tensor::normal([WORDS.len(), D_MODEL], 0.0, 1.0, Seed::new(1), DType::F64); // [3, 4]
    let places = interleaved(0..WORDS.len(), D_MODEL, DType::F64); // [3, 4]
    let backwards = x.gather_rows(&[2, 1, 0]);
    let row = |x: &Tensor, place: usize| x.slice(0, place..place + 1);
    let cases = [("without", x.clone(), backwards.clone()), ("with", &x + &places, &backwards + &places)];
    let differences = cases.map(|(how, forwards, backwards)| {
        let (last, first) = (row(&attend(&forwards), 2), row(&attend(&backwards), 0));
        show(&format!("{how}, place 2"), &last);
        show(&format!("{how}, place 0"), &first);
        largest_difference(&last, &first)
    });
    let [without, with] = differences;
    println!("\n  They differ by {without:.0e} without, by {with:.2} with. Adding is enough.\n");
    assert!(without < 1e-14 && with > 0.1, "{without} and {with}");
}

fn two_kinds_of_sinusoids() {
    println!("The paper: a sine and its cosine side by side, at frequencies 10000^(-2i/d)\n");
    let paper = interleaved(0..WORDS.len(), D_MODEL, DType::F64);
    by_word(&paper);
    println!("\nThe authors' code, tensor2tensor: all sines, then all cosines, at 10000^(-i/(d/2 - 1))\n");
    let code = concatenated(0..WORDS.len(), D_MODEL, DType::F64);
    by_word(&code);

    // By the formulas, number by number.
    let half = D_MODEL / 2;
    let wave = |is_sine: bool, angle: f64| if is_sine { angle.sin() } else { angle.cos() };
    for (place, column) in (0..WORDS.len()).flat_map(|place| (0..D_MODEL).map(move |column| (place, column)))
    {
        let angle = |exponent: f64| place as f64 * 10000f64.powf(-exponent);
        let of_paper = wave(column % 2 == 0, angle((column / 2 * 2) as f64 / D_MODEL as f64));
        let of_code = wave(column < half, angle((column % half) as f64 / (half as f64 - 1.0)));
        assert!((paper.at(&[place, column]) - of_paper).abs() < 1e-15);
        assert!((code.at(&[place, column]) - of_code).abs() < 1e-15);
    }
    let turns = [paper.at(&[1, D_MODEL - 2]).asin(), code.at(&[1, half - 1]).asin()];
    println!("\n  Not the columns alone differ: from one word to the next the slowest pair turns by");
    println!("  {:.4} in the paper, by {:.4} there.", turns[0], turns[1]);
    if D_MODEL == IN_THE_FIGURE[0].len() {
        println!("  The article's figure for d = {D_MODEL} is the second table, to its two digits.");
        assert!(largest_difference(&code, &Tensor::from(IN_THE_FIGURE)) <= 0.005);
    }
}

/// A place further is the same turn of each pair, wherever one stands.
fn the_same_distance_the_same_product() {
    println!("\n\"Meaningful distances\": the product of two depends on how far apart they stand\n");
    let (d_model, len) = (64, 40);
    let table = interleaved(0..len, d_model, DType::F64);
    let products = table.matmul(&table.transpose(0, 1)); // [len, len]
    println!("  {:16} {}", "distance", (0..8).map(|distance| format!("{distance:9}")).collect::<String>());
    for place in [0, 10, 30] {
        let row = products.slice(0, place..place + 1).slice(1, place..place + 8); // [1, 8]
        show(&format!("from place {place}"), &row);
        assert!(largest_difference(&row, &products.slice(0, 0..1).slice(1, 0..8)) < 1e-12);
    }
}

/// Parameters as any others. They end where the table ends.
fn a_table_that_is_learned() -> Result<(), Box<dyn Error>> {
    println!("\nLearned: a row for each place, random at first and then trained as any parameter\n");
    let config = Config::toy(VocabSizes::Shared(6)).with(|model| {
        (model.d_model, model.n_heads) = (D_MODEL, 1);
        (model.positions, model.max_len) = (Positions::Learned, WORDS.len());
    });
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let options = TrainOptions::default();
    let mut trainer = Trainer::new(model, Adam::default(), Constant { learning_rate: 0.01 }, options)?;
    let id = trainer.params.id("encoder.positions.weight").ok_or("there are learned positions")?;
    let before = trainer.params.get(id).clone();
    let pair = |src: &[u32], tgt: &[u32]| Pair { src: src.to_vec(), tgt: tgt.to_vec() };
    for epoch in 0..50 {
        let pairs = [pair(&[3, 4, 5], &[4, 3, 2]), pair(&[5, 4, 3], &[3, 5, 2])]; // order matters here
        trainer.train_epoch(&pairs, epoch, |_| ControlFlow::Continue(()))?;
    }
    by_word(&before);
    println!("\n  and after 50 steps\n");
    by_word(trainer.params.get(id));
    assert!(largest_difference(&before, trainer.params.get(id)) > 0.01, "it was trained");

    let batch = Batch::new([&pair(&[3, 4, 5, 3], &[2])], config.decoder_start, 0)?;
    let refused = trainer.model.forward(&Context::inference(&trainer.params), &batch);
    println!("\n  A fourth word: {}.", refused.err().ok_or("there is no fourth place")?);
    println!("  Sinusoids have no end, and no parameters: the article speaks of a pattern that is learned,");
    println!("  but it is given. What a model makes of places it never saw is another question.\n");
    Ok(())
}

fn largest_difference(lhs: &Tensor, rhs: &Tensor) -> f64 {
    (lhs - rhs).powi(2).max(.., false).item().sqrt()
}

/// A row for each word.
fn by_word(table: &Tensor) {
    for (place, word) in WORDS.iter().enumerate() {
        show(&format!("{place}  {word}"), &table.slice(0, place..place + 1));
    }
}

/// One row of numbers.
fn show(name: &str, row: &Tensor) {
    let cells = row.to_f64_vec().iter().map(|number| format!("{number:9.4}")).collect::<String>();
    println!("  {name:16} {cells}");
}
