//! Lesson 1: where a gradient comes from.
//!
//!     cargo run --release --example e01_backward
//!
//! Training asks one question of every number in a model: if this number grew a little, how much would the
//! loss grow? The answer is the gradient. This lesson computes it for a model so small that it can be done by
//! hand as well, and ends with an error if the engine and the hand ever disagree.

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::process::ExitCode;

use etudiant::autograd::{Gradients, Tape, Var};
use etudiant::tensor::Tensor;

/// The number that the model should answer with.
const TARGET: f64 = 7.0;
/// How much a large weight costs.
const DECAY: f64 = 0.25;

/// What we work out on paper: a number's name, its variable, the gradient, and how we found it.
type ByHand<'a> = (&'a str, &'a Var, f64, &'a str);

fn main() -> ExitCode {
    // The forward pass. It computes numbers as any program would, and the tape writes down each operation
    // as it runs. All numbers here are exact in binary, so that we may compare with == later.
    let tape = Tape::new();
    let [w, x, b] = [3.0, 2.0, -1.0].map(|number| tape.var(Tensor::scalar(number)));
    let product = &w * &x; //                                            6
    let guess = &product + &b; //                                        5
    let error = &guess - Var::constant(Tensor::scalar(TARGET)); //      -2, a constant wants no gradient
    let fit = error.powi(2); //                                          4
    let square = &w * &w; //                                             9, and w is used a second time
    let penalty = &square * DECAY; //                                    2.25
    let loss = &fit + &penalty; //                                       6.25

    println!("loss = (w x + b - {TARGET})^2 + {DECAY} w w    at w = 3, x = 2, b = -1\n");
    println!("The tape: what ran, in which order. [] is the shape of a single number. The last column is");
    println!("ours: a tape does not know what we call its results.\n");
    let names = ["w", "x", "b", "product", "guess", "error", "fit", "square", "penalty", "loss"];
    for (line, name) in tape.summary().lines().zip(names) {
        println!("  {line:36}  {name}");
    }

    // The same by hand. Write `dv` for "d loss / d v". We start from dloss = 1 and walk the tape from its
    // end; whoever reads a number hands it a share, and the shares of all its readers add up. That is the
    // whole chain rule. Three rules are all we need:
    //     out = p + q      hands dout to both          (p - q: to q with a minus)
    //     out = p * q      hands dout * q to p, and dout * p to q
    //     out = p^2        hands dout * 2p to p
    let by_hand: [ByHand; 10] = [
        ("loss", &loss, 1.0, "a number grows as fast as itself"),
        ("penalty", &penalty, 1.0, "from loss, a sum: dloss"),
        ("square", &square, 0.25, "from penalty, a product: dpenalty * 0.25 = 1 * 0.25"),
        ("fit", &fit, 1.0, "from loss, a sum: dloss"),
        ("error", &error, -4.0, "from fit, a square: dfit * 2 error = 1 * 2 * -2"),
        ("guess", &guess, -4.0, "from error, a difference: derror"),
        ("product", &product, -4.0, "from guess, a sum: dguess"),
        ("b", &b, -4.0, "from guess, a sum: dguess"),
        ("x", &x, -12.0, "from product, a product: dproduct * w = -4 * 3"),
        // w is read three times: once by `product`, and as both factors of `square`.
        ("w", &w, -6.5, "from product -4 * 2, from square 0.25 * 3 and 0.25 * 3"),
    ];

    // The same by the engine. Backward frees the gradients of intermediate results as soon as they were
    // used; we ask it to keep them, because we want to look. Leaves (w, x, b) keep theirs anyway.
    for (_, var, ..) in by_hand {
        var.retain_grad();
    }
    let gradients = loss.backward();

    println!("\nThe tape read from its end. `backward` is how fast the loss grows with each number; `dv` is");
    println!("short for the gradient of v.\n");
    let disagreements = compare(&gradients, &by_hand);
    if disagreements > 0 {
        eprintln!("\n{disagreements} of the engine's gradients are not those computed by hand.");
        return ExitCode::FAILURE;
    }

    explain(&gradients, [&w, &x, &b, &loss]);
    println!("\nTry:  set TARGET to 5. Which gradients become 0? Decide, write your answers into the table");
    println!("      `by_hand` of this file, and run it again: it tells you whether you were right.");
    println!("Read: autograd/src/backward.rs, the walk, in a dozen lines;");
    println!("      autograd/src/ops/arithmetic.rs, the rules for + - * and powers;");
    println!("      then run the next lesson: cargo run --release --example e02_attention");
    ExitCode::SUCCESS
}

/// What a gradient is good for: it predicts what a small change does, without running the model again.
fn explain(gradients: &Gradients, [w, x, b, loss]: [&Var; 4]) {
    let slope = gradients.get(w).expect("the loss depends on w").item();
    let [w, x, b, loss] = [w, x, b, loss].map(Var::item);
    let (grown, predicted) = (w + 0.001, loss + slope * 0.001);
    let computed = (grown * x + b - TARGET).powi(2) + DECAY * grown * grown;
    println!("\nThey agree. What it means: w grows from {w} to {grown}; its gradient is {slope}, so");
    println!("the loss should go from {loss} to {predicted:.6}. Computed anew, it is {computed:.6}.");
    println!("Gradient descent lowers the loss by moving each number a little against its gradient.");
}

/// Prints the engine's gradients beside ours and counts those that differ.
fn compare(gradients: &Gradients, by_hand: &[ByHand]) -> usize {
    println!("      {:8} {:>6} {:>9}    {:>7}", "number", "value", "backward", "by hand");
    let mut disagreements = 0;
    for (place, &(name, var, expected, reason)) in (0..by_hand.len()).rev().zip(by_hand) {
        let gradient = gradients.get(var).expect("the loss depends on every number of the table").item();
        let sign = if gradient == expected { "==" } else { "!=" };
        disagreements += usize::from(gradient != expected);
        println!("  %{place}  {name:8} {:6} {gradient:9} {sign} {expected:7}   {reason}", var.item());
    }
    disagreements
}
