//! Lesson 8: who may look at whom.
//!
//!     cargo run --release --example e08_masks
//!
//! The decoder is trained on all positions of a sentence at once, and each must say the next word without having
//! seen it. *The Illustrated Transformer* says how: future positions are set to minus infinity before the softmax.
//! Here we see that mask work, that nothing passes it, and the other mask, which hides what only fills up a batch.
//! (Vaswani et al. 2017, §3.2.3.) True means "may attend".

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::error::Error;

use etudiant::nn::Context;
use etudiant::tensor::ops::attention::{AttentionSpec, attention_weights};
use etudiant::tensor::{DType, Mask, Seed, Tensor};
use etudiant::transformer::layers::masks::{causal_after, padding};
use etudiant::transformer::{Batch, Config, Pair, TokenBatch, Transformer, VocabSizes};

const FRENCH: [&str; 4] = ["merci", "je", "suis", "étudiant"];
const ENGLISH: [&str; 6] = ["a", "am", "i", "thanks", "student", "<eos>"];
const I_AM_A_STUDENT: [u32; 5] = [2, 1, 0, 4, 5];

fn main() -> Result<(), Box<dyn Error>> {
    let config =
        Config::toy(VocabSizes::Separate { src: FRENCH.len(), tgt: ENGLISH.len() }).with_symbols(5, None);
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64)?; // not trained: a mask is not learned
    let cx = Context::inference(&params);
    let pair = Pair { src: vec![1, 2, 3], tgt: I_AM_A_STUDENT.to_vec() };
    let batch = Batch::new([&pair], config.decoder_start, 0)?;

    println!("Shifted right: what each position reads last, and what it is to say\n");
    let read: Vec<&str> = ["(zeros)"].into_iter().chain(words(&batch.tgt_in.ids)).collect();
    let say: Vec<&str> = words(&batch.tgt_out).collect();
    row("reads", &read);
    row("says", &say);
    assert_eq!(read[1..], say[..say.len() - 1], "the same words, one place later");

    println!("\nThe causal mask: a row may attend where there is a 1\n");
    let len = say.len();
    let mask = causal_after(&[0], len); // [1, 1, len, len]
    row("", &read);
    for (query, word) in read.iter().enumerate() {
        let cells: Vec<String> =
            (0..len).map(|key| if mask.at(&[0, 0, query, key]) { "1".into() } else { ".".into() }).collect();
        row(word, &cells);
    }
    from_scores_to_weights(&mask, &read);

    println!("\n\"student\" becomes \"thanks\": how much the logits of each position change\n");
    let other = Pair { tgt: vec![2, 1, 0, 3, 5], ..pair.clone() };
    let other = Batch::new([&other], config.decoder_start, 0)?;
    let logits =
        [&batch, &other].map(|batch| model.forward(&cx, batch).map(|logits| logits.value().squeeze(0)));
    let [before, after] = logits; // [5, 6] each
    let change = before?.sub(&after?).powi(2).max(-1, false).sqrt(); // [5]
    row("reads", &read);
    numbers("change", &change);
    let first_to_read_it =
        1 + batch.tgt_in.ids.iter().zip(&other.tgt_in.ids).take_while(|(a, b)| a == b).count();
    let zeros = change.to_f64_vec().iter().take_while(|change| **change == 0.0).count();
    assert_eq!(zeros, first_to_read_it, "who does not read the word does not know it");
    println!(
        "\n  Not little but nothing, to the bit. So training may ask all positions at once, and decoding"
    );
    println!("  need not compute again what was said: nothing that comes later changes it.");

    padding_is_hidden(&model, &cx)?;
    println!(
        "\nTry:  Mask::full([1, 1, len, len], true) for the causal mask. Which line of this lesson notices?"
    );
    println!("Read: transformer/src/layers/masks.rs; tests/masks.rs, what is promised of them;");
    println!("      then run the next lesson: cargo run --release --example e09_decoding");
    Ok(())
}

/// The mask at work on scores of random queries and keys.
fn from_scores_to_weights(mask: &Mask, read: &[&str]) {
    let len = read.len();
    let [query, key] = ["query", "key"]
        .map(|name| Tensor::normal([1, len, 4], 0.0, 1.0, Seed::new(1).derive(name), DType::F64)); // [1, 5, 4]
    let scores = query.matmul(&key.transpose(1, 2)).mul_scalar(0.5).squeeze(0); // [5, 5], 0.5 is 1 / sqrt(4)
    let minus_infinity = Tensor::full([], f64::NEG_INFINITY, DType::F64);
    let masked = Tensor::where_(&mask.reshape([len, len]), &scores, &minus_infinity); // [5, 5]
    let weights = masked.softmax(-1);
    println!("\nScores, the future set to minus infinity\n");
    matrix(read, &masked);
    println!("\nWeights, by softmax: e^-inf is 0, and each row still sums to 1\n");
    matrix(read, &weights);
    let spec = AttentionSpec { n_heads: 1, scale: 0.5, mask: Some(mask), dropout: None };
    let fused = attention_weights(&query, &key, &spec).reshape([len, len]);
    let difference = (&weights - &fused).powi(2).max(.., false).item().sqrt();
    let future: f64 =
        (0..len).flat_map(|i| (i + 1..len).map(move |j| (i, j))).map(|(i, j)| weights.at(&[i, j])).sum();
    println!("\n  largest difference to what the model's operation uses   {difference:?}");
    assert!(difference < 1e-15 && future == 0.0, "{difference} and {future}");

    // The one row for which minus infinity would not do: a query that may attend to nothing.
    let nobody = Mask::full([1, 1, len, len], false);
    let powers = vec![f64::NEG_INFINITY.exp(); len];
    let by_infinity = powers[0] / powers.iter().sum::<f64>();
    let of_nobody = attention_weights(&query, &key, &AttentionSpec { mask: Some(&nobody), ..spec });
    println!("  A row of nothing else would give {by_infinity}; who may look at nothing gets zeros here.");
    assert!(by_infinity.is_nan() && of_nobody.to_f64_vec().iter().all(|weight| *weight == 0.0));
}

/// Sentences of a batch have one length, so the shorter are filled up, and the filling is hidden.
fn padding_is_hidden(model: &Transformer, cx: &Context) -> Result<(), Box<dyn Error>> {
    println!("\nThe padding mask: sentences of one batch, and which of their places may be attended to\n");
    let sentences = [&[0][..], &[1, 2, 3]];
    let [filled, otherwise] = [0, 2].map(|filler| TokenBatch::new(&sentences, filler));
    let mask = padding(&filled.lens, filled.len); // [2, 1, 1, 3]
    for sentence in 0..sentences.len() {
        let ids = &filled.ids[sentence * filled.len..][..filled.len];
        row("", &ids.iter().map(|&id| FRENCH[id as usize]).collect::<Vec<_>>());
        let cell = |key| if mask.at(&[sentence, 0, 0, key]) { "1" } else { "." };
        row("may attend", &(0..filled.len).map(cell).collect::<Vec<_>>());
    }
    let merci = [filled, otherwise, TokenBatch::new(&sentences[..1], 0)].map(|batch| {
        model.encode(cx, &batch).map(|memory| memory.states.value().slice(0, 0..1).slice(1, 0..1)) // [1, 1, d_model]
    });
    let [filled, otherwise, alone] = merci;
    let (filled, otherwise, alone) = (filled?, otherwise?, alone?);
    let by_batch = (&filled - &alone).powi(2).max(.., false).item().sqrt();
    println!(
        "\n  \"merci\" is the same whatever fills up its sentence, and alone (difference {by_batch:?})."
    );
    assert!(filled == otherwise && by_batch < 1e-12, "{by_batch}");
    Ok(())
}

fn words(ids: &[u32]) -> impl Iterator<Item = &'static str> {
    ids.iter().map(|&id| ENGLISH[id as usize])
}

fn row(name: &str, cells: &[impl AsRef<str>]) {
    println!(
        "  {name:>12} {}",
        cells.iter().map(|cell| format!(" {:>9}", cell.as_ref())).collect::<String>()
    );
}

fn numbers(name: &str, values: &Tensor) {
    row(name, &values.to_f64_vec().iter().map(|number| format!("{number:.2}")).collect::<Vec<_>>());
}

fn matrix(names: &[&str], values: &Tensor) {
    row("", names);
    for (i, name) in names.iter().enumerate() {
        numbers(name, &values.slice(0, i..i + 1));
    }
}
